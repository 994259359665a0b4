"""Pages saved as MHTML (RFC 2557): the HTML part, with the address and time that the container states.

For the page, only what leads to the first HTML part is read: the headers of each part, up to limits. (The standard
library's parser builds every part, line by line, which takes minutes for a hostile file.)
"""

from __future__ import annotations

import binascii
import hashlib
import quopri
import re
from collections.abc import Collection, Iterator
from datetime import UTC
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from itertools import islice

from scraper.errors import InputError
from scraper.models import Capture, CaptureInfo

_HTML = ("text/html", "application/xhtml+xml")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LONGEST_HEAD = 20_000
_MOST_PARTS = 10_000
_DEEPEST = 4


def read_mhtml(content: bytes, name: str, url: str | None = None) -> Capture:
    """The page in an MHTML file. Raises InputError when it holds no HTML part."""
    whole = _entity(content)
    found = next((part for part in _parts(*whole, levels=_DEEPEST) if part[0].get_content_type() in _HTML), None)
    if found is None:
        raise InputError(name, "this MHTML file holds no HTML page")
    part, body = found
    address = url or _address(part) or _address(whole[0])
    charset = part.get_content_charset()
    info = CaptureInfo(
        requested_url=address,
        final_url=address,
        fetched_at=_time(whole[0]),
        content_type=f"text/html; charset={charset}" if charset else "text/html",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        source="mhtml",
    )
    return Capture(_decoded(part, body, name), info, name)


def enclosures(content: bytes) -> Iterator[tuple[int, str]]:
    """Number and web address of each part that is no HTML page."""
    for number, (part, _) in enumerate(_parts(*_entity(content), levels=_DEEPEST)):
        if part.get_content_type() not in _HTML and (address := _address(part)) is not None:
            yield number, address


def enclosures_at(content: bytes, numbers: Collection[int]) -> Iterator[tuple[int, Capture | None]]:
    """The parts with these numbers; None for one that cannot be decoded."""
    whole = _entity(content)
    date = _time(whole[0])
    for number, (part, body) in enumerate(_parts(*whole, levels=_DEEPEST)):
        if number in numbers:
            try:
                decoded = _decoded(part, body, "")
            except InputError:
                yield number, None
                continue
            address = _address(part)
            info = CaptureInfo(
                requested_url=address,
                final_url=address,
                fetched_at=date,
                content_type=part.get_content_type(),
                sha256=hashlib.sha256(decoded).hexdigest(),
                bytes=len(decoded),
                source="mhtml",
            )
            yield number, Capture(decoded, info, address or "")


def _entity(content: bytes) -> tuple[Message, bytes]:
    """Headers and body of a message or of one of its parts."""
    if content.startswith((b"\n", b"\r\n")):
        return Message(), content
    end = _HEAD_END.search(content, 0, _LONGEST_HEAD)
    head, body = (content[: end.start()], content[end.end() :]) if end else (content[:_LONGEST_HEAD], b"")
    return BytesHeaderParser().parsebytes(head, headersonly=True), body


def _parts(head: Message, body: bytes, levels: int) -> Iterator[tuple[Message, bytes]]:
    """The parts that hold no further ones, in their order."""
    boundary = head.get_boundary()
    if not head.get_content_type().startswith("multipart/"):
        yield head, body
    elif boundary and levels:
        for piece in islice(_pieces(body, boundary), _MOST_PARTS):
            yield from _parts(*_entity(piece), levels - 1)


def _pieces(body: bytes, boundary: str) -> Iterator[bytes]:
    """What stands between the boundary lines (RFC 2046, 5.1.1); the last one may be missing."""
    line = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary.encode("utf-8", "replace")) + rb"(--)?[ \t]*(?:\r?\n|$)")
    start, mark = None, line.search(body)
    while mark is not None:
        if start is not None:
            yield body[start : mark.start()]
        if mark[1]:
            return
        start = mark.end()
        mark = line.search(body, max(start - 1, 0))
    if start is not None:
        yield body[start:]


def _decoded(part: Message, body: bytes, name: str) -> bytes:
    coding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if coding == "quoted-printable":
        return quopri.decodestring(body)
    if coding == "base64":
        try:
            return binascii.a2b_base64(body)
        except binascii.Error as error:
            raise InputError(name, "a part of this MHTML file cannot be decoded") from error
    return body


def _address(part: Message) -> str | None:
    for header in ("Content-Location", "Snapshot-Content-Location"):
        value = "".join(str(part.get(header, "")).split())  # long ones are folded over several lines
        if value.lower().startswith(("http://", "https://")):
            return value
    return None


def _time(message: Message) -> str | None:
    try:
        moment = parsedate_to_datetime(str(message["Date"]))
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
