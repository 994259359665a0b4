"""The visible text of a page as blocks, in frames.

A *block* is what a reader sees as one line or paragraph: the inline text between two block-level boundaries. A plain
text rendering gives the same blocks, one per line, so that every rule works on both. A *frame* is an element that
encloses text, with what rules need of it (hidden, link, bold, names), computed once and shared by all blocks in it.
Only elements with text in them become frames: on real portal pages that is one element in four.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from lxml import etree

from scraper.labels import form_label
from scraper.text import caseless, tidy

BLOCK_TAGS = frozenset(
    "html body address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption figure footer"
    " form h1 h2 h3 h4 h5 h6 header hgroup legend li main menu nav ol p pre section summary table tbody td tfoot th"
    " thead tr ul caption".split()
)
UNSEEN_TAGS = frozenset(
    "script style noscript select textarea button template svg math head title iframe object option menuitem".split()
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BOLD_TAGS = frozenset(["b", "strong", "h1", "h2", "h3", "th"])
_PARAGRAPH_TAGS = frozenset(["p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "figcaption", "caption", "pre", "address"])
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE).search
# Classes that hide by convention: Bootstrap, NukeViet, SharePoint (`s4-die`, `ms-hide`, `ms-accessible`).
_HIDDEN_CLASSES = frozenset("d-none hidden hide sr-only visually-hidden s4-die ms-hide ms-hidden ms-accessible".split())
_BOLD_STYLE = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE).search
_COUNT = re.compile(r"\s*\d[\d.,]*\s+[^\W\d]").match
# No page that people wrote has so many lines; a longer one is read up to here and says so.
MAX_BLOCKS = 60_000
_PAUSES = {"br": "br", "img": "img"}
_TEXT: Any = etree.XPath("descendant::text()")


class Frame:
    """An element that encloses text.

    block: nearest block-level frame (itself when block-level).  up: parent frame.  hidden, link, bold: true of this
    element or inherited.
    """

    __slots__ = ("block", "bold", "el", "hidden", "link", "tag", "up")

    def __init__(self, el: etree._Element, up: Frame | None) -> None:
        self.el = el
        self.up = up
        self.tag: str
        self.tag = tag = el.tag
        self.block: Frame
        if up is None:
            self.block, self.hidden, self.link, self.bold = self, False, False, False
            return
        style = el.get("style")
        self.hidden = up.hidden or tag in UNSEEN_TAGS or el.get("hidden") is not None
        self.bold = up.bold or tag in _BOLD_TAGS
        if style is not None:
            self.hidden = self.hidden or _HIDDEN(style) is not None
            self.bold = self.bold or _BOLD_STYLE(style) is not None
        classes = el.get("class")
        if classes is not None and not _HIDDEN_CLASSES.isdisjoint(classes.split()):
            self.hidden = True
        self.link = up.link or tag == "a"
        self.block = self if tag in BLOCK_TAGS else up.block

    @property
    def classes(self) -> str:
        """The class attribute."""
        return self.el.get("class") or ""

    @property
    def id(self) -> str:
        """The id attribute."""
        return self.el.get("id") or ""

    def ancestors(self) -> Iterator[Frame]:
        """This frame and those around it, innermost first."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.up

    @property
    def names(self) -> str:
        """Class and id as one string."""
        return f"{self.classes} {self.id}"

    def path(self) -> str:
        """A short address for people: the nearest ids and classes, e.g. `div#content > td.body > p`."""
        steps: list[str] = []
        for frame in self.ancestors():
            name = tidy(f"#{frame.id}" if frame.id else "".join(f".{c}" for c in frame.classes.split()[:1]))
            if name or not steps:
                steps.append(frame.tag + (name if len(name) <= 28 else f"{name[0]}…{name[-24:]}"))
            if frame.id and steps or len(steps) == 4:
                break
        return " > ".join(reversed(steps))


class Run(NamedTuple):
    """A piece of text inside a block, in the inline frame that dresses it. `<br>` stands before it when line is true,
    white space when gap is."""

    text: str
    frame: Frame
    line: bool = False
    gap: bool = False


@dataclass(eq=False, slots=True)
class Block:
    """One visible line or paragraph.

    text: tidied; the lines of a `<br>`-broken paragraph are joined by a line break.  links: share of its letters in
    links.  index: position in Page.blocks.  line: number in a text rendering (from 1), 0 in HTML.  head: first 80 letters
    in the comparing form of scraper.text.  label: the list-form label that it prints (label, canonical name, value).
    """

    index: int
    text: str
    frame: Frame | None = None
    runs: Sequence[Run] = ()
    links: float = 0.0
    bold: bool = False
    line: int = 0
    head: str = ""
    label: tuple[str, str, str] | None = None

    def __post_init__(self) -> None:
        if len(self.text) <= 80:
            self.head, self.label = _told_by(self.text)
        else:
            self.head = caseless(self.text[:80])
            self.label = form_label(self.text, self.head)

    @property
    def lines(self) -> list[str]:
        """The text line by line."""
        return self.text.split("\n")

    @property
    def spaced(self) -> str:
        """The text with a bar wherever two inline elements touch without a blank: small facts that only styling parts."""
        text = ""
        for run in self.runs:
            left, right = text.rstrip()[-1:], run.text.lstrip()[:1]
            touching = not run.gap and text == text.rstrip() and run.text == run.text.lstrip() and left not in ":(/-"
            counted = (left.isdigit() and right.isalpha()) or _COUNT(run.text) is not None
            text += (" | " if left and right.isalnum() and (touching or counted) else " ") + run.text
        return tidy(text) if len(self.runs) > 1 else self.text

    @property
    def tag(self) -> str:
        """Tag of the block-level element, "" in a text rendering."""
        return self.frame.tag if self.frame else ""

    @property
    def heading(self) -> int:
        """Heading level, 0 for other blocks."""
        return HEADINGS.get(self.frame.tag, 0) if self.frame else 0

    @property
    def node(self) -> str:
        """Where it stands, for evidence."""
        return self.frame.path() if self.frame else f"line {self.line}"


@lru_cache(maxsize=8192)
def _told_by(text: str) -> tuple[str, tuple[str, str, str] | None]:
    """Head and label of a short line; remembered, since the pages of a portal repeat their menus and forms."""
    head = caseless(text)
    return head, form_label(text, head)


def text_blocks(text: str) -> list[Block]:
    blocks: list[Block] = []
    for number, line in enumerate(text.splitlines(), 1):
        if tidied := tidy(line):
            blocks.append(Block(len(blocks), tidied, line=number))
            if len(blocks) == MAX_BLOCKS:
                break
    return blocks


def frame_of(el: etree._Element, frames: dict[etree._Element, Frame]) -> Frame:
    frame = frames.get(el)
    if frame is None:
        missing = [el]
        parent = el.getparent()
        while parent is not None and parent not in frames:
            missing.append(parent)
            parent = parent.getparent()
        up = frames[parent] if parent is not None else None
        for node in reversed(missing):
            frame = frames[node] = up = Frame(node, up)
    assert frame is not None  # noqa: S101 - the loop ran at least once
    return frame


def html_blocks(root: etree._Element, frames: dict[etree._Element, Frame]) -> list[Block]:
    """The visible text below `root` as blocks, in document order.

    A new block starts where the block-level element changes, at an image, and at `<br>` outside of paragraphs (bare
    lines in a div or a cell); inside a paragraph `<br>` only ends a line. What stands behind MAX_BLOCKS is not read.
    """
    blocks: list[Block] = []
    runs: list[Run] = []
    current: Frame | None = None
    gap = False
    for node in _TEXT(root):
        if node.isspace():
            gap = True  # it parts words of one line; between blocks it is layout
            continue
        parent = node.getparent()
        pause = ""
        if node.is_text:
            frame = frames.get(parent)
            if frame is None:
                frame = frame_of(parent, frames)
                if frame.block is current:
                    pause = _pause_before(parent, current)
        else:
            pause = _PAUSES.get(parent.tag, "")
            if not pause and len(parent) and parent not in frames and parent.find(".//img") is not None:
                pause = "img"
            parent = parent.getparent()
            frame = frames.get(parent) or frame_of(parent, frames)
        if frame.hidden:
            continue
        block = frame.block
        if block is not current or pause == "img" or (pause == "br" and block.tag not in _PARAGRAPH_TAGS):
            if runs:
                _close(blocks, runs)
                runs = []
                if len(blocks) == MAX_BLOCKS:
                    return blocks
            current = block
            pause = ""
            gap = False
        runs.append(Run(node, frame, pause == "br", gap))
        gap = False
    if runs:
        _close(blocks, runs)
    return blocks


def _pause_before(el: etree._Element, block: Frame) -> str:
    """`br` or `img` when one stands directly before the inline element or one that it opens, else ""."""
    inner: etree._Element | None = el
    while inner is not None and inner is not block.el:
        before = inner.getprevious()
        if before is not None:
            return "" if before.tail and before.tail.strip() else _PAUSES.get(before.tag, "")
        inner = inner.getparent()
    return ""


def _close(blocks: list[Block], runs: list[Run]) -> None:
    """Append the block that the runs make, unless nothing visible is left of it."""
    if len(runs) == 1:
        run = runs[0]
        text = tidy(run.text)
        links, bold = (1.0 if run.frame.link else 0.0), run.frame.bold
    else:
        if any(run.line for run in runs):
            joined = "".join(("\n" if run.line else " " if run.gap else "") + _one_line(run.text) for run in runs)
            text = "\n".join(line for line in map(tidy, joined.split("\n")) if line)
        else:
            text = tidy("".join([" " + run.text if run.gap else run.text for run in runs]))
        seen = sum([len(run.text) for run in runs])
        links = sum([len(run.text) for run in runs if run.frame.link]) / seen
        bold = all(run.frame.bold for run in runs)
    if text:
        blocks.append(Block(len(blocks), text, runs[0].frame.block, tuple(runs), links, bold))


def _one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\r", " ") if "\n" in text or "\r" in text else text


def inside(block: Block, frame: Frame | None) -> bool:
    """Whether a block stands in an element."""
    return frame is not None and block.frame is not None and any(f is frame for f in block.frame.ancestors())


def extent(blocks: Sequence[Block], frame: Frame, member: int) -> tuple[int, int]:
    """First and last block in an element, given one of them: what an element encloses stands together."""
    first = last = member
    while first > 0 and inside(blocks[first - 1], frame):
        first -= 1
    while last + 1 < len(blocks) and inside(blocks[last + 1], frame):
        last += 1
    return first, last


def lowest_common(one: Frame, other: Frame) -> Frame:
    """The innermost block-level element around both frames."""
    around = set(one.ancestors())
    return next(frame for frame in other.ancestors() if frame in around).block
