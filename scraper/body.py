"""The article's body as a plan: which blocks are lead, paragraphs and captions, and where the pictures stand.

`BodyPlan` is made once per page; the fields summary, body_text, body_html and images all read it, so that a caption
never shows up twice and the order is the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scraper.addresses import file_name_of
from scraper.blocks import Block, Frame, lowest_common
from scraper.labels import labels
from scraper.lines.captions import is_file_name, split_caption
from scraper.models import Image
from scraper.roles import rich_text_around
from scraper.text import key, tidy
from scraper.view import View

if TYPE_CHECKING:
    from lxml import etree

CAPTION_LIMIT = 320
# A line this short, standing alone under a picture and without a full stop, is its caption.
BARE_CAPTION_LIMIT = 120
_CAPTION_NAME = re.compile(r"caption|chu-?_?thich|ghi-?chu|wp-caption|ms-rteElement-.*caption", re.IGNORECASE)
_LEAD_NAME = re.compile(
    r"lead|sapo|summary|tom-?_?tat|description|intro|excerpt|hometext|news-des|mo-?ta", re.IGNORECASE
)
_CENTRED = re.compile(r"text-align\s*:\s*center|font-style\s*:\s*italic", re.IGNORECASE)
_LAYOUT_PICTURE = re.compile(
    r"/_layouts/|/_catalogs/|blank\.gif|spacer|/icons?/|emoticon|pixel|transparent", re.IGNORECASE
)
_SIZE = re.compile(r"^\s*(\d{1,5})(?:px)?\s*$")
SMALLEST_PICTURE = 50


@dataclass(eq=False, slots=True)
class Figure:
    """A picture and where it stands: before the block with index `before` in the plan's paragraphs."""

    image: Image
    before: int
    node: str | None = None


@dataclass(eq=False, slots=True)
class BodyPlan:
    """lead: paragraphs set apart from the body.  paragraphs: the body.  figures: pictures in reading order."""

    lead: list[Block] = field(default_factory=list)
    paragraphs: list[Block] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)


def plan_body(view: View) -> BodyPlan:
    """Sort the article's blocks into lead, paragraphs and captions."""
    blocks = view.article_blocks
    plan = BodyPlan()
    if view.article_root is None:
        rest = _lift_lines([b for b in blocks if b not in view.closing_blocks], plan)
        plan.lead, plan.paragraphs = _split_text_lead(view, rest)
        return plan
    placed = _place_pictures(view, blocks)
    captions = _captions(view, blocks, placed)
    plan.lead = _lead(view, [b for b in blocks if b not in captions.values()])
    taken = {*plan.lead, *captions.values(), *view.closing_blocks}
    positions = [i for i, block in enumerate(blocks) if block not in taken]
    plan.paragraphs = [blocks[i] for i in positions]
    for picture, position in placed:
        caption = captions.get(picture)
        text = caption.text.replace("\n", " ") if caption else None
        before = sum(1 for i in positions if i < position)
        plan.figures.append(Figure(_image(view, picture, text), before, view.page.frame_of(picture).path()))
    return plan


def _image(view: View, picture: etree._Element, caption: str | None) -> Image:
    source = _source(picture)
    url = view.absolute(source)
    name = file_name_of(url) if url and not url.startswith("data:") else None
    alt = tidy(picture.get("alt") or "") or None
    credit = split_caption(caption)[1] if caption else None
    return Image(url, name, alt, caption, credit)


def _source(picture: etree._Element) -> str:
    """The picture's address; lazy loaders keep the real one in a data attribute."""
    for name in ("data-src", "data-original", "data-lazy-src", "src"):
        value = (picture.get(name) or "").strip()
        if value and not value.startswith("data:image/gif"):
            return value
    return ""


def _is_content(picture: etree._Element) -> bool:
    source = _source(picture)
    if not source or _LAYOUT_PICTURE.search(source[:400]) or key(picture.get("alt") or "") in labels().tools:
        return False
    for name in ("width", "height"):
        size = _SIZE.match(picture.get(name) or "")
        if size and int(size.group(1)) < SMALLEST_PICTURE:
            return False
    return True


def _place_pictures(view: View, blocks: Sequence[Block]) -> list[tuple[etree._Element, int]]:
    """The article's pictures, each with the number of body blocks before it."""
    root = view.article_root
    assert root is not None  # noqa: S101 - the caller checked
    pictures = [p for p in root.iter("img") if _is_content(p)]
    if not pictures:
        return []
    order = {el: number for number, el in enumerate(root.iter())}
    starts = [_order_of(block, order) for block in blocks]
    low, high = _bounds(view, order)
    aside = {block.frame for block in view.zones.of(view.page, "tail", "tools", "chrome")}
    placed = []
    for picture in pictures:
        at = order[picture]
        frame = view.page.frame_of(picture)
        if (
            not low <= at < high
            or frame.hidden
            or (view.body_root is None and view.zones.roles[frame.block] in _NOT_BODY)
        ):
            continue
        placed.append((picture, sum(1 for start in starts if start < at)))
    return placed


_NOT_BODY = frozenset(["nav", "chrome", "related", "tools", "comments", "footer"])


def _order_of(block: Block, order: dict[etree._Element, int]) -> float:
    """Document position of a block's first letter, in elements of the article."""
    text = block.runs[0].text
    parent = text.getparent()  # type: ignore[attr-defined]
    if text.is_text:  # type: ignore[attr-defined]
        return order.get(parent, -1) + 0.5
    last = parent
    for last in parent.iter():
        pass
    return order.get(last, order.get(parent, -1)) + 0.5


def _bounds(view: View, order: dict[etree._Element, int]) -> tuple[float, float]:
    """Between which positions pictures belong to the article: from its headline to what follows the body."""
    low, high = -1.0, float(len(order))
    if view.body_root is not None:
        return low, high
    if view.title_block is not None and view.title_block.frame and view.title_block.frame.el in order:
        low = _order_of(view.title_block, order)
    last = next((block for block in reversed(view.article_blocks)), None)
    holder = view.zones.core_frame
    if last is not None and holder is not None and holder.el in order:
        end_of_core = max((order[el] for el in holder.el.iter()), default=0) + 1.0
        high = min(high, max(end_of_core, _order_of(last, order)))
    core_end = view.zones.core[1] if view.zones.core else 0
    for block in view.page.blocks[core_end + 1 :]:
        if view.zones.marks[block.index] in ("related", "form", "footer") and block.frame and block.frame.el in order:
            return low, min(high, _order_of(block, order))
    return low, high


def _captions(
    view: View, blocks: Sequence[Block], placed: Sequence[tuple[etree._Element, int]]
) -> dict[etree._Element, Block]:
    """The caption block of each picture that has one: the line under it, never the same line for two pictures."""
    found: dict[etree._Element, Block] = {}
    for number, (picture, position) in enumerate(placed):
        if (below := _cell_below(view.page.frame_of(picture), blocks)) is not None and below not in found.values():
            found[picture] = below
            continue
        if position >= len(blocks) or (number + 1 < len(placed) and placed[number + 1][1] == position):
            continue  # no text below, or the next picture comes first
        block = blocks[position]
        frame = view.page.frame_of(picture)
        if block not in found.values() and _is_caption(view, frame, block, blocks, position):
            found[picture] = block
    return found


def _is_caption(view: View, picture: Frame, block: Block, blocks: Sequence[Block], position: int) -> bool:
    text = block.text
    if len(text) > CAPTION_LIMIT or block.frame is None or block.heading in (1, 2):
        return False
    if _shares(picture, block.frame, ("figure", "dl")) or _CAPTION_NAME.search(_own_names(block)):
        return True
    table = next((f for f in picture.ancestors() if f.tag == "table"), None)
    if table is not None and table in set(block.frame.ancestors()) and _lines_in(table, blocks) <= 2:
        return not _side_by_side(picture, block.frame)
    if split_caption(text)[1] or (not block.bold and _alone_with(picture, block, blocks)):
        return True
    if len(text) > BARE_CAPTION_LIMIT or text[-1] in ".:;!?…" or (block.bold and not _looks_set_apart(block)):
        return False
    same_block = picture.block is block.frame
    alone = not any(b.frame is picture.block for b in blocks) or same_block
    return alone and (same_block or _looks_set_apart(block) or position + 1 < len(blocks))


def _alone_with(picture: Frame, block: Block, blocks: Sequence[Block]) -> bool:
    """Whether the smallest element around picture and line holds no other line of the body, and is not the line's own."""
    if block.frame is None:
        return False
    holder = lowest_common(picture, block.frame)
    return holder is not block.frame and sum(1 for b in blocks if b.frame and holder in set(b.frame.ancestors())) == 1


def _around(frame: Frame, *tags: str) -> Frame | None:
    return next((f for f in frame.ancestors() if f.tag in tags), None)


def _side_by_side(picture: Frame, line: Frame) -> bool:
    """Whether picture and line stand in two cells of one row: a picture beside its text, not above its caption."""
    one, other = _around(picture, "td", "th"), _around(line, "td", "th")
    return one is not other and one is not None and other is not None and one.up is other.up


def _cell_below(picture: Frame, blocks: Sequence[Block]) -> Block | None:
    """The line in the cell below a picture, in a table that sets several pictures side by side."""
    cell, row = _around(picture, "td"), _around(picture, "tr")
    if cell is None or row is None or len(row.el) < 2:
        return None
    below = row.el.getnext()
    if below is None or below.tag != "tr" or len(below) != len(row.el) or below.find(".//img") is not None:
        return None
    target = below[row.el.index(cell.el)]
    lines = [b for b in blocks if b.frame is not None and any(f.el is target for f in b.frame.ancestors())]
    return lines[0] if len(lines) == 1 and len(lines[0].text) <= CAPTION_LIMIT else None


def _own_names(block: Block) -> str:
    frames = [run.frame for run in block.runs[:1]] + ([block.frame] if block.frame else [])
    return " ".join(frame.names for frame in frames)


def _looks_set_apart(block: Block) -> bool:
    frames = (run.frame for run in block.runs)
    return all(
        any(
            f.tag in ("em", "i", "small", "center") or _CENTRED.search(f.el.get("style") or "")
            for f in _upto(frame, block)
        )
        for frame in frames
    )


def _upto(frame: Frame, block: Block) -> Iterator[Frame]:
    for around in frame.ancestors():
        yield around
        if around is block.frame:
            return


def _shares(one: Frame, other: Frame, tags: tuple[str, ...]) -> bool:
    around = {f for f in one.ancestors() if f.tag in tags}
    return bool(around) and any(f in around for f in other.ancestors())


def _lines_in(table: Frame, blocks: Sequence[Block]) -> int:
    return sum(1 for b in blocks if b.frame is not None and any(f is table for f in b.frame.ancestors()))


def _lead(view: View, blocks: Sequence[Block]) -> list[Block]:
    """The lead, where the page sets it apart: outside the element that holds the rest of the body, or in bold alone.

    A bold first paragraph that the editor typed into the body's own rich-text field stays in the body.
    """
    if len(blocks) < 2 or blocks[0].frame is None or view.body_root is not None:
        return []
    first, rest = blocks[0], blocks[1:]
    if not 40 <= len(first.text) <= 1200 or first.text[-1] == ":" or (first.heading and not _is_sentence(first.text)):
        return []
    paragraphs = [block for block in rest if view.zones.weights[block.index] > 0] or rest
    around = paragraphs[0].frame
    for block in paragraphs[1:]:
        if around is not None and block.frame is not None:
            around = lowest_common(around, block.frame)
    if around is None or around is first.frame:
        return []
    typed_in = rich_text_around(first.frame)
    if typed_in is not None and typed_in is rich_text_around(paragraphs[0].frame):
        return []
    marked = first.bold or _LEAD_NAME.search(_own_names(first)) is not None
    if around in set(first.frame.ancestors()):
        return [first] if marked and not any(block.bold for block in paragraphs) else []
    return [first] if marked or (len(paragraphs) >= 2 and around.tag not in ("p", "li", "td")) else []


def _is_sentence(text: str) -> bool:
    return len(text) > 80 and text[-1] in ".!?…"


def _lift_lines(blocks: Sequence[Block], plan: BodyPlan) -> list[Block]:
    """Take picture file names and the caption under each out of a text rendering's lines."""
    rest: list[Block] = []
    index = 0
    while index < len(blocks):
        block = blocks[index]
        if is_file_name(block.text):
            caption = None
            if index + 1 < len(blocks):
                below = blocks[index + 1]
                touching = below.line - block.line == 1
                if len(below.text) <= CAPTION_LIMIT and (touching or split_caption(below.text)[1]):
                    caption = below.text
                    index += 1
            credit = split_caption(caption)[1] if caption else None
            plan.figures.append(Figure(Image(None, block.text, None, caption, credit), len(rest), block.node))
        else:
            rest.append(block)
        index += 1
    return rest


def _split_text_lead(view: View, blocks: list[Block]) -> tuple[list[Block], list[Block]]:
    """In a text rendering the lead sticks to the byline, while blank lines part the paragraphs behind it."""
    if len(blocks) < 2 or view.form is not None and view.form.get("body"):
        return [], blocks
    first, second = blocks[0], blocks[1]
    above = view.page.blocks[first.index - 1] if first.index else None
    sticks = above is not None and first.line - above.line == 1 and view.zones.marks[above.index] in ("header", "title")
    if sticks and second.line - first.line > 1 and len(first.text) >= 40:
        return [first], blocks[1:]
    return [], blocks
