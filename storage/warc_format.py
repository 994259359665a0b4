"""WARC 1.1 records (ISO 28500:2017) as gzip members, one each: made, read, and found again behind damage. Pure.

    WARC/1.1 CRLF   Name: value CRLF …   CRLF   block   CRLF CRLF

Digests are SHA-1 in base 32, as is the custom. Fields are UTF-8; what cannot stand in one is percent-encoded.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from scraper.deflate import DeflateError, gzip_deflater, gzip_inflater

Fields = tuple[tuple[str, str], ...]

MAX_RECORD = 1 << 30
"""Longest record that is read, in bytes: what inflates to more is damage."""
_READ_BYTES = 1 << 16
_GZIP = b"\x1f\x8b\x08"
_VERSION = re.compile(rb"WARC/1\.[01]\r\n")
_UNFIT = re.compile(r"[^!-~]|[<>]")
_FIELD = re.compile(r"([!-9;-~]+):[ \t]*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class WarcRecord:
    """A record. kind: its WARC-Type.  fields: the named fields but for WARC-Type and Content-Length, in order."""

    kind: str
    fields: Fields
    block: bytes = b""

    def field(self, name: str) -> str | None:
        """The first value of a field, by its name in any letter case."""
        return next((value for known, value in self.fields if known.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Member:
    """A record where it lies. length: of its gzip member, in bytes."""

    offset: int
    length: int
    record: WarcRecord


@dataclass(frozen=True, slots=True)
class DamagedStretch:
    """Bytes that are no record. torn: nothing whole comes after them: a write that was broken off."""

    offset: int
    length: int
    cause: str
    torn: bool


def digest_of(content: bytes) -> str:
    """`sha1:` and the SHA-1 in base 32."""
    return "sha1:" + base64.b32encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode("ascii")


def new_id() -> str:
    """A record's name that no other has."""
    return f"<urn:uuid:{uuid.uuid4()}>"


def as_uri(text: str) -> str:
    """An address as a field may hold it: printable ASCII without blanks and angle brackets."""
    return _UNFIT.sub(lambda found: quote(found[0], safe="", errors="backslashreplace"), text)


def encoded(record: WarcRecord) -> bytes:
    """The record as a gzip member."""
    named = [("WARC-Type", record.kind), *record.fields, ("Content-Length", str(len(record.block)))]
    head = "WARC/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named) + "\r\n"
    packer = gzip_deflater()
    pieces = (head.encode("utf-8", "backslashreplace"), record.block, b"\r\n\r\n")
    return b"".join([*map(packer.compress, pieces), packer.flush()])


def decoded(raw: bytes) -> WarcRecord:
    """The record of an inflated member. Raises ValueError where it is none, whole and alone."""
    start = _VERSION.match(raw)
    end = raw.find(b"\r\n\r\n")
    if start is None or end < 0:
        raise ValueError("no WARC record")
    fields: list[tuple[str, str]] = []
    kind, length = "", -1
    for line in raw[start.end() : end].decode("utf-8", "backslashreplace").split("\r\n"):
        if (found := _FIELD.fullmatch(line)) is None:
            raise ValueError("a field of the WARC record is no field")
        name, value = found[1], found[2].strip()
        if name.lower() == "warc-type":
            kind = value
        elif name.lower() == "content-length":
            length = int(value) if re.fullmatch("[0-9]{1,15}", value) else -1
        else:
            fields.append((name, value))
    block, rest = raw[end + 4 : end + 4 + max(length, 0)], raw[end + 4 + max(length, 0) :]
    if not kind or len(block) != length or rest != b"\r\n\r\n":
        raise ValueError("the length of the WARC record is wrong")
    return WarcRecord(kind, tuple(fields), block)


def read_member(descriptor: int, offset: int) -> Member:
    """The record whose gzip member begins at that byte of a file. Raises ValueError, EOFError where it breaks off."""
    inflater = gzip_inflater()
    pieces: list[bytes] = []
    at, size = offset, 0
    while not inflater.eof:
        data = inflater.unconsumed_tail
        if not data:
            data = os.pread(descriptor, _READ_BYTES, at)
            at += len(data)
            if not data:
                raise EOFError("it breaks off" if at > offset else "nothing is there")
        try:
            pieces.append(inflater.decompress(data, MAX_RECORD))
        except DeflateError as error:
            raise ValueError(f"no gzip member: {error}") from None
        size += len(pieces[-1])
        if size > MAX_RECORD:
            raise ValueError(f"it inflates to more than {MAX_RECORD:,} bytes")
    return Member(offset, at - len(inflater.unused_data) - offset, decoded(b"".join(pieces)))


def members(descriptor: int, start: int = 0) -> Iterator[Member | DamagedStretch]:
    """All records of a file from that byte on. After a damaged one the search goes on behind it."""
    at, size = start, os.fstat(descriptor).st_size
    while at < size:
        try:
            member = read_member(descriptor, at)
        except (ValueError, EOFError) as error:
            end = next(_beginnings(descriptor, at + 1), None)
            stop = size if end is None else end
            yield DamagedStretch(at, stop - at, str(error), end is None)
            at = stop
            continue
        yield member
        at += member.length


def checked(record: WarcRecord, payload: bytes | None) -> str:
    """What is wrong with a record's digests, or "". payload: where the record has one of its own."""
    for name, content in (("WARC-Block-Digest", record.block), ("WARC-Payload-Digest", payload)):
        told = record.field(name)
        if told is not None and content is not None and told != digest_of(content):
            return f"{name} does not fit the bytes"
    return ""


def lines_of(pairs: Iterable[tuple[str, str]]) -> bytes:
    """A block of type application/warc-fields."""
    return "".join(f"{name}: {value}\r\n" for name, value in pairs).encode("utf-8", "backslashreplace")


def pairs_of(block: bytes) -> dict[str, str]:
    """The first value of each name of such a block."""
    found: dict[str, str] = {}
    for line in block.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def _beginnings(descriptor: int, start: int) -> Iterator[int]:
    """Bytes from `start` on where a whole record begins."""
    at = start
    while block := os.pread(descriptor, _READ_BYTES + len(_GZIP) - 1, at):
        place = -1
        while (place := block.find(_GZIP, place + 1)) >= 0:
            try:
                read_member(descriptor, at + place)
            except (ValueError, EOFError):
                continue
            yield at + place
        at += _READ_BYTES
