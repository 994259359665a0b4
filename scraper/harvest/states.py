"""What a harvest knows of each address, and whether it is worth a visit now. Pure.

seen → fetched → stored            listed; its page is here; its record is in the archive
               ↘ failed            a visit failed: tried again next time if that may pass, else ever more rarely
stored → gone → seen → …           left the list and answers like a missing page; listed again
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from scraper.discovery.listing import ListingEntry

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
    if _comparable(known.mark, known.settled_mark):
        return Verdict(False, "same mark in the list")
    why = "no mark in the list" if known.mark is None else "its mark is another door's than at the last visit"
    return Verdict(is_due, f"{why}, and due again" if is_due else f"{why}, not due yet")


def listed_again(known: Known, entry: ListingEntry, mark: str | None) -> Known:
    """What is known of an address that is listed once more. mark: the entry's, with its door's name before it.

    The listed address is the one to ask. Where the last visit's mark cannot be compared with this one, since another
    door gave it, this door's own words of before can be.
    """
    settled = known.settled_mark
    if not _comparable(mark, settled) and _differ(mark, known.mark):
        settled = known.mark
    known = replace(known, mark=mark, settled_mark=settled, door=entry.door, title=entry.title or known.title)
    return known if known.url == entry.url else replace(known, url=entry.url, etag=None, last_modified=None)


def _comparable(mark: str | None, other: str | None) -> bool:
    """Whether two marks are of the same door."""
    return mark is not None and other is not None and mark.split(" ", 1)[0] == other.split(" ", 1)[0]


def _differ(mark: str | None, other: str | None) -> bool:
    """Whether two marks tell of an edit."""
    return mark != other and _comparable(mark, other)


def next_visit(now: datetime, changed: datetime, tries: int = 0) -> datetime:
    """When to look again at a page without a mark: an eighth of the time since it last changed, 1 to 90 days; after
    failures 1, 2, 4, … days."""
    wait = timedelta(days=2 ** min(tries - 1, 7)) if tries else (now - changed) / _SHARE
    return now + min(max(wait, SHORTEST), LONGEST)


def key_of(entry: ListingEntry) -> str:
    """What makes an entry one article: host, list and item where they are known, else its address; case aside."""
    from scraper.addresses import clean_url

    rest = clean_url(entry.url).partition("://")[2].removeprefix("www.")
    if entry.list_path is not None and entry.item_id is not None:
        return f"{rest.partition('/')[0]}{entry.list_path.casefold()}#{entry.item_id}"
    path, mark, query = rest.partition("?")
    return f"{path.casefold().rstrip('/')}{mark}{query}"
