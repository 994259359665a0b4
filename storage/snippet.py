"""Where the words of a query stand in an article: a short piece of printed text with the finds marked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice

from storage.query import Query, Want

Piece = tuple[str, bool]
"""A text, and whether it is a find."""

WIDTH = 160
_BEFORE = 40
_MOST_FINDS = 100
_LONGEST_TEXT = 100_000
_BLANKS = re.compile(r"\s+")


def snippet(texts: Mapping[str, str], query: Query, order: Sequence[str]) -> list[Piece]:
    """About WIDTH characters (and words kept whole) of the text that says most of what is wanted.

    texts: field → printed text.  order: fields, the first of equally good ones is taken, the last one only where the
    others say nothing. Where no text says anything, the beginning of the first that is not empty.
    """
    best: tuple[int, str, list[tuple[int, int]]] = (0, "", [])
    wanted = [want for want in query.wants if not want.negative]
    for name in order:
        text = texts.get(name, "")[:_LONGEST_TEXT]
        number, finds = _densest(_finds(text, [want for want in wanted if name in (want.fields or (name,))]))
        if number > best[0] or not best[1]:
            best = number, text, finds
        if number == len(wanted) or (best[0] and name == order[-2]):
            break
    return _pieces(best[1], best[2])


def _finds(text: str, wants: list[Want]) -> list[tuple[int, int, int]]:
    """(begin, end, which want) of the first finds, in their order, without overlaps; about _MOST_FINDS at most."""
    every = sorted(
        (begin, min(end, begin + WIDTH), which)
        for which, want in enumerate(wants)
        for begin, end in islice(want.finds(text), 1 + _MOST_FINDS // len(wants))
    )
    apart: list[tuple[int, int, int]] = []
    for find in every:
        if not apart or find[0] >= apart[-1][1]:
            apart.append(find)
    return apart


def _densest(finds: list[tuple[int, int, int]]) -> tuple[int, list[tuple[int, int]]]:
    """The finds of the window that holds most different wants, and how many those are."""
    best: tuple[int, list[tuple[int, int]]] = (0, [])
    for first, (start, _, _) in enumerate(finds):
        within = [find for find in finds[first:] if find[1] <= start + WIDTH - _BEFORE] or [finds[first]]
        number = len({which for _, _, which in within})
        if number > best[0]:
            best = number, [(begin, end) for begin, end, _ in within]
    return best


def _pieces(text: str, finds: list[tuple[int, int]]) -> list[Piece]:
    begin = _word_start(text, finds[0][0] - _BEFORE) if finds else 0
    last = finds[-1][1] if finds else 0
    end = max(last, _word_end(text, max(begin + WIDTH, last)))
    pieces: list[Piece] = [("…", False)] if begin else []
    for start, stop in finds:
        pieces += [(text[begin:start], False), (text[start:stop], True)]
        begin = stop
    pieces.append((text[begin:end] + ("…" if end < len(text) else ""), False))
    return [(_BLANKS.sub(" ", piece), found) for piece, found in pieces if piece]


def _word_start(text: str, at: int) -> int:
    """The beginning of the first word from `at` on; `at` itself within a word of great length."""
    if at <= 0:
        return 0
    blank = text.find(" ", at - 1, at + _BEFORE // 2)
    return at if blank < 0 else blank + 1


def _word_end(text: str, at: int) -> int:
    """The end of the last word before `at`; `at` itself within a word of great length."""
    if at >= len(text):
        return len(text)
    blank = text.rfind(" ", at - _BEFORE // 2, at + 1)
    return at if blank < 0 else blank
