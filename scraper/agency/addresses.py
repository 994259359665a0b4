"""An office address in parts, words as printed.

Parts are told by their first words (phường, quận, TP., …; "… City" in English), then by place: Vietnamese addresses run
from the house to the province, so a bare name before the city is a district, and one before a district a ward.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from scraper.agency.provinces import is_central, province_called, province_of_town, provinces_in
from scraper.agency.words import fold, is_institution, lower, trie, vocabulary, whole_words
from scraper.models import AddressParts

_LEVELS = ("ward", "district", "city", "province")
_SEPARATOR = re.compile(r"\s*[,;]\s*|\s+[-–—]\s+(?!(?:vũng tàu|vung tau|huế|hue|tháp chàm)\b)", re.IGNORECASE)
_HOUSE_NUMBER = re.compile(
    r"(?:(?:số|so|no|lô|lo|tầng|tang|lầu|lau|phòng|phong|floor)\b\.?\s*)*[\w/]{0,6}\d[\w/.]{0,6}\s*(?:-\s*\d\w*)?",
    re.IGNORECASE,
)
_LONGEST = 400


class _Words(NamedTuple):
    first: re.Pattern[str]
    last: re.Pattern[str]
    street: re.Pattern[str]
    house: re.Pattern[str]
    country: re.Pattern[str]
    levels: dict[str, str]
    inside: re.Pattern[str]


@dataclass(slots=True)
class _Part:
    start: int
    end: int
    level: str | None


@lru_cache(maxsize=2)
def _words(marked: bool) -> _Words:
    """The patterns for addresses with tone marks, or for those without any."""
    table = vocabulary()["address"]
    form = lower if marked else fold
    levels = {form(word): level for level in _LEVELS for word in table[level]}
    suffixes = {word: level for level, words in table["english"].items() for word in words}
    dotted = [word for word in levels if word.endswith(".")]
    long = [word for word in levels if not word.endswith(".") and word not in table["letters"]]
    # "P.4", "TP Huế" and "Q1", but not "Phan".
    unit = rf"(?:{trie(long)})(?=\s)|(?:{trie(dotted)})(?=\s?\w)|(?:{trie(table['letters'])})(?=\s?\d{{1,2}}(?!\w))"
    return _Words(
        re.compile(unit),
        re.compile(rf"\s({trie(suffixes)})$"),
        whole_words(map(form, table["street"])),
        whole_words(map(form, table["house"])),
        re.compile(rf"(?:{trie(map(form, table['country']))})\.?$"),
        {**levels, **suffixes},
        re.compile(rf"(?<=\w)\s(?=(?:{unit}))"),
    )


def read_address(text: str) -> AddressParts | None:
    """`text` in parts; None for foreign addresses (no Vietnamese unit, province or street word in it)."""
    if len(text) > _LONGEST:
        return None
    words = _words(not text.isascii())
    small = lower(text)
    parts = _parts(text, small, words)
    found: dict[str, str] = {}
    first = _place_units(text, parts, found)
    if not found and not words.house.match(small):
        return None
    street_end = _place_bare(text, small, parts[:first], found, words)
    street = text[: parts[street_end - 1].end] if street_end else None
    return AddressParts(street=street, **{level: found.get(level) for level in _LEVELS})


@lru_cache(maxsize=256)
def looks_like_address(text: str) -> bool:
    """Whether unlabelled text is an address: at least two parts, one of them a unit or a province at the end."""
    if len(text) > _LONGEST or text.endswith(":"):
        return False
    words = _words(not text.isascii())
    parts = _parts(text, lower(text), words)
    units = sum(part.level is not None for part in parts)
    if is_institution(text) and units < 2:
        return False
    return len(parts) > 1 and units > 0 and parts[-1].level is not None


def _parts(text: str, small: str, words: _Words) -> list[_Part]:
    parts: list[_Part] = []
    start = 0
    for separator in [*_SEPARATOR.finditer(text), None]:
        end = separator.start() if separator else len(text.rstrip(" .,;"))
        for piece_start, piece_end in _inner(text, small, start, end, words):
            parts.append(_Part(piece_start, piece_end, _level(text, small, piece_start, piece_end, words)))
        start = separator.end() if separator else end
    while parts and (
        parts[-1].start >= parts[-1].end or words.country.fullmatch(small, parts[-1].start, parts[-1].end)
    ):
        parts.pop()
    return [part for part in parts if part.start < part.end]


def _inner(text: str, small: str, start: int, end: int, words: _Words) -> list[tuple[int, int]]:
    """A part cut where a unit follows without a comma ("8 đường A phường B"): only behind a unit or a house and its
    street, since buildings are named after districts."""
    spans: list[tuple[int, int]] = []
    for gap in words.inside.finditer(small, start, end):
        head = text[start : gap.start()].split()
        is_unit = words.first.match(small, start, end) is not None
        is_house = small[start].isdigit() or (len(head) > 2 and words.house.match(small, start, end) is not None)
        if len(head) > 1 and (is_unit or is_house) and not head[-1][0].islower():
            spans.append((start, gap.start()))
            start = gap.end()
    return [*spans, (start, end)]


def _level(text: str, small: str, start: int, end: int, words: _Words) -> str | None:
    if first := words.first.match(small, start, end):
        name = text[first.end() : end].lstrip(" .")
        if name and (name[0].isupper() or name[0].isdigit()):
            return words.levels[first.group()]
    if last := words.last.search(small, start, end):
        return words.levels[last[1]]
    name = text[start:end]
    if province := province_called(name):
        return "city" if is_central(province) else "province"
    return None


def _place_units(text: str, parts: list[_Part], found: dict[str, str]) -> int:
    """Fills `found` from the end of the address; returns the index of the first part that was placed."""
    first = len(parts)
    for i in range(len(parts) - 1, -1, -1):
        part = parts[i]
        level, name = part.level, text[part.start : part.end]
        if level is None and i == first - 1 and i > 0 and province_of_town(name) and "city" not in found:
            level = "city"
        if level == "city" and "city" in found:
            level = "district"
        if level is None and i and parts[i - 1].level == "ward" and first < len(parts):
            level = "district"
        if level is None:
            break
        rank = _LEVELS.index(level)
        if level in found or any(_LEVELS.index(other) < rank for other in found):
            break
        found[level] = name
        first = i
    return first


def _place_bare(text: str, small: str, parts: list[_Part], found: dict[str, str], words: _Words) -> int:
    """Gives bare names before the placed parts their level; returns how many parts are left for the street."""
    city = found.get("city", "")
    under_province = bool(city) and not any(map(is_central, provinces_in(city)[-1:]))
    left = len(parts)
    while left:
        part = parts[left - 1]
        name = text[part.start : part.end]
        if "ward" in found or not found or _is_street(name, small[part.start : part.end], words):
            break
        if left > 1 and _HOUSE_NUMBER.fullmatch(text[parts[left - 2].start : parts[left - 2].end]):
            break
        level = "ward" if "district" in found or under_province else "district"
        found[level] = name
        left -= 1
    return left


def _is_street(name: str, small: str, words: _Words) -> bool:
    return any(map(str.isdigit, name)) or words.street.search(small) is not None or is_institution(name)
