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
from scraper.lines.byline import Credits, clean_name, is_credit_label, is_trailer, read_credits
from scraper.lines.captions import is_file_name, split_caption
from scraper.lines.cells import has_contact, says_today
from scraper.lines.closing import end_mark, signature
from scraper.lines.counters import find_views, is_counter, is_view_label, mask_counters
from scraper.lines.dates import relative_duration, scan
from scraper.lines.expressions import DateReading, at_time, is_time, weekday_of
from scraper.lines.names import is_person, is_unit, signer
from scraper.lines.words import CELL_BREAK, kinds
from scraper.text import tidy

_PROSE = 250  # a longer line is running text: only its two ends are looked at
_CAPTION_LIMIT = 300
_DATELINE = re.compile(r"(?:[A-ZĐÀ-Ỹ][\w .]{0,30})?\([^()\d]{2,40}\)\s?[.,]?\s?[-–—:]+")
# A picture credited as "Nguồn: …": the line opens with a picture word, or the source is bracketed in its sentence.
_PICTURED = re.compile(r"\W*(?:ảnh|hình|photo)\b|[^.!?/]*\((?:nguồn|source)\b", re.IGNORECASE)
_RECORD_NAMES = {"published": "published_at", "updated": "updated_at"}
_EDGE = " ,;:-–—/*'\""


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
    """One line: its index among the given ones, its dates, its text with dates and counters replaced by bars, and the
    credits in that. clock_form: whether it looks like a page clock (a weekday or "today" before a date)."""

    index: int
    text: str
    dates: list[DateReading]
    rest: str
    credits: Credits
    clock_form: bool

    @property
    def is_prose(self) -> bool:
        return len(self.text) > _PROSE


class _Draft:
    """Values as they are found; the first of each name stays."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.lines: dict[str, int] = {}

    def put(self, name: str, value: Any, index: int) -> None:
        if value is not None and name not in self.values:
            self.values[name] = value
            self.lines[_RECORD_NAMES.get(name, name)] = index


def read_header(lines: Sequence[str], *, context: str, day_first: bool | None) -> HeaderReading:
    """Read lines of one place on the page.

    context: `article header`, `byline`, `body`, `page header` or `footer`.  day_first: the page's culture.
    """
    rows, draft = _rows(lines, day_first), _Draft()
    if context == "page header":
        _read_clock(rows, draft)
    elif context != "footer":
        _read_dates(rows, draft, headed=context in ("article header", "byline"))
        _read_names(rows, draft, context)
        _read_small(rows, draft)
    return HeaderReading(**draft.values, lines=draft.lines)


def read_closing(lines: Sequence[str], *, day_first: bool | None) -> HeaderReading:
    """Read the last lines of a body for its signature and credits alone: part of what `body` means in `read_header`."""
    rows, draft = _rows(lines, day_first), _Draft()
    _read_names(rows, draft, "body")
    if "source" in draft.values:  # it may be that of a picture
        _read_captions(rows, draft)
    return HeaderReading(**draft.values, lines=draft.lines)


def _rows(lines: Sequence[str], day_first: bool | None) -> list[_Row]:
    return [_row(index, text, day_first) for index, text in _prepared(lines)]


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
    if is_time(text):
        found = [reading for reading, _ in scan(label, day_first=True)]
        return len(found) == 1 and found[0].raw == label and found[0].precision == "day"
    dated = kinds(label, "date_words")
    if not dated and not is_credit_label(label):
        return False
    if kinds(text, "date_words") or is_credit_label(text) or is_view_label(text) or form_label(text) is not None:
        return False
    if dated - {"filler"} or (dated and label.endswith(":")):
        return any(reading.start == 0 for reading, _ in scan(text, day_first=True))
    if label.endswith(":"):
        return clean_name(text) is not None
    return is_person(text) or is_unit(text)


def _row(index: int, text: str, day_first: bool | None) -> _Row:
    read = _read_short(text, day_first) if len(text) <= _PROSE else _read(text, day_first)
    return _Row(index, text, *read)


@lru_cache(maxsize=512)
def _read_short(text: str, day_first: bool | None) -> tuple[list[DateReading], str, Credits, bool]:
    """Remembered, since the lines that are taken for a header are read again as one."""
    return _read(text, day_first)


def _read(text: str, day_first: bool | None) -> tuple[list[DateReading], str, Credits, bool]:
    """What a row holds beside its place and its text."""
    found = scan(text, day_first=day_first)
    dates = [reading for reading, _ in found]
    pieces, end = [], 0
    for reading, label in found:
        pieces.append(text[end:label])
        end = reading.end
    rest = mask_counters(" | ".join([*pieces, text[end:]]))
    if len(dates) == 1 and dates[0].precision == "day" and ":" in rest:
        times = [cell for cell in map(str.strip, rest.split("|")) if is_time(cell)]
        dates = [at_time(dates[0], times[0])] if len(times) == 1 else dates
    clock_form = bool(dates) and (says_today(text) or weekday_of(dates[0]) is not None)
    return dates, rest, Credits() if is_trailer(text) else read_credits(rest), clock_form


def _read_clock(rows: list[_Row], draft: _Draft) -> None:
    for row in rows:
        for reading in row.dates[:1]:
            draft.put("page_clock", reading.value, row.index)


def _read_dates(rows: list[_Row], draft: _Draft, *, headed: bool) -> None:
    dated = [(row, reading) for row in rows for reading in row.dates]
    for row, reading in dated:
        if reading.role in ("published", "updated"):
            draft.put(reading.role, reading, row.index)
    alone = [(row, reading) for row, reading in dated if reading.role == "none" and not row.is_prose] if headed else []
    clocks = [(row, reading) for row, reading in alone if says_today(row.text) or has_contact(row.text)]
    if clocks:
        alone = [(row, reading) for row, reading in alone if not (says_today(row.text) or has_contact(row.text))]
    if "published" not in draft.values and (chosen := _article_date(alone, draft.values.get("updated"))):
        draft.put("published", chosen[1], chosen[0].index)
    published: DateReading | None = draft.values.get("published")
    other = published or draft.values.get("updated")
    clocks += [
        (row, date) for row, date in alone if row.clock_form and date is not other and _may_be_today(date, other)
    ]
    for row, clock in clocks[:1]:
        draft.put("page_clock", clock.value, row.index)
        if published is not None and published.precision == "day":
            _lend_time(clock, published, draft)


def _article_date(
    alone: list[tuple[_Row, DateReading]], updated: DateReading | None
) -> tuple[_Row, DateReading] | None:
    """Which of the unlabelled dates is the article's: one beside a name, else one without the clock's form, else the
    last; a lone clock-like date that is no later than the "updated" one can be no clock of today."""
    plain = [item for item in alone if not item[0].clock_form]
    for row, date in alone if len(alone) > 1 else ():
        if _name_in(row) is not None:
            return row, date
    if plain or not alone:
        return plain[0] if plain else None
    return None if updated is not None and _may_be_today(alone[-1][1], updated) else alone[-1]


def _may_be_today(clock: DateReading, other: DateReading | None) -> bool:
    """Today is no earlier than any date of the article."""
    return other is None or clock.day >= other.day


def _lend_time(clock: DateReading, published: DateReading, draft: _Draft) -> None:
    if clock.day == published.day and clock.precision in ("minute", "second"):
        draft.values["published"] = replace(published, value=clock.value, precision=clock.precision)
        draft.values["time_borrowed"] = True


def _read_names(rows: list[_Row], draft: _Draft, context: str) -> None:
    for row in rows:
        if row.is_prose and context != "body":
            continue
        for name in ("author", "source", "credit"):
            draft.put(name, getattr(row.credits, name), row.index)
    if context == "body":
        if signed := signature([row.text for row in rows]):
            draft.put("author", signed[0], rows[signed[1]].index)
        return
    dated = {draft.lines.get("published_at"), draft.lines.get("updated_at")}
    for at, row in enumerate(rows):
        below_date = at > 0 and rows[at - 1].dates and rows[at - 1].index in dated and len(row.text) <= 60
        if context == "byline" or below_date or (row.dates and row.index in dated):
            draft.put("author", _name_in(row), row.index)


def _name_in(row: _Row) -> str | None:
    """The unlabelled name on a line of dates, counters and controls."""
    if row.is_prose or is_trailer(row.text):
        return None
    for bar_cell in row.rest.split("|"):
        whole = bar_cell.strip(_EDGE)
        for cell in dict.fromkeys((whole, *CELL_BREAK.split(whole))):
            name = signer(cell, sure=bool(row.dates) and cell == whole)
            if name is not None and not is_counter(cell):
                return name
    return None


def _read_small(rows: list[_Row], draft: _Draft) -> None:
    """Views, captions, file names, dateline, end mark, relative time."""
    if views := find_views([row.text for row in rows]):
        draft.put("views", views[0], rows[views[1]].index)
    _read_captions(rows, draft)
    for row in rows:
        draft.put("image_file", row.text if is_file_name(row.text) else None, row.index)
        if match := _DATELINE.match(row.text):
            draft.put("dateline", match[0].strip(), row.index)
        marked = end_mark(row.text)
        draft.put("end_mark", marked[0] if marked else None, row.index)
        for cell in CELL_BREAK.split(row.text) if not row.dates and not row.is_prose else ():
            draft.put("relative", relative_duration(cell), row.index)


def _read_captions(rows: list[_Row], draft: _Draft) -> None:
    file_above = False
    for row in rows:
        _read_caption(row, draft, file_above)
        file_above = is_file_name(row.text)


def _read_caption(row: _Row, draft: _Draft, file_above: bool) -> None:
    if len(row.text) > _CAPTION_LIMIT or (row.dates and not file_above):
        return
    caption, credit = split_caption(row.text)
    if caption is None or is_file_name(caption) or not (file_above or credit):
        return
    if not file_above and credit == row.credits.source and not _PICTURED.match(caption):
        return
    draft.put("caption", caption, row.index)
    draft.put("credit", credit, row.index)
    if credit == row.credits.source and draft.lines.get("source") == row.index:
        del draft.values["source"], draft.lines["source"]
