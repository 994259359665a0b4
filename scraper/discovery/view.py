"""The door `view`: SharePoint's list views, rows and paging links as printed by 2007 to 2019.

2007 and 2010 print rows (`tr[iid]`, `div.itx[id]`, `table[ctxname][id]`, links to the item's form), 2013 and later put
them into a script object `WPQ2ListData = {"Row": [...], "NextHref": "?Paged=TRUE&p_ID=100&..."}`. The way to the next
page holds the server's position in the list; it is followed, never built.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import unquote

from lxml import etree

from scraper.addresses import item_identity
from scraper.discovery.listing import DoorName, Listing, ListingEntry, Place, Request
from scraper.discovery.markup import Markup, no_listing, read_markup, unescaped, words
from scraper.discovery.place import FORMS, at, item_address, parts_of, same_list
from scraper.discovery.told import told_by
from scraper.models import Capture
from scraper.sharepoint.client import objects_in
from scraper.text import tidy

MAX_ROWS = 20_000
"""Rows read of one page; a view of more is refused by SharePoint itself (its threshold is 5,000)."""
ROUND = frozenset([5, 10, 15, 20, 25, 30, 40, 50, 60, 100, 150, 200, 250, 300, 500, 1000, 2000, 5000])
"""Row limits that people set; a page of so many rows without a way on may be cut."""

_PAGED = re.compile(r"[?&]Paged=TRUE", re.IGNORECASE)
_BACK = re.compile(r"[?&]PagedPrev=TRUE", re.IGNORECASE)
_NUMBER = re.compile(r"0*([1-9][0-9]{0,9})")
_TOTAL = re.compile(r'\bTotalListItems"?\s{0,9}[=:]\s{0,9}"?([0-9]{1,9})\b')
_COUNTED = re.compile(r"=\s*([0-9][0-9.,\s]{0,12})$")
_UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_VERSION = ("_UIVersion", "_UIVersionString", "owshiddenversion")
_ITEM_PAGE = re.compile(r"/(?:disp|list)form\.aspx\?|/Lists/[^/?]+/[^/?]+\.aspx\?", re.IGNORECASE)


@dataclass(slots=True)
class _Row:
    """One row of a view. link: the item's own address as printed.  folder: whether it is one, not an item."""

    number: int
    title: str | None = None
    link: str | None = None
    mark: str | None = None
    modified: str | None = None
    folder: bool = False


@dataclass(slots=True)
class _Page:
    """What one page of a view says. limit: its row limit, where stated.  seen: whether there is a view at all."""

    rows: dict[int, _Row] = field(default_factory=dict)
    next: str | None = None
    limit: int | None = None
    seen: bool = False


class View:
    """Asks for the place's list views; following their paging gives every item that the view shows."""

    name: DoorName = "view"
    exhaustive = True

    def knock(self, place: Place) -> tuple[Request, ...]:
        """One request for each view, the user's own first."""
        return tuple(Request(view) for view in place.views)

    def read(self, capture: Capture, place: Place) -> Listing:
        """The rows of a view. Raises NotAListing for a page without one.

        `total` is a count that the page prints itself. `cut` is `row_limit` where a page is full and shows no way on,
        and `folders` where rows are folders: their views are added to `place`.
        """
        markup = read_markup(capture, place)
        place = told = told_by(markup, place)
        page = _script_rows(markup, told)
        if not page.rows:
            printed = _printed_rows(markup, told)
            page = _Page(printed.rows, page.next, page.limit, page.seen or printed.seen)
        if not page.seen:
            raise no_listing(capture, markup, "a list view")
        following = _next(markup, told, page.next)
        entries = tuple(_entries(markup, told, page.rows.values()))
        total = _total(markup)
        folders = [row for row in page.rows.values() if row.folder]
        if folders:
            place = _with_folders(markup, told, folders)
        cut = "folders" if folders else None
        if following is None and not _PAGED.search(markup.url) and len(page.rows) != total:
            cut = "row_limit" if len(page.rows) in ROUND or len(page.rows) == page.limit else cut
        return Listing(entries, following, total, place, cut, len(markup.off_site))


def _entries(markup: Markup, place: Place, rows: Any) -> Iterator[ListingEntry]:
    for row in rows:
        if row.folder:
            continue
        link = markup.own(row.link) if row.link else None
        if row.link and link is None:
            continue
        own_page = link if link and not FORMS.search(parts_of(link)[1]) else None
        plain = place.item is None or "/dispform.aspx?" in place.item.lower() or "/listform.aspx?" in place.item.lower()
        url = (own_page if plain else None) or item_address(place, row.number) or link
        if url is not None:
            yield ListingEntry(url, "view", row.title, row.number, place.list_path, row.mark, row.modified)


# -- rows in scripts -------------------------------------------------------------------------------------------------


def _script_rows(markup: Markup, place: Place) -> _Page:
    page = _Page()
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


def _script_row(row: dict[str, Any]) -> _Row | None:
    number = _number(row.get("ID"))
    if number is None:
        return None
    path, title = row.get("FileRef"), row.get("Title") or row.get("FileLeafRef")
    exact = row.get("Modified.")
    marks = [str(row[name]) for name in ("Modified", *_VERSION) if isinstance(row.get(name), str | int) and row[name]]
    is_page = isinstance(path, str) and path.lower().endswith(".aspx")
    folder = str(row.get("FSObjType", "0")) == "1"
    return _Row(
        number,
        tidy(title)[:500] or None if isinstance(title, str) else None,
        path if isinstance(path, str) and (is_page or folder) else None,
        tidy("|".join(marks[:2]))[:200] or None,
        exact if isinstance(exact, str) and _UTC.fullmatch(exact) else None,
        folder,
    )


# -- rows in the page ------------------------------------------------------------------------------------------------


def _printed_rows(markup: Markup, place: Place) -> _Page:
    """Rows by their links and marks; links of lookup columns, that lead to items of other lists, are told apart."""
    page = _Page()
    links = list(_item_links(markup))
    lists = Counter(key for key, number in {(key, number) for key, number, _, _ in links})
    wanted = _wanted(lists, place)
    columns: dict[etree._Element, int | None] = {}
    contexts: Counter[str] = Counter()
    for key, number, link, el in links:
        if key not in wanted:
            continue
        holder = _holder(el)
        row = page.rows.setdefault(number, _Row(number, link=link))
        row.title = row.title or words(el) or None
        row.mark = row.mark or (_modified(holder, columns) if holder is not None else None)
        if (context := _context(el, holder)) is not None:
            contexts[context] += 1
    marks = list(_marked_rows(markup))
    if not links and len({context for context, *_ in marks}) == 1:
        contexts.update(context for context, *_ in marks)
    for context, number, folder, el in marks:
        if context in contexts and (folder or number not in page.rows):
            row = page.rows.setdefault(number, _Row(number))
            row.folder, row.title = folder, row.title or words(el) or None
            if folder:
                row.link = next((a.get("href") for a in el.iter("a") if a.get("href")), None)
    page.seen = bool(page.rows) or _is_view(markup)
    return page


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


def _holder(el: etree._Element) -> etree._Element | None:
    """The view's row around a link: the innermost `tr` that is no layout inside a cell."""
    rows = [up for up in islice(el.iterancestors("tr", "table"), 6)]
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


# -- the view itself -------------------------------------------------------------------------------------------------


def _next(markup: Markup, place: Place, stated: str | None) -> Request | None:
    """The request for the following page: as the script object states it, else the first paging link that leads on."""
    links = [stated] if stated else []
    links += [href for _, href in markup.anchors() if "aged=" in href]
    links += markup.strings_with("Paged=TRUE")
    for link in links:
        link = unescaped(link)
        if not _PAGED.search(link) or _BACK.search(link):
            continue
        url = markup.own(link.strip())
        if url is None or url == markup.url:
            continue
        other = item_identity(url)[0]
        if other is None or place.list_path is None or other.startswith("{") or same_list(other, place.list_path):
            return Request(url)
    return None


def _total(markup: Markup) -> int | None:
    """The number of items that the page prints: SharePoint's own, or a count below a column (`tr#aggr`)."""
    if match := _TOTAL.search(markup.text):
        return int(match[1])
    row = next((el for el in markup.root.iter("tr") if (el.get("id") or "").startswith("aggr")), None)
    for cell in islice(row.iter("td"), 40) if row is not None else ():
        if match := _COUNTED.search(words(cell)):
            return int(re.sub(r"[^0-9]", "", match[1]))
    return None


def _is_view(markup: Markup) -> bool:
    """Whether the page holds a list view, be it empty."""
    return "ms-listviewtable" in markup.text or "ms-emptyView" in markup.text or "ctx.listName" in markup.text


def _with_folders(markup: Markup, place: Place, folders: list[_Row]) -> Place:
    """The place with the views of its folders."""
    from dataclasses import replace

    found: list[str] = []
    for row in folders:
        link = row.link or ""
        if "rootfolder=" in link.lower():
            url = markup.own(link)
        elif link.startswith("/") and place.views:
            url = at(place, parts_of(place.views[0])[1]) + "?RootFolder=" + _escaped(unquote(link))
        else:
            url = None
        if url is not None:
            found.append(url)
    return replace(place, views=tuple(dict.fromkeys([*place.views, *found])))


def _escaped(path: str) -> str:
    from urllib.parse import quote

    return quote(path, safe="")


def _number(value: Any) -> int | None:
    match = _NUMBER.fullmatch(str(value)) if isinstance(value, str | int) else None
    return int(match[1]) if match else None


VIEW = View()
