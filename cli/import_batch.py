"""What was read of a container, on its way to the archive: records, where files may be, how far it was read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from scraper.models import Outcome

if TYPE_CHECKING:
    from cli.archivist import RemoteArchive
    from storage.file_places import FilePlaces, Met
    from storage.import_notes import ImportNote

_RECORDS = 64
_CHARACTERS = 4_000_000
_SECONDS = 5.0
_MET = 5_000


@dataclass(slots=True)
class Batch:
    """What is stored together.

    records: with sources, (place in the container, address) each.  others: what became of members that gave no record.
    read: files of a folder → size and time of change.  changed: those of them that were read before.  met: answers that
    may be files which articles name.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    sources: list[tuple[str, str | None]] = field(default_factory=list)
    others: list[Outcome] = field(default_factory=list)
    read: dict[str, tuple[int, int]] = field(default_factory=dict)
    met: list[Met] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    characters: int = 0
    since: float = field(default_factory=time.monotonic)

    def add(self, record: dict[str, Any], where: str, url: str | None) -> None:
        """Take a record."""
        self.records.append(record)
        self.sources.append((where, url))
        self.characters += 2 * len(record["body_text"]) + len(record["body_html"])

    def is_full(self) -> bool:
        """Whether it is time to store it: by number, size or age."""
        return (
            max(len(self.records), len(self.others)) >= _RECORDS
            or len(self.met) >= _MET
            or self.characters >= _CHARACTERS
            or time.monotonic() - self.since >= _SECONDS
        )


class BatchStore:
    """Stores batches of one container. places: None where files are not wanted.  number: the container's there. Raises
    ArchiveError."""

    def __init__(self, archive: RemoteArchive, note: ImportNote, places: FilePlaces | None, number: int) -> None:
        self._archive, self._note, self._places, self._number = archive, note, places, number

    def store(self, batch: Batch, at: tuple[int, int]) -> Iterator[Outcome]:
        """Store what was read up to a mark; what became of each record."""
        outcomes = self._archive.put_batch(batch.records) if batch.records else []
        if self._places is not None and (batch.met or outcomes or batch.changed):
            self._places.note(self._number, batch.met, _named(batch, outcomes), batch.changed)
        self._note.advance(at, batch.read)
        for outcome, (where, url) in zip(outcomes, batch.sources, strict=True):
            yield replace(outcome, source=where, url=outcome.url or url)


def _named(batch: Batch, outcomes: list[Outcome]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Id of each article and the addresses of its files."""
    from scraper.enclosures import files_of

    for outcome, record in zip(outcomes, batch.records, strict=True):
        if outcome.id is not None and (urls := files_of(record)):
            yield outcome.id, urls
