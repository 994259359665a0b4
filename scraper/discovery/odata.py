"""Door `odata`: ListData.svc (2010 on), the older of SharePoint's data services.

    service document (finds the list's entity set by its name) → the set's items, newest number first → next link …

Entity sets are called by the list's title without blanks and signs, while the place knows the name in the list's
address; the two are compared without tone marks and letter case. Columns are called by their titles too: a site whose
columns were renamed refuses this door's question, and it counts as closed. Its times have no zone.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

from scraper.addresses import join_url, shown
from scraper.discovery.dataservice import Row, paged, plain_time, read_rows
from scraper.discovery.items import item_entry, item_number, mark_of, path_value, text_value, utc, web_of
from scraper.discovery.listing import DoorName, Listing, ListingEntry, Place, Request
from scraper.discovery.received import address_of, is_json, local_name, outermost, read_json, refusal
from scraper.errors import NotAListing
from scraper.models import Capture
from scraper.text import fold

ACCEPT = "application/json, application/atom+xml;q=0.8, application/xml;q=0.7"
MAX_SETS = 10_000
_SERVICE = "_vti_bin/ListData.svc"
_SIGNS = re.compile(r"[\W_]+")


class ODataDoor:
    """`_vti_bin/ListData.svc`."""

    name: DoorName = "odata"
    exhaustive = True

    def knock(self, place: Place) -> tuple[Request, ...]:
        """One request, for the service document; none where the list's path or its site is not known."""
        web = web_of(place)
        if web is None or place.list_path is None:
            return ()
        return (Request(join_url(web, _SERVICE), accept=ACCEPT),)

    def read(self, capture: Capture, place: Place) -> Listing:
        """A page of items with the server's count; of the service document no entries, and `next` asks for the items.

        Raises NotAListing (also where no entity set is called as the list is), Threshold, AccessDenied, OffSite.
        """
        path = urlsplit(address_of(capture)).path.rstrip("/").lower()
        return _sets(capture, place) if path.endswith("/listdata.svc") else _items(capture, place)


def _sets(capture: Capture, place: Place) -> Listing:
    names = _names_of_json(capture) if is_json(capture) else _names_of_xml(capture)
    wanted = (place.list_path or "").rpartition("/")[2]
    name = next((name for name in names if name == wanted), None)
    name = name or next((name for name in names if _bare(name) == _bare(wanted)), None)
    if name is None or not _bare(wanted):
        cause = f"none of its {len(names)} entity sets is called as the list {wanted[:100]!r}"
        raise NotAListing(shown(capture.name or address_of(capture)), cause)
    columns = "Id,Title,Modified" + ("" if "/lists/" in (place.list_path or "").lower() else ",Path,Name")
    query = f"$orderby=Id desc&$select={columns}&$inlinecount=allpages"
    web = web_of(place) or place.start
    return Listing(next=Request(join_url(web, f"{_SERVICE}/{quote(name, safe='')}?{query}"), accept=ACCEPT))


def _bare(name: str) -> str:
    return _SIGNS.sub("", fold(name))


def _names_of_json(capture: Capture) -> list[str]:
    value = read_json(capture)
    body = value.get("d") if isinstance(value, dict) else None
    names = body.get("EntitySets") if isinstance(body, dict) else None
    if not isinstance(names, list):
        raise refusal(capture)
    return [name for name in names[:MAX_SETS] if isinstance(name, str) and 0 < len(name) <= 256]


def _names_of_xml(capture: Capture) -> list[str]:
    """Names in an AtomPub service document (RFC 5023, 8)."""
    names: list[str] = []
    for element in outermost(capture, frozenset({"service"}), frozenset({"collection"})):
        name = element.get("href") or ""
        if 0 < len(name) <= 256 and local_name(element) == "collection" and len(names) < MAX_SETS:
            names.append(name)
    return names


def _items(capture: Capture, place: Place) -> Listing:
    found = read_rows(capture)
    entries = tuple(entry for entry in (_entry(row, place) for row in found.rows) if entry is not None)
    if found.rows and not entries:
        raise NotAListing(shown(capture.name or address_of(capture)), "its rows name no item")
    return paged(Listing(entries, total=found.count), capture, place, found.next, ACCEPT)


def _entry(row: Row, place: Place) -> ListingEntry | None:
    number = item_number(row.get("Id", row.get("ID")))
    if number is None:
        return None
    time, is_utc = plain_time(row.get("Modified"))
    return item_entry(
        "odata",
        place,
        number,
        file=_file(row.get("Path"), row.get("Name")),
        title=text_value(row.get("Title")),
        mark=mark_of(time, row.get("Owshiddenversion"), row.get("Version")),
        modified=time if is_utc else utc(time),
    )


def _file(folder: Any, name: Any) -> str | None:
    """A library file's path of its folder and name."""
    path = path_value(folder)
    return path_value(f"{path.rstrip('/')}/{name}") if path and isinstance(name, str) and "/" not in name else None
