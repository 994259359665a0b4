"""Where the agency's block is: elements called footer, and the last cluster of agency labels below the article."""

from __future__ import annotations

from collections.abc import Sequence

from scraper.blocks import Block, Frame, extent, inside, lowest_common
from scraper.labels import labels
from scraper.page import Page
from scraper.prose import footer_labels
from scraper.roles import Roles


def mark_footer(page: Page, marks: list[str], roles: Roles, core: Frame | None, after: int) -> None:
    """Mark the agency's block as `footer`.

    core: the element of the article's prose, which no footer encloses.  after: index of its last block.
    """
    blocks = page.blocks
    around_core = set(core.ancestors()) if core else set()
    hits = []
    for index in range(after, len(blocks)):
        block = blocks[index]
        if block.frame is not None and roles[block.frame] == "footer":
            outer = roles.outermost(block.frame, "footer")
            if outer not in around_core and marks[index] == "other":
                marks[index] = "footer"
        if index > after and block.links < 0.9 and footer_labels(block) and not inside(block, core):
            hits.append(index)
    cluster = _last_cluster(hits, gap=4)
    if not cluster:
        return
    first, last = cluster[0], cluster[-1]
    while first - 1 > after and cluster[0] - first < 3 and _may_head_footer(blocks[first - 1], marks):
        first -= 1
    frame = _common_frame(blocks, cluster)
    if frame is not None and frame not in around_core:
        from_, to = extent(blocks, frame, first)
        if to - from_ <= 2 * (last - first) + 8:
            first, last = min(first, from_), max(last, to)
    for index in range(first, last + 1):
        if marks[index] in ("other", "footer"):
            marks[index] = "footer"
    if page.root is None:
        for index in range(last, len(blocks)):
            marks[index] = "footer" if marks[index] == "other" else marks[index]


def _may_head_footer(block: Block, marks: Sequence[str]) -> bool:
    letters = [c for c in block.text if c.isalpha()]
    upper = sum(c.isupper() for c in letters) > 0.7 * len(letters) if letters else False
    return (
        marks[block.index] in ("other", "footer")
        and len(block.text) < 160
        and block.links < 0.5
        and (upper or block.head.startswith(labels().footer_headings))
    )


def _last_cluster(hits: Sequence[int], gap: int) -> list[int]:
    """The last run of indices with no hole larger than `gap`; a lone hit counts when it is the only one."""
    clusters: list[list[int]] = []
    for hit in hits:
        if clusters and hit - clusters[-1][-1] <= gap:
            clusters[-1].append(hit)
        else:
            clusters.append([hit])
    return max(reversed(clusters), key=len) if clusters else []


def _common_frame(blocks: Sequence[Block], indices: Sequence[int]) -> Frame | None:
    """The innermost block-level element around all of these blocks."""
    first, last = blocks[indices[0]].frame, blocks[indices[-1]].frame
    if first is None or last is None:
        return None
    return lowest_common(first, last)
