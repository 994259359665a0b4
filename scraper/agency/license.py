"""The licence that a portal or a paper works under: number, day, authority."""

from __future__ import annotations

import datetime
import re
from functools import lru_cache
from typing import NamedTuple

from scraper.agency.words import fold, is_institution, lower, trie, vocabulary
from scraper.models import License

_DASH = r"[\s‐-―-]"
_NUMBER = re.compile(
    rf"\d[\d.]*(?:{_DASH}?/{_DASH}?\d{{4}})?\s?/\s?[A-ZĐÐ&]{{1,12}}(?:{_DASH}{{1,3}}[A-ZĐÐ&]{{1,12}}\b)*"
)
_PLAIN = re.compile(r"\b(?:so|no)\b[\s.:]*(\d[\w/.-]*)")
_DATE = re.compile(
    r"(?<!\d)(\d{1,2})\s?[/.-]\s?(\d{1,2})\s?[/.-]\s?(\d{2,9})(?![\d/])|(\d{1,2}) thang (\d{1,2}),? nam (\d{4})(?!\d)"
    r"|(\d{4})-(\d{2})-(\d{2})(?!\d)|(\d{1,2}) ([a-z]{3,9}),? (\d{4})(?!\d)|([a-z]{3,9}) (\d{1,2}),? (\d{4})(?!\d)"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_GIVER = re.compile(r"(?:\b(?:do|của|bởi|by|from|cấp bởi|cấp|nơi cấp)\b\s?:?\s*(?:the\s+)?|\s[-–]\s*|,\s|\(|:\s|^\s*)")
_END = re.compile(
    r"[\s,;]*(?:\bcấp\b|\bngày\b|\bsố\b|\bphép\b|\bon\b|\bdated\b|\bissued\b|\bký\b)|[;()]|\.\s(?=[A-ZĐÂÔƯ][a-zà-ỹ]{2})|\s[-–]\s"
)
_LONGEST = 500


class Licence(NamedTuple):
    """What was read. bad_date: a date is printed that does not exist."""

    license: License
    bad_date: bool


@lru_cache(maxsize=1)
def _authority() -> re.Pattern[str]:
    table = vocabulary()["institutions"]
    vietnamese, english = trie(table["authorities"]), trie(table["english_authorities"])
    return re.compile(rf"(?:{vietnamese})(?!\w)(?! phận)|(?:[a-z']+ ){{0,3}}(?:{english})\b")


def has_licence_number(text: str) -> bool:
    """Whether text holds a number of a licence's kind (`12/GP-…`)."""
    return "/" in text and re.search(r"\d\s?/\s?GP", text) is not None


def read_license(text: str) -> Licence | None:
    """Number, date and issuer of a licence line; None where it states none of them."""
    text = text[:_LONGEST]
    number, rest = _take_number(text)
    issued_on, bad_date, rest = _take_date(rest)
    issuer = _issuer(rest)
    if number is None and issued_on is None and issuer is None:
        return None
    return Licence(License(number, issued_on, issuer, text.strip()), bad_date)


def _take_number(text: str) -> tuple[str | None, str]:
    match = _NUMBER.search(text)
    if match is None and (plain := _PLAIN.search(fold(text))):
        start, end = plain.span(1)
        return text[start:end].rstrip(".-/"), f"{text[:start]} {text[end:]}"
    if match is None:
        return None, text
    return match.group().strip(), f"{text[: match.start()]} # {text[match.end() :]}"


def _take_date(text: str) -> tuple[str | None, bool, str]:
    """ISO date, whether an impossible one is printed, and the text without it."""
    for match in _DATE.finditer(fold(text)):
        groups = [group for group in match.groups() if group is not None]
        day = _day(groups)
        if day is None and not groups[0].isdigit() and not groups[1].isdigit():
            continue
        rest = f"{text[: match.start()]} {text[match.end() :]}"
        return (day.isoformat() if day else None), day is None, rest
    return None, False, text


def _day(groups: list[str]) -> datetime.date | None:
    first, second, third = groups
    if first[:3] in _MONTHS:
        first, second = second, str(_MONTHS.index(first[:3]) + 1)
    elif second[:3] in _MONTHS:
        second = str(_MONTHS.index(second[:3]) + 1)
    elif len(first) == 4:
        first, third = third, first
    if not (first.isdigit() and second.isdigit()) or len(third) not in (2, 4):
        return None
    year = int(third) + (2000 if len(third) == 2 else 0)
    try:
        return datetime.date(year, int(second), int(first)) if year >= 1945 else None
    except ValueError:
        return None


def _issuer(text: str) -> str | None:
    """The authority behind "do", "của" or a dash, with what stands above it ("… - Bộ …")."""
    small = lower(text)
    authority = _authority()
    for giver in _GIVER.finditer(small):
        if not authority.match(small, giver.end()):
            continue
        end = _end(text, giver.end(), authority)
        if issuer := text[giver.end() : end].strip(" .,-–:#"):
            return issuer
    return None


def _end(text: str, start: int, authority: re.Pattern[str]) -> int:
    for stop in _END.finditer(text, start):
        behind = text[stop.end() :]
        if stop.group().strip() in ("-", "–") and (authority.match(lower(behind)) or not is_institution(behind)):
            continue  # a higher authority, or a dash within the name ("Bộ Văn hóa - Thông tin")
        return stop.start()
    return len(text)
