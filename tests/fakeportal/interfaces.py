"""What programs ask in OData: `_api` and ListData.svc, with their paging, errors and formats."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

from tests.fakeportal.articles import body_html
from tests.fakeportal.items import HANOI, Item, NewsList, iso_utc, text_of, title_of
from tests.loopback import Answer

THROTTLED = "-2147024860, Microsoft.SharePoint.SPQueryThrottledException"
DENIED = "-2147024891, System.UnauthorizedAccessException"
MISSING = "-1, System.ArgumentException"
_MESSAGES = {
    THROTTLED: "Thao tác đã cố gắng bị cấm vì nó vượt quá ngưỡng xem danh sách do người quản trị thực thi.",
    DENIED: "Truy cập bị từ chối. Bạn không có quyền thực hiện hành động này hoặc truy cập tài nguyên này.",
    MISSING: "Danh sách không tồn tại.",
}
_BY_ID = re.compile(r"\s*id(?:\s+(asc|desc))?\s*", re.IGNORECASE)
_RANGE = re.compile(r"\s*id\s+(gt|ge|lt|le|eq)\s+(\d+)\s*", re.IGNORECASE)
_TESTS: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "eq": lambda a, b: a == b,
}
_NAMES = 'xmlns="http://www.w3.org/2005/Atom" xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices"'
_NAMES += ' xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"'


Column = Callable[[NewsList, Item], Any]


class Refused(Exception):
    """An error of a data interface: HTTP status and SharePoint's code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass(frozen=True)
class Ask:
    """How an interface was asked. format: light, verbose or atom.  query: names in lower case.  base: the portal's."""

    format: str
    query: Mapping[str, str]
    base: str
    threshold: int


def format_of(accept: str, *, light: bool) -> str | None:
    """The first format of an Accept header that `_api` knows, None when it knows none. light: whether JSON light is."""
    for kind in re.split(r"\s*,\s*", accept.lower().replace(" ", "") or "*/*"):
        if "json" in kind:
            if "odata=verbose" in kind:
                return "verbose"
            if light:
                return "light"
        elif kind.startswith(("application/atom+xml", "application/xml", "*/*", "text/html")):
            return "atom"
    return None


def refusal(ask_format: str, error: Refused) -> Answer:
    """An error in the format that was asked for."""
    message = {"lang": "vi-VN", "value": _MESSAGES.get(error.code, "")}
    if ask_format == "atom":
        words = f'<m:code>{error.code}</m:code><m:message xml:lang="vi-VN">{message["value"]}</m:message>'
        body = f"<m:error {_NAMES}>{words}</m:error>"
        return Answer(error.status, body=body, content_type="application/xml;charset=utf-8")
    name = "error" if ask_format == "verbose" else "odata.error"
    return _json(ask_format, {name: {"code": error.code, "message": message}}, error.status)


def api_lists(ask: Ask, lists: Sequence[NewsList]) -> Answer:
    """`_api/web/lists`: the site's lists, with machinery beside the news."""
    rows = [_api_list(ask, place.guid, place.title, len(place.items), place.path) for place in lists]
    rows.append(_api_list(ask, "b7a1b4d2-0000-4000-8000-000000000001", "Trang", 12, "/Pages", template=850))
    hidden = _api_list(
        ask, "b7a1b4d2-0000-4000-8000-000000000002", "TaxonomyHiddenList", 0, "/Lists/TaxonomyHiddenList"
    )
    rows.append(hidden | {"Hidden": True})
    return _collection(ask, [_chosen(ask, row) for row in rows], None, "SP.List")


def _api_list(ask: Ask, guid: str, title: str, count: int, path: str, template: int = 100) -> dict[str, Any]:
    row: dict[str, Any] = {"Id": guid, "Title": title, "ItemCount": count, "Hidden": False, "BaseTemplate": template}
    if "rootfolder" in ask.query.get("$expand", "").lower():
        row["RootFolder"] = {"ServerRelativeUrl": path}
    return row


def api_list(ask: Ask, place: NewsList) -> Answer:
    row = _chosen(ask, _api_list(ask, place.guid, place.title, len(place.items), place.path))
    if ask.format == "atom":
        return _atom(_entry(ask, row, "SP.List"))
    return _json(ask.format, {"d": row} if ask.format == "verbose" else row)


def api_items(ask: Ask, place: NewsList, path: str) -> Answer:
    """`…/items`: 100 rows unless `$top` says more, 5,000 at most, paged by `$skiptoken`; `$skip` is ignored."""
    top = int(ask.query.get("$top", 100))
    if top > ask.threshold < len(place.items):
        raise Refused(500, THROTTLED)
    descending, wanted = _order(ask, place)
    token = dict(part.split("=", 1) for part in ask.query.get("$skiptoken", "").split("&") if "=" in part)
    after = int(token["p_ID"]) if "p_ID" in token else None
    rows, more = _select(place, after, top, descending, wanted)
    following = None
    if more:
        given = {name: value for name, value in ask.query.items() if name not in ("$skiptoken", "$skip")}
        given["$skiptoken"] = f"Paged=TRUE&p_SortBehavior=0&p_ID={rows[-1].id}"
        following = ask.base + path + "?" + urlencode(given, quote_via=quote)
    return _collection(ask, [_row(ask, _COLUMNS, place, item) for item in rows], following, "SP.Data.TinListItem")


def _order(ask: Ask, place: NewsList) -> tuple[bool, Any]:
    """(whether descending, test of an ID). Raises Refused for an unindexed column in a list above the threshold."""
    order, test = ask.query.get("$orderby", ""), ask.query.get("$filter", "")
    match = _BY_ID.fullmatch(order)
    conditions = [_RANGE.fullmatch(part) for part in re.split(r"\s+and\s+", test)] if test else []
    if (order and not match) or not all(conditions):
        if len(place.items) > ask.threshold:
            raise Refused(500, THROTTLED)
        raise Refused(400, MISSING)  # the portal knows no other columns to sort by
    tests = [(_TESTS[found[1].lower()], int(found[2])) for found in conditions if found]
    return bool(match and (match[1] or "").lower() == "desc"), lambda number: all(t(number, n) for t, n in tests)


def _select(place: NewsList, after: int | None, top: int, descending: bool, wanted: Any) -> tuple[list[Item], bool]:
    """At most `top` items behind `after`, and whether there are more."""
    rows = [item for item in place.after(after, len(place.shown), descending=descending) if wanted(item.id)]
    return rows[:top], len(rows) > top


_COLUMNS: dict[str, Column] = {
    "Id": lambda place, item: item.id,
    "ID": lambda place, item: item.id,
    "Title": lambda place, item: title_of(place.name, item),
    "TomTat": lambda place, item: text_of(place.name, item).lead,
    "NoiDung": lambda place, item: body_html(place, item, text_of(place.name, item)),
    "NgayDang": lambda place, item: iso_utc(item.published),
    "TacGia": lambda place, item: text_of(place.name, item).author,
    "Created": lambda place, item: iso_utc(item.published),
    "Modified": lambda place, item: iso_utc(item.modified),
    "AuthorId": lambda place, item: 21,
    "EditorId": lambda place, item: 21,
    "OData__UIVersionString": lambda place, item: f"{item.version}.0",
    "Attachments": lambda place, item: True,
    "FileRef": lambda place, item: f"{place.path}/{item.id}_.000",
    "GUID": lambda place, item: f"00000000-0000-4000-8000-{item.id:012d}",
}


def odata(ask: Ask, lists: Sequence[NewsList], entity: str) -> Answer:
    """ListData.svc: the service document for "", else one list's items; 1,000 at most at a time (a guess)."""
    if not entity:
        return _service(ask, lists)
    place = next((place for place in lists if place.entity.lower() == entity.lower()), None)
    if place is None:
        raise Refused(404, MISSING)
    descending, wanted = _order(ask, place)
    top, skip, token = (int(ask.query[name]) if name in ask.query else None for name in ("$top", "$skip", "$skiptoken"))
    size = min(1_000 if top is None else top, 1_000)
    rows, more = _select(place, token, size + (skip or 0), descending, wanted)
    rows = rows[skip or 0 :]
    following = None
    if more and (top is None or top > size):
        given = {name: value for name, value in ask.query.items() if name not in ("$skiptoken", "$skip", "$top")}
        given |= {"$top": str(top - size)} if top else {}
        given["$skiptoken"] = str(rows[-1].id)
        following = f"{ask.base}/_vti_bin/ListData.svc/{quote(place.entity)}?{urlencode(given, quote_via=quote)}"
    count = str(len(place.shown)) if ask.query.get("$inlinecount") == "allpages" else None
    shown = [_row(ask, _ENTITY_COLUMNS, place, item) for item in rows]
    if ask.format == "atom":
        return _collection(ask, shown, following, f"Microsoft.SharePoint.DataService.{place.entity}Item", count)
    body: dict[str, Any] = {"results": [_with_metadata(ask, row) for row in shown]}
    body |= {"__count": count} if count else {}
    body |= {"__next": following} if following else {}
    return _json("verbose", {"d": body})


def _service(ask: Ask, lists: Sequence[NewsList]) -> Answer:
    names = [place.entity for place in lists] + ["TrangItem", "UserInformationList"]
    if ask.format != "atom":
        return _json("verbose", {"d": {"EntitySets": names}})
    sets = "".join(f'<collection href="{name}"><atom:title>{name}</atom:title></collection>' for name in names)
    return Answer(
        body='<?xml version="1.0" encoding="utf-8"?><service xmlns="http://www.w3.org/2007/app" xmlns:atom="http://www.w3.org/2005/Atom">'
        f"<workspace><atom:title>Default</atom:title>{sets}</workspace></service>",
        content_type="application/atomsvc+xml;charset=utf-8",
    )


def _ticks(moment: datetime) -> str:
    """The site's own time as if it were UTC, as ListData.svc gives it."""
    return f"/Date({int(moment.replace(tzinfo=UTC).timestamp()) * 1000})/"


_ENTITY_COLUMNS: dict[str, Column] = {
    "Id": _COLUMNS["Id"],
    "Title": _COLUMNS["Title"],
    "TomTat": _COLUMNS["TomTat"],
    "NoiDung": _COLUMNS["NoiDung"],
    "Modified": lambda place, item: _ticks(item.modified),
    "Created": lambda place, item: _ticks(item.published),
    "ModifiedById": lambda place, item: 21,
    "Version": lambda place, item: f"{item.version}.0",
    "Path": lambda place, item: place.path,
}


def _row(ask: Ask, columns: Mapping[str, Column], place: NewsList, item: Item) -> dict[str, Any]:
    return {name: column(place, item) for name, column in _chosen(ask, columns).items()}


def _chosen(ask: Ask, row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that `$select` names."""
    names = ask.query.get("$select", "")
    if not names or "*" in names:
        return dict(row)
    wanted = {name.strip().split("/")[0] for name in names.split(",")}
    return {name: value for name, value in row.items() if name in wanted}


def _with_metadata(ask: Ask, row: dict[str, Any]) -> dict[str, Any]:
    return {"__metadata": {"uri": f"{ask.base}/_api/entry({row.get('Id', 0)})", "etag": '"1"', "type": "SP.Data"}} | row


def _collection(
    ask: Ask, rows: list[dict[str, Any]], following: str | None, kind: str, count: str | None = None
) -> Answer:
    if ask.format == "light":
        return _json("light", {"value": rows} | ({"odata.nextLink": following} if following else {}))
    if ask.format == "verbose":
        body = {"results": [_with_metadata(ask, row) for row in rows]}
        return _json("verbose", {"d": body | ({"__next": following} if following else {})})
    entries = "".join(_entry(ask, row, kind) for row in rows)
    entries = (f"<m:count>{count}</m:count>" if count else "") + entries
    after = f'<link rel="next" href="{escape(following)}" />' if following else ""
    return _atom(
        f"<feed {_NAMES}><id>{ask.base}/_api</id><title /><updated>{datetime.now(HANOI).isoformat()}"
        f"</updated>{entries}{after}</feed>"
    )


def _entry(ask: Ask, row: dict[str, Any], kind: str) -> str:
    expanded, columns = "", ""
    for name, value in row.items():
        if isinstance(value, dict):
            inner = "".join(f"<d:{key}>{escape(str(item))}</d:{key}>" for key, item in value.items())
            expanded += (
                f'<link rel="http://schemas.microsoft.com/ado/2007/08/dataservices/related/{name}"'
                f' type="application/atom+xml;type=entry"'
                f' title="{name}"><m:inline><entry><content type="application/xml"><m:properties>{inner}'
                f"</m:properties></content></entry>"
                "</m:inline></link>"
            )
        else:
            kinds = {bool: ' m:type="Edm.Boolean"', int: ' m:type="Edm.Int32"'}
            shown = str(value).lower() if isinstance(value, bool) else escape(_plain_date(value))
            columns += f"<d:{name}{kinds.get(type(value), '')}>{shown}</d:{name}>"
    return (
        f'<entry {_NAMES}><id>{ask.base}/_api/entry</id><category term="{kind}"'
        f' scheme="http://schemas.microsoft.com/ado/2007/08/dataservices/scheme" />{expanded}<title />'
        f'<content type="application/xml"><m:properties>{columns}</m:properties></content></entry>'
    )


def _plain_date(value: object) -> str:
    """Atom writes JSON's `/Date(ms)/` as an ISO time."""
    if found := re.fullmatch(r"/Date\((-?\d+)\)/", str(value)):
        return f"{datetime.fromtimestamp(int(found[1]) / 1000, UTC):%Y-%m-%dT%H:%M:%S}"
    return str(value)


def _atom(body: str) -> Answer:
    content = '<?xml version="1.0" encoding="utf-8"?>' + body
    return Answer(body=content, content_type="application/atom+xml;type=feed;charset=utf-8")


def _json(kind: str, content: Any, status: int = 200) -> Answer:
    flavour = "verbose" if kind == "verbose" else "nometadata;streaming=true"
    return Answer(status, body=json.dumps(content), content_type=f"application/json;odata={flavour};charset=utf-8")
