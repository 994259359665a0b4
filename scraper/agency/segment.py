"""A footer's lines cut at their labels, whatever parts them: lines, bars, dashes, blanks or nothing at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from scraper.agency.addresses import looks_like_address
from scraper.agency.marks import IGNORED, MAIL_AHEAD, NOTICE, NUMBER_AHEAD, NUMBERS, SITE_AHEAD, find_marks
from scraper.agency.people import has_honorific, is_name, is_post
from scraper.agency.words import fold, is_institution, is_menu, is_portal, stated

_LONGEST = 600  # a value goes on in the next line while it is shorter than this
_LABEL_LONGEST = 70
_EDGE = " \t-–—|*;,•·►"
_BARS = re.compile(r"[|*]")
_BARS_AND_SEMICOLONS = re.compile(r"[|*;](?=.)")
_NO_LABEL = re.compile(r"[;,@]|\.\s[A-ZĐ]|\d{4}|:/|\d:\d")
_BARE_NUMBER = re.compile(r"[\d\s().+/-]{6,60}")
_NAME_AND_HOUSE = re.compile(r"\s[-–]\s(?=(?:[Ss]ố\s)?\d)")


class Segment(NamedTuple):
    """A part of one line: a label with its value, or text without a known label (`fields` empty).

    line: 1-based.  fields: one, or phones and faxes where one label names both.  label: as printed; where `fields` is
    empty, what stands before a colon.  raw: label and value as printed.  whole: nothing else stands in the line.
    """

    line: int
    fields: tuple[str, ...]
    label: str | None
    value: str
    raw: str
    whole: bool = False
    is_role: bool = False

    @property
    def field(self) -> str:
        """The first of `fields`, or an empty string."""
        return self.fields[0] if self.fields else ""


def cut(lines: Sequence[str], *, first: int = 1) -> list[Segment]:
    """The segments of tidied lines in order of print, values that run on in the next line joined.

    first: number of the first line.
    """
    return list(_joined(_segments(lines, first)))


def _segments(lines: Sequence[str], first: int) -> Iterator[Segment]:
    for number, line in enumerate(lines, first):
        if text := line.lstrip(_EDGE):
            yield from _cut_line(number, text)


def _cut_line(number: int, text: str) -> Iterator[Segment]:
    marks = find_marks(text)
    lead = text[: marks[0].start if marks else len(text)].strip(_EDGE)
    if lead and not (marks and lead.endswith(":")):
        yield from _unlabelled(number, lead, whole=not marks)
    ends = [*(mark.start for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=False):
        raw = text[mark.start : end].strip()
        value, rest = text[mark.value : end], []
        if mark.fields[0] not in NUMBERS and mark.fields[0] != "emails":
            value, *rest = (_BARS_AND_SEMICOLONS if mark.fields[0] == "address" else _BARS).split(value)
        value = value.strip(_EDGE) if mark.fields[0] == NOTICE else stated(value)
        yield Segment(number, mark.fields, mark.label, value, raw, len(marks) == 1 and not lead, mark.is_role)
        for piece in rest:
            yield from _unlabelled(number, piece, whole=False)


def _unlabelled(number: int, text: str, *, whole: bool) -> Iterator[Segment]:
    if is_menu(text):
        yield Segment(number, (IGNORED,), None, "", text, whole)
        return
    for piece in _name_and_address(_BARS.split(text)):
        if stated(piece):
            label, value = _unknown_label(piece.strip(_EDGE))
            yield Segment(number, (), label, stated(value), piece.strip(), whole)


def _name_and_address(pieces: Iterable[str]) -> Iterator[str]:
    """Pieces, with "Office - 12 Street, …" as two."""
    for piece in pieces:
        dash = _NAME_AND_HOUSE.search(piece)
        if dash and is_institution(piece) and looks_like_address(piece[dash.end() :]):
            yield piece[: dash.start()]
            piece = piece[dash.end() :]
        yield piece


def _unknown_label(text: str) -> tuple[str | None, str]:
    """("Văn thư", "…") of "Văn thư: …". The colon of a time or a web address is none, nor is one behind Ông or Bà."""
    colon = text.find(":", 2, _LABEL_LONGEST)
    if colon < 0 or _NO_LABEL.search(text, 0, colon + 2) or has_honorific(text):
        return None, text
    return text[:colon].strip(), text[colon + 1 :]


def _joined(segments: Iterable[Segment]) -> Iterator[Segment]:
    last: Segment | None = None
    for segment in segments:
        if last is not None:
            bare = segment.whole and not segment.fields and segment.label is None
            if bare and (value := _continued(last, segment.value.lstrip(": "))):
                last = last._replace(value=value, raw=f"{last.raw} {segment.value}")
                continue
            yield last
        last = segment
    if last is not None:
        yield last


def _continued(last: Segment, text: str) -> str | None:
    """The value of `last` with the next line's `text`, or None where that line begins something of its own."""
    if not last.value:
        return text if _fits(last, text) else None
    if not last.fields or len(last.value) > _LONGEST:
        return None
    if last.field in NUMBERS:
        return f"{last.value}; {text}" if _BARE_NUMBER.fullmatch(text) else None
    if last.field == "responsible_person" and is_name(last.value) and is_post(text):
        return f"{last.value} - {text}"
    if "@" in text or " " not in text or last.field in ("emails", "website", IGNORED):
        return None
    if last.raw.endswith(","):
        return f"{last.value}, {text}"
    return f"{last.value} {text}" if text[0].islower() else None


def _fits(last: Segment, text: str) -> bool:
    """Whether a line can be the value of the label that ended the line before."""
    if last.field in NUMBERS:
        return NUMBER_AHEAD.match(text) is not None
    match last.field:
        case "":
            return last.label is not None and (_BARE_NUMBER.fullmatch(text) is not None or looks_like_address(text))
        case "ignored":
            return last.label is not None and not any(map(str.isalpha, text))
        case "emails":
            return MAIL_AHEAD.match(fold(text)) is not None
        case "website":
            return SITE_AHEAD.match(fold(text)) is not None
        case "license":
            return "/" in text and any(map(str.isdigit, text))
        case "address":
            return any(map(str.isdigit, text)) or "," in text
        case "responsible_person":
            return is_name(text.partition(" - ")[0].partition(",")[0])
    return is_institution(text) and not is_portal(text)
