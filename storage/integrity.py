"""Reads everything that an archive keeps, names each fault with its repair, and repairs what can be repaired.

Nothing is kept in memory but the numbers of articles. Repairing never drops a byte: damaged bytes go into
`<table>.damaged`, the file as it was stays as `<table>.before-repair.json`.
"""

from __future__ import annotations

import contextlib
import os
import time
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from scraper.errors import ArchiveError, SchemaTooNew
from storage import identity
from storage.decide import Json, content_hash
from storage.faults import translated
from storage.files import keep_aside, synced
from storage.line_format import FORMAT, LONGEST_HEAD, NewerFormat, number_in, parsed, read_head, text_in
from storage.line_index import open_index
from storage.line_rewrite import rewrite
from storage.line_scan import Damage, Scanner
from storage.lock import LOCK, WriterLock

TABLES = ("articles", "revisions", "agencies")

_SECOND_GLANCE = 0.2
_REPAIR = "`luutru verify --repair` sets the bytes aside and keeps every whole line"
_HEAD_END = b'": {\n'


@dataclass(frozen=True, slots=True)
class Fault:
    """file: its name; code: one word for machines; at: byte; length: bytes; id: article, where it can be told."""

    file: str
    code: str
    message: str
    repair: str
    at: int | None = None
    length: int | None = None
    id: str | None = None


@dataclass(slots=True)
class Tally:
    """What was read: whole lines and documents (last lines of a number) per table. Complete when all faults are out."""

    lines: dict[str, int]
    numbers: dict[str, array[int]]

    def documents(self, table: str) -> int:
        """How many documents a table has."""
        found = self.numbers[table]
        return sum(1 for place, number in enumerate(found) if place == 0 or found[place - 1] != number)


def verify(folder: Path, tally: Tally) -> Iterator[Fault]:
    """Every fault of the archive in a folder; `tally` is filled on the way. Takes no lock and changes nothing.

    Raises ArchiveError where there is no archive, SchemaTooNew for one of a later format.
    """
    present = [table for table in TABLES if os.path.lexists(folder / f"{table}.json")]
    if not present:
        raise ArchiveError(str(folder), what="there is no archive", hint="`luutru add` makes one")
    if "articles" not in present:
        yield Fault("articles.json", "missing", "the file is missing", "restore it from a backup")
    for table in present:
        yield from _TableCheck(folder, table, tally).faults()


class _TableCheck:
    def __init__(self, folder: Path, table: str, tally: Tally) -> None:
        self._path = folder / f"{table}.json"
        self._table = table
        self._tally = tally
        tally.lines[table] = 0
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
            yield replace(self._damage("damaged", found), id=self._id_at(descriptor, found))
        if torn:
            yield self._damage("torn", torn)
        yield from self._index(generation, end)

    def _lines(self, scanner: Scanner) -> Iterator[Fault]:
        for at, line in scanner:
            number = number_in(line)
            self._tally.lines[self._table] += 1
            self._tally.numbers[self._table].append(number)
            try:
                document = parsed(text_in(line, number))
            except ValueError as error:
                yield self._fault("no_json", str(error), _REPAIR, at=at)
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

    def _is_article(self, name: str | None) -> bool:
        within = identity.numbers_with(name or "")
        numbers = self._tally.numbers.get("articles", array("Q"))
        place = bisect_left(numbers, within.start)
        return len(within) == 1 and place < len(numbers) and numbers[place] == within.start

    def _index(self, generation: str, end: int) -> Iterator[Fault]:
        path = self._path.with_suffix(".index")
        index = open_index(path, generation, writable=False)
        if index is None:
            return
        covered = index.state.covered
        index.close()
        if covered > end:
            message = f"the index knows {covered} bytes of the file, and only {end} are whole"
            yield replace(self._fault("lost_end", message, "restore the file from a backup"), at=end)

    def _id_at(self, descriptor: int, damage: Damage) -> str | None:
        begun = os.pread(descriptor, 32, damage.at).lstrip(b",\n")
        try:
            return identity.id_of(number_in(begun)) if self._table == "articles" else None
        except ValueError:
            return None

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


def repair(folder: Path, *, lock_timeout: float, now: str) -> list[str]:
    """Write every damaged file anew from its whole lines; tell what was done, a line each.

    Raises Locked after `lock_timeout` seconds, NoSpace, ArchiveError; then the files are as before.
    """
    lock = WriterLock(folder / LOCK, timeout=lock_timeout, since=now)
    done = []
    with contextlib.closing(lock), lock.held("repairing"):
        for table in TABLES:
            path = folder / f"{table}.json"
            with translated(path):
                done += _repair_file(path, table, now) if path.exists() else []
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
        aside = path.with_suffix(".damaged")
        for rest in rests:
            keep_aside(aside, os.pread(descriptor, rest.length, rest.at))
        kept = path.with_name(f"{table}.before-repair.json")
        with synced(path.parent):
            kept.unlink(missing_ok=True)
            os.link(path, kept, follow_symlinks=False)
        rewrite(path, table, (os.pread(descriptor, length, at) for at, length in counting.values()), now=now)
        path.with_suffix(".index").unlink(missing_ok=True)
    finally:
        os.close(descriptor)
    size = sum(rest.length for rest in rests)
    return [f"{path.name}: {len(counting)} documents kept; {size} damaged bytes in {aside.name}, before in {kept.name}"]
