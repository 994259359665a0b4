"""What a personal name, an agency and a place look like, so that a signature is told from a heading or a sentence.

A Vietnamese name is two to five capitalised syllables; a syllable is an onset, a vowel group and a coda, which common
English words are not. Agencies begin with a word of a closed set followed by a capital. No list of persons is needed:
family names only allow one syllable more.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from scraper.labels import load_table
from scraper.lines.words import one_of, table
from scraper.text import fold

_LIMIT = 80
_JOIN = re.compile(r"\s*[,;/&+–]\s*|\s+-\s+|(?<=\w)-(?=[A-ZĐÀ-Ỹ])|\s+(?:và|and)\s+")
_AFFIX = re.compile(r"\s*\([^()]{2,40}\)$")
_INITIAL = re.compile(r"[A-ZĐĂÂÊÔƠƯ](?:h|g)?\.")
_SYLLABLE = re.compile(
    r"(?:ngh|[cgknpt]h|ng|gi|qu|tr|[bcdghklmnpqrstvx])?[aeiouy]{1,3}(?:ch|ng|nh|[cmnpt])?", re.IGNORECASE
)
_ACRONYM = re.compile(r"[A-ZĐ]{2,7}(?:[-/ ][A-ZĐ]{2,7}){0,2}")
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
_LATIN = re.compile(r"(?:[A-ZÀ-Ỹ][\w’'-]*\.?)(?: (?:[A-ZÀ-Ỹ][\w’'-]*\.?|van|von|de|du|of)){1,4}")


class _Lists(NamedTuple):
    families: frozenset[str]
    never: frozenset[str]
    phrases: frozenset[str]
    places: frozenset[str]
    short: frozenset[str]
    sentence: frozenset[str]
    title: re.Pattern[str]
    head: re.Pattern[str]
    no_unit: re.Pattern[str]


@lru_cache(maxsize=1)
def _lists() -> _Lists:
    names, units = table()["names"], table()["units"]
    provinces = load_table("provinces")["names"]
    towns = [town for entry in provinces.values() for town in entry.get("towns", ())]
    return _Lists(
        frozenset(names["families"]),
        frozenset(names["never"]),
        frozenset(names["phrases"]),
        frozenset(map(str.casefold, (*provinces, *towns))),
        frozenset(units["short"]),
        frozenset(units["sentence"]),
        re.compile(rf"(?:{one_of(names['titles'])})(?:\.\s?|\s+)(?=\S)", re.IGNORECASE),
        re.compile(rf"(?:{one_of(units['heads'])})(?!\w)[\s\-–&,]*(?:(?P<tier>{one_of(units['tiers'])})(?!\w)|(?P<next>\S?))", re.IGNORECASE),
        re.compile(rf"(?:{one_of(units['not'])})(?!\w)", re.IGNORECASE),
    )


def is_person(text: str, *, single: bool = False) -> bool:
    """Whether a text is one or more Vietnamese personal names (`Nguyễn Văn A - Thu Hà`, `H. Diễm`), titles included.

    single: whether one syllable is enough, as in a place where only a name can stand.
    """
    if not 2 <= len(text) <= _LIMIT or is_place(text):
        return False
    parts = _JOIN.split(_AFFIX.sub("", text))
    return all(_is_name(part, single) or (at > 0 and _is_abbreviation(part)) for at, part in enumerate(parts))


def is_unit(text: str) -> bool:
    """Whether a text is an agency, an office, a paper or an abbreviation of one (`Ban Biên tập`, `VP UBND xã`)."""
    lists = _lists()
    if text.casefold() in lists.short or _is_abbreviation(text):
        return True
    if not 3 < len(text) <= _LIMIT or re.search(r"[:!?;…]|\.(?=\s|$)", text) or lists.no_unit.match(text):
        return False
    head = lists.head.match(text)
    if head is None or not (head["tier"] or head["next"].isupper() or head["next"].isdigit()):
        return False
    words = text.split()
    return len(words) <= 14 and lists.sentence.isdisjoint(words)


def is_signature(text: str) -> bool:
    """Whether a line of its own signs an article: persons or a unit."""
    bare = text.strip(" .-–—()[]*")
    return is_unit(bare) or is_person(bare) or is_person(text.strip(" -–—*"))


def is_named(text: str) -> bool:
    """Whether a credited value names somebody: persons, a unit, an abbreviation, a domain, a name of any language."""
    if is_person(text, single=True) or is_unit(text) or _DOMAIN.fullmatch(text) or " " not in text:
        return True
    return all(is_foreign_name(part) or is_unit(part) or is_person(part, single=True) for part in _JOIN.split(text))


def is_place(text: str) -> bool:
    """Whether a text is the name of a province or of its chief town."""
    return text.casefold() in _lists().places


def is_foreign_name(text: str) -> bool:
    """Whether a text has the shape of a name in another language (`Jane Roe`, `J. van Roe`); headings have it too, so
    this only counts behind "By"."""
    return len(text) <= 60 and _LATIN.fullmatch(text) is not None


def _is_abbreviation(text: str) -> bool:
    return _ACRONYM.fullmatch(text) is not None and not any(map(_SYLLABLE.fullmatch, re.split(r"[-/ ]", text)))


def _is_name(part: str, single: bool) -> bool:
    lists = _lists()
    while title := lists.title.match(part):
        part = part[title.end() :]
    words = re.sub(r"\.(?=\w)", ". ", part).split()
    full = [word for word in words if not _INITIAL.fullmatch(word)]
    if not full or (len(words) > len(full) and len(full) == 1 and len(full[0]) == 1):
        return len(words) >= 2
    if not all(map(_is_capitalised, full)) or not len(words) <= 5 or (len(words) == 1 and not single):
        return False
    lower = [word.casefold() for word in full]
    if not lists.never.isdisjoint(lower) or any(
        f"{a} {b}" in lists.phrases for a, b in zip(lower, lower[1:], strict=False)
    ):
        return False
    folded = [fold(word) for word in full]
    vietnamese = sum(_SYLLABLE.fullmatch(word) is not None for word in folded)
    return 2 * vietnamese > len(full) and (len(words) < 5 or folded[0] in lists.families)


def _is_capitalised(word: str) -> bool:
    letters = word.replace("'", "").replace("’", "")
    return (
        letters.isalpha() and letters[0].isupper() and (letters[1:].islower() or letters.isupper() or letters != word)
    )
