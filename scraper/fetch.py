"""Fetching: from an address to a capture, politely, within limits, and never half a page.

    for each try:   exchange → redirect? check and go on → answer a page? → whole body → Capture
    between tries:  what the server asks for (Retry-After), else longer and longer pauses

`answers` says what a status means, `transfer` speaks HTTP, `faults` puts network failures into words.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING

from scraper.addresses import join_url, request_url, shown
from scraper.answers import REDIRECTS, Again, charset_of, check_answer, check_redirect, failure
from scraper.errors import InputError, NetworkError, RateLimited
from scraper.models import Capture, CaptureInfo
from scraper.text import tidy
from scraper.trip import Trip

if TYPE_CHECKING:
    from scraper.tls import TlsPolicy
    from scraper.transfer import Answer

CONTACT_VARIABLE = "LUUTRU_CONTACT"


def user_agent(contact: str | None = None) -> str:
    """`luutru/<version> (+<project page>; <contact>)`; the contact, mail or web address, defaults to LUUTRU_CONTACT.

    What is not known is left out, and so are characters that no header may carry.
    """
    from importlib import metadata

    try:
        project = metadata.metadata("luutru")
        version, pages = project["Version"], project.get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        version, pages = "dev", []
    page = next((f"+{address}" for _, _, address in (line.partition(", ") for line in pages)), "")
    contact = os.environ.get(CONTACT_VARIABLE, "") if contact is None else contact
    about = "; ".join(part for part in (page, re.sub(r"[^!-~ ]|[()]", "", contact).strip()) if part)
    return f"luutru/{version}" + (f" ({about})" if about else "")


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """Limits and manners of a Fetcher.

    connect_timeout, read_timeout: seconds to connect (per IP address), and between two bytes.
    total_timeout: seconds for one try, redirects, headers and body together (name lookup is the system's affair); who
    needs longer is not asked again.  max_bytes: longest body, after content decoding.  max_redirects: hops per try.
    retries: tries after the first, where the fault may pass.  backoff: seconds before the first of them, doubled each
    time, with jitter.  max_pause: longest pause, in seconds; a longer Retry-After is an error.
    allow_private: follow redirects from a public site into a private network.
    extra_ca: file of certificates (PEM) to trust besides the usual ones, for every host.
    tls: what is allowed beyond strict TLS, by host (ASCII, lower case, without port).
    """

    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    total_timeout: float = 120.0
    max_bytes: int = 50_000_000
    max_redirects: int = 10
    retries: int = 3
    backoff: float = 0.5
    max_pause: float = 60.0
    user_agent: str = field(default_factory=user_agent)
    allow_private: bool = False
    extra_ca: str | None = None
    tls: Mapping[str, TlsPolicy] = field(default_factory=dict)


def _now() -> datetime:
    return datetime.now(UTC)


class Fetcher:
    """Fetches pages over one session: connections and cookies are kept. For one thread; a context manager.

    observe: told the address, status and headers (names in any letter case) of every answer, redirects too; what paces
    the requests reads Microsoft's `X-SharePointHealthScore` there.
    sleep, clock (aware datetimes) and jitter (0 to 1) are for tests to replace; deadlines run on the machine's clock.
    Raises InputError where `extra_ca` cannot be read.
    """

    def __init__(
        self,
        options: FetchOptions | None = None,
        *,
        observe: Callable[[str, int, Mapping[str, str]], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = _now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        from scraper.transfer import Client

        self.options = options or FetchOptions()
        self._client = Client(self.options)
        self._observe = observe
        self._sleep = sleep
        self._clock = clock
        self._jitter = jitter

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def fetch(self, url: str) -> Capture:
        """The page at `url`, whole. Redirects are followed; tracking parameters are left as they are.

        Raises InputError (not an http or https address, or one with blanks, control characters or credentials) and
        FetchError: NotFound, AccessDenied, LoginPage, SoftError, RateLimited, TooLarge, NetworkError.
        """
        url = url.strip()
        if any(char.isspace() for char in url):
            raise InputError(shown(url), "it holds blanks", hint="write %20 for a blank, and quote only one address")
        address = request_url(url)
        tried = 0
        while True:
            try:
                return self._try(url, address)
            except Again as again:
                if tried >= min(again.retries, self.options.retries):
                    raise again.error from again.__cause__
                pause = self._pause(again, tried)
            self._sleep(pause)
            tried += 1

    def _pause(self, again: Again, tried: int) -> float:
        """Seconds until the next try: as the server asks, else exponential; by chance up to half as long again."""
        asked = again.wait or 0.0
        if asked > self.options.max_pause:
            error = again.error
            if not isinstance(error, RateLimited):
                error = failure(RateLimited, error.source, f"{error.cause}, asking for a pause of {asked:.0f} s")
            raise error from again.__cause__
        growing = self.options.backoff * 2.0 ** min(tried, 100)
        return max(asked, min(growing, self.options.max_pause)) * (1 + self._jitter() / 2)

    def _try(self, url: str, address: str) -> Capture:
        name = shown(url)
        trip, first = Trip(name, self.options), address
        for _ in range(self.options.max_redirects + 1):
            with self._client.exchange(address, trip) as answer:
                if self._observe is not None:
                    self._observe(address, answer.status, answer.headers)
                if answer.status not in REDIRECTS or not answer.location:
                    at = "" if address == first else address
                    check_answer(name, answer.status, answer.headers, self._clock(), at=at)
                    return self._capture(url, address, answer, trip.tls)
                address = _next_hop(name, address, answer.location)
        raise NetworkError(name, f"more than {self.options.max_redirects} redirects, the last to {shown(address, 200)}")

    def _capture(self, url: str, address: str, answer: Answer, tls: str | None) -> Capture:
        content = answer.body()
        content_type = tidy(answer.headers.get("Content-Type", ""))[:200] or None
        info = CaptureInfo(
            requested_url=url,
            final_url=address,
            fetched_at=self._clock().isoformat(timespec="seconds"),
            status=answer.status,
            content_type=content_type,
            charset=charset_of(content_type),
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            source="http",
            tls=tls,
        )
        return Capture(content, info, name=url)


def _next_hop(name: str, address: str, location: str) -> str:
    """Where a redirect leads. Raises FetchError where that is no page: a login form, an error page, not http(s)."""
    try:
        target = join_url(address, location)
    except InputError as error:
        raise NetworkError(name, f"it redirects to {shown(location, 200)}: {error.cause}") from error
    check_redirect(name, address, target)
    return target
