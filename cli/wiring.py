"""Builds what commands work with: the fetcher from options, the stream of outcomes from readings and the archive."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scraper.errors import InputError, LuutruError, NotFound
from scraper.models import Outcome, Record
from scraper.sources import Fetches

if TYPE_CHECKING:
    from scraper.models import Capture
    from scraper.pipeline import Reading
    from scraper.portals import Portal
    from storage.archive import Archive


class LazyFetcher:
    """A fetcher that is made with the first address, so that reading files costs no HTTP machinery."""

    def __init__(self, contact: str | None, **options: Any) -> None:
        self._contact = contact
        self._options = options
        self._fetcher: Any = None

    def fetch(self, url: str) -> Capture:
        """As `Fetcher.fetch`."""
        if self._fetcher is None:
            from scraper.fetch import Fetcher, FetchOptions, user_agent

            self._fetcher = Fetcher(FetchOptions(user_agent=user_agent(self._contact), **self._options))
        capture: Capture = self._fetcher.fetch(url)
        return capture

    def __enter__(self) -> LazyFetcher:
        return self

    def __exit__(self, *_: object) -> None:
        if self._fetcher is not None:
            self._fetcher.close()


def store(
    readings: Iterable[Reading], archive: Archive, complain: Callable[[LuutruError], None], *, captures: bool = True
) -> Iterator[Outcome]:
    """Put the records of a stream of readings and give the outcomes, in the order of reading.

    A known article whose address answers 404 or 410 is noted as gone; of an unknown one that is a failure.
    complain: told each failure as it happens, while outcomes wait for their batch to be on disk.
    captures: keep what the records were read from; of HTTP also what gave none.
    """
    waiting: deque[str | Outcome] = deque()  # sources of records under way, and other outcomes that came after them

    def records() -> Iterator[Record]:
        for reading in readings:
            if captures:
                reading = _kept(reading, archive)
            if reading.record is not None:
                waiting.append(reading.source)
                yield reading.record
            elif (gone := _gone(reading, archive)) is not None:
                waiting.append(gone)
            elif reading.error is not None:
                complain(reading.error)
                waiting.append(failed(reading.source, reading.error))

    for outcome in archive.put_many(records()):
        while not isinstance(source := waiting.popleft(), str):
            yield source
        if outcome.kind == "failed":
            complain(InputError(what=outcome.reason, hint=outcome.hint))
        yield replace(outcome, source=source)
    yield from (outcome for outcome in waiting if isinstance(outcome, Outcome))


def _kept(reading: Reading, archive: Archive) -> Reading:
    """The reading with its capture kept, and the place of that in its record."""
    capture, record = reading.capture, reading.record
    if capture is None or (record is None and capture.info.source != "http"):
        return reading
    place = archive.captures.append(capture)
    if record is None:
        return reading
    return replace(reading, record=replace(record, capture=replace(record.capture, warc=place)))


def _gone(reading: Reading, archive: Archive) -> Outcome | None:
    """The outcome of a known article that is no longer published; None for anything else."""
    error = reading.error
    if not isinstance(error, NotFound) or error.status is None:
        return None
    outcome = archive.mark_gone(reading.source)
    return None if outcome is None else replace(outcome, source=reading.source)


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


def no_such_record(reference: str, archive: Path) -> InputError:
    """The error for an article or revision that the archive does not hold."""
    return InputError(reference, f"not in {archive}", what="no such record", hint="luutru list shows what there is")


__all__ = ["Fetches", "LazyFetcher", "failed", "known_portals", "no_such_record", "open_for_reading", "store"]
