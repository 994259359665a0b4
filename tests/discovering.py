"""Helpers of the discovery tests: answers as captures, places, and a portal made of a table of answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from scraper.addresses import request_url
from scraper.discovery.items import same_site
from scraper.discovery.listing import Door, Listing, ListingEntry, Place, Request
from scraper.models import Capture, CaptureInfo
from tests.fetching import UNFIT_FOR_A_TERMINAL

HOST = "https://thixa.example"
GUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
LIST = "/tin/Lists/TinKinhTe"
PLACE = Place(start=f"{HOST}/tin/Lists/TinKinhTe", web=f"{HOST}/tin/", list_path=LIST)
KNOWN = Place(start=f"{HOST}/tin/Lists/TinKinhTe", web=f"{HOST}/tin/", list_path=LIST, list_id=GUID)


def capture(content: bytes | str | Any, url: str = HOST + "/x") -> Capture:
    """An answer from `url`; anything but bytes and text is written as JSON."""
    if not isinstance(content, bytes | str):
        content = json.dumps(content)
    body = content.encode() if isinstance(content, str) else content
    return Capture(
        body, CaptureInfo(requested_url=url, final_url=request_url(url), status=200, source="http"), name=url
    )


Answer = Callable[[Request], bytes | str | Any]


def follow(door: Door, place: Place, answer: Answer, limit: int = 100) -> tuple[list[ListingEntry], list[Listing]]:
    """What a caller does: knock, read, go on to the end; places learnt are used from then on."""
    entries: list[ListingEntry] = []
    listings: list[Listing] = []
    waiting = list(door.knock(place))
    while waiting:
        request = waiting.pop(0)
        listing = door.read(capture(answer(request), request.url), place)
        place = listing.place or place
        listings.append(listing)
        entries += listing.entries
        waiting[:0] = [listing.next] if listing.next else []
        waiting += listing.further
        assert len(listings) < limit, "endless"
    return entries, listings


def assert_lawful(listing: Listing, place: Place) -> None:
    """Every address is an absolute http(s) one, in the form to send, on the place's host."""
    requests = [listing.next, *listing.further]
    for url in [entry.url for entry in listing.entries] + [request.url for request in requests if request]:
        assert url.startswith(("http://", "https://"))
        assert request_url(url) == url
        assert same_site(url, place.start)
    for entry in listing.entries:
        for text in (entry.title, entry.mark, entry.modified, entry.list_path):
            assert text is None or (text and not UNFIT_FOR_A_TERMINAL.search(text))


def atom(*entries: Mapping[str, str], head: str = "") -> str:
    """An Atom feed of a data service with these properties."""
    rows = "".join(
        "<entry><id>x</id><author><name>THIXA\\lan</name></author><content type='application/xml'><m:properties>"
        + "".join(f"<d:{name}>{value}</d:{name}>" for name, value in entry.items())
        + "</m:properties></content></entry>"
        for entry in entries
    )
    return (
        "<?xml version='1.0' encoding='utf-8'?><feed xml:base='https://thixa.example/tin/_api/'"
        " xmlns='http://www.w3.org/2005/Atom' xmlns:d='http://schemas.microsoft.com/ado/2007/08/dataservices'"
        f" xmlns:m='http://schemas.microsoft.com/ado/2007/08/dataservices/metadata'>{head}{rows}</feed>"
    )
