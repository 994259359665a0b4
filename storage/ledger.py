"""The ledger of a portal's harvest: what was listed, visited, stored, missed, and why. One SQLite file per portal.

It lies in the archive's folder `harvest/`, with a lock beside it that one run holds as long as it lasts. The archive
keeps the records; the ledger only saves requests: where it is lost, the next harvest asks for everything once more.
A transaction that was reported as done survives the process, however it ends.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from scraper.discovery.listing import ListingEntry
from scraper.errors import ArchiveError
from scraper.harvest.states import PASSING, Known, key_of, listed_again
from storage.faults import translated
from storage.lock import WriterLock
from storage.sqlite_files import sqlite_faults, transaction

FOLDER = "harvest"
"""Its place in the archive's folder."""
VERSION = 1
_APPLICATION = 0x6C756C67  # "lulg"
_BUSY_SECONDS = 30.0
_SOME = 500
_RESUMED_FOR = timedelta(days=3)
_NAMES = tuple(field.name for field in fields(Known))
_COLUMNS = ", ".join(_NAMES)
_MARKS = ", ".join("?" for _ in _NAMES)
_SCHEMA = (
    "CREATE TABLE runs(id INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT, summary TEXT)",
    f"CREATE TABLE addresses({_COLUMNS.replace('key', 'key TEXT PRIMARY KEY', 1)}, first_listed TEXT,"
    " listed INTEGER, visited INTEGER) WITHOUT ROWID",
    "CREATE TABLE places(place TEXT, key TEXT, listed INTEGER, PRIMARY KEY(place, key)) WITHOUT ROWID",
    "CREATE INDEX by_run ON places(place, listed)",
    "CREATE TABLE facts(kind TEXT, name TEXT, value TEXT, PRIMARY KEY(kind, name)) WITHOUT ROWID",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
# The names in these statements are ours.
_PUT = f"INSERT OR REPLACE INTO addresses({_COLUMNS}, first_listed, listed, visited) VALUES ({_MARKS}, ?, ?, ?)"  # noqa: S608
_GET = f"SELECT {_COLUMNS}, listed, first_listed, visited FROM addresses WHERE key = ?"  # noqa: S608
_SETTLE = f"UPDATE addresses SET {', '.join(f'{name} = ?' for name in _NAMES[1:])}, visited = ? WHERE key = ?"  # noqa: S608

FactKind = Literal["door", "place", "robots", "trouble", "checkpoint", "file", "scan"]


def file_name(portal: str) -> str:
    """The name of a portal's ledger: what is safe of its own name, and a digest that keeps two apart."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-.") else "-" for c in portal).strip("-.")[:60]
    return f"{plain or 'portal'}-{sha256(portal.encode('utf-8', 'backslashreplace')).hexdigest()[:8]}.sqlite"


class Ledger:
    """The ledger of one portal, held by one run. A context manager; raises ArchiveError, NoSpace, Corrupt, Locked.

    archive: the archive's folder.  now: time stamp of this run's beginning.
    """

    def __init__(self, archive: Path, portal: str, *, now: str, lock_timeout: float = 0.0) -> None:
        folder = archive / FOLDER
        with translated(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / file_name(portal)
        self._lock = WriterLock(self.path.with_suffix(".lock"), timeout=lock_timeout, since=now)
        self._holding: AbstractContextManager[None] = self._lock.held(f"harvesting {portal}")
        self._holding.__enter__()
        self.run = 0
        self.resumed = False
        self.started = now
        try:
            with self._faults():
                self._db = self._opened()
                self._begin(now)
        except BaseException:
            self._release()
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let others in."""
        self._db.close()
        self._release()

    # ── what is listed ────────────────────────────────────────────────────────────────────────────────────────────

    def listed(self, place: str, entries: Iterable[ListingEntry]) -> list[tuple[Known, bool]]:
        """Note that the portal lists these; what is known of each now, and whether this run met it for the first time.

        The first door that gives an article's mark in a run speaks for it; what it says last counts.
        """
        met: list[tuple[Known, bool]] = []
        with self._transaction():
            for entry in entries:
                key = key_of(entry)
                self._db.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", (place, key, self.run))
                row = self._row(key)
                mark = None if entry.mark is None else f"{entry.door} {entry.mark}"
                if row is None:
                    known = Known(key, entry.url, door=entry.door, title=entry.title, item_id=entry.item_id, mark=mark)
                    self._put(known, self.started, visited=0)
                    met.append((known, True))
                    continue
                before, listed, first, visited = row
                fresh = listed != self.run
                known = before
                if fresh or entry.door == before.door or (before.mark is None and mark is not None):
                    known = listed_again(before, entry, mark)
                if fresh or known != before:
                    self._put(known, first, visited=visited)
                met.append((known, fresh))
        return met

    def absent(self, place: str) -> Iterator[Known]:
        """What was listed at the place by earlier runs and neither listed, here or elsewhere, nor visited by this one,
        if not gone."""
        condition = (
            "key IN (SELECT key FROM places WHERE place = ? AND listed < ?) AND listed < ? AND visited < ?"
            " AND state <> 'gone'"
        )
        yield from self._chunks(condition, (place, self.run, self.run, self.run))

    def kept_at(self, place: str) -> Iterator[Known]:
        """What this run met at the place and the archive has."""
        condition = "key IN (SELECT key FROM places WHERE place = ? AND listed = ?) AND state = 'stored'"
        yield from self._chunks(condition, (place, self.run))

    def unfinished(self) -> Iterator[Known]:
        """What is neither stored nor failed, and what failed in a way that may pass."""
        codes = ", ".join(f"'{code}'" for code in sorted(PASSING))
        yield from self._chunks(f"(state IN ('seen', 'fetched') OR (state = 'failed' AND code IN ({codes})))", ())

    def tally(self, place: str) -> dict[tuple[str, str | None], int]:
        """(state, code) → number of the addresses that this run met at the place."""
        query = (
            "SELECT state, code, count(*) FROM places AS p JOIN addresses USING (key)"
            " WHERE place = ? AND p.listed = ? GROUP BY state, code"
        )
        with self._faults():
            return {(state, code): n for state, code, n in self._db.execute(query, (place, self.run))}

    def known_at(self, place: str) -> int:
        """How many addresses that were listed at the place are not gone."""
        query = "SELECT count(*) FROM places JOIN addresses USING (key) WHERE place = ? AND state <> 'gone'"
        return int(self._one(query, (place,)))

    def item_ids(self, place: str) -> Iterator[tuple[int, str, bool]]:
        """(item id, state, whether this run met it there) of the place's items, in the order of their numbers."""
        query = (
            "SELECT item_id, state, p.listed = ? FROM places AS p JOIN addresses USING (key)"
            " WHERE place = ? AND item_id IS NOT NULL ORDER BY item_id"
        )
        with self._faults():
            for number, state, met in self._db.execute(query, (self.run, place)):
                yield int(number), str(state), bool(met)

    # ── what became of it ─────────────────────────────────────────────────────────────────────────────────────────

    def settle(self, *known: Known) -> None:
        """Note what is known of these addresses after a visit of this run, together."""
        with self._transaction():
            for one in known:
                values = [getattr(one, name) for name in _NAMES[1:]]
                self._db.execute(_SETTLE, (*values, self.run, one.key))

    def get(self, key: str) -> Known | None:
        """What is known of an address."""
        with self._faults():
            row = self._row(key)
        return None if row is None else row[0]

    # ── facts about doors, places, robots, troubles ───────────────────────────────────────────────────────────────

    def fact(self, kind: FactKind, name: str) -> Any:
        """A fact that was noted, as the JSON data that it was; None where there is none."""
        with self._faults():
            row = self._db.execute("SELECT value FROM facts WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return None if row is None else json.loads(row[0])

    def facts(self, kind: FactKind) -> dict[str, Any]:
        """All facts of a kind, by name."""
        with self._faults():
            rows = self._db.execute("SELECT name, value FROM facts WHERE kind = ?", (kind,)).fetchall()
        return {name: json.loads(value) for name, value in rows}

    def note(self, kind: FactKind, facts: Mapping[str, Any]) -> None:
        """Note facts (JSON data), together; None takes one away."""
        with self._transaction():
            for name, value in facts.items():
                if value is None:
                    self._db.execute("DELETE FROM facts WHERE kind = ? AND name = ?", (kind, name))
                else:
                    text = json.dumps(value, ensure_ascii=False)
                    self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", (kind, name, text))

    # ── runs ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def end(self, now: str, summary: Mapping[str, Any], *, whole: bool) -> None:
        """Keep the summary. whole: the run is over; otherwise the next one goes on with it."""
        with self._transaction():
            text = json.dumps(summary, ensure_ascii=False)
            ended = now if whole else None
            self._db.execute("UPDATE runs SET ended = ?, summary = ? WHERE id = ?", (ended, text, self.run))
            self._db.execute("DELETE FROM runs WHERE id <= ? - 400", (self.run,))

    def last_summary(self) -> dict[str, Any] | None:
        """The summary of the last run that ended, before this one."""
        query = "SELECT summary FROM runs WHERE id < ? AND summary IS NOT NULL ORDER BY id DESC LIMIT 1"
        with self._faults():
            row = self._db.execute(query, (self.run,)).fetchone()
        return None if row is None else json.loads(row[0])

    # ── beneath ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _begin(self, now: str) -> None:
        """Go on with the last run where it was cut off lately, or begin one."""
        with self._transaction():
            last = self._db.execute("SELECT id, started, ended FROM runs ORDER BY id DESC LIMIT 1").fetchone()
            if last is not None and last[2] is None:
                age = datetime.fromisoformat(now) - datetime.fromisoformat(last[1])
                self.resumed = age <= _RESUMED_FOR
            if self.resumed:
                self.run, self.started = last[0], last[1]
                return
            self.run = int(self._db.execute("INSERT INTO runs(started) VALUES (?)", (now,)).lastrowid or 0)

    def _opened(self) -> sqlite3.Connection:
        with translated(self.path):
            if self.path.is_symlink():
                raise ArchiveError(str(self.path), "a symbolic link stands where the ledger belongs")
        db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            db.execute("PRAGMA trusted_schema = OFF")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                db.execute("BEGIN IMMEDIATE")
                for statement in _SCHEMA:
                    db.execute(statement)
                db.execute("COMMIT")
            elif version != VERSION:
                hint = (
                    f"use the luutru that wrote it; or delete {self.path}: the next harvest asks for everything again"
                )
                raise ArchiveError(str(self.path), f"a ledger of another version ({version})", hint=hint)
        except BaseException:
            db.close()
            raise
        return db

    def _release(self) -> None:
        self._holding.__exit__(None, None, None)
        self._lock.close()

    def _row(self, key: str) -> tuple[Known, int, str, int] | None:
        row = self._db.execute(_GET, (key,)).fetchone()
        return None if row is None else (Known(*row[: len(_NAMES)]), *row[len(_NAMES) :])

    def _put(self, known: Known, first: str, *, visited: int) -> None:
        values = [getattr(known, name) for name in _NAMES]
        self._db.execute(_PUT, (*values, first, self.run, visited))

    def _chunks(self, condition: str, values: tuple[Any, ...]) -> Iterator[Known]:
        """Rows by key, read in pieces, since they are changed while they are gone through."""
        query = f"SELECT {_COLUMNS} FROM addresses WHERE {condition} AND key > ? ORDER BY key LIMIT {_SOME}"  # noqa: S608
        after = ""
        while True:
            with self._faults():
                rows = self._db.execute(query, (*values, after)).fetchall()
            yield from (Known(*row) for row in rows)
            if len(rows) < _SOME:
                return
            after = rows[-1][0]

    def _one(self, query: str, values: tuple[Any, ...]) -> Any:
        with self._faults():
            return self._db.execute(query, values).fetchone()[0]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._faults(), transaction(self._db):
            yield

    def _faults(self) -> AbstractContextManager[None]:
        remedy = f"delete {self.path}: the next harvest asks for everything again; articles are not touched"
        return sqlite_faults(self.path, remedy=remedy)


__all__ = ["FOLDER", "Ledger", "file_name"]
