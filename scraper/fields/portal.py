"""Rules that a portal's TOML states, as rules like any other; they stand before the general ones."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from lxml import etree

from scraper.compose import body_text
from scraper.errors import RuleCountError
from scraper.lines.counters import read_views
from scraper.lines.dates import read_dates
from scraper.page import Page
from scraper.portals import Portal, PortalRule, rules_for
from scraper.text import tidy
from scraper.view import Candidate, Rule, View


@dataclass(frozen=True, slots=True)
class Stated:
    """One `[[rules]]` entry as a callable rule."""

    portal: str
    entry: PortalRule

    @property
    def __name__(self) -> str:
        """Name in evidence."""
        return f"portal {self.portal}"

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        """Shown by `explain`."""
        return f"`{self.entry.xpath}` as the portal's file states."

    def __call__(self, view: View) -> Candidate | None:
        """The candidate at the XPath. Raises RuleCountError when it meets another number of nodes than it states."""
        nodes = view.page.stated(self.entry)
        if not nodes:
            return None
        if self.entry.field == "body":
            return self._body(view)
        blocks = [block for node in nodes for block in view.page.flow.blocks_of(node)]
        text = tidy(" ".join(block.text for block in blocks))
        value = _value(self.entry.field, text, view)
        return Candidate(value, text, self.entry.xpath) if value is not None else None

    def _body(self, view: View) -> Candidate | None:
        """The paragraphs of the element, unless another rule of the portal has stated the body before."""
        if view.stated_body is None or view.stated_body[0] is not self.entry:
            return None
        text = body_text(view.plan, view.places)
        return Candidate(text, text[:200], self.entry.xpath)


def _value(field: str, text: str, view: View) -> object:
    if field in ("published_at", "updated_at"):
        return next(iter(read_dates(text, day_first=view.day_first)), None)
    if field == "views":
        found = read_views(text)
        return (
            found if found is not None else int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None
        )
    return text or None


def portal_rules(portal: Portal | None) -> dict[str, list[Rule]]:
    """The rules that a portal states, by the record's field."""
    stated: dict[str, list[Rule]] = {}
    if portal is None:
        return stated
    for entry in portal.rules:
        stated.setdefault("body_text" if entry.field == "body" else entry.field, []).append(Stated(portal.name, entry))
    return stated


def stated_title(page: Page, portal: Portal) -> str | None:
    """The headline's words as the portal's file finds them, for the zones."""
    for entry in rules_for(portal, "title"):
        nodes: list[etree._Element] = []
        with suppress(RuleCountError):  # told by the field
            nodes = page.stated(entry)
        if nodes:
            return tidy(" ".join(block.text for node in nodes for block in page.flow.blocks_of(node))) or None
    return None


def blocks_within(page: Page, elements: Iterable[etree._Element]) -> frozenset[int]:
    """Indices of the blocks that stand in any of the elements."""
    return frozenset(block.index for el in elements for block in page.flow.within(el))
