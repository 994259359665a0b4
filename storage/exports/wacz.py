"""WACZ 1.1.1: a ZIP file that replay tools open: the WARC, its index, and a list of pages with their texts.

    archive/captures.warc.gz    as `warc` writes it
    indexes/index.cdx.gz        CDXJ in blocks, each a gzip member; indexes/index.idx says where they begin
    pages/pages.jsonl           the articles that have a capture: title, url, ts, text
    datapackage.json            size and SHA-256 of these; datapackage-digest.json has that of itself

Everything is stored without compression by the ZIP: readers fetch single stretches of the file.
https://specs.webrecorder.net/wacz/1.1.1/
"""

from __future__ import annotations

import gzip
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import IO, Any, BinaryIO, cast

from storage.exports.digests import Digested
from storage.exports.holdings import Holdings, Json, software, utc
from storage.exports.members import Member
from storage.exports.texts import dumps
from storage.exports.warc import RIGHTS, Warc

WARC, INDEX, BLOCKS, PAGES = (
    "archive/captures.warc.gz",
    "indexes/index.cdx.gz",
    "indexes/index.idx",
    "pages/pages.jsonl",
)
BLOCK_LINES = 2048
_COPY_BYTES = 1 << 20
_TIME_FIELD = (0x5455, 5, 1)
"""Extra field of each part, its time of change. Were there none in the central directory, ReplayWeb.page would take it
that there is none before the part either, where Python puts the sizes (ZIP64)."""


def write(records: Iterable[Json], out: BinaryIO, holdings: Holdings) -> int:
    """Write the file and give the number of records."""
    with zipfile.ZipFile(out, "w") as folder, tempfile.TemporaryFile() as pages, tempfile.TemporaryFile() as blocks:
        whole = Wacz(folder, holdings)
        count = 0
        pages.write(_json({"format": "json-pages-1.0", "id": "pages", "title": "Articles", "hasText": True}))
        with whole.part(WARC) as file:
            warc = Warc(cast(BinaryIO, file), holdings, WARC, indexed=True)
            for count, record in enumerate(records, 1):  # noqa: B007 - it is the result
                for state, member in warc.added(record):
                    if member is not None:
                        pages.write(_json(_page(state, member)))
        with whole.part(INDEX) as file:
            _write_index(holdings, file, blocks.write)
        for name, kept in ((BLOCKS, blocks), (PAGES, pages)):
            kept.seek(0)
            with whole.part(name) as file:
                while piece := kept.read(_COPY_BYTES):
                    file.write(piece)
        whole.described(count)
    return count


class Wacz:
    """The ZIP file, and what its descriptor says of its parts."""

    def __init__(self, folder: zipfile.ZipFile, holdings: Holdings) -> None:
        self._folder, self._holdings = folder, holdings
        self._resources: list[Json] = []

    @contextmanager
    def part(self, path: str, *, listed: bool = True) -> Iterator[Digested]:
        """A stream for a part of that name."""
        created = self._holdings.created.astimezone(UTC)
        about = zipfile.ZipInfo(path, max(created.timetuple()[:6], (1980, 1, 1, 0, 0, 0)))
        about.extra = struct.pack("<HHBl", *_TIME_FIELD, int(created.timestamp()))
        about.external_attr = 0o644 << 16
        with self._folder.open(about, "w", force_zip64=True) as file:
            digested = Digested(cast(BinaryIO, file), "sha256")
            yield digested
        if listed:
            name = path.rpartition("/")[2]
            self._resources.append({"name": name, "path": path, "hash": _hash(digested), "bytes": digested.size})

    def described(self, count: int) -> None:
        """Write the descriptor and its digest."""
        descriptor = {
            "profile": "data-package",
            "wacz_version": "1.1.1",
            "title": f"Articles of public portals: {count}",
            "description": RIGHTS,
            "created": utc(self._holdings.created),
            "modified": utc(self._holdings.created),
            "software": software(),
            "selection": dict(self._holdings.selection),
            "resources": self._resources,
        }
        with self.part("datapackage.json", listed=False) as file:
            file.write((dumps(descriptor, indent=2) + "\n").encode("utf-8", "backslashreplace"))
        with self.part("datapackage-digest.json", listed=False) as digest:
            digest.write(_json({"path": "datapackage.json", "hash": _hash(file)}))


def _write_index(holdings: Holdings, out: Digested, tell: Callable[[bytes], Any]) -> None:
    """Write the lines in blocks; `tell` takes the lines of the index over the blocks."""
    lines = holdings.scratch.execute("SELECT line FROM lines ORDER BY line")
    tell(b'!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n')
    while block := [line for (line,) in lines.fetchmany(BLOCK_LINES)]:
        start = out.size
        packed = gzip.compress("".join(block).encode("utf-8", "backslashreplace"), mtime=0)
        one = Digested(cast(IO[bytes], out), "sha256")  # type: ignore[arg-type]
        one.write(packed)
        key, time, _ = block[0].split(" ", 2)
        facts = {"offset": start, "length": one.size, "digest": _hash(one), "filename": "index.cdx.gz"}
        tell(f"{key} {time} {dumps(facts)}\n".encode())


def _page(state: Json, member: Member) -> Json:
    """A line of the list of pages: the address and time under which the capture is in the index."""
    facts = {
        "id": f"{state.get('id')}-{state.get('revision')}",
        "url": member.url,
        "ts": member.date,
        "title": state.get("title"),
        "text": state.get("body_text"),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _json(value: Json) -> bytes:
    return (dumps(value) + "\n").encode("utf-8", "backslashreplace")


def _hash(digested: Digested) -> str:
    return f"sha256:{digested.hexdigest('sha256')}"
