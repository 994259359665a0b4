"""One web archive: its index read in slices, its captures fetched as they were received. Speaks through a Fetcher.

    endpoint → layout (where index, replays and TimeMaps are) → listing: slices → rows
                                                             → replay: address with `id_` → capture, redirects followed

The Fetcher follows no redirects here: those of an original page lead to the dead portal, and are looked up in the
archive instead.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

from scraper.addresses import join_url, request_url, shown
from scraper.answers import REDIRECTS, check_redirect, failure
from scraper.errors import (
    AccessDenied,
    FetchError,
    NetworkError,
    NotAListing,
    NotFound,
    OffSite,
    SoftError,
    TooLarge,
)
from scraper.memento.captures import Row
from scraper.memento.index import Answer, read_cdx
from scraper.memento.layouts import EARLIEST, KNOWN, LAYOUTS, PYWB, WAYBACK, Layout, Slice, endpoint_of, halves
from scraper.memento.rows import item_key, row_of, within
from scraper.memento.stripping import is_rewritten, stripped
from scraper.memento.timemap import read_timemap
from scraper.models import Capture

LIMIT = 20_000
"""Rows asked for at once."""
_MAX_HOPS = 8
_MAX_TIMEMAPS = 1_000
_MODIFIERS = ("id_", "if_", "")
_NO_IMAGES = "!mimetype:(image|video|audio|font)/.*"


class Asks(Protocol):
    """The Fetcher."""

    def fetch(self, url: str, *, accept: str | None = None) -> Capture:
        """The page."""


class Hops:
    """What the Fetcher's `observe` tells: the last answer, with where it leads."""

    def __init__(self) -> None:
        self.address, self.status, self.location = "", 0, ""

    def __call__(self, address: str, status: int, headers: Mapping[str, str]) -> None:
        """Note an answer."""
        self.address, self.status = address, status
        self.location = next((value for name, value in headers.items() if name.lower() == "location"), "")


class Listed(NamedTuple):
    """rows: captures.  pending: what is still to be asked for.  notes: what a person should know."""

    rows: tuple[Row, ...]
    pending: tuple[Slice, ...]
    notes: tuple[str, ...] = ()


class Replay(NamedTuple):
    """A capture as received from an archive.

    capture: with the original's addresses and the time of capture.  row: what it is of, after redirects.
    """

    capture: Capture
    row: Row


@dataclass
class WebArchive:
    """An archive with a CDX server or TimeMaps. endpoint: `https://web.archive.org`, `https://host/collection`.

    fetcher: follows no redirects, and tells `hops` of each answer.
    """

    endpoint: str
    fetcher: Asks
    hops: Hops
    limit: int = LIMIT
    layout: Layout | None = None
    by: str = "cdx"
    """How its captures are listed: `cdx` or `timemap`."""
    _modifier: str | None = None

    def __post_init__(self) -> None:
        self.endpoint = endpoint_of(self.endpoint)
        host = urlsplit(self.endpoint).hostname or ""
        if self.layout is None and host in KNOWN:
            self.layout = KNOWN[host]

    def known_as(self, by: str, layout: str | None) -> None:
        """What an earlier run found out: how its captures are listed, and the name of its layout."""
        self.by, self.layout = by, LAYOUTS.get(layout or "", self.layout)

    # ── what it has ───────────────────────────────────────────────────────────────────────────────────────────────

    def listing(self, start: str, pending: Sequence[Slice]) -> Iterator[Listed]:
        """The captures at and below an address, in parts; `pending` of one is where to go on after it.

        pending: at first one Slice. Raises FetchError, and NotAListing where neither index nor TimeMap answers.
        """
        todo = list(pending)
        while todo:
            one = todo.pop()
            if self.by == "timemap":
                yield Listed(tuple(self._timemap(start, one)), tuple(todo))
                continue
            try:
                answer = self._asked(start, one)
            except TooLarge:
                answer = Answer(lines=self.limit)
            if self.by == "timemap":  # there is no index
                todo.append(one)
                continue
            further, notes = self._further(one, answer)
            todo.extend(further)
            rows = (row for row in answer.rows if one.since <= row.moment <= one.until and within(row.url, start))
            if answer.bad:
                notes = (*notes, f"{answer.bad} lines of the index of {self.endpoint} cannot be read")
            yield Listed(tuple(rows), tuple(todo), notes)

    def answers(self, start: str) -> bool:
        """Whether index or TimeMap answer now: if so, captures that cannot be had are faults of theirs alone."""
        try:
            if self.by == "timemap" and self.layout is not None:
                self._links(f"{self.endpoint}/{self.layout.timemap}{start}")
            else:
                self._asked(start, Slice(EARLIEST, EARLIEST))
        except (FetchError, NotAListing):
            return False
        return True

    def _asked(self, start: str, one: Slice) -> Answer:
        """The index's answer; which layout the archive has is found with the first one."""
        if self.layout is not None:
            return self._index(self.layout, start, one)
        causes: list[str] = []
        for layout in (PYWB, WAYBACK):
            try:
                answer = self._index(layout, start, one)
            except (NotFound, NotAListing, AccessDenied) as error:
                causes.append(f"{layout.cdx}: {error.cause or error.what}")
                continue
            self.layout = layout
            return answer
        for layout in (PYWB, WAYBACK):
            try:
                self._links(f"{self.endpoint}/{layout.timemap}{start}")
            except (NotFound, NotAListing, AccessDenied) as error:
                causes.append(f"{layout.timemap}: {error.cause or error.what}")
                continue
            self.layout, self.by = layout, "timemap"
            return Answer()
        raise NotAListing(
            self.endpoint, "; ".join(causes), hint="give the address of a collection, such as https://host/collection"
        )

    def _index(self, layout: Layout, start: str, one: Slice) -> Answer:
        parts = urlsplit(start)
        host_only = parts.path in ("", "/") and not parts.query
        asked = [
            ("url", parts.netloc + ("" if host_only else parts.path)),
            ("matchType", "host" if host_only else "prefix"),
            ("output", "json"),
            ("filter", _NO_IMAGES),
            ("from", one.since),
            ("to", one.until),
            *((name, value) for name, value in layout.asks if name != "showNumPages" or one.page is None),
        ]
        if one.page is None:
            asked.append(("limit", str(self.limit)))
        else:
            asked.append(("page", str(one.page)))
        if one.resume is not None:
            asked.append(("resumeKey", one.resume))
        query = "&".join(f"{name}={quote(value, safe='/:,*')}" for name, value in asked)
        return read_cdx(self._brought(f"{self.endpoint}/{layout.cdx}?{query}").content, self.endpoint)

    def _further(self, one: Slice, answer: Answer) -> tuple[list[Slice], tuple[str, ...]]:
        """What is to be asked for after an answer."""
        if answer.pages is not None:
            return [one._replace(page=number) for number in reversed(range(answer.pages))], ()
        if answer.resume is not None and answer.resume != one.resume:
            return [one._replace(resume=answer.resume)], ()
        if answer.lines < self.limit or one.page is not None:
            return [], ()
        if any(not one.since <= row.moment <= one.until for row in answer.rows):
            return [], (f"{self.endpoint} lists no more than {answer.lines:,} captures; there may be others",)
        parts = halves(one, answer.rows)
        if parts is None:
            return [], (f"{self.endpoint} has more than {self.limit:,} captures of one second; some are left out",)
        return parts, ()

    def _timemap(self, start: str, one: Slice) -> Iterator[Row]:
        """The captures of one address, from its TimeMap."""
        assert self.layout is not None  # noqa: S101 - found by `_asked`
        todo, seen = [f"{self.endpoint}/{self.layout.timemap}{start}"], 0
        while todo and seen < _MAX_TIMEMAPS:
            links = self._links(todo.pop())
            seen += 1
            todo += links.further if seen == 1 or len(links.further) == 1 else ()
            for address, moment in links.mementos:
                original = self._parsed(address)
                row = row_of(original[1] if original else start, moment, "-", "-", "-", self.endpoint)
                if row is not None and one.since <= row.moment <= one.until and item_key(row.url) == item_key(start):
                    yield row

    def _links(self, address: str) -> Any:
        return read_timemap(self._brought(address).content, self.endpoint)

    # ── what was captured ─────────────────────────────────────────────────────────────────────────────────────────

    def replay(self, row: Row, belongs: Callable[[str], bool]) -> Replay:
        """A capture's bytes; redirects, the original's too, are followed to the nearest capture of their target.

        belongs: whether an original address is the portal's. Raises FetchError; SoftError for an error page of
        SharePoint that answered 200, OffSite for a redirect away from the portal.
        """
        for modifier in _MODIFIERS if self._modifier is None else (self._modifier,):
            try:
                found = self._followed(row, modifier, belongs)
            except NotFound:
                if self._modifier is not None or modifier == _MODIFIERS[-1]:
                    raise
                continue
            self._modifier = modifier
            return found
        raise AssertionError("no modifier is the last")

    def _followed(self, row: Row, modifier: str, belongs: Callable[[str], bool]) -> Replay:
        name, at = shown(row.url), row
        for _ in range(_MAX_HOPS):
            address = self._address(at, modifier)
            capture = self._capture(address)
            if capture is not None:
                return self._received(row, at, modifier, capture)
            target = join_url(address, self.hops.location)
            parsed = self._parsed(target)
            if parsed is None:
                target = join_url(at.url, self.hops.location)
                moment = at.moment
            else:
                moment, target = parsed
            check_redirect(name, at.url, target)
            if not belongs(target):
                raise OffSite(name, f"it redirects to {shown(target, 200)}")
            at = dataclasses.replace(at, url=request_url(target), moment=moment, status=None, digest="")
        raise NetworkError(name, f"more than {_MAX_HOPS} redirects in the archive")

    def _address(self, row: Row, modifier: str) -> str:
        return f"{self.prefix}{row.moment}{modifier}/{row.url}"

    @property
    def prefix(self) -> str:
        """What precedes the time stamp in addresses of replays."""
        return f"{self.endpoint}/{self.layout.replay if self.layout else ''}"

    def _parsed(self, address: str) -> tuple[str, str] | None:
        """(moment, original address) of a replay's address; None for any other."""
        match = re.match(r"https?://(.*?)([0-9]{14})(?:[a-z]{2}_)?/(https?:/.*)", address)
        own = self.prefix.partition("://")[2]
        if match is None or match[1] != own:
            return None
        return match[2], re.sub(r"^(https?):/+", r"\1://", match[3])

    def _received(self, row: Row, at: Row, modifier: str, capture: Capture) -> Replay:
        headers = {name.lower(): value for name, value in capture.headers}
        if (told := headers.get("x-archive-orig-sharepointerror")) is not None:
            raise failure(SoftError, shown(row.url), f"SharePointError: {told[:40]}")
        moment = _datetime(headers.get("memento-datetime", "")) or at.moment
        at = dataclasses.replace(at, moment=moment)
        content = capture.content
        if "html" in (capture.info.content_type or "html") and is_rewritten(content):
            content = stripped(content, self.prefix)
        info = dataclasses.replace(
            capture.info,
            requested_url=row.url,
            final_url=at.url,
            fetched_at=at.at,
            sha256=sha256(content).hexdigest(),
            bytes=len(content),
            source="memento",
            replay_url=self._address(at, modifier),
        )
        return Replay(Capture(content, info, name=row.url, headers=capture.headers), at)

    # ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _capture(self, address: str) -> Capture | None:
        """The answer to a request; None for a redirect, of which `hops` knows more."""
        self.hops.status = 0
        try:
            return self.fetcher.fetch(address)
        except FetchError as error:
            if self.hops.status in REDIRECTS and self.hops.location and type(error) in (NetworkError, OffSite):
                return None
            raise

    def _brought(self, address: str) -> Capture:
        """The answer to a request for what is no capture; redirects within the archive's hosts are followed."""
        for _ in range(_MAX_HOPS):
            capture = self._capture(address)
            if capture is not None:
                return capture
            address = join_url(address, self.hops.location)
        raise NetworkError(shown(address), f"more than {_MAX_HOPS} redirects")


def _datetime(text: str) -> str | None:
    """A Memento-Datetime header as 14 digits (RFC 7089, 2.1.1)."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC).strftime("%Y%m%d%H%M%S")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
