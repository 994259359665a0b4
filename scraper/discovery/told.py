"""What a fetched page tells of the place beyond its address: list, GUID, feeds, views, print view, sections. Pure.

Facts come from SharePoint's own scripts (`_spPageContextInfo`, `ctx.listName`), from the addresses of attachments, from
`UrlListProcess` of the Vietnamese portals' web parts and from the head's feed links. What the user's address stated
stays; only a site without a known list gives way to the site of the list that the page names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from urllib.parse import unquote

from scraper.addresses import item_identity
from scraper.discovery.listing import Place
from scraper.discovery.markup import Markup, host_of, read_markup, unescaped
from scraper.discovery.place import (
    FORMS,
    at,
    for_printing,
    item_of,
    item_template,
    parts_of,
    same_list,
    view_page,
    web_of,
)
from scraper.models import Capture

MAX_ADDED = 10
"""Views, feeds and sections that one page may add, each."""

_GUID = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_FEED_LIST = re.compile(rf"listfeed\.aspx\?(?:[^#]{{0,200}}&)?List=\{{?({_GUID})", re.IGNORECASE)
_CONTEXT = re.compile(r'list(Name|UrlDir)"?\s{0,99}[=:]\s{0,99}"([^"\r\n]{1,400})"')
_PAGE_LIST = re.compile(rf'pageListId"?\s{{0,9}}:\s{{0,9}}"\{{?({_GUID})')
_PAGE_WEB = re.compile(r'webServerRelativeUrl"?\s{0,9}:\s{0,9}"([^"\r\n]{1,400})"')
_LIST_PROCESS = re.compile(r"""UrlListProcess["']?\s{0,9}[=:]\s{0,9}["']?([^"'&\s<>;]{1,400})""")
_WHOLE_GUID = re.compile(rf"\{{?({_GUID})\}}?")
_VIEW = re.compile(r"/([^/?#&\"'<>\s]{1,80}\.aspx)(?=$|[?#&\"'<>\s])", re.IGNORECASE)
_NO_VIEW = re.compile(r"(?:disp|edit|new)form|upload|post|comment|combine|repair", re.IGNORECASE)
_CRUMB_SIGNS = ("readcrumb", "uongdan", "uong-dan", "uongDan", "itemappath", "iteMapPath")  # quickly looked for
_CRUMB = re.compile(r"readcrumb|duong-?dan|sitemappath", re.IGNORECASE)


def place_in(capture: Capture, place: Place) -> Place:
    """The place with what a fetched page adds to it. Raises NotAListing for what is no page."""
    return told_by(read_markup(capture, place), place)


def told_by(markup: Markup, place: Place) -> Place:
    """The same of a parsed page."""
    contexts = dict(_contexts(markup))
    feeds = _feeds(markup)
    path = place.list_path or _path_of(contexts, place.list_id)
    if path is None and place.list_id is None:
        path = _list_path(markup, contexts)
    list_id = place.list_id or _list_id(markup, contexts, feeds, path)
    web = place.web if place.list_path or path is None else at(place, web_of(path))
    web = web or _page_web(markup, place)
    told = replace(place, web=web, list_path=path, list_id=list_id)
    told = replace(
        told,
        item=place.item or _shown_item(markup, place) or item_of(told),
        print_view=place.print_view or _print_view(markup),
        feeds=_added(place.feeds, feeds),
        sections=_added(place.sections, [*_fragments(markup), *_crumbs(markup)]),
    )
    return replace(told, views=_added(place.views, _views(markup, told)))


def _added(known: tuple[str, ...], found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*known, *islice(found, MAX_ADDED)]))


def _shown_item(markup: Markup, place: Place) -> str | None:
    """The form of article addresses that most links of a section page have (`?ItemID=7`, `?ItemID=6`, …)."""
    if place.list_path is not None or place.list_id is not None or not place.sections:
        return None
    links = {href for _, href in markup.anchors() if "itemid=" in href.lower()}
    urls = (url for link in islice(sorted(links), 200) if (url := markup.address(link)) and host_of(url) == markup.host)
    found = Counter(template for url in urls if (template := item_template(url)))
    template, count = found.most_common(1)[0] if found else (None, 0)
    return template if count >= 3 and 2 * count > found.total() else None


def _contexts(markup: Markup) -> Iterator[tuple[str, str]]:
    """(list path, GUID) of each list view on the page: `ctx.listName` and `ctx.listUrlDir` follow each other."""
    guid: str | None = None
    for match in islice(_CONTEXT.finditer(markup.text), 200):
        value = unescaped(match[2])
        if match[1] == "Name":
            whole = _WHOLE_GUID.fullmatch(value)
            guid = whole[1].lower() if whole else None
        elif guid is not None and (path := item_identity(value.rstrip("/") + "/Forms/x.aspx")[0]):
            yield path, guid
            guid = None


def _path_of(contexts: dict[str, str], list_id: str | None) -> str | None:
    return next((path for path, guid in contexts.items() if guid == list_id), None)


def _list_path(markup: Markup, contexts: dict[str, str]) -> str | None:
    """The list that the page's articles lie in: by their files, by what its web parts process, by its only view."""
    found = _attachment_list(markup)
    if found is None:
        processed = (item_identity(f"?UrlListProcess={unescaped(m[1])}")[0] for m in _processed(markup))
        found = next((path for path in processed if path and "/lists/" in path.lower()), None)
    return found or (next(iter(contexts)) if len(contexts) == 1 else None)


def _processed(markup: Markup) -> Iterator[re.Match[str]]:
    return islice(_LIST_PROCESS.finditer(markup.text), 50)


def _attachment_list(markup: Markup) -> str | None:
    """The list under which the article's pictures and files lie.

    Those of the page's own item decide; where its address names none, the page's files must all be one item's.
    """
    own = item_identity(markup.url)[1]
    if "ttachments/" not in markup.text:
        return None
    found: Counter[tuple[str, int]] = Counter()
    printed: dict[str, str] = {}
    for el in markup.root.iter("a", "img"):
        link = el.get("href") or el.get("src") or ""
        if "ttachments/" not in link or (url := markup.address(link)) is None or host_of(url) != markup.host:
            continue
        path, number = item_identity(url)
        if path is not None and number is not None and own in (None, number):
            found[path.casefold(), number] += 1
            printed.setdefault(path.casefold(), path)
    if not found or (own is None and len(found) > 1):
        return None
    return printed[found.most_common(1)[0][0][0]]


def _list_id(markup: Markup, contexts: dict[str, str], feeds: list[str], path: str | None) -> str | None:
    """The GUID of the list at `path`: from its view's scripts, or from what a page of the list itself says."""
    for other, guid in contexts.items():
        if same_list(path, other):
            return guid
    inside = path is not None and _lies_in(markup.url, path)
    if path is not None and not inside:
        return None
    named = {match[1].lower() for feed in feeds if (match := _FEED_LIST.search(unquote(feed)))}
    for text in islice(markup.strings_with("listfeed.aspx?List="), 5):
        if match := _FEED_LIST.search(unquote(unquote(text))):
            named.add(match[1].lower())
    if len(named) == 1:
        return named.pop()
    page = _PAGE_LIST.search(markup.text) if inside else None
    return page[1].lower() if page else None


def _lies_in(url: str, path: str) -> bool:
    return parts_of(url)[1].casefold().startswith(path.casefold() + "/")


def _page_web(markup: Markup, place: Place) -> str | None:
    match = _PAGE_WEB.search(markup.text)
    path = unescaped(match[1]) if match else ""
    return at(place, path.rstrip("/") + "/") if path.startswith("/") and not path.startswith("//") else None


def _feeds(markup: Markup) -> list[str]:
    """Feeds that the page's head offers, or that a link leads to."""
    found: dict[str, None] = {}
    if not any(sign in markup.text for sign in ("rss+xml", "atom+xml", "listfeed.aspx")):
        return []
    for el in markup.root.iter("link", "a"):
        href = el.get("href") or ""
        stated = el.tag == "link" and (el.get("type") or "").lower() in ("application/rss+xml", "application/atom+xml")
        if (stated or "listfeed.aspx" in href) and (url := markup.address(href)) and host_of(url) == markup.host:
            found[url] = None
    return list(found)


def _print_view(markup: Markup) -> str | None:
    """The page's own item without chrome: a link, in markup or script, to a page named for printing with its number."""
    own = item_identity(markup.url)[1]
    if own is None:
        return None
    links = (el.get("href") or "" for el in markup.root.iter("a"))
    printed = (link for link in links if "rint" in link)
    for link in (*islice(printed, 50), *markup.strings_with("pFormPrint.aspx")):
        url = markup.address(link[link.find("/") :] if "(" in link else link)
        if url is None or host_of(url) != markup.host or item_identity(url)[1] != own:
            continue
        if for_printing(parts_of(url)[1]) and (template := item_template(url)):
            return template
    return None


def _views(markup: Markup, place: Place) -> Iterator[str]:
    """Views of the list that the page names, in links or in scripts of its view selector."""
    if place.list_path is None:
        return
    yield at(place, view_page(place.list_path))
    folder = view_page(place.list_path).rpartition("/")[0]
    for text in markup.strings_with(folder.rpartition("/")[2], 400):
        path = unquote(text)
        position = path.casefold().find(folder.casefold() + "/")
        match = _VIEW.match(path, position + len(folder)) if position >= 0 else None
        if match and not _NO_VIEW.match(match[1]) and not FORMS.search("/" + match[1]):
            yield at(place, f"{folder}/{match[1]}")


def _fragments(markup: Markup) -> Iterator[str]:
    """Listings that the page's scripts load into it (`…/pKetQuaTimKiem.aspx?…&RowPerPage=50`)."""
    for text in markup.strings_with("RowPerPage="):
        url = markup.address(text) if ".aspx?" in text.lower() and " " not in text.strip() else None
        if url is not None and host_of(url) == markup.host:
            yield url


def _crumbs(markup: Markup) -> Iterator[str]:
    """The section above an article: the last step of its breadcrumb that is neither the page nor a home page."""
    if item_identity(markup.url)[1] is None or not any(sign in markup.text for sign in _CRUMB_SIGNS):
        return
    for el in markup.root.iter("div", "ul", "ol", "span", "nav", "td"):
        names = (el.get("class") or "")[:300] + " " + (el.get("id") or "")[:300]
        if len(names) > 1 and _CRUMB.search(names):
            links = (markup.address(a.get("href") or "") for a in islice(el.iter("a"), 20))
            steps = [url for url in links if url and host_of(url) == markup.host and _is_section(url)]
            yield from steps[-1:]
            return


def _is_section(url: str) -> bool:
    path = parts_of(url)[1].lower()
    return item_identity(url)[1] is None and path.rpartition("/")[2] not in ("", "default.aspx", "home.aspx")
