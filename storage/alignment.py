"""Which items of two sequences belong together, in a time that hostile sequences cannot stretch. Pure.

Equal ends are set aside; items that stand once on each side are anchors, in the longest order that both sides share;
between anchors the same begins anew. Where no item stands alone, runs of a few items may (`WIDTHS`). Where there is no
anchor, the fewest removals and additions are looked for
(E. W. Myers, An O(ND) Difference Algorithm and Its Variations, 1986). All that costs steps from one budget; when it is
used up, a stretch that is still open counts as replaced whole.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

STEPS = 2_000_000
"""Comparisons that one alignment may cost, the linear look at equal ends aside: about a second."""

WIDTHS = (1, 4)
"""Lengths of the runs that are looked at for anchors: in a long text every word comes back, hardly any four of them."""

Items = Sequence[Any]
Block = tuple[int, int, int, int]
"""Old from, old to, new from, new to: a place where the sides differ; one of its two ranges may be empty."""


@dataclass
class Budget:
    """Steps that are left. spent: whether something had to be left unaligned for want of them."""

    steps: int = STEPS
    spent: bool = False

    def take(self, steps: int) -> bool:
        """Pay for some steps; False, which is remembered, where there are too few."""
        if steps > self.steps:
            self.spent = True
            return False
        self.steps -= steps
        return True


def align(old: Items, new: Items, budget: Budget) -> list[Block]:
    """The places where two sequences of hashable items differ, in order; what lies between them is equal."""
    blocks: list[Block] = []
    waiting: list[Block] = [(0, len(old), 0, len(new))]
    while waiting:  # the last one first, so the parts of a stretch go on it in reverse
        block = _without_equal_ends(old, new, *waiting.pop())
        a, b, c, d = block
        if a == b or c == d:
            if a != b or c != d:
                blocks.append(block)
            continue
        parts = _parts(old, new, block, budget)
        if parts is None:
            blocks.append(block)
        else:
            waiting += reversed(parts)
    return _joined(blocks)


def _parts(old: Items, new: Items, block: Block, budget: Budget) -> list[Block] | None:
    """What is left to align within a stretch that begins and ends with a difference; None: nothing of it is equal."""
    a, b, c, d = block
    if set(old[a:b]).isdisjoint(new[c:d]):
        return None
    for width in WIDTHS:
        if not budget.take(width * (b - a + d - c)):
            return None
        if not (anchors := _anchors(old, new, block, width)):
            continue
        starts = [(a, c), *((x + 1, y + 1) for x, y in anchors)]
        ends = [*anchors, (b, d)]
        return [(x, to_x, y, to_y) for (x, y), (to_x, to_y) in zip(starts, ends, strict=True)]
    found = _fewest(old[a:b], new[c:d], budget)
    if found is None:
        return None
    return [(a + i, a + j, c + k, c + m) for i, j, k, m in found]


def _without_equal_ends(old: Items, new: Items, a: int, b: int, c: int, d: int) -> Block:
    while a < b and c < d and old[a] == new[c]:
        a, c = a + 1, c + 1
    while a < b and c < d and old[b - 1] == new[d - 1]:
        b, d = b - 1, d - 1
    return a, b, c, d


def _anchors(old: Items, new: Items, block: Block, width: int) -> list[tuple[int, int]]:
    """Places (old, new) where runs of `width` items that stand once on each side begin, the most that keep order."""
    a, b, c, d = block
    before, after = _runs(old[a:b], width), _runs(new[c:d], width)
    once = {run for run, number in Counter(before).items() if number == 1}
    once &= {run for run, number in Counter(after).items() if number == 1}
    places = {run: place for place, run in enumerate(after, c) if run in once}
    pairs = [(place, places[run]) for place, run in enumerate(before, a) if run in once]
    return [pairs[n] for n in rising([place for _, place in pairs])]


def _runs(items: Items, width: int) -> list[tuple[Any, ...]]:
    return list(zip(*(items[start:] for start in range(width)), strict=False))


def rising(numbers: Sequence[int]) -> list[int]:
    """Indices of a longest rising run among distinct numbers, gaps allowed."""
    tops: list[int] = []  # smallest end of a run of each length, and below it where that end stands
    ends: list[int] = []
    before: list[int] = []
    for index, number in enumerate(numbers):
        length = bisect_left(tops, number)
        before.append(ends[length - 1] if length else -1)
        tops[length : length + 1] = [number]
        ends[length : length + 1] = [index]
    chain, index = [], ends[-1] if ends else -1
    while index >= 0:
        chain.append(index)
        index = before[index]
    return chain[::-1]


def _fewest(old: Items, new: Items, budget: Budget) -> list[Block] | None:
    """The single edits of a shortest script by Myers's greedy algorithm; None where the budget ends first.

    After a round of so many edits, entry i of `reached` is the furthest place in `old` that diagonal 2i - edits got to;
    a diagonal is the place in `old` less that in `new`.
    """
    rounds: list[array[int]] = []
    reached: array[int] = array("q")
    while True:
        before, reached, edits = reached, array("q"), len(rounds)
        rounds.append(before)
        for i in range(edits + 1):
            start, _ = _edit(before, i)
            x, y = start, start - 2 * i + edits
            while x < len(old) and y < len(new) and old[x] == new[y]:
                x, y = x + 1, y + 1
            if not budget.take(1 + x - start):
                return None
            reached.append(x)
            if x >= len(old) and y >= len(new):
                return _script(rounds, x, y)


def _edit(before: array[int], i: int) -> tuple[int, bool]:
    """Where the next edit lands on diagonal i of a round, and whether it is an addition; else it is a removal."""
    added = before[i] if i < len(before) else -1
    removed = before[i - 1] + 1 if i else -1
    return (max(added, 0), True) if added >= removed else (removed, False)


def _script(rounds: list[array[int]], x: int, y: int) -> list[Block]:
    """The edits that led to (x, y), each as a block, in order."""
    found: list[Block] = []
    for edits in range(len(rounds) - 1, 0, -1):
        end, is_addition = _edit(rounds[edits], (x - y + edits) // 2)
        end_y = end - x + y
        x, y = (end, end_y - 1) if is_addition else (end - 1, end_y)
        found.append((x, end, y, end_y))
    return found[::-1]


def _joined(blocks: list[Block]) -> list[Block]:
    """Blocks that touch on both sides as one."""
    out: list[Block] = []
    for a, b, c, d in blocks:
        if out and out[-1][1] == a and out[-1][3] == c:
            a, _, c, _ = out.pop()
        out.append((a, b, c, d))
    return out
