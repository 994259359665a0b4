"""WARC files for tests, written by hand, so that anything in them can be wrong."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterable
from pathlib import Path

from scraper.containers import DamagedMember, Member, members


def digest(content: bytes) -> str:
    """As WARC writers state it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(content).digest()).decode()


def http(body: bytes, *headers: str, status: str = "200 OK", kind: str = "text/html; charset=utf-8") -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def record(
    block: bytes,
    url: str | None = "http://xa.example/tin?ItemID=1",
    *headers: str,
    kind: str = "response",
    content_type: str = "application/http;msgtype=response",
    length: int | None = None,
    date: str = "2019-03-01T02:03:04Z",
) -> bytes:
    """A record. headers: further named fields.  length: a false one."""
    lines = ["WARC/1.1", f"WARC-Type: {kind}", f"WARC-Date: {date}"]
    lines += [f"WARC-Target-URI: {url}"] if url else []
    size = len(block) if length is None else length
    lines += [
        f"Content-Type: {content_type}",
        f"WARC-Block-Digest: {digest(block)}",
        *headers,
        f"Content-Length: {size}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def page(number: int, body: bytes | None = None) -> bytes:
    """A record of a page with a number of its own."""
    body = b"<html><p>trang %d</p></html>" % number if body is None else body
    return record(http(body), f"http://xa.example/tin?ItemID={number}")


def packed(records: Iterable[bytes], shape: str) -> list[bytes]:
    """Records as they stand in a file: `gz` one member each, `plain`, or `one` member for all."""
    if shape == "one":
        return [gzip.compress(b"".join(records), mtime=0)]
    return [gzip.compress(one, mtime=0) for one in records] if shape == "gz" else list(records)


def written(path: Path, records: Iterable[bytes], shape: str = "gz") -> Path:
    """A file of these records."""
    path.write_bytes(b"".join(packed(records, shape)))
    return path


def read(path: Path) -> tuple[list[Member], list[DamagedMember]]:
    """All members, and those that are damaged."""
    found = list(members(path))
    return [one for one in found if isinstance(one, Member)], [one for one in found if isinstance(one, DamagedMember)]


def bodies(found: Iterable[Member]) -> list[bytes]:
    """The contents of captures."""
    return [one.capture.content for one in found if one.capture is not None]
