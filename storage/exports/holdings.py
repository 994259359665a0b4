"""What an archive keeps besides its records, as the formats that hand it over need it: captures, files, earlier states.

Captures are found by address, through the CDXJ files beside them and, for what these do not list, by going through the
WARC files. What was found goes into a temporary SQLite file, so memory does not grow with the archive.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any

from scraper.errors import ArchiveError
from storage import identity
from storage.exports import cdxj
from storage.exports.members import CAPTURES, FOLDER, Member, Members, timestamp
from storage.exports.texts import values

if TYPE_CHECKING:
    from storage.archive import Archive

Json = dict[str, Any]
Place = tuple[str, int]
"""A member's file, relative to the archive's folder, and offset."""

Row = tuple[str, int, str | None, str, str, bool]

DAMAGED = "files of captures that could not be read to their end"
_SOME = 5
_TABLES = """
CREATE TABLE captures (
  file TEXT, offset INTEGER, key TEXT, time TEXT, digest TEXT, revisit INTEGER, PRIMARY KEY (file, offset)
);
CREATE INDEX by_key ON captures (key);
CREATE TABLE written (file TEXT, offset INTEGER, there INTEGER, PRIMARY KEY (file, offset)) WITHOUT ROWID;
CREATE TABLE lines (line TEXT);
"""


class Holdings:
    """Of an open archive. created: when the hand-over is made.  name: of the file or folder that it goes to.

    selection: the filters that chose the records. Close it, or use it as a context manager.
    """

    def __init__(self, archive: Archive, *, created: datetime, name: str, selection: Mapping[str, Any]) -> None:
        self.archive, self.created, self.name, self.selection = archive, created, name, selection
        self.members = Members(archive.path)
        self._scratch: sqlite3.Connection | None = None
        self._lacking: dict[str, list[str]] = {}
        self._counts: Counter[str] = Counter()

    def __enter__(self) -> Holdings:
        return self

    def __exit__(self, *_: object) -> None:
        self.members.close()
        if self._scratch is not None:
            self._scratch.close()

    @property
    def scratch(self) -> sqlite3.Connection:
        """A temporary database with the tables `captures` (of the archive), `written` and `lines` (for the writer)."""
        if self._scratch is None:
            self._scratch = sqlite3.connect("", isolation_level=None)  # a file without a name, which the system removes
            self._scratch.execute("PRAGMA journal_mode = OFF")
            self._scratch.executescript(_TABLES)
            for file in self.members.files(".cdxj"):
                self._listed(file)
            for file in self.members.files(".warc.gz"):
                self._scan(file)
        return self._scratch

    def captures_of(self, addresses: Iterable[str]) -> Iterator[Place]:
        """Places of all captures of these addresses, file by file."""
        for key in dict.fromkeys(filter(None, map(_key, addresses))):
            asked = "SELECT file, offset FROM captures WHERE key = ? ORDER BY file, offset"
            yield from self.scratch.execute(asked, [key]).fetchall()

    def original_of(self, repeat: Member) -> Place | None:
        """Where the content is that a revisit repeats: with the same payload, of the address and time that it names.

        Also for a metadata record that stands in a capture's place, because the page differed in noise alone.
        """
        named = repeat.headers.get
        url = named("warc-refers-to-target-uri", "").strip("<>") or repeat.url
        digest = repeat.digest if repeat.kind == "revisit" else ""
        asked = (
            "SELECT file, offset FROM captures WHERE key = ? AND NOT revisit AND ? IN (digest, '')"
            " ORDER BY time = ? DESC, time <= ? DESC, time DESC LIMIT 1"
        )
        facts = [_key(url), digest, timestamp(named("warc-refers-to-date", "")), repeat.timestamp]
        found: Place | None = self.scratch.execute(asked, facts).fetchone()
        return found

    def is_written(self, url: str, sha1: str) -> bool:
        """Whether an answer of that address with that payload (SHA-1 in base 32) is among what was written."""
        asked = "SELECT 1 FROM captures JOIN written USING (file, offset) WHERE key = ? AND digest = ? AND NOT revisit"
        return self.scratch.execute(asked, [_key(url), sha1]).fetchone() is not None

    def earlier_states(self, record: Json) -> list[Json]:
        """Superseded states of an article, oldest first."""
        if not isinstance(record.get("revision"), int) or not isinstance(record.get("id"), str):
            return []
        states = self.archive.history(record["id"]) if record["revision"] > 1 or record.get("absences") else []
        return [state for state in states if state["revision"] != record["revision"]]

    def file(self, sha256: str) -> io.BufferedReader | None:
        """A kept file's content for reading, if it is there and is what its name says."""
        try:
            if self.archive.files.fault_of(sha256):
                return None
            return self.archive.files.open(sha256)
        except (ArchiveError, ValueError):
            return None

    def lacking(self, what: str, reference: str) -> None:
        """Note what could not be handed over."""
        self._counts[what] += 1
        if len(named := self._lacking.setdefault(what, [])) < _SOME:
            named.append(reference)

    def notices(self) -> list[str]:
        """What was lacking, for a person to hear: one line a kind, with its number and a few examples."""
        found = []
        for what, named in self._lacking.items():
            more = ", …" if self._counts[what] > len(named) else ""
            found.append(f"{what}: {self._counts[what]} ({', '.join(named)}{more})")
        return found

    def _listed(self, file: str) -> None:
        """Take in a CDXJ file."""
        self._take_in(
            (f"{FOLDER}/{one.file}", one.offset, _key(one.url), one.time, one.digest, one.revisit)
            for one in cdxj.read(self.members.lines(file))
        )

    def _scan(self, file: str) -> None:
        """Take in what follows the last capture that an index lists."""
        (last,) = self.scratch.execute("SELECT MAX(offset) FROM captures WHERE file = ?", [file]).fetchone()
        read = last or 0

        def rows() -> Iterator[Row]:
            nonlocal read
            for member in self.members.walk(file, read):
                read = member.offset + member.length
                if member.kind in CAPTURES:
                    is_revisit = member.kind == "revisit"
                    yield member.file, member.offset, _key(member.url), member.timestamp, member.digest, is_revisit

        self._take_in(rows())
        if read < self.members.size(file):
            self.lacking(DAMAGED, f"{file} at byte {read}")

    def _take_in(self, rows: Iterable[Row]) -> None:
        assert self._scratch is not None  # noqa: S101 - they are called while it is made
        self._scratch.executemany("INSERT OR IGNORE INTO captures VALUES (?, ?, ?, ?, ?, ?)", rows)


def addresses(state: Json) -> list[str]:
    """Every address that a stored state was reached at, the one before redirects included."""
    capture = state.get("capture")
    asked = [capture.get(name) for name in ("requested_url", "final_url")] if isinstance(capture, dict) else []
    return [*identity.addresses(state), *(one for one in asked if isinstance(one, str))]


def file_addresses(state: Json) -> list[str]:
    """Addresses of a state's pictures and attachments."""
    found = [url for name in ("files", "images", "attachments") for url in values(state.get(name), ["url"])]
    return [url for url in dict.fromkeys(found) if isinstance(url, str)]


def kept_contents(state: Json) -> Iterator[tuple[str, str, Json]]:
    """(address, SHA-256, facts) of every content of its pictures and attachments that a state says is kept."""
    for one in (one for one in state.get("files") or () if isinstance(one, dict)):
        for kept in (one, *(past for past in one.get("earlier") or () if isinstance(past, dict))):
            match one, kept:
                case {"url": str(url)}, {"path": str(), "sha256": str(sha256)}:
                    yield url, sha256, kept


def place_of(state: Json) -> Place | None:
    """Where a state says that its capture is (`capture.warc`)."""
    capture = state.get("capture")
    warc = capture.get("warc") if isinstance(capture, dict) else None
    match warc:
        case {"file": str(file), "offset": int(offset)}:
            return file, offset
    return None


def sha1(stream: io.BufferedReader) -> str:
    """The stream's SHA-1 in base 32, as WARC files name digests; it is at its beginning before and after."""
    digest = hashlib.file_digest(stream, "sha1").digest()
    stream.seek(0)
    return base64.b32encode(digest).decode()


def utc(moment: str | datetime | None) -> str | None:
    """A time as WARC dates are written (`2024-03-01T08:00:00Z`); None for what is no time with an offset."""
    try:
        time = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment or "")
        return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def software() -> str:
    """Name and version of this program."""
    try:
        return f"luutru {metadata.version('luutru')}"
    except metadata.PackageNotFoundError:
        return "luutru"


def _key(address: str) -> str | None:
    return identity.address_key(address) if isinstance(address, str) else None
