"""TimeMaps in the link format (RFC 7089, section 5; RFC 8288): which mementos an archive has of one address. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from scraper.errors import NotAListing

_LINK = re.compile(r'<([^<>]{1,8000})>((?:\s*;\s*[\w*-]{1,40}\s*=\s*(?:"[^"]{0,400}"|[^\s;,"]{0,400}))*)')
_PARAMETER = re.compile(r';\s*([\w*-]{1,40})\s*=\s*(?:"([^"]*)"|([^\s;,"]*))')


@dataclass(frozen=True, slots=True)
class TimeMap:
    """mementos: (address at the archive, UTC as 14 digits), as listed.  original: what they are of.

    further: addresses of TimeMaps that list more.
    """

    mementos: tuple[tuple[str, str], ...]
    original: str | None
    further: tuple[str, ...]


def read_timemap(content: bytes, archive: str) -> TimeMap:
    """What a TimeMap says. Raises NotAListing for what is none."""
    text = content.decode("utf-8", "replace")
    mementos: list[tuple[str, str]] = []
    original: str | None = None
    own: set[str] = set()
    further: list[str] = []
    for match in _LINK.finditer(text):
        given = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(match[2])}
        kinds = given.get("rel", "").lower().split()
        if "memento" in kinds and (moment := _moment(given.get("datetime", ""))) is not None:
            mementos.append((match[1], moment))
        elif "original" in kinds:
            original = match[1]
        elif "self" in kinds:
            own.add(match[1])
        elif "timemap" in kinds:
            further.append(match[1])
    if not mementos and original is None:
        raise NotAListing(archive, "the answer is no TimeMap")
    return TimeMap(tuple(mementos), original, tuple(one for one in dict.fromkeys(further) if one not in own))


def _moment(text: str) -> str | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).strftime("%Y%m%d%H%M%S")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
