"""Date expressions: where a text prints a date, and which day and time it states.

A date is found by its digits, then grown to both sides over weekday, time, zone and the words between them. Order of
day and month where both readings exist: the page's culture, Vietnamese (or French) words beside it, the dots of
`8.6.2016`, a printed weekday; else both readings are reported. A value over 12 leaves one reading. Impossible dates and
the empty dates of databases (year 1900 and before, 2100 and after: 31/12/9999) are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from scraper.lines.purpose import Role
from scraper.lines.times import TIME, Clock, read_clock, zone_pattern
from scraper.lines.words import one_of, table
from scraper.models import Precision

_REACH = 64  # how far weekday, time and zone may stand from the digits of the date, in characters
_MONTH_REACH = 24
_NUMBER = re.compile(r"\d+")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?![\d/.-])")
_GLUE = r"[\s,;:|\-–—()\[\]·•]{0,6}"
_VIETNAMESE = re.compile(r"[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉĩịọỏốồổỗộớờởỡợụủũứừửữựỳỵỷỹ]", re.IGNORECASE)


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
    month_of_year: re.Pattern[str]
    left: re.Pattern[str]
    right: re.Pattern[str]
    zone: re.Pattern[str]
    time_only: re.Pattern[str]
    weekday: re.Pattern[str]
    day_first: re.Pattern[str]


class _Span(NamedTuple):
    """A date expression's bounds and what stands in it beside the day."""

    start: int
    end: int
    clock: Clock | None


class _Days(NamedTuple):
    """A calendar day and the other reading of the same digits."""

    first: date
    other: date | None = None


@lru_cache(maxsize=1)
def _grammar() -> _Grammar:
    words, flags = table(), re.IGNORECASE | re.VERBOSE
    months, numbers, weekday = one_of(words["months"]), one_of(words["month_numbers"]), one_of(words["weekdays"])
    month_word = rf"(?:tháng|thg|th)\.?\s?(?P<wm>\d\d?|{numbers})(?!\w)|(?<!\w)(?P<wn>{months})\b\.?"
    word = rf"""(?:(?P<weekday>{weekday})|{one_of(words["date_signs"]["between"])})(?!\w)"""
    return _Grammar(
        core=re.compile(
            rf"""(?<!\d[/.\-–,])(?:
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
        month_of_year=re.compile(
            rf"(?<!\w)(?:(?:{month_word})[\s,/\-.]{{0,3}}(?:năm\s)?|(?<![\d/.-])(?P<mm>0?[1-9]|1[0-2])[/-])\Z", flags
        ),
        left=re.compile(rf"(?:(?<![\w.,/])(?:{word}|(?P<time>{TIME})){_GLUE})*\Z", flags),
        right=re.compile(rf"(?:t(?=\d\d:)|{_GLUE})(?:{word}{_GLUE})*(?P<time>{TIME})?", flags),
        zone=re.compile(zone_pattern(), flags),
        time_only=re.compile(rf"\(?{TIME}(?:{zone_pattern()})?\)?", flags),
        weekday=re.compile(rf"(?<!\w)(?:{weekday})(?!\w)", flags),
        day_first=re.compile(rf"(?<!\w)(?:{one_of(words['date_signs']['day_first'])})(?!\w)", flags),
    )


def expressions(text: str, day_first: bool | None) -> Iterator[DateReading]:
    """The date expressions of a text in order, without their purpose (role `none`)."""
    grammar = _grammar()
    floor = 0
    for number in _NUMBER.finditer(text):
        core = grammar.core.match(text, number.start()) if number.start() >= floor else None
        if core is None:
            continue
        before = core
        if core["md"]:
            found = grammar.month_before.search(text, max(floor, core.start() - _MONTH_REACH), core.start())
            if found is None:
                continue
            before = found
        span = _grow(text, floor, before.start(), core.end())
        days = _days(core, before, text, span, day_first)
        floor = span.end if days else core.end()
        if days is not None:
            yield _reading(days, text, span)


def _grow(text: str, floor: int, start: int, end: int) -> _Span:
    """The expression around the digits of a date: weekday, time and zone on either side belong to it."""
    grammar = _grammar()
    left = grammar.left.search(text, max(floor, start - _REACH), start)
    right = grammar.right.match(text, end, end + _REACH)
    time = left if left is not None and left["time"] else right if right is not None and right["time"] else None
    if left is not None and left[0]:
        start = left.start()
    if right is not None:
        end = max(end, right.end("weekday"), right.end("time") if time is right else -1)
    zone = grammar.zone.match(text, end)
    if zone is not None and (time is not None or not zone["stamp"]):
        end = zone.end()
    elif left is not None and time is left:
        zone = grammar.zone.match(text, left.end("time"))
    return _Span(start, end, read_clock(time, zone))


def _reading(days: _Days, text: str, span: _Span) -> DateReading:
    time = span.clock.iso() if span.clock else ""
    other = days.other.isoformat() + time if days.other else None
    raw = text[span.start : span.end]
    return DateReading(
        days.first.isoformat() + time, _precision(span.clock), raw, span.start, span.end, alternative=other
    )


def _precision(clock: Clock | None) -> Precision:
    return "day" if clock is None else "minute" if clock.second is None else "second"


def months(text: str) -> Iterator[DateReading]:
    """The months with a year ("Tháng 4/2019", "November 2019", "04/2019")."""
    for year in _YEAR.finditer(text):
        before = _grammar().month_of_year.search(text, max(0, year.start() - _MONTH_REACH), year.start())
        month = 0 if before is None else int(before["mm"]) if before["mm"] else _month(before)
        if before is not None and 1 <= month <= 12:
            start, end = before.start(), year.end()
            yield DateReading(f"{int(year[0])}-{month:02}", "month", text[start:end], start, end)


def _month(match: re.Match[str]) -> int:
    """The month that the words of `month_word` name, 0 for none."""
    if name := match["wn"]:
        return _lookup("months", name) or 0
    number = match["wm"]
    return int(number) if number.isdigit() else _lookup("month_numbers", number) or 0


def _lookup(section: str, words: str) -> int | None:
    """The number that a table gives to words as printed."""
    number: int | None = table()[section].get(" ".join(words.casefold().split()))
    return number


def _days(core: re.Match[str], month: re.Match[str], text: str, span: _Span, day_first: bool | None) -> _Days | None:
    """The day that the digits state; None for impossible or empty dates."""
    if core["iy"]:
        first = _date(core["iy"], core["im"] or core["cm"], core["id"])
    elif core["d"]:
        first = _date(core["wy"], _month(core), core["d"])
    elif core["md"]:
        first = _date(core["my"], _month(month), core["md"])
    elif core["a2"]:
        first = _date(core["y2"], core["b2"], core["a2"])
    else:
        return _numeric(core, text, span, day_first)
    return _Days(first) if first else None


def _numeric(core: re.Match[str], text: str, span: _Span, day_first: bool | None) -> _Days | None:
    """The day of `7/9/2018`, whose order has to be decided."""
    by_day, by_month = _date(core["y"], core["b"], core["a"]), _date(core["y"], core["a"], core["b"])
    if by_day is None or by_month is None or by_day == by_month:
        only = by_day or by_month
        return _Days(only) if only else None
    if day_first is None and _has_day_first_words(text[max(0, span.start - _REACH) : span.end + _REACH]):
        day_first = True
    if day_first is None and core["sep"] == ".":
        day_first = True
    if day_first is None:
        printed = _weekday(text[span.start : span.end])
        fitting = [day for day in (by_day, by_month) if day.weekday() == printed]
        return _Days(fitting[0]) if len(fitting) == 1 else _Days(by_day, by_month)
    return _Days(by_day if day_first else by_month)


def _has_day_first_words(text: str) -> bool:
    return _VIETNAMESE.search(text) is not None or _grammar().day_first.search(text) is not None


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
    return replace(reading, value=reading.value + clock.iso(), precision=_precision(clock), alternative=other)


def weekday_of(reading: DateReading) -> int | None:
    """The weekday that a date expression prints, Monday = 0; it may contradict the date."""
    return _weekday(reading.raw)


def _weekday(text: str) -> int | None:
    printed = _grammar().weekday.search(text)
    return _lookup("weekdays", printed[0]) if printed else None
