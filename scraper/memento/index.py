"""Answers of CDX servers: rows as JSON (an array of arrays, or one object a line) or as text; resume keys, pages. Pure.

The forms are those of pywb's CDX server API and of the Internet Archive's wayback-cdx-server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from scraper.errors import NotAListing
from scraper.memento.captures import Row
from scraper.memento.rows import row_of
from scraper.text import tidy

_NAMES = {"url": "original", "mime": "mimetype", "status": "statuscode"}  # pywb's → the Internet Archive's
_CDX = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
_CDX_11 = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "redirect", "robotflags", "length")
_MAX_FIELDS = 30
_LONGEST = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """rows: usable ones.  lines: how many rows came, usable or not.  bad: those that are no rows.

    resume: key to go on with, None where this is the end or the server knows none.  pages: where only their number was
    told.
    """

    rows: tuple[Row, ...] = ()
    lines: int = 0
    bad: int = 0
    resume: str | None = None
    pages: int | None = None


def read_cdx(content: bytes, archive: str) -> Answer:
    """What a CDX server answered. Raises NotAListing for what is none, such as an HTML page or an error message."""
    text = content.decode("utf-8", "replace").lstrip("\ufeff")
    start = text[:1_000].lstrip()
    if start.startswith("<"):
        raise NotAListing(archive, "the answer is a page, no index")
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", text[:20]):
        return Answer(pages=int(text))
    if start.startswith("["):
        try:
            whole = json.loads(text)
        except (ValueError, RecursionError):
            whole = None  # one array a line, or cut off
        if isinstance(whole, list) and all(isinstance(one, list) for one in whole):
            return _gathered(whole, archive)
    return _gathered(_of_lines(text), archive)


def _of_lines(text: str) -> Iterator[Any]:
    """Each line as JSON data, or as its words; a blank line as an empty list."""
    for line in text.split("\n"):
        line = line.strip().removesuffix(",")
        if line in ("[", "]"):
            continue
        if len(line) > _LONGEST:
            yield None
            continue
        line = line[line.startswith("[[") : len(line) - line.endswith("]]")]
        if line[:1] not in ("{", "["):
            yield _words(line)
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            yield None


def _words(line: str) -> Any:
    """A line of text: CDX fields, or CDXJ (key, time stamp, JSON object)."""
    words = line.split(" ", 2)
    if len(words) == 3 and words[2].startswith("{"):
        try:
            return {"timestamp": words[1], **json.loads(words[2])}
        except (ValueError, TypeError, RecursionError):
            return None
    return line.split()


def _gathered(items: Iterable[Any], archive: str) -> Answer:
    rows: list[Row] = []
    header: tuple[str, ...] | None = None
    lines = bad = 0
    resume, ending = None, False
    said = ""
    for item in items:
        if item == []:
            ending = True
        elif isinstance(item, list) and ending and len(item) == 1 and isinstance(item[0], str):
            resume = item[0]
        elif isinstance(item, list) and "timestamp" in item and "original" in item:
            header = tuple(map(str, item[:_MAX_FIELDS]))
        elif isinstance(item, dict) and isinstance(item.get("pages"), int):
            return Answer(pages=item["pages"])
        else:
            row = _row(item, header, archive)
            lines += 1
            bad += row is None
            said = said or ("" if row is not None else tidy(str(item))[:100])
            if row is not None:
                rows.append(row)
    if bad and not rows:
        raise NotAListing(archive, f"the answer is no index: {said}")
    return Answer(tuple(rows), lines, bad, resume)


def _row(item: Any, header: tuple[str, ...] | None, archive: str) -> Row | None:
    if isinstance(item, list):
        names = header or (_CDX_11 if len(item) >= len(_CDX_11) else _CDX)
        item = dict(zip(names, item, strict=False)) if header or len(item) >= 3 else None
    if not isinstance(item, dict):
        return None
    given = {_NAMES.get(name, name): str(value) for name, value in item.items() if value is not None}
    if not {"timestamp", "original"} <= given.keys():
        return None
    return row_of(
        given["original"],
        given["timestamp"],
        given.get("statuscode", "-"),
        given.get("mimetype", "-"),
        given.get("digest", "-"),
        archive,
    )
