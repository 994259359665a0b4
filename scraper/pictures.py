"""Which pictures belong to the article, between which of its lines they stand, and which line is whose caption."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scraper.addresses import file_name_of
from scraper.blocks import Block, Frame, inside, lowest_common
from scraper.labels import labels
from scraper.lines.captions import split_caption
from scraper.models import Image
from scraper.text import key, tidy

if TYPE_CHECKING:
    from lxml import etree

    from scraper.view import View

CAPTION_LIMIT = 320
# A line this short, standing alone under a picture and without a full stop, is its caption.
BARE_CAPTION_LIMIT = 120
SMALLEST_PICTURE = 50
# Lines on either side of a picture that may share its element.
NEIGHBOURS = 3
# Most pictures that a table sets side by side.
WIDEST_ROW = 12
_CAPTION_NAME = re.compile(r"caption|chu-?_?thich|ghi-?chu|wp-caption|ms-rteElement-.*caption", re.IGNORECASE)
_CENTRED = re.compile(r"text-align\s*:\s*center|font-style\s*:\s*italic", re.IGNORECASE)
_LAYOUT_PICTURE = re.compile(
    r"/_layouts/|/_catalogs/|blank\.gif|spacer|/icons?/|emoticon|pixel|transparent", re.IGNORECASE
)
_SIZE = re.compile(r"^\s*(\d{1,5})(?:px)?\s*$")
_NOT_BODY = frozenset(["nav", "chrome", "related", "tools", "comments", "footer"])


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture of the article. position: number of body blocks before it.  caption: the block that is its caption."""

    frame: Frame
    position: int
    caption: Block | None = None


def place_pictures(view: View, blocks: Sequence[Block]) -> list[Placed]:
    """The article's pictures in reading order, each with its caption; no line is the caption of two."""
    spots = list(_spots(view, blocks))
    placed, used = [], set()
    for number, (frame, position) in enumerate(spots):
        following = spots[number + 1][1] if number + 1 < len(spots) else len(blocks) + 1
        caption = _caption(frame, blocks, position, following)
        if caption in used:
            caption = None
        used.add(caption)
        placed.append(Placed(frame, position, caption))
    return placed


def image_of(view: View, placed: Placed) -> Image:
    """The picture as the record keeps it."""
    picture = placed.frame.el
    url = view.absolute(_source(picture))
    name = file_name_of(url) if url and not url.startswith("data:") else None
    caption = placed.caption.text.replace("\n", " ") if placed.caption else None
    credit = split_caption(caption)[1] if caption else None
    return Image(url, name, tidy(picture.get("alt") or "") or None, caption, credit)


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


def _spots(view: View, blocks: Sequence[Block]) -> Iterator[tuple[Frame, int]]:
    """(picture, number of body blocks before it) of each content picture between headline and end of the body."""
    root, followers = view.article_root, view.flow.pictures
    pictures = [p for p in root.iter("img") if p in followers and _is_content(p)] if root is not None else []
    if not pictures:
        return
    starts = [block.index for block in blocks]
    above, last, stop = _bounds(view)
    aside = {block.frame for block in view.zones.of(view.page, "tail", "tools", "chrome")}
    for picture in pictures:
        frame, follower = view.flow.frame_of(picture), followers[picture]
        if frame.hidden or frame.block in aside:
            continue
        if view.body_root is None:
            core = view.zones.core_frame
            inside_core = follower <= last or core is None or core.encloses(frame)
            if not (above < follower <= stop and inside_core) or view.zones.roles[frame.block] in _NOT_BODY:
                continue
        yield frame, bisect_left(starts, follower)


def _bounds(view: View) -> tuple[int, int, int]:
    """Indices of page blocks: the headline, the last one of core and body, the first that follows the article."""
    blocks, zones = view.page.blocks, view.zones
    article, title = zones.article, view.title_block
    above = title.index if title is not None and inside(title, article) else -1
    last = next((block.index for block in reversed(blocks) if inside(block, zones.core_frame)), len(blocks))
    if view.article_blocks:
        last = max(last, view.article_blocks[-1].index)
    after = blocks[zones.core[1] + 1 if zones.core else 1 :]
    ends = (b.index for b in after if zones.marks[b.index] in ("related", "form", "footer") and inside(b, article))
    return above, last, next(ends, len(blocks))


def _caption(picture: Frame, blocks: Sequence[Block], position: int, following: int) -> Block | None:
    """The caption of a picture that stands before blocks[position]; the next one stands before blocks[following]."""
    if (below := _cell_below(picture, blocks, position)) is not None:
        return below
    if position >= len(blocks) or following == position:
        return None  # no text below, or the next picture comes first
    return blocks[position] if _is_caption(picture, blocks, position) else None


def _is_caption(picture: Frame, blocks: Sequence[Block], position: int) -> bool:
    block = blocks[position]
    text = block.text
    if len(text) > CAPTION_LIMIT or block.frame is None or block.heading in (1, 2):
        return False
    if _shares(picture, block.frame, ("figure", "dl")) or _CAPTION_NAME.search(own_names(block)):
        return True
    table = _around(picture, "table")
    if table is not None and inside(block, table) and _lines_in(table, blocks, position) <= 2:
        return not _side_by_side(picture, block.frame)
    if split_caption(text)[1] or (not block.bold and _alone_with(picture, blocks, position)):
        return True
    if len(text) > BARE_CAPTION_LIMIT or text[-1] in ".:;!?…" or (block.bold and not _looks_set_apart(block)):
        return False
    same_block = picture.block is block.frame
    nearby = blocks[max(0, position - NEIGHBOURS) : position + NEIGHBOURS]
    alone = same_block or not any(b.frame is picture.block for b in nearby)
    return alone and (same_block or _looks_set_apart(block) or position + 1 < len(blocks))


def _lines_in(holder: Frame, blocks: Sequence[Block], position: int) -> int:
    """How many of the lines around a position stand in an element."""
    return sum(1 for block in blocks[max(0, position - NEIGHBOURS) : position + NEIGHBOURS] if inside(block, holder))


def _alone_with(picture: Frame, blocks: Sequence[Block], position: int) -> bool:
    """Whether the smallest element around picture and line holds no other line of the body and is not the line's."""
    line = blocks[position].frame
    if line is None:
        return False
    holder = lowest_common(picture, line)
    return holder is not line and _lines_in(holder, blocks, position) == 1


def _around(frame: Frame, *tags: str) -> Frame | None:
    return next((f for f in frame.ancestors() if f.tag in tags), None)


def _side_by_side(picture: Frame, line: Frame) -> bool:
    """Whether picture and line stand in two cells of one row: a picture beside its text, not above its caption."""
    one, other = _around(picture, "td", "th"), _around(line, "td", "th")
    return one is not other and one is not None and other is not None and one.up is other.up


def _cell_below(picture: Frame, blocks: Sequence[Block], position: int) -> Block | None:
    """The line in the cell below a picture, in a table that sets several pictures side by side."""
    cell, row = _around(picture, "td"), _around(picture, "tr")
    if cell is None or row is None or not 2 <= len(row.el) <= WIDEST_ROW:
        return None
    below = row.el.getnext()
    if below is None or below.tag != "tr" or len(below) != len(row.el) or below.find(".//img") is not None:
        return None
    target = below[row.el.index(cell.el)]
    nearby = blocks[position : position + 2 * len(below)]
    lines = [b for b in nearby if b.frame is not None and any(f.el is target for f in b.frame.ancestors())]
    return lines[0] if len(lines) == 1 and len(lines[0].text) <= CAPTION_LIMIT else None


def own_names(block: Block) -> str:
    """Classes and ids of a line's own element and of what dresses its first words."""
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
