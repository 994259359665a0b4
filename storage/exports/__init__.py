"""One module per export format; each streams.

A format is a module with `write(records: Iterable[dict], out: TextIO | BinaryIO) -> int`: it writes stored dicts one by
one, as UTF-8 where `out` takes bytes, and gives their number. A new format is a module, its line in `FORMATS` and a
golden test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, BinaryIO, TextIO

from scraper.errors import InputError

Writer = Callable[[Iterable[dict[str, Any]], TextIO | BinaryIO], int]

FORMATS = {
    "json": "storage.exports.json",
    "jsonl": "storage.exports.jsonl",
    "csv": "storage.exports.csv",
}


def writer(name: str) -> Writer:
    """The `write` function of a format. Raises InputError for an unknown one."""
    if name not in FORMATS:
        raise InputError(name, f"known are {', '.join(FORMATS)}", what="unknown export format")
    write: Writer = import_module(FORMATS[name]).write
    return write
