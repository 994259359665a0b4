"""BagIt 1.0 (RFC 8493): a folder with everything, and the digests by which another archive checks what it received.

    data/records.jsonl                current state of each article; data/revisions.jsonl: superseded states
    data/record.schema.json           what these lines mean
    data/captures/captures.warc.gz    as `warc` writes it; `capture.warc` of the lines above leads there
    data/files/ab/cdef…               kept pictures and attachments, where `files[].path` says, relative to data/

Names are these and SHA-256 digests: no name from a page becomes a path, and nothing is to be fetched.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from storage import kept_files, schema
from storage.exports.digests import Digested
from storage.exports.holdings import Holdings, Json, software
from storage.exports.texts import dumps
from storage.exports.warc import NO_FILE, RIGHTS, Warc
from storage.file_store import place_of

ALGORITHMS = ("sha256", "sha512")
RECORDS, REVISIONS, SCHEMA = "data/records.jsonl", "data/revisions.jsonl", "data/record.schema.json"
WARC = "captures/captures.warc.gz"

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 1 << 20
_TAG_FILES = ("bagit.txt", "bag-info.txt", *(f"manifest-{name}.txt" for name in ALGORITHMS))
_NAMES = re.compile(
    r"(?:bagit|bag-info|(?:tag)?manifest-(?:sha256|sha512))\.txt|data/"
    r"|data/(?:(?:records|revisions)\.jsonl|record\.schema\.json)|data/captures/(?:captures\.warc\.gz)?"
    r"|data/files/(?:[0-9a-f]{2}/(?:[0-9a-f]{62})?)?"
)


def write(records: Iterable[Json], folder: Path, holdings: Holdings) -> int:
    """Write the bag into an empty folder and give the number of records."""
    bag, count = Bag(folder), 0
    with bag.payload(SCHEMA) as out:
        out.write(schema.text().encode())
    with ExitStack() as open_files:
        current, superseded, captures = (
            open_files.enter_context(bag.payload(name)) for name in (RECORDS, REVISIONS, f"data/{WARC}")
        )
        warc = Warc(cast(BinaryIO, captures), holdings, WARC)
        for count, record in enumerate(records, 1):  # noqa: B007 - it is the result
            for state, _ in warc.added(record):
                lines = current if state.get("revision") == record.get("revision") else superseded
                lines.write((dumps(state) + "\n").encode("utf-8", "backslashreplace"))
                _copy_files(state, bag, holdings)
    bag.close(holdings, count)
    return count


def is_name(name: str) -> bool:
    """Whether `write` could have given a file that path, or a folder that path with a stroke at its end."""
    return _NAMES.fullmatch(name) is not None


class Bag:
    """The folder. Its manifests are written line by line as the payload comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bytes = self._files = 0
        self._manifests = {name: self._new(f"manifest-{name}.txt") for name in ALGORITHMS}

    def __contains__(self, path: str) -> bool:
        return (self._folder / path).exists()

    @contextmanager
    def payload(self, path: str) -> Iterator[Digested]:
        """A stream for a file of the payload; it is listed when the block ends."""
        (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
        with self._new(path) as file:
            digested = Digested(file, *ALGORITHMS)
            yield digested
        self._bytes, self._files = self._bytes + digested.size, self._files + 1
        for name, manifest in self._manifests.items():
            manifest.write(f"{digested.hexdigest(name)}  {path}\n".encode())

    def close(self, holdings: Holdings, count: int) -> None:
        """Write what describes the bag, at its end."""
        for manifest in self._manifests.values():
            manifest.close()
        facts = {
            "Bag-Software-Agent": software(),
            "Bagging-Date": holdings.created.date().isoformat(),
            "Payload-Oxum": f"{self._bytes}.{self._files}",
            "External-Description": f"Articles of public portals: {count}. {RIGHTS}",
            "Luutru-Selection": dumps(dict(holdings.selection)),
        }
        self._write("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
        self._write("bag-info.txt", "".join(f"{name}: {fact}\n" for name, fact in facts.items()))
        for name in ALGORITHMS:
            digests = ((hashlib.new(name, (self._folder / file).read_bytes()).hexdigest(), file) for file in _TAG_FILES)
            self._write(f"tagmanifest-{name}.txt", "".join(f"{digest}  {file}\n" for digest, file in digests))

    def _new(self, path: str) -> BinaryIO:
        return os.fdopen(os.open(self._folder / path, _FLAGS, 0o666), "wb")

    def _write(self, path: str, text: str) -> None:
        with self._new(path) as file:
            file.write(text.encode("utf-8", "backslashreplace"))


def _copy_files(state: Json, bag: Bag, holdings: Holdings) -> None:
    """Copy the contents of pictures and attachments that a state says are kept, each once."""
    for path, sha256 in kept_files.digests(state):
        try:
            place = f"data/{place_of(str(sha256))}"
        except ValueError:
            continue
        if place in bag or path != place.removeprefix("data/"):
            continue
        stream = holdings.file(str(sha256))
        if stream is None:
            holdings.lacking(NO_FILE, str(path))
            continue
        with stream, bag.payload(place) as out:
            while piece := stream.read(_BLOCK):
                out.write(piece)
