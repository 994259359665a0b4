"""What the containers that were imported hold of the files that articles name: pictures and attachments.

One SQLite file in the archive's folder `imports/`, beside the notes of how far each container was read. A page and its
pictures often lie in different files of one crawl, and these are imported in any order, so every answer is noted as it
is met, and so is what each article names. An answer that is named is due to be read, once; an article of whose files
something was learned is queued to be told of it. Where this file is lost, `luutru import --again` makes it anew.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from scraper.errors import ArchiveError
from storage.faults import translated
from storage.identity import address_key, id_of, number_of, numbers_with
from storage.import_notes import FOLDER
from storage.sqlite_files import sqlite_faults, transaction

FILE = "places.sqlite"
MOST_ANSWERS = 100
"""Answers of one address that one import reads at most: half of them the oldest, half the newest."""
_BUSY_SECONDS = 60.0
_VERSION = 1
_SOME = 500
_UNNAMED, _DUE, _READ, _PASSED_OVER = range(4)  # states of an answer; whether it is named gives the first two
_SCHEMA = (
    "CREATE TABLE containers(number INTEGER PRIMARY KEY, note TEXT UNIQUE, path BLOB)",
    "CREATE TABLE answers(number INTEGER PRIMARY KEY AUTOINCREMENT, address INTEGER, container INTEGER, name BLOB,"
    " offset INTEGER, inner INTEGER, url TEXT, date TEXT, state INTEGER, told TEXT)",
    "CREATE INDEX by_address ON answers(address)",
    "CREATE INDEX by_name ON answers(container, name) WHERE name <> x''",
    f"CREATE INDEX due ON answers(container, name, offset, inner, number) WHERE state = {_DUE}",
    "CREATE TABLE named(address INTEGER, article INTEGER, PRIMARY KEY(address, article)) WITHOUT ROWID",
    "CREATE TABLE queue(stamp INTEGER PRIMARY KEY AUTOINCREMENT, article INTEGER UNIQUE)",
    f"PRAGMA user_version = {_VERSION}",
)
# The names and numbers in these statements are ours.
_NOTE = (
    "INSERT INTO answers(address, container, name, offset, inner, url, date, told, state)"  # noqa: S608
    " SELECT :address, :container, :name, :offset, :inner, :url, :date, :told, CASE WHEN :told IS NOT NULL"
    f" THEN {_READ} ELSE EXISTS (SELECT 1 FROM named WHERE address = :address) END"
)
_NAMING = {  # whether one article is meant → those that name an address
    False: "article FROM named WHERE address = :address",
    True: "article FROM named WHERE address = :address AND article = :article",
}
_IF_READ = f"EXISTS (SELECT 1 FROM answers WHERE address = :address AND state = {_READ})"  # noqa: S608
_QUEUE_IF_READ = {
    one: f"INSERT OR REPLACE INTO queue(article) SELECT {who} AND {_IF_READ}" for one, who in _NAMING.items()
}
_NAMED_TOO = {one: f"INSERT OR IGNORE INTO named SELECT :target, {who}" for one, who in _NAMING.items()}
_LINKS = (
    f"SELECT DISTINCT told FROM answers WHERE address = ? AND state = {_READ}"  # noqa: S608
    """ AND (told LIKE '{"to":%' OR told LIKE '{"as":%')"""
)
_NOW_DUE = f"UPDATE answers SET state = {_DUE} WHERE address = ? AND state = {_UNNAMED}"  # noqa: S608
_ALL_DUE = (
    "SELECT answers.number, path, answers.container, name, offset, inner, url, date FROM answers"  # noqa: S608
    f" JOIN containers ON containers.number = answers.container WHERE state = {_DUE}"
    " AND (answers.container, name, offset, inner, answers.number) > (?, ?, ?, ?, ?)"
    f" ORDER BY answers.container, name, offset, inner, answers.number LIMIT {_SOME}"
)
_CROWD = (
    "SELECT number FROM (SELECT number, state, row_number() OVER whole AS place, count(*) OVER () AS total"  # noqa: S608
    " FROM answers WHERE address = :address WINDOW whole AS (ORDER BY date, number))"
    f" WHERE state = {_DUE} AND place > :half AND place <= total - :half"
)


_SCHEME = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)


class Met(NamedTuple):
    """An answer as an import meets it.

    offset, inner: as `scraper.containers.Mark`.  name: path within a folder.  date: ISO 8601, in UTC.  told: what is
    known of it without reading it, as for `FilePlaces.tell`.
    """

    url: str
    offset: int = 0
    inner: int = 0
    name: str = ""
    date: str | None = None
    told: dict[str, Any] | None = None


class Due(NamedTuple):
    """An answer to be read. container: its path."""

    number: int
    container: str
    name: str
    offset: int
    inner: int
    url: str
    date: str | None


class Answer(NamedTuple):
    """An answer that was read."""

    url: str
    date: str | None
    told: dict[str, Any]


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

    # ── while containers are read ─────────────────────────────────────────────────────────────────────────────────

    def begin(self, note: str, container: Path, *, fresh: bool) -> int:
        """The number of a container, read under one choice of its members. fresh: forget what was noted of it.

        note: the name of its import's note.
        """
        path = os.fsencode(container.resolve())
        with self._writing():
            is_new = self._db.execute("INSERT OR IGNORE INTO containers(note) VALUES (?)", [note]).rowcount > 0
            self._db.execute("UPDATE containers SET path = ? WHERE note = ?", [path, note])
            (number,) = self._db.execute("SELECT number FROM containers WHERE note = ?", [note]).fetchone()
            if fresh and not is_new:
                self._db.execute("DELETE FROM answers WHERE container = ?", [number])
        return int(number)

    def note(
        self,
        container: int,
        met: Iterable[Met],
        named: Iterable[tuple[str, Iterable[str]]],
        changed: Iterable[str] = (),
    ) -> None:
        """Note answers of a container, and the files that articles name, (id of the article, addresses) each: durably,
        all or none. changed: files of a folder of which nothing that was noted before holds any more."""
        with self._writing():
            names = [(container, os.fsencode(name)) for name in changed]
            self._db.executemany("DELETE FROM answers WHERE container = ? AND name = ? AND name <> x''", names)
            told: set[int] = set()
            for one in met:
                if (address := _number(one.url)) is not None:
                    self._note(container, address, one)
                    told.update([address] if one.told is not None else [])
            for address in told:
                self._spread(address)
            for article, urls in named:
                number = numbers_with(article).start
                for address in filter(None, map(_number, urls)):
                    self._db.execute("INSERT OR IGNORE INTO named VALUES (?, ?)", [address, number])
                    self._db.execute(_NOW_DUE, [address])
                    self._spread(address, number)

    # ── afterwards ────────────────────────────────────────────────────────────────────────────────────────────────

    def due(self) -> Iterator[Due]:
        """The answers to be read, as they lie in their containers; those that come to be due meanwhile may follow."""
        after = (-1, b"", -1, -1, -1)
        while True:
            with self._faults():
                rows = self._db.execute(_ALL_DUE, after).fetchall()
            for number, path, container, name, offset, inner, url, date in rows:
                after = (container, name, offset, inner, number)
                yield Due(number, os.fsdecode(path), os.fsdecode(name), offset, inner, url, date)
            if not rows:
                return

    def pass_over(self) -> int:
        """Leave out the middle of what is due of an address that has more than MOST_ANSWERS; how many that are."""
        with self._writing():
            crowded = self._db.execute(
                f"SELECT address FROM answers INDEXED BY due WHERE state = {_DUE} GROUP BY address HAVING count(*) > ?",  # noqa: S608
                [MOST_ANSWERS],
            ).fetchall()
            halves = ({"address": address, "half": MOST_ANSWERS // 2} for (address,) in crowded)
            left_out = [row for given in halves for row in self._db.execute(_CROWD, given).fetchall()]
            self._db.executemany(f"UPDATE answers SET state = {_PASSED_OVER} WHERE number = ?", left_out)  # noqa: S608
        return len(left_out)

    def tell(self, read: Iterable[tuple[int, dict[str, Any]]]) -> None:
        """Note what answers turned out to be: (number, what) each, durably, all or none.

        what: {"file": a `KeptFile` as a dict}; {"to": address} for a redirect; {"as": [address, date]} for one that is
        the same as an earlier one; {} for nothing.
        """
        with self._writing():
            known: set[int] = set()
            for number, told in read:
                self._db.execute(
                    f"UPDATE answers SET state = {_READ}, told = ? WHERE number = ?",  # noqa: S608
                    [json.dumps(told), number],
                )  # it is no more where its container is being imported anew
                known.update(*self._db.execute("SELECT address FROM answers WHERE number = ?", [number]))
            for address in known:
                self._spread(address)

    def answers(self, url: str) -> list[Answer]:
        """What was read of an address, oldest first; of very many, the oldest and the newest.

        That very address where it was met, else those that only differ in the case of letters, which is all one to
        SharePoint.
        """
        with self._faults():
            rows = self._db.execute(
                f"SELECT url, date, told FROM answers WHERE address = ? AND state = {_READ} ORDER BY date, number",  # noqa: S608
                [_number(url)],
            ).fetchall()
        if len(rows) > 2 * MOST_ANSWERS:
            rows = rows[:MOST_ANSWERS] + rows[-MOST_ANSWERS:]
        found = [Answer(row[0], row[1], json.loads(row[2])) for row in rows if row[2]]
        return [one for one in found if _same(one.url, url)] or found

    def queued(self) -> Iterator[tuple[int, str]]:
        """The articles of whose files something was learned: stamp, id."""
        after = -1
        while True:
            with self._faults():
                rows = self._db.execute(
                    "SELECT stamp, article FROM queue WHERE stamp > ? ORDER BY stamp LIMIT ?", [after, _SOME]
                ).fetchall()
            for after, article in rows:
                yield after, id_of(article)
            if not rows:
                return

    def settle(self, stamps: Iterable[int]) -> None:
        """These articles were told; who was queued again meanwhile has another stamp."""
        with self._writing():
            self._db.executemany("DELETE FROM queue WHERE stamp = ?", [(stamp,) for stamp in stamps])

    def is_idle(self) -> bool:
        """Whether nothing is due and nobody queued."""
        asked = f"SELECT EXISTS (SELECT 1 FROM queue) OR EXISTS (SELECT 1 FROM answers WHERE state = {_DUE})"  # noqa: S608
        with self._faults():
            return not self._db.execute(asked).fetchone()[0]

    def _note(self, container: int, address: int, met: Met) -> None:
        told = None if met.told is None else json.dumps(met.told)
        facts = {"address": address, "container": container, "name": os.fsencode(met.name), "told": told}
        self._db.execute(_NOTE, facts | {"offset": met.offset, "inner": met.inner, "url": met.url, "date": met.date})

    def _spread(self, address: int, article: int | None = None) -> None:
        """Queue who names an address of which something is known; what its answers lead to is named by them, too.

        article: the one that is meant, all if None.
        """
        one, addresses = article is not None, [address]
        while addresses:
            address = addresses.pop()
            given = {"address": address, "article": article}
            self._db.execute(_QUEUE_IF_READ[one], given)
            for target in filter(None, map(_number, self._leads(address))):
                if target != address and self._db.execute(_NAMED_TOO[one], given | {"target": target}).rowcount > 0:
                    self._db.execute(_NOW_DUE, [target])
                    addresses.append(target)

    def _leads(self, address: int) -> list[str]:
        """Where redirects and revisits of an address lead."""
        links = [json.loads(told) for (told,) in self._db.execute(_LINKS, [address])]
        return [url for link in links if (url := link.get("to") or next(iter(link.get("as") or ()), None))]

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


def is_idle(archive: Path) -> bool:
    """Whether nothing of what was imported into an archive is due. Raises as `FilePlaces`."""
    if not (archive / FOLDER / FILE).exists():
        return True
    with FilePlaces(archive) as places:
        return places.is_idle()


def _same(one: str, other: str) -> bool:
    """Whether two addresses with the same `address_key` do not differ in case either."""
    return unquote(_SCHEME.sub("", one)) == unquote(_SCHEME.sub("", other))


def _number(url: str) -> int | None:
    key = address_key(url)
    return None if key is None else number_of(f"file {key}")
