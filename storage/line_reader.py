"""One generation of one table's file: where every document lies, and reading them.

A `LineReader` holds the file open. It knows places from the index as far as that covers the file, and from reading the
file beyond. When the file is written anew (compacted), a new one takes its place; whoever still reads from the
old one reads on undisturbed.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from scraper.errors import ArchiveError, Corrupt, SchemaTooNew
from storage.decide import Json
from storage.line_format import (
    CLOSING,
    FORMAT,
    LONGEST_HEAD,
    SEPARATOR,
    Head,
    NewerFormat,
    number_in,
    parsed,
    read_head,
    text_in,
)
from storage.line_index import Place
from storage.line_places import KeysOf, Places
from storage.line_scan import Damage, Scanner

FLUSH_LINES = 8192
"""Most lines that are known in memory alone; more go into the index."""
MIN_INDEXED = 256
"""Fewest such lines for which the index is written when the file is closed."""
REPAIR = (
    "nothing was overwritten; `luutru verify` names every fault, `luutru verify --repair` sets damaged bytes aside and "
    "keeps the rest"
)

_BLOCK = 1 << 18
_LAST = 10  # the checksum of a line and what closes it
_SECOND_GLANCE = 0.05
_OPEN_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LineReader:
    """The file at `path` of the table `table`.

    keys_of: the identity keys of a document.  alone: as for `refresh`.
    Raises FileNotFoundError where there is no file, other OSError, Corrupt for a damaged head or a file that has lost
    its end, SchemaTooNew, ArchiveError for what is no file.
    """

    def __init__(self, path: Path, table: str, keys_of: KeysOf, *, writable: bool, alone: bool = False) -> None:
        self.path = path
        self._name = os.fspath(path)
        self.damaged: list[Damage] = []
        self.torn: Damage | None = None
        self._hurt: set[int] = set()  # numbers whose last line is damaged
        self._writable = writable
        self._index_path = path.with_suffix(".index")
        self._size = self._fd = -1
        self._last = b""
        self.end = 0
        self._fd = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | _OPEN_FLAGS)
        try:
            found = os.fstat(self._fd)
            if not stat.S_ISREG(found.st_mode):
                raise ArchiveError(str(path), "not a regular file")
            self._identity = (found.st_dev, found.st_ino)
            self.head = self._read_head(table)
        except BaseException:
            os.close(self._fd)
            self._fd = -1
            raise
        self._places = Places(
            self._index_path, self.head.generation, keys_of, writable=writable, read_again=self._read_again
        )
        self._load_places()
        self.refresh(alone=alone)

    # What it holds

    def __len__(self) -> int:
        return self._places.documents

    @property
    def dead_bytes(self) -> int:
        """Bytes of lines that later ones replace."""
        return max(0, self.end - self.head.length - self._places.bytes - len(SEPARATOR) * len(self))

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self.end + len(CLOSING)

    @property
    def live_bytes(self) -> int:
        """Bytes of the lines that count."""
        return self._places.bytes

    def document(self, number: int) -> Json | None:
        """The document with that number. Raises Corrupt where its line is damaged."""
        if number in self._hurt:
            self.refuse_damage()
        place = self._places[number]
        if place is None:
            return None
        if not self._is_whole(place):  # the line is damaged, or the index is: the file itself decides
            self._read_again()
            if number in self._hurt:
                self.refuse_damage()
            place = self._places[number]
        return None if place is None else self._document(self.bytes_at(place), number, place.at)

    def _is_whole(self, place: Place) -> bool:
        try:
            text_in(self.bytes_at(place), place.number)
        except ValueError:
            return False
        return True

    def owner(self, key: str) -> int | None:
        """Number of the document that has this identity key."""
        return self._places.owner(key)

    def numbers(self, within: range, limit: int) -> list[int]:
        """Document numbers in a range, at least `limit` of them if there are so many."""
        return self._places.numbers(within, limit)

    def lines(self) -> Iterator[tuple[Place, bytes]]:
        """Place and line of each document in the order of first storing, as of now; the lines are not checked.

        Raises Corrupt if damage was met when the file was read.
        """
        self.refuse_damage()
        return self._lines()

    def _lines(self) -> Iterator[tuple[Place, bytes]]:
        window, origin, size = b"", 0, 0
        for place in self._places.until(self.end):
            _, _, at, length = place
            begin = at - origin
            if begin < 0 or begin + length > size:
                origin, begin = at, 0
                window = os.pread(self._fd, max(_BLOCK, length), origin)
                size = len(window)
            yield place, window[begin : begin + length]

    def checked_lines(self) -> Iterator[bytes]:
        """The bytes of `lines`, each of which fits its checksum. Raises Corrupt at a damaged one."""
        for place, line in self.lines():
            self._text(line, place.number, place.at)
            yield line

    def texts(self) -> Iterator[bytes]:
        """The JSON text of each document, as `lines`, without reading it as JSON. Raises Corrupt at a damaged one."""
        return self._texts(self.lines())

    def _texts(self, lines: Iterator[tuple[Place, bytes]]) -> Iterator[bytes]:
        place = None
        try:
            for place, line in lines:
                yield text_in(line, place.number)
        except ValueError as error:
            raise self._corrupt(error, place.at if place else 0) from error

    def bytes_at(self, place: Place) -> bytes:
        """The line at a place, unchecked."""
        return os.pread(self._fd, place.length, place.at)

    def documents(self) -> Iterator[tuple[int, Json]]:
        """Number and document of each, as `lines`. Raises Corrupt at a damaged one."""
        return ((place.number, self._document(line, place.number, place.at)) for place, line in self.lines())

    def mark(self) -> tuple[str, int]:
        """Generation and last bytes, and the byte at which the last line ends."""
        return f"{self.head.generation} {self._last_bytes(self.end).hex()}", self.end

    def follows(self, mark: tuple[str, int]) -> bool:
        """Whether the mark is of this generation, and the bytes before it are as they were."""
        state, end = mark
        return end <= self.end and state == f"{self.head.generation} {self._last_bytes(end).hex()}"

    def since(self, mark: tuple[str, int] | None) -> Iterator[tuple[int, Json]]:
        """Number and document of each line after the mark, oldest first; of all for a mark that is not followed."""
        return self._lines_after(mark[1]) if mark is not None and self.follows(mark) else self.documents()

    def _lines_after(self, end: int) -> Iterator[tuple[int, Json]]:
        self.refuse_damage()
        for at, line in Scanner(self._fd, start=self.head.length, at=end):
            number = number_in(line)
            yield number, self._document(line, number, at)

    # Keeping up

    def keep_up(self, *, alone: bool) -> bool:
        """As `refresh`, if the file that stands at its path is still this one; else nothing happens, and False.

        Raises OSError where nothing stands there.
        """
        there = os.lstat(self._name)
        if (there.st_dev, there.st_ino) != self._identity:
            return False
        self._take_in(there.st_size, alone)
        return True

    def refresh(self, *, alone: bool = False) -> None:
        """Take in what others have appended, and forget what a failed write of theirs has taken back.

        alone: the caller holds the lock, so nobody else is writing and the index may be written.
        """
        self._take_in(os.fstat(self._fd).st_size, alone)

    def _take_in(self, size: int, alone: bool) -> None:
        if not self._begins_as_known():
            self._places.forget()
            self.end, self._size, self.damaged, self._hurt = self.head.length, -1, [], set()
        if size == self._size:
            return
        self.end = self._places.catch_up(self.end)
        scanner, before = self._scan(alone), None
        while scanner.damaged and scanner.damaged != before:  # or a glance into the middle of a write: look again
            before = scanner.damaged
            time.sleep(_SECOND_GLANCE)
            scanner = self._scan(alone)
        self._set_end(scanner.end)
        self.torn, self._size = scanner.torn, size if scanner.torn is None else -1
        self.damaged += [found for found in scanner.damaged if found not in self.damaged]
        self._hurt = {number for found in self.damaged if (number := self._number_at(found.at)) is not None}

    def _number_at(self, at: int) -> int | None:
        """The number of the document whose line begins about there, where that can be read."""
        try:
            return number_in(os.pread(self._fd, 32, at).lstrip(SEPARATOR))
        except ValueError:
            return None

    def _set_end(self, end: int, line: bytes | None = None) -> None:
        """Know where the last line ends. line: that line, where it is at hand."""
        self.end, self._last = end, line[-_LAST:] if line else self._last_bytes(end)

    def _begins_as_known(self) -> bool:
        """Whether the last line that is known is still where it was."""
        return self._last_bytes(self.end) == self._last

    def _scan(self, alone: bool) -> Scanner:
        scanner = Scanner(self._fd, start=self.head.length, at=self.end)
        for at, line in scanner:
            number = number_in(line)
            self._places.note(number, self._places.keys_of(self._document(line, number, at)), at, len(line))
            if alone and self.has_many_unindexed and not scanner.damaged:
                self._set_end(at + len(line), line)
                self.save_index()
        return scanner

    def refuse_damage(self) -> None:
        """Raise Corrupt if damaged lines were met when the file was read."""
        if self.damaged:
            at, length, cause = self.damaged[0]
            raise Corrupt(str(self.path), f"{cause} at byte {at} ({length} bytes)", hint=REPAIR)

    def save_index(self) -> None:
        """Write into the index what is known. The caller holds the lock, so nothing that may be taken back gets in."""
        if self._writable and not self.damaged:
            self._places.save(self.end, self._last_bytes(self.end))

    @property
    def has_many_unindexed(self) -> bool:
        """Whether memory has got so many places that they belong into the index."""
        return self._places.unsaved >= FLUSH_LINES

    @property
    def unindexed(self) -> int:
        """How many documents the index does not know the places of."""
        return self._places.unsaved

    def close(self) -> None:
        """Let go of the file and its index."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._places.forget()

    def __del__(self) -> None:
        self.close()

    def _read_head(self, table: str) -> Head:
        raw = os.pread(self._fd, LONGEST_HEAD, 0)
        try:
            return read_head(raw, table)
        except NewerFormat as newer:
            cause = f"format {newer.args[0]}, known up to {FORMAT}"
            raise SchemaTooNew(str(self.path), cause, hint="update luutru") from newer
        except ValueError as error:
            cause = str(error) if raw else "the file is empty"
            raise Corrupt(str(self.path), cause, hint=REPAIR) from error

    def _load_places(self) -> None:
        """Begin with what the index knows of this very file. Raises Corrupt where it knows more than there is."""
        state = self._places.load()
        if state.covered > os.fstat(self._fd).st_size:
            hint = f"restore the file from a backup; if you have done that, delete {self._index_path.name}"
            raise Corrupt(str(self.path), f"the file has lost its end: it once had {state.covered} bytes", hint=hint)
        if state.covered and self._last_bytes(state.covered) != state.last:
            self._places.forget()
            self._set_end(self.head.length)
        else:
            self._set_end(state.covered or self.head.length)

    def _read_again(self) -> None:
        """The index has turned out to be damaged: know what the file itself says."""
        self._places.forget()
        self._set_end(self.head.length)
        self._size = -1
        self.refresh()

    def _last_bytes(self, end: int) -> bytes:
        return os.pread(self._fd, _LAST, max(0, end - _LAST))

    def _text(self, line: bytes, number: int, at: int) -> bytes:
        try:
            return text_in(line, number)
        except ValueError as error:
            raise self._corrupt(error, at) from error

    def _document(self, line: bytes, number: int, at: int) -> Json:
        text = self._text(line, number, at)
        try:
            return parsed(text)
        except ValueError as error:
            raise self._corrupt(error, at) from error

    def _corrupt(self, error: ValueError, at: int) -> Corrupt:
        return Corrupt(str(self.path), f"{error}, at byte {at}", hint=REPAIR)
