"""The article's body as a plan: which blocks are lead, paragraphs and captions, and where the pictures stand.

`BodyPlan` is made once per page; the fields summary, body_text, body_html and images all read it, so that a caption
never shows up twice and the order is the same everywhere.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from scraper.blocks import Block, inside, lowest_common
from scraper.lines.captions import is_file_name, split_caption
from scraper.models import Image
from scraper.pictures import CAPTION_LIMIT, image_of, own_names, place_pictures
from scraper.roles import rich_text_around
from scraper.view import View

_LEAD_NAME = re.compile(
    r"lead|sapo|summary|tom-?_?tat|description|intro|excerpt|hometext|news-des|mo-?ta", re.IGNORECASE
)


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
    closing = set(view.closing_blocks)
    if view.article_root is None:
        rest = _lift_lines([block for block in blocks if block not in closing], plan)
        plan.lead, plan.paragraphs = _split_text_lead(view, rest)
        return plan
    placed = place_pictures(view, blocks)
    captions = {picture.caption for picture in placed}
    plan.lead = _lead(view, [block for block in blocks if block not in captions])
    positions = [i for i, b in enumerate(blocks) if b not in captions and b not in closing and b not in plan.lead]
    plan.paragraphs = [blocks[i] for i in positions]
    for picture in placed:
        before = bisect_left(positions, picture.position)
        image = image_of(view, picture)
        if image.url is not None or image.caption:
            plan.figures.append(Figure(image, before, picture.frame.path()))
    return plan


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
    marked = first.bold or _LEAD_NAME.search(own_names(first)) is not None
    if inside(first, around):
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
    if len(blocks) < 2 or (view.form is not None and view.form.get("body")):
        return [], blocks
    first, second = blocks[0], blocks[1]
    above = view.page.blocks[first.index - 1] if first.index else None
    sticks = above is not None and first.line - above.line == 1 and view.zones.marks[above.index] in ("header", "title")
    if sticks and second.line - first.line > 1 and len(first.text) >= 40:
        return [first], blocks[1:]
    return [], blocks
