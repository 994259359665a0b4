"""The harvest of one portal: list, visit what is worth it, store in batches, confirm what is gone, report.

    for start:  place → listing page → due entries → visit → batch → archive → ledger        (again for each page)
    afterwards: what earlier runs left, what is listed no longer, what only a walk through the numbers can tell

One thread, one page at a time. The archive is asked before the ledger is told, so that a run which is killed between
the two finds the article there and does not fetch it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from scraper.discovery.listing import Door, ListingEntry, Place, Request
from scraper.errors import (
    ExtractError,
    FetchError,
    InputError,
    LuutruError,
    NetworkError,
    NotFound,
    OutOfTime,
    RateLimited,
)
from scraper.harvest.job import Job, Keeps, PlaceReport, Remembers, Report, Watches
from scraper.harvest.scanning import Met, Scan
from scraper.harvest.states import Known, verdict
from scraper.harvest.stopping import Interrupted, Stopping
from scraper.harvest.visiting import Visit, Visitor
from scraper.models import Capture, Outcome

_LOST = frozenset({"not_found", "soft_error", "not_an_article"})
_FORBIDDEN = frozenset({"access_denied", "login"})
_GATES = frozenset({"login", "challenge"})  # reasons of NotAnArticle: what stands before every page says nothing of one
_UNLISTED = "no longer listed, still published"
_GONE = "no longer listed; its page answers: {}"


class Harvest:
    """One run at one portal. `run` gives the report and never raises what the portal did wrong."""

    def __init__(
        self,
        job: Job,
        *,
        places: Callable[[str], Place],
        ask: Callable[[Request], Capture],
        visitor: Visitor,
        doors: Sequence[Door],
        walk: Callable[[Place, Container[int], int], Iterable[ListingEntry]],
        lost: Callable[[Place], Callable[[Capture], None]],
        archive: Keeps,
        ledger: Remembers,
        watch: Watches,
        stopping: Stopping,
        clock: Callable[[], datetime],
    ) -> None:
        self._job, self._places, self._ask, self._visitor, self._doors, self._walk = (
            job,
            places,
            ask,
            visitor,
            doors,
            walk,
        )
        self._archive, self._ledger, self._watch, self._stopping, self._clock = archive, ledger, watch, stopping, clock
        self._lost = lost
        self._batch: list[Visit] = []
        self._batch_since = 0.0
        self._visited: set[int] = set()
        self._doubtful: list[tuple[Known, Visit]] = []
        self._visits = 0
        self._failures_in_row = 0
        self.report = Report(job.name, started=self._stamp(), resumed=ledger.resumed)
        self.errors: list[LuutruError] = []

    def run(self) -> Report:
        """Do it. Raises ArchiveError where nothing can be stored any more, and KeyboardInterrupt; what was read is then
        stored first, as far as that goes."""
        try:
            try:
                scans = [scan for start in self._job.starts if (scan := self._harvest(start)) is not None]
                for scan in scans:  # when all that is listed anywhere is known
                    self._look_for_absent(scan)
                self._visit_all(self._ledger.unfinished())
            finally:
                self._flush()
        except OutOfTime as error:
            self._stop("time limit", error)
        except RateLimited as error:
            self._stop("server in trouble", error)
        except Interrupted:
            self.report.stopped = "interrupted"
        except _Enough:
            self.report.stopped = "limit"
        else:
            self._ledger.note("trouble", {self._job.name: None})
        for place in self.report.places:
            self._account(place)
        self.report.ended = self._stamp()
        return self.report

    def _harvest(self, start: str) -> Scan | None:
        """One start: what it lists. None where nothing could be listed."""
        scan: Scan | None = None
        try:
            place = self._places(start)
            scan = Scan(self._job, place, self._ledger, self._ask, self._doors, self._clock)
            self.report.places.append(scan.report)
            for met in scan.pages():
                self._work(met)
            self._flush()
        except (OutOfTime, RateLimited):
            raise
        except (FetchError, ExtractError) as error:
            self._trouble(start, error)
            if scan is None:
                self.report.places.append(PlaceReport(start, why=error.what))
            return None
        finally:
            for trouble in scan.troubles if scan is not None else ():
                self._trouble(start, trouble)
        if not scan.troubles and self._ledger.fact("trouble", start) is not None:
            self._ledger.note("trouble", {start: None})
            self._watch.recovered(start)
        return scan

    def _look_for_absent(self, scan: Scan) -> None:
        """What a start lists no longer, and the item numbers that no listing names."""
        with self._visitor.wary(self._lost(scan.place)):
            if scan.to_end:
                self._visit_all(self._missing(scan.report.start), absent=True)
                self._judge_doubtful(scan.report.start)
            if self._job.walk:
                self._walk_gaps(scan.place)

    def _work(self, met: Met) -> None:
        """Visit what is worth it of one listing page.

        A run that goes on leaves what it has tried in vain to its end, lest the same few pages stop it each time.
        """
        now = self._stamp()
        for known, fresh in met:
            if hash(known.key) in self._visited:
                continue
            tried = not fresh and known.checked is not None and known.checked >= self._ledger.started
            decided = verdict(known, now, recheck=self._job.recheck and not tried)
            if tried and known.state == "failed":
                continue
            if decided.visit:
                self._visit(known)
            elif fresh:
                self.report.skipped[decided.reason] += 1

    def _visit_all(self, addresses: Iterable[Known], *, absent: bool = False) -> None:
        for known in addresses:
            if hash(known.key) not in self._visited:
                self._visit(known, absent=absent)
        self._flush()

    def _missing(self, start: str) -> Iterable[Known]:
        """What is listed no longer and worth a look: whether it is gone, or only not listed."""
        now = self._stamp()
        for known in self._ledger.absent(start):
            if known.state == "failed" and known.code in _LOST and known.record is None:
                self._ledger.settle(replace(known, state="gone", reason="never an article here, no longer listed"))
            elif known.state == "seen" or known.due is None or known.due <= now or known.reason != _UNLISTED:
                yield known
            else:
                self.report.skipped[_UNLISTED] += 1

    def _judge_doubtful(self, start: str) -> None:
        """Pages that are listed no longer and show no article: gone, if what is listed still reads as it should."""
        doubtful, self._doubtful = self._doubtful, []
        if doubtful:
            listed = next(self._ledger.kept_at(start), None)
            sure = listed is not None and self._visitor.visit(listed).error is None
            for known, visit in doubtful:
                self._failed(known, visit, absent=sure, sure=sure)

    def _walk_gaps(self, place: Place) -> None:
        """Ask for the item numbers below the highest that no listing names."""
        walked = f"{place.start} walk"
        listed = {number for number, _, _ in self._ledger.item_ids(place.start)}
        asked = {number for number, _, _ in self._ledger.item_ids(walked)}
        entries = iter(self._walk(place, listed | asked, max(listed, default=0)))
        while some := list(islice(entries, 100)):
            self._work(self._ledger.listed(walked, some))
        self._flush()

    def _visit(self, known: Known, *, absent: bool = False) -> None:
        if self._job.limit is not None and self._visits >= self._job.limit:
            raise _Enough
        self._stopping.check()
        self._visited.add(hash(known.key))
        if self._ledger.resumed and self._is_kept(known):
            return
        self._watch.beat(0, known.url)
        self._visits += 1
        if known.url in self._job.avoid:
            error = Stalled(known.url, self._job.avoid[known.url], hint="please report it: luutru add may show more")
            self._failed(known, Visit(self._visitor.failed(known, error), error=error), absent=False)
            return
        visit = self._visitor.visit(known)
        if visit.error is not None:
            self._failed(known, visit, absent=absent)
            return
        self._failures_in_row = 0
        if absent:
            visit = replace(visit, known=replace(visit.known, reason=_UNLISTED))
        self._ledger.settle(visit.known)
        if visit.record is None:
            self._unchanged(visit.known)
        self._batch_since = self._batch_since if self._batch else time.monotonic()
        self._batch.append(visit)
        full = len(self._batch) >= self._job.batch_records
        if full or time.monotonic() - self._batch_since >= self._job.batch_seconds:
            self._flush()

    def _is_kept(self, known: Known) -> bool:
        """Whether a run that was cut off had stored the article before it could note so."""
        if known.state not in ("seen", "fetched"):
            return False
        kept = self._archive.get(known.url)
        captured = ((kept or {}).get("capture") or {}).get("fetched_at")
        if kept is None or captured is None or captured < self._ledger.started:
            return False
        self._ledger.settle(
            self._visitor.stored(known, record=kept["id"], changed=True, reason="stored before the run was cut off")
        )
        return True

    def _failed(self, known: Known, visit: Visit, *, absent: bool, sure: bool = False) -> None:
        """Note a visit that gave no record: gone, or failed. sure: other pages of the portal are as they should be."""
        error = visit.error
        assert error is not None  # noqa: S101 - the caller saw it
        answered_gone = isinstance(error, NotFound) and error.status is not None
        lost = error.code in _LOST and getattr(error, "reason", None) not in _GATES
        if absent and lost and known.record is not None and not (answered_gone or sure):
            self._doubtful.append((known, visit))
            return
        if known.record is not None and (answered_gone or (absent and lost)):
            reason = _GONE.format(error.cause or error.what) if absent else None
            outcome = self._archive.mark_gone(known.record, reason)
            self._ledger.settle(replace(visit.known, state="gone" if absent else "failed"))
            if outcome is not None:
                self._tell(replace(outcome, source=known.url))
            return
        forbidden = error.code in _FORBIDDEN
        if (absent and lost) or (known.door == "walk" and (lost or forbidden)):
            self._ledger.settle(replace(visit.known, state="failed" if forbidden else "gone"))
            return
        self._ledger.settle(visit.known)
        again = known.state == "failed" and known.code == error.code
        self.errors.append(error)
        self.report.failed[error.code] += 1
        self._tell(Outcome("failed", known.url, reason=str(error), code=error.code, hint=error.hint))
        self._watch.trouble(error, again=again)
        if isinstance(error, RateLimited):
            raise error
        self._failures_in_row = self._failures_in_row + 1 if isinstance(error, NetworkError) else 0
        if self._failures_in_row >= self._job.in_trouble:
            raise RateLimited(
                known.url, f"{self._failures_in_row} pages in a row failed", what="the server is in trouble"
            )

    def _flush(self) -> None:
        """Store what was read, together, and note it."""
        batch, self._batch = self._batch, []
        records = [visit.record for visit in batch if visit.record is not None]
        if same := [visit.known.record for visit in batch if visit.record is None and visit.known.record]:
            self._archive.mark_seen(same)
        if not records:
            return
        outcomes = self._archive.put_batch(records)
        settled = []
        for visit, outcome in zip((v for v in batch if v.record is not None), outcomes, strict=True):
            if outcome.kind == "failed":
                error = InputError(visit.known.url, outcome.reason)
                self.errors.append(error)
                self._watch.trouble(error, again=False)
                settled.append(self._visitor.failed(visit.known, error))
            else:
                reason = visit.known.reason if visit.known.reason == _UNLISTED else outcome.reason
                changed = outcome.kind != "unchanged"
                files = (visit.record or {}).get("files", ())
                settled.append(
                    self._visitor.stored(
                        visit.known,
                        record=outcome.id,
                        changed=changed,
                        reason=reason,
                        lacking=any(file["status"] == "failed" for file in files),
                    )
                )
                self.report.files.update(file["status"] for file in files)
            self._tell(replace(outcome, source=visit.known.url))
        self._ledger.settle(*settled)

    def _unchanged(self, known: Known) -> None:
        self._tell(
            Outcome("unchanged", known.url, id=known.record, title=known.title, reason=known.reason, url=known.url)
        )

    def _tell(self, outcome: Outcome) -> None:
        self.report.outcomes[outcome.kind] += 1
        self._watch.outcome(outcome)

    def _trouble(self, name: str, error: LuutruError) -> None:
        """A trouble of the portal itself: told once, until it changes."""
        before = self._ledger.fact("trouble", name)
        again = before is not None and before["code"] == error.code
        since = before["since"] if again else self._stamp()
        self._ledger.note("trouble", {name: {"code": error.code, "since": since}})
        self.report.troubles.append({"what": str(error), "code": error.code, "since": since})
        if not any(error is one for one in self.errors):  # as that of a page it was told already
            self.errors.append(error)
            self.report.failed[error.code] += 1
            self._watch.trouble(error, again=again)

    def _stop(self, how: Any, error: LuutruError) -> None:
        self.report.stopped = how
        self._trouble(self._job.name, error)

    def _account(self, place: PlaceReport) -> None:
        """What the listed articles are now, and what the item numbers between them are."""
        tally = self._ledger.tally(place.start)
        if not place.why:
            place.collected, place.why = sum(tally.values()), "not read to the end"
        for (state, code), number in tally.items():
            name = _account_of(state, code)
            place.accounts[name] = place.accounts.get(name, 0) + number
        met = highest = gone = 0
        for number, state, listed in self._ledger.item_ids(place.start):
            met += listed
            gone += not listed and state == "gone"
            highest = max(highest, number)
        if met:
            tried = sum(1 for _ in self._ledger.item_ids(f"{place.start} walk"))
            place.gaps = {
                "numbers": highest,
                "listed": met,
                "gone": gone,
                "tried": tried,
                "never seen": highest - met - gone - tried,
            }

    def _stamp(self) -> str:
        return self._clock().isoformat(timespec="seconds")


class Stalled(LuutruError):
    """A page that brought an earlier attempt of this run to a standstill, or down."""

    what = "reading it took too long or crashed"
    code = "stalled"


class _Enough(Exception):
    """As many articles as were asked for."""


def _account_of(state: str, code: str | None) -> str:
    if state in ("seen", "fetched"):
        return "waiting"
    if state != "failed":
        return state
    names = {"not_an_article": "not an article", "not_found": "gone", **dict.fromkeys(_FORBIDDEN, "forbidden")}
    return names.get(code or "", "failed")
