"""The questions that `Archive.find` answers, as one test over a stored dict."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scraper.errors import InputError
from scraper.text import fold, key
from storage import identity

Test = Callable[[Mapping[str, Any]], bool]
Day = str | datetime.date
"""A date, a time, or their ISO text, which may stop at the year or the month."""

_ISO = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d)?\S*)?)?)?")


def test_of(
    *,
    portal: str | None = None,
    title: str | None = None,
    published_from: Day | None = None,
    published_to: Day | None = None,
    agency: str | None = None,
    section: str | None = None,
    author: str | None = None,
    where: Test | None = None,
) -> Test:
    """One test for all the filters that are given; they must all hold. The meanings are those of `Archive.find`.

    Raises InputError for a date that is none, or a portal that is neither a host nor an address.
    """
    tests: list[Test] = []
    if portal is not None:
        tests.append(_at_portal(portal))
    for name, wanted in {"title": title, "section": section, "author": author, "agency": agency}.items():
        if wanted is not None:
            tests.append(_says(name, wanted))
    if published_from is not None:
        tests.append(_dated(published_from, lambda printed, bound: printed >= bound))
    if published_to is not None:
        tests.append(_dated(published_to, lambda printed, bound: printed <= bound))
    if where is not None:
        tests.append(where)
    return lambda record: all(test(record) for test in tests)


def period_test(period: str) -> Callable[[str, str], int]:
    """Where days stand to a year, month or day: -1 if first and last day lie before it, 1 if after, 0 if they meet it.

    Raises InputError for a period that is none.
    """
    text = iso_bound(period)

    def place(first: str, last: str) -> int:
        length = min(len(text), 10)
        return -1 if last[:length] < text[:length] else 1 if first[:length] > text[:length] else 0

    return place


def portal_host(portal: str) -> str:
    """The host that is meant by a host or an address on it. Raises InputError where it is neither."""
    host = identity.host_of(portal if "://" in portal else f"https://{portal}")
    if not host or not host.isprintable() or " " in host:
        raise InputError(portal, "neither a host nor an address", what="cannot search this portal")
    return host


def iso_bound(bound: Day) -> str:
    """A bound as ISO 8601 text of the precision given, without offset. Raises InputError for what is no date."""
    text = bound.isoformat() if isinstance(bound, datetime.date) else bound.strip()
    try:
        if not _ISO.fullmatch(text):
            raise ValueError
        datetime.datetime.fromisoformat(text + "2000-01-01"[len(text) :])  # a year or month, made a day
    except ValueError as error:
        expected = "expected YYYY, YYYY-MM, YYYY-MM-DD or an ISO 8601 time"
        raise InputError(text, expected, what="cannot read this date") from error
    return text.replace(" ", "T")[:19]


def _at_portal(portal: str) -> Test:
    host = portal_host(portal)
    return lambda record: any(identity.host_of(address) == host for address in identity.addresses(record))


def _says(field: str, wanted: str) -> Test:
    """Whether the field's text contains `wanted`. Case never matters; tone marks matter only if `wanted` has some."""
    form = fold if fold(wanted) == key(wanted) else key
    words = form(wanted)
    return lambda record: any(words in form(text) for text in _texts(record.get(field)))


def _dated(bound: Day, holds: Callable[[str, str], bool]) -> Test:
    """Both dates are compared as printed, to the precision of the coarser one."""
    text = iso_bound(bound)

    def test(record: Mapping[str, Any]) -> bool:
        printed = record.get("published_at")
        if not isinstance(printed, str) or not printed:
            return False
        length = min(len(text), len(printed))
        return holds(printed[:length], text[:length])

    return test


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value; of the agency only its facts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from _texts([item for name, item in value.items() if name != "raw_text"])
