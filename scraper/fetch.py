"""Fetching: from an address to a capture, politely, within limits, and never half a page.

    for each try:   may we? our turn? → exchange → redirect? check and go on → answer a page? → whole body → Capture
    between tries:  what the server asks for (Retry-After), else longer and longer pauses

`answers` says what a status means, `transfer` speaks HTTP, `faults` puts network failures into words; `politeness` says
whom a harvest may ask and when (one page that a person asks for needs none of it).
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from scraper.addresses import join_url, request_url, shown
from scraper.answers import ERROR_BYTES, REDIRECTS, Again, charset_of, check_answer, check_redirect, failure
from scraper.errors import FetchError, InputError, NetworkError, OffSite, RateLimited
from scraper.models import Capture, CaptureInfo, Hop
from scraper.politeness import site
from scraper.robots import MAX_BYTES, MAX_REDIRECTS, ROBOTS_FILE, RobotsText, read_robots
from scraper.text import tidy
from scraper.trip import Trip
from scraper.validators import Validators

if TYPE_CHECKING:
    from scraper.politeness import Manners, Turn
    from scraper.tls import TlsPolicy
    from scraper.transfer import Answer

__all__ = ["FetchOptions", "Fetcher", "Validators", "user_agent"]
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


@dataclass(frozen=True, slots=True)
class _Errand:
    """What to fetch. url: as given.  address: as sent.  form: fields to post, encoded.  headers: of this request alone.

    conditional: an answer 304 is wanted.
    robots: it is a robots.txt, for which any answer but a passing fault is a capture, and no site but its own asked.
    """

    url: str
    address: str
    form: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    conditional: bool = False
    robots: bool = False


class Fetcher:
    """Fetches pages over one session: connections and cookies are kept. For one thread; a context manager.

    manners: what a harvest obeys before each request; without them only limits and retries hold.
    observe: told the address, status and headers (names in any letter case) of every answer, redirects too.
    keep: given every capture, robots.txt too, before anybody else; what it gives back is the capture from then on.
    sleep, clock (aware datetimes) and jitter (0 to 1) are for tests to replace; deadlines run on the machine's clock.
    With manners it is their `pause` that sleeps. `close` closes them too.
    Raises InputError where `extra_ca` cannot be read.
    """

    def __init__(
        self,
        options: FetchOptions | None = None,
        *,
        manners: Manners | None = None,
        observe: Callable[[str, int, Mapping[str, str]], None] | None = None,
        keep: Callable[[Capture], Capture] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = _now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        from scraper.transfer import Client

        self.options = options or FetchOptions()
        self.manners = manners
        self._client = Client(self.options)
        self._observe = observe
        self._keep = keep
        self._sleep = sleep
        self._clock = clock
        self._jitter = jitter
        self._from_public = False

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        if self.manners is not None:
            self.manners.close()

    def fetch(self, url: str, *, form: Sequence[tuple[str, str]] | None = None, accept: str | None = None) -> Capture:
        """The page at `url`, whole. Redirects are followed; tracking parameters are left as they are.

        form: fields to POST, in order, as `application/x-www-form-urlencoded` in UTF-8; None for GET. What a server may
        have received is not posted again, unless it said that it did not take it (429, 503); a redirect of a form to
        be posted anew (307, 308) is refused.  accept: media types to ask for.
        Raises InputError (not an http or https address, or one with blanks, control characters or credentials) and
        FetchError: NotFound, AccessDenied, LoginPage, SoftError, Threshold, RateLimited, TooLarge, NetworkError; with
        manners also OffSite, Disallowed, and what their `pause` raises.
        """
        body = None if form is None else urlencode(list(form), errors="replace").encode("ascii")
        capture = self._bring(_Errand(url.strip(), _address(url), body, {"Accept": accept} if accept else {}))
        if capture is None:  # 304, though no condition was set
            raise failure(NetworkError, shown(url), "HTTP 304 Not Modified")
        return capture

    def fetch_changed(self, url: str, validators: Validators, *, accept: str | None = None) -> Capture | None:
        """As `fetch`, but None where the server says that the page is still the one that `validators` came with."""
        headers = validators.headers() | ({"Accept": accept} if accept else {})
        if not validators:
            return self.fetch(url, accept=accept)
        return self._bring(_Errand(url.strip(), _address(url), headers=headers, conditional=True))

    def _bring(self, errand: _Errand) -> Capture | None:
        for tried in itertools.count():
            trip = Trip(shown(errand.url), self.options, from_public=self._from_public)
            try:
                return self._try(errand, trip)
            except Again as again:
                if tried >= min(again.retries, self.options.retries):
                    raise again.error from again.__cause__
                pause = self._pause(again, tried)
            finally:
                self._from_public |= self.manners is not None and trip.from_public
            if self.manners is None:
                self._sleep(pause)
            else:
                self.manners.hold(trip.address, pause)
        raise AssertionError("no try is the last")

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

    def _try(self, errand: _Errand, trip: Trip) -> Capture | None:
        """One try. None where the page has not changed."""
        address, form = errand.address, errand.form
        most = MAX_REDIRECTS if errand.robots else self.options.max_redirects
        for hop in itertools.count():
            try:
                with self._exchange(errand, address, form, trip) as (answer, verdict):
                    target = self._target(errand, address, form, answer)
                    if target is None or (errand.robots and hop == most):
                        return self._received(errand, address, answer, trip, verdict)
                    if hop == most:
                        last = shown(target, 200)
                        raise NetworkError(trip.source, f"more than {most} redirects, the last to {last}")
                    trip.hops.append(Hop(address, answer.status, answer.header_list))
                    address, form = target, None
            except Again as again:
                if errand.form is not None and trip.sent and (form is None or not again.refused):
                    raise again.error from again.__cause__  # it may have been received
                raise
        raise AssertionError("no hop is the last")

    @contextlib.contextmanager
    def _exchange(
        self, errand: _Errand, address: str, form: bytes | None, trip: Trip
    ) -> Iterator[tuple[Answer, str | None]]:
        """One hop: the answer, and what robots.txt says to asking."""
        turn = None
        if self.manners is not None:
            with trip.stopped():
                turn = self._turn(self.manners, errand, address, "GET" if form is None else "POST")
        with (
            turn or contextlib.nullcontext(),
            self._client.exchange(address, trip, form=form, headers=errand.headers) as answer,
        ):
            if turn is not None:
                turn.answered(answer.status, answer.headers)
            if self._observe is not None:
                self._observe(address, answer.status, answer.headers)
            yield answer, None if turn is None else turn.robots

    def _turn(self, manners: Manners, errand: _Errand, address: str, method: str) -> Turn:
        name = shown(errand.url)
        if errand.robots:
            manners.check_site(name, address)
            verdict = ROBOTS_FILE
        else:
            verdict = manners.admit(name, address, self._robots)
        return manners.begin(name, method, address, verdict, self.options.max_pause)

    def _robots(self, origin: str) -> RobotsText:
        """The robots.txt of `https://host:port`, asked for as any page."""
        url = f"{origin}/robots.txt"
        return read_robots(lambda: self._bring(_Errand(url, url, robots=True)))

    def _target(self, errand: _Errand, address: str, form: bytes | None, answer: Answer) -> str | None:
        """Where to go on; None where the answer is the last. Raises FetchError where there is no page or no way."""
        if answer.status not in REDIRECTS or not answer.location:
            return None
        name = shown(errand.url)
        if errand.robots:  # wherever it leads away or to nothing, there are no rules
            with contextlib.suppress(FetchError):
                target = _next_hop(name, address, answer.location)
                return target if site(target) == site(address) else None
            return None
        target = _next_hop(name, address, answer.location, NetworkError if self.manners is None else OffSite)
        if form is not None and answer.status in (307, 308):
            raise failure(NetworkError, name, f"it redirects the form to {shown(target, 200)}, to be posted again")
        return target

    def _received(
        self, errand: _Errand, address: str, answer: Answer, trip: Trip, verdict: str | None
    ) -> Capture | None:
        status = answer.status
        if status == 304 and errand.conditional:
            answer.body()  # there is none; read to its end, the connection can be used again
            return None
        if errand.robots and 300 <= status < 500 and status not in (408, 429):
            return self._capture(errand, address, answer, trip, verdict, b"")
        at = "" if address == errand.address else address
        body = _error_body(answer) if status == 500 else b""
        check_answer(shown(errand.url), status, answer.headers, self._clock(), at=at, body=body)
        content = answer.beginning(MAX_BYTES) if errand.robots else answer.body()
        return self._capture(errand, address, answer, trip, verdict, content)

    def _capture(
        self, errand: _Errand, address: str, answer: Answer, trip: Trip, verdict: str | None, content: bytes
    ) -> Capture:
        content_type = tidy(answer.headers.get("Content-Type", ""))[:200] or None
        info = CaptureInfo(
            requested_url=errand.url,
            final_url=address,
            fetched_at=self._clock().isoformat(timespec="seconds"),
            status=answer.status,
            content_type=content_type,
            charset=charset_of(content_type),
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            source="http",
            robots=verdict,
            tls=trip.tls,
        )
        hops = tuple(trip.hops)
        capture = Capture(content, info, errand.url, answer.header_list, hops=hops, sent=answer.sent)
        return capture if self._keep is None else self._keep(capture)


def _address(url: str) -> str:
    """What to send for an address as given. Raises InputError."""
    url = url.strip()
    if any(char.isspace() for char in url):
        raise InputError(shown(url), "it holds blanks", hint="write %20 for a blank, and quote only one address")
    return request_url(url)


def _next_hop(name: str, address: str, location: str, kind: type[FetchError] = NetworkError) -> str:
    """Where a redirect leads. Raises FetchError where that is no page: a login form, an error page; not http(s)."""
    try:
        target = join_url(address, location)
    except InputError as error:
        raise kind(name, f"it redirects to {shown(location, 200)}: {error.cause}") from error
    check_redirect(name, address, target)
    return target


def _error_body(answer: Answer) -> bytes:
    """As much of an error page as can be had."""
    try:
        return answer.beginning(ERROR_BYTES)
    except (FetchError, Again):
        return b""
