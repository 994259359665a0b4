"""Provinces: their names in a text, towns that stand for them, and who shares area codes since the mergers of 2025."""

from __future__ import annotations

import datetime
import re
from functools import lru_cache
from typing import Any, NamedTuple

from scraper.agency.words import fold, whole_words
from scraper.labels import load_table

ELSEWHERE = "?"
"""Stands in a set of provinces for one that is named but not in the table: surely not any of the others."""


class _Provinces(NamedTuple):
    names: dict[str, str]
    towns: dict[str, str]
    central: frozenset[str]
    groups: dict[str, frozenset[str]]
    merged_on: datetime.date
    named: re.Pattern[str]


@lru_cache(maxsize=1)
def _table() -> _Provinces:
    data: dict[str, Any] = load_table("provinces")
    names: dict[str, str] = {}
    towns: dict[str, str] = {}
    for name, more in data["names"].items():
        names |= dict.fromkeys((fold(name).removeprefix("tp. "), *more.get("also", ())), name)
        towns |= {fold(town): name for town in more.get("towns", ())}
    unions: dict[str, set[str]] = {}
    for name, more in data["names"].items():
        unions.setdefault(more.get("into", name), set()).add(name)
    groups = {name: frozenset(union) for union in unions.values() for name in union}
    named = whole_words([*names, *towns])
    return _Provinces(names, towns, frozenset(data["central"]), groups, data["merged_on"], named)


def province_called(name: str) -> str | None:
    """The province of that name, without `tỉnh` or `TP.`; None where there is none."""
    return _table().names.get(fold(name).strip())


def province_of_town(name: str) -> str | None:
    """The province that the town lies in, for towns that print without it."""
    return _table().towns.get(fold(name).strip())


def is_central(province: str) -> bool:
    """Whether the name is that of a centrally run city."""
    return province in _table().central


def provinces_in(text: str) -> list[str]:
    """Provinces that a text names, itself or by one of their towns, in order of print."""
    table = _table()
    found = (match.group() for match in table.named.finditer(fold(text)))
    return [table.names.get(name) or table.towns[name] for name in found]


def neighbours(province: str, page_date: datetime.date | None) -> frozenset[str]:
    """The provinces whose area codes an office in `province` may have: its own, and since July 2025 (or where the page
    has no date) those that it was merged with."""
    table = _table()
    if page_date is not None and page_date < table.merged_on:
        return frozenset({province})
    return table.groups.get(province, frozenset({province}))
