"""The tables of the search index: SQLite with FTS5, written here and nowhere else.

    words       an FTS5 table without content: the texts with d for đ; its tokenizer drops the tone marks
    articles    per row of `words`: document number, id, date and portals of the article
    texts       per row of `words`: the printed texts, for snippets, and for taking a row out of `words` again
    covers      one row: the mark of the feed up to which the index goes

Works with SQLite 3.27 (2019) and later: that version brought `remove_diacritics 2`, without which letters with two
marks, as Vietnamese has, stay as they are. Rows are numbered as they come, because FTS5 writes a segment of its own
for each row that does not follow the last (document numbers are hashes).
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from storage import identity

VERSION = 1
"""Raised when tables or fields change; an index of another version is made again."""

FIELDS: Mapping[str, tuple[float, tuple[str, ...]]] = {
    "title": (10.0, ("title",)),
    "summary": (4.0, ("subtitle", "summary")),
    "body": (1.0, ("body_text",)),
    "section": (2.0, ("section",)),
    "author": (3.0, ("author", "source")),
    "agency": (0.5, ("agency",)),
    "tags": (4.0, ("tags",)),
    "captions": (2.0, ("images.caption", "attachments.label")),
}
"""Field of the index → weight of a find in it (for FTS5's bm25), and the places in a record that it is read from."""

_NAMES = ", ".join(FIELDS)
_MARKS = ", ".join("?" for _ in FIELDS)
WEIGHTS = ", ".join(str(weight) for weight, _ in FIELDS.values())
_APPLICATION = 0x6C757574  # "luut", so that `file` can name it
_SCHEMA = (
    f"CREATE VIRTUAL TABLE words USING fts5({_NAMES}, content='', tokenize='unicode61 remove_diacritics 2')",
    "CREATE TABLE articles(row INTEGER PRIMARY KEY, number INTEGER NOT NULL UNIQUE, id, published, portals)",
    f"CREATE TABLE texts(row INTEGER PRIMARY KEY, {_NAMES})",
    "CREATE TABLE covers(one INTEGER PRIMARY KEY CHECK (one = 1), generation TEXT, position INTEGER)",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
# The names in these statements are ours.
_ADD_TEXTS = f"INSERT INTO texts VALUES (?, {_MARKS})"  # noqa: S608
_ADD_WORDS = f"INSERT INTO words(rowid, {_NAMES}) VALUES (?, {_MARKS})"  # noqa: S608
_DROP_WORDS = f"INSERT INTO words(words, rowid, {_NAMES}) VALUES ('delete', ?, {_MARKS})"  # noqa: S608
_ORIGIN = re.compile(r"https?://[^\s/?#\\]+(?=[/?#])")
_BUSY_SECONDS = 10.0
_BATCH = 256

Mark = tuple[str, int]


class Row(NamedTuple):
    """What the index keeps of an article. portals: hosts of its addresses, one a line, with line breaks around."""

    id: str
    published: str
    portals: str
    texts: tuple[str, ...]


def connect(path: Path | None) -> sqlite3.Connection:
    """The database of an existing file, or a private one that vanishes when it is closed. Raises sqlite3.Error."""
    name = "" if path is None else f"{path.absolute().as_uri()}?mode=rw"
    index = sqlite3.connect(name, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
    index.execute("PRAGMA trusted_schema = OFF")  # the file may come from elsewhere; older SQLite ignores this
    return index


def covered(index: sqlite3.Connection) -> Mark | None:
    """How far the index goes; None for one of another version. Raises sqlite3.DatabaseError."""
    if index.execute("PRAGMA user_version").fetchone() != (VERSION,):
        return None
    generation, position = index.execute("SELECT generation, position FROM covers").fetchone() or ("", None)
    return (generation, position) if isinstance(generation, str) and isinstance(position, int) else None


def fill(index: sqlite3.Connection, documents: Iterable[tuple[int, Mapping[str, Any]]], mark: Mark) -> None:
    """Put documents into an index, which is made first where there is none; all in one transaction, or nothing."""
    index.execute("BEGIN IMMEDIATE")
    try:
        if not index.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in _SCHEMA:
                index.execute(statement)
        waiting = iter(documents)
        while batch := dict(islice(waiting, _BATCH)):
            _put(index, {number: row_of(document) for number, document in batch.items()})
        index.execute("REPLACE INTO covers VALUES (1, ?, ?)", mark)
        index.execute("COMMIT")
    except BaseException:
        if index.in_transaction:
            index.execute("ROLLBACK")
        raise


def row_of(document: Mapping[str, Any]) -> Row:
    """What the index keeps of a stored dict, whatever JSON values that holds."""
    aliases = document.get("aliases")
    addresses = [document.get("url"), *(aliases if isinstance(aliases, list) else ())]
    portals = dict.fromkeys(host for address in addresses if isinstance(address, str) and (host := _host(address)))
    texts = (_kept(_texts_at(document, places)) for _, places in FIELDS.values())
    return Row(
        _kept(_texts_at(document, ("id",))),
        _kept(_texts_at(document, ("published_at",))),
        _kept(["", *portals, ""]),
        tuple(texts),
    )


def _host(address: str) -> str:
    """`identity.host_of`, which remembers what it is asked: so it is asked about the host alone."""
    found = _ORIGIN.match(address)
    return identity.host_of(found[0] if found else address)


def _texts_at(document: Mapping[str, Any], places: Iterable[str]) -> list[str]:
    """Every text at some places (`title`, `images.caption`) of a stored dict, whatever stands there."""
    found: list[str] = []
    for place in places:
        value = document.get(place)
        if isinstance(value, str):
            found.append(value)
        else:
            name, _, within = place.partition(".")
            found += _texts(document.get(name), within)
    return found


def _texts(value: Any, name: str) -> Iterable[str]:
    """Every text in a JSON value, only those of that name where one is given; of the agency not the whole footer."""
    if isinstance(value, str):
        return () if name else (value,)
    if isinstance(value, list):
        return [text for item in value for text in _texts(item, name)]
    if isinstance(value, dict):
        wanted = [value.get(name)] if name else [item for key, item in value.items() if key != "raw_text"]
        return _texts(wanted, "")
    return ()


def _put(index: sqlite3.Connection, rows: Mapping[int, Row]) -> None:
    """Put rows by document number. What is there already stays; older states go first, in ascending order."""
    known = dict(_stored(index, rows))
    fresh = {number: row for number, row in rows.items() if number not in known or known[number][1] != row}
    for place, stored in sorted(known[number] for number in fresh if number in known):
        index.execute(_DROP_WORDS, (place, *map(_searched, stored.texts)))
        index.execute("DELETE FROM texts WHERE row = ?", (place,))
        index.execute("DELETE FROM articles WHERE row = ?", (place,))
    (last,) = index.execute("SELECT max(row) FROM articles").fetchone()
    placed = [(place, number, row) for place, (number, row) in enumerate(fresh.items(), (last or 0) + 1)]
    index.executemany(
        "INSERT INTO articles VALUES (?, ?, ?, ?, ?)", [(at, number, *row[:3]) for at, number, row in placed]
    )
    index.executemany(_ADD_TEXTS, [(at, *row.texts) for at, _, row in placed])
    index.executemany(_ADD_WORDS, [(at, *map(_searched, row.texts)) for at, _, row in placed])


def _stored(index: sqlite3.Connection, numbers: Collection[int]) -> Iterator[tuple[int, tuple[int, Row]]]:
    """Document number → row number and row, of those numbers that there are."""
    wanted = ", ".join("?" for _ in numbers)
    found = index.execute(f"SELECT * FROM articles WHERE number IN ({wanted})", tuple(numbers))  # noqa: S608
    for place, number, name, published, portals in found.fetchall():
        yield number, (place, Row(name, published, portals, texts_of(index, place)))


def texts_of(index: sqlite3.Connection, row: int) -> tuple[str, ...]:
    """The printed texts of a row, in the order of FIELDS. Raises sqlite3.DatabaseError where they are missing."""
    found: tuple[Any, ...] | None = index.execute("SELECT * FROM texts WHERE row = ?", (row,)).fetchone()
    if found is None:
        raise sqlite3.DatabaseError(f"the texts of row {row} are missing")
    return found[1:]


def _searched(text: str) -> str:
    """A text as the tokenizer should see it: d for đ and its look-alikes."""
    return text.replace("đ", "d").replace("Đ", "D").replace("ð", "d").replace("Ð", "D")


def _kept(texts: Iterable[str]) -> str:
    """Texts, one a line, in NFC; what UTF-8 cannot hold becomes a question mark."""
    text = unicodedata.normalize("NFC", "\n".join(texts))
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
