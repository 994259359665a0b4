"""The path from sources to records, as one stream.

    for reading in read_all(expand(arguments), fetcher):
        reading.record or reading.error

One source at a time, in order; an error is a value, so that a batch never stops for one page. Who consumes the stream
(print, explain, store) is the caller's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from scraper.errors import InputError, LuutruError, NotAnArticle
from scraper.extract import extract
from scraper.models import Capture, Record
from scraper.portals import Portal
from scraper.sources import Fetches, Source

_MAGIC = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or Office document"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "a database"),
)
# Neither white space nor ESC, by which some East Asian encodings switch their sets.
_CONTROLS = bytes([*range(9), *range(14, 27), *range(28, 32)])


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one source: a record or an error, and the capture when there was one."""

    source: str
    record: Record | None = None
    error: LuutruError | None = None
    capture: Capture | None = None


def read_all(
    sources: Iterable[Source | InputError],
    fetcher: Fetches | None = None,
    stdin: BinaryIO | None = None,
    portals: Sequence[Portal] | None = None,
) -> Iterator[Reading]:
    """Load and extract each source, lazily. portals: those built in unless told.

    What no rule expected of a page is a bug of ours: the plain LuutruError, with the exception as its `__cause__`.
    """
    for source in sources:
        if isinstance(source, InputError):
            yield Reading(source.source, error=source)
            continue
        capture = None
        try:
            capture = source.load(fetcher, stdin)
            yield Reading(source.name, extract_checked(capture, portals), capture=capture)
        except LuutruError as error:
            yield Reading(source.name, error=error, capture=capture)
        except Exception as error:
            fault = LuutruError(source.name, f"{type(error).__name__}: {error}", what="a bug", hint="please report it")
            fault.__cause__ = error
            yield Reading(source.name, error=fault, capture=capture)


def extract_checked(capture: Capture, portals: Sequence[Portal] | None = None) -> Record:
    """`extract`, after a look at the bytes: binary files and empty documents are refused before they are parsed."""
    refuse_binary(capture)
    return extract(capture, portals)


def refuse_binary(capture: Capture) -> None:
    """Raise NotAnArticle for bytes that are no text."""
    content = capture.content
    if not content or content.isspace():
        raise NotAnArticle(capture.name, "the document is empty", reason="empty")
    for magic, what in _MAGIC:
        if content.startswith(magic):
            raise NotAnArticle(capture.name, what, reason="binary")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or "utf-16" in (capture.info.content_type or "").lower():
        return
    head = content[:4096]
    if len(head) - len(head.translate(None, _CONTROLS)) > 0.05 * len(head):
        raise NotAnArticle(capture.name, "binary data", reason="binary")
