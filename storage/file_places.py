"""Where the containers that were imported hold what an article's pictures and attachments may be.

One SQLite file in the archive's folder `imports/`, beside the notes of how far each container was read. A page and its
pictures often lie in different files of one crawl, and these are imported in any order, so both are noted as they are
met, and brought together at the end of each import. Where this file is lost, `luutru import --again` makes it anew.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from scraper.errors import ArchiveError
from storage.faults import translated
from storage.identity import address_key, id_of, number_of, numbers_with
from storage.import_notes import FOLDER
from storage.sqlite_files import sqlite_faults, transaction

FILE = "places.sqlite"
_BUSY_SECONDS = 60.0
_VERSION = 1
_SCHEMA = (
    "CREATE TABLE containers(number INTEGER PRIMARY KEY, path BLOB UNIQUE)",
    "CREATE TABLE places(number INTEGER PRIMARY KEY AUTOINCREMENT, address INTEGER, container INTEGER, offset INTEGER,"
    " inner INTEGER, name BLOB, UNIQUE(container, name, offset, inner, address))",
    "CREATE INDEX by_address ON places(address)",
    "CREATE TABLE wanted(address INTEGER, article INTEGER, looked INTEGER, PRIMARY KEY(address, article))"
    " WITHOUT ROWID",
    "CREATE INDEX by_article ON wanted(article)",
    f"PRAGMA user_version = {_VERSION}",
)
_PENDING = (
    "SELECT DISTINCT article FROM wanted JOIN places USING(address) WHERE places.number > looked AND article > ?"
    " ORDER BY article LIMIT 500"
)


class FilePlace(NamedTuple):
    """Where a container holds the answer of an address.

    container: its path.  offset, inner: as `scraper.containers.Mark`.  name: path within a folder.  number: of the
    place; a higher one was met later.
    """

    container: str
    offset: int
    inner: int = 0
    name: str = ""
    number: int = 0


class FilePlaces:
    """Of the archive in a folder. Several processes may hold it. Raises ArchiveError, NoSpace. A context manager."""

    def __init__(self, archive: Path) -> None:
        self.path = archive / FOLDER / FILE
        with translated(self.path), self._faults():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> FilePlaces:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def forget(self, container: Path) -> None:
        """Drop what was noted of a container, whose bytes are others now."""
        with self._writing():
            self._db.execute("DELETE FROM places WHERE container = ?", [self._container(container)])

    def note(
        self,
        container: Path,
        met: Iterable[tuple[str, int, int, str]],
        wanted: Iterable[tuple[str, Iterable[str]]],
    ) -> None:
        """Note places of a container, (address, offset, inner, name) each, and the files that articles name, (id of the
        article, addresses) each: durably, all or none."""
        with self._writing():
            number = self._container(container)
            self._db.executemany(
                "INSERT OR REPLACE INTO places(address, container, offset, inner, name) VALUES (?, ?, ?, ?, ?)",
                (
                    (key, number, offset, inner, os.fsencode(name))
                    for url, offset, inner, name in met
                    if (key := _number(url)) is not None
                ),
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO wanted VALUES (?, ?, 0)",
                (
                    (key, numbers_with(article).start)
                    for article, urls in wanted
                    for url in urls
                    if (key := _number(url)) is not None
                ),
            )

    def pending(self) -> Iterator[str]:
        """Ids of the articles for whose files places were met that have not been looked at."""
        after = -1
        while True:
            with self._faults():
                found = [number for (number,) in self._db.execute(_PENDING, [after])]
            yield from map(id_of, found)
            if not found:
                return
            after = found[-1]

    def of(self, url: str) -> list[FilePlace]:
        """The places at which an address may be found, as they were met: addresses are noted by a digest."""
        with self._faults():
            found = self._db.execute(
                "SELECT path, offset, inner, name, places.number FROM places"
                " JOIN containers ON containers.number = container WHERE address = ? ORDER BY places.number",
                [_number(url)],
            )
            return [
                FilePlace(os.fsdecode(path), offset, inner, os.fsdecode(name), number)
                for path, offset, inner, name, number in found
            ]

    def looked(self, articles: Iterable[tuple[str, int]]) -> None:
        """Note that places up to a number were looked at for these articles: (id, number) each."""
        with self._writing():
            self._db.executemany(
                "UPDATE wanted SET looked = ? WHERE article = ?",
                [(number, numbers_with(article).start) for article, number in articles],
            )

    def last(self) -> int:
        """The number of the place that was met last, 0 where there is none."""
        with self._faults():
            (number,) = self._db.execute("SELECT ifnull(max(number), 0) FROM places").fetchone()
        return int(number)

    def _container(self, path: Path) -> int:
        name = os.fsencode(path.resolve())
        self._db.execute("INSERT OR IGNORE INTO containers(path) VALUES (?)", [name])
        (number,) = self._db.execute("SELECT number FROM containers WHERE path = ?", [name]).fetchone()
        return int(number)

    def _prepare(self) -> None:
        with transaction(self._db):
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            for statement in _SCHEMA if version == 0 else ():
                self._db.execute(statement)
        if version > _VERSION:
            raise ArchiveError(str(self.path), "a newer luutru made it", hint="update luutru, or delete the file")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._faults(), transaction(self._db):
            yield

    def _faults(self) -> AbstractContextManager[None]:
        return sqlite_faults(self.path, remedy=f"delete {self.path}; luutru import --again makes it anew")


def any_pending(archive: Path) -> bool:
    """Whether places were met for files of articles that were not looked at. Raises as `FilePlaces`."""
    if not (archive / FOLDER / FILE).exists():
        return False
    with FilePlaces(archive) as places:
        return next(places.pending(), None) is not None


def _number(url: str) -> int | None:
    key = address_key(url)
    return None if key is None else number_of(f"file {key}")
