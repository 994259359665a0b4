"""What a harvest knows of each address, and whether it is worth a visit now. Pure.

seen → fetched → stored            listed; its page is here; its record is in the archive
               ↘ failed            a visit failed: tried again next time if that may pass, else ever more rarely
stored → gone → seen → …           left the list and answers like a missing page; listed again
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

State = Literal["seen", "fetched", "stored", "failed", "gone"]

PASSING = frozenset({"network", "rate_limited", "out_of_time", "fetch", "archive", "locked", "no_space"})
"""Codes of errors that the next run may not meet any more."""
SHORTEST, LONGEST = timedelta(days=1), timedelta(days=90)
_SHARE = 8  # a page that did not change for eight weeks is looked at again after one


@dataclass(frozen=True, slots=True)
class Known:
    """One address as the ledger keeps it. Times are ISO 8601 in UTC.

    key: what makes it one article (`key_of`).  mark: as listed last; settled_mark: as listed when it was last visited.
    reason, code: of the state.  tries: failed visits in a row.  checked: last visit; changed: last one that
    found a change.  due: next visit for its own sake.  etag, last_modified: of the last page.
    record: id in the archive.
    """

    key: str
    url: str
    state: State = "seen"
    reason: str = ""
    code: str | None = None
    door: str = ""
    title: str | None = None
    item_id: int | None = None
    mark: str | None = None
    settled_mark: str | None = None
    tries: int = 0
    checked: str | None = None
    changed: str | None = None
    due: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    record: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to visit an address, and why or why not."""

    visit: bool
    reason: str


LACKS_FILES = "files"
"""Code of an article that is stored, but for files that may be had another time."""


def verdict(known: Known, now: str, *, recheck: bool = False) -> Verdict:
    """What to do with an address that the portal lists. recheck: visit whatever can be visited."""
    if known.state in ("seen", "gone"):
        return Verdict(True, "listed again" if known.state == "gone" else "first listed")
    if known.state == "fetched":
        return Verdict(True, "the last run ended before it was stored")
    if _differ(known.mark, known.settled_mark):
        return Verdict(True, "its mark in the list changed")
    if recheck:
        return Verdict(True, "asked for")
    is_due = known.due is not None and known.due <= now
    if known.state == "failed":
        if known.code in PASSING:
            return Verdict(True, "failed last time")
        return Verdict(is_due, "failed, and due again" if is_due else f"failed before: {known.code}")
    if known.code == LACKS_FILES:
        return Verdict(is_due, "some of its files failed" + (", and due again" if is_due else ""))
    if known.mark is not None:
        return Verdict(False, "same mark in the list")
    return Verdict(is_due, "no mark in the list, and due again" if is_due else "no mark in the list, not due yet")


def _differ(mark: str | None, settled: str | None) -> bool:
    """Whether two marks tell of an edit: those of different doors cannot be compared, so the later counts."""
    if mark is None or settled is None:
        return False
    return mark != settled and mark.split(" ", 1)[0] == settled.split(" ", 1)[0]


def next_visit(now: datetime, changed: datetime, tries: int = 0) -> datetime:
    """When to look again at a page without a mark: an eighth of the time since it last changed, 1 to 90 days; after
    failures 1, 2, 4, … days."""
    wait = timedelta(days=2 ** min(tries - 1, 7)) if tries else (now - changed) / _SHARE
    return now + min(max(wait, SHORTEST), LONGEST)


class ReadsMarks(Protocol):
    """What `key_of` needs of a listing entry."""

    @property
    def url(self) -> str:
        """Its address."""

    @property
    def list_path(self) -> str | None:
        """Its list."""

    @property
    def item_id(self) -> int | None:
        """Its item."""


def key_of(entry: ReadsMarks) -> str:
    """What makes an entry one article: list and item where both are known, else its address; case aside."""
    from scraper.addresses import clean_url

    if entry.list_path is not None and entry.item_id is not None:
        return f"{entry.list_path.casefold()}#{entry.item_id}"
    rest = clean_url(entry.url).partition("://")[2]
    path, mark, query = rest.partition("?")
    return f"{path.casefold().removeprefix('www.').rstrip('/')}{mark}{query}"
