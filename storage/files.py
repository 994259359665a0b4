"""Files as an archive treats them: never through a link, never half written, never only in the cache.

Faults are OSError, to be translated by `faults.translated`; ArchiveError where something that is no file stands there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from scraper.errors import ArchiveError

_WRITE_BYTES = 1 << 20
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ASIDE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

SPARE_BYTES = 1 << 14
"""What a write leaves free: for the folder's own growth and the index."""

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


def half_written(file: Path) -> Path:
    """Where the next state of a file is written before it takes the file's place."""
    return file.with_name(f".{file.name}.new")


def free_name(file: Path) -> Path:
    """That name, or where something has it already, the first free one with a number before its ending."""
    name, number = file, 1
    while os.path.lexists(name):
        number += 1
        name = file.with_name(f"{file.stem}-{number}{file.suffix}")
    return name


def mode_of(file: Path) -> int | None:
    """Permission bits of a file; None where there is none."""
    try:
        return stat.S_IMODE(file.lstat().st_mode)
    except FileNotFoundError:
        return None


def write_new(file: Path, chunks: Iterable[bytes], *, mode: int | None) -> None:
    """Write a file that is not there yet and make its bytes durable. mode: permission bits, or None for the umask's."""
    descriptor = os.open(file, _WRITE_FLAGS, 0o666)
    try:
        if mode is not None:
            os.fchmod(descriptor, mode)
        for piece in _blocks(chunks):
            write_all(descriptor, piece)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def keep_aside(file: Path, source: int, at: int, length: int) -> None:
    """Add that stretch of another file, and a line break, to a file for people to look at; durable."""
    descriptor = os.open(file, _ASIDE_FLAGS, 0o644)
    try:
        while length > 0 and (block := os.pread(source, min(length, _WRITE_BYTES), at)):
            write_all(descriptor, block)
            at, length = at + len(block), length - len(block)
        write_all(descriptor, b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all bytes, however few the system takes at a time."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def write_at(descriptor: int, content: bytes, at: int) -> None:
    """As `write_all`, from that byte of the file on."""
    left = memoryview(content)
    while left:
        done = os.pwrite(descriptor, left, at)
        left, at = left[done:], at + done


def refuse_full_disk(descriptor: int, size: int) -> None:
    """Raise OSError (ENOSPC) before a write of so many bytes for which the disk has no room, with some to spare."""
    disk = os.fstatvfs(descriptor)
    if disk.f_bavail * disk.f_frsize < size + SPARE_BYTES:
        raise OSError(errno.ENOSPC, f"{size} bytes wanted, {disk.f_bavail * disk.f_frsize} left")


@contextlib.contextmanager
def synced(folder: Path) -> Iterator[None]:
    """Make durable what the block does to the names in a folder; opened first, so that little can fail afterwards."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably, as far as they are missing."""
    if folder.is_dir():
        return
    missing = [one for one in (folder, *folder.parents) if not one.is_dir()]
    for one in reversed(missing):
        with synced(one.parent):
            one.mkdir(exist_ok=True)


def _marks(found: os.stat_result) -> Marks:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    block = bytearray()
    for piece in chunks:
        block += piece
        if len(block) >= _WRITE_BYTES:
            yield bytes(block)
            block.clear()
    yield bytes(block)
