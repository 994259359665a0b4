"""Door `owssvr`: the rows of a list as one XML answer of owssvr.dll (2007 on), read piece by piece.

    <xml …><s:Schema …/><rs:data><z:row ows_ID='7' ows_Title='…' ows_Modified='2019-04-17 08:05:00' …/>…</rs:data></xml>

Its times are the site's local ones, so they mark a change but say no moment. Of a row's columns only those named here
are read.
"""

from __future__ import annotations

from lxml import etree

from scraper.addresses import join_url, shown
from scraper.discovery.items import guid_of, item_entry, item_number, mark_of, path_value, text_value, web_of
from scraper.discovery.listing import DoorName, Listing, ListingEntry, Place, Request
from scraper.discovery.received import address_of, outermost
from scraper.errors import NotAListing
from scraper.models import Capture

MAX_ENTRIES = 200_000
"""Most rows kept of one answer; a longer one is cut, and says so."""
ACCEPT = "text/xml, application/xml;q=0.9"
_TITLES = ("ows_Title", "ows_LinkTitle", "ows_LinkTitleNoMenu", "ows_LinkFilename")


class OwssvrDoor:
    """`_vti_bin/owssvr.dll?Cmd=Display`."""

    name: DoorName = "owssvr"
    exhaustive = True

    def knock(self, place: Place) -> tuple[Request, ...]:
        """One request; none where the list's GUID or its site is not known."""
        web, guid = web_of(place), guid_of(place.list_id)
        if web is None or guid is None:
            return ()
        query = f"Cmd=Display&List={{{guid.upper()}}}&Query=*&XMLDATA=TRUE"
        return (Request(join_url(web, f"_vti_bin/owssvr.dll?{query}"), accept=ACCEPT),)

    def read(self, capture: Capture, place: Place) -> Listing:
        """All rows; there is no next page. Raises NotAListing, Threshold, AccessDenied."""
        entries: list[ListingEntry] = []
        rows = folders = 0
        for row in outermost(capture, frozenset({"xml"}), frozenset({"row"})):
            rows += 1
            if _value(row, "ows_FSObjType") == "1":
                folders += 1
            elif (entry := _entry(row, place)) is not None:
                entries.append(entry)
            if len(entries) > MAX_ENTRIES:
                return Listing(tuple(entries[:MAX_ENTRIES]), cut="row_limit", folders=folders)
        if rows and not entries and folders < rows:
            raise NotAListing(shown(capture.name or address_of(capture)), "its rows name no item")
        return Listing(tuple(entries), folders=folders)


def _entry(row: etree._Element, place: Place) -> ListingEntry | None:
    number = item_number(row.get("ows_ID"))
    if number is None:
        return None
    title = next((value for name in _TITLES if (value := text_value(row.get(name)))), None)
    mark = mark_of(row.get("ows_Modified"), row.get("ows_owshiddenversion") or row.get("ows__UIVersionString"))
    return item_entry("owssvr", place, number, file=path_value(row.get("ows_FileRef")), title=title, mark=mark)


def _value(row: etree._Element, name: str) -> str:
    """A column's value without the item's number that lookup columns put before it (`7;#1`)."""
    return (row.get(name) or "").rpartition(";#")[2].strip()
