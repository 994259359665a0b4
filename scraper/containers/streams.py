"""Bytes of a container, read forward in pieces: plain, or inflated from one gzip member. Memory does not grow with it.

A gzip member's end is found only by inflating it: a search for the next header would take a page that holds one, byte
by byte, for a member of the crawl. Such a search is for what is left behind damage.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

from scraper.deflate import DeflateError, gzip_inflater

_BLOCK = 1 << 20
_FIRST = 2_048  # compressed bytes given to the inflater at first: tiny members end within
_PIECE = 1 << 16
_GROWN = 1 << 18  # inflated bytes at once
MOST_INFLATED = 256 << 20
MOST_RATIO = 200
"""A member that inflates to more than both is a bomb. Deflate gives 1,032 at most; pages give 3 to 20."""
GZIP = b"\x1f\x8b\x08"
_HEADER = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")  # RFC 1952, 2.3.1: the upper three flags are reserved
_VERSION = re.compile(rb"WARC/[01]\.\d+\r?\n(?=(?:WARC|Content)-[A-Za-z-]{1,40}[ \t]*:)", re.IGNORECASE)
_OVERLAP = 96


class Damage(Exception):
    """What cannot be read. bomb: it inflates beyond all measure."""

    def __init__(self, cause: str, *, bomb: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.bomb = bomb


class Window:
    """A file as pieces at any place."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._base = 0
        self._block = b""

    @property
    def size(self) -> int:
        """Bytes of the file, now."""
        return os.fstat(self._fd).st_size

    def piece(self, offset: int, size: int) -> bytes:
        """At least one byte and at most `size` from there on; empty at the file's end. Raises OSError."""
        at = offset - self._base
        if not 0 <= at < len(self._block):
            self._base, self._block, at = offset, os.pread(self._fd, _BLOCK, offset), 0
        return self._block[at : at + size]

    def glance(self, offset: int, size: int) -> bytes:
        """The same bytes, without giving up the block at hand."""
        at = offset - self._base
        if at >= 0 and at + size <= len(self._block):
            return self._block[at : at + size]
        return os.pread(self._fd, size, offset)

    def starts_with(self, offset: int, text: bytes) -> bool:
        """Whether these bytes stand there."""
        found = self.piece(offset, len(text))
        return found + self.piece(offset + len(found), len(text) - len(found)) == text if found else False


class Inflated:
    """The inflated bytes of the gzip member at `offset`."""

    def __init__(self, window: Window, offset: int) -> None:
        self._window, self._offset = window, offset
        self._inflater = gzip_inflater()
        self._next, self._size = offset, _FIRST
        self._tail = b""
        self.total = 0

    @property
    def reached(self) -> int:
        """Up to where the file was read; once `more` gave nothing, the member's end."""
        return self._next - len(self._inflater.unused_data or self._tail)

    def more(self) -> bytes:
        """The next bytes; none at the member's end, its checksum and length being right. Raises Damage."""
        inflater = self._inflater
        while not inflater.eof:
            data = self._tail
            if not data:
                data = self._window.piece(self._next, self._size)
                self._next += len(data)
                self._size = min(4 * self._size, _PIECE)
            try:
                out = inflater.decompress(data, _GROWN)
            except DeflateError as error:
                raise Damage(f"its gzip data are damaged ({str(error).rpartition(': ')[2]})") from error
            self._tail = inflater.unconsumed_tail
            if out:
                self.total += len(out)
                if self.total > MOST_INFLATED and self.total > MOST_RATIO * (self.reached - self._offset):
                    raise Damage(f"a gzip bomb: it inflates to more than {self.total:,} bytes", bomb=True)
                return out
            if not data and not inflater.eof:
                raise Damage("the file ends in the middle of it")
        return b""


class Plain:
    """The bytes of a file from `offset` on."""

    def __init__(self, window: Window, offset: int) -> None:
        self._window, self.reached = window, offset

    def more(self) -> bytes:
        """The next bytes; none at the end."""
        out = self._window.piece(self.reached, _PIECE)
        self.reached += len(out)
        return out

    def jump(self, size: int) -> int:
        """Pass over bytes without reading them; how many there were."""
        size = max(0, min(size, self._window.size - self.reached))
        self.reached += size
        return size


class Reader:
    """Reads bytes that come in pieces. place: how many were read or passed over, counted from `place` at first."""

    def __init__(self, more: Callable[[], bytes], place: int = 0, jump: Callable[[int], int] | None = None) -> None:
        self._more, self._jump = more, jump
        self._held, self._at = b"", 0
        self.place = place

    def peek(self, size: int) -> bytes:
        """The next bytes, fewer only at the end; they stay to be read."""
        while len(self._held) - self._at < size:
            out = self._more()
            if not out:
                break
            self._held, self._at = self._held[self._at :] + out, 0
        return self._held[self._at : self._at + size]

    def until(self, end: re.Pattern[bytes], limit: int) -> bytes | None:
        """What stands before a match of `end`, both read; None, with nothing read, where there is none in `limit`."""
        size = _FIRST
        while True:
            held = len(self.peek(size))
            if found := end.search(self._held, self._at, self._at + min(len(self._held) - self._at, limit)):
                text = self._held[self._at : found.start()]
                self.place += found.end() - self._at
                self._at = found.end()
                return text
            if held < size or size >= limit:
                return None
            size = min(4 * size, limit)

    def take(self, size: int) -> bytes:
        """The next bytes, read; fewer only at the end."""
        pieces = [self._held[self._at : self._at + size]]
        self._at += len(pieces[0])
        left = size - len(pieces[0])
        while left and (out := self._more()):
            self._held, self._at = out, min(left, len(out))
            pieces.append(out[: self._at] if self._at < len(out) else out)
            left -= self._at
        self.place += size - left
        return b"".join(pieces) if len(pieces) > 1 else pieces[0]

    def skip(self, size: int) -> int:
        """Pass over bytes; how many there were."""
        left = size - min(size, len(self._held) - self._at)
        self._at += size - left
        if left and self._jump is not None:
            self._held, self._at = b"", 0
            left -= self._jump(left)
        while left and (out := self._more()):
            self._held, self._at = out, min(left, len(out))
            left -= self._at
        self.place += size - left
        return size - left

    def skip_to_record(self) -> bool:
        """Pass over what stands before the next version line of a record; whether there is one."""
        while True:
            self.peek(_PIECE)
            if found := _VERSION.search(self._held, self._at):
                self.skip(found.start() - self._at)
                return True
            size = len(self._held) - self._at
            if size < _PIECE:
                self.skip(size)
                return False
            self.skip(size - _OVERLAP)


def find_member(window: Window, offset: int) -> int | None:
    """Where, from `offset` on, the next gzip member begins that holds a WARC record."""
    return next((at for at in _matches(window, offset, _HEADER) if is_warc_member(window, at)), None)


def find_record(window: Window, offset: int) -> int | None:
    """Where, from `offset` on, the next version line of a record stands in a plain file."""
    return next(_matches(window, offset, _VERSION), None)


def is_warc_member(window: Window, offset: int) -> bool:
    """Whether the gzip member there begins with the version line of a record."""
    return inflated_start(window.piece(offset, _FIRST)).lstrip(b"\r\n").startswith((b"WARC/1.", b"WARC/0."))


def inflated_start(data: bytes, size: int = 64) -> bytes:
    """The first bytes of gzip data; empty where they are none."""
    try:
        return gzip_inflater().decompress(data, size)
    except DeflateError:
        return b""


def _matches(window: Window, offset: int, pattern: re.Pattern[bytes]) -> Iterator[int]:
    first = offset
    while True:
        block = window.piece(offset, _BLOCK)
        if len(block) <= _OVERLAP:
            block += window.piece(offset + len(block), _BLOCK)
        for found in pattern.finditer(block):
            if offset + found.start() >= first:
                first = offset + found.start() + 1
                yield first - 1
        if len(block) <= _OVERLAP:
            return
        offset += len(block) - _OVERLAP
