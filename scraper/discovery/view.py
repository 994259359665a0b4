"""The door `view`: SharePoint's list views, rows and paging links as printed by 2007 to 2019.

The way to the next page (`?Paged=TRUE&p_ID=100&...`) holds the server's position in the list; it stands in links,
in scripts or as `NextHref` of the script object, and is followed, never built.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from urllib.parse import quote, unquote

from scraper.addresses import item_identity
from scraper.discovery.listing import DoorName, Listing, ListingEntry, Place, Request
from scraper.discovery.markup import Markup, no_listing, read_markup, unescaped, words
from scraper.discovery.place import FORMS, at, item_address, parts_of, same_list
from scraper.discovery.rows import Row, RowPage, printed_rows, script_rows
from scraper.discovery.told import told_by
from scraper.models import Capture

ROUND = frozenset([5, 10, 15, 20, 25, 30, 40, 50, 60, 100, 150, 200, 250, 300, 500, 1000, 2000, 5000])
"""Row limits that people set; a page of so many rows without a way on may be cut."""

_PAGED = re.compile(r"[?&]Paged=TRUE", re.IGNORECASE)
_BACK = re.compile(r"[?&]PagedPrev=TRUE", re.IGNORECASE)
_TOTAL = re.compile(r'TotalListItems"?\s{0,9}[=:]\s{0,9}"?([0-9]{1,9})\b')
_CLOSED_GROUP = re.compile(r"isLoaded=[\"']?false", re.IGNORECASE)
_COUNTED = re.compile(r"=\s*([0-9][0-9.,\s]{0,12})$")


class ViewDoor:
    """Asks for the place's list views; following their paging gives every item that the view shows."""

    name: DoorName = "view"
    exhaustive = True

    def knock(self, place: Place) -> tuple[Request, ...]:
        """One request for each view, the user's own first."""
        return tuple(Request(view) for view in place.views)

    def read(self, capture: Capture, place: Place) -> Listing:
        """The rows of a view. Raises NotAListing for a page without one.

        `total` is a count that the page prints itself. `cut` is `row_limit` where a page is full and shows no way on,
        `folders` where rows are folders (their views are in `further` and added to `place`), and `groups` where rows
        are hidden in groups that the browser loads when they are opened.
        """
        markup = read_markup(capture, place)
        told = told_by(markup, place)
        page = script_rows(markup, told)
        if not page.rows:
            printed = printed_rows(markup, told)
            page = RowPage(printed.rows, page.next, page.limit, page.seen or printed.seen)
        if not page.seen:
            raise no_listing(capture, markup, "a list view")
        following = _next(markup, told, page.next)
        entries = tuple(_entries(markup, told, page.rows.values()))
        total = _total(markup)
        folders = [row for row in page.rows.values() if row.folder]
        inside = _folder_views(markup, told, folders)
        place = replace(told, views=tuple(dict.fromkeys([*told.views, *inside])))
        cut = "folders" if folders else "groups" if _CLOSED_GROUP.search(markup.text) else None
        if following is None and not _PAGED.search(markup.url) and len(page.rows) != total:
            full = len(page.rows) in ROUND if page.limit is None else len(page.rows) == page.limit
            cut = "row_limit" if full else cut
        further = tuple(Request(view) for view in inside)
        return Listing(entries, following, total, place, cut, len(markup.off_site), len(folders), further)


def _entries(markup: Markup, place: Place, rows: Iterable[Row]) -> Iterator[ListingEntry]:
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


def _folder_views(markup: Markup, place: Place, folders: list[Row]) -> list[str]:
    """The view of each folder."""
    found: list[str] = []
    for row in folders:
        link = row.link or ""
        if "rootfolder=" in link.lower():
            url = markup.own(link)
        elif link.startswith("/") and place.views:
            url = at(place, parts_of(place.views[0])[1]) + "?RootFolder=" + quote(unquote(link), safe="")
        else:
            url = None
        if url is not None:
            found.append(url)
    return found


VIEW = ViewDoor()
