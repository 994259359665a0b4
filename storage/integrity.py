"""Reads everything that an archive keeps, names each fault with its repair, and repairs what can be repaired.

Nothing is kept in memory but document numbers and some bytes per file and capture. Repairing never drops a byte:
damaged bytes go into `<table>.damaged`, the file as it was stays as `<table>.before-repair.json`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from scraper.errors import ArchiveError, SchemaTooNew
from storage import identity, migrations
from storage.archive import TABLES
from storage.capture_check import CaptureCheck, repair_captures
from storage.decide import Json, content_hash
from storage.faults import translated
from storage.file_check import FileCheck, repair_files
from storage.files import free_name, keep_aside, synced
from storage.line_format import FORMAT, LONGEST_HEAD, NewerFormat, number_in, parsed, read_head, text_in
from storage.line_index import LineIndex, open_index
from storage.line_rewrite import rewrite
from storage.line_scan import Damage, Scanner
from storage.lock import LOCK, WriterLock

_SECOND_GLANCE = 0.2
_REPAIR = "`luutru verify --repair` sets the bytes aside and keeps every whole line"
_REPAIR_INDEX = "`luutru verify --repair` deletes it, and it is made again"
_MOST_REVISIONS = 10_000
_PAGE = 1000
_HEAD_END = b'": {\n'


@dataclass(frozen=True, slots=True)
class Fault:
    """file: its name; code: one word for machines; at: byte; length: bytes; id: article, where it can be told.

    harmless: nothing is lost or wrong, but a person may wish to know.
    """

    file: str
    code: str
    message: str
    repair: str
    at: int | None = None
    length: int | None = None
    id: str | None = None
    harmless: bool = False


@dataclass(slots=True)
class Tally:
    """What was read: the documents' numbers per table, sorted, and how many files; complete when all faults are out."""

    numbers: dict[str, array[int]] = field(default_factory=dict)
    expected: tuple[array[int], array[int]] = field(default_factory=lambda: (array("Q"), array("Q")))
    """Numbers of the revisions that there must be, and of the articles whose they are."""
    files: int = 0
    captures: int = 0
    unnamed: int = 0
    """Captures that no record names: other sights of an article, its files, listings."""

    def documents(self, table: str) -> int:
        """How many documents a table has."""
        found = self.numbers[table]
        return sum(1 for place, number in enumerate(found) if place == 0 or found[place - 1] != number)

    def has(self, table: str, number: int) -> bool:
        """Whether a table that was read has that document."""
        found = self.numbers.get(table, array("Q"))
        place = bisect_left(found, number)
        return place < len(found) and found[place] == number


def verify(folder: Path, tally: Tally) -> Iterator[Fault]:
    """Every fault of the archive in a folder; `tally` is filled on the way. Takes no lock and changes nothing.

    Raises ArchiveError where there is no archive or one of an earlier format, SchemaTooNew for one of a later.
    """
    present = present_tables(folder)
    files, captures = FileCheck(folder), CaptureCheck(folder)
    if "articles" not in present:
        yield Fault("articles.json", "missing", "the file is missing", "restore it from a backup")
    for table in present:
        yield from _TableCheck(folder, table, tally, (files, captures)).faults()
    for number, owner in zip(*tally.expected, strict=True):
        if not tally.has("revisions", number):
            message = "an earlier revision of this article is missing"
            yield Fault(
                "revisions.json", "lost_revision", message, "restore it from a backup", id=identity.id_of(owner)
            )
    for name, code, message, remedy, harmless in files.faults():
        yield Fault(name, code, message, remedy, harmless=harmless)
    tally.files = files.count
    for name, code, message, remedy, harmless, at, length, id in captures.faults():
        yield Fault(name, code, message, remedy, at, length, id, harmless)
    tally.captures, tally.unnamed = captures.count, captures.unnamed


def present_tables(folder: Path) -> list[str]:
    """The tables that have a file. Raises ArchiveError where there is no archive or one of an earlier format."""
    migrations.refuse_old(folder)
    present = [table for table in TABLES if os.path.lexists(folder / f"{table}.json")]
    if not present:
        raise ArchiveError(str(folder), what="there is no archive", hint="`luutru add` makes one")
    return present


class _TableCheck:
    def __init__(
        self, folder: Path, table: str, tally: Tally, checks: tuple[FileCheck | CaptureCheck, ...] = ()
    ) -> None:
        self._path = folder / f"{table}.json"
        self._table = table
        self._tally = tally
        self._checks = checks
        tally.numbers[table] = array("Q")

    def faults(self) -> Iterator[Fault]:
        with translated(self._path):
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                yield from self._read(descriptor)
            finally:
                os.close(descriptor)
        numbers = sorted(self._tally.numbers[self._table])
        self._tally.numbers[self._table] = array("Q", numbers)

    def _read(self, descriptor: int) -> Iterator[Fault]:
        start, generation, cause = head_end(self._path, descriptor, self._table)
        if cause:
            yield self._fault("head", cause, _REPAIR, at=0)
        scanner = Scanner(descriptor, start=start, at=start)
        yield from self._lines(scanner)
        damaged, torn, end = scanner.damaged, scanner.torn, scanner.end
        if torn or damaged:  # or another process is just writing: look again
            time.sleep(_SECOND_GLANCE)
            damaged = [found for found in damaged if found in Scanner(descriptor, start=start, at=found.at).damage()]
            scanner = Scanner(descriptor, start=start, at=end)
            yield from self._lines(scanner)
            torn, end = torn if scanner.torn == torn else None, scanner.end
        for found in damaged:
            yield replace(self._damage("damaged", found), id=article_at(descriptor, self._table, found))
        if torn:
            yield self._damage("torn", torn)
        yield from self._index(descriptor, generation, end)

    def _lines(self, scanner: Scanner) -> Iterator[Fault]:
        for at, line in scanner:
            number = number_in(line)
            self._tally.numbers[self._table].append(number)
            try:
                document = parsed(text_in(line, number))
            except ValueError as error:
                yield self._fault("no_json", str(error), "restore the file from a backup", at=at)
                continue
            yield from self._document(number, document, at)

    def _document(self, number: int, document: Json, at: int) -> Iterator[Fault]:
        if self._table == "agencies":
            return
        name = document.get("id")
        known = name if isinstance(name, str) else None
        if self._table == "articles" and name != identity.id_of(number):
            yield self._fault("wrong_id", "id and document number differ", "restore from a backup", at=at, id=known)
        if document.get("content_hash") != content_hash(document):
            message = "the content does not fit its hash: it was changed outside luutru"
            yield self._fault(
                "content_hash", message, "compare `luutru history`, restore from a backup", at=at, id=known
            )
        if self._table == "revisions" and not self._is_article(known):
            message = f"revision {document.get('revision')} of an article that is not there"
            yield self._fault("orphan", message, "add the article's page again", at=at, id=known)
        for check in self._checks:
            for code, message, remedy in check.told_by(document):
                yield self._fault(code, message, remedy, at=at, id=known)
        if self._table == "articles" and isinstance(document.get("revision"), int):
            for order in range(1, min(document["revision"], _MOST_REVISIONS)):
                self._tally.expected[0].append(identity.number_of(f"revision {known} {order}"))
                self._tally.expected[1].append(number)

    def _is_article(self, name: str | None) -> bool:
        within = identity.numbers_with(name or "")
        return len(within) == 1 and self._tally.has("articles", within.start)

    def _index(self, descriptor: int, generation: str, end: int) -> Iterator[Fault]:
        path = self._path.with_suffix(".index")
        index = open_index(path, generation, writable=False)
        if index is None:
            return
        with contextlib.closing(index):
            covered = index.state.covered
            if covered > os.fstat(descriptor).st_size:  # beyond `end` alone, it may be ahead of this reading
                message = f"the index knows {covered} bytes of the file, and only {end} are whole"
                yield replace(self._fault("lost_end", message, "restore the file from a backup"), at=end)
            elif not _is_true(index, descriptor):
                yield Fault(path.name, "index", "it does not fit the file", _REPAIR_INDEX)

    def _damage(self, code: str, damage: Damage) -> Fault:
        return self._fault(code, damage.cause, _REPAIR, at=damage.at, length=damage.length)

    def _fault(
        self,
        code: str,
        message: str,
        repair: str,
        *,
        at: int | None = None,
        length: int | None = None,
        id: str | None = None,
    ) -> Fault:
        return Fault(self._path.name, code, message, repair, at, length, id)


def head_end(path: Path, descriptor: int, table: str) -> tuple[int, str, str]:
    """Where documents begin, the generation, and what is wrong with the head, or "". Raises SchemaTooNew."""
    raw = os.pread(descriptor, LONGEST_HEAD, 0)
    try:
        head = read_head(raw, table)
    except NewerFormat as newer:
        cause = f"format {newer.args[0]}, known up to {FORMAT}"
        raise SchemaTooNew(str(path), cause, hint="update luutru") from newer
    except ValueError as error:
        end = raw.find(_HEAD_END)
        return (end + len(_HEAD_END) - 1 if end >= 0 else 0), "", str(error)
    return head.length, head.generation, ""


def _is_true(index: LineIndex, descriptor: int) -> bool:
    """Whether every place of an index is that document's whole line, and it has as many as it says.

    An index to which another process adds meanwhile is not judged.
    """
    count, after = 0, -1
    try:
        while page := index.page(after, 1 << 62, _PAGE):
            for place in page:
                text_in(os.pread(descriptor, place.length, place.at), place.number)
            count, after = count + len(page), page[-1].first
        return count == index.state.documents or index.stored_state() != index.state
    except (sqlite3.Error, ValueError, TypeError, OverflowError, OSError):
        return False


def repair(folder: Path, *, lock_timeout: float, now: str) -> list[str]:
    """Write every damaged file of records anew from its whole lines, set other damaged files aside; a line for each.

    Raises Locked after `lock_timeout` seconds, NoSpace, ArchiveError; then the files are as before.
    """
    present = present_tables(folder)
    lock = WriterLock(folder / LOCK, timeout=lock_timeout, since=now)
    done = []
    with contextlib.closing(lock), lock.held("repairing"):
        for table in present:
            path = folder / f"{table}.json"
            with translated(path):
                done += _repair_file(path, table, now)
            for fault in _TableCheck(folder, table, Tally()).faults():
                if fault.code == "index":
                    path.with_suffix(".index").unlink(missing_ok=True)
                    done.append(f"{fault.file}: deleted, it is made again")
        done += repair_files(folder)
        done += repair_captures(folder)
    return done


def _repair_file(path: Path, table: str, now: str) -> list[str]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        start, _, cause = head_end(path, descriptor, table)
        scanner = Scanner(descriptor, start=start, at=start)
        counting: dict[int, tuple[int, int]] = {}
        for at, line in scanner:
            counting[number_in(line)] = at, len(line)
        rests = [*scanner.damaged, *filter(None, [scanner.torn])]
        if not rests and not cause:
            return []
        aside, kept = path.with_suffix(".damaged"), free_name(path.with_name(f"{table}.before-repair.json"))
        for rest in rests:
            keep_aside(aside, descriptor, rest.at, rest.length)
        with synced(path.parent):
            os.link(path, kept, follow_symlinks=False)
        rewrite(path, table, (os.pread(descriptor, length, at) for at, length in counting.values()), now=now)
        path.with_suffix(".index").unlink(missing_ok=True)
        hurt = [name for name in (article_at(descriptor, table, rest) for rest in rests) if name]
    finally:
        os.close(descriptor)
    size = sum(rest.length for rest in rests)
    told = f"{len(counting)} documents kept; {size} damaged bytes in {aside.name}, before in {kept.name}"
    lost = f"; an earlier state or none is left of {', '.join(hurt[:20])}: add their pages again" if hurt else ""
    return [f"{path.name}: {told}{lost}"]


def article_at(descriptor: int, table: str, damage: Damage) -> str | None:
    """The id of the article whose damaged line that is, where its number can still be read."""
    begun = os.pread(descriptor, 32, damage.at).lstrip(b",\n")
    try:
        return identity.id_of(number_in(begun)) if table == "articles" else None
    except ValueError:
        return None
