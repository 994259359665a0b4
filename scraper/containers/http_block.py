"""An HTTP answer as a WARC record holds it: status line, headers, and a body that may still be coded. Pure.

Writers differ: some keep transfer and content coding as sent, others undo them and leave the headers. What the body
shows decides; a header alone proves nothing.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from scraper.containers.streams import Damage

MOST_BODY = 50_000_000
"""Bytes of a body, decoded; as the fetcher's usual limit."""
_HEADERS = 100
_HEADER_CHARACTERS = 65_536
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?:[ \t\r]|$)")
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,1000})?\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110, 5.6.2
_MARKUP = re.compile(rb"\s*<[!?a-zA-Z]")
_GZIP = frozenset(["gzip", "x-gzip"])
_FOLD = re.compile(r"\r?\n[ \t]+")
_LONGEST_SIZE = 12  # a chunk's size and its line break
_SLICE = 16  # bytes of brotli data at once: they can hold tens of megabytes


class Answer(NamedTuple):
    """The head of an answer. headers: as received, at most 100 and 64 KB.  size: bytes up to the body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    size: int

    def header(self, name: str) -> str:
        """The first header of that name (lower case), "" where there is none."""
        return next((value for key, value in self.headers if key.lower() == name), "")


class Body(NamedTuple):
    """content: the body without coding.  plain: before its content coding was undone.  cut: why it is not whole."""

    content: bytes
    plain: bytes
    cut: str | None = None


def read_head(block: bytes) -> Answer:
    """The head at the beginning of a block. Raises Damage."""
    status = _STATUS.match(block)
    if status is None:
        raise Damage("it holds no HTTP answer")
    end = _HEAD_END.search(block)
    text = block[: end.start()] if end else block
    try:
        head = text.decode("utf-8")
    except UnicodeDecodeError:
        head = text.decode("latin-1")
    headers: list[tuple[str, str]] = []
    left = _HEADER_CHARACTERS
    for line in _FOLD.sub(" ", head).split("\n")[1:]:
        name, colon, value = line.partition(":")
        left -= len(line)
        if left < 0 or len(headers) == _HEADERS:
            break
        if colon and _NAME.fullmatch(name.strip()):
            headers.append((name.strip(), value.strip()))
    return Answer(int(status[1]), tuple(headers), end.end() if end else len(block))


def read_body(answer: Answer, body: bytes) -> Body:
    """The body behind a head, codings undone as far as it shows them. Raises Damage."""
    cut = None
    plain = body
    if "chunked" in answer.header("transfer-encoding").lower():
        plain, cut = _unchunked(body) or (body, None)
    elif (length := answer.header("content-length")).isdecimal() and len(body) < int(length[:18]):
        cut = "its body is shorter than its header says"
    content = plain
    codings = [coding.strip().lower() for coding in answer.header("content-encoding").split(",")]
    for coding in reversed([coding for coding in codings if coding not in ("", "identity", "none")][:3]):
        content, short = _decoded(content, coding)
        cut = cut or short
    return Body(content, plain, cut)


def _unchunked(body: bytes) -> tuple[bytes, str | None] | None:
    """The data of the chunks (RFC 9112, 7.1), and why they are not whole; None for a body without chunks."""
    pieces: list[bytes] = []
    at = 0
    while size := _CHUNK.match(body, at):
        length, start = int(size[1], 16), size.end()
        if not length:
            return b"".join(pieces), None
        piece = body[start : start + length]
        end = body[start + length : start + length + 2]
        if len(piece) == length and end and not (end.startswith(b"\n") or end == b"\r\n" or end == b"\r"):
            break
        pieces.append(piece)
        at = start + length + (1 if end.startswith(b"\n") else 2)
    if not pieces:
        return None
    if at >= len(body) or len(body) - at < _LONGEST_SIZE:
        return b"".join(pieces), "its last chunks are missing"
    raise Damage("its chunks are broken")


def _decoded(body: bytes, coding: str) -> tuple[bytes, str | None]:
    """The body without one coding, and why it is not whole. Raises Damage."""
    undo = _CODINGS.get(coding)
    if coding in _GZIP and not body.startswith(b"\x1f\x8b"):
        undo = None
        if body and not _MARKUP.match(body) and not body[:512].isascii():
            raise Damage(f"its content coding {coding} cannot be undone")
    elif undo is None and not _MARKUP.match(body):
        raise Damage(f"its content coding {coding[:40]!r} is unknown")
    if undo is None or not body:
        return body, None
    try:
        return undo(body)
    except _Undone as error:
        if _MARKUP.match(body):
            return body, None
        raise Damage(f"its content coding {coding} cannot be undone") from error


class _Undone(Exception):
    """It is not coded so."""


def _inflated(data: bytes, bits: int) -> tuple[bytes, str | None]:
    pieces: list[bytes] = []
    left = MOST_BODY + 1
    while data:
        inflater = zlib.decompressobj(bits)
        try:
            out = inflater.decompress(data, left)
        except zlib.error as error:
            if pieces:  # padding, or damage: what was read so far is what its checksum vouches for
                return b"".join(pieces), None if not data.strip(b"\0") else "its coded body is damaged"
            raise _Undone from error
        pieces.append(out)
        left -= len(out)
        _bound(left)
        if not inflater.eof:
            return b"".join(pieces), "its coded body ends early"
        data = inflater.unused_data if bits == 31 else b""
    return b"".join(pieces), None


def _gzipped(data: bytes) -> tuple[bytes, str | None]:
    return _inflated(data, 31)


def _deflated(data: bytes) -> tuple[bytes, str | None]:
    """zlib's format, as the standard says, or bare deflate data, as some servers send."""
    return _inflated(data, 15 if data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0 else -15)


def _brotli(data: bytes) -> tuple[bytes, str | None]:
    module = _brotli_module()
    if module is None and _MARKUP.match(data):
        raise _Undone
    if module is None:
        raise Damage("its content coding is br: install the Python package brotli to read it")
    decoder = module.Decompressor()
    pieces: list[bytes] = []
    left = MOST_BODY + 1
    for at in range(0, len(data), _SLICE):
        try:
            pieces.append(decoder.process(data[at : at + _SLICE]))
        except module.error as error:
            raise _Undone from error
        left -= len(pieces[-1])
        _bound(left)
    return b"".join(pieces), None if decoder.is_finished() else "its coded body ends early"


def _brotli_module() -> Any:
    import importlib

    for name in ("brotli", "brotlicffi"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        if hasattr(module.Decompressor, "is_finished"):  # an older package, brotlipy, has the same name and less in it
            return module
    return None


def _bound(left: int) -> None:
    if left <= 0:
        raise Damage(f"its body is longer than {MOST_BODY:,} bytes once decoded", bomb=True)


_CODINGS: dict[str, Callable[[bytes], tuple[bytes, str | None]]] = {
    "gzip": _gzipped,
    "x-gzip": _gzipped,
    "deflate": _deflated,
    "br": _brotli,
}
