"""What a printed date is for: read from its label, or from whether it stands apart from running words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from scraper.lines.cells import is_about
from scraper.lines.words import BAR, kinds, one_of, table

Role = Literal["published", "updated", "document", "event", "none"]
_LABEL_ROLES: tuple[Role, ...] = ("document", "updated", "published")

_WINDOW = 120  # characters looked at on each side of a date
_EDGE = " ,.:;-–—/'’\"‘“([)]|¦│•·●▪■★»›>\t"
_BREAK = re.compile(rf"{BAR}|\s[-–—/]+\s|[;()\[\]]")
_HAS_BAR = re.compile(BAR)
_HAS_PAUSE = re.compile(r"[,;()]|\s[-–—/]")
_DOCUMENT_NUMBER = re.compile(r"\d[\w.-]*/[\w/.Đ-]*[A-ZĐ]{2}[\w&-]*$|\bsố:?\s?\d[\w./-]*$")
_RANGE = re.compile(r"\s*(?:[-–—]|đến|tới|to)\s*(?:ngày\s*)?")
# A town, a section or "Release No. 8": a few words with capitals, set off by a pause.
_HEADING = re.compile(r"[A-ZĐÀ-Ỹ][^\W\d]*\.?(?: (?:[A-ZĐÀ-Ỹ][^\W\d]*\.?|\d+(?:/\d+)?)){0,3}")


def purpose(text: str, start: int, end: int, floor: int, ceiling: int, *, timed: bool) -> tuple[Role, int]:
    """Role of the date at text[start:end] and the offset where its label begins (`start` where it has none).

    floor, ceiling: where the neighbouring dates end and begin.  timed: whether the date carries a time.
    """
    before = text[max(floor, start - _WINDOW) : start].rpartition("\n")[2]
    after = text[end : min(ceiling, end + _WINDOW)].partition("\n")[0]
    words = before.rstrip(_EDGE)
    label = _BREAK.split(words)[-1].strip(_EDGE)
    apart_after = _begins_apart(after)
    role = _labelled(label)
    if role in ("document", "published", "updated") and (apart_after or before[len(words) :].lstrip().startswith(":")):
        return role, start - len(before) + words.rindex(label)
    if _of_document(label):
        return "document", start
    if role is not None or _ends_apart(before[len(words) :], label):
        ranged = _RANGE.fullmatch(before if floor else "") or _RANGE.fullmatch(after if ceiling < len(text) else "")
        if apart_after and not ranged:
            return "none", start - len(before) + words.rindex(label) if role else start
    closed = before.endswith("(") and after.startswith(")") and not after.strip(_EDGE)
    return ("none" if closed and timed else "event"), start


def _labelled(label: str) -> Role | None:
    """The role that a label made of date words gives, "none" for one that only says "date"."""
    found = kinds(label, "date_words") if label else frozenset()
    for role in _LABEL_ROLES:
        if role in found:
            return role
    return "none" if found else None


def _of_document(label: str) -> bool:
    """Whether the words before a date end in a document's number or in a word such as "ban hành"."""
    return _DOCUMENT_NUMBER.search(label) is not None or _document_end().search(label[-40:]) is not None


@lru_cache(maxsize=1)
def _document_end() -> re.Pattern[str]:
    words = table()["date_words"]
    return re.compile(rf"(?<!\w)(?:{one_of(words['document'])})(?:\s+(?:{one_of(words['filler'])}))*$", re.IGNORECASE)


def _ends_apart(gap: str, label: str) -> bool:
    """Whether the words before a date are parted from it by what stands between, or are about the article too."""
    if not label or _HAS_BAR.search(gap) or is_about(label):
        return True
    return _HAS_PAUSE.search(gap) is not None and _HEADING.fullmatch(label) is not None


def _begins_apart(after: str) -> bool:
    """The same for what stands behind it."""
    rest = after.strip(_EDGE)
    if not rest:
        return True
    gap = after[: after.index(rest)]
    if _HAS_BAR.search(gap):
        return True
    cells = _BREAK.split(rest)
    if is_about(cells[0].strip(_EDGE)):
        return True
    return len(cells) == 1 and _HAS_PAUSE.search(gap) is not None and _HEADING.fullmatch(rest) is not None
