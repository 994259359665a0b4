"""The rows of a SharePoint list view, as its script object or its table prints them.

2007 and 2010 print rows (`tr[iid]`, `div.itx[id]`, `table[ctxname][id]`, links to the item's form), 2013 and later put
them into a script object: `WPQ2ListData = {"Row": [{"ID": "7", "FileRef": "/Lists/X/7_.000", ...}], ...}`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lxml import etree

from scraper.addresses import item_identity
from scraper.discovery.listing import Place
from scraper.discovery.markup import Markup, words
from scraper.sharepoint.client import objects_in
from scraper.text import tidy

MAX_ROWS = 20_000
"""Rows read of one page; a view of more is refused by SharePoint itself (its threshold is 5,000)."""

_NUMBER = re.compile(r"0*([1-9][0-9]{0,9})")
_UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_VERSION = ("_UIVersion", "_UIVersionString", "owshiddenversion")
_ITEM_PAGE = re.compile(r"/(?:disp|list)form\.aspx\?|/Lists/[^/?]+/[^/?]+\.aspx\?", re.IGNORECASE)


@dataclass(slots=True)
class Row:
    """One row of a view. link: the item's own address as printed.  folder: whether it is one, not an item."""

    number: int
    title: str | None = None
    link: str | None = None
    mark: str | None = None
    modified: str | None = None
    folder: bool = False


@dataclass(slots=True)
class RowPage:
    """What one page of a view says. limit: its row limit, where stated.  seen: whether there is a view at all."""

    rows: dict[int, Row] = field(default_factory=dict)
    next: str | None = None
    limit: int | None = None
    seen: bool = False


def script_rows(markup: Markup, place: Place) -> RowPage:
    page = RowPage()
    for name, value in objects_in(markup.scripts()):
        rows = value.get("Row")
        if name != "ListData" or not isinstance(rows, list):
            continue
        ours = [row for row in islice(rows, MAX_ROWS) if isinstance(row, dict) and _is_ours(row, place)]
        if rows and not ours:
            continue  # another list's web part
        page.seen = True
        if len(ours) < len(page.rows):
            continue
        page.rows = {row.number: row for row in map(_script_row, ours) if row is not None}
        link = value.get("NextHref")
        page.next = link if isinstance(link, str) and link else None
        page.limit = _number(value.get("RowLimit"))
    return page


def _is_ours(row: dict[str, Any], place: Place) -> bool:
    path = row.get("FileRef")
    if not isinstance(path, str) or place.list_path is None:
        return True
    return path.casefold().startswith(place.list_path.casefold() + "/")


def _script_row(row: dict[str, Any]) -> Row | None:
    number = _number(row.get("ID"))
    if number is None:
        return None
    path, title = row.get("FileRef"), row.get("Title") or row.get("FileLeafRef")
    exact = row.get("Modified.")
    marks = [str(row[name]) for name in ("Modified", *_VERSION) if isinstance(row.get(name), str | int) and row[name]]
    is_page = isinstance(path, str) and path.lower().endswith(".aspx")
    folder = str(row.get("FSObjType", "0")) == "1"
    return Row(
        number,
        tidy(title)[:500] or None if isinstance(title, str) else None,
        path if isinstance(path, str) and (is_page or folder) else None,
        tidy("|".join(marks[:2]))[:200] or None,
        exact if isinstance(exact, str) and _UTC.fullmatch(exact) else None,
        folder,
    )


def printed_rows(markup: Markup, place: Place) -> RowPage:
    """Rows by their links and marks; links of lookup columns, that lead to items of other lists, are told apart."""
    page = RowPage()
    links = list(_item_links(markup))
    lists = Counter(key for key, number in {(key, number) for key, number, _, _ in links})
    wanted = _wanted(lists, place)
    columns: dict[etree._Element, int | None] = {}
    contexts: Counter[str] = Counter()
    for key, number, link, el in links:
        if key not in wanted:
            continue
        holder = _holder(el)
        row = page.rows.setdefault(number, Row(number, link=link))
        row.title = row.title or words(el) or None
        row.mark = row.mark or (_modified(holder, columns) if holder is not None else None)
        if (context := _context(el, holder)) is not None:
            contexts[context] += 1
    marks = list(_marked_rows(markup))
    if not links and len({context for context, *_ in marks}) == 1:
        contexts.update(context for context, *_ in marks)
    for context, number, folder, el in marks:
        if context in contexts and (folder or number not in page.rows):
            row = page.rows.setdefault(number, Row(number))
            row.folder, row.title = folder, row.title or _row_title(el)
            if folder:
                row.link = next((a.get("href") for a in el.iter("a") if a.get("href")), None)
    ours = bool(wanted) or not links or (place.list_id is not None and place.list_id in markup.text.lower())
    page.seen = bool(marks) or _is_view(markup) if ours else bool(page.rows)
    return page


def _is_view(markup: Markup) -> bool:
    """Whether the page holds a list view, be it empty."""
    return any(sign in markup.text for sign in ("ms-listviewtable", "ms-emptyView", "ctx.listName", '"ms-vb'))


def _item_links(markup: Markup) -> Iterator[tuple[str, int, str, etree._Element]]:
    """(list, item, link, element) of each link to a list item; the list is its path or `{guid}`, letter case folded."""
    for el, href in markup.anchors():
        if "ID=" not in href.upper() or not _ITEM_PAGE.search(href):
            continue
        url = markup.address(href)
        named, number = item_identity(url) if url else (None, None)
        if named is not None and number is not None:
            yield named.casefold(), number, href, el


def _wanted(lists: Counter[str], place: Place) -> set[str]:
    """The place's own list as the links name it; where it is not known, the one with most items."""
    known = {place.list_path.casefold()} if place.list_path else set()
    if place.list_id:
        known.add("{" + place.list_id + "}")
    if found := known & lists.keys():
        return found
    if place.list_path and place.list_id:
        return set()
    open_ = [(count, key) for key, count in lists.items() if not place.list_path or key.startswith("{")]
    return {max(open_)[1]} if open_ else set()


def _marked_rows(markup: Markup) -> Iterator[tuple[str, int, bool, etree._Element]]:
    """(context, item, folder, element) of each row that carries its number itself."""
    for el in markup.root.iter("tr", "div", "table"):
        if iid := el.get("iid"):
            parts = iid.split(",")
            number = _number(parts[1]) if len(parts) >= 3 else None
            if number is not None:
                yield "ctx" + parts[0], number, parts[2] == "1", el
        elif (context := el.get("ctxname")) and (number := _number(el.get("id"))) is not None:
            yield context, number, el.get("fsobjtype") == "1" or el.get("otype") == "1", el


def _row_title(el: etree._Element) -> str | None:
    """The title of a row without a link. Other cells are not read: they may name editors."""
    cells = [el] if el.tag != "tr" else [cell for cell in islice(el, 100) if "ms-vb-title" in (cell.get("class") or "")]
    return words(cells[0]) or None if cells else None


def _holder(el: etree._Element) -> etree._Element | None:
    """The view's row around a link: the innermost `tr` that is no layout inside a cell."""
    rows = list(islice(el.iterancestors("tr", "table"), 6))
    for up, above in zip(rows, [*rows[1:], None], strict=True):
        if up.tag == "tr" and (above is None or above.get("ctxname") is None):
            return up
    return None


def _context(el: etree._Element, holder: etree._Element | None) -> str | None:
    iid = holder.get("iid") if holder is not None else None
    if iid:
        return "ctx" + iid.partition(",")[0]
    return next((up.get("ctxname") for up in islice(el.iterancestors("div", "table"), 4) if up.get("ctxname")), None)


def _modified(row: etree._Element, columns: dict[etree._Element, int | None]) -> str | None:
    """The cell of the column Modified, which its header names internally (`name="Modified"`) in any language."""
    table = next(row.iterancestors("table"), None)
    if table is None:
        return None
    if table not in columns:
        heads = islice(table.iter("th"), 60)
        columns[table] = next((index for index, head in enumerate(heads) if _heads_modified(head)), None)
    index = columns[table]
    cells = [cell for cell in islice(row, 100) if cell.tag == "td"]
    return words(cells[index])[:200] or None if index is not None and index < len(cells) else None


def _heads_modified(head: etree._Element) -> bool:
    return any((el.get("name") or "").lower() == "modified" for el in islice(head.iter("div", "table", "a", "th"), 10))


def _number(value: Any) -> int | None:
    match = _NUMBER.fullmatch(str(value)) if isinstance(value, str | int) else None
    return int(match[1]) if match else None
