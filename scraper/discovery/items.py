"""From what a door says of an item to a listing entry: addresses on the portal, times, marks. Shared by the doors."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

from scraper.addresses import clean_url, item_identity, join_url, request_url
from scraper.discovery.listing import DoorName, ListingEntry, Place
from scraper.discovery.place import same_list
from scraper.errors import InputError
from scraper.text import tidy

MAX_TITLE = 1_000
"""Longest title kept of a listing, in characters; a list's Title column holds 255."""
MAX_ITEM = 2_147_483_647
"""SharePoint numbers items with 32 bits."""
_PORTS = {"http": 80, "https": 443}
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)", re.ASCII | re.IGNORECASE)
_GUID = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?", re.ASCII | re.IGNORECASE)
_LOOKUP = re.compile(r"\d{1,10};#", re.ASCII)


def same_site(address: str, other: str) -> bool:
    """Whether two addresses (in the form of `request_url`) name one host and port; `www.` and http or https aside."""
    return _site(_origin(address)) == _site(_origin(other))


def _origin(address: str) -> str:
    return "/".join(address.split("/", 3)[:3])


@lru_cache(maxsize=64)
def _site(origin: str) -> tuple[str, int | None]:
    parts = urlsplit(origin)
    port = None if parts.port == _PORTS.get(parts.scheme) else parts.port
    return (parts.hostname or "").removeprefix("www."), port


def on_site(place: Place, base: str, link: str) -> str | None:
    """The address that a link of the page at `base` leads to; None where it is no web address or not on the portal."""
    try:
        address = join_url(base or place.start, link)
    except InputError:
        return None
    return address if same_site(address, place.start) else None


def web_of(place: Place) -> str | None:
    """Address of the SharePoint site that the place lies in, with a final slash: as known, else above `/Lists/`."""
    if place.web is not None:
        return place.web if place.web.endswith("/") else place.web + "/"
    above, lists, _ = (place.list_path or "").partition("/Lists/")
    return on_site(place, place.start, quote(above) + "/") if lists else None


def item_address(place: Place, number: int, list_path: str | None, file: str | None = None) -> str | None:
    """Where the item of that number is read, in the form of `request_url`; None where nothing tells.

    By `place.item`, else the page itself in a library of pages, else the list's form. list_path, file: server-relative
    and decoded; the file's own list counts where the list's path is not known.
    """
    if place.item is not None:
        return on_site(place, place.start, place.item.replace("{id}", str(number)))
    at = place.web or place.start
    if file is not None and "/lists/" not in file.lower() and file.lower().endswith(".aspx"):
        return on_site(place, at, quote("/" + file.lstrip("/")))
    path = list_path or item_identity(file or "")[0]
    if path is not None:
        form = "/DispForm.aspx" if "/lists/" in path.lower() else "/Forms/DispForm.aspx"
        return on_site(place, at, quote("/" + path.strip("/") + form) + f"?ID={number}")
    guid, web = guid_of(place.list_id), web_of(place)
    if guid is not None and web is not None:
        return on_site(place, web, f"_layouts/listform.aspx?PageType=4&ListId={{{guid}}}&ID={number}")
    return None


def item_entry(
    door: DoorName,
    place: Place,
    number: int,
    *,
    file: str | None = None,
    title: str | None = None,
    mark: str | None = None,
    modified: str | None = None,
) -> ListingEntry | None:
    """The entry of an item that a door knows by its number; None where no address on the portal can be told."""
    file = None if file is None else "/" + file.lstrip("/")
    list_path = place.list_path or item_identity(file or "")[0]
    url = item_address(place, number, list_path, file)
    return None if url is None else ListingEntry(url, door, title, number, list_path, mark, modified)


def link_entry(
    door: DoorName, place: Place, base: str, link: str, *, title: str | None, mark: str | None, modified: str | None
) -> ListingEntry | None:
    """The entry of an item that a door knows by its link, written as other doors write it; None where it is off site.

    Links to an item of the place's own list become the place's address of that item; others lose what only says how
    a reader came (`Source=…`).
    """
    address = on_site(place, base, link)
    if address is None:
        return None
    list_path, number = item_identity(address)
    own = same_list(list_path, place.list_path) or (
        list_path is not None and list_path == f"{{{guid_of(place.list_id)}}}"
    )
    if own and number is not None and number <= MAX_ITEM:
        entry = item_entry(door, place, number, title=title, mark=mark, modified=modified)
        if entry is not None:
            return entry
    url = request_url(clean_url(address))
    if list_path is None and number is not None and _fits(place.item, url, number):
        list_path = place.list_path
    return ListingEntry(url, door, title, number, list_path, mark, modified)


def _fits(template: str | None, url: str, number: int) -> bool:
    return template is not None and template.replace("{id}", str(number)).lower() == url.lower()


def utc(text: str | None) -> str | None:
    """A time with its offset, as W3C and SharePoint write it, as ISO 8601 in UTC; None where it is not unambiguous."""
    match = _TIME.fullmatch(text.strip()) if text else None
    if match is None:
        return None
    day, minute, second, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}{offset.upper()}")
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return None


def utc_of_mail_date(text: str | None) -> str | None:
    """A date of RFC 5322 as ISO 8601 in UTC; None where it names no zone (`-0000` included) or is no date."""
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime((text or "")[:100])
        return None if moment.tzinfo is None else moment.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def item_number(value: Any) -> int | None:
    """An item's number, given as number or digits; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    if isinstance(value, str):
        text = value.strip()
        if len(text) > 10 or not (text.isascii() and text.isdigit()):
            return None
        value = int(text)
    return value if 0 < value <= MAX_ITEM else None


def count_of(value: Any) -> int | None:
    """How many, given as number or digits, 0 included."""
    return 0 if value in (0, "0") and not isinstance(value, bool) else item_number(value)


def guid_of(value: Any) -> str | None:
    """A GUID in lower case, without braces."""
    match = _GUID.fullmatch(value.strip()) if isinstance(value, str) else None
    return match[1].lower() if match else None


def text_value(value: Any, limit: int = MAX_TITLE) -> str | None:
    """A text as one tidy line of at most `limit` characters; None for what is empty or no text."""
    return (tidy(value[: 4 * limit])[:limit] or None) if isinstance(value, str) else None


def path_value(value: Any) -> str | None:
    """A server-relative path, decoded; the number that a lookup column puts before it (`7;#sites/…`) is dropped."""
    if not isinstance(value, str) or len(value) > 2_000 or "://" in value:
        return None
    path = _LOOKUP.sub("", value.strip(), count=1) if _LOOKUP.match(value.strip()) else value.strip()
    return "/" + path.lstrip("/") if path.strip("/") and path.isprintable() else None


def mark_of(*parts: Any) -> str | None:
    """What changes with an edit, as given: the parts that there are, joined by a blank."""
    texts = (str(part) if isinstance(part, int) and not isinstance(part, bool) else part for part in parts)
    return " ".join(text for text in (text_value(text, 100) for text in texts) if text) or None
