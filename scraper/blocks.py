"""The visible text of a page as blocks, in frames.

A *block* is what a reader sees as one line or paragraph: the inline text between two block-level boundaries. A plain
text rendering gives the same blocks, one per line, so that every rule works on both. A *frame* is an element that
encloses text, with what rules need of it (hidden, link, bold, names), computed once and shared by all blocks in it.
Only elements with text in them become frames: on real portal pages that is one element in four.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

from lxml import etree

from scraper.labels import LABEL_LENGTH, form_label
from scraper.text import caseless, tidy

BLOCK_TAGS = frozenset(
    "html body address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption figure"
    " footer form h1 h2 h3 h4 h5 h6 header hgroup legend li main menu nav ol p pre section summary table tbody td tfoot"
    " th thead tr ul caption".split()
)
UNSEEN_TAGS = frozenset(
    "script style noscript select textarea button template svg math head title iframe object option menuitem".split()
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
HIDDEN, BOLD, LINK = 1, 2, 4
_BOLD_TAGS = ("b", "strong", "h1", "h2", "h3", "th")
_TAG_FLAGS = dict.fromkeys(UNSEEN_TAGS, HIDDEN) | dict.fromkeys(_BOLD_TAGS, BOLD) | {"a": LINK}
_PARAGRAPH_TAGS = frozenset(["p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "figcaption", "caption", "pre", "address"])
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE).search
# Classes that hide by convention: Bootstrap, NukeViet, SharePoint (`s4-die`, `ms-hide`, `ms-accessible`).
_HIDDEN_CLASSES = frozenset("d-none hidden hide sr-only visually-hidden s4-die ms-hide ms-hidden ms-accessible".split())
_BOLD_STYLE = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE).search
_COUNT = re.compile(r"\s*\d[\d.,]*\s+[^\W\d]").match
# No page that people wrote has so many lines; a longer one is read up to here and says so.
# Of a style, a class or an id no more than so many letters are looked at.
MAX_NAMES = 1000
MAX_BLOCKS = 60_000
# What an element does to the text around it, where it holds none itself; a comment's tag is lxml's function for it.
_UNSEEN, _LINE, _PICTURE = "unseen", "line", "picture"
_EFFECTS: dict[Any, str] = dict.fromkeys((*UNSEEN_TAGS, etree.Comment), _UNSEEN) | {"br": _LINE, "img": _PICTURE}


class Frame:
    """An element that encloses text.

    up: parent frame.  classes, id: the attributes, "" where there is none.  flags: HIDDEN, BOLD and LINK, of this
    element or inherited.
    """

    __slots__ = ("_holder", "classes", "el", "end", "flags", "id", "start", "tag", "up")

    def __init__(self, el: etree._Element, up: Frame | None, start: int) -> None:
        self.el = el
        self.up = up
        self.tag: str
        self.tag = tag = el.tag
        self.start = start
        self.end = 0
        self.classes = self.id = ""
        self._holder: Frame | None = None  # of itself it holds none: that circle would keep the page in memory
        flags = _TAG_FLAGS.get(tag, 0)
        attributes: list[tuple[str, str]] = el.items()  # type: ignore[assignment]
        for name, value in attributes:
            if name == "class":
                self.classes = value
                flags |= _flags_of_classes(value[:MAX_NAMES])
            elif name == "id":
                self.id = value
            elif name == "style":
                flags |= _flags_of_style(value[:MAX_NAMES])
            elif name == "hidden":
                flags |= HIDDEN
        if up is not None:
            flags |= up.flags
            if tag not in BLOCK_TAGS:
                self._holder = up._holder or up
        self.flags: int = flags

    @property
    def block(self) -> Frame:
        """The nearest block-level frame, itself when block-level."""
        return self._holder or self

    @property
    def hidden(self) -> bool:
        """Whether readers do not see what stands in it."""
        return bool(self.flags & HIDDEN)

    @property
    def bold(self) -> bool:
        """Whether what stands in it is printed bold."""
        return bool(self.flags & BOLD)

    def ancestors(self) -> Iterator[Frame]:
        """This frame and those around it, innermost first."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.up

    def encloses(self, other: Frame) -> bool:
        """Whether `other` is this frame or stands in it.

        A walk numbers its frames: from `start` to `end` are those of this element. One made later encloses none.
        """
        return self.start <= other.start < self.end

    @property
    def names(self) -> str:
        """Class and id as one string."""
        return f"{self.classes} {self.id}"

    def path(self) -> str:
        """A short address for people: the nearest ids and classes, e.g. `div#content > td.body > p`."""
        steps: list[str] = []
        for frame in self.ancestors():
            own, classes = frame.id, frame.classes.split(None, 1)
            name = tidy(f"#{own}") if own else tidy(f".{classes[0]}") if classes else ""
            if name or not steps:
                steps.append(frame.tag + (name if len(name) <= 28 else f"{name[0]}…{name[-24:]}"))
            if own or len(steps) == 4:
                break
        return " > ".join(reversed(steps))


@lru_cache(maxsize=4096)
def _flags_of_style(style: str) -> int:
    return (HIDDEN if _HIDDEN(style) else 0) | (BOLD if _BOLD_STYLE(style) else 0)


@lru_cache(maxsize=4096)
def _flags_of_classes(classes: str) -> int:
    return 0 if _HIDDEN_CLASSES.isdisjoint(classes.split()) else HIDDEN


@dataclass(eq=False, slots=True)
class Run:
    """A piece of text inside a block, in the inline frame that dresses it.

    line: whether `<br>` stands before it.  gap: whether white space does.
    """

    text: str
    frame: Frame
    line: bool = False
    gap: bool = False


@dataclass(eq=False, slots=True)
class Block:
    """One visible line or paragraph.

    text: tidied; the lines of a `<br>`-broken paragraph are joined by a line break.  links: share of its letters in
    links.  index: position in Page.blocks.  line: number in a text rendering (from 1), 0 in HTML.  head: first 80
    letters in the comparing form of scraper.text.  label: the list-form label that it prints (label, canonical name,
    value).  heading: level, 0 for other blocks.
    """

    index: int
    text: str
    head: str
    label: tuple[str, str, str] | None
    frame: Frame | None = None
    runs: Sequence[Run] = ()
    links: float = 0.0
    bold: bool = False
    heading: int = 0
    line: int = 0

    @property
    def lines(self) -> list[str]:
        """The text line by line."""
        return self.text.split("\n")

    @property
    def spaced(self) -> str:
        """The text with a bar where two inline elements touch without a blank: small facts that only styling parts."""
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
    def node(self) -> str:
        """Where it stands, for evidence."""
        return self.frame.path() if self.frame else f"line {self.line}"


def _told_by(text: str) -> tuple[str, tuple[str, str, str] | None]:
    """Head and label of a line."""
    if len(text) <= LABEL_LENGTH:
        return _told_by_short(text)
    head = caseless(text[:LABEL_LENGTH])
    return head, form_label(text, head)


@lru_cache(maxsize=8192)
def _told_by_short(text: str) -> tuple[str, tuple[str, str, str] | None]:
    """The same, remembered, since the pages of a portal repeat their menus and forms."""
    head = caseless(text)
    return head, form_label(text, head)


@dataclass(eq=False, slots=True)
class Flow:
    """The visible text below an element, in document order.

    frames: of the elements with text in them.  places: for each block, how many frames there were when it began.
    pictures: image → index of the block behind it.
    """

    blocks: list[Block] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    pictures: dict[etree._Element, int] = field(default_factory=dict)
    _known: dict[etree._Element, Frame] = field(default_factory=dict)

    def frame_of(self, el: etree._Element) -> Frame:
        """The frame of any element, made on demand where there is no text in it."""
        known = self._known
        if not known:
            known.update({frame.el: frame for frame in self.frames})
        missing = []
        around: etree._Element | None = el
        while around is not None and around not in known:
            missing.append(around)
            around = around.getparent()
        frame = known[around] if around is not None else None
        for inner in reversed(missing):
            frame = known[inner] = Frame(inner, frame, frame.start if frame is not None else 0)
        assert frame is not None  # noqa: S101 - the element was either known or missing
        return frame

    def within(self, el: etree._Element) -> list[Block]:
        """The blocks that stand in an element."""
        frame = self.frame_of(el)
        first, last = bisect_right(self.places, frame.start), bisect_right(self.places, frame.end)
        return [block for block in self.blocks[first:last] if inside(block, frame)]

    def blocks_of(self, el: etree._Element) -> list[Block]:
        """The blocks that an element's text makes: of a part of a line that part alone."""
        frame = self.frame_of(el)
        return self.within(el) if frame.block is frame else read_flow(el).blocks


def read_lines(text: str) -> Flow:
    """A text rendering: every line that shows anything is a block. What stands behind MAX_BLOCKS is not read."""
    blocks: list[Block] = []
    for number, line in enumerate(text.splitlines(), 1):
        if tidied := tidy(line):
            blocks.append(Block(len(blocks), tidied, *_told_by(tidied), line=number))
            if len(blocks) == MAX_BLOCKS:
                break
    return Flow(blocks)


def read_flow(root: etree._Element) -> Flow:
    """The visible text below `root`.

    A new block starts where the block-level element changes, at an image, and at `<br>` outside of paragraphs (bare
    lines in a div or a cell); inside a paragraph `<br>` only ends a line. What stands behind MAX_BLOCKS is not read.
    """
    flow = Flow()
    writer = _Writer(flow, root)
    opened, framed, frames = writer.opened, writer.framed, flow.frames
    text = root.text
    if text and not text.isspace():
        writer.say(text)
    elements = root.iterdescendants()
    for el in chain(elements, [root]):  # the root once more: to leave what is open
        parent = el.getparent() if el is not root else root
        while opened[-1] is not parent:
            left = opened.pop()
            if framed[-1].el is left:
                framed.pop().end = len(frames)
            text = left.tail
            if text and not text.isspace():
                writer.say(text)
            elif text:
                writer.gap = True
        if el is root:
            break
        effect = _EFFECTS.get(el.tag)
        if effect is None:
            opened.append(el)
            text = el.text
        else:
            if effect is _LINE:
                writer.line = True
            elif effect is _PICTURE:
                writer.flush()
                flow.pictures[el] = len(flow.blocks)
            elif len(el):
                deque(zip(el.iterdescendants(), elements, strict=False), maxlen=0)  # skips what the element holds
            text = el.tail
        if text and not text.isspace():
            writer.say(text)
            if len(flow.blocks) >= MAX_BLOCKS:
                break
        elif text:
            writer.gap = True
    writer.flush()
    for frame in framed:
        frame.end = len(frames)
    del flow.blocks[MAX_BLOCKS:]
    return flow


def _outer_frame(root: etree._Element) -> Frame:
    """The frame of the element that a walk begins at, with what it inherits."""
    frame: Frame | None = None
    for around in (*reversed(list(root.iterancestors())), root):
        frame = Frame(around, frame, 0)
    assert frame is not None  # noqa: S101 - `root` is among them
    return frame


class _Writer:
    """Elements with text in them made into frames, and their runs of text into blocks.

    opened: the elements around the place, outermost first.  framed: the frames of the first of them; of the others none
    has been needed yet.  line, gap: whether a `<br>` or white space has come since the last run.
    """

    def __init__(self, flow: Flow, root: etree._Element) -> None:
        self.opened = [root]
        self.framed = [_outer_frame(root)]
        self.line = self.gap = False
        self._flow = flow
        self._frames = flow.frames
        self._frames.append(self.framed[0])
        self._place = 0
        self._runs: list[Run] = []
        self._holder: Frame | None = None

    def say(self, text: str) -> None:
        """Add a piece of text, not blank, that stands in the innermost of the opened elements; hidden text is none."""
        framed, frames = self.framed, self._frames
        frame = framed[-1]
        if len(framed) < len(self.opened):
            for el in self.opened[len(framed) :]:
                if frame.flags & HIDDEN:
                    return
                frame = Frame(el, frame, len(frames))
                frames.append(frame)
                framed.append(frame)
        if frame.flags & HIDDEN:
            return
        holder = frame._holder or frame
        if holder is not self._holder or (self.line and holder.tag not in _PARAGRAPH_TAGS):
            self.flush()
            self._holder = holder
            self._place = len(frames)
        self._runs.append(Run(text, frame, self.line, self.gap))
        self.line = self.gap = False

    def flush(self) -> None:
        """End the block, unless nothing visible stands in it."""
        runs, holder = self._runs, self._holder
        self._holder = None
        self.line = self.gap = False
        if holder is None:
            return
        self._runs = []
        if len(runs) == 1:
            text, flags = tidy(runs[0].text), runs[0].frame.flags
            links, bold = 1.0 if flags & LINK else 0.0, bool(flags & BOLD)
        else:
            text = _joined(runs)
            linked = sum([len(run.text) for run in runs if run.frame.flags & LINK])
            links = linked / sum([len(run.text) for run in runs]) if linked else 0.0
            bold = all(run.frame.flags & BOLD for run in runs)
        if text:
            flow, tag = self._flow, holder.tag
            blocks = flow.blocks
            flow.places.append(self._place)
            head, label = _told_by(text)
            blocks.append(Block(len(blocks), text, head, label, holder, runs, links, bold, HEADINGS.get(tag, 0)))


def _joined(runs: Sequence[Run]) -> str:
    if not any(run.line for run in runs):
        return tidy("".join([" " + run.text if run.gap else run.text for run in runs]))
    joined = "".join(("\n" if run.line else " " if run.gap else "") + _one_line(run.text) for run in runs)
    return "\n".join(line for line in map(tidy, joined.split("\n")) if line)


def _one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\r", " ") if "\n" in text or "\r" in text else text


def inside(block: Block, frame: Frame | None) -> bool:
    """Whether a block stands in an element."""
    return frame is not None and block.frame is not None and frame.encloses(block.frame)


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
    while one.up is not None and not one.encloses(other):
        one = one.up
    return one.block
