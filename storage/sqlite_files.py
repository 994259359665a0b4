"""SQLite files of the archive that only save work: one way to change them, and their faults told as the archive's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scraper.errors import ArchiveError, Corrupt, NoSpace


@contextmanager
def sqlite_faults(path: Path, *, remedy: str) -> Iterator[None]:
    """SQLite's errors as ArchiveError, NoSpace or Corrupt. remedy: what a person does where the file is damaged."""
    try:
        yield
    except (sqlite3.DatabaseError, ValueError, TypeError) as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise NoSpace(str(path), "the disk is full", hint="free some space and run it again") from error
        if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
            raise ArchiveError(str(path), str(error)) from error
        raise Corrupt(str(path), str(error), hint=remedy) from error


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All or nothing of what is done within, on disk when it ends. The connection is in autocommit mode."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
