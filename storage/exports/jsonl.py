"""JSON Lines: one record, one line."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, BinaryIO, TextIO

from storage.exports.texts import dumps, sink

_BATCH = 64


def write(records: Iterable[dict[str, Any]], out: TextIO | BinaryIO) -> int:
    """Write the lines and give their number."""
    target, count = sink(out), 0
    for record in records:
        target.write(f"{dumps(record)}\n")
        count += 1
    return count


def write_texts(texts: Iterable[bytes], out: BinaryIO) -> int:
    """Write lines that are JSON already, as `Archive.texts` gives them; their number."""
    count, left = 0, iter(texts)
    while batch := list(islice(left, _BATCH)):
        out.write(b"\n".join(batch) + b"\n")
        count += len(batch)
    return count
