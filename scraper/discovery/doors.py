"""The doors in the order in which they are tried: what is exhaustive, cheap and precise comes before what is not."""

from __future__ import annotations

from scraper.discovery.api import ApiDoor
from scraper.discovery.feed import FeedDoor
from scraper.discovery.links import LINKS
from scraper.discovery.listing import Door
from scraper.discovery.odata import ODataDoor
from scraper.discovery.owssvr import OwssvrDoor
from scraper.discovery.section import SECTION
from scraper.discovery.sitemap import SitemapDoor
from scraper.discovery.view import VIEW

DOORS: tuple[Door, ...] = (
    ApiDoor(),
    ODataDoor(),
    VIEW,
    OwssvrDoor(),
    SECTION,
    FeedDoor(),
    SitemapDoor(),
    LINKS,
)
