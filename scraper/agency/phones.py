"""The numbers of a labelled value, as printed, each with the label nearest to it.

First what is not a number goes (extensions, "24/7"), then strong separators part (slash, comma, words), then weak ones:
a spaced dash or a blank parts two numbers only where both sides are long enough to be numbers of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from scraper.agency.dialing import is_service
from scraper.agency.people import has_honorific
from scraper.agency.words import fold

_EXTENSION = re.compile(
    r"[\s,(-]{0,4}(?:\bso )?(?:\b(?:may le|may nhanh|so le|nhanh|noi bo|bam phim|bam so|bam|phim|le|extension|ext|exts|line)\b|\bx(?=\d))"
    r"[\s.:]*(?:so )?\d{1,5}(?:\s?[,/-]\s?\d{1,4}(?!\d))*\)?"
    r"|(?<=\d\d)\s?\(\s?\d{1,4}\s?\)(?!\s?[\d.-])"
    r"|\(?\b24\s?(?:/|h/)\s?(?:24h?|7)\b\)?|\b\d{1,2}\s?(?:h|g|gio)\d{0,2}\b"
)
_RUN = re.compile(r"(?:\(\s?)?\+?\s?\(?\d[\d\s().+/,-]*")
_GROUP = re.compile(r"[(+]*\d+\)?")
_COUNTRY = re.compile(r"[\s(+]*(?:00|0)?84(?!\d)|[\s(]*\+")
_DASH = re.compile(r"\s-\s")
_BRACKET = re.compile(r"\s*\(([^()\d]{2,60})\)")
_SHORT = re.compile(r"1\d{2,3}")
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
        if strict and between.strip(" ;,-.") and label is None:
            return
        end = run.end()
        for raw, is_tail in _split(value, text, run.start(), min(end, run.start() + _LONGEST_RUN)):
            if not strict or has_prefix(raw) or is_tail:
                yield Printed(raw, label or _label_behind(value, end), is_tail)
        done = end


def has_prefix(raw: str) -> bool:
    """Whether a number is complete: with a trunk zero, a country code or 1800/1900, and long enough."""
    digits = _digits(raw)
    if "+" in raw or digits.startswith("0"):
        return 8 <= len(digits) <= 15
    return is_service(digits) or (digits.startswith("84") and len(digits) in (11, 12))


def _label_before(between: str) -> str | None:
    """ "Văn thư:" before a number, within the value of another label."""
    label = between.strip(" ;,.-–/(")
    if not label.endswith(":") or not 1 < len(label) < 70:
        return None
    return label.rstrip(": ").rsplit(";")[-1].strip() or None


def _label_behind(value: str, end: int) -> str | None:
    """ "(Văn thư)" behind a number; small letters are a remark, and a person is no label."""
    start = value.rfind("(", max(0, end - 3), end)
    match = _BRACKET.match(value, end if start < 0 else start)
    return match[1].strip() if match and match[1].strip()[:1].isupper() and not has_honorific(match[1]) else None


def _digits(text: str) -> str:
    return "".join(char for char in text if char in "0123456789")


def _split(value: str, text: str, start: int, end: int) -> Iterator[tuple[str, bool]]:
    """(number, is tail) of a run of digits and separators."""
    had_number = False
    for part in re.finditer(r"([/,]?)([^/,]+)", text[start:end]):
        slash = part[1] == "/"
        for piece_start, piece_end in _pieces(text, start + part.start(2), start + part.end(2)):
            raw = _bare(value[piece_start:piece_end])
            digits = _digits(raw)
            if had_number and len(digits) <= 4 and (slash or len(digits) <= 2):
                yield digits, True
            elif len(digits) >= 6 or _SHORT.fullmatch(raw):
                had_number = True
                yield raw, False
            slash = False


def _bare(raw: str) -> str:
    """A number without loose ends: stray brackets, dashes, full stops."""
    raw = raw.strip(" .,-–—/")
    if raw.count("(") != raw.count(")"):
        raw = raw.removeprefix("(") if raw.count("(") > raw.count(")") and raw.startswith("(") else raw
        raw = raw.rstrip("( .-") if raw.endswith(("(", "( ")) else raw
        raw = raw.removesuffix(")") if raw.count(")") > raw.count("(") else raw
    elif raw.startswith("(") and raw.endswith(")") and raw.count("(") == 1:
        raw = raw[1:-1]
    return raw.strip(" .-–—")


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of the numbers in a part: split at spaced dashes, then at blanks where one number would be too long."""
    cuts = [start, *(start + dash.start() for dash in _DASH.finditer(text[start:end])), end]
    begin = start
    for here, following in zip(cuts[1:], cuts[2:], strict=False):
        if _is_whole(text[begin:here]) and (
            _is_local(text[here:following]) or _begins(text[here:following].lstrip(" -"))
        ):
            yield from _runs_together(text, begin, here)
            begin = here
        elif _is_whole(text[begin:here]) and len(_digits(text[begin:following])) > 11:
            yield from _runs_together(text, begin, here)
            begin = here
    yield from _runs_together(text, begin, end)


def _runs_together(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    longest = 14 if _COUNTRY.match(text, start, end) else 11
    if len(_digits(text[start:end])) <= longest:
        yield start, end
        return
    begin = start
    for group in _GROUP.finditer(text, start, end):
        so_far = _digits(text[begin : group.start()])
        if (
            len(so_far) > 6
            and _is_whole(text[begin : group.start()])
            and (_begins(group.group()) or len(_digits(group.group())) >= 6)
        ):
            yield begin, group.start()
            begin = group.start()
    yield begin, end


def _is_whole(text: str) -> bool:
    digits = _digits(text)
    if _COUNTRY.match(text):
        return len(digits) >= 10
    if digits.startswith("02"):
        return len(digits) >= 10
    if digits.startswith("0") or "+" in text:
        return len(digits) >= 8
    return is_service(digits) or (digits.startswith("84") and len(digits) >= 10) or 7 <= len(digits) <= 8


def _is_local(text: str) -> bool:
    return 5 <= len(_digits(text)) <= 8


def _begins(text: str) -> bool:
    return text.startswith(("0", "(", "+", "1800", "1900", "84"))
