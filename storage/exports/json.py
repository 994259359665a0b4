"""One JSON array, one record to a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO, TextIO

from storage.exports.texts import Sink, dumps, sink


def write(records: Iterable[dict[str, Any]], out: TextIO | BinaryIO) -> int:
    """Write the array and give the number of its records."""
    return write_array(records, sink(out))


def write_array(items: Iterable[dict[str, Any]], target: Sink) -> int:
    """Write JSON objects as an array, one to a line, and give their number."""
    count = 0
    target.write("[")
    for item in items:
        target.write(f"{',' if count else ''}\n{dumps(item)}")
        count += 1
    target.write("\n]\n" if count else "]\n")
    return count
