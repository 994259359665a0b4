"""What a rule is given: the page, its zones, its list form, and readings that several fields share."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from scraper.blocks import Block, Flow, read_flow
from scraper.errors import RuleCountError
from scraper.headline import split_headline
from scraper.kinds import DATE_LIKE
from scraper.language import day_first_of, language_of
from scraper.page import Page
from scraper.portals import Portal, PortalRule, rules_for
from scraper.sharepoint.forms import ItemForm
from scraper.zones import Zones

if TYPE_CHECKING:
    from lxml import etree

    from scraper.body import BodyPlan
    from scraper.compose import Places
    from scraper.lines.header import HeaderReading

_LCID_NAMES = ("g_wsaLCID", "currentLanguage", "LocaleId")
_LCID_VALUE = re.compile(r"""["']?\s*[=:]\s*["']?(\d{4,5})""")


_CLOCK = re.compile(
    r"^(?:Thứ\s+\S+|Chủ nhật),?\s+Ngày\s+\d{1,2}/\d{1,2}/\d{4}(?:,?\s+\d{1,2}:\d{2})?\s*-?$", re.IGNORECASE
)
_CONTROLS = re.compile(r"[\x00-\x20\x7f]+(?=[^\x00-\x20]*:)|[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SCHEMES = frozenset(["http", "https", "mailto", "data"])
# A picture inside its own address is kept up to this length; a longer one is known by its place only.
MAX_DATA_ADDRESS = 2_000_000
# Longer addresses are resolved anew each time.
MAX_REMEMBERED = 2000
# Letters around the name on a signature or source line: "(Theo Báo …)", "Nguồn: …".
SIGNATURE_EXTRA = 16
# Of a longer paragraph only this end is looked at for "(Theo Báo …)".
CLOSING_LINE = 120
SIGNATURE_LINE = 70
_CREDIT_WORD = re.compile(r"theo|nguồn|nguon|ảnh|tác giả|source|by ")
# Letters of the body that tell its language.
LANGUAGE_SAMPLE = 1200


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a rule found. value: as the record keeps it.  raw: what was read.  node: where.  rule: set by the engine."""

    value: Any
    raw: str | None = None
    node: str | None = None
    note: str | None = None
    rule: str = ""

    def won_by(self, rule: str) -> Candidate:
        """The same with the name of the rule that found it."""
        return Candidate(self.value, self.raw, self.node, self.note, rule)


Rule = Callable[["View"], Candidate | None]


@dataclass(eq=False)
class View:
    """One page as the rules see it; everything derived is computed once, on demand, from bytes alone."""

    page: Page
    zones: Zones
    form: ItemForm | None
    portal: Portal | None = None
    portal_why: str = ""

    @cached_property
    def title_block(self) -> Block | None:
        """The headline's block."""
        return self.page.blocks[self.zones.title] if self.zones.title is not None else None

    @cached_property
    def stated_body(self) -> tuple[PortalRule, etree._Element] | None:
        """The portal's rule that states the body, with the element that it met."""
        for entry in rules_for(self.portal, "body") if self.portal is not None else ():
            with suppress(RuleCountError):
                if nodes := self.page.stated(entry):
                    return entry, nodes[0]
        return None

    @cached_property
    def body_root(self) -> etree._Element | None:
        """The element whose text is the body, when portal or list form state it; None when zones decide."""
        if self.stated_body is not None:
            return self.stated_body[1]
        stated = self.form.get("body") if self.form is not None else None
        return stated.el if stated is not None and stated.value else None

    @cached_property
    def flow(self) -> Flow:
        """The text that the body is part of: the page's, or its own where it stands in a script or inside a line."""
        if self.body_root is None:
            return self.page.flow
        frame = self.page.flow.frame_of(self.body_root)
        return self.page.flow if frame.end and frame.block is frame else read_flow(self.body_root)

    @cached_property
    def article_blocks(self) -> list[Block]:
        """The blocks of the body before leads and captions are taken out of it."""
        return self.zones.of(self.page, "body") if self.body_root is None else self.flow.blocks_of(self.body_root)

    @cached_property
    def article_root(self) -> etree._Element | None:
        """The element that holds the article's pictures and links, None in a text rendering."""
        if self.body_root is not None:
            return self.body_root
        return self.zones.article.el if self.zones.article is not None else None

    @cached_property
    def plan(self) -> BodyPlan:
        """Lead, paragraphs and pictures of the body."""
        from scraper.body import plan_body

        return plan_body(self)

    @cached_property
    def places(self) -> Places:
        """The tables and lists that the body's paragraphs stand in."""
        from scraper.compose import Places

        return Places(self.plan.paragraphs)

    @cached_property
    def language(self) -> str | None:
        """Language of the article's words, BCP 47."""
        sample = " ".join(block.text for block in self.article_blocks[:6])[:LANGUAGE_SAMPLE]
        title = self.title_block.text if self.title_block else ""
        return language_of(f"{title} {sample}", self.page.root)

    @cached_property
    def day_first(self) -> bool | None:
        """Whether numeric dates put the day first: the words' language, then the site's culture; None when unknown."""
        if self.form is not None and self.form.day_first is not None:
            return self.form.day_first
        if self.language == "vi":
            return True
        source = self.page.source_text
        for name in _LCID_NAMES:
            at = source.find(name)
            if at >= 0 and (found := _LCID_VALUE.match(source, at + len(name))):
                return day_first_of(found.group(1))
        return True if self.language not in (None, "en") else None

    @cached_property
    def header_blocks(self) -> list[Block]:
        """The lines around the headline that tell date, section and byline, headline excluded."""
        return self.zones.of(self.page, "header")

    @cached_property
    def header(self) -> HeaderReading:
        """Those lines read as one."""
        from scraper.lines.header import HeaderReading, read_header

        lines = [block.spaced for block in self.header_blocks]
        if self.title_block is not None and (aside := split_headline(self.title_block)[1]):
            lines.append(aside)
        if not lines:
            return HeaderReading()
        reading = read_header(lines, context="article header", day_first=self.day_first)
        at = reading.lines.get("published_at", len(lines))
        if reading.published is not None and at < len(self.header_blocks) and self._is_clock(self.header_blocks[at]):
            return read_header(lines, context="page header", day_first=self.day_first)
        return reading

    def _is_clock(self, block: Block) -> bool:
        """Whether a date above the headline stands in the very form that page clocks print (observed on portals)."""
        return self.zones.title is not None and block.index < self.zones.title and _CLOCK.match(block.text) is not None

    @cached_property
    def closing(self) -> tuple[HeaderReading, list[Block]]:
        """The last lines of the body read for a signature or a credited source, with those lines."""
        from scraper.lines.header import HeaderReading, read_closing

        blocks = self.article_blocks[-3:] + self.zones.of(self.page, "tail")[:3]
        if not blocks:
            return HeaderReading(), []
        texts = [b.text if len(b.text) <= CLOSING_LINE else b.text[-CLOSING_LINE:] for b in blocks]
        if not any(len(text) <= SIGNATURE_LINE or _CREDIT_WORD.search(text.lower()) for text in texts):
            return HeaderReading(), []  # nothing here is short enough for a name, or speaks of a source
        return read_closing(texts, day_first=self.day_first), blocks

    @cached_property
    def closing_blocks(self) -> list[Block]:
        """Body lines that are nothing but the signature or the source."""
        reading, blocks = self.closing
        found = []
        for name in ("author", "source"):
            value, line = getattr(reading, name), reading.lines.get(name)
            if value and line is not None and len(blocks[line].text) <= len(value) + SIGNATURE_EXTRA:
                found.append(blocks[line])
        return found

    @property
    def told_blocks(self) -> list[Block]:
        """The header lines that gave date, byline, source or counter."""
        return [self.header_blocks[i] for i in self.header.lines.values() if i < len(self.header_blocks)]

    def header_node(self, name: str) -> str | None:
        """Where the header reading found a value."""
        index = self.header.lines.get(name)
        return self.header_blocks[index].node if index is not None and index < len(self.header_blocks) else None

    def absolute(self, address: str | None) -> str | None:
        """An address of the page made absolute; None for scripts, files, nonsense, and a bare `#`."""
        if not address:
            return None
        join = _absolute if len(address) <= MAX_REMEMBERED else _absolute.__wrapped__
        return join(address, self.page.base or "", self.page.url or "")

    def has_date(self, text: str) -> bool:
        """Whether a line prints something like a date."""
        return DATE_LIKE.search(text) is not None


@lru_cache(maxsize=2048)
def _absolute(address: str, base: str, page_url: str) -> str | None:
    """Remembered, since several fields ask for the same links.

    Browsers drop control characters before they read a scheme, so it is judged without them.
    """
    plain = address.isprintable() and " " not in address
    cleaned = address if plain else _CONTROLS.sub("", address).strip()
    scheme = _SCHEME.match(cleaned)
    if not cleaned or cleaned == "#" or (scheme and scheme.group(1).lower() not in _SCHEMES):
        return None
    if scheme and scheme.group(1).lower() == "data":
        return cleaned if len(cleaned) <= MAX_DATA_ADDRESS else None
    for known in (base, page_url, ""):
        try:
            joined = urljoin(known, cleaned)
            urlsplit(joined)  # a broken host raises only here
        except ValueError:
            continue
        if not (scheme := _SCHEME.match(joined)) or scheme.group(1).lower() in _SCHEMES:
            return joined
    return None
