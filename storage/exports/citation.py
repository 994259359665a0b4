"""What a reference to an article is made of: the part of a record that the formats for citing share.

All texts are one line without control characters, addresses are http or https without a character that could end them,
and dates go as far as the page states them. Names are never taken apart: a Vietnamese name has no comma and its family
name comes first, so each format gets it whole.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from scraper.text import tidy
from storage.exports.texts import values

_ID = re.compile("[a-z2-7]{12}")
_LANGUAGE = re.compile("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T.*)?)?)?")
_BREAKS_ADDRESS = re.compile(r"""[\s"<>\\^`{|}\x00-\x1f]""")

Day = tuple[int, ...]
"""Year, month and day as far as they are known; empty where nothing is."""


@dataclass(frozen=True, slots=True)
class Citation:
    """id: the article's, or `record-N` (N-th of this export) where it has none.

    published, updated: W3C date and time format (https://www.w3.org/TR/NOTE-datetime), a profile of ISO 8601.
    publisher: the agency above the portal, else who runs it, else the portal's name. accessed: day of the capture.
    """

    id: str
    title: str | None
    subtitle: str | None
    section: str | None
    summary: str | None
    author: str | None
    source: str | None
    url: str | None
    language: str | None
    tags: tuple[str, ...]
    published: str | None
    published_day: Day
    updated: str | None
    accessed: Day
    publisher: str | None
    portal: str | None
    rights: str | None


def citations(records: Iterable[dict[str, Any]]) -> Iterator[Citation]:
    """One citation per stored dict, as they come."""
    return (citation(record, number) for number, record in enumerate(records, 1))


def line(record: dict[str, Any], path: str) -> str | None:
    """The text at a path (steps with dots between them) as one line; several are joined by `; `."""
    return "; ".join(lines(record, path)) or None


def lines(record: dict[str, Any], path: str) -> tuple[str, ...]:
    """The texts at a path, each as one line, empty ones left out."""
    return tuple(text for text in (tidy(str(value)) for value in values(record, path.split("."))) if text)


def web_address(record: dict[str, Any], path: str) -> str | None:
    """The http or https address at a path; what would end an address inside a line or markup is percent-encoded."""
    address = line(record, path) or ""
    if not re.match("https?://[^/]", address, re.IGNORECASE):
        return None
    return _BREAKS_ADDRESS.sub(lambda found: quote(found[0]), address)


def day_of(text: str | None, precision: str | None = None) -> Day:
    """Year, month and day of an ISO 8601 text as far as the precision goes; empty for what is no date."""
    found = _DATE.fullmatch(text or "")
    if found is None:
        return ()
    parts = tuple(int(part) for part in found.groups() if part)
    try:
        datetime.date(*(*parts, 1, 1)[:3])
    except ValueError:
        return ()
    return parts[:2] if precision == "month" else parts


def moment_of(text: str | None, precision: str | None = None) -> str | None:
    """The same as text, with the time as far as the precision goes; a time without an offset is left out."""
    day = day_of(text, precision)
    if text is None or not day:
        return None
    date = "-".join(f"{part:0{width}}" for part, width in zip(day, (4, 2, 2), strict=False))
    if precision in ("day", "month") or len(text) <= len(date):
        return date
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return date
    to_minutes = precision == "minute" or text[16:17] != ":"
    return date if moment.tzinfo is None else moment.isoformat(timespec="minutes" if to_minutes else "seconds")


def citation(record: dict[str, Any], number: int) -> Citation:
    """The citation of a stored dict; number: which one of this export it is."""
    name, language, precision = line(record, "id"), line(record, "language"), line(record, "published_precision")
    portal = line(record, "agency.portal_name")
    published = line(record, "published_at")
    return Citation(
        id=name if name and _ID.fullmatch(name) else f"record-{number}",
        title=line(record, "title"),
        subtitle=line(record, "subtitle"),
        section=line(record, "section"),
        summary=line(record, "summary"),
        author=line(record, "author"),
        source=line(record, "source"),
        url=web_address(record, "url"),
        language=language if language and _LANGUAGE.fullmatch(language) else None,
        tags=lines(record, "tags"),
        published=moment_of(published, precision),
        published_day=day_of(published, precision),
        updated=moment_of(line(record, "updated_at")),
        accessed=day_of(line(record, "capture.fetched_at")),
        publisher=line(record, "agency.managing_agency") or line(record, "agency.operating_unit") or portal,
        portal=portal,
        rights=line(record, "agency.copyright_notice"),
    )
