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
import errno
import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from heapq import merge
from itertools import chain
from pathlib import Path

from scraper.errors import ArchiveError, Corrupt
from scraper.models import Capture, WarcPlace
from storage import cdxj
from storage.capture_records import (
    Original,
    about_of,
    address_of,
    capture_of,
    content_digest_of,
    fault_of,
    index_facts,
    is_http,
    original_place,
    records_of,
    split_http,
)
from storage.faults import translated
from storage.files import half_written, make_folder, refuse_full_disk, synced, write_at, write_new
from storage.warc_format import DamagedStretch, Member, WarcRecord, digest_of, encoded, lines_of, new_id, read_member
from storage.warc_format import members as members_of

FOLDER = "captures"
ROTATE_BYTES = 1_000_000_000
_NAME = re.compile(r"luutru-[0-9]{14}-[0-9]+-[0-9]+\.warc\.gz")
_RECENT = 20_000
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DAMAGE = "a kept capture is damaged or missing"


@dataclass(slots=True)
class _Writer:
    """An open file. size: its bytes so far.  lines: of the index, not written yet."""

    path: Path
    descriptor: int
    size: int
    dirty: bool = False
    described: bool = False
    lines: list[bytes] = field(default_factory=list)


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
        self._writable, self._rotate, self._clock = writable, rotate, clock
        self._writer: _Writer | None = None
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
            writer = self._with_room(sum(len(raw) for group in packed for _, raw in group))
            return self._write(writer, packed)

    def sync(self) -> None:
        """Make durable what was appended."""
        writer = self._writer
        if writer is None or not writer.dirty:
            return
        with translated(writer.path):
            os.fdatasync(writer.descriptor)
            writer.dirty = False
            _add_lines(_part_of(writer.path), writer.lines)
            writer.lines.clear()

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
                    sources.append(iter(stack.enter_context(_index_of(path).open("rb"))))
                sources.append(iter(sorted(_lines(_part_of(path)))))
            before = b""
            for line in merge(*sources):
                if line != before:
                    yield line
                before = line

    def files(self) -> list[Path]:
        """The WARC files, oldest first."""
        with translated(self._folder):
            if self._folder.is_symlink():
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            try:
                return sorted(path for path in self._folder.iterdir() if _NAME.fullmatch(path.name))
            except FileNotFoundError:
                return []

    def close(self) -> None:
        """Make durable and sort in what was appended, let others go on with the file; more than once is fine."""
        if self._reading is not None:
            os.close(self._reading[1])
            self._reading = None
        try:
            self.sync()
            if self._writer is not None:
                with translated(self._writer.path):
                    _sort_in(self._writer.path)
        finally:
            if self._writer is not None:
                os.close(self._writer.descriptor)
                self._writer = None

    def _write(self, writer: _Writer, packed: list[list[tuple[WarcRecord, bytes]]]) -> WarcPlace:
        """Append groups of records in one go; the place of the last group."""
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
        for line in lines:
            self._remember(line)
        return place

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
            known += cdxj.SortedLines(_index_of(path)).with_prefix(f"{key} ".encode("ascii"))
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
        while not _is_last(group):
            last = group[-1]
            group.append(self._member(WarcPlace(place.file, last.offset + last.length)))
        return group

    def _member(self, place: WarcPlace) -> Member:
        """The record at a place, its digests right."""
        folder, _, name = place.file.partition("/")
        if folder != FOLDER or not _NAME.fullmatch(name) or place.offset < 0:
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
            descriptor = os.open(self._folder / name, _READ_FLAGS)
            if self._reading is not None:
                os.close(self._reading[1])
            self._reading = name, descriptor
        return self._reading[1]

    @contextlib.contextmanager
    def _opened(self, path: Path) -> Iterator[int]:
        with translated(path):
            descriptor = os.open(path, _READ_FLAGS)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _with_room(self, size: int) -> _Writer:
        """The open file, or the next one where so many bytes more are too many."""
        if self._writer is not None and self._writer.size + size > self._rotate and self._writer.size:
            self.close()
        if self._writer is None:
            self._writer = self._next_file(size)
        if not self._writer.described:
            self._describe(self._writer)
        return self._writer

    def _next_file(self, size: int) -> _Writer:
        """One that nobody writes to and that has room, else a new one; what killed runs left is put in order."""
        make_folder(self._folder)
        chosen: _Writer | None = None
        for path in reversed(self.files()):
            has_room = path.lstat().st_size + size <= self._rotate
            if not (has_room and chosen is None) and not os.path.lexists(_part_of(path)):
                continue
            if (writer := self._taken(path)) is None:
                continue
            if has_room and chosen is None:
                chosen = writer
            else:
                _sort_in(path)
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

    def _taken(self, path: Path) -> _Writer | None:
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
            writer = _Writer(path, descriptor, os.fstat(descriptor).st_size)
            if not self._mend(writer):
                os.close(descriptor)
                return None
        except BaseException:
            with contextlib.suppress(OSError):
                os.close(descriptor)
            raise
        return writer

    def _mend(self, writer: _Writer) -> bool:
        """Index what a killed run had written, and cut off what it left half written.

        False, and nothing done, where the last capture that the index knows is not whole: no kill does that, and a
        record may name it.
        """
        start, lines, whole = _last_known(writer.path), [], 0
        end = start
        for group in groups_of(writer.descriptor, start):
            if isinstance(group, DamagedStretch):
                continue
            lines += [line for one in group if (line := index_line(writer.path.name, one)) is not None]
            if is_whole(group):
                end, whole = _end_of(group), len(lines)
            elif 0 < start == group[0].offset:
                return False
        if 0 < start == end:
            return False
        if end < writer.size:
            os.ftruncate(writer.descriptor, end)
            os.fsync(writer.descriptor)
            self.notices.append(
                f"{FOLDER}/{writer.path.name}: {writer.size - end} bytes of an unfinished capture were cut off"
            )
            writer.size = end
        known = set(chain(*stored_lines(writer.path)))
        _add_lines(_part_of(writer.path), [line for line in lines[:whole] if line not in known])
        return True

    def _describe(self, writer: _Writer) -> None:
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
        self._write(writer, [[(record := WarcRecord("warcinfo", fields, block), encoded(record))]])
        writer.described = True


def index_line(name: str, member: Member) -> bytes | None:
    """The CDXJ line of a record in the file of that name; None for one that cannot be replayed."""
    facts = index_facts(member.record)
    if facts is None:
        return None
    place = {"length": str(member.length), "offset": str(member.offset), "filename": name}
    return cdxj.line_of(
        member.record.field("WARC-Target-URI") or "", member.record.field("WARC-Date") or "", facts | place
    )


def groups_of(descriptor: int, start: int = 0) -> Iterator[list[Member] | DamagedStretch]:
    """The records of a file from that byte on, each with the request and the metadata that belong to it."""
    group: list[Member] = []
    for member in members_of(descriptor, start):
        if isinstance(member, Member) and group and _belongs(member, group):
            group.append(member)
            continue
        if group:
            yield group
        group = []
        if isinstance(member, DamagedStretch):
            yield member
        else:
            group = [member]
    if group:
        yield group


def is_hop(group: Sequence[Member]) -> bool:
    """Whether a group is a redirect, or a warcinfo record: whole, but no capture."""
    return group[0].record.kind == "warcinfo" or group[0].record.field("WARC-Truncated") is not None


def is_whole(group: Sequence[Member]) -> bool:
    """Whether nothing of a group is missing."""
    return is_hop(group) or is_capture(group)


def is_capture(group: Sequence[Member]) -> bool:
    """Whether a group is a capture, whole."""
    main = group[0].record
    if is_hop(group) or main.kind == "request" or (main.kind == "metadata" and original_place(main) is None):
        return False
    try:
        about_of([member.record for member in group])
    except ValueError:
        return False
    return True


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
    target = _index_of(path)
    new = half_written(target)
    new.unlink(missing_ok=True)
    write_new(new, [b"".join(sorted(set(lines)))], mode=None)
    with synced(path.parent):
        new.replace(target)
        _part_of(path).unlink(missing_ok=True)


def stored_lines(path: Path) -> tuple[list[bytes], list[bytes]]:
    """The lines of a WARC file's index: sorted, and not yet sorted in."""
    return _lines(_index_of(path)), _lines(_part_of(path))


def _sort_in(path: Path) -> None:
    rebuild_index(path, [*_lines(_index_of(path)), *_lines(_part_of(path))])


def _index_of(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".warc.gz") + ".cdxj")


def _part_of(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".warc.gz") + ".cdxj.part")


def _lines(path: Path) -> list[bytes]:
    """The whole lines of a file; none where there is none."""
    try:
        descriptor = os.open(path, _READ_FLAGS)
    except FileNotFoundError:
        return []
    with os.fdopen(descriptor, "rb") as stream:
        return [line for line in stream if line.endswith(b"\n")]


def _add_lines(path: Path, lines: Sequence[bytes]) -> None:
    """Append lines behind the last whole one; where that fails, nothing of them stays."""
    if not lines:
        return
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666)
    try:
        end = os.fstat(descriptor).st_size
        if end and os.pread(descriptor, 1, end - 1) != b"\n":  # a kill or a full disk broke a line off
            end = sum(map(len, _lines(path)))
        try:
            os.ftruncate(descriptor, end)
            write_at(descriptor, b"".join(lines), end)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def _last_known(path: Path) -> int:
    """Where the last record begins that the index knows; an index that does not fit its file knows nothing."""
    size, last = path.lstat().st_size, 0
    for line in chain(*stored_lines(path)):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            last = max(last, int(cdxj.facts_of(line)["offset"]))
    return last if last < size else 0


def _belongs(member: Member, group: Sequence[Member]) -> bool:
    return member.record.field("WARC-Concurrent-To") == group[0].record.field("WARC-Record-ID")


def _is_last(group: Sequence[Member]) -> bool:
    return group[-1].record.kind == "metadata" or is_hop(group)


def _end_of(group: Sequence[Member]) -> int:
    return group[-1].offset + group[-1].length


def _corrupt(place: WarcPlace, cause: str) -> Corrupt:
    return Corrupt(f"{place.file} byte {place.offset}", cause, hint="luutru verify names the faults", what=_DAMAGE)
