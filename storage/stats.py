"""What an archive holds, counted in one pass: by portal, time and hand; what is missing; what raised doubts. Pure.

Memory grows with the number of distinct values (portals, authors, months, item numbers), not with the articles' size.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from storage.identity import address_key, addresses, host_of

Stored = Mapping[str, Any]
Range = tuple[int, int]
WATCHED = ("title", "published_at", "author", "section", "source", "language", "body_text", "images", "agency")
"""Fields whose absence is counted."""
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_YEAR = re.compile(r"\d{4}")


@dataclass
class PortalStats:
    """One portal. missing: watched field → articles without it. months: of publication, as year * 12 + month - 1."""

    articles: int = 0
    gone: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    months: set[int] = field(default_factory=set)


@dataclass
class Stats:
    """The counts. by: dimension → value → articles, under None those without a value.

    revisions: all states kept.  revised: articles with more than one.  items: SharePoint list, or page, → item numbers.
    """

    articles: int = 0
    revisions: int = 0
    revised: int = 0
    gone: int = 0
    by: dict[str, Counter[str | None]] = field(default_factory=lambda: {name: Counter() for name in DIMENSIONS})
    portals: defaultdict[str | None, PortalStats] = field(default_factory=lambda: defaultdict(PortalStats))
    items: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


def collect(records: Iterable[Stored]) -> Stats:
    """Count stored dicts, each looked at once and let go."""
    stats = Stats()
    for record in records:
        _count(stats, record)
    return stats


def counted(stats: Stats, dimension: str) -> list[tuple[str | None, int]]:
    """(value, articles): years and months in order, everything else by number; articles without a value come last."""
    pairs = stats.by[dimension].items()
    if dimension in ("year", "month"):
        return sorted(pairs, key=lambda pair: (pair[0] is None, pair[0] or ""))
    return sorted(pairs, key=lambda pair: (pair[0] is None, -pair[1], pair[0] or ""))


def absent(numbers: Iterable[int]) -> list[Range]:
    """The ranges, both ends included, of the numbers missing between the smallest and the largest."""
    return [(low + 1, high - 1) for low, high in pairwise(sorted(numbers)) if high - low > 1]


def size(ranges: Iterable[Range]) -> int:
    """How many numbers the ranges hold."""
    return sum(high - low + 1 for low, high in ranges)


def month(number: int) -> str:
    """ISO form of a month as `PortalStats` keeps it."""
    return f"{number // 12:04}-{number % 12 + 1:02}"


def as_data(stats: Stats) -> dict[str, Any]:
    """Everything as JSON data: lists of objects, the largest first; ranges as [from, to]."""
    return {
        "articles": stats.articles,
        "revisions": stats.revisions,
        "revised": stats.revised,
        "gone": stats.gone,
        "by": {name: table(stats, name) for name in DIMENSIONS},
        "portals": [_portal(name, stats.portals[name]) for name, _ in counted(stats, "portal")],
        "lists": [_list(name, numbers) for name, numbers in largest(stats.items)],
    }


def table(stats: Stats, dimension: str) -> list[dict[str, Any]]:
    """One dimension as JSON data."""
    return [{dimension: value, "articles": number} for value, number in counted(stats, dimension)]


def largest(items: Mapping[str, set[int]]) -> list[tuple[str, set[int]]]:
    """Lists with their item numbers, the largest first."""
    return sorted(items.items(), key=lambda pair: (-len(pair[1]), pair[0]))


def _portal(name: str | None, portal: PortalStats) -> dict[str, Any]:
    without = absent(portal.months)
    return {
        "portal": name,
        "articles": portal.articles,
        "gone": portal.gone,
        "missing": {field: portal.missing[field] for field in WATCHED if portal.missing[field]},
        "first_month": month(min(portal.months)) if portal.months else None,
        "last_month": month(max(portal.months)) if portal.months else None,
        "months_without": [[month(low), month(high)] for low, high in without],
    }


def _list(name: str, numbers: set[int]) -> dict[str, Any]:
    ranges = absent(numbers)
    return {
        "list": name,
        "items": len(numbers),
        "first": min(numbers),
        "last": max(numbers),
        "absent": size(ranges),
        "ranges": [list(one) for one in ranges],
    }


def _count(stats: Stats, record: Stored) -> None:
    revision, is_gone = record.get("revision"), bool(record.get("gone_at"))
    stats.articles += 1
    stats.revisions += revision if isinstance(revision, int) else 1
    stats.revised += isinstance(revision, int) and revision > 1
    stats.gone += is_gone
    for name, values in DIMENSIONS.items():
        stats.by[name].update(values(record))
    portal = stats.portals[_host(record)]
    portal.articles += 1
    portal.gone += is_gone
    portal.missing.update(name for name in WATCHED if not record.get(name))
    found = _MONTH.match(_text(record, "published_at") or "")
    if found:
        portal.months.add(int(found[1]) * 12 + int(found[2]) - 1)
    number, place = record.get("item_id"), _place(record)
    if place and isinstance(number, int) and not isinstance(number, bool):
        stats.items[place].add(number)


def _host(record: Stored) -> str | None:
    return next((host for host in map(host_of, addresses(record)) if host), None)


def _place(record: Stored) -> str | None:
    """Host and list path, or the page that shows items where no list is known."""
    host, path = _host(record), record.get("list_path")
    if host and isinstance(path, str) and path:
        return f"{host}/{path.strip('/')}"
    key = next(filter(None, map(address_key, addresses(record))), None)
    return key.partition("?")[0] if key else None


def _text(record: Stored, name: str) -> str | None:
    value = record.get(name)
    return value if isinstance(value, str) and value else None


def _named(name: str) -> Callable[[Stored], Iterator[str | None]]:
    def values(record: Stored) -> Iterator[str | None]:
        yield _text(record, name)

    return values


def _dated(form: re.Pattern[str]) -> Callable[[Stored], Iterator[str | None]]:
    def values(record: Stored) -> Iterator[str | None]:
        found = form.match(_text(record, "published_at") or "")
        yield found[0] if found else None

    return values


def _codes(record: Stored) -> set[str]:
    problems = record.get("problems")
    codes = [one.get("code") for one in problems if isinstance(one, dict)] if isinstance(problems, list) else []
    return {code for code in codes if isinstance(code, str)}


DIMENSIONS: Mapping[str, Callable[[Stored], Iterable[str | None]]] = {
    "portal": lambda record: (_host(record),),
    "year": _dated(_YEAR),
    "month": _dated(_MONTH),
    "section": _named("section"),
    "author": _named("author"),
    "language": _named("language"),
    "problem": _codes,
}
"""What articles are counted by: name → the values of a stored dict."""
