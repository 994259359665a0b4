"""The words of data/line_labels.toml and how a run of words is recognised as a label."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from scraper.labels import load_table

# What parts the cells of a line: bars, bullets, tabs, and dashes or slashes with a blank on both sides.
BAR = r"[|¦│•·●▪■★»›>\t\n]"
CELL_BREAK = re.compile(rf"\s*{BAR}\s*|\s+[-–—/]+\s+")
LABEL_LIMIT = 60
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """The table as it ships, read once per process."""
    return load_table("line_labels")


@lru_cache(maxsize=8)
def vocabulary(section: str) -> Mapping[str, str]:
    """word → kind, of a section that lists the words of each kind."""
    return {word: kind for kind, listed in table()[section].items() for word in listed}


def one_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, longest first; a blank stands for any white space."""
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in sorted(words, key=len, reverse=True))


def tokens(text: str) -> list[str]:
    """The words of a label in lower case; `createdDate` has two."""
    return _WORD.findall(_CAMEL.sub(" ", text).casefold().replace("ð", "đ"))


@lru_cache(maxsize=8)
def _phrase(section: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{one_of(vocabulary(section))})(?: |$)")


@lru_cache(maxsize=2048)
def kinds(text: str, section: str) -> frozenset[str]:
    """What a run of words means as a label: the kinds of its words, `filler` too; empty where one is no label word."""
    if not 0 < len(text) <= LABEL_LIMIT:
        return frozenset()
    known, phrase = vocabulary(section), _phrase(section)
    words, at, found = " ".join(tokens(text)), 0, set()
    while at < len(words):
        match = phrase.match(words, at)
        if match is None:
            return frozenset()
        found.add(known[match[0].rstrip()])
        at = match.end()
    return frozenset(found)
