"""Printed dates: every form met on portals, with what is known of their order, time and purpose.

A date expression is found by its digits, then grown to both sides over weekday, time, zone and the words between them.
Order of day and month where both readings exist: a value over 12, the page's culture, Vietnamese (or French) words
beside it, dots, a printed weekday; else both readings are reported. Impossible dates and the empty dates of databases
(year 1900 and before, 2100 and after: 31/12/9999) are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from scraper.lines.purpose import Role, purpose
from scraper.lines.times import TIME, Clock, read_clock, zone_pattern
from scraper.lines.words import one_of, table
from scraper.models import Precision
from scraper.text import tidy

_REACH = 64  # how far weekday, time and zone may stand from the digits of the date, in characters
_DIGIT = re.compile(r"\d")
_VIETNAMESE = re.compile(r"[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉĩịọỏốồổỗộớờởỡợụủũứừửữựỳỵỷỹ]", re.IGNORECASE)
_GLUE = r"[\s,;:|\-–—()\[\]·•]{0,6}"
_JSON_DATE = re.compile(r"\\?/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\\?/")
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:T?(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})?)?")
_FORM_REST = re.compile(r"[\s,;:|()#\-–.]*(?:datetime;#)?[\s,;:|()#\-–.]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DateReading:
    """One printed date.

    value: ISO 8601 with offset when a time is printed (+07:00 unless a zone is), a bare date, or `YYYY-MM`.
    start, end: offsets of `raw` in the given text; weekday, time and zone are part of it, the label is not.
    role: what the label or the words directly before say the date is for; `none` when it stands alone or beside a name,
    `event` inside running words.  alternative: the month-first reading where the order is open.
    """

    value: str
    precision: Precision
    raw: str
    start: int
    end: int
    role: Role = "none"
    alternative: str | None = None

    @property
    def day(self) -> str:
        """The date without its time."""
        return self.value[:10]


class _Grammar(NamedTuple):
    core: re.Pattern[str]
    month_before: re.Pattern[str]
    month_only: re.Pattern[str]
    left: re.Pattern[str]
    right: re.Pattern[str]
    zone: re.Pattern[str]
    time_only: re.Pattern[str]
    weekday: re.Pattern[str]
    day_first: re.Pattern[str]


class _Days(NamedTuple):
    """A calendar day and the other reading of the same digits."""

    first: date
    other: date | None = None


@lru_cache(maxsize=1)
def _grammar() -> _Grammar:
    words, flags = table(), re.IGNORECASE | re.VERBOSE
    months, numbers, weekday = one_of(words["months"]), one_of(words["month_numbers"]), one_of(words["weekdays"])
    month_word = rf"(?:tháng|thg|th)\.?\s?(?P<wm>\d\d?|{numbers})(?!\w)|(?<!\w)(?P<wn>{months})\b\.?"
    piece = rf"""(?:(?P<weekday>{weekday})(?!\w)|(?P<time>{TIME})|(?:{one_of(words["date_signs"]["between"])})(?!\w))"""
    return _Grammar(
        core=re.compile(
            rf"""(?<!\d)(?<!\d[/.\-–,])(?:
              (?P<iy>(?:19|20)\d\d)(?:(?P<isep>[-/.])(?P<im>\d\d?)(?P=isep)|\s?[年년]\s?(?P<cm>\d\d?)\s?[月월]\s?)(?P<id>\d\d?)
              (?:\s?[日일])?
            | (?P<a>\d\d?)\s?(?P<sep>[/.\-–—‒])\s?(?P<b>\d\d?)(?:\s?(?P=sep)\s?|\s?năm\s)(?P<y>\d{{4}}|\d\d)
            | (?P<a2>\d\d)\s(?P<b2>\d\d)\s(?P<y2>(?:19|20)\d\d)(?!\s\d)
            | (?P<d>\d\d?)(?:st|nd|rd|th|er|º)?[\s\-./,]{{1,2}}(?:(?:of|de)\s)?(?:{month_word})
              (?:[\s\-./,]{{0,3}}(?:(?:năm|of|de)\s)?)(?P<wy>\d{{4}}|(?<=-)\d\d)
            | (?P<md>\d\d?)(?:st|nd|rd|th|er)?(?:,\s?|\s)(?:năm\s)?(?P<my>(?:19|20)\d\d)
            )(?!\d|/\w|\.\d|(?-i:[-–][A-ZĐ]{{2}}))""",
            flags,
        ),
        month_before=re.compile(rf"(?:{month_word})[\s,]{{1,2}}\Z", flags),
        month_only=re.compile(
            rf"(?<!\w)(?:(?:{month_word})[\s,/\-.]{{0,3}}(?:năm\s)?|(?P<mm>0?[1-9]|1[0-2])[/-])(?P<wy>(?:19|20)\d\d)(?![\d/.-])",
            flags,
        ),
        left=re.compile(rf"(?:(?<![\w.,/]){piece}{_GLUE})*\Z", flags),
        right=re.compile(rf"(?:t(?=\d\d:)|{_GLUE})(?:{piece}{_GLUE})*", flags),
        zone=re.compile(zone_pattern(), flags),
        time_only=re.compile(rf"\(?{TIME}(?:{zone_pattern()})?\)?", flags),
        weekday=re.compile(rf"(?<!\w)(?:{weekday})(?!\w)", flags),
        day_first=re.compile(rf"(?<!\w)(?:{one_of(words['date_signs']['day_first'])})(?!\w)", flags),
    )


def read_dates(text: str, *, day_first: bool | None = True) -> tuple[DateReading, ...]:
    """Every date that a tidied line (or several) prints, in order; a month alone only where it is labelled.

    day_first: the page's culture; None when unknown.
    """
    return tuple(reading for reading, _ in scan(text, day_first=day_first))


def scan(text: str, *, day_first: bool | None) -> list[tuple[DateReading, int]]:
    """As `read_dates`, with the offset where each date's label begins (its own start where it has none)."""
    if not _DIGIT.search(text):
        return []
    found: list[tuple[DateReading, int]] = []
    floor = 0
    readings = list(_expressions(text, day_first)) or list(_months(text))
    for at, reading in enumerate(readings):
        ceiling = readings[at + 1].start if at + 1 < len(readings) else len(text)
        role, label = purpose(text, reading.start, reading.end, floor, ceiling, timed=reading.precision != "day")
        floor = reading.end
        if reading.precision != "month":
            found.append((replace(reading, role=role), label))
        elif label < reading.start and role != "event":
            found.append((replace(reading, role="published" if role == "none" else role), label))
    return found


def _expressions(text: str, day_first: bool | None) -> Iterator[DateReading]:
    """The date expressions of a text, without their purpose."""
    grammar = _grammar()
    floor = 0
    for core in grammar.core.finditer(text):
        start, end = core.span()
        if core["md"]:
            before = grammar.month_before.search(text, max(floor, start - 24), start)
            if before is None:
                continue
            start = before.start()
        else:
            before = core
        left = grammar.left.search(text, max(floor, start - _REACH), start)
        right = grammar.right.match(text, end, end + _REACH)
        time = _last_time(left) or _last_time(right)
        if left is not None and left.end() > left.start():
            start = left.start()
        if right is not None:
            end = max(end, right.end("weekday"), right.end("time") if time is right else -1)
        zone = grammar.zone.match(text, end)
        if zone is not None and (time is not None or not zone["stamp"]):
            end = zone.end()
        elif time is left and time is not None:
            zone = grammar.zone.match(text, left.end("time"))
        clock = read_clock(time, zone)
        days = _days(core, before, text, start, end, day_first)
        if days is not None:
            floor = end
            yield _reading(days, clock, text, start, end)


def _last_time(side: re.Match[str] | None) -> re.Match[str] | None:
    return side if side is not None and side["time"] else None


def _reading(days: _Days, clock: Clock | None, text: str, start: int, end: int) -> DateReading:
    time = clock.iso() if clock else ""
    precision: Precision = "day" if clock is None else "minute" if clock.second is None else "second"
    other = days.other.isoformat() + time if days.other else None
    return DateReading(days.first.isoformat() + time, precision, text[start:end], start, end, alternative=other)


def _months(text: str) -> Iterator[DateReading]:
    for match in _grammar().month_only.finditer(text):
        month = int(match["mm"]) if match["mm"] else _month(match)
        if 1 <= month <= 12:
            yield DateReading(f"{match['wy']}-{month:02}", "month", match[0], match.start(), match.end())


def _month(match: re.Match[str]) -> int:
    """The month that the words of `month_word` name, 0 for none."""
    words = table()
    if name := match["wn"]:
        return int(words["months"][name.casefold()])
    number = match["wm"].casefold()
    return int(number) if number.isdigit() else int(words["month_numbers"][" ".join(number.split())])


def _days(
    core: re.Match[str], month: re.Match[str], text: str, start: int, end: int, day_first: bool | None
) -> _Days | None:
    """The day that the digits state; None for impossible or empty dates."""
    if core["iy"]:
        first = _date(core["iy"], core["im"] or core["cm"], core["id"])
    elif core["d"]:
        first = _date(core["wy"], _month(core), core["d"])
    elif core["md"]:
        first = _date(core["my"], _month(month), core["md"])
    elif core["a2"]:
        return _numeric(core["a2"], core["b2"], core["y2"], True, None)
    else:
        beside = text[max(0, start - _REACH) : end + _REACH]
        return _numeric(core["a"], core["b"], core["y"], _order(core["sep"], beside, day_first), text[start:end])
    return _Days(first) if first else None


def _order(separator: str, beside: str, day_first: bool | None) -> bool | None:
    """Whether the day comes first: the culture, else the words beside the date, else the dots of `7.9.2018`."""
    if day_first is not None:
        return day_first
    if separator == "." or _VIETNAMESE.search(beside) or _grammar().day_first.search(beside):
        return True
    return None


def _numeric(a: str, b: str, year: str, day_first: bool | None, expression: str | None) -> _Days | None:
    by_day, by_month = _date(year, b, a), _date(year, a, b)
    if by_day is None or by_month is None or by_day == by_month:
        only = by_day or by_month
        return _Days(only) if only else None
    if day_first is None and expression is not None and (printed := _grammar().weekday.search(expression)):
        weekday = table()["weekdays"][" ".join(printed[0].casefold().split())]
        fitting = [day for day in (by_day, by_month) if day.weekday() == weekday]
        if len(fitting) == 1:
            return _Days(fitting[0])
    if day_first is None:
        return _Days(by_day, by_month)
    return _Days(by_day if day_first else by_month)


def _date(year: str, month: str | int, day: str) -> date | None:
    number = int(year)
    if len(year) == 2:
        number += 2000 if number < 80 else 1900
    try:
        return date(number, int(month), int(day)) if 1900 < number < 2100 else None
    except ValueError:
        return None


def is_time(text: str) -> bool:
    """Whether a text is a clock time and nothing else."""
    return len(text) <= 30 and _grammar().time_only.fullmatch(text) is not None


def at_time(reading: DateReading, text: str) -> DateReading:
    """A date without a time at the time that another cell of its line prints."""
    match = _grammar().time_only.fullmatch(text)
    clock = read_clock(match, match)
    if clock is None:
        return reading
    other = reading.alternative and reading.alternative + clock.iso()
    precision: Precision = "minute" if clock.second is None else "second"
    return replace(reading, value=reading.value + clock.iso(), precision=precision, alternative=other)


def weekday_of(reading: DateReading) -> int | None:
    """The weekday that a date expression prints, Monday = 0; it may contradict the date."""
    printed = _grammar().weekday.search(reading.raw)
    return int(table()["weekdays"][" ".join(printed[0].casefold().split())]) if printed else None


def parse_form_date(text: str, *, day_first: bool | None) -> DateReading | None:
    """The date of a list form's cell or of a JSON value that holds nothing else (`/Date(…)/` is in milliseconds, UTC)."""
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
        (?P<ago>\s(?:trước|ago|qua|rồi))?(?:\sđây)?[.\s]*""",
        re.IGNORECASE | re.VERBOSE,
    )


def relative_duration(text: str) -> str | None:
    """ "6h trước" as `-PT6H`: an ISO 8601 duration back from the time of fetching; None unless the text says just that."""
    text = tidy(text)
    match = _relative().fullmatch(text) if len(text) <= 80 else None
    if match is None or not (match["ago"] or re.search(r"cách đây|il y a", text, re.IGNORECASE)):
        return None
    units = table()["relative"]
    parts = {units[match["unit"].casefold()]: int(match["n"]) if match["n"].isdigit() else 1}
    if match["n2"]:
        parts[units[match["unit2"].casefold()]] = int(match["n2"])
    days = "".join(f"{n}{unit}" for unit, n in parts.items() if not unit.startswith("T"))
    clock = "".join(f"{n}{unit[1]}" for unit, n in parts.items() if unit.startswith("T"))
    return f"-P{days}" + (f"T{clock}" if clock else "")
