"""What a personal name, an agency and a place look like, so that a signature is told from a heading or a sentence.

A Vietnamese name is two to five capitalised syllables, most of them from the few hundred that names are made of; no
family name is needed (pen names and initials have none), it only allows a fifth syllable. Agencies begin with a word of
a closed set followed by a capital.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from scraper.labels import load_table
from scraper.lines.words import one_of, table

_LIMIT = 80
_JOIN = re.compile(r"\s*[,;/&+–]\s*|\s+-\s+|(?<=\w)-(?=[A-ZĐÀ-Ỹ])|\s+(?:và|and)\s+")
_AFFIX = re.compile(r"\s*\([^()]{2,40}\)$")
_INITIAL = re.compile(r"[A-ZĐĂÂÊÔƠƯ](?:h|g)?\.")
_TONES = "\u0300\u0301\u0303\u0309\u0323"
# Onset, vowels and coda, without marks.
_SYLLABLE = re.compile(
    r"(?:ngh|[cgknpt]h|ng|gi|qu|tr|[bcdghklmnpqrstvx])?[aeiouy]{1,3}(?:ch|ng|nh|[cmnpt])?", re.IGNORECASE
)
_ACRONYM = re.compile(r"[A-ZĐ]{2,7}(?:[-/ ][A-ZĐ]{2,7}){0,2}")
_ACRONYM_PARTS = re.compile(r"[-/ ]")
_NO_NAME = re.compile(r"[:!?;…]|\.(?=\s|$)")
_DOT = re.compile(r"\.(?=\w)")
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
_LATIN = re.compile(r"(?:[A-ZÀ-Ỹ][\w’'-]*\.?)(?: (?:[A-ZÀ-Ỹ][\w’'-]*\.?|van|von|de|du|of)){1,4}")


class _Lists(NamedTuple):
    families: frozenset[str]
    syllables: frozenset[str]
    highland: frozenset[str]
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
    tiers = one_of(units["tiers"])
    return _Lists(
        families=frozenset(map(_tone_last, names["families"])),
        syllables=frozenset(map(_tone_last, (*names["families"], *names["given"]))),
        highland=frozenset(names["highland"]),
        never=frozenset(names["never"]),
        phrases=frozenset(names["phrases"]),
        places=frozenset(map(str.casefold, (*provinces, *towns))),
        short=frozenset(units["short"]),
        sentence=frozenset(units["sentence"]),
        title=re.compile(rf"(?:{one_of(names['titles'])})(?:\.\s?|\s+)(?=\S)", re.IGNORECASE),
        head=re.compile(
            rf"(?:{one_of(units['heads'])})(?!\w)[\s\-–&,]*(?:(?P<tier>{tiers})(?!\w)|(?P<next>\S?))", re.IGNORECASE
        ),
        no_unit=re.compile(rf"(?:{one_of(units['not'])})(?!\w)", re.IGNORECASE),
    )


@lru_cache(maxsize=4096)
def _tone_last(syllable: str) -> str:
    """A syllable with its tone mark behind it, so that `hoà` and `hòa` are the same."""
    marks = unicodedata.normalize("NFD", syllable.casefold())
    return "".join(c for c in marks if c not in _TONES) + "".join(c for c in marks if c in _TONES)


def is_person(text: str, *, sure: bool = False) -> bool:
    """Whether a text is one or more Vietnamese personal names (`Đặng Vân - Kiều Trang`, `H. Vân`), titles included;
    units may follow the first name.

    sure: whether the place is one where only a name can stand: one syllable and rarer syllables are enough there.
    """
    if not 2 <= len(text) <= _LIMIT or is_place(text):
        return False
    first, *others = _JOIN.split(_AFFIX.sub("", text) if text[-1] == ")" else text)
    return _is_name(first, sure) and all(_is_name(part, sure) or is_unit(part) for part in others)


def is_unit(text: str) -> bool:
    """Whether a text is an agency, an office, a paper or an abbreviation of one (`Ban Biên tập`, `VP UBND xã`)."""
    lists = _lists()
    if text.casefold() in lists.short or _is_abbreviation(text):
        return True
    head = lists.head.match(text) if 3 < len(text) <= _LIMIT else None
    if head is None or not (head["tier"] or head["next"].isupper() or head["next"].isdigit()):
        return False
    if _NO_NAME.search(text) or lists.no_unit.match(text):
        return False
    words = text.split()
    return len(words) <= 14 and lists.sentence.isdisjoint(words)


def signer(text: str, *, sure: bool = False) -> str | None:
    """The persons or the unit that a line of its own names and nothing else, without brackets and full stop."""
    bare = text.strip(" -–—*")
    if bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1].strip()
    if not _INITIAL.fullmatch(bare[-2:]):
        bare = bare.rstrip(". ")
    abbreviated = _is_abbreviation(bare) and bare.casefold() not in _lists().short
    return bare if (is_unit(bare) and (sure or not abbreviated)) or is_person(bare, sure=sure) else None


def is_named(text: str) -> bool:
    """Whether a credited value names somebody: persons, a unit, an abbreviation, a domain, a name of any language."""
    if is_person(text, sure=True) or is_unit(text) or _DOMAIN.fullmatch(text) or " " not in text:
        return True
    return all(is_foreign_name(part) or is_unit(part) or is_person(part, sure=True) for part in _JOIN.split(text))


def is_place(text: str) -> bool:
    """Whether a text is the name of a province or of its chief town."""
    return text.casefold() in _lists().places


def is_foreign_name(text: str) -> bool:
    """Whether a text has the shape of a name in another language (`Jane Roe`, `J. van Roe`); headings have it too, so
    this only counts behind "By"."""
    return len(text) <= 60 and _LATIN.fullmatch(text) is not None


def _is_abbreviation(text: str) -> bool:
    return _ACRONYM.fullmatch(text) is not None and not any(map(_SYLLABLE.fullmatch, _ACRONYM_PARTS.split(text)))


def _is_name(part: str, sure: bool) -> bool:
    lists = _lists()
    while title := lists.title.match(part):
        part = part[title.end() :]
    words = (_DOT.sub(". ", part) if "." in part else part).split()
    full = [word for word in words if word[-1] != "." or not _INITIAL.fullmatch(word)]
    if len(full) < len(words) and sum(map(len, full)) <= 1:
        return len(words) >= 2
    if not full or len(words) > 5 or (len(words) == 1 and not sure) or not all(map(_is_capitalised, full)):
        return False
    lower = [word.casefold() for word in full]
    if any(word.isupper() and len(word) > 1 for word in full) and not all(map(str.isupper, full)):
        return False
    if not lists.never.isdisjoint(lower) or any(" ".join(pair) in lists.phrases for pair in pairwise(lower)):
        return False
    if lower[0] in lists.highland or lower[0][1:2] in ("'", "’"):
        return len(words) > 1
    known = sum(_tone_last(word) in lists.syllables for word in full)
    enough = 2 * known >= len(full) if sure else 2 * known > len(full)
    return enough and (len(words) < 5 or _tone_last(full[0]) in lists.families)


def _is_capitalised(word: str) -> bool:
    letters = word.replace("'", "").replace("’", "")
    return (
        letters.isalpha() and letters[0].isupper() and (letters[1:].islower() or letters.isupper() or letters != word)
    )
