"""Where the labels of a line are.

A label is a known word (data/agency_labels.toml) in a place where labels stand. The places, from safe to doubtful: the
start of a line, behind a separator, behind another label's colon, between words, run together with the word before. The
further down, the more a word must show (a colon, a number behind it) to count as a label.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from scraper.agency.people import is_name
from scraper.agency.words import fold, label_words, trie

NUMBERS = frozenset({"phones", "faxes", "hotlines"})
NOTICE = "copyright_notice"
IGNORED = "ignored"
NUMBER_AHEAD = re.compile(r"[\s.:]*[(+]*\d{2,}")
MAIL_AHEAD = re.compile(r"[\s.:]*[\w.+-]{1,64}\s?(?:@|[\[({]\s?(?:at|a)\s?[\])}])")
SITE_AHEAD = re.compile(r"[\s.:]*(?:https?://|www\.|[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.[a-z]{2,6}\b)")

_REACH = 70  # a label runs on to its colon for so many characters at most
_LONG = 6  # longer words are labels even where they are run together with the word before
_BROKEN = re.compile(r"[;|*,@]|\.\s|\s-\s|\d{4}|https?$")
_TWIN = re.compile(r"\s*(?:[-/,&(]|va\b|and\b)\s*")
_STOP = re.compile(r"\.\s|\s-\s|[|*;]")
_SIGNS = ("©", "®", "@")


class Label(NamedTuple):
    """What the table says of a label. how: `strong`, `weak`, `loose` or `initial`."""

    field: str
    how: str
    is_role: bool

    @property
    def family(self) -> str:
        """Labels of one family may stand together ("Điện thoại - Fax:") and qualify each other."""
        return "numbers" if self.field in NUMBERS else self.field


class Mark(NamedTuple):
    """A label in a line: where it starts, where its value starts, what it says. A notice is its own value.

    new_sentence: a notice that names the source, behind another.  is_credit: the designer's.
    """

    start: int
    value: int
    fields: tuple[str, ...]
    label: str | None = None
    is_role: bool = False
    new_sentence: bool = False
    is_credit: bool = False


class _Table(NamedTuple):
    labels: dict[str, Label]
    words: re.Pattern[str]
    hotline: tuple[str, ...]
    source: tuple[str, ...]


class _Spot(NamedTuple):
    """A known word in a line. place: `line`, `sep`, `colon`, `space` or `glued`.  colon: -1 where none ends it."""

    label: Label
    start: int
    end: int
    place: str
    colon: int
    direct: bool

    @property
    def ahead(self) -> int:
        return self.colon + 1 if self.colon >= 0 else self.end


@lru_cache(maxsize=1)
def _table() -> _Table:
    data = {field: groups for field, groups in label_words().items() if field != "values"}
    labels: dict[str, Label] = dict.fromkeys(_SIGNS, Label(NOTICE, "loose", False))
    for field, groups in data.items():
        for how in ("strong", "weak", "loose", "roles", "initial"):
            for text in groups.get(how, ()):
                labels[fold(text)] = Label(field, "weak" if how == "roles" else how, how == "roles")
    for text in [text for text, label in labels.items() if label.is_role]:
        labels[f"pho {text}"] = Label(IGNORED, "weak", False)
    initials = "".join(text for text, label in labels.items() if label.how == "initial")
    signs = rf"(?<![a-z\d])[{initials}](?=\s?:)|[©®]|@(?=\s?(?:19|20)\d\d(?!\d))"
    words = re.compile(rf"{trie(text for text in labels if len(text) > 1)}(?![a-z])|{signs}")
    return _Table(labels, words, tuple(data["hotlines"]["hint"]), tuple(data[NOTICE]["source"]))


def find_marks(text: str) -> list[Mark]:
    """The labels of a tidied line. A notice begins with its sentence; sentences that follow each other are one."""
    folded = fold(text)
    marks: list[Mark] = []
    done = 0
    for match in _table().words.finditer(folded):
        if match.start() < done or (mark := _mark(text, folded, match)) is None:
            continue
        done = max(mark.value, match.end())
        if mark.fields[0] == NOTICE:
            if marks and marks[-1].fields[0] == NOTICE and not mark.new_sentence:
                continue
            if not marks:
                start = _sentence_start(folded, mark.start)
                mark = mark._replace(start=start, value=start)
        marks.append(mark)
        if mark.is_credit:  # what a line says behind its designer's name is the designer's
            break
    return marks


def _sentence_start(folded: str, place: int) -> int:
    start = 0
    for stop in _STOP.finditer(folded, 0, place):
        start = stop.end()
    return start if any(map(str.isalpha, folded[:start])) else 0


def _mark(text: str, folded: str, match: re.Match[str]) -> Mark | None:
    """The label that a known word is, or None where the word stands in running text."""
    table = _table()
    label = table.labels[match.group()]
    start, end = match.span()
    place = _place(folded, start)
    if label.field == NOTICE:
        if place not in ("line", "sep") and (label.how != "loose" or (place == "glued" and end - start > 1)):
            return None
        names_source = any(word in match.group() for word in table.source)
        return Mark(start, start, (NOTICE,), new_sentence=names_source and place == "sep")
    if _inside_address(folded, start, end):
        return None
    end, fields = _twins(folded, end, label)
    colon = _colon(folded, end, label)
    spot = _Spot(label, start, end, place, colon, colon >= 0 and not folded[end:colon].strip(" ()"))
    if not _is_label(text, folded, spot):
        return None
    stop = colon if colon >= 0 else end
    if label.family == "numbers" and any(word in folded[start:stop] for word in table.hotline):
        fields = ("hotlines",)
    is_credit = label.field == IGNORED and label.how == "loose"
    return Mark(start, spot.ahead, fields, text[start:stop].rstrip(" .("), label.is_role, is_credit=is_credit)


def _place(folded: str, start: int) -> str:
    """Where a word stands: at the start of the `line`, behind a `sep`arator, a `colon`, a `space`, or `glued`."""
    before = folded[max(0, start - 4) : start]
    bare = before.rstrip(" \"'(")
    if not bare:
        return "line" if start <= 4 else "sep"
    last, parted = bare[-1], len(bare) < len(before)
    if last in "|*;©®" or (last in ".-!?" and parted) or (last == "-" and bare[-2:-1] in ("", " ")):
        return "sep"
    if last == ":":
        return "colon"
    return "space" if parted or not last.isalnum() else "glued"


def _inside_address(folded: str, start: int, end: int) -> bool:
    """Whether the word is part of a mail or web address."""
    before, after = folded[start - 1 : start] if start else "", folded[end : end + 2]
    return before in ("@", "_") or after[:1] in ("@", "_") or (after[:1] in (".", "-") and after[1:].isalpha())


def _twins(folded: str, end: int, label: Label) -> tuple[int, tuple[str, ...]]:
    """Where a label ends that is printed twice ("Địa chỉ/Address") or names two things ("Điện thoại - Fax")."""
    fields: tuple[str, ...] = (label.field,)
    table = _table()
    while gap := _TWIN.match(folded, end):
        match = table.words.match(folded, gap.end())
        if match is None or (twin := table.labels[match.group()]).family != label.family:
            break
        end = match.end()
        if twin.field not in fields:
            fields += (twin.field,)
    return end, fields


def _colon(folded: str, end: int, label: Label) -> int:
    """The colon that ends a label, maybe some words on ("Cơ quan quản lý Cổng thông tin: …"), or -1."""
    colon = folded.find(":", end, end + _REACH)
    if colon < 0 or not folded[end:colon].strip(" ()"):
        return colon
    if _BROKEN.search(folded[end:colon]):
        return -1
    table = _table()
    for match in table.words.finditer(folded, end, colon):
        other = table.labels[match.group()]
        if other.how == "strong" and other.family != label.family and other.field not in ("website", IGNORED):
            return -1
    return colon


def _is_label(text: str, folded: str, spot: _Spot) -> bool:
    """Whether the word shows enough for its place."""
    label, place = spot.label, spot.place
    if label.field == "website" and not SITE_AHEAD.match(folded, spot.ahead):
        return False
    if label.how == "loose":
        return place != "glued"
    if label.how == "initial":
        return spot.direct and place in ("line", "sep")
    if place == "glued":
        is_long = spot.end - spot.start > _LONG
        return _turns(text, spot.start, is_long) and (spot.direct or (label.how == "strong" and is_long))
    return _with_colon(text, folded, spot) if spot.colon >= 0 else _without_colon(text, folded, spot)


def _turns(text: str, start: int, is_long: bool) -> bool:
    """Whether letter case shows that a word begins at `start` although no blank does ("Bến TreĐiện thoại")."""
    before, first, second = text[start - 1], text[start], text[start + 1 : start + 2]
    return first.isupper() and (not before.isupper() or second.islower() or is_long)


def _with_colon(text: str, folded: str, spot: _Spot) -> bool:
    label, place = spot.label, spot.place
    if label.how == "strong":
        return True
    if label.field == "address" and is_name(re.split(r"\s-\s|,", text[spot.ahead : spot.ahead + 60].strip())[0]):
        return False  # "Đ/c:" is short for comrade too
    if place == "colon":
        return label.family == "numbers"
    if place == "space":
        shown = label.is_role or NUMBER_AHEAD.match(folded, spot.ahead) is not None
        return spot.direct and shown and text[spot.start].isupper()
    return True


def _without_colon(text: str, folded: str, spot: _Spot) -> bool:
    label, place = spot.label, spot.place
    if label.family in ("numbers", IGNORED) and NUMBER_AHEAD.match(folded, spot.end):
        return label.how == "strong" or place in ("line", "sep")
    if label.field == "emails":
        return MAIL_AHEAD.match(folded, spot.end) is not None or (place == "line" and spot.end == len(folded))
    if label.is_role:
        return place == "line" and is_name(text[spot.end : spot.end + 60].strip())
    if place == "colon":
        return label.field == "license"
    return label.how == "strong" and place != "space"
