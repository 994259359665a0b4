"""Reads a table's file from any line onward: whole lines, and everything between them that should not be there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from storage.line_format import CLOSING, SEPARATOR, number_in, text_in

LONGEST_LINE = 1 << 28
"""Longer stretches without a line break are damage: no record is so long."""

_BLOCK = 1 << 20
_GAP = 64
_LINE_END = re.compile(rb'"_crc": "[0-9a-f]{8}"\}')
_LINE_START = re.compile(rb'"\d{1,19}": \{')


class Damage(NamedTuple):
    """Bytes that are no document: where, how many, and what is wrong with them."""

    at: int
    length: int
    cause: str


class Scanner:
    """The whole lines after byte `at`, which is `start` (the end of the head) or the end of a line.

    Iterating gives offset and bytes of each line that fits its checksum; only then the attributes are complete.
    end: where the last whole line ends, and the closing bytes are or belong.  damaged: what lies between whole lines
    or, with the closing bytes after it, behind the last.  torn: what an unfinished write left at the end, or None.
    """

    def __init__(self, descriptor: int, *, start: int, at: int) -> None:
        self._descriptor = descriptor
        self._start = start
        self._from = at
        self.end = at
        self.damaged: list[Damage] = []
        self.torn: Damage | None = None

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        size, gap = self._from, b""  # gap: the first bytes since the last whole line
        for at, piece in self._pieces():
            size, done = at + len(piece), 0
            for begin, line in _lines_in(piece):
                self._note_gap(gap + piece[done:begin][:_GAP], at + begin)
                done, gap = begin + len(line), b""
                self.end = at + done
                yield at + begin, line
            gap = (gap + piece[done:][:_GAP])[:_GAP]
        self._note_rest(gap, size)

    def damage(self) -> list[Damage]:
        """What lies before the next whole line, or behind the last, and should not."""
        next(iter(self), None)
        return self.damaged

    def _pieces(self) -> Iterator[tuple[int, bytes]]:
        """The file's bytes cut after each line break, and where there is none for too long, anywhere."""
        position, rest = self._from, bytearray()
        while block := os.pread(self._descriptor, _BLOCK, position + len(rest)):
            searched = len(rest)
            rest += block
            begin = 0
            while stop := rest.find(b"\n", max(begin, searched)) + 1:
                yield position + begin, bytes(rest[begin:stop])
                begin = stop
            position += begin
            del rest[:begin]
            if len(rest) > LONGEST_LINE:
                yield position, bytes(rest)
                position += len(rest)
                rest.clear()
        if rest:
            yield position, bytes(rest)

    def _note_gap(self, found: bytes, at: int) -> None:
        if found != (b"\n" if self.end == self._start else SEPARATOR):
            self.damaged.append(Damage(self.end, at - self.end, _cause(found)))

    def _note_rest(self, found: bytes, size: int) -> None:
        length = size - self.end
        if found == CLOSING:
            return
        if length > len(CLOSING) and os.pread(self._descriptor, _GAP, size - len(CLOSING)) == CLOSING:
            self.damaged.append(Damage(self.end, length - len(CLOSING), _cause(found)))
        else:
            cause = (
                "the file ends in the middle of a line" if length > len(CLOSING) else "the closing bytes are missing"
            )
            self.torn = Damage(self.end, length, cause)


def _lines_in(piece: bytes) -> Iterator[tuple[int, bytes]]:
    """The whole lines of what lies between two line breaks: one, or where a line break was damaged, several."""
    line = piece.removesuffix(b"\n").removesuffix(b",")
    if _is_whole(line):
        yield 0, line
        return
    position = 0
    for ending in _LINE_END.finditer(piece):
        start = _LINE_START.search(piece, position, ending.end())
        if start and _is_whole(line := piece[start.start() : ending.end()]):
            yield start.start(), line
        position = ending.end()


def _is_whole(line: bytes) -> bool:
    try:
        text_in(line, number_in(line))
    except ValueError:
        return False
    return True


def _cause(found: bytes) -> str:
    if not found.strip(b"\0"):
        return "zero bytes"
    return "a damaged line" if len(found) > len(CLOSING) else "a damaged line end"
