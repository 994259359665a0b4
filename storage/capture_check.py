"""What `verify` says of kept captures: those that records name, those that are there, and their indexes."""

from __future__ import annotations

import fcntl
import os
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from scraper.models import WarcPlace
from storage import identity
from storage.capture_files import FOLDER, index_line, rebuild_index, stored_lines
from storage.capture_groups import groups_of, is_capture, is_whole
from storage.capture_records import about_of, fault_of, original_place
from storage.captures import CaptureStore
from storage.decide import Json
from storage.faults import translated
from storage.files import keep_aside
from storage.warc_format import DamagedStretch, Member

Found = tuple[str, str, str, str, bool, int | None, int | None, str | None]
"""File, code, message, repair, harmless, byte, length in bytes, id of the article."""
_RESTORE = "restore the file from a backup"
_MEND = "`luutru verify --repair` puts it in order"
_OFFSET_BITS = 40
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class CaptureCheck:
    """Records first (`told_by`), then the captures (`faults`).

    Memory: 24 bytes for each record that names a capture, 16 for each capture, and the index of one file.
    count: captures read.  unnamed: those that no record names: other sights of an article, its files, listings.
    """

    def __init__(self, folder: Path) -> None:
        self._store = CaptureStore(folder, writable=False)
        self._numbers = {path.name: number for number, path in enumerate(self._store.files())}
        self._named: list[array[int]] = [array("Q"), array("Q"), array("Q")]  # place, owner, digest
        self._there: list[array[int]] = [array("Q"), array("Q")]  # place, digest
        self.count = self.unnamed = 0

    def told_by(self, document: Json) -> Iterator[tuple[str, str, str]]:
        """Code, message and repair for a stored record whose capture cannot be where it says."""
        told = document.get("capture")
        place = told.get("warc") if isinstance(told, dict) else None
        if not isinstance(told, dict) or place is None:
            return
        file, offset = (place.get("file"), place.get("offset")) if isinstance(place, dict) else (None, None)
        if not isinstance(file, str) or not isinstance(offset, int) or not 0 <= offset < 1 << _OFFSET_BITS:
            yield "wrong_capture", "the place of its capture is none", "restore the record from a backup"
            return
        folder, _, name = file.partition("/")
        if folder != FOLDER or name not in self._numbers:
            yield "lost_capture", f"the file of its capture is missing: {file}", _RESTORE
            return
        within = identity.numbers_with(str(document.get("id")))
        for column, value in zip(
            self._named,
            (self._key(name, offset), within.start if len(within) == 1 else 0, _short(told.get("sha256"))),
            strict=True,
        ):
            column.append(value)

    def faults(self) -> Iterator[Found]:
        """What is wrong in the folder, and with what records say of it; every capture is read."""
        for path in self._store.files():
            yield from self._file(path)
        order = sorted(range(len(self._there[0])), key=self._there[0].__getitem__)
        places = array("Q", (self._there[0][at] for at in order))
        named: set[int] = set()
        names = {number: name for name, number in self._numbers.items()}
        told: set[tuple[int, int]] = set()  # superseded lines name captures, too
        for key, owner, digest in zip(*self._named, strict=True):
            if (key, owner) in told:
                continue
            at = bisect_left(places, key)
            where = f"{FOLDER}/{names[key >> _OFFSET_BITS]}", key & (1 << _OFFSET_BITS) - 1
            if at == len(places) or places[at] != key:
                told.add((key, owner))
                message = "a record names a capture here, and there is none that is whole"
                yield where[0], "lost_capture", message, _RESTORE, False, where[1], None, identity.id_of(owner)
            elif digest and digest != self._there[1][order[at]]:
                told.add((key, owner))
                message = "the capture that a record names here is of other bytes"
                yield where[0], "wrong_capture", message, _RESTORE, False, where[1], None, identity.id_of(owner)
            else:
                named.add(at)
        self.count, self.unnamed = len(places), len(places) - len(named)

    def _file(self, path: Path) -> Iterator[Found]:
        name, lines = f"{FOLDER}/{path.name}", []
        with translated(path):
            descriptor = os.open(path, _READ_FLAGS)
            try:
                in_hand = is_in_hand(descriptor)
                for group in groups_of(descriptor):
                    if not isinstance(group, DamagedStretch):
                        lines += [line for one in group if (line := index_line(path.name, one)) is not None]
                    yield from self._group(name, group, in_hand=in_hand)
            finally:
                os.close(descriptor)
        if not in_hand:
            yield from _index_faults(path, lines)

    def _group(self, name: str, group: list[Member] | DamagedStretch, *, in_hand: bool) -> Iterator[Found]:
        if isinstance(group, DamagedStretch):
            if group.torn and in_hand:
                return
            if group.torn:
                message = f"its last {group.length} bytes are no whole record: a run was killed"
                yield name, "torn_capture", message, _MEND, False, group.offset, group.length, None
            else:
                yield name, "damaged_capture", group.cause, _RESTORE, False, group.offset, group.length, None
            return
        causes = [cause for one in group if (cause := fault_of(one.record))]
        at, length = group[0].offset, sum(one.length for one in group)
        if not causes and (origin := original_place(group[0].record)) is not None:
            causes = self._origin_fault(origin, at, name)
        if causes:
            yield name, "damaged_capture", causes[0], _RESTORE, False, at, length, None
        elif not is_whole(group):
            if not in_hand:
                message = "records of a capture that is not whole"
                yield name, "unfinished_capture", message, "nothing needs to be done", True, at, length, None
        elif is_capture(group):
            about: dict[str, Any] = about_of([one.record for one in group])
            self._there[0].append(self._key(name.partition("/")[2], at))
            self._there[1].append(_short(about["info"].get("sha256")))

    def _origin_fault(self, origin: WarcPlace, at: int, name: str) -> list[str]:
        """What is wrong where a revisit points to: it must be a capture that is there."""
        from scraper.errors import ArchiveError

        try:
            self._store.read(WarcPlace(name, at))
        except ArchiveError as error:
            return [f"the capture that it refers to cannot be read: {origin.file} byte {origin.offset}: {error.cause}"]
        return []

    def _key(self, name: str, offset: int) -> int:
        return self._numbers.setdefault(name, len(self._numbers)) << _OFFSET_BITS | offset


def repair_captures(folder: Path) -> Iterator[str]:
    """Set aside what a killed run left half written, make indexes anew that do not fit; a line for each."""
    for path in CaptureStore(folder, writable=False).files():
        with translated(path):
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield from _repair(path, descriptor)
            finally:
                os.close(descriptor)


def _repair(path: Path, descriptor: int) -> Iterator[str]:
    name, lines = f"{FOLDER}/{path.name}", []
    for group in groups_of(descriptor):
        if not isinstance(group, DamagedStretch):
            lines += [line for one in group if (line := index_line(path.name, one)) is not None]
        elif group.torn:
            aside = path.with_name(path.name.removesuffix(".warc.gz") + ".damaged")
            keep_aside(aside, descriptor, group.offset, group.length)
            os.ftruncate(descriptor, group.offset)
            os.fsync(descriptor)
            yield f"{name}: its last {group.length} bytes are now in {aside.name}"
    if any(_index_faults(path, lines)):
        rebuild_index(path, lines)
        yield f"{name}: its index was made anew, {len(set(lines))} lines"


def is_in_hand(descriptor: int) -> bool:
    """Whether a process is writing to the file."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _index_faults(path: Path, lines: list[bytes]) -> Iterator[Found]:
    """Whether the index of a file that nobody writes to holds just these lines, sorted."""
    name = f"{FOLDER}/{path.name.removesuffix('.warc.gz')}.cdxj"
    kept, part = stored_lines(path)
    wanted = sorted(set(lines))
    if kept == wanted and not part:
        return
    if set(kept) | set(part) <= set(wanted) and kept == sorted(set(kept)):
        message = f"{len(wanted) - len(kept)} captures are not in the sorted index yet: a run was broken off"
        yield name, "unfinished_index", message, _MEND, True, *_NOWHERE
        return
    message = f"it does not fit its WARC file: {len(wanted)} captures, {len(kept) + len(part)} lines"
    yield name, "capture_index", message, _MEND, False, *_NOWHERE


_NOWHERE = (None, None, None)


def _short(sha256: Any) -> int:
    """The first eight bytes of a digest; 0 for none."""
    try:
        return int(str(sha256)[:16], 16)
    except ValueError:
        return 0
