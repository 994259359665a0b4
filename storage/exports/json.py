"""One JSON array, one record to a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO, TextIO

from storage.exports.texts import dumps, sink


def write(records: Iterable[dict[str, Any]], out: TextIO | BinaryIO) -> int:
    """Write the array and give the number of its records."""
    target, count = sink(out), 0
    target.write("[")
    for record in records:
        target.write(f"{',' if count else ''}\n{dumps(record)}")
        count += 1
    target.write("\n]\n" if count else "]\n")
    return count
