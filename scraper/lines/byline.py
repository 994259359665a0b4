"""Who wrote, lent or pictured an article: labelled credits, "Theo …" and "By …". The end of a body is in closing.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from scraper.labels import form_label
from scraper.lines.names import is_foreign_name, is_named, is_person, is_unit
from scraper.lines.words import BAR, kinds, one_of, table, vocabulary
from scraper.text import fold

_VALUE_LIMIT = 120
_LINE_LIMIT = 400  # in a longer line only its end is searched for credits
_STRIP = " \t.,;:-–—|/*"
# Inside a value: the next label of the line, the next sentence, the mark that ends official texts.
_VALUE_END = re.compile(
    rf"{BAR}|\s[-–—]\s(?=[^:\-–—]{{2,30}}[:：])|[;,]\s(?=[^:;,]{{2,30}}[:：])|(?<=\w\w\w)\.\s|\./|/\."
)
_BAR = re.compile(BAR)
_PROSE = re.compile(r"[.!?;]\s|,\s[^A-ZĐÀ-Ỹ]")
_OPENERS = '.,;:!?…|()[]-–—/"”'


@dataclass(frozen=True, slots=True)
class Credits:
    """Names as printed, without their labels; several names stay unsplit. credit: of the picture."""

    author: str | None = None
    source: str | None = None
    credit: str | None = None


class Label(NamedTuple):
    """A credit label in a line: what it says (`author`, `weak_author`, `credit`, `source`), its value and offset."""

    kinds: frozenset[str]
    value: str
    start: int


class _Grammar(NamedTuple):
    label: re.Pattern[str]
    unmarked: re.Pattern[str]
    by: re.Pattern[str]
    by_end: re.Pattern[str]
    theo: re.Pattern[str]
    trailer: re.Pattern[str]


@lru_cache(maxsize=1)
def _grammar() -> _Grammar:
    word, signs, flags = one_of(vocabulary("credit_words")), table()["credit_signs"], re.IGNORECASE
    run = rf"(?:{word})(?:[\s,&/+–-]{{1,3}}(?:{word})){{0,5}}"
    return _Grammar(
        label=re.compile(rf"(?<!\w){run}\s?[:：]", flags),
        unmarked=re.compile(rf"(?P<label>{run})\s(?P<who>\S.{{2,60}})", flags),
        by=re.compile(rf"(?:{one_of(signs['by'])})(?!\w)\s*[:：]?\s*(?P<who>\S.{{1,80}})", flags),
        by_end=re.compile(rf"[\s,]+(?:{one_of(table()['date_signs']['between'])})$", flags),
        theo=re.compile(rf"theo\s*:?\s+(?!(?:{one_of(signs['not_after_theo'])})(?!\w))(?P<who>\S.{{1,80}})", flags),
        trailer=re.compile(one_of(signs["trailers"]), flags),
    )


def read_credits(line: str) -> Credits:
    """The labelled credits of a tidied line (`Bài và ảnh: …`, `Nguồn: …`, `(Theo …)`, `Written by …`)."""
    found: dict[str, str] = {}
    for label in labelled(line):
        for role in _roles(label.kinds):
            found.setdefault(role, label.value)
    for cell in _BAR.split(line) if len(line) <= _LINE_LIMIT else ():
        for role, name in _without_colon(_unwrap(cell)):
            found.setdefault(role, name)
    return Credits(**found)


def is_trailer(line: str) -> bool:
    """Whether a line states which account made or changed a list item (SharePoint's CreatedModifiedInfo control)."""
    return _grammar().trailer.match(line) is not None


def labelled(line: str) -> list[Label]:
    """The credit labels of a line that stand before a colon and have a plausible value, in order."""
    shift = max(0, len(line) - _LINE_LIMIT)
    found = _labelled(line[shift:])
    return [label._replace(start=shift + label.start) for label in found] if shift else found


@lru_cache(maxsize=512)
def _labelled(line: str) -> list[Label]:
    """Remembered, since credits and captions are read from the same lines."""
    if ":" not in line and "：" not in line:
        return []
    marks = [mark for mark in _grammar().label.finditer(line) if _opens(line, mark.start())]
    ends = [mark.start() for mark in marks[1:]] + [len(line)]
    found = []
    for mark, end in zip(marks, ends, strict=False):
        kind = kinds(mark[0], "credit_words") - {"filler"}
        value = clean_name(line[mark.end() : end]) if kind else None
        value = _after_theo(value) or value if value and "source" in kind else value
        if value and (is_named(value) or not _needs_name(kind, at_start=not line[: mark.start()].strip(" (["))):
            found.append(Label(kind, value, mark.start()))
    return found


def _needs_name(kind: frozenset[str], *, at_start: bool) -> bool:
    """Whether a label is also an ordinary word there: "Bài: …" may announce a title, "Ảnh: …" describe a picture."""
    return "source" not in kind and "author" not in kind and (at_start or "weak_author" in kind)


def _roles(kind: frozenset[str]) -> Iterator[str]:
    if "credit" in kind:
        yield "credit"
    elif "source" in kind:
        yield "source"
        return
    if not kind.isdisjoint(("author", "weak_author")):
        yield "author"


def _opens(line: str, at: int) -> bool:
    """Whether a label can begin here: at the start, behind punctuation, or with a capital."""
    before = line[max(0, at - 4) : at].rstrip()
    return not before or before[-1] in _OPENERS or line[at].isupper()


def clean_name(value: str) -> str | None:
    """A credited name without the rest of its line; None where nobody is named (`Ảnh: minh họa`, `${author}`)."""
    value = _VALUE_END.split(value[: 2 * _VALUE_LIMIT].strip(_STRIP), maxsplit=1)[0].strip(_STRIP)
    if value.count(")") > value.count("("):
        value = value[: value.rindex(")")].strip(_STRIP)
    if value.count("(") > value.count(")"):
        value = value[: value.rindex("(")].strip(_STRIP)
    if not value or len(value) > _VALUE_LIMIT or not any(map(str.isalpha, value)) or "${" in value or "@" in value:
        return None
    if _nobody().match(fold(value)) or (form_label(value) is not None and not is_unit(value)):
        return None
    return value


@lru_cache(maxsize=1)
def _nobody() -> re.Pattern[str]:
    return re.compile(rf"(?:{one_of(map(fold, table()['credit_signs']['nobody']))})(?!\w)")


def _unwrap(cell: str) -> str:
    """A cell without brackets around it, or the bracket that ends it."""
    cell = cell.strip(_STRIP)
    if cell.endswith(")") and (at := cell.rfind("(")) >= 0:
        inner = cell[at + 1 : -1].strip()
        return inner if at == 0 or _grammar().theo.match(inner) else cell
    return cell.strip("()[]")


def _without_colon(cell: str) -> Iterator[tuple[str, str]]:
    """(role, name) of a cell such as "Theo Báo X", "By Jane Roe", "Bài và ảnh của Đặng Vân"."""
    if not cell or len(cell) > _VALUE_LIMIT:
        return
    if source := _after_theo(cell):
        yield "source", source
    elif author := _after_by(cell):
        yield "author", author
    elif (
        cell[0].isupper()
        and (match := _grammar().unmarked.fullmatch(cell))
        and not is_person(cell)
        and is_person(match["who"])
    ):
        for role in _roles(kinds(match["label"], "credit_words")):
            yield role, match["who"]


def _after_theo(cell: str) -> str | None:
    """The paper behind "Theo", told from prose: short, capitalised or a domain, no law, person or plan."""
    match = _grammar().theo.fullmatch(cell)
    who = match["who"].strip(_STRIP) if match else ""
    if not who or len(who.split()) > 12 or _PROSE.search(who) or not _sentence().isdisjoint(who.split()):
        return None
    return who if who[0].isupper() or is_named(who) else None


@lru_cache(maxsize=1)
def _sentence() -> frozenset[str]:
    """Words that only sentences have."""
    return frozenset(table()["units"]["sentence"])


def _after_by(cell: str) -> str | None:
    match = _grammar().by.fullmatch(cell)
    who = clean_name(_grammar().by_end.sub("", match["who"])) if match else None
    if who is None:
        return None
    first = who.split(",")[0]
    return who if is_foreign_name(first) or is_person(first) or is_unit(first) else None


def names_somebody(cell: str) -> bool:
    """Whether a cell is a credit: a label with a colon, or "Theo", "By" and the like with a name."""
    match = _grammar().label.match(cell)
    if match and kinds(match[0], "credit_words") - {"filler"}:
        return True
    return next(_without_colon(_unwrap(cell)), None) is not None


def is_credit_label(text: str) -> bool:
    """Whether a line is nothing but the label of a credit."""
    return bool(kinds(text, "credit_words") - {"filler"})
