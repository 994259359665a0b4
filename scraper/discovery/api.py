"""Door `api`: SharePoint's REST interface `_api` (2013 on), which gives every item that anyone may read.

    lists of the site (finds the list by its path, or asks by its GUID) → its items, newest number first → next link …

Pages are ordered by ID: it is the one order that lists of any length allow, since the list view threshold (5,000) makes
other columns fail. The server pages by `$skiptoken`, so its links are followed; `$skip` is ignored for items. Only the
columns named here are asked for; those that hold people are never read.

The list's count is the server's own: it holds folders, and items that anonymous visitors do not get to see (drafts,
items with rights of their own), so it is an upper bound of what the pages give.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from scraper.addresses import join_url, shown
from scraper.discovery.dataservice import Row, paged, read_rows
from scraper.discovery.items import (
    count_of,
    guid_of,
    item_entry,
    item_number,
    mark_of,
    path_value,
    text_value,
    utc,
    web_of,
)
from scraper.discovery.listing import DoorName, Listing, ListingEntry, Place, Request
from scraper.discovery.place import same_list
from scraper.discovery.received import address_of
from scraper.errors import NotAListing
from scraper.models import Capture

PAGE_SIZE = 1_000
"""Rows asked for at a time: the server's default is 100, its most 5,000."""
ACCEPT = "application/json;odata=nometadata, application/json;odata=verbose;q=0.9, application/atom+xml;q=0.8"
"""Early 2013 knows only the latter two."""
_LIST = "$select=Id,Title,ItemCount,Hidden,BaseTemplate,RootFolder/ServerRelativeUrl&$expand=RootFolder"
_ITEMS = f"$select=Id,Title,Modified,FileRef,FileSystemObjectType&$orderby=Id desc&$top={PAGE_SIZE}"


class ApiDoor:
    """`_api/web/lists`. Its first answer tells the list's GUID, path and count; the items follow."""

    name: DoorName = "api"
    exhaustive = True

    def knock(self, place: Place) -> tuple[Request, ...]:
        """One request: for the list by its GUID, else for all lists of the site."""
        web = web_of(place)
        if web is None:
            return ()
        guid = guid_of(place.list_id)
        which = f"(guid'{guid}')" if guid else ""
        return (Request(join_url(web, f"_api/web/lists{which}?{_LIST}"), accept=ACCEPT),)

    def read(self, capture: Capture, place: Place) -> Listing:
        """A page of items, or what the lists tell: then no entries, and `next` asks for the items.

        Where the place names no list, the lists tell nothing: no entries, no next, no place. Raises NotAListing (also
        where the list is not among the site's), Threshold, AccessDenied, OffSite.
        """
        path = unquote(urlsplit(address_of(capture)).path).rstrip("/").lower()
        return _items(capture, place) if path.endswith("/items") else _lists(capture, place)


def _lists(capture: Capture, place: Place) -> Listing:
    found = read_rows(capture)
    if place.list_path is None and place.list_id is None:
        return Listing()
    row = next((row for row in found.rows if _is_wanted(row, place)), None)
    if row is None and found.next is not None:
        return paged(Listing(), capture, place, found.next, ACCEPT)
    wanted = place.list_path or f"{{{place.list_id}}}"
    guid = guid_of(row.get("Id")) if row is not None else None
    if row is None or guid is None:
        raise NotAListing(
            shown(capture.name or address_of(capture)),
            f"none of the site's {len(found.rows)} lists that anyone may see is {wanted[:200]}",
        )
    web = web_of(place) or place.start
    items = Request(join_url(web, f"_api/web/lists(guid'{guid}')/items?{_ITEMS}"), accept=ACCEPT)
    list_path = place.list_path or _path_of(row)
    told = replace(place, web=web, list_path=list_path, list_id=guid)
    return Listing(next=items, total=count_of(row.get("ItemCount")), place=told if told != place else None)


def _is_wanted(row: Row, place: Place) -> bool:
    if (guid := guid_of(place.list_id)) is not None:
        return guid_of(row.get("Id")) == guid
    return same_list(_path_of(row), place.list_path)


def _path_of(row: Row) -> str | None:
    root = row.get("RootFolder")
    path = path_value(root.get("ServerRelativeUrl")) if isinstance(root, dict) else None
    return path.rstrip("/") if path else None


def _items(capture: Capture, place: Place) -> Listing:
    found = read_rows(capture)
    folders = sum(1 for row in found.rows if _is_folder(row.get("FileSystemObjectType")))
    entries = tuple(entry for entry in (_entry(row, place) for row in found.rows) if entry is not None)
    if found.rows and not entries and folders < len(found.rows):
        raise NotAListing(shown(capture.name or address_of(capture)), "its rows name no item")
    return paged(Listing(entries, total=found.count, folders=folders), capture, place, found.next, ACCEPT)


def _entry(row: Row, place: Place) -> ListingEntry | None:
    number = item_number(row.get("Id", row.get("ID")))
    if number is None or _is_folder(row.get("FileSystemObjectType")):
        return None
    modified = row.get("Modified")
    return item_entry(
        "api",
        place,
        number,
        file=path_value(row.get("FileRef")),
        title=text_value(row.get("Title")),
        mark=mark_of(modified, row.get("OData__UIVersionString")),
        modified=utc(modified) if isinstance(modified, str) else None,
    )


def _is_folder(kind: Any) -> bool:
    return kind in (1, "1") and kind is not True
