"""Which part of the page each block belongs to: chrome, header, title, body, tail, related, form, footer.

The mechanism, the same for HTML and for text renderings:
1. Every block gets a weight as prose: length, less its links, less what its element's role says (scraper.roles).
2. The core is the smallest element that holds most of that prose (in a text rendering: the densest run of lines).
3. The headline is found near the core's first line; the article is the smallest element around both.
4. Labels end it: lists of other articles, the list form, counters, the agency's footer.
Blocks are marked, never cut: every rule still sees the whole page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from scraper.blocks import Block, Frame, extent, lowest_common
from scraper.footer import mark_footer
from scraper.headline import Scored, find_headline
from scraper.kinds import (
    SIGNATURE_MARK,
    SIGNED,
    is_comments_label,
    is_letterhead,
    is_meta_line,
    is_named_byline,
    is_posted,
    is_related_label,
    is_tail_label,
    kind_of_template_line,
    links_a_file,
)
from scraper.labels import labels
from scraper.page import Page
from scraper.prose import find_core, weigh
from scraper.roles import Roles

# Lines above the headline that may still tell date, section and byline.
HEADER_REACH = 6
# Lines below the headline that are read for date and byline.
CLAIMED_LINES = 12
# Least sum of signs for a headline that no prose confirms.
BARE_HEADLINE = 2.0


@dataclass(eq=False, slots=True)
class Zones:
    """marks: zone of each block.  weights: each block's weight as prose.

    core: first and last prose block of the article.  title: index of the headline.  article: the element that holds
    the article, core_frame the one that holds its prose (None in a text rendering).  candidates: scored headlines.
    """

    marks: list[str]
    roles: Roles
    weights: list[float]
    core: tuple[int, int] | None = None
    title: int | None = None
    article: Frame | None = None
    core_frame: Frame | None = None
    candidates: list[Scored] = field(default_factory=list)
    _members: dict[str, list[Block]] = field(default_factory=dict)

    def of(self, page: Page, *marks: str) -> list[Block]:
        """The blocks of these zones, in reading order; to be asked when all are marked."""
        if not self._members:
            for block, mark in zip(page.blocks, self.marks, strict=True):
                self._members.setdefault(mark, []).append(block)
        found = [block for mark in marks for block in self._members.get(mark, ())]
        return found if len(marks) == 1 else sorted(found, key=attrgetter("index"))


def find_zones(
    page: Page,
    *,
    form_blocks: frozenset[int] = frozenset(),
    dropped: frozenset[int] = frozenset(),
    known_title: str | None = None,
) -> Zones:
    """Mark every block of a page.

    form_blocks: indices that belong to a list form.  dropped: indices that are chrome for certain.  known_title: as
    form or portal state it.
    """
    roles = Roles(page.blocks)
    marks = ["other"] * len(page.blocks)
    zones = Zones(marks, roles, [])
    for index in dropped:
        marks[index] = "chrome"
    for index in form_blocks:
        marks[index] = "form"
    _mark_form_lines(page.blocks, marks)
    _mark_chrome_lines(page.blocks, marks)
    zones.weights = [weigh(block, mark, roles) for block, mark in zip(page.blocks, marks, strict=True)]
    if not any(zones.weights):  # names that mislead: judge by the words alone
        zones.roles = roles = Roles(())
        zones.weights = [weigh(block, mark, None) for block, mark in zip(page.blocks, marks, strict=True)]
    zones.core_frame, zones.core = find_core(page.blocks, zones.weights)
    mark_footer(page, marks, roles, zones.core_frame, zones.core[1] if zones.core else 0)
    if zones.core is None and page.root is not None:
        _find_bare_headline(page, zones, known_title)
    elif zones.core is not None:
        _find_article(page, zones, zones.core_frame, known_title)
    return zones


def _mark_form_lines(blocks: Sequence[Block], marks: list[str]) -> None:
    """Mark runs of list-form labels: from two known labels in a row to the last label or trailer near them."""
    found = [block.label is not None for block in blocks]
    index = 0
    while index + 1 < len(blocks):
        if not (found[index] and found[index + 1]):
            index += 1
            continue
        last = index + 1
        probe = last + 1
        while probe < len(blocks) and probe - last <= 2:
            if found[probe]:
                last = probe
            probe += 1
        if sum(found[index : last + 1]) >= 3:
            for position in range(index, last + 1):
                marks[position] = "form"
        index = last + 1


def _mark_chrome_lines(blocks: Sequence[Block], marks: list[str]) -> None:
    for index, block in enumerate(blocks):
        if marks[index] != "other" or len(block.text) > 160:
            continue
        marks[index] = kind_of_template_line(block) or "other"


def _find_article(page: Page, zones: Zones, core: Frame | None, known_title: str | None) -> None:
    """Find the headline and mark header, title, body and what follows."""
    assert zones.core is not None  # noqa: S101 - the caller checked
    blocks, marks = page.blocks, zones.marks
    first = zones.core[0]
    usable = [i for i in range(min(first + 4, len(blocks))) if marks[i] == "other"]
    zones.title, zones.candidates = find_headline(page, zones.roles, usable, first, known_title)
    start, end = (first, len(blocks))
    if core is not None:
        zones.article = core
        top = blocks[zones.title].frame if zones.title is not None else None
        if top is not None:
            zones.article = lowest_common(top, core)
        end = extent(blocks, zones.article, zones.core[1])[1] + 1
    if zones.title is not None:
        marks[zones.title] = "title"
        start = zones.title + 1
        prose = [i for i in range(start, zones.core[1] + 1) if zones.weights[i] > 0]
        zones.core = (prose[0], zones.core[1]) if prose else (start, max(start, zones.core[1]))
        _mark_header(blocks, zones)
    _mark_body(blocks, zones, start, end, core)


def _find_bare_headline(page: Page, zones: Zones, known_title: str | None) -> None:
    """On a page without prose (a picture, a file): the headline alone, and the element around it with a picture."""
    usable = [
        i
        for i, mark in enumerate(zones.marks)
        if mark == "other" and (b := page.blocks[i]).frame and not zones.roles[b.frame]
    ]
    title, zones.candidates = find_headline(page, zones.roles, usable, usable[-1] if usable else 0, known_title)
    if title is None or zones.candidates[0].score < BARE_HEADLINE:
        return
    holder = page.blocks[title].frame
    for _ in range(4):
        if holder is None or holder.el.find(".//img") is not None:
            break
        holder = holder.up.block if holder.up is not None else None
    if holder is None:
        return
    end = extent(page.blocks, holder, title)[1] + 1
    zones.title, zones.core, zones.core_frame, zones.article = title, (end, end), holder, holder
    zones.marks[title] = "title"
    _mark_header(page.blocks, zones)
    _mark_body(page.blocks, zones, title + 1, end, holder)


def _mark_header(blocks: Sequence[Block], zones: Zones) -> None:
    """Mark the lines just above the headline that may tell section, date and byline."""
    assert zones.title is not None  # noqa: S101 - the caller checked
    for index in range(zones.title - 1, max(-1, zones.title - 1 - HEADER_REACH), -1):
        block = blocks[index]
        if block.frame is not None and zones.roles[block.frame] in ("nav", "chrome", "aside", "tools"):
            break
        if zones.weights[index] > 0 and block.links < 0.5:
            break  # prose of another part of the page
        if zones.marks[index] == "other" and len(block.text) <= 200:
            zones.marks[index] = "header"


def _mark_body(blocks: Sequence[Block], zones: Zones, start: int, end: int, core: Frame | None) -> None:
    """Mark the article from the line below the headline to the first label that ends it."""
    assert zones.core is not None  # noqa: S101 - the caller checked
    marks = zones.marks
    first, last = zones.core
    around_core = set(core.ancestors()) if core is not None else set()
    start = _mark_letterhead(blocks, marks, range(start, min(first + 1, end)))
    _claim_header(blocks, marks, range(start, first))
    if start + 1 < first and blocks[start].heading and marks[start] == "other" and marks[start + 1] == "header":
        marks[start] = "header"  # a second headline above date or byline
    signed = _signed_tables(blocks[last:end])
    over = closed = False
    for index in range(start, end):
        block = blocks[index]
        role = zones.roles[block.frame] if block.frame is not None else ""
        if role and block.frame is not None and zones.roles.outermost(block.frame, role) in around_core:
            role = ""
        if index > first:
            closed = closed or (marks[index] == "other" and is_comments_label(block))  # what readers wrote
            over = over or closed or marks[index] == "form" or is_related_label(block)
        if over and not closed and index <= last and zones.weights[index] > 0:
            over = False  # a box in the middle of the article: its prose goes on
        if marks[index] == "other":
            mark = "related" if over or role == "related" else ""
            marks[index] = mark or ("chrome" if role else _place(block, index - first, index - last, signed))


def _place(block: Block, from_first: int, from_last: int, signed: set[Frame]) -> str:
    """The mark of a line between headline and end of the article; distances are to the core's first and last block."""
    if from_first < 0:
        told = block.label is not None and block.label[1] in _TOLD_BY_LABEL
        return "header" if told else "tools" if block.links > 0.9 else "body"
    if from_first > 0 and is_tail_label(block):
        return "tail"
    if block.links > 0.5 and links_a_file(block):
        return "tail"
    if from_last > 0:
        if len(block.text) < 60 and block.head.startswith(labels().attachment_starts):
            return "tail"
        if is_posted(block) or (block.links > 0.25 and block.text.count("|") >= 2):
            return "tail"  # "Posted by … | Permalink | Comments"
        if block.links > 0.9 and len(block.text) < 60:
            return "tools"
        if block.frame is not None and _table_of(block) in signed:
            return "signature"
    return "body"


_TOLD_BY_LABEL = frozenset(["views", "published_at", "updated_at", "attachments", "category"])


def _mark_letterhead(blocks: Sequence[Block], marks: list[str], between: range) -> int:
    """Mark the head of an administrative document, national motto and place with date; the body starts behind it.

    Layout of Decree 30/2020/NĐ-CP, annex I: authority, number, motto, place and date. Returns where the rest starts.
    """
    if not any(is_letterhead(blocks[index]) for index in between if len(blocks[index].text) < 120):
        return between.start
    ends = [
        i for i in between if len(blocks[i].text) < 120 and (is_letterhead(blocks[i]) or SIGNED.match(blocks[i].text))
    ]
    for index in range(between.start, ends[-1] + 1):
        if marks[index] == "other":
            marks[index] = "letterhead"
    return ends[-1] + 1


def _table_of(block: Block) -> Frame | None:
    return next((f for f in block.frame.ancestors() if f.tag == "table"), None) if block.frame is not None else None


def _signed_tables(blocks: Sequence[Block]) -> set[Frame]:
    """The tables that close a document: post, "(Đã ký)", name."""
    tables = (_table_of(block) for block in blocks if SIGNATURE_MARK.fullmatch(block.text))
    return {table for table in tables if table is not None}


def _claim_header(blocks: Sequence[Block], marks: list[str], between: Iterable[int]) -> None:
    """Mark the lines between headline and prose that tell date, byline, source or counter."""
    from scraper.lines.header import read_header

    open_ = [index for index in between if marks[index] == "other" and len(blocks[index].text) <= 200][:CLAIMED_LINES]
    for index in open_:
        if is_meta_line(blocks[index]) or is_named_byline(blocks[index]):
            marks[index] = "header"
    if open_:
        reading = read_header([blocks[index].spaced for index in open_], context="article header", day_first=True)
        for name, line in reading.lines.items():
            if name in ("published_at", "updated_at", "author", "source", "views", "page_clock"):
                marks[open_[line]] = "header"
