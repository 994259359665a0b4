"""Read counters: `Lượt xem: 4.020`, `1.350 lượt xem`, `Đã xem: 3.690`; visitors of the site are no readers."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from scraper.lines.words import CELL_BREAK, kinds, one_of, vocabulary
from scraper.text import tidy

_LINE_LIMIT = 200  # a longer line is running text
_LABEL_LIMIT = 40
_DIGIT = re.compile(r"\d")


class _Grammar(NamedTuple):
    reading: tuple[str, ...]
    number: re.Pattern[str]
    alone: re.Pattern[str]
    labelled: re.Pattern[str]


@lru_cache(maxsize=1)
def _grammar() -> _Grammar:
    known = vocabulary("view_words")
    word = one_of(known)
    number = r"(?P<number>\d{1,3}(?:[.,\s]\d{3})+|\d{1,12})(?![.,]?\d|\s?[km]\b)"
    return _Grammar(
        reading=tuple(word for word, kind in known.items() if kind == "reading"),
        number=re.compile(rf"(?<![\d.,]){number}", re.IGNORECASE),
        alone=re.compile(rf"[(\[]?{number}[)\]]?", re.IGNORECASE),
        labelled=re.compile(
            rf"(?<!\w)(?P<label>(?:{word})(?:\s(?:{word})){{0,6}})\s?[:：]\s?[(\[]?{number}[)\]]?(?:\s(?:{word})(?!\w)){{0,3}}",
            re.IGNORECASE,
        ),
    )


def read_views(text: str) -> int | None:
    """How often an article was read, from a line or several; None where only site counters, or nothing, are printed.

    A number on a line of its own belongs to the label on the next line, or on the line before where that has a colon.
    """
    if not _DIGIT.search(text):
        return None
    found = find_views([tidy(line) if len(line) <= _LINE_LIMIT else line for line in text.split("\n")])
    return found[0] if found else None


def find_views(lines: list[str]) -> tuple[int, int] | None:
    """(count, index of its line) of the first read counter in tidied lines."""
    if not any(map(_DIGIT.search, lines)):
        return None
    alone = _grammar().alone
    for at, line in enumerate(lines):
        if not _may_count(line):
            continue
        if (number := _in_line(line)) is not None:
            return number, at
        if is_view_label(line):
            after_first = line.endswith(":") or line[:1].isupper()
            for near in (at + 1, at - 1) if after_first else (at - 1, at + 1):
                if 0 <= near < len(lines) and (match := alone.fullmatch(lines[near])):
                    return _value(match), near
    return None


def is_view_label(text: str) -> bool:
    """Whether the words are the label of a read counter."""
    return len(text) <= _LABEL_LIMIT and "reading" in kinds(text, "view_words") and not any(map(str.isdigit, text))


def is_counter(cell: str) -> bool:
    """Whether a cell of a line is a read counter and nothing else."""
    return _may_count(cell) and _in_cell(cell) is not None


def mask_counters(line: str) -> str:
    """A line with its labelled read counters replaced by a bar."""
    if ":" not in line or not _may_count(line):
        return line
    return _grammar().labelled.sub(lambda m: " | " if is_view_label(m["label"]) else m[0], line)


def _may_count(line: str) -> bool:
    """Whether a tidied line speaks of reading at all."""
    if len(line) > _LINE_LIMIT:
        return False
    small = line.casefold()
    return any(word in small for word in _grammar().reading)


def _in_line(line: str) -> int | None:
    for match in _grammar().labelled.finditer(line):
        if is_view_label(match["label"]):
            return _value(match)
    counts = (_in_cell(cell) for cell in CELL_BREAK.split(line))
    return next((count for count in counts if count is not None), None)


def _in_cell(cell: str) -> int | None:
    """The count of a cell that holds one number and else only the words of a counter's label."""
    numbers = list(_grammar().number.finditer(cell))
    if len(numbers) != 1:
        return None
    rest = " ".join((cell[: numbers[0].start()] + " " + cell[numbers[0].end() :]).split()).strip(" :()[]")
    counted = " " in rest or ":" in cell or rest.casefold().endswith("s")
    return _value(numbers[0]) if counted and is_view_label(rest) else None


def _value(match: re.Match[str]) -> int:
    return int(re.sub(r"\D", "", match["number"]))
