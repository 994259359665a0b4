"""The dates of a line with what they are for, and the single date of a form cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from scraper.lines.expressions import DateReading, expressions, months
from scraper.lines.purpose import purpose
from scraper.lines.words import one_of, table
from scraper.text import tidy

__all__ = ["DateReading", "parse_form_date", "read_dates", "relative_duration", "scan"]

# Dates of longer texts are looked for anew each time.
REMEMBERED = 250
_DIGIT = re.compile(r"\d")
_JSON_DATE = re.compile(r"\\?/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\\?/")
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:T?(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})?)?")
_FORM_REST = re.compile(r"[\s,;:|()#\-–.]*(?:datetime;#)?[\s,;:|()#\-–.]*", re.IGNORECASE)
_AGO = re.compile(r"\b(?:trước|ago|qua|rồi|cách đây|il y a)\b", re.IGNORECASE)


def read_dates(text: str, *, day_first: bool | None = True) -> tuple[DateReading, ...]:
    """Every date that a tidied line (or several) prints, in order; a month alone only where it is labelled.

    day_first: the page's culture; None when unknown.
    """
    return tuple(reading for reading, _ in scan(text, day_first=day_first))


def scan(text: str, *, day_first: bool | None) -> Sequence[tuple[DateReading, int]]:
    """As `read_dates`, with the offset where each date's label begins (its own start where it has none)."""
    if not _DIGIT.search(text):
        return ()
    return _scan_short(text, day_first) if len(text) <= REMEMBERED else _scan(text, day_first)


@lru_cache(maxsize=512)
def _scan_short(text: str, day_first: bool | None) -> Sequence[tuple[DateReading, int]]:
    """Remembered, since several fields ask for the dates of the lines around the headline."""
    return _scan(text, day_first)


def _scan(text: str, day_first: bool | None) -> Sequence[tuple[DateReading, int]]:
    found: list[tuple[DateReading, int]] = []
    floor = 0
    readings = list(expressions(text, day_first)) or list(months(text))
    for at, reading in enumerate(readings):
        ceiling = readings[at + 1].start if at + 1 < len(readings) else len(text)
        role, label = purpose(text, reading.start, reading.end, floor, ceiling, timed=reading.precision != "day")
        floor = reading.end
        if reading.precision != "month":
            found.append((replace(reading, role=role), label))
        elif label < reading.start and role != "event":
            found.append((replace(reading, role="published" if role == "none" else role), label))
    return found


def parse_form_date(text: str, *, day_first: bool | None) -> DateReading | None:
    """The date of a list form's cell or of a JSON value, None where that holds anything else.

    `/Date(…)/` counts milliseconds in UTC (the JSON of .NET services); `Z` and offsets are kept as printed.
    """
    text = tidy(text)
    if match := _JSON_DATE.fullmatch(text):
        try:
            stamp = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(match[1]))
        except OverflowError:
            return None
        value = stamp.isoformat(timespec="seconds")
        return DateReading(value, "second", text, 0, len(text)) if 1900 < stamp.year < 2100 else None
    if match := _COMPACT.fullmatch(text):
        year, month, day, hour, minute, second, zone = match.groups()
        text = f"{year}-{month}-{day}" + (f"T{hour}:{minute}:{second or '00'}{zone or ''}" if hour else "")
    found = read_dates(text, day_first=day_first)
    if len(found) != 1 or not _FORM_REST.fullmatch(text[: found[0].start] + text[found[0].end :]):
        return None
    return replace(found[0], role="none")


@lru_cache(maxsize=1)
def _relative() -> re.Pattern[str]:
    unit = one_of(table()["relative"])
    return re.compile(
        rf"""(?:[^\d|]{{0,30}}[:\-]\s?|[^\W\d]{{0,12}}\s)?(?:cách\sđây|khoảng|about|il\sy\sa)?\s?
        (?P<n>\d{{1,3}}|một|an?|one|une?)\s?(?P<unit>{unit})(?:\s?(?P<n2>\d{{1,2}})\s?(?P<unit2>{unit}))?
        (?:\s(?:trước|ago|qua|rồi))?(?:\sđây)?[.\s]*""",
        re.IGNORECASE | re.VERBOSE,
    )


def relative_duration(text: str) -> str | None:
    """`6h trước` as `-PT6H`: an ISO 8601 duration, to be counted from the time of fetching; None for any other text."""
    if len(text) > 80 or not _AGO.search(text):
        return None
    match = _relative().fullmatch(tidy(text))
    if match is None:
        return None
    units = table()["relative"]
    days = clock = ""
    for number, unit in ((match["n"], match["unit"]), (match["n2"], match["unit2"])):
        designator = units.get(unit.casefold(), "") if unit else ""
        amount = f"{int(number) if number.isdigit() else 1}" if designator else ""
        if designator.startswith("T"):
            clock += amount + designator[1]
        else:
            days += amount + designator
    return f"-P{days}" + (f"T{clock}" if clock else "") if days or clock else None
