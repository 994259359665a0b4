"""RIS, the tagged lines that reference managers import: one web page (`ELEC`) per record.

Each value stands on its own line `XX  - value` and holds no line break, so that no text can begin a tag. The tags are
those of the RIS specification of 2011 (https://en.wikipedia.org/wiki/RIS_(file_format)).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, TextIO

from storage.exports.citation import Citation, Day, citations
from storage.exports.texts import sink

TAGS = {
    "ID": "id",
    "AU": "author",
    "TI": "title",
    "T2": "portal",
    "SE": "section",
    "AB": "summary",
    "KW": "tags",
    "PB": "publisher",
    "UR": "url",
    "LA": "language",
}
"""Tag → part of the citation, in the order of writing; dates and notes follow."""


def write(records: Iterable[dict[str, Any]], out: TextIO | BinaryIO) -> int:
    """Write the references and give their number. Lines end with CR LF, as the specification asks."""
    target, count = sink(out), 0
    for count, cited in enumerate(citations(records), 1):  # noqa: B007 - the last number is the answer
        target.write("".join(f"{tag}  - {value}\r\n" for tag, value in _lines(cited)) + "\r\n")
    return count


def _lines(cited: Citation) -> Iterator[tuple[str, str]]:
    yield "TY", "ELEC"
    for tag, part in TAGS.items():
        value = getattr(cited, part)
        for text in value if isinstance(value, tuple) else (value,):
            if text:
                yield tag, text
    if cited.published_day:
        yield "PY", f"{cited.published_day[0]:04}"
        yield "DA", _slashed(cited.published_day)
    if cited.accessed:
        yield "Y2", _slashed(cited.accessed)
    for label, text in (("Subtitle", cited.subtitle), ("Source", cited.source)):
        if text:
            yield "N1", f"{label}: {text}"
    yield "ER", ""


def _slashed(day: Day) -> str:
    """`YYYY/MM/DD/`; what is not known stays empty between the slashes."""
    year, month, date = (*day, 0, 0)[:3]
    return f"{year:04}/{f'{month:02}' if month else ''}/{f'{date:02}' if date else ''}/"
