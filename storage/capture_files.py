"""The files of the folder `captures`: WARC files, and beside each its index, sorted and not yet sorted in."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from scraper.errors import ArchiveError
from storage import cdxj
from storage.capture_records import index_facts
from storage.faults import translated
from storage.files import half_written, synced, write_at, write_new
from storage.warc_format import Member

FOLDER = "captures"
NAME = re.compile(r"luutru-[0-9]{14}-[0-9]+-[0-9]+\.warc\.gz")
READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def warc_files(folder: Path) -> list[Path]:
    """The WARC files, oldest first. Raises ArchiveError where the folder is a link."""
    with translated(folder):
        if folder.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        try:
            return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))
        except FileNotFoundError:
            return []


def index_line(name: str, member: Member) -> bytes | None:
    """The CDXJ line of a record in the file of that name; None for one that cannot be replayed."""
    facts = index_facts(member.record)
    if facts is None:
        return None
    place = {"length": str(member.length), "offset": str(member.offset), "filename": name}
    return cdxj.line_of(
        member.record.field("WARC-Target-URI") or "", member.record.field("WARC-Date") or "", facts | place
    )


@contextlib.contextmanager
def translated_but_absent(path: Path) -> Iterator[None]:
    """As `translated`, but FileNotFoundError stays what it is."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ArchiveError(str(path), error.strerror or str(error)) from error


def rebuild_index(path: Path, lines: Sequence[bytes]) -> None:
    """Write the sorted index of a WARC file anew, in one go."""
    target = index_of(path)
    new = half_written(target)
    new.unlink(missing_ok=True)
    write_new(new, [b"".join(sorted(set(lines)))], mode=None)
    with synced(path.parent):
        new.replace(target)
        part_of(path).unlink(missing_ok=True)


def stored_lines(path: Path) -> tuple[list[bytes], list[bytes]]:
    """The lines of a WARC file's index: sorted, and not yet sorted in."""
    return whole_lines(index_of(path)), whole_lines(part_of(path))


def sort_in(path: Path) -> None:
    rebuild_index(path, [*whole_lines(index_of(path)), *whole_lines(part_of(path))])


def index_of(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".warc.gz") + ".cdxj")


def part_of(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".warc.gz") + ".cdxj.part")


def whole_lines(path: Path) -> list[bytes]:
    """The whole lines of a file; none where there is none."""
    try:
        descriptor = os.open(path, READ_FLAGS)
    except FileNotFoundError:
        return []
    with os.fdopen(descriptor, "rb") as stream:
        return [line for line in stream if line.endswith(b"\n")]


def add_lines(path: Path, lines: Sequence[bytes]) -> None:
    """Append lines behind the last whole one; where that fails, nothing of them stays."""
    if not lines:
        return
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666)
    try:
        end = os.fstat(descriptor).st_size
        if end and os.pread(descriptor, 1, end - 1) != b"\n":  # a kill or a full disk broke a line off
            end = sum(map(len, whole_lines(path)))
        try:
            os.ftruncate(descriptor, end)
            write_at(descriptor, b"".join(lines), end)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def last_known(path: Path) -> int:
    """Where the last record begins that the index knows; an index that does not fit its file knows nothing."""
    size, last = path.lstat().st_size, 0
    for line in chain(*stored_lines(path)):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            last = max(last, int(cdxj.facts_of(line)["offset"]))
    return last if last < size else 0
