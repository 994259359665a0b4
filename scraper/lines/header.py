"""A run of lines read as one: which date is the article's, who wrote it, how often it was read.

The page-clock rule: a line in the page's head prints today's date, at times in the very form that other portals use for
the article's date. The labelled date or the one beside the author is the article's; a clock lends its time only when it
shows the same day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from scraper.labels import form_label
from scraper.lines.byline import clean_name, is_credit_label, is_trailer, read_credits
from scraper.lines.captions import is_file_name, split_caption
from scraper.lines.cells import has_contact, says_today
from scraper.lines.closing import end_mark, signature
from scraper.lines.counters import find_views, is_counter, is_view_label, mask_counters
from scraper.lines.dates import DateReading, at_time, is_time, relative_duration, scan, weekday_of
from scraper.lines.names import is_person, is_unit
from scraper.lines.words import CELL_BREAK, kinds
from scraper.text import tidy

_PROSE = 250  # a longer line is running text: only its two ends are looked at
_CAPTION_LIMIT = 300
_DATELINE = re.compile(r"(?:[A-ZĐÀ-Ỹ][\w .]{0,30})?\([^()\d]{2,40}\)\s?[.,]?\s?[-–—:]+")
_TIME_ONLY = re.compile(
    r"\(?\d{1,2}\s?[:hg]\s?\d{0,2}(?::\d\d)?(?:\s?(?:[ap]m|sa|ch))?(?:\s?\(?gmt\s?\+\s?7\)?)?\)?", re.IGNORECASE
)
_EDGE = " ,.;:-–—/()[]*|'\""


@dataclass(frozen=True, slots=True)
class HeaderReading:
    """What a run of lines says; None where it says nothing.

    page_clock: ISO form of today's date as the page's head prints it.  relative: ISO 8601 duration, to be counted from
    the time of fetching only.  time_borrowed: the time of `published` is the page clock's.  lines: index of the line
    that each value came from, under the names published_at, updated_at, page_clock, author, source, credit, views,
    caption, image_file, dateline, end_mark and relative.
    """

    published: DateReading | None = None
    updated: DateReading | None = None
    page_clock: str | None = None
    author: str | None = None
    source: str | None = None
    credit: str | None = None
    views: int | None = None
    caption: str | None = None
    image_file: str | None = None
    dateline: str | None = None
    end_mark: str | None = None
    relative: str | None = None
    time_borrowed: bool = False
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Row:
    """One line: its index among the given ones, its dates, and its text with dates and counters replaced by bars."""

    index: int
    text: str
    dates: list[DateReading]
    rest: str

    @property
    def is_clock_form(self) -> bool:
        return any(says_today(self.text) or weekday_of(d) is not None for d in self.dates[:1])


class _Draft:
    """Values as they are found; the first of each name stays."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.lines: dict[str, int] = {}

    def put(self, name: str, value: Any, index: int) -> None:
        if value is not None and name not in self.values:
            self.values[name] = value
            self.lines["published_at" if name == "published" else "updated_at" if name == "updated" else name] = index


def read_header(lines: Sequence[str], *, context: str, day_first: bool | None) -> HeaderReading:
    """Read lines of one place on the page.

    context: `article header`, `byline`, `body`, `page header` or `footer`.  day_first: the page's culture.
    """
    rows = [_row(index, text, day_first) for index, text in _prepared(lines)]
    draft = _Draft()
    if context == "page header":
        _read_clock(rows, draft)
    elif context != "footer":
        _read_dates(rows, draft, headed=context in ("article header", "byline"))
        _read_names(rows, draft, context)
        _read_small(rows, draft)
    return HeaderReading(**draft.values, lines=draft.lines)


def _prepared(lines: Sequence[str]) -> list[tuple[int, str]]:
    """(index, tidied line), line breaks inside opened; a label alone on its line is joined with the value below it."""
    rows = [(at, tidy(part)) for at, line in enumerate(lines) for part in line.split("\n")]
    rows = [(at, text) for at, text in rows if text]
    joined: list[tuple[int, str]] = []
    for at, text in rows:
        above = joined[-1][1] if joined else ""
        if above and len(above) <= 40 and len(text) <= 120 and _belongs(above, text):
            joined[-1] = (at, f"{above.rstrip(': ')}{' ' if is_time(text) else ': '}{text}")
        else:
            joined.append((at, text))
    return joined


def _belongs(label: str, text: str) -> bool:
    """Whether `text` is the value of the label alone on the line above, or the time of the date there."""
    if _TIME_ONLY.fullmatch(text):
        return (
            len(found := scan(label, day_first=True)) == 1
            and found[0][0].raw == label
            and found[0][0].precision == "day"
        )
    if _is_label(text) or form_label(text) is not None:
        return False
    dated = kinds(label, "date_words")
    if dated - {"filler"} or (dated and label.endswith(":")):
        return any(reading.start == 0 for reading, _ in scan(text, day_first=True))
    if is_credit_label(label):
        return clean_name(text) is not None if label.endswith(":") else is_person(text) or is_unit(text)
    return False


def _is_label(text: str) -> bool:
    return bool(kinds(text, "date_words")) or is_credit_label(text) or is_view_label(text)


def _row(index: int, text: str, day_first: bool | None) -> _Row:
    found = scan(text, day_first=day_first)
    rest, end = "", 0
    for reading, label in found:
        rest += text[end : max(end, label)] + " | "
        end = reading.end
    rest = mask_counters(rest + text[end:])
    dates = [reading for reading, _ in found]
    if len(dates) == 1 and dates[0].precision == "day" and ":" in rest:
        times = [cell for cell in map(str.strip, rest.split("|")) if is_time(cell)]
        dates = [at_time(dates[0], times[0])] if len(times) == 1 else dates
    return _Row(index, text, dates, rest)


def _read_clock(rows: list[_Row], draft: _Draft) -> None:
    for row in rows:
        for reading in row.dates[:1]:
            draft.put("page_clock", reading.value, row.index)


def _read_dates(rows: list[_Row], draft: _Draft, *, headed: bool) -> None:
    dated = [(row, reading) for row in rows for reading in row.dates]
    for row, reading in dated:
        if reading.role in ("published", "updated"):
            draft.put(reading.role, reading, row.index)
    if not headed:
        return
    alone = [(row, reading) for row, reading in dated if reading.role == "none"]
    clocks = [item for item in alone if says_today(item[0].text) or has_contact(item[0].text)]
    alone = [item for item in alone if item not in clocks]
    if "published" not in draft.values and alone:
        chosen = _article_date(alone, draft.values.get("updated"))
        if chosen is not None:
            draft.put("published", chosen[1], chosen[0].index)
    published = draft.values.get("published") or draft.values.get("updated")
    clocks += [(r, d) for r, d in alone if r.is_clock_form and d is not published and _may_be_today(d, published)]
    for row, clock in clocks[:1]:
        draft.put("page_clock", clock.value, row.index)
        if draft.values.get("published") is published is not None and published.precision == "day":
            _lend_time(clock, published, draft)


def _article_date(
    alone: list[tuple[_Row, DateReading]], updated: DateReading | None
) -> tuple[_Row, DateReading] | None:
    """Which of the unlabelled dates is the article's: the one beside a name, else one without the clock's form, else the
    last; a lone clock-like date above a later "updated" date can be no clock of today."""
    beside_name = [item for item in alone if _name_in(item[0]) is not None]
    plain = [item for item in alone if not item[0].is_clock_form]
    if beside_name or plain:
        return (beside_name or plain)[0]
    last = alone[-1]
    return None if updated is not None and _may_be_today(last[1], updated) else last


def _may_be_today(clock: DateReading, other: DateReading | None) -> bool:
    """Today is no earlier than any date of the article."""
    return other is None or clock.day >= other.day


def _lend_time(clock: DateReading, published: DateReading, draft: _Draft) -> None:
    if clock.day == published.day and clock.precision in ("minute", "second"):
        draft.values["published"] = replace(published, value=clock.value, precision=clock.precision)
        draft.values["time_borrowed"] = True


def _read_names(rows: list[_Row], draft: _Draft, context: str) -> None:
    for row in rows:
        if (len(row.text) > _PROSE and context != "body") or is_trailer(row.text):
            continue
        credits = read_credits(row.rest)
        draft.put("author", credits.author, row.index)
        draft.put("source", credits.source, row.index)
        draft.put("credit", credits.credit, row.index)
    if context == "body":
        signed = signature([row.text for row in rows])
        if signed:
            draft.put("author", signed[0], rows[signed[1]].index)
        return
    at = draft.lines.get("published_at")
    for row, below in zip(rows, [*rows[1:], None], strict=False):
        if context == "byline" or row.index == at:
            draft.put("author", _name_in(row), row.index)
        if row.index == at and below is not None and len(below.text) <= 60:
            draft.put("author", _name_in(below) if not below.dates else None, below.index)


def _name_in(row: _Row) -> str | None:
    """The unlabelled name on a line of dates, counters and controls."""
    for bar_cell in row.rest.split("|"):
        whole = bar_cell.strip(_EDGE)
        for cell in (whole, *CELL_BREAK.split(whole)):
            if (
                cell
                and (is_unit(cell) or is_person(cell, sure=bool(row.dates) and cell == whole))
                and not is_counter(cell)
            ):
                return cell
    return None


def _read_small(rows: list[_Row], draft: _Draft) -> None:
    """Views, captions, file names, dateline, end mark, relative time."""
    views = find_views([row.text for row in rows])
    if views:
        draft.put("views", views[0], rows[views[1]].index)
    file_above = False
    for row in rows:
        caption, credit = split_caption(row.text) if len(row.text) <= _CAPTION_LIMIT else (None, None)
        if caption and (file_above or (credit and not row.dates)) and not is_file_name(caption):
            draft.put("caption", caption, row.index)
            draft.put("credit", credit, row.index)
        file_above = is_file_name(row.text)
        draft.put("image_file", row.text if file_above else None, row.index)
        if match := _DATELINE.match(row.text):
            draft.put("dateline", match[0].strip(), row.index)
        marked = end_mark(row.text)
        draft.put("end_mark", marked[0] if marked else None, row.index)
        for cell in CELL_BREAK.split(row.text) if not row.dates and len(row.text) <= _PROSE else ():
            draft.put("relative", relative_duration(cell), row.index)
