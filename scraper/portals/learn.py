"""A portal's file proposed from a few of its pages: what varies between them is a field, what repeats is chrome."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scraper.addresses import portal_host
from scraper.blocks import Block, Frame
from scraper.errors import InputError
from scraper.portals import PortalRule
from scraper.view import View

# Ids and classes made anew for each page, item or deployment.
_GENERATED = re.compile(r"\d{3,}|[0-9a-f]{8}_[0-9a-f]{4}|ctl\d\d|^zz\d|ExternalClass|WPQ\d", re.IGNORECASE)
# What SharePoint calls its own elements.
_PRODUCT_NAME = re.compile(r"(?:ms|s4)-|\w*PlaceHolder|aspnetForm|MSO", re.IGNORECASE)
_SAFE_NAME = re.compile(r"^[A-Za-z][\w-]*$")
STEPS = 3
MARKERS = 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was learnt. rules: field → XPath that meets one node on every page.  drop: XPaths of what repeats.

    markers: names that stand on every page, where no address tells the hosts.
    """

    hosts: tuple[str, ...]
    markers: tuple[str, ...]
    family: str
    rules: tuple[tuple[str, str], ...]
    drop: tuple[str, ...]
    pages: int

    def toml(self, name: str) -> str:
        """The proposal as a portal file."""
        lines = [
            f"# Proposed from {self.pages} pages; read every line before you keep it.",
            f"name = {json.dumps(name)}",
        ]
        lines.append(f"family = {json.dumps(self.family)}")
        if self.hosts:
            lines.append(f"hosts = {json.dumps(list(self.hosts))}")
        else:
            lines.append(f"markers = {json.dumps(list(self.markers))}  # see that no other portal has all of these")
        for field, xpath in self.rules:
            lines += [
                "",
                "[[rules]]",
                f"field = {json.dumps(field)}",
                f"xpath = {json.dumps(xpath, ensure_ascii=False)}",
            ]
        for xpath in self.drop:
            lines += ["", "[[drop]]", f"xpath = {json.dumps(xpath, ensure_ascii=False)}"]
        return "\n".join(lines) + "\n"


def learn(views: Sequence[View]) -> Proposal:
    """Compare the pages of one portal. Needs two at least to tell chrome from content.

    Raises InputError when neither an address nor a name on the pages tells the portal from others.
    """
    hosts = sorted({portal_host(view.page.url) for view in views if view.page.url} - {""})
    family = next((view.portal.family for view in views if view.portal is not None), "")
    rules = []
    for field in ("title", "section", "published_at", "author", "views"):
        xpaths = [xpath_of(block.frame) for view in views if (block := _block_of(view, field)) and block.frame]
        if len(xpaths) == len(views) and len(set(xpaths)) == 1 and _meets_one(xpaths[0], views):
            rules.append((field, xpaths[0]))
    markers = () if hosts else _markers(views)
    if not hosts and not markers:
        source = ", ".join(view.page.capture.name or "a page" for view in views)
        raise InputError(source, "they share no name of their own: give --url", what="cannot learn a portal")
    return Proposal(tuple(hosts), markers, family, tuple(rules), tuple(_repeated(views)), len(views))


def _markers(views: Sequence[View]) -> tuple[str, ...]:
    """The longest classes and ids that stand on every page and are none of the product's own."""
    shared = set.intersection(*({name for frame in v.page.flow.frames for name in frame.names.split()} for v in views))
    own = (n for n in shared if _SAFE_NAME.match(n) and not _GENERATED.search(n) and not _PRODUCT_NAME.match(n))
    return tuple(sorted(own, key=lambda name: (-len(name), name))[:MARKERS])


def _block_of(view: View, field: str) -> Block | None:
    """The block that gave the field on a page, where it is one of its own."""
    if field == "title":
        return view.title_block
    line = view.header.lines.get(field)
    if line is not None and line < len(view.header_blocks):
        return view.header_blocks[line]
    if field == "views":
        return next((b for b in view.zones.of(view.page, "tail") if b.label and b.label[1] == "views"), None)
    return None


def _meets_one(xpath: str, views: Iterable[View]) -> bool:
    rule = PortalRule("title", xpath)
    return all(view.page.root is not None and len(rule.nodes(view.page.root)) == 1 for view in views)


def _repeated(views: Sequence[View]) -> list[str]:
    """XPaths of blocks that stand in the article zone of every page with the same words."""
    if len(views) < 2:
        return []
    seen: Counter[tuple[str, str]] = Counter()
    for view in views:
        inside = view.zones.of(view.page, "body", "tail", "related", "tools")
        seen.update({(xpath_of(block.frame), block.text) for block in inside if block.frame is not None})
    repeated = {xpath for (xpath, _), pages in seen.items() if pages == len(views)}
    varying = {xpath for (xpath, _), pages in seen.items() if pages < len(views)}
    return sorted(xpath for xpath in repeated - varying if "@" in xpath)


def xpath_of(frame: Frame) -> str:
    """An XPath that should hold on other pages too: stable ids and classes of the element and those around it."""
    steps: list[str] = []
    for around in frame.ancestors():
        if around.block is not around:
            continue
        if _SAFE_NAME.match(around.id) and not _GENERATED.search(around.id):
            steps.append(f"{around.tag}[@id='{around.id}']")
            break
        name = next((c for c in around.classes.split() if _SAFE_NAME.match(c) and not _GENERATED.search(c)), None)
        if name is not None:
            steps.append(f"{around.tag}[contains(concat(' ', @class, ' '), ' {name} ')]")
        elif not steps:
            steps.append(around.tag)
        if len(steps) == STEPS:
            break
    return "//" + "//".join(reversed(steps))
