"""A capture decoded and parsed once, with what rules ask of its head indexed on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from scraper.blocks import MAX_BLOCKS, Block, Flow, read_flow, read_lines
from scraper.decode import decode
from scraper.errors import RuleCountError
from scraper.models import Capture, Problem
from scraper.portals import PortalRule
from scraper.text import tidy


@dataclass(eq=False)
class Page:
    """A parsed capture. `root` is None for a text rendering."""

    capture: Capture
    charset: str
    flow: Flow
    root: etree._Element | None = None
    source_text: str = ""
    problems: tuple[Problem, ...] = ()
    _met: dict[str, list[etree._Element]] = field(default_factory=dict)

    @property
    def blocks(self) -> list[Block]:
        """All visible lines and paragraphs."""
        return self.flow.blocks

    @property
    def url(self) -> str | None:
        """Address that answered, else the one asked for."""
        return self.capture.info.final_url or self.capture.info.requested_url

    @cached_property
    def scripts(self) -> list[tuple[str, str]]:
        """(type, text) of each script element."""
        if self.root is None:
            return []
        return [(el.get("type") or "", el.text or "") for el in self.root.iter("script")]

    @cached_property
    def meta(self) -> dict[str, str]:
        """`<meta>` name or property, lower case → content; the first of each name wins."""
        found: dict[str, str] = {}
        if self.root is not None:
            for el in self.root.iter("meta"):
                name = el.get("name") or el.get("property") or el.get("itemprop")
                content = el.get("content")
                if name and content and (value := tidy(content[:20_000])):
                    found.setdefault(name.lower(), value)
        return found

    @cached_property
    def title_tag(self) -> str:
        """Text of `<title>`: on these portals mostly the site's name."""
        el = next(self.root.iter("title"), None) if self.root is not None else None
        return tidy(el.text or "") if el is not None else ""

    @cached_property
    def canonical(self) -> str | None:
        """`<link rel=canonical>` as printed."""
        if self.root is not None:
            for el in self.root.iter("link"):
                if (el.get("rel") or "").lower() == "canonical" and el.get("href"):
                    return el.get("href")
        return None

    @cached_property
    def base(self) -> str | None:
        """Address that relative links are resolved against."""
        el = next(self.root.iter("base"), None) if self.root is not None else None
        return (el.get("href") if el is not None else None) or self.url

    def nodes(self, rule: PortalRule) -> list[etree._Element]:
        """The elements that a portal's rule meets; remembered, since zones and fields ask for the same."""
        if self.root is None:
            return []
        if rule.xpath not in self._met:
            self._met[rule.xpath] = rule.nodes(self.root)
        return self._met[rule.xpath]

    def stated(self, rule: PortalRule) -> list[etree._Element]:
        """The same, none or as many as the rule states. Raises RuleCountError when it meets another number."""
        found = self.nodes(rule)
        if found and len(found) != (rule.count or len(found)):
            cause = f"{rule.xpath} met {len(found)} nodes, {rule.count} stated"
            raise RuleCountError(self.capture.name or self.url or "", cause)
        return found


def read_page(capture: Capture) -> Page:
    """Decode and parse a capture. Never raises on markup; an empty or broken document gives a page without blocks."""
    decoded = decode(capture.content, capture.info.content_type)
    root = None if capture.info.source in ("text", "wet") else _parse(decoded.utf8)
    if capture.info.source in ("text", "wet"):
        flow = read_lines(decoded.text)
    else:
        flow = Flow() if root is None else read_flow(root)
    problems = decoded.problems
    if len(flow.blocks) == MAX_BLOCKS:
        problems += (Problem("too_long", "body_text", f"only the first {MAX_BLOCKS:,} lines were read"),)
    return Page(capture, decoded.charset, flow, root, decoded.text, problems)


def _parse(utf8: bytes) -> etree._Element | None:
    # libxml2 bounds the depth itself (256 levels without huge_tree), so hostile nesting costs no stack.
    # The index of ids, that only the XPath function id() asks, costs a tenth of the parse.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_pis=True, collect_ids=False)
    try:
        return etree.fromstring(utf8, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None
