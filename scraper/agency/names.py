"""The heading of a footer: the unlabelled name of the portal, or of the agency or paper where it stands alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from scraper.agency.addresses import looks_like_address
from scraper.agency.marks import IGNORED, NOTICE
from scraper.agency.segment import Segment
from scraper.agency.website import read_website
from scraper.agency.words import is_institution, is_portal, opens_list

_SIGN = re.compile(r"^\s*(?:©|®|\(c\))\s*", re.IGNORECASE)
_NO_NAME = re.compile(
    r"\b(?:19|20)\d\d\b|\d{5}|[.!?]\s|[:@/]|bản quyền|copyright|rights? reserved|ghi rõ|ghi nguồn", re.IGNORECASE
)
_LONGEST_NAME, _LONGEST_RUN = 220, 3


class Heading(NamedTuple):
    """name: lines joined by a blank.  taken: places of its segments."""

    name: str
    taken: range


def find_heading(segments: Sequence[Segment]) -> Heading | None:
    """The heading that stands best: right above labelled lines, else one that names a portal, else the first line."""
    best: tuple[int, Heading] | None = None
    for run in _runs(segments):
        rank = _rank(segments, run)
        if rank is not None and (best is None or rank < best[0]):
            best = (rank, Heading(_joined([_name(segments[i]) for i in run]), run))
    return best[1] if best else None


def _name(segment: Segment) -> str:
    return _SIGN.sub("", segment.value).rstrip(" .")


def _is_name(segment: Segment) -> bool:
    if segment.fields and not (segment.field == NOTICE and _SIGN.match(segment.value)):
        return False
    name = _name(segment)
    if not 3 < len(name) <= _LONGEST_NAME or _NO_NAME.search(name) or not name[0].isupper():
        return False
    if name.count(",") > 2 or (name.count(",") > 1 and looks_like_address(name)):
        return False
    return is_institution(name) and read_website(name) is None


def _runs(segments: Sequence[Segment]) -> list[range]:
    """Names that stand in lines of their own right below each other, taken together; other names alone."""
    runs: list[range] = []
    for i, segment in enumerate(segments):
        if not _is_name(segment):
            continue
        last = runs[-1] if runs else None
        if last is not None and last.stop == i and segment.whole and segments[i - 1].whole and not segment.fields:
            runs[-1] = range(last.start, i + 1)
        else:
            runs.append(range(i, i + 1))
    return runs


def _rank(segments: Sequence[Segment], run: range) -> int | None:
    if len(run) > _LONGEST_RUN:  # a list of links to other offices
        return None
    if run.start and opens_list(segments[run.start - 1].raw):
        return None
    behind = next((segment for segment in segments[run.stop : run.stop + 2] if not _is_name(segment)), None)
    if behind is not None and (behind.field not in ("", IGNORED) or looks_like_address(behind.value)):
        return 0
    if is_portal(_name(segments[run.start])):
        return 1
    return 2 if run.start == 0 else None


def _joined(names: list[str]) -> str:
    """The lines of a name as one; a line in the other language is a translation and left out."""
    return " ".join(name for name in names if name.isascii() == names[0].isascii())
