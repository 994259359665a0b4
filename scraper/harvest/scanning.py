"""Going through what a portal lists: the ladder of doors, and the proof that nothing is missing.

    for door in the ladder:  found closed lately? → next door
        for each beginning:  page → page → … → end
            all of it, by the server's own count or to the last page? → done
    what all doors gave together, and a word that it may not be all

An answer is read by its door, noted in the ledger, and given out at once, so that the pages can be visited while the
listing goes on: it is never held as a whole.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scraper.discovery.listing import Door, Listing, Place, Request
from scraper.errors import (
    AccessDenied,
    Disallowed,
    ExtractError,
    FetchError,
    LoginPage,
    LuutruError,
    NotAListing,
    NotFound,
    OutOfTime,
    RateLimited,
    SoftError,
)
from scraper.harvest.job import Job, PlaceReport, Remembers
from scraper.harvest.states import Known, verdict
from scraper.models import Capture

CLOSED_FOR = timedelta(days=7)
"""How long a door that was found closed is not tried again."""
_CLOSING = (ExtractError, AccessDenied, LoginPage, NotFound, SoftError, Disallowed)
_STALE_PAGES = 3  # pages in a row without an entry that this listing had not: its pager goes in circles
_CUTS = {
    "row_limit": "the last page is full and shows no way on: there may be more",
    "newest_only": "it names the newest only",
    "folders": "some of it lies in folders that could not be read",
    "groups": "some of it is in groups that only a browser opens",
}
_DROP = 0.5  # a listing with less than this share of what was known is not believed
_FEW = 10
Met = list[tuple[Known, bool]]


@dataclass(slots=True)
class _Listing:
    """What one door lists, as it is read. cut: why its end is not reached; early: it need not be.

    turned: pages that brought something new after the first.
    fault: what ended the reading of its last beginning.  broken: why a part of it, which nothing replaces, is missing.
    folders: rows that are folders.  owed: listings that its answers named, still to be read.
    """

    door: Door
    pages: int = 0
    total: int | None = None
    cut: str | None = None
    ended: bool = False
    early: bool = False
    fault: str | None = None
    broken: str | None = None
    folders: int = 0
    owed: deque[Request] = field(default_factory=deque)
    keys: set[int] = field(default_factory=set)
    asked: set[int] = field(default_factory=set)
    stale: int = 0
    turned: int = 0
    last_id: int | None = None
    rising: int = 0
    falling: int = 0

    @property
    def newest_first(self) -> bool:
        """Whether item numbers mostly fall from entry to entry."""
        return self.falling > 2 * self.rising

    def count(self, met: Met) -> None:
        """Take a page's entries into account."""
        before = len(self.keys)
        for known, _ in met:
            self.keys.add(hash(known.key))
            if known.item_id is not None and self.last_id is not None:
                self.falling += known.item_id < self.last_id
                self.rising += known.item_id > self.last_id
            self.last_id = known.item_id or self.last_id
        self.stale = self.stale + 1 if len(self.keys) == before else 0
        self.turned += 0 < before < len(self.keys)

    def is_new(self, request: Request) -> bool:
        """Whether it was not asked for before."""
        return _mark(request) not in self.asked

    def seen(self, request: Request) -> bool:
        """Whether it was asked for before; from now on it was."""
        known = _mark(request) in self.asked
        self.asked.add(_mark(request))
        return known


def _mark(request: Request) -> int:
    """What tells two requests apart. "Next" posts the same from each page but for the hidden inputs; that such a pager
    goes in circles shows in what it lists."""
    return hash((request.url, request.form))


class Scan:
    """The listing of one place. Iterate over `pages`; afterwards `report` says what was found and whether it is all.

    fetch: from a request to a capture; raises FetchError.  troubles: what a person should hear of.
    to_end: whether a door was read to its end that gives every item which anyone may see; the server may count more.
    """

    def __init__(
        self,
        job: Job,
        place: Place,
        ledger: Remembers,
        fetch: Callable[[Request], Capture],
        doors: Sequence[Door],
        now: Callable[[], datetime],
    ) -> None:
        self.place = place
        self.report = PlaceReport(place.start, place.list_path)
        self.troubles: list[LuutruError] = []
        self._refusals: list[LuutruError] = []
        self._verdicts: dict[str, dict[str, str]] = {}
        self._job, self._ledger, self._fetch, self._doors, self._now = job, ledger, fetch, doors, now
        self._last: dict[str, Any] = ledger.fact("scan", place.start) or {}
        self._known_before: int = self._last.get("listed") or ledger.known_at(place.start)
        self._counted: int | None = None
        self._all_tried = True
        self.to_end = False

    def pages(self) -> Iterator[Met]:
        """What the portal lists, page by page, as the ledger knows it; True beside what this run meets first.

        Raises RateLimited and OutOfTime, and what closed the first door where none is open.
        """
        closed: dict[str, str] = {door.name: reason for door in self._doors if (reason := self._closed(door))}
        self.report.doors.update(closed)
        best: _Listing | None = None
        for once_more in (False, True):
            for door in self._doors if best is None else ():
                if (door.name in closed) != once_more:
                    continue  # what was closed lately is tried where nothing else is open
                listing = _Listing(door)
                yield from self._enter(listing)
                if listing.pages and (best is None or self._rank(listing) > self._rank(best)):
                    best = listing
                if self._suffices(listing):
                    self._all_tried = False
                    break
        if best is None:
            raise self._nothing_open()
        self._judge(best)

    def _nothing_open(self) -> LuutruError:
        """The error where no door gave a listing: of the kind that most of them gave.

        No door's verdict is remembered then: it is the portal that is closed today, not its doors.
        """
        self.report.why = "nothing could be listed"
        closed = "; ".join(f"{name} {verdict.removeprefix('closed: ')}" for name, verdict in self.report.doors.items())
        kinds = Counter(type(error) for error in self._refusals) or Counter([NotAListing])
        kind = kinds.most_common(1)[0][0]
        hint = "try the address of a section or an article; luutru discover shows what each door answers"
        return kind(self.place.start, closed or "nothing is known to ask for", what="nothing can be listed", hint=hint)

    def _enter(self, listing: _Listing) -> Iterator[Met]:
        """Everything that one door lists: from each beginning, those too that its answers name, until it is all."""
        waiting = deque(listing.door.knock(self.place))
        faults = 0
        while waiting or listing.owed:
            is_part = bool(listing.owed)
            request = (listing.owed or waiting).popleft()
            if listing.seen(request):
                continue
            if len(listing.asked) > self._job.max_pages:
                listing.broken = self._too_much()
                return
            yield from self._follow(listing, request)
            if is_part and listing.fault is not None:
                listing.broken, faults = listing.fault, faults + 1
                if faults >= self._job.in_trouble:
                    return
            if listing.cut == "folders":
                listing.cut = None
                listing.owed.extend(one for one in listing.door.knock(self.place) if one not in waiting)
            if self._suffices(listing):
                return

    def _follow(self, listing: _Listing, request: Request) -> Iterator[Met]:
        """Read one listing from its beginning; an error ends it."""
        following: Request | None = request
        listing.cut = listing.fault = None
        listing.ended = False
        while following is not None:
            try:
                answer = listing.door.read(self._fetch(following), self.place)
            except (OutOfTime, RateLimited):
                raise
            except (FetchError, ExtractError) as error:
                self._fault(listing, error)
                return
            listing.pages += 1
            listing.total = listing.total if answer.total is None else answer.total
            self._counted = listing.total if listing.total is not None else self._counted
            listing.cut = answer.cut
            listing.folders += answer.folders
            listing.owed.extend(answer.further)
            self.report.pages += 1
            self.report.off_site += answer.off_site
            self.place = answer.place or self.place
            met = self._ledger.listed(self.place.start, answer.entries)
            listing.count(met)
            yield met
            following = self._next(listing, answer, met)
        listing.ended = listing.cut in (None, "folders") and not listing.early
        self._verdict(listing.door, "open")

    def _next(self, listing: _Listing, answer: Listing, met: Met) -> Request | None:
        """Where to go on; None at the end, at a cut, and where the rest need not be read."""
        following = answer.next
        if following is None or listing.seen(following):
            return None
        if listing.stale >= _STALE_PAGES:  # past its end a server repeats a page; but did it ever turn one?
            listing.cut = "its pager goes in circles" if listing.turned == 0 else listing.cut
            return None
        if listing.pages >= self._job.max_pages:
            listing.cut = self._too_much()
            return None
        if self._may_end(listing, met):
            listing.early = True
            return None
        return self._checkpoint(listing, following, met)

    def _may_end(self, listing: _Listing, met: Met) -> bool:
        """Whether the rest of a long listing, newest first, need not be read today."""
        if self._job.full or listing.pages < self._job.whole_pages or not listing.newest_first:
            return False
        if not self._lately("whole"):
            return False
        stamp = _stamp(self._now())
        return all(not verdict(known, stamp).visit for known, _ in met)

    def _checkpoint(self, listing: _Listing, following: Request, met: Met) -> Request:
        """Remember how far the listing was read; in a run that was broken off, skip what it had read."""
        name = f"{self.place.start} {listing.door.name}"
        kept = self._ledger.fact("checkpoint", name)
        again = kept is not None and kept["run"] == self._ledger.run and kept["pages"] > listing.pages
        if again and met and not any(fresh for _, fresh in met):
            listing.pages = kept["pages"]
            return Request(kept["url"], None, kept["accept"])
        if following.form is None and not again:
            note = {"run": self._ledger.run, "pages": listing.pages, "url": following.url, "accept": following.accept}
            self._ledger.note("checkpoint", {name: note})
        return following

    def _too_much(self) -> str:
        return f"more than {self._job.max_pages:,} pages"

    def _closed(self, door: Door) -> str | None:
        """The verdict on a door that was found closed lately."""
        kept = None if self._job.full else self._ledger.fact("door", f"{self.place.start} {door.name}")
        if kept is None or kept["verdict"] == "open" or self._age(kept["at"]) > CLOSED_FOR:
            return None
        return f"{kept['verdict']} (found on {kept['at'][:10]})"

    def _fault(self, listing: _Listing, error: LuutruError) -> None:
        """A door that does not open, or a listing that breaks off."""
        name = listing.door.name
        listing.fault = str(error)
        if listing.pages:
            listing.cut = listing.fault = f"broke off after {listing.pages} pages: {error}"
            self.troubles.append(error)
            self.report.doors[name] = listing.cut
            return
        was_open = (self._ledger.fact("door", f"{self.place.start} {name}") or {}).get("verdict") == "open"
        self._refusals.append(error)
        if was_open or not isinstance(error, _CLOSING):
            self.troubles.append(error)
        self._verdict(listing.door, f"closed: {error.what}", lasting=isinstance(error, _CLOSING))

    def _verdict(self, door: Door, words: str, *, lasting: bool = True) -> None:
        self.report.doors[door.name] = words
        if lasting:
            self._verdicts[f"{self.place.start} {door.name}"] = {"verdict": words, "at": _stamp(self._now())}
        if "open" in self.report.doors.values():
            self._ledger.note("door", self._verdicts)
            self._verdicts.clear()

    def _collected(self) -> int:
        return sum(self._ledger.tally(self.place.start).values())

    def _suffices(self, listing: _Listing) -> bool:
        """Whether no other door need be tried; where the server counts what nobody may see, that is found out anew
        now and then."""
        if listing.early or self._whole(listing):
            return True
        known = self._last.get("short", 0) if self._lately("tried") and not self._job.full else 0
        return self._is_read(listing) and self._short(listing) <= known

    def _whole(self, listing: _Listing) -> bool:
        return self._is_read(listing) and self._short(listing) <= 0

    def _is_read(self, listing: _Listing) -> bool:
        """Whether it was read to its end, and is worth believing."""
        if listing.broken or not (listing.door.exhaustive and listing.ended):
            return False
        return not any(listing.is_new(request) for request in listing.owed) and not self._dropped(listing)

    def _total(self, listing: _Listing) -> int | None:
        """What the server counts, as this door says or another did."""
        return self._counted if listing.total is None else listing.total

    def _short(self, listing: _Listing) -> int:
        """How many items the server counts beyond what was listed."""
        total = self._total(listing)
        return 0 if total is None else total - self._collected() - listing.folders

    def _dropped(self, listing: _Listing) -> bool:
        """Whether far less is listed than was listed last, and the server does not say that this is all."""
        collected = self._collected() + listing.folders
        if self._job.accept_fewer:
            return False
        if collected == 0 < self._known_before:
            return True
        few = self._known_before >= _FEW and collected < _DROP * self._known_before
        return few and (self._total(listing) is None or self._short(listing) > 0)

    def _rank(self, listing: _Listing) -> tuple[bool, bool, bool, int]:
        return self._suffices(listing), listing.door.exhaustive, listing.ended, len(listing.keys)

    def _judge(self, best: _Listing | None) -> None:
        """Say whether what was collected is all, and how that is known."""
        report = self.report
        report.list_path, report.collected = self.place.list_path, self._collected()
        if best is None:
            report.why = "nothing could be listed"
            return
        report.door, report.total = best.door.name, self._total(best)
        if not best.early and self._dropped(best):
            report.why = f"{report.collected:,} listed where {self._known_before:,} were known"
            self.troubles.append(
                NotAListing(
                    self.place.start,
                    report.why,
                    hint="was the portal redesigned? luutru discover shows what can be read; --full tries every door; "
                    "if it really has so few now, --accept-fewer once",
                )
            )
        elif best.early:
            report.why = "read until everything on a page was known; whole when last read to the end"
        else:
            self.to_end, report.complete = self._is_read(best), self._whole(best)
            report.why = self._proof(best)
            self._remember(best)

    def _proof(self, best: _Listing) -> str:
        total = self._total(best)
        if self._whole(best):
            return f"read to the end; the server {'states no count' if total is None else f'counts {total:,}'}"
        if self._short(best) > 0 and not best.broken:
            return f"the server counts {total:,}, {self.report.collected:,} are listed"
        return (
            best.broken or _CUTS.get(best.cut or "", best.cut) or f"the door {best.door.name} does not list everything"
        )

    def _remember(self, best: _Listing) -> None:
        """What the next run compares with."""
        now, note = _stamp(self._now()), dict(self._last)
        if best.fault is None and best.broken is None:
            note["listed"] = self.report.collected
        if self.to_end:
            note["whole"] = now
        if self._all_tried:
            note |= {"short": self._short(best), "tried": now}
        self._ledger.note("scan", {self.place.start: note})

    def _lately(self, what: str) -> bool:
        """Whether something was done within the days in which all is done once."""
        return what in self._last and self._age(self._last[what]) <= timedelta(days=self._job.full_days)

    def _age(self, stamp: str) -> timedelta:
        return self._now() - datetime.fromisoformat(stamp)


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
