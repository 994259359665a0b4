"""Words and letters: the tables under scraper/data as compiled patterns, and the forms of a text that they are met in.

`fold` and `lower` keep the length, so a place found in either is the same place in the printed text. `fold` drops tone
marks (labels are met in any spelling), `lower` keeps them (Sở is an office, Số a number).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from scraper.labels import load_table

_SIGNS = {
    "-": "‐‑‒–—―−",
    '"': "“”„«»",
    "'": "‘’`´",
    "*": "•●▪■◆♦►▶·∙☎✆✉➤",
    "|": "│┃¦｜",
    ":": "：",
    "/": "／",
    "(": "（",
    ")": "）",
}


def _letters() -> dict[int, str]:
    table = {point: chr(point).lower() for point in range(128)}  # a letter that is missing costs an exception each
    table |= {ord(sign): plain for plain, signs in _SIGNS.items() for sign in signs}
    for point in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(point))[0]
        if base.isascii():
            table[point] = base.lower()
    return table | dict.fromkeys((0xD0, 0xF0, 0x110, 0x111), "d")


_FOLD = _letters()


def fold(text: str) -> str:
    """Lower case without tone marks, dashes and quotes made plain; as long as `text`. `text` is NFC."""
    return text.translate(_FOLD).lower() if not text.isascii() else text.lower()


def lower(text: str) -> str:
    """Lower case with tone marks, Ð and Đ united; as long as `text`."""
    return text.replace("İ", "I").lower().replace("ð", "đ")


def trie(words: Iterable[str]) -> str:
    """A pattern for any of `words`, the longest first, that shares their beginnings: cheap to try at every place."""
    root: dict[str, Any] = {}
    for word in words:
        node = root
        for char in word:
            node = node.setdefault(char, {})
        node[""] = {}
    return _branches(root)


def _branches(node: dict[str, Any]) -> str:
    branches = [re.escape(char) + _branches(child) for char, child in node.items() if char]
    if not branches:
        return ""
    if "" in node:
        return f"(?:{'|'.join(branches)})?"
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def whole_words(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of `words` that does not end or begin inside a word."""
    return re.compile(rf"(?<!\w)(?:{trie(words)})(?!\w)")


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, Any]:
    """scraper/data/agency_words.toml."""
    return load_table("agency_words")


@lru_cache(maxsize=1)
def label_words() -> dict[str, Any]:
    """scraper/data/agency_labels.toml."""
    return load_table("agency_labels")


@lru_cache(maxsize=1)
def _institutions() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    table = vocabulary()["institutions"]
    return (
        whole_words([*table["agency"], *table["portal"]]),
        whole_words(table["portal"]),
        whole_words(table["english"]),
        whole_words(table["never"]),
    )


def is_institution(text: str) -> bool:
    """Whether `text` begins like the name of an office, a paper or a portal (or, in English, holds such a word)."""
    vietnamese, _, english, never = _institutions()
    small = lower(text)
    if vietnamese.match(small):
        return never.match(small) is None
    return small.isascii() and english.search(small) is not None


def is_portal(text: str) -> bool:
    """Whether `text` begins like the name of a portal or a paper, not of an office."""
    _, portal, _, never = _institutions()
    small = lower(text)
    return (portal.match(small) is not None and never.match(small) is None) or (small.isascii() and "portal" in small)


@lru_cache(maxsize=1)
def _menus() -> tuple[frozenset[str], frozenset[str]]:
    table = vocabulary()["menus"]
    return frozenset(map(fold, table["lines"])), frozenset(map(fold, table["lists"]))


def is_menu(text: str) -> bool:
    """Whether a line is a menu: a known item, or three and more short items between bars."""
    lines, _ = _menus()
    parts = [part.strip(" -*") for part in fold(text).split("|")]
    known = sum(part in lines for part in parts)
    return known * 2 > len(parts) or (known > 0 and len(parts) > 2 and max(map(len, parts)) < 40)


def opens_list(text: str) -> bool:
    """Whether a line is the heading of a list of links to other offices."""
    return fold(text).strip(" -:*") in _menus()[1]


@lru_cache(maxsize=1)
def _empty() -> frozenset[str]:
    return frozenset(map(fold, label_words()["values"]["empty"]))


_MEANS = re.compile(r"[^\W_]")
_PLACEHOLDER = re.compile(r"\$\{[^{}]*\}|\{\{[^{}]*\}\}|^\s*\{\w+\}\s*$")


def stated(value: str) -> str:
    """`value` without edge punctuation; empty where it says nothing (dots to fill in, a template's placeholder)."""
    if "{" in value:
        value = _PLACEHOLDER.sub("", value)
    value = value.strip(" -–—|*;,:•·")
    if value.endswith("(") or value.startswith(")"):
        value = value.strip("() ")
    if len(value) < 40 and (not _MEANS.search(value) or fold(value).strip("(). …") in _empty()):
        return ""
    return value if len(value) < 40 or _MEANS.search(value) else ""
