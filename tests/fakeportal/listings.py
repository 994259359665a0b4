"""Pages that list items: list views with opaque paging, section pages, and a grid that pages by postback."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from tests.fakeportal.articles import EDITOR
from tests.fakeportal.frame import Frame, escaped, hidden
from tests.fakeportal.items import Item, NewsList, printed, text_of, title_of

GRID = "ctl00$grid"


class BadPaging(Exception):
    """A request that no link of the portal leads to."""


def view_page(frame: Frame, place: NewsList, query: Mapping[str, str], size: int, *, descending: bool) -> str:
    """AllItems.aspx: one page of the list. Raises BadPaging for paging parameters that no page printed."""
    number, first, back = _position(place, query)
    if back:
        rows = place.after(number, size, descending=not descending)[::-1]
        first = max(1, first - len(rows))
    else:
        rows = place.after(number, size, descending=descending)
    more = bool(rows and place.after(rows[-1].id, 1, descending=descending))
    after = _link(place, rows[-1], first + len(rows)) if more else None
    before = "PagedPrev=TRUE&" + _link(place, rows[0], first) if rows and first > 1 else None
    draw = _drawn_by_server if frame.version == 2010 else _drawn_by_client
    return frame.page(draw(place, rows, first, size, after, before), title=f"{place.title} - Tất cả", place=place)


def top_page(frame: Frame, place: NewsList, size: int) -> str:
    """A view whose row limit is not paged: it stops without a sign."""
    draw = _drawn_by_server if frame.version == 2010 else _drawn_by_client
    rows = place.after(None, size, descending=True)
    return frame.page(draw(place, rows, 1, size, None, None), title=f"{place.title} - Mới nhất", place=place)


def _position(place: NewsList, query: Mapping[str, str]) -> tuple[int | None, int, bool]:
    """(item that the page follows, number of its first row, whether it goes back)."""
    if "paged" not in query and "pagedprev" not in query:
        return None, 1, False
    anchor = query.get("p_id", "")
    if query.get("view", "").strip("{}").lower() != place.view or query.get("p_key") != _key(place, anchor):
        raise BadPaging
    return int(anchor), int(query["pagefirstrow"]), "pagedprev" in query


def _key(place: NewsList, anchor: object) -> str:
    """Stands for what makes paging links opaque: only the portal can make it."""
    return f"{zlib.crc32(f'{place.guid}/{anchor}'.encode()):08x}"


def _link(place: NewsList, item: Item, first: int) -> str:
    view = quote("{" + place.view.upper() + "}")
    return f"Paged=TRUE&p_ID={item.id}&p_Key={_key(place, item.id)}&PageFirstRow={first}&View={view}"


def _drawn_by_server(
    place: NewsList, rows: Sequence[Item], first: int, size: int, after: str | None, before: str | None
) -> str:
    lines = "".join(
        f'<tr class="{"ms-alternating" if k % 2 else ""}"><td height="100%" class="ms-vb-title"><div class="ms-vb'
        f' itx" id="{item.id}"'
        f' CTXName="ctx1"><a onfocus="OnLink(this)" href="{place.path}/DispForm.aspx?ID={item.id}" target="_self">'
        f'{escape(title_of(place.name, item))}</a></div></td><td class="ms-vb2"><nobr>{item.published:%d/%m/%Y}'
        f"</nobr></td>"
        f'<td class="ms-vb2"><nobr>{printed(item.modified)}</nobr></td></tr>\n'
        for k, item in enumerate(rows)
    )
    address = f"{place.path}/AllItems.aspx"
    pager = "".join(
        f"<td><a onclick='javascript:RefreshPageTo(event, \"{address}?{escaped(link)}\");return false;'"
        f' href="{address}?{link.replace("&", "&amp;")}"><img src="/_layouts/images/{icon}.gif" border="0"'
        f' alt="{word}"></a></td>'
        for link, icon, word in ((before, "prev", "Trước"), (after, "next", "Tiếp"))
        if link
    )
    return (
        '<div class="ms-WPBody"><script type="text/javascript">ctx = new ContextInfo();ctx.listName ='
        f' "{{{place.guid.upper()}}}";'
        f'ctx.view = "{{{place.view.upper()}}}";ctx.listTemplate = "100";</script>\n<table class="ms-listviewtable"'
        f' summary="{place.title}">'
        '<tr class="ms-viewheadertr"><th class="ms-vh2">Tiêu đề</th><th class="ms-vh2">Ngày đăng</th><th'
        ' class="ms-vh2">Đã sửa đổi</th></tr>\n'
        f'{lines}</table>\n<table><tr>{pager and pager}<td class="ms-paging">{first} - {first + len(rows) - 1}</td>'
        f"</tr></table></div>\n"
    )


def _drawn_by_client(
    place: NewsList, rows: Sequence[Item], first: int, size: int, after: str | None, before: str | None
) -> str:
    records = [
        {
            "ID": str(item.id),
            "PermMask": "0x1000030041",
            "FSObjType": "0",
            "Title": title_of(place.name, item),
            "FileLeafRef": f"{item.id}_.000",
            "FileRef": f"{place.path}/{item.id}_.000",
            "NgayDang": f"{item.published:%d/%m/%Y %H:%M}",
            "Modified": printed(item.modified),
            "owshiddenversion": str(item.version),
            "Editor": [EDITOR],
        }
        for item in rows
    ]
    about: dict[str, object] = {"FirstRow": first, "LastRow": first + len(rows) - 1, "RowLimit": size}
    about |= {"FolderPermissions": "0x1000030041", "FilterLink": "?", "ForceNoHierarchy": "1"}
    about |= {"NextHref": "?" + after} if after else {}
    about |= {"PrevHref": "?" + before} if before else {}
    tail = escaped(json.dumps(about))[1:]
    row = escaped(json.dumps(records))
    return (
        '<div id="WebPartWPQ2" class="ms-WPBody"><div id="scriptWPQ2"><table class="ms-listviewtable"'
        f' summary="{place.title}"><thead><tr>'
        '<th class="ms-vh2">Tiêu đề</th><th class="ms-vh2">Ngày đăng</th><th class="ms-vh2">Đã sửa đổi</th></tr>'
        "</thead></table></div>\n"
        f'<script type="text/javascript">\n//<![CDATA[\nvar WPQ2ListData = {{ "Row" : \n{row},{tail};\nvar ctx = new'
        f" ContextInfo();\n"
        f'ctx.listName = "{{{place.guid.upper()}}}";\nctx.view = "{{{place.view.upper()}}}";\n//]]>\n</script></div>\n'
    )


def section_page(frame: Frame, place: NewsList, number: int, size: int, article: str) -> str:
    """A section's page with its pager; a number past the end gives the last. article: path of item pages, or ""."""
    last = max(1, -(-len(place.shown) // size))
    number = min(max(1, number), last)
    rows = _slice(place, number, size)
    pager = "".join(
        f"<span>{k}</span> " if k == number else f'<a href="?Page={k}">{k}</a> '
        for k in range(max(1, number - 4), min(last, number + 5) + 1)
    )
    pager += f'<a href="?Page={number + 1}">&gt;</a> <a href="?Page={last}">&gt;&gt;</a>' if number < last else ""
    head = f'<div class="cn-khung-dau">{place.title}</div>\n'
    return frame.page(f'{head}{_teasers(place, rows, article)}<div class="pager">{pager}</div>\n', place=place)


def _slice(place: NewsList, number: int, size: int) -> list[Item]:
    """Page `number` of the listed items, newest first."""
    ids, items = place.shown, place.items
    end = len(ids) - (number - 1) * size
    return [items[key] for key in reversed(ids[max(0, end - size) : max(0, end)]) if key in items]


def _teasers(place: NewsList, rows: Sequence[Item], article: str) -> str:
    return "".join(
        f'<div class="cn-tin"><h3><a href="{article}?ItemID={item.id}">{escape(title_of(place.name, item))}</a></h3>'
        f' <span class="ShowDate">'
        f"({item.published:%d/%m/%Y})</span><p>{escape(text_of(place.name, item).lead)}</p></div>\n"
        for item in rows
    )


def grid_page(frame: Frame, place: NewsList, number: int, size: int, article: str, turn: int) -> str:
    """A section whose pager posts the form back (ASP.NET's GridView: ten numbers, then "...")."""
    body, state, check = _grid(place, number, size, article, turn)
    tokens = hidden("__VIEWSTATE", state) + hidden("__EVENTVALIDATION", check)
    return frame.page(
        f'<div id="ctl00_panel">{body}</div>\n', action=f"{place.slug}-grid.aspx", place=place, tokens=tokens
    )


def grid_delta(place: NewsList, number: int, size: int, article: str, turn: int) -> str:
    """The same as ASP.NET AJAX answers it: `length|type|id|content|` for each part that changed."""
    body, state, check = _grid(place, number, size, article, turn)
    parts = [("updatePanel", "ctl00_panel", body), ("hiddenField", "__VIEWSTATE", state)]
    parts += [("hiddenField", "__EVENTVALIDATION", check), ("formAction", "", f"{place.slug}-grid.aspx")]
    return "".join(f"{len(content)}|{kind}|{name}|{content}|" for kind, name, content in parts)


def _grid(place: NewsList, number: int, size: int, article: str, turn: int) -> tuple[str, str, str]:
    """Grid and pager, __VIEWSTATE, __EVENTVALIDATION of one page."""
    last = max(1, -(-len(place.shown) // size))
    number = min(max(1, number), last)
    start = (number - 1) // 10 * 10 + 1
    numbers = [(start - 1, "...")] if start > 1 else []
    numbers += [(k, str(k)) for k in range(start, min(last, start + 9) + 1)]
    numbers += [(start + 10, "...")] if start + 10 <= last else []
    cells = "".join(
        f"<td><span>{word}</span></td>"
        if k == number
        else f"<td><a href=\"javascript:__doPostBack('{GRID}','Page${k}')\">{word}</a></td>"
        for k, word in numbers
    )
    rows = _teasers(place, _slice(place, number, size), article)
    body = f'<div id="ctl00_grid">\n{rows}<table class="pager"><tr>{cells}</tr></table></div>\n'
    return body, *grid_tokens(place, number, turn)


def grid_tokens(place: NewsList, number: int, turn: int) -> tuple[str, str]:
    """__VIEWSTATE and __EVENTVALIDATION of a grid page: new ones each time, belonging together, good for this list."""
    seal = zlib.crc32(f"{place.guid}/{number}/{turn}".encode())
    filler = "bHVvaQ" * 300
    return f"/wEPDwUK{turn}.{number}.{seal:08x}.{filler}", f"/wEdAA{seal ^ 0xFFFFFFFF:08x}"


def posted_page(place: NewsList, fields: Mapping[str, str]) -> int:
    """The page number that a posted grid form asks for. Raises BadPaging unless a page's own tokens came back whole."""
    target, argument = fields.get("__EVENTTARGET"), fields.get("__EVENTARGUMENT", "")
    try:
        turn, number, _ = fields["__VIEWSTATE"].removeprefix("/wEPDwUK").split(".", 2)
        known = grid_tokens(place, int(number), int(turn))
        wanted = int(argument.removeprefix("Page$"))
    except (KeyError, ValueError) as error:
        raise BadPaging from error
    if (fields["__VIEWSTATE"], fields.get("__EVENTVALIDATION")) != known or target != GRID:
        raise BadPaging
    return wanted


def front_page(frame: Frame, lists: Sequence[NewsList], articles: Mapping[str, str]) -> str:
    """The home page: the newest of each list, with links to sections and views."""
    boxes = "".join(
        f'<div class="cn-hop"><h2><a href="/{place.slug}.aspx">{place.title}</a></h2>'
        f'{_teasers(place, _slice(place, 1, 5), articles[place.name])}<a href="{place.path}/AllItems.aspx">Xem tất'
        f" cả</a></div>\n"
        for place in lists
    )
    return frame.page(boxes)
