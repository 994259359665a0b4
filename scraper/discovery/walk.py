"""A walk over item numbers, on request only: entries for the numbers that no door has listed. It proves gaps.

A number is only a guess at an article; the caller fetches each, politely, and knows missing ones by their answer
(scraper.discovery.fingerprint where the server answers 200 to everything).
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from scraper.discovery.listing import ListingEntry, Place
from scraper.discovery.place import item_address

MAX_WALK = 100_000
"""Most numbers that one walk tries."""


def walk(
    place: Place, known: Container[int], last: int, *, first: int = 1, limit: int = MAX_WALK
) -> Iterator[ListingEntry]:
    """An entry for each number from `last` down to `first` that is not in `known`, newest first.

    known: numbers that are listed already, a set or a range.  limit: entries given at most. Nothing where the place
    has no address for items.
    """
    given = 0
    for number in range(last, max(first, 1) - 1, -1):
        if given >= min(limit, MAX_WALK):
            return
        if number in known:
            continue
        url = item_address(place, number)
        if url is None:
            return
        given += 1
        yield ListingEntry(url, "walk", item_id=number, list_path=place.list_path)
