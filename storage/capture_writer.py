"""Writing captures: one open WARC file of this process, which nobody else writes to, and its index.

A file that is not full is gone on with; what a killed run left half written is cut off first.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from scraper.errors import ArchiveError
from scraper.models import WarcPlace
from storage.capture_files import FOLDER, add_lines, index_line, last_known, part_of, sort_in, stored_lines, warc_files
from storage.capture_groups import end_of, groups_of, is_whole
from storage.faults import translated
from storage.files import make_folder, refuse_full_disk, synced, write_at
from storage.warc_format import DamagedStretch, Member, WarcRecord, digest_of, encoded, lines_of, new_id

_WRITE_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
Packed = list[tuple[WarcRecord, bytes]]
"""Records that belong together, each with its gzip member."""


@dataclass(slots=True)
class _File:
    """An open file. size: its bytes so far.  lines: of the index, not written yet."""

    path: Path
    descriptor: int
    size: int
    dirty: bool = False
    described: bool = False
    lines: list[bytes] = field(default_factory=list)


class CaptureWriter:
    """Appends to a file of the folder. Raises OSError, ArchiveError. notices: told what was mended.

    rotate: bytes after which the next file is begun.  clock: for the names of files.
    """

    def __init__(self, folder: Path, rotate: int, clock: Callable[[], datetime], notices: list[str]) -> None:
        self._folder, self._rotate, self._clock, self._notices = folder, rotate, clock, notices
        self._writer: _File | None = None

    def write(self, groups: list[Packed]) -> tuple[WarcPlace, list[bytes]]:
        """Append groups of records in one go; the place of the last, and the index's lines. Durable after `sync`."""
        writer = self._with_room(sum(len(raw) for group in groups for _, raw in group))
        return self._append(writer, groups)

    def sync(self) -> None:
        """Make durable what was appended."""
        writer = self._writer
        if writer is None or not writer.dirty:
            return
        with translated(writer.path):
            os.fdatasync(writer.descriptor)
            writer.dirty = False
            add_lines(part_of(writer.path), writer.lines)
            writer.lines.clear()

    def close(self) -> None:
        """Make durable and sort in what was appended, let others go on with the file; more than once is fine."""
        try:
            self.sync()
            if self._writer is not None:
                with translated(self._writer.path):
                    sort_in(self._writer.path)
        finally:
            if self._writer is not None:
                os.close(self._writer.descriptor)
                self._writer = None

    def _append(self, writer: _File, packed: list[Packed]) -> tuple[WarcPlace, list[bytes]]:
        at, lines, pieces = writer.size, [], []
        for group in packed:
            place = WarcPlace(f"{FOLDER}/{writer.path.name}", at)
            for record, raw in group:
                if (line := index_line(writer.path.name, Member(at, len(raw), record))) is not None:
                    lines.append(line)
                pieces.append(raw)
                at += len(raw)
        data = b"".join(pieces)
        try:
            refuse_full_disk(writer.descriptor, len(data))
            write_at(writer.descriptor, data, writer.size)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(writer.descriptor, writer.size)
            raise
        writer.size, writer.dirty = at, True
        writer.lines += lines
        return place, lines

    def _with_room(self, size: int) -> _File:
        """The open file, or the next one where so many bytes more are too many."""
        if self._writer is not None and self._writer.size + size > self._rotate and self._writer.size:
            self.close()
        if self._writer is None:
            self._writer = self._next_file(size)
        if not self._writer.described:
            self._describe(self._writer)
        return self._writer

    def _next_file(self, size: int) -> _File:
        """One that nobody writes to and that has room, else a new one; what killed runs left is put in order."""
        make_folder(self._folder)
        chosen: _File | None = None
        for path in reversed(warc_files(self._folder)):
            has_room = path.lstat().st_size + size <= self._rotate
            if not (has_room and chosen is None) and not os.path.lexists(part_of(path)):
                continue
            if (writer := self._taken(path)) is None:
                continue
            if has_room and chosen is None:
                chosen = writer
            else:
                sort_in(path)
                os.close(writer.descriptor)
        number = 0
        while chosen is None:
            number += 1
            stamp = self._clock().astimezone(UTC).strftime("%Y%m%d%H%M%S").rjust(14, "0")
            path = self._folder / f"luutru-{stamp}-{os.getpid()}-{number}.warc.gz"
            with contextlib.suppress(FileExistsError):
                with synced(self._folder):
                    os.close(os.open(path, _WRITE_FLAGS | os.O_CREAT | os.O_EXCL, 0o666))
                chosen = self._taken(path)
        return chosen

    def _taken(self, path: Path) -> _File | None:
        """The file, held and put in order; None where another process has it, or where it is damaged."""
        descriptor = os.open(path, _WRITE_FLAGS)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ArchiveError(str(path), "not a regular file")
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            writer = _File(path, descriptor, os.fstat(descriptor).st_size)
            if not self._mend(writer):
                os.close(descriptor)
                return None
        except BaseException:
            with contextlib.suppress(OSError):
                os.close(descriptor)
            raise
        return writer

    def _mend(self, writer: _File) -> bool:
        """Index what a killed run had written, and cut off what it left half written.

        False, and nothing done, where the last capture that the index knows is not whole: no kill does that, and a
        record may name it.
        """
        start, lines, whole = last_known(writer.path), [], 0
        end = start
        for group in groups_of(writer.descriptor, start):
            if isinstance(group, DamagedStretch):
                continue
            lines += [line for one in group if (line := index_line(writer.path.name, one)) is not None]
            if is_whole(group):
                end, whole = end_of(group), len(lines)
            elif 0 < start == group[0].offset:
                return False
        if 0 < start == end:
            return False
        if end < writer.size:
            os.ftruncate(writer.descriptor, end)
            os.fsync(writer.descriptor)
            self._notices.append(
                f"{FOLDER}/{writer.path.name}: {writer.size - end} bytes of an unfinished capture were cut off"
            )
            writer.size = end
        known = set(chain(*stored_lines(writer.path)))
        add_lines(part_of(writer.path), [line for line in lines[:whole] if line not in known])
        return True

    def _describe(self, writer: _File) -> None:
        """A warcinfo record: who writes what follows."""
        from importlib import metadata

        try:
            version = metadata.version("luutru")
        except metadata.PackageNotFoundError:
            version = "dev"
        block = lines_of(
            [
                ("software", f"luutru/{version}"),
                ("format", "WARC File Format 1.1"),
                ("conformsTo", "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"),
                ("description", "payloads without transfer and content coding; luutru-capture tells what was received"),
            ]
        )
        date = self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
        fields = (
            ("WARC-Record-ID", new_id()),
            ("WARC-Date", date),
            ("WARC-Filename", writer.path.name),
            ("Content-Type", "application/warc-fields"),
            ("WARC-Block-Digest", digest_of(block)),
        )
        self._append(writer, [[(record := WarcRecord("warcinfo", fields, block), encoded(record))]])
        writer.described = True
