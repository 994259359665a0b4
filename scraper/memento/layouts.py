"""Where web archives have what, and the parts in which an index is asked for. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from scraper.addresses import request_url, shown
from scraper.errors import InputError
from scraper.memento.captures import Row
from scraper.politeness import site

EARLIEST = "19900101000000"


class Layout(NamedTuple):
    """Where an archive has what, below its endpoint."""

    name: str
    cdx: str
    replay: str
    timemap: str
    asks: tuple[tuple[str, str], ...]
    """Further parameters of the index."""


PYWB = Layout("pywb", "cdx", "", "timemap/link/", (("showNumPages", "true"),))
WAYBACK = Layout(
    "wayback",
    "cdx/search/cdx",
    "web/",
    "web/timemap/link/",
    (("fl", "timestamp,original,mimetype,statuscode,digest"), ("showResumeKey", "true")),
)
KNOWN = {"web.archive.org": WAYBACK}
LAYOUTS = {one.name: one for one in (PYWB, WAYBACK)}


class Slice(NamedTuple):
    """A part of a listing that is still to be asked for: a span of time (14 digits each), and where to go on in it."""

    since: str
    until: str
    resume: str | None = None
    page: int | None = None


def endpoint_of(text: str) -> str:
    """An endpoint without a final slash. Raises InputError for what is no web address."""
    address = request_url(text if "://" in text else f"https://{text}")
    if "?" in address:
        raise InputError(
            shown(text), "an archive's address has no question mark", hint="such as https://host/collection"
        )
    address = address.rstrip("/")
    if site(address + "/") == "web.archive.org":
        return address.removesuffix("/web")
    return re.sub(r"/cdx$", "", address)


def span(since: str | None, until: str | None, now: datetime) -> Slice:
    """The whole of a listing, as the first Slice."""
    return Slice(since or EARLIEST, until or (now + timedelta(days=2)).astimezone(UTC).strftime("%Y%m%d%H%M%S"))


def halves(one: Slice, rows: Sequence[Row]) -> list[Slice] | None:
    """A span of time in two, where half of the rows are, or else in its middle; None for a second."""
    if one.since >= one.until:
        return None
    moments = sorted(row.moment for row in rows)
    middle = moments[len(moments) // 2] if moments else ""
    first, last = (datetime.strptime(text, "%Y%m%d%H%M%S") for text in (one.since, one.until))
    if not one.since <= middle < one.until:
        middle = (first + (last - first) / 2).strftime("%Y%m%d%H%M%S")
    after = (datetime.strptime(middle, "%Y%m%d%H%M%S") + timedelta(seconds=1)).strftime("%Y%m%d%H%M%S")
    return [Slice(after, one.until), Slice(one.since, middle)]
