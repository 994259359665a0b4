"""How a table lies in its file: one legal JSON document in TinyDB's layout, one document to a line, a checksum in each.

    {"_meta": {"1": {"format": 2, "table": "articles", "generation": "…", …, "_crc": "5d41402a"}},
    "articles": {
    "<number>": {…one document…, "_crc": "9e107d9d"},
    "<number>": {…the same number again: this line counts, as JSON readers take the last…, "_crc": "e4d909c2"}
    }}

A document is added by writing over `CLOSING`. `_crc` is the CRC-32 of all bytes of its line before its own eight
digits, so every byte of a line is either checked by it or fixed. No raw line break, control or invisible line separator
occurs inside a document: all of them are escaped.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from typing import Any

from scraper.text import STEERING
from storage.decide import Json

FORMAT = 2
CLOSING = b"\n}}\n"
SEPARATOR = b",\n"
LONGEST_HEAD = 4096

_MARK = b'"_crc": "'
_END = b'"}'
_DIGITS = 8
_TAIL = len(_MARK) + _DIGITS + len(_END)
_NUMBER = re.compile(rb'"(\d{1,19})": \{')
_HEAD = re.compile(rb'(?s)\{"_meta": \{"1": (\{.*?\})\},\n"([a-z_]+)": \{')
_STATED_FORMAT = re.compile(rb'"format": (\d{1,9})')
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False)
_UNSAFE = re.compile(f"[{STEERING}]")


@dataclass(frozen=True, slots=True)
class Head:
    """The first two lines. generation: changes whenever the file is written anew; length: in bytes."""

    generation: str
    length: int


def encode(document: Any) -> str:
    """One document as one line of JSON. Raises ValueError, TypeError or RecursionError for what JSON cannot hold.

    The characters of `STEERING` are escaped beyond what JSON asks for, so that a line is safe to look at and to split.
    """
    text = _ENCODER.encode(document)
    return text if text.isprintable() else _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def line_of(number: int, document: Json) -> bytes:
    """The line that holds a document, without the comma or line break after it."""
    return _sealed(b'"%d": ' % number, encode(document).encode())


def number_in(line: bytes) -> int:
    """The document's number, which stands first. Raises ValueError where none does."""
    found = _NUMBER.match(line)
    if found is None:
        raise ValueError("no document's line")
    return int(found.group(1))


def text_in(line: bytes, number: int) -> bytes:
    """The JSON, as it was encoded, of the document with that number.

    Raises ValueError where the line is another's or does not fit its checksum.
    """
    begin = b'"%d": {' % number
    if not line.startswith(begin) or line[-_TAIL : -_TAIL + len(_MARK)] != _MARK:
        raise ValueError("not the document's line")
    checked = memoryview(line)[: -len(_END) - _DIGITS]
    if line[len(checked) :] != b'%08x"}' % zlib.crc32(checked):
        raise ValueError("the line does not fit its checksum")
    return line[len(begin) - 1 : -_TAIL - 2] + b"}" if line[-_TAIL - 2 : -_TAIL] == b", " else b"{}"


def parsed(text: bytes) -> Json:
    """The document of a JSON text. Raises ValueError where it is no JSON object."""
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(document, dict):
        raise ValueError("no JSON object")
    return document


def head_of(table: str, *, generation: str, written_at: str, written_by: str) -> bytes:
    """The first two lines of a file, up to the brace after which documents begin."""
    meta = {"format": FORMAT, "table": table, "generation": generation}
    text = encode({**meta, "written_at": written_at, "written_by": written_by})
    return b'{"_meta": {"1": ' + _sealed(b"", text.encode("utf-8")) + f'}},\n"{table}": {{'.encode()


def read_head(raw: bytes, table: str) -> Head:
    """The head at the beginning of a file. Raises ValueError for a damaged one, `NewerFormat` for a later format."""
    found = _HEAD.match(raw[:LONGEST_HEAD])
    if found is None or found.group(2) != table.encode():
        stated = _STATED_FORMAT.search(raw[:LONGEST_HEAD])
        if stated and int(stated.group(1)) > FORMAT and _MARK not in raw[:LONGEST_HEAD]:
            raise NewerFormat(int(stated.group(1)))
        raise ValueError("the first lines are not those of an archive's table")
    sealed = found.group(1)
    if sealed != _sealed(b"", sealed[:-_TAIL].removesuffix(b", ") + b"}"):
        raise ValueError("the first line does not fit its checksum")
    meta = json.loads(sealed)
    if meta["format"] > FORMAT:
        raise NewerFormat(meta["format"])
    if meta.get("table") != table:
        raise ValueError(f"the file holds the table {meta.get('table')}")
    return Head(meta["generation"], found.end())


class NewerFormat(Exception):
    """The file has a format that a later program made: its number."""


def _sealed(before: bytes, text: bytes) -> bytes:
    """A JSON object's text, after what stands before it, with the checksum of both as the last member."""
    pieces = (before, memoryview(text)[:-1], b"" if text == b"{}" else b", ", _MARK)
    checksum = 0
    for piece in pieces:
        checksum = zlib.crc32(piece, checksum)
    return b"".join((*pieces, b'%08x"}' % checksum))
