"""Whether a cell of a header line is about the article (a name, a credit, a counter, a control) or running words."""

from __future__ import annotations

import re
from functools import lru_cache

from scraper.labels import form_label, labels
from scraper.lines.byline import names_somebody
from scraper.lines.counters import is_counter
from scraper.lines.names import is_person, is_place, is_unit
from scraper.lines.words import kinds, one_of, table

_LIMIT = 80


@lru_cache(maxsize=1)
def _today() -> re.Pattern[str]:
    return re.compile(rf"(?:{one_of(table()['date_signs']['today'])})(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=1)
def _contact() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{one_of(table()['contact']['words'])})\s?[:：.]", re.IGNORECASE)


@lru_cache(maxsize=1)
def _tools() -> re.Pattern[str]:
    return re.compile(rf"(?:(?:{one_of(labels().tools)})(?!\w)\W*)+", re.IGNORECASE)


def says_today(text: str) -> bool:
    """Whether a line begins like a clock: "Hôm nay", "Today is"."""
    return _today().match(text) is not None


def has_contact(text: str) -> bool:
    """Whether a line gives a telephone or mail address of the agency: the page's own head or foot."""
    return _contact().search(text) is not None


def is_tool(text: str) -> bool:
    """Whether a text is one control of the page or several in a row ("In bài viết Gửi email")."""
    return len(text) <= _LIMIT and _tools().fullmatch(text) is not None


def is_about(cell: str) -> bool:
    """Whether a cell says something about the article or the page rather than being a part of running words."""
    if not 0 < len(cell) <= _LIMIT:
        return False
    return (
        is_person(cell)
        or is_unit(cell)
        or is_place(cell)
        or is_counter(cell)
        or is_tool(cell)
        or names_somebody(cell)
        or bool(kinds(cell, "date_words"))
        or form_label(cell) is not None
        or says_today(cell)
        or has_contact(cell)
    )
