"""Soft 404: what a server answers to an item that cannot exist, and whether another answer is the same page.

The fingerprint is the set of the page's visible lines, with numbers, hexadecimal tokens and weekdays folded: clocks,
counters, tokens and the echo of the asked number do not count, view state is not visible. Another page fits where it
shows these lines and hardly a letter more outside of links. An article always adds lines, however short it is; boxes
of other news change between two fetches, but they are links. Values that the browser draws from a script (SharePoint
2013's forms) count as lines, since nothing else of such an item is visible.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

from lxml import etree

from scraper.decode import decode
from scraper.discovery.markup import parse
from scraper.models import Capture
from scraper.sharepoint.client import objects_in
from scraper.text import fold

MAX_LINES = 20_000
"""Lines of a page that are looked at."""
NOVEL = 15
"""Letters that a page may add to the fingerprint: a rotating greeting, but no headline with its date and author."""
SHARE = 0.8
"""Least part of the fingerprint's lines that a fitting page shows."""

_UNSEEN = frozenset("script style noscript template head textarea select option".split())
_VARIES = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{8,}\b|[0-9][0-9.,:/]*")
_CLOCK = re.compile(r"\b(?:am|pm|sa|ch)\b")
_CALENDAR = re.compile(
    r"\b(?:thu (?:hai|ba|tu|nam|sau|bay|#)|chu nhat|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|january|february|march|april|may|june|july|august|september|october|november|december)\b"
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Digests of a page's visible lines: plain ones and those that are a link's text."""

    lines: frozenset[int]
    links: frozenset[int] = frozenset()


def fingerprint(capture: Capture) -> Fingerprint:
    """What tells a page apart from others. Never raises."""
    lines: set[int] = set()
    links: set[int] = set()
    for text, linked in _lines(capture):
        (links if linked else lines).add(_digest(text))
    return Fingerprint(frozenset(lines), frozenset(links))


def fits(known: Fingerprint, capture: Capture) -> bool:
    """Whether a page is the one that the fingerprint was taken of, but for what changes by itself."""
    shown = {_digest(text): (len(text), linked) for text, linked in _lines(capture)}
    if not known.lines:
        return not any(not linked for _, linked in shown.values())
    everything = known.lines | known.links
    novel = sum(length for digest, (length, linked) in shown.items() if not linked and digest not in everything)
    return novel <= NOVEL and len(known.lines & shown.keys()) >= SHARE * len(known.lines)


def _lines(capture: Capture) -> Iterator[tuple[str, bool]]:
    """(text in the searching form, what varies folded; whether it is a link's) of each text node that is seen."""
    decoded = decode(capture.content, capture.info.content_type)
    root = parse(decoded.utf8)
    if root is not None:
        yield from islice(_visible(root), MAX_LINES)
        scripts = [el.text for el in root.iter("script") if el.text and "FormCtx" in el.text]
        for _, value in objects_in(scripts):
            yield from islice(((text, False) for text in map(_folded, _strings(value.get("ListData"))) if text), 500)


def _visible(root: etree._Element) -> Iterator[tuple[str, bool]]:
    """In reading order, by an explicit walk: lxml's events tell where an element ends."""
    unseen = linked = 0
    for event, el in etree.iterwalk(root, events=("start", "end")):
        step = 1 if event == "start" else -1
        if el.tag in _UNSEEN:
            unseen += step
        elif el.tag == "a":
            linked += step
        text = (el.text if event == "start" else el.tail) if not unseen else None
        if text and (line := _folded(text)):
            yield line, linked > 0


def _strings(value: Any) -> Iterator[str]:
    """The values of an item's columns, those of lookups and people included."""
    queue = [value]
    while queue:
        part = queue.pop()
        if isinstance(part, str):
            yield part[:10_000]
        elif isinstance(part, dict | list):
            queue.extend(islice(part.values() if isinstance(part, dict) else part, 500))


def _folded(text: str) -> str:
    if not text.strip():
        return ""
    return " ".join(_CLOCK.sub("", _CALENDAR.sub("", _VARIES.sub("#", fold(text[:10_000])))).split())


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())
