"""The door `links`: whatever links of article shape a page shows; not exhaustive, and open on every portal.

An address has the shape of an article where it names an item (`?ItemID=7`, `DispForm.aspx?ID=7`), where it lies in a
folder of its day (`/Pages/2020-5-29/hop-bao.aspx`), or where its name is a headline (`/quyet-dinh-ve-viec-cong-bo-…`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from lxml import etree

from scraper.addresses import item_identity
from scraper.discovery.listing import DoorName, Listing, ListingEntry, Place, Request
from scraper.discovery.markup import Markup, host_of, no_listing, read_markup, words
from scraper.discovery.place import FORMS, for_printing, parts_of
from scraper.discovery.told import told_by
from scraper.models import Capture
from scraper.text import tidy

HEADLINE = 20
"""Fewest letters of a link's text that a headline has; shorter ones are menu words."""

_ITEM = re.compile(r"[?&](?:item|news|tin|bai|article|post)?_?id=0*[1-9][0-9]{0,9}(?=&|$)", re.IGNORECASE)
_DAY_FOLDER = re.compile(r"/[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}/[^/?]+\.aspx$", re.IGNORECASE)
_MAY_BE = re.compile(r"id=[0-9]|[0-9A-Za-z%]-[0-9A-Za-z%]", re.IGNORECASE)
_FILE = re.compile(r"\.(?!aspx?$|html?$|[a-z]{0,2}php$)[a-z0-9]{2,5}$", re.IGNORECASE)
_NO_ARTICLE = re.compile(
    r"/_(?:layouts|catalogs|vti_bin|api)/(?!(?:1[56]/)?listform\.aspx)|/Attachments/|/PhanTrang/"
    r"|/(?:edit|new)form\.aspx$",
    re.IGNORECASE,
)
_PAGED = re.compile(r"[?&](?:page|trang|paged)=", re.IGNORECASE)
_PARTS = re.compile(r"[-_\s]+")
_DATE = re.compile(
    r"(?<![0-9/.-])[0-9]{1,2}[/.-][0-9]{1,2}(?:[/.-][0-9]{4})?(?![0-9/.-])(?:\s{1,3}\|?\s{0,3}[0-9]{1,2}[:h][0-9]{2})?"
    r"|(?<![0-9/.-])[0-9]{1,2} [^\W\d_]{3,12}(?: [0-9]{4})?(?!\w)"
)
_AROUND, _LINE = 400, 60  # letters around a link that are looked at; of a line that prints a date, not a sentence


class LinksDoor:
    """Reads the links of the page that the user named."""

    name: DoorName = "links"
    exhaustive = False

    def knock(self, place: Place) -> tuple[Request, ...]:
        """The start page."""
        return (Request(place.start),)

    def read(self, capture: Capture, place: Place) -> Listing:
        """The links of article shape on the portal's host. Raises NotAListing where there are none."""
        markup = read_markup(capture, place)
        told = told_by(markup, place)
        entries = article_links(markup, told, self.name)
        if not entries:
            raise no_listing(capture, markup, "links to articles")
        return Listing(entries, place=told, off_site=len(markup.off_site))


def article_links(markup: Markup, place: Place, door: DoorName) -> tuple[ListingEntry, ...]:
    """An entry for each link of article shape, in reading order; of several links to one page the best title counts."""
    shapes: dict[str, str | None] = {}
    found: dict[str, ListingEntry] = {}
    for el, href in markup.anchors():
        if not _MAY_BE.search(href):
            continue
        if href not in shapes:
            shapes[href] = _article(markup, place, href)
        if (url := shapes[href]) is None:
            continue
        title = _title(el)
        known = found.get(url)
        if known is not None and not _better(title, known.title):
            continue
        if known is None and not has_item(url) and len(title or "") < HEADLINE:
            continue
        named, number = item_identity(url)
        path = named if named and not named.startswith("{") else place.list_path if _is_placed(url, place) else None
        mark = _date_beside(el) or (known.mark if known else None)
        found[url] = ListingEntry(url, door, title, number, path, mark)
    return tuple(found.values())


def has_item(url: str) -> bool:
    """Whether an address names one item, or a page in a folder of its day."""
    return _ITEM.search(url) is not None or _DAY_FOLDER.search(url.partition("?")[0]) is not None


def is_article(url: str) -> bool:
    """Whether an address in the form of `request_url` has the shape of an article's."""
    path = parts_of(url)[1]
    if _NO_ARTICLE.search(path) or _FILE.search(path) or for_printing(path):
        return False
    if has_item(url):
        return True
    if _PAGED.search(url):
        return False
    parts = [part for part in _PARTS.split(path.rstrip("/").rpartition("/")[2].partition(".")[0]) if part]
    return len(parts) >= 5 or (len(parts) >= 3 and any(len(part) >= 3 and part.isdigit() for part in parts))


def _article(markup: Markup, place: Place, href: str) -> str | None:
    """The address of an article on the portal's own host; others are counted."""
    url = markup.address(href)
    if url is None or url == markup.url or not is_article(url) or _of_another_list(url, place):
        return None
    if host_of(url) != markup.host:
        if has_item(url):
            markup.off_site.add(url)
        return None
    return url


def _of_another_list(url: str, place: Place) -> bool:
    """Whether a form shows an item of another list than the place's: a lookup column's link."""
    named = item_identity(url)[0] if FORMS.search(parts_of(url)[1]) else None
    if named is None or (place.list_path is None and place.list_id is None):
        return False
    own = (place.list_path or "").casefold(), "{" + (place.list_id or "") + "}"
    known = place.list_id if named.startswith("{") else place.list_path
    return known is not None and named.casefold() not in own


def _is_placed(url: str, place: Place) -> bool:
    """Whether an item's address is of the form that the place's list has."""
    return place.item is not None and url.partition("?")[0].casefold() == place.item.partition("?")[0].casefold()


def _title(el: etree._Element) -> str | None:
    text = words(el)
    if len(text) < HEADLINE:
        image = next(el.iter("img"), None)
        stated = el.get("title") or (image.get("alt") if image is not None else None) or ""
        text = max(text, tidy(stated[:1000])[:500], key=len)
    return text or None


def _better(title: str | None, known: str | None) -> bool:
    """Whether a further link's text is the headline and the first was a picture or "more"."""
    return title is not None and len(known or "") < HEADLINE and len(title) > len(known or "")


def _date_beside(el: etree._Element) -> str | None:
    """A date printed near the link and outside of it, in the smallest element that holds both."""
    inside = set(islice(el.iter(), 100))
    for up in islice(el.iterancestors(), 3):
        for text in _outside(up, inside):
            if match := _DATE.search(text):
                return tidy(match[0])
    return None


def _outside(el: etree._Element, inside: set[etree._Element]) -> Iterator[str]:
    """Up to so many text nodes of an element as a teaser has, without those of the link itself."""
    size = 0
    for part in islice(el.iter(), 60):
        if part.tag == "a" and part not in inside and (part.text or "").strip():
            return  # the next teaser begins
        for text in (None if part in inside else part.text, part.tail if part is not el else None):
            if text and (words_ := text.strip()):
                size += len(words_)
                if len(words_) <= _LINE:
                    yield words_
        if size > _AROUND:
            return


LINKS = LinksDoor()
