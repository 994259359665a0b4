"""Numbers and mail addresses of a footer, each with its label, the numbers in E.164 by the offices around them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from scraper.agency.addresses import looks_like_address
from scraper.agency.dialing import AMBIGUOUS, MISMATCH, Dialer, Dialled, is_service
from scraper.agency.emails import read_emails
from scraper.agency.marks import IGNORED, NOTICE, NUMBERS
from scraper.agency.phones import Printed, read_numbers
from scraper.agency.provinces import ELSEWHERE, provinces_in
from scraper.agency.segment import Segment
from scraper.agency.words import fold, is_institution, label_words, whole_words
from scraper.models import Email, EmailLabel, Phone, Problem

_LABEL_LONGEST = 70
_MESSAGES = {
    AMBIGUOUS: "{} could be an old landline or a mobile of today.",
    MISMATCH: "{} has the area code of another province than the office.",
}


class Numbers(NamedTuple):
    """fields: `phones`, `faxes`, `hotlines` → E.164 (or print) → number and its segment, each once."""

    fields: dict[str, dict[str, tuple[Phone, Segment]]]
    problems: list[Problem]


class _Words(NamedTuple):
    submissions: tuple[str, ...]
    other: tuple[str, ...]
    mobile: re.Pattern[str]


@lru_cache(maxsize=1)
def _words() -> _Words:
    table = label_words()
    return _Words(
        tuple(table["emails"]["submissions"]), tuple(table["emails"]["other"]), whole_words(table["phones"]["mobile"])
    )


def is_office(segment: Segment) -> bool:
    """Whether a segment holds an office's address, be its label known or not."""
    if segment.field == "address":
        return bool(segment.value)
    return (not segment.fields or segment.field in NUMBERS) and looks_like_address(segment.value)


def read_phones(segments: Sequence[Segment], names: Sequence[str | None], page_date: datetime.date | None) -> Numbers:
    """The numbers of a footer. `names` are its agencies, whose provinces help to read old numbers."""
    hinted = frozenset(province for name in names if name for province in provinces_in(name))
    dialer = Dialer(frozenset(_provinces(segments)), hinted, page_date)
    numbers = Numbers({"phones": {}, "faxes": {}, "hotlines": {}}, [])
    before: Segment | None = None
    for segment in segments:
        label = segment.label
        if not segment.fields and label is None and before is not None and _names_number(before):
            label = before.value
        if segment.field in NUMBERS or not segment.fields:
            strict = not segment.fields or looks_like_address(segment.value)
            for printed in read_numbers(segment.value, strict=strict):
                _add(numbers, dialer, segment, printed, printed.label or label)
        before = segment
    return numbers


def _names_number(segment: Segment) -> bool:
    """Whether a line above a bare number says whose it is: words, not an agency's name."""
    text = segment.value
    if segment.fields or segment.label or not segment.whole or len(text) > _LABEL_LONGEST:
        return False
    return "@" not in text and not any(map(str.isdigit, text)) and not is_institution(text)


def _provinces(segments: Sequence[Segment]) -> Iterator[str]:
    for segment in segments:
        if is_office(segment):
            named = provinces_in(f"{segment.label or ''} {segment.value}")
            if named:
                yield named[-1]
            elif "tỉnh" in segment.value.lower():
                yield ELSEWHERE
        elif segment.label and (segment.field in NUMBERS or not segment.fields):
            yield from provinces_in(segment.label)


def _add(numbers: Numbers, dialer: Dialer, segment: Segment, printed: Printed, label: str | None) -> None:
    fields = segment.fields or ("phones",)
    if printed.is_tail:
        dialled = Dialled(dialer.tail(printed.raw))
    else:
        is_mobile = label is not None and _words().mobile.search(fold(label)) is not None
        dialled = dialer.dial(printed.raw, is_fax=fields == ("faxes",), is_mobile=is_mobile)
    if is_service(printed.raw.replace(" ", "").replace(".", "").replace("-", "")):
        fields = ("hotlines",)
    phone = Phone(printed.raw, dialled.e164, label)
    for field in fields:
        numbers.fields[field].setdefault(phone.e164 or phone.raw, (phone, segment))
    if dialled.problem:
        message = _MESSAGES[dialled.problem].format(printed.raw)
        numbers.problems.append(Problem(dialled.problem, f"agency.{fields[0]}", message))


def read_mail(segments: Sequence[Segment]) -> dict[str, tuple[Email, Segment]]:
    """The mail addresses of a footer, each once, with their segments."""
    found: dict[str, tuple[Email, Segment]] = {}
    for segment in segments:
        if segment.field in (IGNORED, NOTICE):
            continue
        is_labelled = segment.field == "emails"
        purpose = _purpose(segment.label) if is_labelled else "contact"
        for email in read_emails(segment.value, label=purpose, labelled=is_labelled):
            found.setdefault(email.address, (email, segment))
    return found


def _purpose(label: str | None) -> EmailLabel:
    small = fold(label or "")
    if any(word in small for word in _words().submissions):
        return "submissions"
    return "other" if any(word in small for word in _words().other) else "contact"
