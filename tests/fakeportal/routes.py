"""Which page answers which address, and what stands in its way: closed doors, deleted and forbidden items."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from tests.fakeportal import articles, feeds, interfaces, listings
from tests.fakeportal.items import Item, NewsList
from tests.loopback import Answer, Request

if TYPE_CHECKING:
    from tests.fakeportal.portal import FakePortal

ALL = frozenset("api odata owssvr view feed sitemap section forms pages".split())
"""Every door there is."""
Query = dict[str, str]
Page = Callable[["FakePortal", Request, re.Match[str], Query], Answer]
_NOWHERE = Answer(
    404, body="<html><head><title>404 - File or directory not found.</title></head><body>404</body></html>"
)
_ROUTES: list[tuple[re.Pattern[str], str | None, Page]] = []


def find(portal: FakePortal, request: Request) -> Answer:
    """The answer to a request that no test has set apart."""
    path, _, query = request.target.partition("?")
    path = unquote(path)
    if path == "/robots.txt":
        return _robots(portal)
    if portal.gate is not None and (answer := _gate(portal, request, path)):
        return answer
    asked = {name.lower(): value for name, value in parse_qsl(query, keep_blank_values=True)}
    for pattern, door, page in _ROUTES:
        if match := pattern.fullmatch(path):
            if door is not None and door not in portal.doors:
                return _closed(portal, request, door)
            return page(portal, request, match, asked)
    return _NOWHERE


def _route(pattern: str, door: str | None = None) -> Callable[[Page], Page]:
    def keep(page: Page) -> Page:
        _ROUTES.append((re.compile(pattern, re.IGNORECASE), door, page))
        return page

    return keep


def _robots(portal: FakePortal) -> Answer:
    if isinstance(portal.robots, Answer):
        return portal.robots
    return _NOWHERE if portal.robots is None else Answer(body=portal.robots, content_type="text/plain")


def _gate(portal: FakePortal, request: Request, path: str) -> Answer | None:
    if portal.gate == "login":
        return None if path.lower().endswith("/authenticate.aspx") else portal.login_redirect(request)
    if portal.gate == "form":
        return Answer(body=portal.frame.login())
    if portal.gate == "challenge":
        return Answer(body=portal.frame.challenge())
    return Answer(301, headers={"Location": f"{portal.gate}{request.target}"})


def _closed(portal: FakePortal, request: Request, door: str) -> Answer:
    if door == "sitemap" or (door == "api" and portal.version == 2010):
        return _NOWHERE
    if portal.refusal == "login":
        return portal.login_redirect(request)
    if door in ("api", "odata"):
        kind = interfaces.format_of(request.headers.get("accept", ""), light=portal.json_light) or "atom"
        return interfaces.refusal(kind, interfaces.Refused(401, interfaces.DENIED))
    return Answer(401, body="401 UNAUTHORIZED", headers={"WWW-Authenticate": "NTLM"}, content_type="text/plain")


def _list(portal: FakePortal, name: str) -> NewsList | None:
    return next((place for place in portal.lists.values() if place.name.lower() == name.lower()), None)


def _list_of_guid(portal: FakePortal, guid: str) -> NewsList | None:
    wanted = guid.strip("{}").lower()
    return next((place for place in portal.lists.values() if place.guid == wanted), None)


def _number(text: str | None) -> int:
    return int(text) if text and re.fullmatch("[0-9]{1,9}", text) else 0


def _soft_error(portal: FakePortal, words: str = "") -> Answer:
    """SharePoint's error page: 200, and a header that gives it away."""
    return Answer(body=portal.frame.error(words) if words else portal.frame.error(), headers={"SharePointError": "0"})


def _denied(portal: FakePortal, request: Request) -> Answer:
    if portal.refusal == "login":
        return portal.login_redirect(request)
    return Answer(302, headers={"Location": f"{portal.frame.layouts}AccessDenied.aspx?Source={request.target}"})


def _validated(portal: FakePortal, request: Request, place: NewsList, item: Item, draw: Callable[[], Answer]) -> Answer:
    """`draw`'s answer with validators, or 304 where the request shows that it is known."""
    headers = {
        "ETag": articles.etag_of(place, item),
        "Last-Modified": format_datetime(item.modified.astimezone(UTC), True),
    }
    given, since = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
    known = headers["ETag"] in given if given else bool(since and _moment(since) >= item.modified)
    if known:
        return Answer(304, headers=headers, content_type=None)
    answer = draw()
    return Answer(body=answer.body, headers=headers, content_type=answer.content_type)


def _moment(text: str) -> datetime:
    """An HTTP date; one that is none lies before everything."""
    with contextlib.suppress(ValueError):
        if (moment := parsedate_to_datetime(text)).tzinfo is not None:
            return moment
    return datetime.min.replace(tzinfo=UTC)


@_route(r"/Lists/(\w+)/DispForm\.aspx", "forms")
def _form(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    place = _list(portal, match[1])
    item = place.items.get(_number(query.get("id"))) if place else None
    if place is None or item is None:
        # 200 with a header is a fact of the older versions; 404 in 2019 is a guess that keeps callers honest.
        return Answer(404, body=portal.frame.error()) if portal.version == 2019 else _soft_error(portal)
    if item.state == "forbidden":
        return _denied(portal, request)

    def draw() -> Answer:
        return Answer(body=articles.form_page(portal.frame, place, item, portal.forms))

    return _validated(portal, request, place, item, draw) if portal.validators and item.state == "open" else draw()


@_route(r"/Pages/([\w-]+)\.aspx")
def _page(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    name = match[1].lower()
    first = next(iter(portal.lists.values()))
    place = first if name == "tin" else next((one for one in portal.lists.values() if one.slug == name), None)
    if name == "default":
        return _front(portal, request, match, query)
    if place is None:
        return _NOWHERE
    if "itemid" not in query:
        return _section(portal, request, place, query, article="")
    if "pages" not in portal.doors:
        return _closed(portal, request, "pages")
    item = place.items.get(_number(query["itemid"]))
    if item is not None and item.state == "forbidden":
        return _denied(portal, request)

    def draw() -> Answer:
        others = place.after(item.id if item else None, 5, descending=True)
        return Answer(body=articles.article_page(portal.frame, place, item, others, next(portal.turns)))

    if item is None or item.state != "open" or not portal.validators:
        return draw()
    return _validated(portal, request, place, item, draw)


@_route(r"/Lists/(\w+)/Attachments/(\d+)/([^/]+)")
def _file(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    place = _list(portal, match[1])
    item = place.items.get(_number(match[2])) if place else None
    if place is None or item is None:
        return _NOWHERE
    if item.state == "forbidden":
        return _denied(portal, request)
    if match[3] == f"anh-{item.id}.png":
        answer = Answer(body=articles.picture_of(place, item), content_type="image/png")
    elif match[3] == f"tai-lieu-{item.id}.pdf":
        answer = Answer(body=articles.file_of(place, item), content_type="application/pdf")
    else:
        return _NOWHERE
    unedited = Item(item.id)  # an edit leaves the files as they are
    return _validated(portal, request, place, unedited, lambda: answer)


@_route(r"/UserControls/Publishing/News/BinhLuan/pFormPrint\.aspx", "pages")
def _print(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    place = _list(portal, query.get("urllistprocess", "").rpartition("/")[2])
    item = place.items.get(_number(query.get("itemid"))) if place else None
    if place is None or item is None or item.state != "open":
        return Answer(body="<html><body></body></html>")
    return Answer(body=articles.print_page(place, item))


@_route(r"/Lists/(\w+)/?")
def _root(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    place = _list(portal, match[1])
    return Answer(302, headers={"Location": f"{place.path}/AllItems.aspx"}) if place else _NOWHERE


@_route(r"/Lists/(\w+)/(AllItems|Top)\.aspx", "view")
def _view(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    place = _list(portal, match[1])
    if place is None:
        return _NOWHERE
    if match[2].lower() == "top":
        return Answer(body=listings.top_page(portal.frame, place, portal.top_size))
    try:
        page = listings.view_page(portal.frame, place, query, portal.page_size, descending=portal.newest_first)
    except (listings.BadPaging, KeyError, ValueError):
        return _soft_error(portal, "Cannot complete this action.")
    return Answer(body=page)


@_route(r"/([\w-]+?)(-grid)?\.aspx")
def _front_sections(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    place = next((one for one in portal.lists.values() if one.slug == match[1].lower()), None)
    if place is None:
        return _NOWHERE
    return _section(portal, request, place, query, portal.article_path(place.name), grid=bool(match[2]))


def _section(
    portal: FakePortal, request: Request, place: NewsList, query: Query, article: str, grid: bool = False
) -> Answer:
    if "section" not in portal.doors:
        return _closed(portal, request, "section")
    if not grid:
        number = _number(query.get("page")) or 1
        return Answer(body=listings.section_page(portal.frame, place, number, portal.section_size, article))
    fields: Query = {}
    number = 1
    if request.method == "POST":
        fields = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            number = listings.posted_page(place, fields)
        except listings.BadPaging:
            return _soft_error(portal, "Validation of viewstate MAC failed.")
    shape = (place, number, portal.section_size, article, next(portal.turns))
    if fields.get("__ASYNCPOST") == "true":
        return Answer(body=listings.grid_delta(*shape), content_type="text/plain; charset=utf-8")
    return Answer(body=listings.grid_page(portal.frame, *shape))


@_route("/")
def _front(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    names = {name: portal.article_path(name) for name in portal.lists}
    return Answer(body=listings.front_page(portal.frame, list(portal.lists.values()), names))


@_route(r"/_layouts/(?:15/)?listfeed\.aspx", "feed")
def _feed(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    place = _list_of_guid(portal, query.get("list", ""))
    return feeds.feed(place, portal.base) if place else _soft_error(portal, "List does not exist.")


@_route(r"/_layouts/(?:15/)?listform\.aspx", "forms")
def _list_form(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    place = _list_of_guid(portal, query.get("listid", ""))
    target = f"{place.path}/DispForm.aspx?ID={query.get('id', '')}" if place else ""
    return Answer(302, headers={"Location": target}) if place else _soft_error(portal, "List does not exist.")


@_route(r"/_layouts/(?:15/)?Authenticate\.aspx")
def _authenticate(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    return Answer(body=portal.frame.login())


@_route(r"/_layouts/(?:15/)?AccessDenied\.aspx")
def _access_denied(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    return Answer(body=portal.frame.denied(), headers={"SharePointError": "2"})


@_route(r"/_vti_bin/owssvr\.dll", "owssvr")
def _owssvr(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    place = _list_of_guid(portal, query.get("list", ""))
    if (
        place is None
        or query.get("cmd", "").lower() != "display"
        or query.get("xmldata", "").lower() not in ("true", "1")
    ):
        return _soft_error(portal, "Cannot complete this action.")
    try:
        return feeds.owssvr(place, portal.threshold)
    except interfaces.Refused as error:
        return Answer(error.status, body=portal.frame.error(f"{error.code.partition(',')[0]} (0x80070024)"))


@_route(r"/sitemap(\d*)\.xml", "sitemap")
def _sitemap(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    if portal.version == 2010:
        return _NOWHERE
    number = int(match[1]) if match[1] else None
    return feeds.sitemap(portal.listed_addresses(), portal.base, number, portal.sitemap_size) or _NOWHERE


@_route(r"/_vti_bin/ListData\.svc(?:/([^/()]*))?", "odata")
def _odata(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    return _asked(
        portal, request, query, lambda ask: interfaces.odata(ask, list(portal.lists.values()), match[1] or "")
    )


@_route(r"/_api/web/lists/?(\(guid'[^']*'\)|/getbytitle\('[^']*'\))?(/items)?", "api")
@_route(r"/_api/web/(GetList\('[^']*'\))(/items)?", "api")
def _api(portal: FakePortal, request: Request, match: re.Match[str], query: Query) -> Answer:
    if portal.version == 2010:
        return _NOWHERE
    if match[1] is None:
        return _asked(portal, request, query, lambda ask: interfaces.api_lists(ask, list(portal.lists.values())))
    named = match[1].split("'")[1]
    lists = portal.lists.values()
    place = next(
        (one for one in lists if named.strip("{}").lower() in (one.guid, one.title.lower(), one.path.lower())), None
    )

    def answer(ask: interfaces.Ask) -> Answer:
        if place is None:
            raise interfaces.Refused(404, interfaces.MISSING)
        path = request.path
        return interfaces.api_items(ask, place, path) if match[2] else interfaces.api_list(ask, place)

    return _asked(portal, request, query, answer)


def _asked(portal: FakePortal, request: Request, query: Query, answer: Callable[[interfaces.Ask], Answer]) -> Answer:
    """An interface's answer, or its error, in the format that was asked for."""
    kind = interfaces.format_of(request.headers.get("accept", ""), light=portal.json_light)
    if kind is None:
        return Answer(406, body="The MIME type of Accept is not supported.", content_type="text/plain")
    try:
        return answer(interfaces.Ask(kind, query, portal.base, portal.threshold))
    except interfaces.Refused as error:
        return interfaces.refusal(kind, error)
    except ValueError:
        return interfaces.refusal(kind, interfaces.Refused(400, interfaces.MISSING))
