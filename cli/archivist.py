"""The archive of a run over several portals: one process writes for all of them.

What several processes want stored at the same moment goes to disk as one batch, and no two wait for each other's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scraper.errors import ArchiveError, LuutruError
from scraper.models import Outcome

if TYPE_CHECKING:
    from cli.crew import Call, Voice
    from storage.archive import Archive
    from storage.captures import CaptureStore

LOCK_SECONDS = 60.0
"""How long another command, a compaction say, is waited for."""


class RemoteArchive:
    """The archive as a process of the crew has it: each call is answered by the Archivist. Raises ArchiveError.

    captures: those of this process, which are durable before the records that name them.
    """

    def __init__(self, voice: Voice, captures: CaptureStore | None = None) -> None:
        self._voice, self._captures = voice, captures

    def put_batch(self, records: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """As `Archive.put_batch`."""
        if self._captures is not None:
            self._captures.sync()
        outcomes: list[Outcome] = self._voice.ask("put_batch", records)
        return outcomes

    def mark_gone(self, reference: str, reason: str | None = None) -> Outcome | None:
        """As `Archive.mark_gone`."""
        outcome: Outcome | None = self._voice.ask("mark_gone", reference, reason)
        return outcome

    def mark_seen(self, references: Iterable[str]) -> list[Outcome | None]:
        """As `Archive.mark_seen`."""
        outcomes: list[Outcome | None] = self._voice.ask("mark_seen", list(references))
        return outcomes

    def mark_files(self, files: Mapping[str, Sequence[Any]]) -> list[Outcome | None]:
        """As `Archive.mark_files`."""
        if self._captures is not None:
            self._captures.sync()
        outcomes: list[Outcome | None] = self._voice.ask("mark_files", files)
        return outcomes

    def history(self, reference: str) -> list[dict[str, Any]]:
        """As `Archive.history`."""
        states: list[dict[str, Any]] = self._voice.ask("history", reference)
        return states

    def get(self, reference: str) -> dict[str, Any] | None:
        """As `Archive.get`."""
        found: dict[str, Any] | None = self._voice.ask("get", reference)
        return found


class Archivist:
    """Answers the calls of RemoteArchives. The archive is opened with the first of them. A context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._archive: Archive | None = None

    def __enter__(self) -> Archivist:
        return self

    def __exit__(self, *_: object) -> None:
        if self._archive is not None:
            self._archive.close()

    @property
    def notices(self) -> tuple[str, ...]:
        """What was mended on the way."""
        return () if self._archive is None else self._archive.notices

    def answer(self, calls: list[Call]) -> list[Any]:
        """One answer for each call, errors as values; what is to be stored is stored in one batch."""
        puts = [number for number, (what, _) in enumerate(calls) if what == "put_batch"]
        answers = [None if what == "put_batch" else self._one(what, details) for what, details in calls]
        together = [record for number in puts for record in calls[number][1][0]]
        outcomes = self._one("put_batch", (together,)) if puts else None
        at = 0
        for number in puts:
            size = len(calls[number][1][0])
            if isinstance(outcomes, list):
                answers[number] = outcomes[at : at + size]
                at += size
            elif isinstance(outcomes, ArchiveError) or len(puts) == 1:
                answers[number] = outcomes
            else:  # one portal's records must not be the fault of another's
                answers[number] = self._one("put_batch", calls[number][1])
        return answers

    def _one(self, what: str, details: tuple[Any, ...]) -> Any:
        try:
            if self._archive is None:
                from storage.archive import Archive

                self._archive = Archive.open(self._folder, lock_timeout=LOCK_SECONDS)
            return getattr(self._archive, what)(*details)
        except LuutruError as error:
            return error
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
            return LuutruError(str(self._folder), f"{what}: {fault}", what="a bug", hint="please report it")
