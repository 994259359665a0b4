"""The archive as one JSON file in TinyDB's layout, replaced as a whole and atomically.

    {"_meta": {"1": {"format": 1, "created_at": …, "written_by": …, "sha256": …}},
    "articles": {
    "<number>": {…one document on one line…},
    …},
    "revisions": {…}}

`sha256` is the digest of all bytes of the file but its own 64 digits, so that a flipped bit in the middle of a word
shows. A person who edits the file by hand on purpose puts null in its place. The file before the last write stays
beside it as `luutru.json.bak` where the file system has hard links.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tinydb.storages import Storage

from scraper.errors import ArchiveError, Corrupt, SchemaTooNew
from storage.faults import damaged, translated
from storage.files import Marks, content, marks_of, mode_of, synced, write_new
from storage.intake import encode
from storage.lock import WriterLock
from storage.tables import ArchiveTable

Tables = dict[str, dict[str, Any]]

FORMAT = 1
_META = "_meta"
_DIGEST = re.compile(rb'(?<="sha256": )(?:"[0-9a-f]{64}"|null)(?=\}\}[,}])')
_LONGEST_HEAD = 4096


class JsonStorage(Storage):
    """TinyDB storage over `folder`/luutru.json.

    writable: hold the lock from now on, or from the first write where the folder does not exist yet.
    lock_timeout: seconds to wait for another writer.  now: time stamp for the notes that the storage leaves.
    Raises Locked, Corrupt, SchemaTooNew or ArchiveError; a reader also where there is no archive.
    """

    FILE = "luutru.json"
    BACKUP = "luutru.json.bak"
    LOCK = "luutru.lock"
    LEFT_OVER = (".luutru.json.new", ".luutru.json.bak.new")

    def __init__(self, folder: Path, *, writable: bool, lock_timeout: float, now: str) -> None:
        super().__init__()
        self._folder = folder
        self._file = folder / self.FILE
        self._writable = writable
        self._lock_timeout = lock_timeout
        self._now = now
        self._lock: WriterLock | None = None
        self._seen: Marks | None = None
        self._tables: Tables | None = None
        try:
            if writable and os.path.lexists(folder):
                self.begin()
            if self.read() is None and not writable:
                raise ArchiveError(str(folder), what="there is no archive", hint="`luutru add` makes one")
        except BaseException:
            self.close()
            raise

    def begin(self) -> None:
        """Make sure that this run, and no other, may write: make the folder, take the lock, sweep up after a kill."""
        if not self._writable:
            raise ArchiveError(str(self._folder), "opened for reading only")
        if self._lock is not None:
            self._lock.check()
            return
        with translated(self._folder):
            missing = [folder for folder in (self._folder, *self._folder.parents) if not folder.is_dir()]
            for folder in reversed(missing):
                with synced(folder.parent):
                    folder.mkdir(exist_ok=True)
        self._lock = WriterLock(self._folder / self.LOCK, timeout=self._lock_timeout, since=self._now)
        with translated(self._folder):
            self._sweep()

    def read(self) -> Tables | None:
        """All tables, parsed again only when the file has changed; None before the first write. Not to be changed."""
        with translated(self._file):
            seen = marks_of(self._file)
            if seen is None:
                self._refuse_fresh_start()
                self._tables = None
            elif seen != self._seen or self._tables is None:
                raw, seen = content(self._file)
                self._tables = parse(raw, self._file, self._hint)
            self._seen = seen
        return None if self._tables is None else dict(self._tables)

    def write(self, data: Tables) -> None:
        """Replace all tables by `data`, durably; on an error the file is as before."""
        self.begin()
        meta = (self.read() or {}).get(_META, {}).get("1", {})
        meta = {"format": FORMAT, "created_at": meta.get("created_at", self._now), "written_by": _program()}
        tables: Tables = {_META: {"1": meta}, **{name: table for name, table in data.items() if name != _META}}
        try:
            with translated(self._folder):
                self._replace(serialised(tables))
                self._seen = marks_of(self._file)
        except BaseException:
            self._seen = self._tables = None
            raise
        self._tables = tables

    def commit(self, changes: Mapping[str, Mapping[int, Any]]) -> None:
        """Put documents (table → number → document) into their tables, all in one durable write or none of them."""
        self.begin()
        tables = self.read() or {}
        for name, documents in changes.items():
            tables[name] = {**tables.get(name, {}), **{str(number): doc for number, doc in documents.items()}}
        self.write(tables)

    def table(self, name: str) -> ArchiveTable:
        """The table of that name, for reading."""
        return ArchiveTable(self, name)

    def close(self) -> None:
        """Release the lock; more than once is fine."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _sweep(self) -> None:
        for name in self.LEFT_OVER:
            (self._folder / name).unlink(missing_ok=True)

    def _replace(self, chunks: list[bytes]) -> None:
        new, link = (self._folder / name for name in self.LEFT_OVER)
        try:
            with synced(self._folder):
                write_new(new, chunks, mode=mode_of(self._file))
                with contextlib.suppress(OSError):  # first write, or a file system without hard links
                    os.link(self._file, link, follow_symlinks=False)
                    link.replace(self._folder / self.BACKUP)
                new.replace(self._file)
        finally:
            with contextlib.suppress(OSError):
                self._sweep()

    def _refuse_fresh_start(self) -> None:
        if os.path.lexists(self._folder / self.BACKUP):
            raise Corrupt(str(self._file), "the file is missing", hint=self._hint())

    def _hint(self) -> str:
        backup = self._folder / self.BACKUP
        try:
            articles = parse(content(backup)[0], backup).get("articles", {})
        except (OSError, ArchiveError):
            return f"nothing was overwritten; restore {self.FILE} from a backup"
        return (
            f"nothing was overwritten; {self.BACKUP} is whole and holds {len(articles)} articles, as before an earlier "
            f"write: copy it to {self.FILE}"
        )


def parse(raw: bytes, source: Path, hint: Callable[[], str] = str) -> Tables:
    """Tables of a file's bytes, checked against its digest. Raises Corrupt (hint: makes its advice) or SchemaTooNew."""
    try:
        tables = json.loads(raw.decode("utf-8"))
        meta = tables[_META].get("1", tables[_META])
        version = meta["format"]
        if not isinstance(version, int) or not all(isinstance(table, dict) for table in tables.values()):
            raise ValueError("not an archive's JSON")
        if version > FORMAT:
            raise SchemaTooNew(str(source), f"format {version}, known up to {FORMAT}", hint="update luutru")
        _check_digest(raw)
    except (KeyError, TypeError, AttributeError) as error:
        raise damaged(source, raw, ValueError("not an archive's JSON"), hint()) from error
    except (ValueError, RecursionError) as error:
        raise damaged(source, raw, error, hint()) from error
    return dict(tables)


def serialised(tables: Tables) -> list[bytes]:
    """The file's bytes in pieces; `_meta` comes first and receives the digest of the rest."""
    meta = encode({_META: {"1": {**tables[_META]["1"], "sha256": None}}})[:-1].encode("utf-8")
    body = [piece for name, table in tables.items() if name != _META for piece in _table_lines(name, table)]
    body.append(b"}\n")
    at = meta.rindex(b"null")
    digest = hashlib.sha256(meta[:at] + meta[at + 4 :])
    for piece in body:
        digest.update(piece)
    return [meta[:at], f'"{digest.hexdigest()}"'.encode(), meta[at + 4 :], *body]


def _table_lines(name: str, table: Mapping[str, Any]) -> Iterator[bytes]:
    yield f",\n{encode(name)}: {{".encode()
    mark = "\n"
    for number, document in table.items():
        yield f"{mark}{encode(number)}: {encode(document)}".encode()
        mark = ",\n"
    yield b"}"


def _check_digest(raw: bytes) -> None:
    found = _DIGEST.search(raw, 0, _LONGEST_HEAD)
    if found is None:
        raise ValueError("no checksum in the first line")
    stated = found.group()
    digest = hashlib.sha256(raw[: found.start()])
    digest.update(memoryview(raw)[found.end() :])
    if stated not in (b"null", f'"{digest.hexdigest()}"'.encode()):
        raise ValueError("the content does not fit its checksum; if it was edited on purpose, put null for sha256")


def _program() -> str:
    from importlib import metadata

    try:
        return f"luutru {metadata.version('luutru')}"
    except metadata.PackageNotFoundError:
        return "luutru"
