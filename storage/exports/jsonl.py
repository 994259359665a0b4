"""JSON Lines: one record, one line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO, TextIO

from storage.exports.texts import dumps, sink


def write(records: Iterable[dict[str, Any]], out: TextIO | BinaryIO) -> int:
    """Write the lines and give their number."""
    target, count = sink(out), 0
    for record in records:
        target.write(f"{dumps(record)}\n")
        count += 1
    return count
