"""The agency behind a portal, read from the lines of its footer: segments in, record out."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from scraper.agency.addresses import read_address
from scraper.agency.contacts import is_office, read_mail, read_phones
from scraper.agency.license import has_licence_number, read_license
from scraper.agency.marks import IGNORED, NOTICE
from scraper.agency.names import Heading, find_heading
from scraper.agency.people import has_honorific, read_person
from scraper.agency.segment import Segment, cut
from scraper.agency.website import read_website
from scraper.agency.words import fold, is_institution
from scraper.models import Agency, Evidence, Problem
from scraper.text import tidy

_MOST_LINES = 500
_LONGEST_LINE = 4_000
_MOST_CHARACTERS = 50_000


@dataclass(frozen=True, slots=True)
class AgencyReading:
    """What a footer says. agency: None when it states none of the facts.  evidence: keys like `agency.address`."""

    agency: Agency | None
    problems: tuple[Problem, ...] = ()
    evidence: dict[str, Evidence] = field(default_factory=dict)


class _Found(NamedTuple):
    """A field's value, the rule that gave it and the segment that it stands in."""

    value: Any
    rule: str
    segment: Segment


def read_agency(lines: Sequence[str], *, page_date: datetime.date | None = None) -> AgencyReading:
    """The agency that a footer states; `lines` are its visible lines as printed. Never raises.

    `page_date` is the date of the page that carries the footer: old telephone numbers are understood by it. Of a
    footer longer than any real one the last lines are read, and of a longer line its beginning.
    """
    texts = _last_lines(lines)
    segments = cut(texts, first=len(lines) - len(texts) + 1)
    heading = find_heading(segments)
    rest = [segment for i, segment in enumerate(segments) if heading is None or i not in heading.taken]
    problems: list[Problem] = []
    found = {
        "portal_name": _Found(heading.name, "heading", segments[heading.taken.start]) if heading else None,
        "managing_agency": _labelled(rest, "managing_agency"),
        "operating_unit": _operating_unit(rest),
        "address": _address(rest),
        "responsible_person": _person(rest),
        "license": _license(rest, problems),
        "copyright_notice": _notice(rest),
        "website": _website(rest),
        **_contacts(rest, heading, page_date, problems),
    }
    fields = {name: hit.value for name, hit in found.items() if hit}
    if not fields:
        return AgencyReading(None, tuple(problems))
    agency = Agency(**fields, raw_text="\n".join(filter(None, texts)))
    if agency.address:
        agency = replace(agency, address_parts=read_address(agency.address))
    evidence = {
        f"agency.{name}": Evidence(hit.rule, hit.segment.raw, f"footer line {hit.segment.line}")
        for name, hit in found.items()
        if hit
    }
    return AgencyReading(agency, tuple(problems), evidence)


def _last_lines(lines: Sequence[str]) -> list[str]:
    texts: list[str] = []
    room = _MOST_CHARACTERS
    for line in reversed(lines[-_MOST_LINES:]):
        text = tidy(line[:_LONGEST_LINE])
        room -= len(text)
        if room < 0:
            break
        texts.append(text)
    return texts[::-1]


def _labelled(segments: Sequence[Segment], name: str) -> _Found | None:
    for segment in segments:
        if segment.field == name and (value := segment.value.rstrip(" .")):
            return _Found(value, "label", segment)
    return None


def _operating_unit(segments: Sequence[Segment]) -> _Found | None:
    """Units behind labels of that kind; also "Quản lý nội dung …: office", where no person is named."""
    units: dict[str, Segment] = {}
    for segment in segments:
        manages = segment.field == "responsible_person" and fold(segment.label or "").startswith("quan ly")
        if segment.field == "operating_unit" or (manages and is_institution(segment.value)):
            units.setdefault(segment.value.rstrip(" ."), segment)
    units.pop("", None)
    return _Found("; ".join(units), "label", next(iter(units.values()))) if units else None


def _address(segments: Sequence[Segment]) -> _Found | None:
    if labelled := _labelled(segments, "address"):
        return labelled
    for segment in segments:
        if is_office(segment):
            return _Found(segment.value.rstrip(" ."), "shape", segment)
    return None


def _person(segments: Sequence[Segment]) -> _Found | None:
    for segment in segments:
        if segment.field == "responsible_person":
            person = read_person(segment.value, segment.label if segment.is_role else None)
            if person:
                return _Found(person, "label", segment)
    for segment in segments:
        if (
            not segment.fields
            and has_honorific(segment.value)
            and (person := read_person(segment.value))
            and person.roles
        ):
            return _Found(person, "shape", segment)
    return None


def _license(segments: Sequence[Segment], problems: list[Problem]) -> _Found | None:
    """The first licence; what its line leaves out may stand behind labels of their own ("Ngày cấp: …")."""
    found: _Found | None = None
    for segment in segments:
        if segment.field != "license" and (segment.fields or not has_licence_number(segment.raw)):
            continue
        read = read_license(segment.raw)
        if read is None:
            continue
        if read.bad_date and found is None:
            problems.append(Problem("impossible_date", "agency.license", f"No such day: {segment.raw}"))
        more = read.license
        if found is None:
            found = _Found(more, "label" if segment.fields else "shape", segment)
        elif more.number is None:
            first = found.value
            first = replace(first, issued_on=first.issued_on or more.issued_on, issuer=first.issuer or more.issuer)
            found = found._replace(value=first)
    return found


def _notice(segments: Sequence[Segment]) -> _Found | None:
    notices = [segment for segment in segments if segment.field == NOTICE and segment.value]
    text = ""
    for segment in notices:
        lone_mark = text and not any(map(str.isalnum, text.rpartition("\n")[2]))  # "®", then its sentence
        text += (" " if lone_mark else "\n" if text else "") + segment.value
    return _Found(text, "label", notices[0]) if notices else None


def _website(segments: Sequence[Segment]) -> _Found | None:
    """The first address behind a label, else in a notice, else in a line of its own beside labelled ones."""
    for name in ("website", NOTICE):
        for segment in segments:
            if segment.field == name and (site := read_website(segment.value)):
                return _Found(site, "label", segment)
    for before, segment, behind in zip([None, *segments], segments, [*segments[1:], None], strict=False):
        beside = any(other and other.field not in ("", IGNORED) for other in (before, behind))
        if beside and not segment.fields and read_website(segment.value) == segment.value:
            return _Found(segment.value, "shape", segment)
    return None


def _contacts(
    segments: Sequence[Segment], heading: Heading | None, page_date: datetime.date | None, problems: list[Problem]
) -> dict[str, _Found | None]:
    names = [segment.value for segment in segments if segment.field in ("managing_agency", "operating_unit", NOTICE)]
    numbers = read_phones(segments, [heading.name if heading else None, *names], page_date)
    problems += numbers.problems
    found: dict[str, _Found | None] = {}
    lists: dict[str, dict[str, Any]] = {**numbers.fields, "emails": read_mail(segments)}
    for name, items in lists.items():
        if hits := list(items.values()):
            first = hits[0][1]
            found[name] = _Found(tuple(value for value, _ in hits), "label" if first.fields else "shape", first)
    return found
