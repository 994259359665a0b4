"""The numbers of a labelled value, as printed, each with the label nearest to it.

First what is not a number goes (extensions, "24/7"), then slashes and commas part, then spaced dashes, then bare dashes
and blanks where one number would be too long: those part two numbers only if both sides are long enough to be numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from scraper.agency.dialing import is_service, national_number
from scraper.agency.people import has_honorific
from scraper.agency.words import fold

_EXTENSION = re.compile(
    r"[\s,(-]{0,4}(?:\bso )?"
    r"(?:\b(?:may le|may nhanh|so le|nhanh|noi bo|bam phim|bam so|bam|phim|le|extension|exts?|line)\b|\bx(?=\d))"
    r"[\s.:]*(?:so )?\d{1,5}(?:\s?[,/-]\s?\d{1,4}(?!\d))*\)?"
    r"|(?<=\d[\d .-]{3}\d)\s?\(\s?\d{1,4}\s?\)(?!\s?\d)"
    r"|\(?\b24\s?(?:/|h/)\s?(?:24h?|7)\b\)?|\b\d{1,2}\s?(?:h|g|gio)\d{0,2}\b"
)
_RUN = re.compile(r"(?:\(\s?)?\+?\s?\(?\d[\d\s().+/,-]*")
_PART = re.compile(r"([/,]?)([^/,]+)")
_WEAK = (re.compile(r"\s-\s"), re.compile("-"), re.compile(r"\s"))
_COUNTRY = re.compile(r"[\s-]*(?:\(?\+|\((?:00|0)?84|(?:00|0)?84(?!\d))")
_BRACKET = re.compile(r"\s*\(([^()\d]{2,60})\)")
_NOT_DIGIT = re.compile(r"[^0-9]+")
_SHORT = re.compile(r"1\d{2,3}")  # 115, 1022: dialled as they are
_LOOSE = " .,/-–—"
_LONGEST_RUN = 200


class Printed(NamedTuple):
    """A number as printed. label: one that stands right beside it, else None.  is_tail: only its last digits."""

    raw: str
    label: str | None
    is_tail: bool = False


def read_numbers(value: str, *, strict: bool = False) -> Iterator[Printed]:
    """The numbers in `value` in order of print. `strict` (no label says that it holds numbers): only such as have
    a prefix and stand at its start, behind a colon or behind each other."""
    text = _EXTENSION.sub(lambda match: "~" * len(match.group()), fold(value))
    done = 0
    for run in _RUN.finditer(text):
        between = value[max(done, text.rfind("~", done, run.start()) + 1) : run.start()]
        label = _label_before(between)
        if strict and label is None and between.strip(" ;,-."):
            return
        done = run.end()
        for raw, is_tail in _split(value, text, run.start(), min(done, run.start() + _LONGEST_RUN)):
            if not strict or is_tail or has_prefix(raw):
                yield Printed(raw, label or _label_behind(value, done), is_tail)


def has_prefix(raw: str) -> bool:
    """Whether a number is complete: with a trunk zero, a country code or 1800/1900, and long enough."""
    digits = _digits(raw)
    if "+" in raw or digits.startswith("0"):
        return 8 <= len(digits) <= 15
    return is_service(digits) or (digits.startswith("84") and len(digits) in (11, 12))


def _label_before(between: str) -> str | None:
    """The "Văn thư:" before a number, within the value of another label."""
    label = between.strip(" ;,.-–/(")
    if not label.endswith(":") or not 1 < len(label) < 70:
        return None
    return label.rstrip(": ").rsplit(";")[-1].strip() or None


def _label_behind(value: str, end: int) -> str | None:
    """The "(Văn thư)" behind a number; small letters are a remark, and a person is no label."""
    start = value.rfind("(", max(0, end - 3), end)
    match = _BRACKET.match(value, end if start < 0 else start)
    label = match[1].strip() if match else ""
    return label if label[:1].isupper() and not has_honorific(label) else None


def _split(value: str, text: str, start: int, end: int) -> Iterator[tuple[str, bool]]:
    """(number, is tail) of a run of digits and separators."""
    had_number = False
    for part in _PART.finditer(text, start, end):
        slash = part[1] == "/"
        for piece_start, piece_end in _pieces(text, part.start(2), part.end(2)):
            raw = _bare(value[piece_start:piece_end])
            digits = _digits(raw)
            if had_number and 0 < len(digits) <= 4 and (slash or len(digits) <= 2):
                yield digits, True
            elif len(digits) >= 6 or _SHORT.fullmatch(raw):
                had_number = True
                yield raw, False
            slash = False


def _pieces(text: str, start: int, end: int, level: int = 0) -> Iterator[tuple[int, int]]:
    """Spans of the numbers in a part, cut at weak separators from `level` on."""
    if level == len(_WEAK) or (level and not _too_long(text[start:end])):
        yield start, end
        return
    begin = start
    cuts = [match.start() for match in _WEAK[level].finditer(text, start + 1, end)]
    for here, following in pairwise([*cuts, end]):
        ends_here = _stands_alone(text[here:following].lstrip(" -")) or _too_long(text[begin:following])
        if ends_here and _is_whole(text[begin:here]):
            yield from _pieces(text, begin, here, level + 1)
            begin = here
    yield from _pieces(text, begin, end, level + 1)


def _too_long(text: str) -> bool:
    return len(_digits(text)) > (14 if _COUNTRY.match(text) else 11)


def _is_whole(text: str) -> bool:
    """Whether there are digits enough for a number."""
    national = national_number(text)
    if national is None:
        return 7 <= len(_digits(text)) <= 8 and not _COUNTRY.match(text)
    return len(national) >= (9 if national.startswith("2") else 7)


def _stands_alone(text: str) -> bool:
    """Whether a number begins here: a local one, or one with a prefix, maybe cut short by the next separator."""
    length = len(_digits(text))
    return 5 <= length <= 8 or (length > 2 and text.startswith(("0", "(", "+", "1800", "1900", "84")))


def _bare(raw: str) -> str:
    """A number without loose ends: stray brackets, dashes, full stops."""
    raw = raw.strip(_LOOSE).rstrip("(").rstrip(_LOOSE)
    opened, closed = raw.count("("), raw.count(")")
    if opened > closed:
        raw = raw.removeprefix("(")
    elif closed > opened:
        raw = raw.removesuffix(")")
    elif opened == 1 and raw[0] == "(" and raw[-1] == ")":
        raw = raw[1:-1]
    return raw.strip(_LOOSE)


def _digits(text: str) -> str:
    return _NOT_DIGIT.sub("", text)
