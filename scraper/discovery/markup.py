"""An answer of HTML as the doors read it: parsed once, its links resolved and told apart by host.

Lighter than `scraper.page.Page`, which makes blocks of all visible text: a listing needs links, rows and scripts only.
An answer to an ASP.NET panel (`length|type|id|content|…`) is read as the HTML that it brings.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from lxml import etree

from scraper.addresses import join_url, original_url, portal_host, request_url
from scraper.decode import decode
from scraper.discovery.listing import Place
from scraper.errors import InputError, NotAListing
from scraper.models import Capture
from scraper.text import tidy

MAX_LINKS = 100_000
"""Links read of one page."""
MAX_WORDS = 500
"""Characters kept of a link's text."""

_NO_ADDRESS = re.compile(r"\s*(?:#|(?!https?:)[a-z][a-z0-9+.-]*:)", re.IGNORECASE)
_PLAIN = re.compile(
    r"/(?:[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*/)*"
    r"(?:[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@/-]+)?"
)
_PLAIN_QUERY = re.compile(r"\?[A-Za-z0-9._~!$&'()*+,;=:@/-]+")
_HOST = re.compile(r"https?://(?:www\.)?(\[[^\]]*\]|[^/:]*)")
_DELTA = re.compile(r"\s*(?:[0-9]{1,9}\|[A-Za-z]{1,40}\|[^|]{0,300}\|)")
_PART = re.compile(r"([0-9]{1,9})\|([A-Za-z]{1,40})\|([^|]{0,300})\|")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_SCRIPT_ESCAPE = re.compile(r"\\+u([0-9A-Fa-f]{4})|\\+(/)")
_QUOTES = "\"'<>\r\n"
_QUOTE = re.compile(f"[{_QUOTES}]")
_MAX_STRING = 2_000


@dataclass(slots=True)
class Markup:
    """A parsed answer.

    root: its tree.  text: its source, decoded.  url: the address that answered.  base: what relative links are
    resolved against.  host: the portal's, without `www.`.  off_site: links of interest that lead to other hosts.
    """

    root: etree._Element
    text: str
    url: str
    base: str
    host: str
    off_site: set[str] = field(default_factory=set)

    def address(self, link: str) -> str | None:
        """Where a link leads, in the form of `request_url`; None for what is no web address."""
        if _NO_ADDRESS.match(link):
            return None
        if _PLAIN.fullmatch(link):  # most links of a portal, and nothing in them to tidy
            return self.base[: self.base.index("/", 8)] + link
        if _PLAIN_QUERY.fullmatch(link):
            return self.base.partition("?")[0] + link
        try:
            return join_url(self.base, original_url(link.strip()))
        except InputError:
            return None

    def own(self, link: str) -> str | None:
        """The same, None and counted where it leads to another host."""
        url = self.address(link)
        if url is None or host_of(url) == self.host:
            return url
        self.off_site.add(url)
        return None

    def anchors(self) -> Iterator[tuple[etree._Element, str]]:
        """(element, href) of each link, in reading order."""
        found = ((el, el.get("href") or "") for el in self.root.iter("a", "area"))
        return islice(found, MAX_LINKS)

    def scripts(self) -> list[str]:
        """Text of each script element."""
        return [el.text for el in self.root.iter("script") if el.text]

    def strings_with(self, word: str, limit: int = 50) -> Iterator[str]:
        """The quoted strings (attributes, script literals) in the source that hold a word, escapes resolved."""
        end = 0
        for _ in range(limit):
            position = self.text.find(word, end)
            if position < 0:
                return
            first = max(end, position - _MAX_STRING)
            start = max(first, *(self.text.rfind(quote, first, position) + 1 for quote in _QUOTES))
            found = _QUOTE.search(self.text, position, position + _MAX_STRING)
            end = found.start() if found else position + len(word)
            if found:
                yield unescaped(html.unescape(self.text[start:end])).rstrip("\\")

    def asks_to_log_in(self) -> bool:
        """Whether the page has a password field."""
        return any((el.get("type") or "").lower() == "password" for el in islice(self.root.iter("input"), 2_000))


def read_markup(capture: Capture, place: Place) -> Markup:
    """Parse an answer. Raises NotAListing for what is no HTML at all."""
    decoded = decode(capture.content, capture.info.content_type)
    url = request_url(capture.info.final_url or capture.info.requested_url or place.start)
    name = capture.name or url
    if capture.content.startswith((b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise NotAListing(name, "a file, not a page")
    panel = _panel(decoded.text) if _DELTA.match(decoded.text) else None
    root = parse(panel.encode("utf-8", "replace") if panel is not None else decoded.utf8)
    if root is None:
        raise NotAListing(name, "an empty answer")
    base = next(root.iter("base"), None)
    href = base.get("href") if base is not None else None
    markup = Markup(root, panel if panel is not None else decoded.text, url, url, portal_host(place.start))
    if href and (address := markup.address(href)):
        markup.base = address
    return markup


def parse(utf8: bytes) -> etree._Element | None:
    """The tree of an HTML document; None where there is none. libxml2 bounds its depth at 256 elements."""
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_pis=True, remove_comments=True, collect_ids=False
    )
    try:
        return etree.fromstring(utf8, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None


def no_listing(capture: Capture, markup: Markup, wanted: str) -> NotAListing:
    """The error for a page without what a door looks for; says what came instead where that is plain."""
    came = "a page that asks to log in" if markup.asks_to_log_in() else f"a page without {wanted}"
    return NotAListing(capture.name or markup.url, came)


def host_of(url: str) -> str:
    """The host of an address in the form of `request_url`, as `portal_host` writes it."""
    match = _HOST.match(url)
    return match[1].strip("[]") if match else ""


def words(el: etree._Element) -> str:
    """An element's text on one line, clipped."""
    text = "".join(str(part) for part in islice(el.itertext(), 200))
    return tidy(text[: 2 * MAX_WORDS])[:MAX_WORDS].rstrip()


def unescaped(text: str) -> str:
    """A script's literal without its escapes, however often it was escaped: `\\u0026`, `\\\\u0026`, `\\/`."""
    return _SCRIPT_ESCAPE.sub(lambda match: match[2] or chr(int(match[1], 16)), text) if "\\" in text else text


def _panel(text: str) -> str | None:
    """The HTML of a panel answer, its hidden fields as inputs behind it; None where it is no such answer.

    Lengths count UTF-16 units, as .NET and scripts do.
    """
    units = _ASTRAL.sub(lambda match: match[0].encode("utf-16-le").decode("utf-16-le", "surrogatepass"), text.strip())
    panels: list[str] = []
    fields: list[str] = []
    position = 0
    while match := _PART.match(units, position):
        end = match.end() + int(match[1])
        if units[end : end + 1] != "|":
            break
        content, position = units[match.end() : end], end + 1
        if match[2] == "updatePanel":
            panels.append(content)
        elif match[2] == "hiddenField":
            fields.append(f'<input type="hidden" name="{html.escape(match[3])}" value="{html.escape(content)}">')
    if not panels:
        return None
    return f"<form>{''.join(panels)}{''.join(fields)}</form>"
