"""Door `feed`: the newest items of a list or page as RSS 2.0, RSS 1.0 or Atom; never the whole list.

Descriptions, which hold the columns of an item or its body, are not read, and neither are authors.
"""

from __future__ import annotations

import re
from itertools import islice

from lxml import etree

from scraper.addresses import item_identity, join_url, shown
from scraper.answers import failure
from scraper.discovery.items import (
    guid_of,
    link_entry,
    mark_of,
    on_site,
    text_value,
    utc,
    utc_of_mail_date,
    web_of,
)
from scraper.discovery.listing import DoorName, Listing, ListingEntry, Place, Request
from scraper.discovery.received import address_of, local_name, outermost, text_of
from scraper.errors import OffSite
from scraper.models import Capture

MAX_ITEMS = 5_000
MAX_FEEDS = 20
ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8"
_WEB = re.compile("https?://", re.IGNORECASE)
_TIMES = ("updated", "modified", "pubDate", "published", "issued", "date")


class FeedDoor:
    """`listfeed.aspx` of the place's list, and the feeds that its pages name."""

    name: DoorName = "feed"
    exhaustive = False

    def knock(self, place: Place) -> tuple[Request, ...]:
        """The feeds known; then the list's own, unless known, at both addresses that SharePoint's versions have.

        The latter two say the same: once one has answered as a feed, the other need not be asked.
        """
        feeds = [feed for feed in place.feeds[:MAX_FEEDS] if on_site(place, place.start, feed)]
        web, guid = web_of(place), guid_of(place.list_id)
        known = any("listfeed.aspx" in feed.lower() and item_identity(feed)[0] == f"{{{guid}}}" for feed in feeds)
        if web is not None and guid is not None and not known:
            feeds += [join_url(web, f"_layouts/{folder}listfeed.aspx?List={{{guid}}}") for folder in ("15/", "")]
        return tuple(Request(feed, accept=ACCEPT) for feed in dict.fromkeys(feeds))

    def read(self, capture: Capture, place: Place) -> Listing:
        """The feed's items. Raises NotAListing, and OffSite where all links lead away from the portal."""
        entries: list[ListingEntry] = []
        off_site = 0
        base = address_of(capture) or place.start
        items = outermost(capture, frozenset({"rss", "feed", "RDF"}), frozenset({"item", "entry"}))
        for item in islice(items, MAX_ITEMS):
            link = _link(item)
            entry = _entry(item, link, base, place) if link is not None else None
            off_site += link is not None and entry is None
            if entry is not None:
                entries.append(entry)
        if off_site and not entries:
            raise failure(OffSite, shown(capture.name or base), f"all {off_site} links of the feed lead away")
        unique = {entry.url: entry for entry in reversed(entries)}
        return Listing(tuple(reversed(unique.values())), cut="newest_only", off_site=off_site)


def _entry(item: etree._Element, link: str, base: str, place: Place) -> ListingEntry | None:
    time = text_of(item, *_TIMES)
    title = text_value(text_of(item, "title"))
    modified = utc(time) or utc_of_mail_date(time)
    return link_entry("feed", place, base, link, title=title, mark=mark_of(time), modified=modified)


def _link(item: etree._Element) -> str | None:
    """Where an item leads: its link (RSS), its alternate link (Atom), else a guid that is a permanent address."""
    guid: str | None = None
    for child in item:
        name, text = local_name(child), (child.text or "").strip()
        if name == "link":
            if text:
                return text
            if child.get("href") and (child.get("rel") or "alternate") == "alternate":
                return child.get("href")
        elif name == "guid" and child.get("isPermaLink") != "false" and _WEB.match(text):
            guid = text
    return guid
