"""Where the running text is: each block's weight as prose, and the core that holds most of it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from scraper.blocks import Block, Frame, inside
from scraper.labels import labels
from scraper.roles import WEIGHT, Roles

# An element that holds this share of its parent's prose is entered in the search for the core.
ENTER_SHARE = 0.55
# Largest gap, in lines of a text rendering, inside one run of prose.
TEXT_GAP = 3
# Longest line that may be an agency block printed as one line.
FOOTER_LINE = 2000
# Shortest line that counts as prose: with end punctuation, and without.
PROSE_SENTENCE, PROSE_PLAIN = 25, 60


def footer_labels(block: Block) -> int:
    """How many labels of an agency block a line prints: at its start, or before a colon anywhere in it."""
    words = labels().footer_starts
    if len(block.text) > FOOTER_LINE:
        return 0
    at_start = block.head.startswith(words)
    if block.text.count(":") < 2:
        return int(at_start)
    before_colons = block.text.casefold().replace("ð", "đ").split(":")[:-1]
    return max(int(at_start), sum(part.rstrip().endswith(words) for part in before_colons))


def weigh(block: Block, mark: str, roles: Roles | None) -> float:
    """A block's weight as prose: its letters, less links, less what its element is for; 0 for all but running text."""
    length = len(block.text)
    if mark != "other" or block.links > 0.5 or length < PROSE_SENTENCE:
        return 0.0
    if (length < PROSE_PLAIN or block.heading) and block.text[-1] not in ".!?…:;”\"'":
        return 0.0
    if (found := footer_labels(block)) and (length < 200 or found > 1):
        return 0.0
    return length * (1 - block.links) * (WEIGHT[roles[block.frame]] if block.frame and roles is not None else 1.0)


def find_core(blocks: Sequence[Block], weights: Sequence[float]) -> tuple[Frame | None, tuple[int, int] | None]:
    """The smallest element that holds most of the prose; and its first and last prose block.

    The element is None in a text rendering, both are None on a page without prose.
    """
    prose = [index for index, weight in enumerate(weights) if weight > 0]
    if not prose:
        return None, None
    if blocks[prose[0]].frame is None:
        return None, _densest_run(prose, weights)
    core = _heaviest([(frame, weights[index]) for index in prose if (frame := blocks[index].frame) is not None])
    within = [index for index in prose if inside(blocks[index], core)]
    return core, (within[0], within[-1])


def _heaviest(prose: Sequence[tuple[Frame, float]]) -> Frame:
    """The element that one comes to from the root by entering the child with most of the prose, while one has it."""
    totals: dict[Frame, float] = {}
    for frame, weight in prose:
        around: Frame | None = frame
        while around is not None and around not in totals:
            totals[around] = 0.0
            around = around.up.block if around.up is not None else None
        totals[frame] += weight
    inner: dict[Frame, list[Frame]] = {}
    core = prose[0][0]
    for core in sorted(totals, key=attrgetter("start"), reverse=True):  # from the innermost; the root comes last
        if core.up is not None:
            holder = core.up.block
            totals[holder] += totals[core]
            inner.setdefault(holder, []).append(core)
    while core in inner:
        best = max(reversed(inner[core]), key=totals.__getitem__)
        if totals[best] < ENTER_SHARE * totals[core]:
            break
        core = best
    return core


def _densest_run(prose: Sequence[int], weights: Sequence[float]) -> tuple[int, int]:
    best = run = (prose[0], prose[0])
    best_weight = weight = 0.0
    for index in prose:
        if index - run[1] > TEXT_GAP:
            run, weight = (index, index), 0.0
        run = (run[0], index)
        weight += weights[index]
        if weight > best_weight:
            best, best_weight = run, weight
    return best
