"""One visit: from an address that a portal lists to a record ready to be stored, or to the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from scraper.errors import ArchiveError, LuutruError
from scraper.harvest.states import Known, next_visit
from scraper.models import Capture, Record, to_dict
from scraper.pipeline import extract_checked

if TYPE_CHECKING:
    from scraper.fetch import Validators
    from scraper.portals import Portal


class FetchesChanges(Protocol):
    """A fetcher that can ask whether a page changed."""

    def fetch(self, url: str) -> Capture:
        """The page."""

    def fetch_changed(self, url: str, validators: Validators) -> Capture | None:
        """The page, or None where the server says that it is still the same."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visit found: a record, an error, or neither where the server says that nothing changed.

    known: what to note about the address now; `state` is "fetched" where there is a record to be stored.
    """

    known: Known
    record: Mapping[str, Any] | None = None
    error: LuutruError | None = None


class Visitor:
    """Visits addresses. enclosed: fetches the files of a record and gives what became of each (None: no files)."""

    def __init__(
        self,
        fetcher: FetchesChanges,
        portals: Sequence[Portal] | None,
        clock: Callable[[], datetime],
        *,
        enclosed: Callable[[Record], list[dict[str, Any]]] | None = None,
    ) -> None:
        self._fetcher, self._portals, self._clock = fetcher, portals, clock
        self._enclosed = enclosed
        self._check: Callable[[Capture], None] = lambda capture: None

    @contextmanager
    def wary(self, check: Callable[[Capture], None]) -> Iterator[None]:
        """Within: pages may be those of items that are not there. check: raises SoftError for such a page."""
        before, self._check = self._check, check
        try:
            yield
        finally:
            self._check = before

    def visit(self, known: Known) -> Visit:
        """Ask for the page; errors are values, but for OutOfTime, ArchiveError and what ends the run."""
        from scraper.fetch import Validators

        validators = Validators(known.etag, known.last_modified)
        try:
            if known.state == "stored" and validators:
                capture = self._fetcher.fetch_changed(known.url, validators)
                if capture is None:
                    return Visit(self._unchanged(known))
            else:
                capture = self._fetcher.fetch(known.url)
            self._check(capture)
            record = extract_checked(capture, self._portals)
        except LuutruError as error:
            if error.code == "out_of_time" or isinstance(error, ArchiveError):
                raise
            return Visit(self.failed(known, error), error=error)
        except Exception as error:
            fault = LuutruError(known.url, f"{type(error).__name__}: {error}", what="a bug", hint="please report it")
            fault.__cause__ = error
            return Visit(self.failed(known, fault), error=fault)
        data = to_dict(record)
        if self._enclosed is not None:
            data["files"] = self._enclosed(record)
        return Visit(self._fetched(known, capture), record=data)

    def _fetched(self, known: Known, capture: Capture) -> Known:
        from scraper.fetch import Validators

        validators = Validators.of(capture)
        return replace(
            known, state="fetched", etag=validators.etag, last_modified=validators.last_modified, checked=self._stamp()
        )

    def _unchanged(self, known: Known) -> Known:
        return self.stored(known, record=known.record, changed=False, reason="the server says it is the same")

    def stored(self, known: Known, *, record: str | None, changed: bool, reason: str) -> Known:
        """What to note about an address whose record is in the archive."""
        now = self._clock()
        since = now if changed or known.changed is None else datetime.fromisoformat(known.changed)
        return replace(
            known,
            state="stored",
            reason=reason,
            code=None,
            tries=0,
            settled_mark=known.mark or known.settled_mark,
            checked=self._stamp(),
            changed=since.isoformat(timespec="seconds"),
            due=next_visit(now, since).isoformat(timespec="seconds"),
            record=record,
        )

    def failed(self, known: Known, error: LuutruError) -> Known:
        """What to note about an address that gave no record."""
        now = self._clock()
        tries = known.tries + 1
        return replace(
            known,
            state="failed",
            reason=error.cause or error.what,
            code=error.code,
            tries=tries,
            settled_mark=known.mark or known.settled_mark,
            checked=self._stamp(),
            due=next_visit(now, now, tries).isoformat(timespec="seconds"),
        )

    def _stamp(self) -> str:
        return self._clock().isoformat(timespec="seconds")
