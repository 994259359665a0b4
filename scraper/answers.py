"""What a server's answer means before the page is looked at: a capture, an error, or an error that may pass. Pure."""

from __future__ import annotations

import http
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

from scraper.errors import (
    AccessDenied,
    Disallowed,
    FetchError,
    LoginPage,
    NetworkError,
    NotFound,
    OffSite,
    OutOfTime,
    RateLimited,
    SoftError,
    Threshold,
)
from scraper.text import tidy

Kind = TypeVar("Kind", bound=FetchError)
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CLOSED = frozenset({401, 403, 407, 451})
_GONE = frozenset({404, 410})
# Status → how many more tries are worthwhile. A 500 of SharePoint is as often a broken page as a passing fault.
_MANY = 1_000
_PASSING = {408: _MANY, 429: _MANY, 500: 1, 502: _MANY, 503: _MANY, 504: _MANY}
_HINTS: dict[type[FetchError], str] = {
    AccessDenied: "only what anyone may read can be archived; often the pages are open where the list forms are not",
    LoginPage: "only what anyone may read can be archived",
    NotFound: "check the address, or look for the page in a web archive",
    RateLimited: "run again later, or with longer pauses",
    SoftError: "open the address in a browser to see what the server says",
    NetworkError: "the server is in trouble; run again later",
    Threshold: "ask for it by ID, or through another view of the list",
    Disallowed: "if the owner permits it, name the path in `ignore`, and a `reason`, under [portal.robots]",
    OffSite: "if it belongs to the portal, name it in `hosts` of the settings file",
    OutOfTime: "run again: it goes on from here",
}
# SharePoint's error codes in the body of a 500 (JSON, XML or HTML): list view threshold (0x80070024), access denied
# (0x80070005).
_SHAREPOINT_CODE = re.compile(rb"-(2147024860|2147024891)(?![0-9])")
_SHAREPOINT_ERRORS: dict[bytes, type[FetchError]] = {b"2147024860": Threshold, b"2147024891": AccessDenied}
ERROR_BYTES = 65_536
"""How much of an error's body is worth reading."""
# Paths that redirects lead to when there is no page to show. Authenticate, AccessDenied, error, PageNotFoundError are
# SharePoint's, `/adfs/ls` is its federation service's; the rest are common conventions.
_DOORS: tuple[tuple[re.Pattern[str], type[FetchError]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"/_layouts/(?:\d+/)?authenticate\.aspx$", LoginPage),
        (r"/_(?:login|forms|trust|windows)/(?:default\.aspx)?$|^/adfs/ls/?$", LoginPage),
        (r"/(?:login|logon|sign-?in|dang-?nhap)(?:\.\w+)?/?$", LoginPage),
        (r"/_layouts/(?:\d+/)?accessdenied\.aspx$", AccessDenied),
        (r"/_layouts/(?:\d+/)?error\.aspx$", SoftError),
        (r"/pagenotfounderror\.aspx$|/404\.\w+$|^/404/?$", NotFound),
    )
)
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)


class Again(Exception):
    """An error that may pass.

    retries: how many more tries are worthwhile.  wait: seconds that the server asked for, None if it did not.
    refused: whether the server has said that it did not take the request (429, 503).
    """

    def __init__(
        self, error: FetchError, *, retries: int = _MANY, wait: float | None = None, refused: bool = False
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.retries = retries
        self.wait = wait
        self.refused = refused


def check_answer(
    source: str, status: int, headers: Mapping[str, str], now: datetime, *, at: str = "", body: bytes = b""
) -> None:
    """Pass an answer whose body is a page; raise the FetchError that any other is, inside `Again` where it may pass.

    source: how messages call the page.  headers: a mapping that ignores letter case.  at: who answered, if another.
    body: of a 500, as much as was read.
    """
    at = f" at {at[:200]}" if at else ""
    if 200 <= status < 300 and status != 206:
        # SharePoint's error and access-denied pages answer 200; only this header gives them away.
        if (told := headers.get("SharePointError")) is not None:
            raise failure(SoftError, source, f"SharePointError: {tidy(told)[:40]}{at}")
        return
    cause = f"HTTP {status}{_phrase(status)}{at}"
    if status == 500 and (code := _SHAREPOINT_CODE.search(body)):
        raise failure(_SHAREPOINT_ERRORS[code[1]], source, f"{cause}, SharePoint's error {code[0].decode()}")
    wait = retry_after(headers.get("Retry-After"), now)
    error: FetchError
    if status == 429 or (status == 503 and wait is not None):
        error = failure(
            RateLimited, source, cause + (f", asking for a pause of {wait:.0f} s" if wait is not None else "")
        )
    elif status in _CLOSED:
        error = failure(AccessDenied, source, cause)
    elif status in _GONE:
        error = missing = failure(NotFound, source, cause)
        missing.status = status
    elif status >= 500 or status < 400 or status in _PASSING:
        error = failure(NetworkError, source, cause)
    else:
        error = failure(FetchError, source, cause)
    if status in _PASSING:
        raise Again(error, retries=_PASSING[status], wait=wait, refused=status in (429, 503))
    raise error


def check_redirect(source: str, address: str, target: str) -> None:
    """Raise the FetchError that a redirect from `address` to `target` means: LoginPage, NotFound, …; else pass."""
    here, there = urlsplit(address), urlsplit(target)
    if here.path == there.path:
        return
    kind = next((kind for pattern, kind in _DOORS if pattern.search(there.path)), None)
    if kind is None and "aspxerrorpath=" in there.query.lower():  # ASP.NET's customErrors
        kind = SoftError
    if kind is not None:
        raise failure(kind, source, f"it redirects to {target[:200]}")


def failure(kind: type[Kind], source: str, cause: str) -> Kind:
    """An error of that kind with its usual hint."""
    return kind(source, cause, hint=_HINTS.get(kind, ""))


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header, in seconds or as an HTTP date (RFC 9110, 10.2.3); None if unusable."""
    from email.utils import parsedate_to_datetime

    value = (value or "").strip()
    if re.fullmatch("[0-9]{1,9}", value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def charset_of(content_type: str | None) -> str | None:
    """The charset that a Content-Type header names, in lower case."""
    match = _CHARSET.search(content_type or "")
    return match[1].lower() if match else None


def _phrase(status: int) -> str:
    try:
        return " " + http.HTTPStatus(status).phrase
    except ValueError:
        return ""
