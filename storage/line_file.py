"""Appending to a table's file, and taking back what an append has left unfinished."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from storage.decide import Json
from storage.files import keep_aside, refuse_full_disk, write_at
from storage.line_format import CLOSING, SEPARATOR, line_of
from storage.line_places import KeysOf, Owned
from storage.line_reader import LineReader
from storage.line_scan import Damage


class LineFile(LineReader):
    """A `LineReader` that can also be written to, by whoever holds the archive's lock."""

    def __init__(self, path: Path, table: str, keys_of: KeysOf, *, writable: bool, alone: bool = False) -> None:
        self._unsettled: list[tuple[int, Owned, bytes]] = []
        super().__init__(path, table, keys_of, writable=writable, alone=alone)

    def append(self, documents: Mapping[int, Json]) -> None:
        """Put documents at the end, durably, in one write over the closing bytes; they are known after `settle`.

        The caller holds the lock, has refreshed, knows of no damage, and on any exception calls `cut`. Raises OSError.
        """
        lines = [line_of(number, document) for number, document in documents.items()]
        keys = [self._places.keys_of(document) for document in documents.values()]
        written = b"".join((self._gap, SEPARATOR.join(lines), CLOSING))
        refuse_full_disk(self._fd, len(written))
        write_at(self._fd, written, self.end)
        os.fdatasync(self._fd)
        self._unsettled += zip(documents, keys, lines, strict=True)

    @property
    def _gap(self) -> bytes:
        """What stands between the last line and the next."""
        return b"\n" if self.end == self.head.length else SEPARATOR

    def settle(self) -> None:
        """Know the places of what was appended. The caller holds the lock."""
        for number, keys, line in self._unsettled:
            at = self.end + len(self._gap)
            self._places.note(number, keys, at, len(line))
            self._set_end(at + len(line), line)
        self._size = self.end + len(CLOSING)
        self._unsettled.clear()
        if self.has_many_unindexed:
            self.save_index()

    def cut(self, end: int) -> None:
        """Make `end` the end of the last line again, as far as the disk allows."""
        with contextlib.suppress(OSError):
            write_at(self._fd, CLOSING, end)
            os.ftruncate(self._fd, end + len(CLOSING))
            os.fdatasync(self._fd)
        self._size = -1

    def set_aside(self, torn: Damage) -> str:
        """Cut a torn end off, keep its bytes in a file beside, and say so."""
        at, length, cause = torn
        aside = self.path.with_suffix(".torn")
        if length > 0:
            keep_aside(aside, self._fd, at, length)
        self.cut(at)
        self.torn, self._size = None, at + len(CLOSING)
        kept = f"; its {length} bytes are kept in {aside.name}" if length else ""
        return f"{self.path}: {cause} at byte {at}: an unfinished write was cut off{kept}"

    def refuse_lack_of_room(self) -> None:
        """Raise OSError where the disk has no room for a second file of what counts."""
        refuse_full_disk(self._fd, self.live_bytes)
