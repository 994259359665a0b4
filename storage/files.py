"""Files as an archive treats them: never through a link, never half written, never only in the cache.

Faults are OSError, to be translated by `faults.translated`; ArchiveError where something that is no file stands there.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from scraper.errors import ArchiveError

_WRITE_BYTES = 1 << 20
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Marks = tuple[int, ...]
"""What tells one state of a file from the next: device, inode, size, time of change."""


def marks_of(file: Path) -> Marks | None:
    """The marks of what stands there, links not followed; None where nothing does."""
    try:
        found = file.lstat()
    except FileNotFoundError:
        return None
    return _marks(found)


def content(file: Path) -> tuple[bytes, Marks]:
    """Bytes and marks of a regular file; never follows a link, never waits for a pipe."""
    descriptor = os.open(file, _READ_FLAGS)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ArchiveError(str(file), "not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(), _marks(found)
    finally:
        os.close(descriptor)


def mode_of(file: Path) -> int | None:
    """Permission bits of a file; None where there is none."""
    try:
        return stat.S_IMODE(file.lstat().st_mode)
    except FileNotFoundError:
        return None


def write_new(file: Path, chunks: list[bytes], *, mode: int | None) -> None:
    """Write a file that is not there yet and make its bytes durable. mode: permission bits, or None for the umask's."""
    descriptor = os.open(file, _WRITE_FLAGS, 0o666)
    try:
        if mode is not None:
            os.fchmod(descriptor, mode)
        for piece in _blocks(chunks):
            left = memoryview(piece)
            while left:
                left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def synced(folder: Path) -> Iterator[None]:
    """Make durable what the block does to the names in a folder; opened first, so that little can fail afterwards."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _marks(found: os.stat_result) -> Marks:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _blocks(chunks: list[bytes]) -> Iterator[bytes]:
    block = bytearray()
    for piece in chunks:
        block += piece
        if len(block) >= _WRITE_BYTES:
            yield bytes(block)
            block.clear()
    yield bytes(block)
