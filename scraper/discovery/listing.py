"""What discovery is about: a place on a portal, the requests that ask for its articles, and the listings that answer.

    place → door.knock(place) → Request → (fetched elsewhere) → door.read(capture, place) → Listing → Listing.next → …

A door is one way to ask a portal what it has: SharePoint's interfaces, its list views, a feed, a sitemap, a section
page. All doors give the same kind of entry and say which door it came from. All of this is pure: bytes in, data out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from scraper.models import Capture

DoorName = Literal["api", "odata", "owssvr", "view", "feed", "sitemap", "section", "links", "walk"]


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask a server for. form: fields to post, in order (`__doPostBack`); None for GET.  accept: media types."""

    url: str
    form: tuple[tuple[str, str], ...] | None = None
    accept: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A list or section of a portal, as far as it is known. Addresses are absolute, in the form of `request_url`.

    start: the address that the user named.  web: address of the SharePoint site that it lies in, with a final slash.
    list_path: server-relative path, decoded.  list_id: GUID in lower case, no braces.
    item: address of an article with `{id}` in the item's place.  views, feeds, sections: pages that list articles.
    print_view: as `item`, for the page without chrome.
    """

    start: str
    web: str | None = None
    list_path: str | None = None
    list_id: str | None = None
    item: str | None = None
    views: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    print_view: str | None = None


@dataclass(frozen=True, slots=True)
class ListingEntry:
    """One article that a portal says it has.

    url: its address, in the form of `request_url`.  door: who says so.  title: as listed.
    mark: whatever changes when the article is edited (date of modification, version), as given; None where the door
    tells nothing of the kind.  modified: the same as ISO 8601, only where the door gives an unambiguous time.
    """

    url: str
    door: DoorName
    title: str | None = None
    item_id: int | None = None
    list_path: str | None = None
    mark: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What one answer says: entries in its order, and where to go on.

    next: the request for the following page; None where this is the last.  total: how many items the server says that
    the list holds, None where it does not say.  place: what the answer tells about the place beyond what was known.
    cut: why the listing may stop before its end (`row_limit`: a full page without a way on; `newest_only`; `folders`:
    some rows are folders, whose own views `place` names), else None.  off_site: links left out, since they lead to
    other hosts.  folders: rows that are folders, no entries, though the server's total counts them.
    further: listings of their own that this answer names, such as the parts of a sitemap index.
    """

    entries: tuple[ListingEntry, ...] = ()
    next: Request | None = None
    total: int | None = None
    place: Place | None = None
    cut: str | None = None
    off_site: int = 0
    folders: int = 0
    further: tuple[Request, ...] = ()


class Door(Protocol):
    """One way to ask. Modules of this package offer instances in `DOORS`."""

    @property
    def name(self) -> DoorName:
        """Its name, as entries carry it."""

    @property
    def exhaustive(self) -> bool:
        """Whether following `next` to its end gives every item that anyone may see. A feed's does not."""

    def knock(self, place: Place) -> tuple[Request, ...]:
        """The first requests, each the beginning of a listing of its own; empty where there is nothing to ask."""

    def read(self, capture: Capture, place: Place) -> Listing:
        """What an answer says. Raises NotAListing (a typed error) for one that is no listing of this door's kind."""
