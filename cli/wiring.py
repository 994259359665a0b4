"""Builds what commands work with: the fetcher from options, the stream of outcomes from readings and the archive."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scraper.errors import LuutruError
from scraper.models import Outcome, Record
from scraper.sources import Fetches

if TYPE_CHECKING:
    from scraper.models import Capture
    from scraper.pipeline import Reading
    from scraper.portals import Portal
    from storage.archive import Archive


class LazyFetcher:
    """A fetcher that is made with the first address, so that reading files costs no HTTP machinery."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._fetcher: Any = None

    def fetch(self, url: str) -> Capture:
        """As `Fetcher.fetch`."""
        if self._fetcher is None:
            from scraper.fetch import Fetcher, FetchOptions

            self._fetcher = Fetcher(FetchOptions(**{k: v for k, v in self._options.items() if v is not None}))
        capture: Capture = self._fetcher.fetch(url)
        return capture

    def __enter__(self) -> LazyFetcher:
        return self

    def __exit__(self, *_: object) -> None:
        if self._fetcher is not None:
            self._fetcher.close()


def store(readings: Iterable[Reading], archive: Archive) -> Iterator[tuple[Outcome, LuutruError | None]]:
    """Put the records of a stream of readings; failures pass through as outcomes, in about the order of reading."""
    names: deque[str] = deque()
    failures: deque[tuple[Outcome, LuutruError]] = deque()

    def records() -> Iterator[Record]:
        for reading in readings:
            if reading.record is not None:
                names.append(reading.source)
                yield reading.record
            elif reading.error is not None:
                failures.append((failed(reading.source, reading.error), reading.error))

    for outcome in archive.put_many(records()):
        while failures:
            yield failures.popleft()
        yield replace(outcome, source=names.popleft()), None
    while failures:
        yield failures.popleft()


def failed(source: str, error: LuutruError) -> Outcome:
    """The outcome of a source that gave no record."""
    return Outcome("failed", source, reason=str(error), code=error.code, hint=error.hint)


def known_portals(folders: Iterable[str] | None) -> tuple[Portal, ...]:
    """The user's portals and those built in. Raises InputError for a file that cannot be used."""
    from scraper.portals import load_portals

    return load_portals(tuple(folders or ()))


def open_for_reading(path: Path) -> Archive:
    """The archive, read-only. Raises ArchiveError."""
    from storage.archive import Archive

    return Archive.open(path, mode="r")


__all__ = ["Fetches", "LazyFetcher", "failed", "known_portals", "open_for_reading", "store"]
