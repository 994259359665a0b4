"""Answers of OData services as rows: `_api` and ListData.svc speak the same formats.

Read are JSON without metadata (`{"value": […], "odata.nextLink": …}`), verbose JSON (`{"d": {"results": […],
"__next": …, "__count": …}}`, also `{"d": […]}` of version 1), and Atom (MS-ODATA, 2.2.6). One entity alone is one row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from re import ASCII
from re import compile as pattern
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from scraper.addresses import join_url, shown
from scraper.answers import failure
from scraper.discovery.items import count_of, same_site
from scraper.discovery.listing import Listing, Place, Request
from scraper.discovery.received import address_of, is_json, local_name, outermost, read_json, refusal
from scraper.errors import InputError, OffSite
from scraper.models import Capture

MAX_ROWS = 20_000
"""Most rows read of one page; SharePoint gives 5,000 at most, ListData.svc 1,000."""
Row = Mapping[str, Any]
_ERRORS = frozenset({"error", "odata.error", "@odata.error"})
_DATE = pattern(r"/Date\((-?\d{1,15})([+-]\d{1,4})?\)/", ASCII)


@dataclass(frozen=True, slots=True)
class Rows:
    """rows: each entity's properties.  next: the link to the following page, as given.  count: of all rows."""

    rows: tuple[Row, ...]
    next: str | None = None
    count: int | None = None


def read_rows(capture: Capture) -> Rows:
    """The entities of an answer. Raises as `refusal` says where it is no answer of an OData service."""
    found = _of_json(capture, read_json(capture)) if is_json(capture) else _of_atom(capture)
    if len(found.rows) > MAX_ROWS:
        raise refusal(capture, f"more than {MAX_ROWS:,} rows in one answer")
    return found


def _of_json(capture: Capture, value: Any) -> Rows:
    if not isinstance(value, dict) or not value.keys().isdisjoint(_ERRORS):
        raise refusal(capture)
    verbose = "d" in value
    body = value["d"] if verbose else value
    if isinstance(body, list):
        return Rows(_mappings(capture, body))
    if not isinstance(body, dict):
        raise refusal(capture)
    listed = body.get("results" if verbose else "value")
    if isinstance(listed, list):
        link = next((body[name] for name in ("__next", "odata.nextLink", "@odata.nextLink") if name in body), None)
        count = next((body[name] for name in ("__count", "odata.count", "@odata.count") if name in body), None)
        return Rows(
            _mappings(capture, listed), link if isinstance(link, str) and link.strip() else None, count_of(count)
        )
    if listed is not None or not any(name in body for name in ("Id", "ID")):
        raise refusal(capture)
    return Rows((body,))


def _mappings(capture: Capture, listed: list[Any]) -> tuple[Row, ...]:
    rows = tuple(row for row in listed if isinstance(row, dict))
    if listed and not rows:
        raise refusal(capture, "its rows are no entities")
    return rows


def _of_atom(capture: Capture) -> Rows:
    rows: list[Row] = []
    link: str | None = None
    count: int | None = None
    for element in outermost(capture, frozenset({"feed", "entry"}), frozenset({"entry", "link", "count"})):
        name = local_name(element)
        if name == "entry":
            rows.append(_of_entry(element))
        elif name == "link" and element.get("rel") == "next":
            link = _based(element)
        elif name == "count":
            count = count_of((element.text or "").strip())
        if len(rows) > MAX_ROWS:
            break
    return Rows(tuple(rows), link, count)


def _based(link: etree._Element) -> str | None:
    """A link's address, joined to the `xml:base` around it."""
    href = link.get("href") or None
    try:
        return urljoin(link.base or "", href) if href else None
    except ValueError:
        return href


def _of_entry(entry: etree._Element) -> Row:
    """An entry's properties; an entity expanded inside a link stands under the link's title."""
    row = _values(entry)
    for child in entry:
        if local_name(child) == "link":
            title = child.get("title") or (child.get("rel") or "").rpartition("/")[2]
            expanded = [inner for inline in child for inner in inline if local_name(inner) == "entry"]
            if expanded:
                row[title] = _values(expanded[0])
    return row


def _values(entry: etree._Element) -> dict[str, Any]:
    """Properties of an entry itself, in its `content` or beside it."""
    holders = [entry, *(child for child in entry if local_name(child) == "content")]
    found: dict[str, Any] = {}
    for holder in holders:
        for child in holder:
            if local_name(child) == "properties":
                found.update(_properties(child))
    return found


def _properties(element: etree._Element) -> dict[str, str]:
    """Properties as texts; null ones are left out."""
    return {local_name(child): child.text for child in element if child.text is not None}


def next_request(capture: Capture, place: Place, link: str, accept: str) -> Request | None:
    """The request for the page that `link` names, asked at the host that this answer came from.

    Only path and query of the link count, so that an https portal whose links say http is not left. None where the link
    leads to this very page. Raises OffSite where it names another host or no web address.
    """
    here = address_of(capture) or place.start
    source = shown(capture.name or here)
    try:
        target = join_url(here, link)
    except InputError as error:
        raise failure(OffSite, source, f"its next page is no web address: {error.cause}") from error
    if not (same_site(target, place.start) and same_site(here, place.start)):
        raise failure(OffSite, source, f"its next page is at {shown(target, 200)}")
    parts, at = urlsplit(target), urlsplit(here)
    target = parts._replace(scheme=at.scheme, netloc=at.netloc).geturl()
    return None if target == here else Request(target, accept=accept)


def paged(listing: Listing, capture: Capture, place: Place, link: str | None, accept: str) -> Listing:
    """The listing with the way on that its answer names; one that leads nowhere cuts it."""
    if link is None:
        return listing
    following = next_request(capture, place, link, accept)
    return replace(listing, next=following, cut="row_limit" if following is None else listing.cut)


def plain_time(value: Any) -> tuple[str | None, bool]:
    """(time as ISO 8601, whether it is known to be UTC) of an OData time: `/Date(ms)/`, or a text as it stands.

    `/Date(ms+minutes)/` states its offset from UTC; without one the time has no zone (MS-ODATA, 2.2.6.3.1).
    """
    if not isinstance(value, str):
        return None, False
    match = _DATE.fullmatch(value.strip())
    if match is None:
        return value.strip()[:100] or None, False
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(match[1]))
    except OverflowError:
        return None, False
    text = moment.isoformat(timespec="seconds")
    return (text, True) if match[2] else (text.removesuffix("+00:00"), False)
