"""Writes a table's file anew and puts it in the old one's place, whole or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from scraper.errors import ArchiveError
from storage.files import half_written, mode_of, synced, write_new
from storage.line_format import CLOSING, SEPARATOR, head_of


def rewrite(path: Path, table: str, lines: Iterable[bytes], *, now: str, expected: int | None = None) -> None:
    """Write a file of these lines, a new generation. The caller holds the lock.

    expected: how many lines there must be.  Raises OSError, or ArchiveError for another number, all being as before.
    """
    new = half_written(path)
    head = head_of(table, generation=uuid.uuid4().hex, written_at=now, written_by=_program())
    new.unlink(missing_ok=True)
    written = 0

    def counted() -> Iterator[bytes]:
        nonlocal written
        for line in lines:
            written += 1
            yield line

    with synced(path.parent):
        write_new(new, _joined(head, counted()), mode=mode_of(path))
        if expected not in (None, written):
            raise ArchiveError(
                str(path), f"{expected} documents became {written}", hint="report it; nothing was replaced"
            )
        new.replace(path)


def sweep(paths: Iterable[Path]) -> None:
    """Remove what killed runs have left half written of these files and their indexes. Raises OSError."""
    for path in paths:
        for half in (half_written(path), half_written(path.with_suffix(".index"))):
            half.unlink(missing_ok=True)


def _joined(head: bytes, lines: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    mark = b"\n"
    for line in lines:
        yield mark + line
        mark = SEPARATOR
    yield CLOSING


def _program() -> str:
    from importlib import metadata

    try:
        return f"luutru {metadata.version('luutru')}"
    except metadata.PackageNotFoundError:
        return "luutru"
