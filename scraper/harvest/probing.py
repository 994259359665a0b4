"""A look at every door of a place, one knock each: which are open, and what they would give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from scraper.discovery.listing import Door, Listing, ListingEntry, Place, Request
from scraper.errors import ExtractError, FetchError, LuutruError, OutOfTime, RateLimited
from scraper.models import Capture

_STEPS = 3  # some doors say where the items are before they give any


@dataclass(frozen=True, slots=True)
class Probe:
    """What one door answered. asked: address of the last request, None where the place gives it nothing to ask.

    total: items by the server's count.  entries: of the answer.  more: whether it goes on.  error: why it is closed.
    """

    door: str
    exhaustive: bool
    asked: str | None = None
    total: int | None = None
    entries: tuple[ListingEntry, ...] = ()
    more: bool = False
    cut: str | None = None
    error: LuutruError | None = None


def probe(place: Place, fetch: Callable[[Request], Capture], doors: Sequence[Door]) -> Iterator[Probe]:
    """Knock at each door. Raises RateLimited and OutOfTime."""
    for door in doors:
        request = next(iter(door.knock(place)), None)
        if request is None:
            yield Probe(door.name, door.exhaustive)
            continue
        asked = request.url
        try:
            listing, total = Listing(next=request), None
            for _ in range(_STEPS):
                if listing.next is None or listing.entries:
                    break
                asked = listing.next.url
                listing = door.read(fetch(listing.next), place)
                total = total if listing.total is None else listing.total
                place = listing.place or place
        except (OutOfTime, RateLimited):
            raise
        except (FetchError, ExtractError) as error:
            yield Probe(door.name, door.exhaustive, asked, error=error)
            continue
        more = listing.next is not None
        yield Probe(door.name, door.exhaustive, asked, total, listing.entries, more, listing.cut)
