"""Captures as they came, in WARC files in the folder `captures` of an archive, each with a CDXJ index beside it.

    captures/luutru-<time>-<pid>-<n>.warc.gz    WARC 1.1, only ever appended to; ROTATE_BYTES at most, or one capture
    captures/….cdxj                             its index, sorted: for replay tools, and to know what is kept already
    captures/….cdxj.part                        lines to be sorted in, while a process writes or after it was killed

A process that writes holds the `flock` of one file, so several may write at once; one that is not full is gone on with.
`append` and then `sync` come before the record that names the place: a kill between the two leaves a capture too many,
never a record without one. What a killed run left half written is cut off by the next writer; no record names it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from heapq import merge
from pathlib import Path

from scraper.errors import ArchiveError, Corrupt
from scraper.models import Capture, WarcPlace
from storage import cdxj
from storage.capture_files import (
    FOLDER,
    NAME,
    READ_FLAGS,
    index_of,
    part_of,
    translated_but_absent,
    warc_files,
    whole_lines,
)
from storage.capture_groups import groups_of, is_capture, is_last
from storage.capture_records import (
    Original,
    address_of,
    capture_of,
    content_digest_of,
    fault_of,
    is_http,
    original_place,
    records_of,
    split_http,
)
from storage.capture_writer import CaptureWriter
from storage.faults import translated
from storage.warc_format import DamagedStretch, Member, digest_of, encoded, read_member

ROTATE_BYTES = 1_000_000_000
_RECENT = 20_000
_DAMAGE = "a kept capture is damaged or missing"


class CaptureStore:
    """The captures of the archive in `archive_folder`. Raises ArchiveError, NoSpace where the disk is full, Corrupt.

    For one thread. clock: time of captures that have none, and of file names.
    """

    def __init__(
        self,
        archive_folder: Path,
        *,
        writable: bool = True,
        rotate: int = ROTATE_BYTES,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.notices: list[str] = []
        """What was mended on the way."""
        self._folder = archive_folder / FOLDER
        self._writable, self._clock = writable, clock
        self._writer = CaptureWriter(self._folder, rotate, clock, self.notices)
        self._recent: dict[str, list[bytes]] = {}
        self._reading: tuple[str, int] | None = None

    def put(self, captures: Sequence[Capture]) -> list[WarcPlace]:
        """Keep captures, durably: their places in order."""
        places = [self.append(capture) for capture in captures]
        self.sync()
        return places

    def keep(self, capture: Capture) -> Capture:
        """The capture with its place in it, which `sync` makes durable."""
        return replace(capture, info=replace(capture.info, warc=self.append(capture)))

    def append(self, capture: Capture) -> WarcPlace:
        """Write a capture; after `sync` it is durable. One that has its place already stays there."""
        if capture.info.warc is not None:
            return capture.info.warc
        if not self._writable:
            raise ArchiveError(str(self._folder), "opened for reading only")
        with translated(self._folder):
            known = self._originals(capture)
            original = next(known, None) if is_http(capture) else None
            for same in known if not is_http(capture) else ():
                if self._is_there(capture, same.place):
                    return same.place
            groups = list(records_of(capture, self._clock(), original))
            packed = [[(record, encoded(record)) for record in group] for group in groups]
            place, lines = self._writer.write(packed)
        for line in lines:
            self._remember(line)
        return place

    def sync(self) -> None:
        """Make durable what was appended."""
        self._writer.sync()

    def read(self, place: WarcPlace) -> Capture:
        """The capture at a place, with the place in it. Raises Corrupt where it is not there, whole.

        One that differed from an earlier capture in noise alone comes back with the bytes of that one.
        """
        group = self._group(place)
        origin = original_place(group[0].record)
        payload = None
        try:
            if origin is not None:
                payload = split_http(self._member(origin).record)[1]
                told = group[0].record.field("WARC-Payload-Digest")
                if told is not None and told != digest_of(payload):
                    raise ValueError("the bytes that it refers to are others now")
            capture = capture_of([member.record for member in group], payload)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _corrupt(place, str(error)) from error
        return replace(capture, info=replace(capture.info, warc=place))

    def walk(self) -> Iterator[tuple[WarcPlace, Capture]]:
        """All captures, file by file, in the order in which they were written; damaged ones are left out."""
        for path in self.files():
            with self._opened(path) as descriptor:
                for group in groups_of(descriptor):
                    if isinstance(group, DamagedStretch) or not is_capture(group):
                        continue
                    with contextlib.suppress(Corrupt):
                        place = WarcPlace(f"{FOLDER}/{path.name}", group[0].offset)
                        yield place, self.read(place)

    def index(self) -> Iterator[bytes]:
        """The lines of all indexes, sorted, each with its line break."""
        with contextlib.ExitStack() as stack:
            sources: list[Iterator[bytes]] = []
            for path in self.files():
                with contextlib.suppress(FileNotFoundError), translated_but_absent(path):
                    sources.append(iter(stack.enter_context(index_of(path).open("rb"))))
                sources.append(iter(sorted(whole_lines(part_of(path)))))
            before = b""
            for line in merge(*sources):
                if line != before:
                    yield line
                before = line

    def files(self) -> list[Path]:
        """The WARC files, oldest first."""
        return warc_files(self._folder)

    def close(self) -> None:
        """Make durable and sort in what was appended, let others go on with the file; more than once is fine."""
        if self._reading is not None:
            os.close(self._reading[1])
            self._reading = None
        self._writer.close()

    def _remember(self, line: bytes) -> None:
        key = line.split(b" ", 1)[0].decode("ascii")
        if len(self._recent) >= _RECENT and key not in self._recent:
            del self._recent[next(iter(self._recent))]
        self._recent.setdefault(key, []).append(line)

    def _originals(self, capture: Capture) -> Iterator[Original]:
        """Kept captures of the address with the same payload, then with the same but for noise; the latest first."""
        url, payload, content = address_of(capture), digest_of(capture.content), content_digest_of(capture)
        if not capture.content:
            return
        key = cdxj.key_of(url)
        known = list(self._recent.get(key, ()))
        for path in self.files():
            known += cdxj.SortedLines(index_of(path)).with_prefix(f"{key} ".encode("ascii"))
        fit: list[tuple[bool, str, WarcPlace]] = []
        for line in known:
            with contextlib.suppress(ValueError, KeyError, TypeError):  # a line of a damaged index
                one = cdxj.facts_of(line)
                is_same = one["digest"] == payload[5:]
                if one["url"] == url and one["mime"] != "warc/revisit" and (is_same or one.get("content") == content):
                    place = WarcPlace(f"{FOLDER}/{one['filename']}", int(one["offset"]))
                    fit.append((is_same, one["timestamp"], place))
        for is_same, _, place in sorted(fit, key=lambda one: one[:2], reverse=True):
            with contextlib.suppress(Corrupt):
                found = self._as_original(place, url, capture) if is_same or content is not None else None
                if found is not None:
                    yield found

    def _as_original(self, place: WarcPlace, url: str, capture: Capture) -> Original | None:
        """The record at a place, if it is fit to be referred to: whole, of the same kind, and of the same status."""
        record = self._member(place).record
        if record.kind != ("response" if is_http(capture) else "resource"):
            return None
        head, payload = split_http(record)
        if record.kind == "response" and head.split(b" ", 2)[1] != str(capture.info.status).encode("ascii"):
            return None
        return Original(place, url, record.field("WARC-Date") or "", digest_of(payload))

    def _is_there(self, capture: Capture, place: WarcPlace) -> bool:
        """Whether that very capture is kept at the place: a saved page that was read again."""
        with contextlib.suppress(Corrupt):
            kept = self.read(place)
            return replace(kept, info=replace(kept.info, warc=None)) == capture
        return False

    def _group(self, place: WarcPlace) -> list[Member]:
        group = [self._member(place)]
        while not is_last(group):
            last = group[-1]
            group.append(self._member(WarcPlace(place.file, last.offset + last.length)))
        return group

    def _member(self, place: WarcPlace) -> Member:
        """The record at a place, its digests right."""
        folder, _, name = place.file.partition("/")
        if folder != FOLDER or not NAME.fullmatch(name) or place.offset < 0:
            raise _corrupt(place, "no such place is ever made")
        try:
            member = read_member(self._descriptor(name), place.offset)
        except FileNotFoundError as error:
            raise _corrupt(place, "the file is missing") from error
        except (ValueError, EOFError, OverflowError) as error:
            raise _corrupt(place, str(error)) from error
        except OSError as error:
            raise _corrupt(place, error.strerror or str(error)) from error
        if cause := fault_of(member.record):
            raise _corrupt(place, cause)
        return member

    def _descriptor(self, name: str) -> int:
        """The file, open for reading; the last one stays open."""
        if self._reading is None or self._reading[0] != name:
            descriptor = os.open(self._folder / name, READ_FLAGS)
            if self._reading is not None:
                os.close(self._reading[1])
            self._reading = name, descriptor
        return self._reading[1]

    @contextlib.contextmanager
    def _opened(self, path: Path) -> Iterator[int]:
        with translated(path):
            descriptor = os.open(path, READ_FLAGS)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _corrupt(place: WarcPlace, cause: str) -> Corrupt:
    return Corrupt(f"{place.file} byte {place.offset}", cause, hint="luutru verify names the faults", what=_DAMAGE)
