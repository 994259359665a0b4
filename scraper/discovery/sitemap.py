"""Door `sitemap`: the addresses that /sitemap.xml names (sitemaps.org protocol 0.9), plain or compressed.

A sitemap names the whole portal: home, menus, other lists. Kept is what may be an article of the place:

- never: pages of the place itself (its list views, feeds, sections), home pages, list views, files, other lists' items;
- always: items of the place's list, pages that the item template fits, pages below the list or section;
- else, within the place's site, what has an article's shape: an item number, a day, or four words and more in its name.

Pages that only a query opens (`?ItemID=N`) are usually missing, so the door is not exhaustive.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from scraper.addresses import item_identity, join_url, shown
from scraper.answers import failure
from scraper.discovery.items import link_entry, mark_of, on_site, utc
from scraper.discovery.listing import DoorName, Listing, ListingEntry, Place, Request
from scraper.discovery.place import same_list
from scraper.discovery.received import address_of, local_name, outermost, refusal, text_of
from scraper.errors import OffSite
from scraper.kinds import FILE_LINK
from scraper.models import Capture

MAX_BYTES = 52_428_800
"""Longest sitemap after inflation, and most addresses in one: limits of the protocol."""
MAX_ADDRESSES = 50_000
MAX_PARTS = 100
"""Most parts of an index that are followed; the protocol allows 50,000."""
ACCEPT = "application/xml, text/xml;q=0.9, application/gzip;q=0.8, */*;q=0.1"
_VIEWS = re.compile(
    r"/(?:allitems|newform|editform|mod-view|calendar|summary|default|home|index|trang-?chu|sitemap|search|results)"
    r"(?:\.aspx|\.html?)?$|/forms/[^/]+\.aspx$|/_layouts/|/_catalogs/|/siteassets/|/style library/",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|bmp|webp|svg|ico|css|js)$", re.IGNORECASE)
_DAY = re.compile(
    r"/(?:19|20)\d\d[-/]\d{1,2}[-/]\d{1,2}/"
    r"|(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)"
)
_ITEM = re.compile(r"(?:^|&)(?:item|news|tin|bai|article|post)_?id=\d{1,10}(?:&|$)", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")


class SitemapDoor:
    """`/sitemap.xml` of the portal's host."""

    name: DoorName = "sitemap"
    exhaustive = False

    def knock(self, place: Place) -> tuple[Request, ...]:
        """One request, at the root of the host."""
        return (Request(join_url(place.start, "/sitemap.xml"), accept=ACCEPT),)

    def read(self, capture: Capture, place: Place) -> Listing:
        """A sitemap's entries, or of an index its parts (`further`), each once; `cut` where a limit was met.

        Raises NotAListing, and OffSite where all addresses lead to other hosts.
        """
        capture = _inflated(capture)
        entries: dict[str, ListingEntry] = {}
        parts: dict[str, Request] = {}
        rows = off_site = 0
        base = address_of(capture) or place.start
        for element in outermost(capture, frozenset({"urlset", "sitemapindex"}), frozenset({"url", "sitemap"})):
            rows += 1
            if rows > MAX_ADDRESSES or len(parts) > MAX_PARTS:
                break
            address = on_site(place, base, text_of(element, "loc") or "/")
            if address is None:
                off_site += 1
            elif local_name(element) == "sitemap":
                parts[address] = Request(address, accept=ACCEPT)
            elif (entry := _entry(address, text_of(element, "lastmod"), place)) is not None:
                entries[entry.url] = entry
        if rows and off_site == rows:
            raise failure(OffSite, shown(capture.name or base), f"all {rows} addresses of the sitemap lead away")
        parts.pop(base, None)
        cut = "row_limit" if rows > MAX_ADDRESSES or len(parts) > MAX_PARTS else None
        further = tuple(parts.values())[:MAX_PARTS]
        return Listing(tuple(entries.values()), cut=cut, off_site=off_site, further=further)


def _inflated(capture: Capture) -> Capture:
    """The capture with a gzip body inflated, up to MAX_BYTES."""
    if not capture.content.startswith(b"\x1f\x8b"):
        return capture
    inflater = zlib.decompressobj(31)
    try:
        content = inflater.decompress(capture.content, MAX_BYTES)
    except zlib.error as error:
        raise refusal(capture, "its compressed body is damaged") from error
    if inflater.unconsumed_tail:
        raise refusal(capture, f"more than {MAX_BYTES:,} bytes when inflated")
    if not inflater.eof:
        raise refusal(capture, "its compressed body breaks off")
    return replace(capture, content=content)


def _entry(address: str, lastmod: str | None, place: Place) -> ListingEntry | None:
    if not is_wanted(address, place):
        return None
    return link_entry("sitemap", place, address, address, title=None, mark=mark_of(lastmod), modified=utc(lastmod))


def is_wanted(address: str, place: Place) -> bool:
    """Whether an address of the portal (in the form of `request_url`) may be an article of the place."""
    parts = urlsplit(address)
    path = unquote(parts.path)
    if address in (place.start, *place.views, *place.feeds, *place.sections) or path in ("", "/"):
        return False
    if _VIEWS.search(path) or _PICTURE.search(path) or FILE_LINK.search(path):
        return False
    list_path, number = item_identity(address)
    if list_path is not None and place.list_path is not None:
        return number is not None and same_list(list_path, place.list_path)
    if _is_below(path, parts.query, place):
        return True
    if place.web is not None and not _starts(path, unquote(urlsplit(place.web).path)):
        return False
    named = number is not None or _ITEM.search(parts.query) is not None
    return named or _DAY.search(path) is not None or len(_WORD.findall(_name(path))) >= 4


def _is_below(path: str, query: str, place: Place) -> bool:
    """Whether a page lies below the place's list or a section, or is the item template's page with another item."""
    if place.item is not None:
        template = urlsplit(place.item)
        if unquote(template.path).lower() == path.lower() and _ITEM.search(query):
            return True
    if place.list_path is not None and _starts(path, place.list_path.rstrip("/") + "/"):
        return True
    for section in place.sections:
        at = unquote(urlsplit(section).path)
        below = re.sub(r"\.\w{2,5}$", "", at).rstrip("/") + "/"
        if (len(below) > 1 and _starts(path, below)) or (at.lower() == path.lower() and _ITEM.search(query)):
            return True
    return False


def _starts(path: str, start: str) -> bool:
    return path.lower().startswith(start.lower())


def _name(path: str) -> str:
    """The last part of a path without its ending, words set apart."""
    return re.sub(r"\.\w{2,5}$", "", path.rstrip("/").rpartition("/")[2])
