"""What a harvest is asked to do, what it needs from the world, and whom it tells what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Protocol

from scraper.discovery.listing import ListingEntry
from scraper.errors import LuutruError
from scraper.harvest.states import Known
from scraper.models import Outcome

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """One portal to harvest, and how.

    name: of the portal.  starts: addresses to begin at.  limit: most articles to visit, None for all.
    full: try every door, and read every listing to its end; otherwise those of more than `whole_pages` pages end where
    everything on a page is known, as long as they were read to the end within `full_days`.
    recheck: visit known articles, too.  walk: also ask for the item numbers that no listing names.
    files: keep the articles' images and attachments, too.  accept_fewer: believe a listing that is much shorter than
    the last one, since a person has looked.
    max_pages: of one listing.  batch_records, batch_seconds: how many articles, or how old, are stored together.
    in_trouble: failures of the network in a row that end the run.  avoid: addresses not to visit, and why (a page that
    brought down an earlier attempt of this run).
    """

    name: str
    starts: tuple[str, ...]
    limit: int | None = None
    full: bool = False
    whole_pages: int = 100
    full_days: float = 7.0
    recheck: bool = False
    walk: bool = False
    files: bool = True
    accept_fewer: bool = False
    max_pages: int = 5_000
    batch_records: int = 64
    batch_seconds: float = 5.0
    in_trouble: int = 5
    avoid: Mapping[str, str] = field(default_factory=dict)


class Keeps(Protocol):
    """The archive, as far as a harvest needs it."""

    def put_batch(self, records: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """Store records durably, together."""

    def mark_gone(self, reference: str, reason: str | None = None) -> Outcome | None:
        """Note that an article is no longer published."""

    def mark_seen(self, references: Iterable[str]) -> Sequence[Outcome | None]:
        """Note that articles were met unchanged."""

    def get(self, reference: str) -> Json | None:
        """The stored dict of an article."""


class Remembers(Protocol):
    """The ledger, as far as a harvest needs it; see `storage.ledger.Ledger`."""

    run: int
    resumed: bool
    started: str

    def listed(self, place: str, entries: Iterable[ListingEntry]) -> list[tuple[Known, bool]]:
        """Note what the portal lists."""

    def absent(self, place: str) -> Iterator[Known]:
        """What it lists no longer."""

    def kept_at(self, place: str) -> Iterator[Known]:
        """What this run met there and the archive has."""

    def unfinished(self) -> Iterator[Known]:
        """What is listed and not stored, and what failed in a way that may pass."""

    def tally(self, place: str) -> dict[tuple[str, str | None], int]:
        """(state, code) → number."""

    def known_at(self, place: str) -> int:
        """How many are not gone."""

    def item_ids(self, place: str) -> Iterator[tuple[int, str, bool]]:
        """(item id, state, met by this run)."""

    def settle(self, *known: Known) -> None:
        """Note what became of them."""

    def fact(self, kind: Any, name: str) -> Any:
        """A noted fact."""

    def facts(self, kind: Any) -> dict[str, Any]:
        """All facts of a kind."""

    def note(self, kind: Any, facts: Mapping[str, Any]) -> None:
        """Note facts."""


class Watches(Protocol):
    """Who is told how it goes."""

    def beat(self, seconds: float, doing: str) -> None:
        """Signs of life: what is done next may take so long."""

    def outcome(self, outcome: Outcome) -> None:
        """Something became of an article."""

    def trouble(self, error: LuutruError, *, again: bool) -> None:
        """Something failed. again: it failed in the same way when it was tried last."""

    def recovered(self, what: str) -> None:
        """What had failed works again."""


Stopped = Literal["time limit", "interrupted", "limit", "server in trouble"]


@dataclass(slots=True)
class PlaceReport:
    """What is known of one start's listing after a run.

    doors: name → verdict in words.  door: the one whose listing counts.  pages: listing pages read.
    total: what the server says it has.  collected: different articles listed.
    complete: whether that is provably all; why: the proof or doubt.
    accounts: what the listed articles are now: stored, gone, forbidden, not an article, failed, waiting.
    gaps: item numbers up to the highest that are not listed: of those gone, tried, never seen.
    """

    start: str
    list_path: str | None = None
    doors: dict[str, str] = field(default_factory=dict)
    door: str | None = None
    pages: int = 0
    total: int | None = None
    collected: int = 0
    complete: bool = False
    why: str = ""
    accounts: dict[str, int] = field(default_factory=dict)
    gaps: dict[str, int] = field(default_factory=dict)
    off_site: int = 0


@dataclass(slots=True)
class Report:
    """What became of one run at one portal."""

    portal: str
    started: str = ""
    ended: str = ""
    resumed: bool = False
    stopped: Stopped | None = None
    outcomes: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    places: list[PlaceReport] = field(default_factory=list)
    troubles: list[dict[str, str]] = field(default_factory=list)


def plain(report: Report) -> Json:
    """The report as JSON data."""
    data: Json = {one.name: getattr(report, one.name) for one in fields(report)}
    data = {name: dict(value) if isinstance(value, Counter) else value for name, value in data.items()}
    return data | {"places": [asdict(place) for place in report.places]}
