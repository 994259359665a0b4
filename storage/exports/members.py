"""The members of an archive's WARC files as they lie in `captures/`, for copying them byte by byte.

A member is one gzip stream with one WARC record (WARC 1.1, Annex D.2). It is found by its offset, inflated once to see
that it is whole, and then copied as it is: what was received is handed over, not written anew.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scraper.deflate import DeflateError, gzip_inflater

FOLDER = "captures"
CAPTURES = frozenset(["response", "revisit", "resource"])
"""Kinds of record that hold what an address gave, and that an index lists."""

OFFSETS = range(1 << 62)
"""Those that a file may have."""

_NAME = re.compile(rf"{FOLDER}/[A-Za-z0-9][A-Za-z0-9._-]*\.(?:warc\.gz|cdxj)")
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BLOCK, _PIECE, _HEAD = 1 << 16, 1 << 20, 1 << 18
_OPEN_FILES = 8
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})\b")
_VERSION = re.compile(rb"WARC/1\.[01]")


@dataclass(frozen=True, slots=True)
class Member:
    """One member. file: relative to the archive's folder.  length: of the gzip stream.  headers: names in lower case.

    mime, status: of the answer within, where there is one ("" and "" else).
    """

    file: str
    offset: int
    length: int
    headers: dict[str, str]
    mime: str = ""
    status: str = ""

    @property
    def kind(self) -> str:
        return self.headers.get("warc-type", "")

    @property
    def url(self) -> str:
        return self.headers.get("warc-target-uri", "").strip("<>")

    @property
    def date(self) -> str:
        return self.headers.get("warc-date", "")

    @property
    def digest(self) -> str:
        """Of the payload, without the name of its algorithm, as SHA-1 in base 32 is the custom; "" where unsaid."""
        return bare(self.headers.get("warc-payload-digest", ""))

    @property
    def timestamp(self) -> str:
        """The date in 14 digits."""
        return timestamp(self.date)

    def belongs_to(self, other: Member) -> bool:
        """Whether this is the request or the metadata of that capture."""
        mine = {self.headers.get("warc-concurrent-to"), self.headers.get("warc-refers-to")} - {None}
        return self.kind not in CAPTURES and other.headers.get("warc-record-id") in mine


def timestamp(date: str) -> str:
    """A WARC date in 14 digits."""
    return re.sub("[^0-9]", "", date)[:14]


def bare(digest: str) -> str:
    """A digest without `sha1:` before it."""
    return digest.removeprefix("sha1:")


class Members:
    """The WARC files of the archive in `folder`. Links are not followed, and no name leads out of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, int] = {}
        self._last: tuple[str, int, Member | None] = "", 0, None

    def close(self) -> None:
        """Give back the files."""
        while self._open:
            os.close(self._open.popitem()[1])

    def files(self, suffix: str) -> list[str]:
        """Sorted names with that suffix, relative to the archive's folder."""
        try:
            descriptor = os.open(self._folder / FOLDER, _FOLDER_FLAGS)
        except OSError:
            return []
        try:
            names = os.listdir(descriptor)  # noqa: PTH208 - of a folder that is open
            return sorted(f"{FOLDER}/{name}" for name in names if name.endswith(suffix))
        finally:
            os.close(descriptor)

    def at(self, file: str, offset: int) -> Member | None:
        """The member that begins there; None where there is none that is whole."""
        if self._last[:2] != (file, offset):
            self._last = file, offset, self._looked_at(file, offset)
        return self._last[2]

    def _looked_at(self, file: str, offset: int) -> Member | None:
        descriptor = self._descriptor(file)
        if descriptor is None or offset not in OFFSETS:
            return None
        try:
            length, size, head = _inflated(descriptor, offset)
        except (OSError, DeflateError, EOFError):
            return None
        return _member(file, offset, length, size, head)

    def group(self, first: Member) -> Iterator[Member]:
        """A capture's member and those behind it that belong to it: request, metadata."""
        yield first
        for member in self.walk(first.file, first.offset + first.length):
            if not member.belongs_to(first):
                return
            yield member

    def walk(self, file: str, offset: int = 0) -> Iterator[Member]:
        """Members from that offset on, up to the end or the first that is not whole."""
        while member := self.at(file, offset):
            yield member
            offset += member.length

    def size(self, file: str) -> int:
        """The file's size; 0 where it cannot be read."""
        descriptor = self._descriptor(file)
        return 0 if descriptor is None else os.fstat(descriptor).st_size

    def lines(self, file: str) -> Iterator[str]:
        """The lines of a text file, but for those that are longer than any of use."""
        descriptor = self._descriptor(file)
        if descriptor is None:
            return
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            stream.seek(0)
            while text := stream.readline(_PIECE):
                yield text.decode("utf-8", "replace")

    def copied(self, member: Member) -> Iterator[bytes]:
        """The member's bytes. Raises OSError where the file was cut meanwhile."""
        descriptor, at, end = self._descriptor(member.file), member.offset, member.offset + member.length
        while at < end:
            block = b"" if descriptor is None else os.pread(descriptor, min(_PIECE, end - at), at)
            if not block:
                raise OSError(f"{member.file} was cut while it was read")
            yield block
            at += len(block)

    def _descriptor(self, file: str) -> int | None:
        if file not in self._open:
            if not _NAME.fullmatch(file):
                return None
            try:
                folder = os.open(self._folder / FOLDER, _FOLDER_FLAGS)
                try:
                    descriptor = os.open(file.partition("/")[2], _READ_FLAGS, dir_fd=folder)
                finally:
                    os.close(folder)
            except OSError:
                return None
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                return None
            if len(self._open) >= _OPEN_FILES:
                os.close(self._open.pop(next(iter(self._open))))
            self._open[file] = descriptor
        return self._open[file]


def _inflated(descriptor: int, offset: int) -> tuple[int, int, bytes]:
    """Length of the gzip stream there, size of what is in it, and its beginning. Raises DeflateError, EOFError."""
    unpacker, at, size, head = gzip_inflater(), offset, 0, b""
    while not unpacker.eof:
        block = unpacker.unconsumed_tail
        if not block:
            block = os.pread(descriptor, _BLOCK, at)
            at += len(block)
            if not block:
                raise EOFError
        piece = unpacker.decompress(block, _PIECE)
        size += len(piece)
        head += piece[: _HEAD - len(head)]
    return at - len(unpacker.unused_data) - offset, size, head


def _member(file: str, offset: int, length: int, size: int, head: bytes) -> Member | None:
    """The member of what its beginning says; None for what is no WARC record, or one of another length than it says."""
    top, split, block = head.partition(b"\r\n\r\n")
    version, _, lines = top.partition(b"\r\n")
    headers = _headers(lines)
    stated = headers.get("content-length", "")
    if not split or not _VERSION.fullmatch(version) or not stated.isdecimal():
        return None
    if len(top) + len(split) + int(stated) + 4 != size:
        return None
    if headers.get("warc-type") == "resource" or not (answer := _STATUS.match(block)):
        return Member(file, offset, length, headers, _media_type(headers))
    http = _headers(block.partition(b"\r\n\r\n")[0].partition(b"\r\n")[2])
    return Member(file, offset, length, headers, _media_type(http), answer[1].decode())


def _headers(lines: bytes) -> dict[str, str]:
    """The first value of each name, in lower case; lines that begin with white space continue the one before."""
    text = re.sub("\r\n[ \t]+", " ", lines.decode("utf-8", "replace"))
    found: dict[str, str] = {}
    for line in text.split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def _media_type(headers: dict[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
