"""When the article was published and updated. The forms of a printed date live in scraper.lines.dates."""

from __future__ import annotations

import re
from itertools import pairwise

from scraper.fields.structured import stated
from scraper.kinds import POSTED, SIGNED, is_letterhead
from scraper.lines.dates import DateReading, parse_form_date, read_dates
from scraper.view import Candidate, View

# No printed date is longer, weekday and time included.
BARE_DATE = 80
_URL_DAY = re.compile(r"(?:/|\bd)(20\d{2})[-/]?(\d{1,2})[-/]?(\d{1,2})(?:/|[-_T]|\d{6})")


def _candidate(reading: DateReading | None, node: str | None, note: str | None = None) -> Candidate | None:
    return Candidate(reading, reading.raw, node, note) if reading is not None else None


def form_date(view: View) -> Candidate | None:
    """The publication column of a filled list form."""
    column = view.form.get("published_at") if view.form is not None else None
    if column is None or column.value is None:
        return None
    return _candidate(parse_form_date(column.value, day_first=view.day_first), column.node)


def header_date(view: View) -> Candidate | None:
    """The date in the lines around the headline; a page clock lends its time only on the byline's own day."""
    if _is_event(view):
        return None
    note = "time borrowed from the page clock of the same day" if view.header.time_borrowed else None
    return _candidate(view.header.published, view.header_node("published_at"), note)


def _is_event(view: View) -> bool:
    """Whether two bare lines below each other print two times of one day, or two days: an event's beginning and end."""
    bare = []
    for block in view.header_blocks:
        if len(line := block.spaced) > BARE_DATE:
            continue
        readings = read_dates(line, day_first=view.day_first)
        if len(readings) == 1 and readings[0].role == "none" and len(line) <= len(readings[0].raw) + 4:
            bare.append((block.index, readings[0].value))
    return any(b[0] - a[0] == 1 and a[1] < b[1] for a, b in pairwise(bare))


def refined_date(view: View) -> Candidate | None:
    """The machine-readable time, where the page prints the same day without one."""
    exact = structured_date(view)
    if exact is None or len(exact.value.value) <= 10:
        return None
    printed = header_date(view)
    if printed is None or printed.value.precision != "day":
        return None
    same_day = printed.value.value == exact.value.value[:10] and printed.value.alternative is None
    return Candidate(exact.value, exact.raw, exact.node, f"the page prints {printed.raw!r}") if same_day else None


def structured_date(view: View) -> Candidate | None:
    """`datePublished` of JSON-LD, else article:published_time."""
    found = stated(view, "datePublished", "article:published_time", "og:posttime", "pubdate")
    if found is None:
        return None
    return _candidate(parse_form_date(found.value, day_first=view.day_first), found.node)


def tail_date(view: View) -> Candidate | None:
    """A labelled publication date below the body, or the date in a blog post's "by … at …" line."""
    for block in view.zones.of(view.page, "tail"):
        for reading in read_dates(block.text, day_first=view.day_first):
            if reading.role == "published" or POSTED.match(block.text):
                return _candidate(reading, block.node)
    return None


def signing_date(view: View) -> Candidate | None:
    """On a legal document: the line "place, ngày … tháng … năm …" below the national motto."""
    if not any(is_letterhead(block) for block in view.page.blocks if len(block.text) < 120):
        return None
    for block in view.page.blocks:
        if len(block.text) < 100 and SIGNED.match(block.text):
            readings = read_dates(block.text, day_first=True)
            return _candidate(readings[0] if readings else None, block.node)
    return None


def header_update(view: View) -> Candidate | None:
    """An "updated" date in the lines around the headline."""
    return _candidate(view.header.updated, view.header_node("updated_at"))


def tail_update(view: View) -> Candidate | None:
    """An "updated" date below the body."""
    for block in view.zones.of(view.page, "tail"):
        for reading in read_dates(block.text, day_first=view.day_first):
            if reading.role == "updated":
                return _candidate(reading, block.node)
    return None


def form_update(view: View) -> Candidate | None:
    """The last-modified trailer or update column of a list form, where a value is printed."""
    if view.form is None:
        return None
    column = view.form.get("updated_at")
    raw = column.value if column else view.form.modified
    if not raw:
        return None
    return _candidate(parse_form_date(raw, day_first=view.day_first), column.node if column else "form trailer")


def structured_update(view: View) -> Candidate | None:
    """`dateModified` of JSON-LD, else article:modified_time."""
    found = stated(view, "dateModified", "article:modified_time")
    return _candidate(parse_form_date(found.value, day_first=view.day_first), found.node) if found else None


PUBLISHED = (form_date, refined_date, header_date, tail_date, structured_date, signing_date)
UPDATED = (header_update, form_update, tail_update, structured_update)


def day_in_address(url: str | None) -> str | None:
    """The day that an address carries (`/Pages/2020-5-29/…`, `…d20181207…`), as an ISO date."""
    match = _URL_DAY.search(url or "")
    if not match:
        return None
    year, month, day = map(int, match.groups())
    return f"{year:04}-{month:02}-{day:02}" if 1 <= month <= 12 and 1 <= day <= 31 else None
