"""The archive's folder: one file of lines per table, appended to under a lock, written anew only to compact it.

    articles.json     the current state of every article         articles.index    derived: where each line lies
    revisions.json    superseded states                          luutru.lock       who is writing
    agencies.json     who published a portal, and when that was seen

Each is one JSON document that TinyDB and jq read as it is (`line_format`). What other processes append is picked up
before each reading and each write. A batch goes into the files in the order of `TABLES`, articles last: a run that is
killed between them leaves a revision or a sighting too many, which the same batch, run again, writes over.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from tinydb.storages import Storage

from scraper.errors import ArchiveError, Corrupt
from storage import identity, migrations
from storage.decide import Json
from storage.faults import archive_error, translated
from storage.files import make_folder
from storage.line_file import LineFile
from storage.line_places import Owned
from storage.line_reader import MIN_INDEXED
from storage.line_rewrite import rewrite, sweep
from storage.lock import LOCK, WriterLock
from storage.tables import ArchiveTable

TABLES = ("agencies", "revisions", "articles")
MOST_DEAD_BYTES = 16_000_000
"""Superseded lines are cleared away at the end of a run when they take more than this and more than what counts."""


class LineStorage(Storage):
    """TinyDB storage over a folder.

    lock_timeout: seconds to wait for another writer.  now: time stamp for the notes that the storage leaves.
    notices: what was mended on the way and a person should hear of.
    Raises Locked, Corrupt, SchemaTooNew or ArchiveError; a reader also where there is no archive.
    """

    def __init__(self, folder: Path, *, writable: bool, lock_timeout: float, now: str) -> None:
        super().__init__()
        self.notices: list[str] = []
        self._folder = folder
        self._paths = {table: folder / f"{table}.json" for table in TABLES}
        self._signs = {table: [path.with_suffix(".index")] for table, path in self._paths.items()}
        self._signs["articles"] += self._paths.values()
        self._swept = False
        self._writable = writable
        self._now = now
        self._lock = WriterLock(folder / LOCK, timeout=lock_timeout, since=now)
        self._holding = False  # whether this run holds the lock, and has refreshed every table since
        self._files: dict[str, LineFile] = {}
        if writable and migrations.is_old(folder):
            with self.writing("migrating"):
                return
        if self._is_there() or not writable:
            migrations.refuse_old(folder)
            found = [table for table in TABLES if self.file(table) is not None]
            if not found and not writable:
                raise ArchiveError(str(folder), what="there is no archive", hint="`luutru add` makes one")

    # What the archive asks for

    def table(self, name: str) -> ArchiveTable:
        """The table of that name, for reading."""
        return ArchiveTable(self, name, lambda: self.file(name))

    @contextlib.contextmanager
    def writing(self, task: str = "writing") -> Iterator[None]:
        """Let this run alone write; within, the tables show the last state. Makes the folder where there is none.

        Raises Locked, Corrupt where the archive is damaged, ArchiveError.
        """
        if not self._writable:
            raise ArchiveError(str(self._folder), "opened for reading only")
        if not self._files:
            with translated(self._folder):
                make_folder(self._folder)
        self._lock.take(task)
        try:
            self._prepare()
            for table in TABLES:
                self._take_up(table)
            self._holding = True
            yield
        finally:
            self._holding = False
            self._lock.release()

    def commit(self, changes: Mapping[str, Mapping[int, Json]]) -> None:
        """Put documents (table → number → document) durably, all of them or none. Only within `writing`."""
        begun: list[tuple[LineFile, int]] = []
        try:
            for table in TABLES:
                if documents := changes.get(table):
                    held = self.file(table)
                    file = self._create(table) if held is None else held
                    begun.append((file, file.end))
                    with translated(file.path):
                        file.append(documents)
        except BaseException:
            for file, end in begun:
                file.cut(end)
            self._files.clear()
            raise
        try:
            for file, _ in begun:
                file.settle()
        except BaseException:  # it is on disk, but not all of it is known here
            self._files.clear()
            raise

    def close(self) -> None:
        """Give up whatever is held; a writer leaves the indexes in step and clears away what has grown too much."""
        if self._writable:
            with contextlib.suppress(ArchiveError, OSError):
                self._leave_tidy()
        self._files.clear()
        self._lock.close()

    # What it is made of

    def file(self, table: str) -> LineFile | None:
        """The table's file as it is now; None before the first write."""
        held = self._files.get(table)
        if self._holding and (held is not None or table != "articles"):
            return held
        path = self._paths[table]
        if held is None and not os.path.lexists(path):
            self._refuse_fresh_start(table)
            return None
        try:
            if held is None or not held.keep_up(alone=self._lock.is_held):
                self._files[table] = held = self._opened(table)
            return held
        except FileNotFoundError:
            self._refuse_fresh_start(table)
            return None
        except OSError as error:
            raise archive_error(error, path) from error

    def replace(self, table: str, lines: Iterator[bytes], *, expected: int | None = None) -> LineFile:
        """Write a table's file anew from lines and put it in the old one's place. Only within `writing`.

        expected: how many lines there must be, or the old one stays.
        """
        path = self._paths[table]
        with translated(path):
            rewrite(path, table, lines, now=self._now, expected=expected)
            self._files[table] = file = self._opened(table)
        return file

    def _opened(self, table: str) -> LineFile:
        path, keys_of = self._paths[table], _KEYS_OF[table]
        return LineFile(path, table, keys_of, writable=self._writable, alone=self._lock.is_held)

    def compact(self) -> dict[str, tuple[int, int]]:
        """Leave out superseded lines: file → its size before and after. Raises Locked and as `compact_table`."""
        with self.writing("compacting"):
            return {f"{table}.json": self.compact_table(table) for table in TABLES if self.file(table) is not None}

    def compact_table(self, table: str) -> tuple[int, int]:
        """Write a table's file anew with the lines that count; its size before and after. Only within `writing`.

        Raises Corrupt at a damaged line, NoSpace where the disk has no room for both; the file is then as before.
        """
        file = self.file(table)
        if file is None:
            return 0, 0
        with translated(file.path):
            file.refuse_lack_of_room()
        new = self.replace(table, file.checked_lines(), expected=len(file))
        new.save_index()
        return file.size, new.size

    def read(self) -> dict[str, dict[str, Any]] | None:
        """All tables at once, as TinyDB asks for them; None before the first write."""
        files = {table: self.file(table) for table in TABLES}
        whole = {table: file.documents() for table, file in files.items() if file is not None}
        return {table: {str(number): one for number, one in found} for table, found in whole.items()} or None

    def write(self, data: Mapping[str, Any]) -> NoReturn:
        """Refused: nothing but `commit` writes."""
        raise ArchiveError(str(self._folder), "this storage is for queries", hint="store records with Archive.put")

    def _is_there(self) -> bool:
        """Whether the folder exists. Raises ArchiveError where something else stands there or in its way."""
        try:
            with translated(self._folder):
                next(self._folder.iterdir(), None)
        except ArchiveError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return False
            raise
        return True

    def _create(self, table: str) -> LineFile:
        return self.replace(table, iter(()))

    def _prepare(self) -> None:
        """Once in a run: remove what killed runs have left half written, bring an earlier format forward."""
        if not self._swept:
            with translated(self._folder):
                sweep(self._paths.values())
            migrations.migrate(self._folder, self.replace)
            self._swept = True

    def _take_up(self, table: str) -> None:
        """Know a table's last state, and put in order what a killed run has left of it."""
        file = self.file(table)
        if file is None and table == "articles":
            file = self._create(table)
        if file is not None:
            file.refuse_damage()
            if file.torn is not None:
                with translated(file.path):
                    self.notices.append(file.set_aside(file.torn))

    def _leave_tidy(self) -> None:
        for table, file in list(self._files.items()):
            if file.dead_bytes > max(MOST_DEAD_BYTES, file.live_bytes):
                with self.writing("compacting"):
                    self.compact_table(table)
            elif file.unindexed >= MIN_INDEXED:
                with self._lock.held("indexing"):
                    if (now := self.file(table)) is not None:
                        now.save_index()

    def _refuse_fresh_start(self, table: str) -> None:
        """Raise Corrupt where a table's file is missing and something says that there was one."""
        if left := [sign.name for sign in self._signs[table] if os.path.lexists(sign)]:
            hint = f"restore it from a backup; {left[0]} is still there, and nothing was written"
            raise Corrupt(str(self._paths[table]), "the file is missing", hint=hint)


def _article_keys(document: Json) -> Owned:
    found, aliases = dict.fromkeys(identity.keys(document, aliases=False), True), document.get("aliases")
    if aliases and aliases != [document.get("url")]:
        for key in identity.keys(document):
            found.setdefault(key, False)
    return found


def _no_keys(_: Json) -> Owned:
    return {}


_KEYS_OF = {"articles": _article_keys, "revisions": _no_keys, "agencies": _no_keys}
