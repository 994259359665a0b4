"""Where each document of a table's file lies: derived from the file, kept beside it in SQLite, made again when absent.

The archive's truth is the JSON file alone. The index spares reading it all when it is opened: it says which bytes of
which generation it covers, and what was written after them is read from the file. Deleting it costs nothing but time.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from storage.files import half_written

VERSION = 1
BUSY_SECONDS = 5.0

_SCHEMA = f"""
CREATE TABLE state (generation TEXT, covered INTEGER, documents INTEGER, size INTEGER, last BLOB);
CREATE TABLE places (first INTEGER PRIMARY KEY, number INTEGER NOT NULL UNIQUE, at INTEGER, length INTEGER);
CREATE TABLE keys (hash INTEGER PRIMARY KEY, number INTEGER, own INTEGER);
PRAGMA user_version = {VERSION};
"""


class Place(NamedTuple):
    """A document's line. first: byte of its first line, for the order of first storing; at, length: the line that
    counts now."""

    first: int
    number: int
    at: int
    length: int


class Key(NamedTuple):
    """An identity key's hash, the document that has it, and whether by its own address rather than an alias."""

    hash: int
    number: int
    own: bool


class State(NamedTuple):
    """What an index knows. covered: bytes of the file; documents, size: number and length of the lines that count;
    last: the bytes before `covered`, by which a file put back from a backup is told from this one."""

    generation: str
    covered: int = 0
    documents: int = 0
    size: int = 0
    last: bytes = b""


class LineIndex:
    """The index of one generation of a file. Every method may raise sqlite3.Error where the index is damaged."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.state = self.stored_state()

    def stored_state(self) -> State:
        """What the index knows now; another process may have added to it since `state` was read."""
        row = self._connection.execute("SELECT generation, covered, documents, size, last FROM state").fetchone()
        return State(*row)

    def place(self, number: int) -> Place | None:
        """Where the document with that number lies."""
        row = self._one("SELECT first, number, at, length FROM places WHERE number = ?", number)
        return Place(*row) if row else None

    def numbers(self, within: range, limit: int) -> list[int]:
        """The first `limit` document numbers in a range."""
        query = "SELECT number FROM places WHERE number >= ? AND number < ? ORDER BY number LIMIT ?"
        return [number for (number,) in self._connection.execute(query, (within.start, within.stop, limit))]

    def page(self, after: int, before: int, limit: int) -> list[Place]:
        """The next `limit` documents by order of first storing, after and before the given values of `first`."""
        query = "SELECT first, number, at, length FROM places WHERE first > ? AND first < ? ORDER BY first LIMIT ?"
        return list(map(Place._make, self._connection.execute(query, (after, before, limit))))

    def owner(self, hash_: int) -> tuple[int, bool] | None:
        """`number` and `own` of the `Key` with that hash."""
        row = self._one("SELECT number, own FROM keys WHERE hash = ?", hash_)
        return (row[0], bool(row[1])) if row else None

    def add(self, places: Iterable[Place], keys: Iterable[Key], state: State) -> None:
        """Take in the lines up to `state.covered`; later lines of a number win, own addresses win over aliases."""
        with self._connection as writing:
            writing.executemany(
                "INSERT INTO places VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
                "SET at = excluded.at, length = excluded.length WHERE excluded.at > places.at",
                places,
            )
            writing.executemany(
                "INSERT INTO keys VALUES (?, ?, ?) ON CONFLICT (hash) DO UPDATE "
                "SET number = excluded.number, own = excluded.own WHERE excluded.own >= keys.own",
                keys,
            )
            writing.execute(
                "UPDATE state SET covered = ?2, documents = ?3, size = ?4, last = ?5 "
                "WHERE generation = ?1 AND covered < ?2",
                state,
            )
        self.state = state

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _one(self, query: str, value: int) -> tuple[int, ...] | None:
        row: tuple[int, ...] | None = self._connection.execute(query, (value,)).fetchone()
        return row


def open_index(path: Path, generation: str, *, writable: bool) -> LineIndex | None:
    """The index at `path` if it is whole and of that generation; None otherwise."""
    if not path.is_file() or path.is_symlink():
        return None
    connection = None
    try:
        mode = "rw" if writable else "ro"
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode={mode}", uri=True, timeout=BUSY_SECONDS, check_same_thread=False
        )
        if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            raise sqlite3.DatabaseError("of another version")
        index = LineIndex(connection)
        if index.state.generation != generation:
            raise sqlite3.DatabaseError("of another generation")
        return index
    except (sqlite3.Error, TypeError):
        if connection is not None:
            connection.close()
        return None


def make_index(path: Path, generation: str) -> LineIndex | None:
    """An empty index in the place of whatever lies there; None where the folder or the disk does not allow it."""
    new = half_written(path)
    try:
        new.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(new)) as connection, connection:
            connection.executescript(_SCHEMA)
            connection.execute("INSERT INTO state VALUES (?, ?, ?, ?, ?)", State(generation))
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
        new.replace(path)
    except (sqlite3.Error, OSError):
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        return None
    return open_index(path, generation, writable=True)
