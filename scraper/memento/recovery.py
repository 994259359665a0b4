"""The recovery of a portal's articles from web archives: list, choose, fetch, store in batches, report.

    archives → index rows → ledger                       which captures there are
    ledger → article → versions, oldest first → replay → record → batch → archive → ledger

Versions come oldest first, so that the archive makes them revisions. One thread, one page at a time. The archive is
asked before the ledger is told: a run that is killed between the two fetches those captures again, and the archive
finds that it has them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from scraper.errors import (
    ExtractError,
    FetchError,
    InputError,
    LoginPage,
    LuutruError,
    NetworkError,
    NotAnArticle,
    NotFound,
    OutOfTime,
    RateLimited,
    SoftError,
)
from scraper.harvest.job import Keeps, Stopped, Watches
from scraper.harvest.stopping import Interrupted, Stopping
from scraper.memento.archive import WebArchive
from scraper.memento.captures import Known, Row
from scraper.memento.layouts import Slice, span
from scraper.memento.rows import item_key, may_be_article, redirects, versions
from scraper.models import Capture, Evidence, Outcome, Record, to_dict
from scraper.politeness import site

Json = dict[str, Any]
_IN_TROUBLE = 5
_FRONTS = 3
"""After so many versions that are a home page or a listing, an address that names no item is taken for no article."""
_AS_OTHERS = "no article, like other captures of it"
_BATCH_RECORDS, _BATCH_SECONDS = 64, 5.0


class Remembers(Protocol):
    """The ledger, as far as a recovery needs it; see `storage.capture_ledger`."""

    run: int
    resumed: bool

    def found(self, captures: Iterable[Known]) -> None:
        """Note captures that archives list."""

    def items(self) -> Iterator[tuple[str, list[Known]]]:
        """Articles with their captures."""

    def settle_captures(self, *known: Known) -> None:
        """Note what became of captures."""

    def fact(self, kind: Any, name: str) -> Any:
        """A noted fact."""

    def note(self, kind: Any, facts: Mapping[str, Any]) -> None:
        """Note facts."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to recover. starts: addresses, with all that lies below them.  since, until: moments of capture, 14 digits.

    hosts: further hosts that belong to the portal.  limit: most articles to ask for.  avoid: captures not to ask for
    (`moment address`), and why.
    """

    name: str
    starts: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    limit: int | None = None
    avoid: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """What became of the run, as it goes on; `summary` makes JSON data of it."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    troubles: list[dict[str, str]] = field(default_factory=list)
    archives: dict[str, Json] = field(default_factory=dict)
    stopped: Stopped | None = None


class Recovery:
    """One run for one portal. `run` never raises what archives or pages did wrong."""

    def __init__(
        self,
        job: Job,
        *,
        archives: Sequence[WebArchive],
        extract: Callable[[Capture], Record],
        keeps: Keeps,
        ledger: Remembers,
        watch: Watches,
        stopping: Stopping,
        clock: Callable[[], datetime],
        enclosed: Callable[[Record, Row], list[Json]] | None = None,
    ) -> None:
        """enclosed: fetches the files of a record, as of a capture, and gives what became of each (None: no files)."""
        self._enclosed = enclosed
        self._job, self._archives, self._extract, self._keeps = job, archives, extract, keeps
        self._ledger, self._watch, self._stopping, self._clock = ledger, watch, stopping, clock
        self._by_endpoint = {one.endpoint: one for one in archives}
        self._sites = frozenset([*map(site, job.starts), *(site(f"http://{host}/") for host in job.hosts)])
        self._batch: list[tuple[Known, Json]] = []
        self._batch_since = 0.0
        self._asked_items = self._visits = 0
        self._failures_in_row = 0
        self.tally = Tally()
        self.errors: list[LuutruError] = []

    def run(self) -> None:
        """Do it. Raises ArchiveError where nothing can be stored any more, and KeyboardInterrupt."""
        try:
            try:
                for archive in self._archives:
                    for start in self._job.starts:
                        self._list(archive, start)
                for item, captures in self._ledger.items():
                    self._recover(item, captures)
            finally:
                self._flush()
        except OutOfTime as error:
            self._stop("time limit", error)
        except RateLimited as error:
            self._stop("server in trouble", error)
        except Interrupted:
            self.tally.stopped = "interrupted"
        except _Enough:
            self.tally.stopped = "limit"

    # ── which captures there are ──────────────────────────────────────────────────────────────────────────────────

    def _list(self, archive: WebArchive, start: str) -> None:
        """Note what an archive has; a listing that was cut off goes on where it was."""
        name, query = f"{archive.endpoint} {start}", [self._job.since, self._job.until]
        told: Json = {"by": archive.by, "layout": None, "listed": 0, "pages": 0, "whole": True}
        checkpoint = self._ledger.fact("checkpoint", name)
        todo: Sequence[Slice] = [span(self._job.since, self._job.until, self._clock())]
        if checkpoint is not None and checkpoint["run"] == self._ledger.run and checkpoint["query"] == query:
            todo = [Slice(*one) for one in checkpoint["pending"]]
            told |= checkpoint["told"]
            archive.known_as(told["by"], told["layout"])
        try:
            for rows, pending, notes in archive.listing(start, todo):
                pages = [row for row in rows if may_be_article(row)]
                self._ledger.found(Known(item_key(row.url), row) for row in pages)
                told |= {"by": archive.by, "layout": archive.layout and archive.layout.name}
                told |= {"listed": told["listed"] + len(rows), "pages": told["pages"] + len(pages)}
                for note in notes:
                    told["whole"] = False
                    self._trouble(NotFoundInPart(archive.endpoint, note))
                facts = {"run": self._ledger.run, "query": query, "pending": list(map(list, pending)), "told": told}
                self._ledger.note("checkpoint", {name: facts})
                self._watch.beat(0, "")
                self._stopping.check()
        except (OutOfTime, RateLimited):
            told["whole"] = False
            raise
        except (FetchError, ExtractError, InputError) as error:
            told["whole"] = False
            self._trouble(error)
        finally:
            before = self.tally.archives.get(archive.endpoint, {"listed": 0, "pages": 0, "whole": True})
            told |= {name: before[name] + told[name] for name in ("listed", "pages")}
            self.tally.archives[archive.endpoint] = told | {"whole": before["whole"] and told["whole"]}

    # ── one article ───────────────────────────────────────────────────────────────────────────────────────────────

    def _recover(self, item: str, captures: list[Known]) -> None:
        """Ask for every version of an article; where there is none, for what redirects lead to."""
        captures = [one for one in captures if one.row.archive in self._by_endpoint]
        found = versions(captures)
        led = redirects(captures)
        last = found[-1][0].row.moment if found else ""
        if not any(one.is_open for one in [*led, *(one for version in found for one in version)]):
            return
        if self._job.limit is not None and self._asked_items >= self._job.limit:
            raise _Enough
        before, errors, shows = self._visits, list[LuutruError](), 0
        for version in found:
            if not shows and "#" not in item and sum(map(_is_front, errors)) >= _FRONTS:
                self._ledger.settle_captures(*(replace(one, state="passed", reason=_AS_OTHERS) for one in version))
                continue
            shows += self._first(version, errors, frozenset(one.row.moment for one in captures))
        # Redirects: the one after the last page may lead to a later version; without any page, each may lead to one.
        later = [one for one in led if one.row.moment > last] if found else []
        for one in later[:1] if shows else led:
            if self._first([one], errors):
                shows += 1
                break
        self._asked_items += self._visits > before
        if not shows and errors:
            self._give_up(item, captures, errors)

    def _first(
        self, version: Sequence[Known], errors: list[LuutruError], moments: frozenset[str] = frozenset()
    ) -> bool:
        """Ask for the captures of one version, until one is here or shows that the version is no article.

        moments: of the article's other captures, one of which an archive may give in the place of a damaged one.
        """
        if any(one.state == "stored" for one in version):
            return True
        if any(one.state == "passed" for one in version):
            return False
        for known in version:
            if not known.is_open:
                continue
            self._stopping.check()
            settled, record, error = self._visit(known, moments)
            if error is None:
                self._put(settled, record)
                return True
            errors.append(error)
            self._ledger.settle_captures(settled)
            if isinstance(error, RateLimited | OutOfTime):
                raise error
            self._failures_in_row = self._failures_in_row + 1 if isinstance(error, NetworkError) else 0
            if self._failures_in_row < _IN_TROUBLE:
                pass
            elif self._by_endpoint[known.row.archive].answers(self._job.starts[0]):
                self._failures_in_row = 0
            else:
                cause = f"{self._failures_in_row} captures in a row failed, the last with: {error.cause}"
                raise RateLimited(known.row.archive, cause, what="the web archive is in trouble")
            if settled.state == "passed":
                return False
        return False

    def _visit(self, known: Known, moments: frozenset[str]) -> tuple[Known, Json, LuutruError | None]:
        """Fetch and read a capture: what to note of it, the record, and the error where there is none."""
        row, doing = known.row, f"{known.row.moment} {known.row.url}"
        self._watch.beat(0, doing)
        self._visits += 1
        error: LuutruError
        try:
            if doing in self._job.avoid:
                raise LuutruError(row.url, self._job.avoid[doing], what="reading it took too long or crashed")
            capture, at = self._by_endpoint[row.archive].replay(row, self._belongs)
            if at.moment != row.moment and at.moment in moments and item_key(at.url) == known.item:
                raise NotFound(row.url, f"the archive gives its capture of {at.at} for that of {row.at}")
            record = self._extract(capture)
            data = to_dict(record) | ({} if self._enclosed is None else {"files": self._enclosed(record, at)})
        except (NotAnArticle, LoginPage, SoftError) as refused:
            return replace(known, state="passed", code=refused.code, reason=refused.cause or refused.what), {}, refused
        except LuutruError as failed:
            error = failed
        except Exception as fault:
            error = LuutruError(row.url, f"{type(fault).__name__}: {fault}", what="a bug", hint="please report it")
            error.__cause__ = fault
        else:
            self._failures_in_row = 0
            said = " ".join(filter(None, (at.moment, row.digest and f"sha1:{row.digest}")))
            where = Evidence("memento", raw=said, node=capture.info.replay_url)
            data["evidence"]["capture"] = to_dict(where)
            return known, data, None
        return replace(known, state="failed", code=error.code, reason=error.cause or error.what), {}, error

    def _belongs(self, address: str) -> bool:
        try:
            return site(address) in self._sites
        except IndexError:
            return False

    def _give_up(self, item: str, captures: Sequence[Known], errors: Sequence[LuutruError]) -> None:
        """An article of which no capture could be used. A page that never was one of a list is no failure."""
        error = next((one for one in errors if not isinstance(one, NotAnArticle | LoginPage | SoftError)), errors[-1])
        if "#" not in item and isinstance(error, NotAnArticle):
            self.tally.skipped[f"no article: {error.reason}"] += 1
            return
        url = captures[-1].row.url
        self.errors.append(error)
        self.tally.failed[error.code] += 1
        self._tell(Outcome("failed", url, reason=str(error), code=error.code, hint=error.hint))
        self._watch.trouble(error, again=False)

    # ── storing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _put(self, known: Known, record: Json) -> None:
        self._batch_since = self._batch_since if self._batch else time.monotonic()
        self._batch.append((known, record))
        full = len(self._batch) >= _BATCH_RECORDS
        if full or time.monotonic() - self._batch_since >= _BATCH_SECONDS:
            self._flush()

    def _flush(self) -> None:
        """Store what was read, together, and note it."""
        batch, self._batch = self._batch, []
        if not batch:
            return
        settled = []
        for (known, _), outcome in zip(batch, self._keeps.put_batch([record for _, record in batch]), strict=True):
            if outcome.kind == "failed":
                error = InputError(known.row.url, outcome.reason)
                self.errors.append(error)
                self._watch.trouble(error, again=False)
                settled.append(replace(known, state="failed", code=error.code, reason=outcome.reason))
            else:
                settled.append(replace(known, state="stored", code=None, reason=outcome.reason, record=outcome.id))
            self._tell(replace(outcome, source=known.row.url))
        self._ledger.settle_captures(*settled)

    # ── telling ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _tell(self, outcome: Outcome) -> None:
        self.tally.outcomes[outcome.kind] += 1
        self._watch.outcome(outcome)

    def _trouble(self, error: LuutruError) -> None:
        self.errors.append(error)
        self._note(error)
        self._watch.trouble(error, again=False)

    def _stop(self, how: Stopped, error: LuutruError) -> None:
        self.tally.stopped = how
        self.errors.append(error)
        self._note(error)
        self._watch.trouble(error, again=False)

    def _note(self, error: LuutruError) -> None:
        since = self._clock().isoformat(timespec="seconds")
        self.tally.troubles.append({"what": str(error), "code": error.code, "since": since})


class NotFoundInPart(FetchError):
    """A web archive did not list all of its captures."""

    what = "not all captures are listed"
    code = "listing_cut"


class _Enough(Exception):
    """As many articles as were asked for."""


def _is_front(error: LuutruError) -> bool:
    return isinstance(error, NotAnArticle) and error.reason in ("home", "listing")


def nothing_found(job: Job, archives: Sequence[WebArchive], skipped: Mapping[str, int]) -> LuutruError:
    """The error for a portal of which no archive has an article. skipped: what pages there were instead."""
    places = ", ".join(one.endpoint for one in archives)
    when = " of that time" if job.since or job.until else ""
    hint = "check the address; other archives may have it: --from-archive"
    if skipped:
        told = ", ".join(f"{number} times {what}" for what, number in skipped.items())
        return NotAnArticle(job.name, f"none of the pages{when} captured in {places} is one: {told}", hint=hint)
    return NotFound(job.name, f"no page{when} is captured in {places}", hint=hint)
