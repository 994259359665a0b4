"""Why a host cannot be fetched, or what to know before it is: one check after another, each a finding with advice.

    for finding in diagnose(Patient(url)): …

A check is a function that looks at the patient and yields findings; what it learns, the later ones find on the patient.
Add one by adding it to `CHECKS`. It costs the host a few handshakes and some ten requests.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from scraper.addresses import is_private, join_url, request_url, shown
from scraper.errors import FetchError, NetworkError, NotAnArticle, RateLimited
from scraper.fetch import Fetcher, FetchOptions
from scraper.rungs import Rung, climb, settings, story
from scraper.text import tidy
from scraper.tls import TlsFacts, TlsPolicy

if TYPE_CHECKING:
    from scraper.discovery.listing import Request
    from scraper.models import Capture
    from scraper.politeness import Manners

Verdict = Literal["ok", "warn", "fail", "skipped"]
OPTIONS = FetchOptions(total_timeout=30.0, retries=1, max_pause=5.0)
_ROBOTS_BYTES = 512_000  # RFC 9309, 2.5 asks for at least 500 KiB
_PROBES = ("/Lists/", "/_layouts/", "/Pages/")
_MOST_ADDRESSES = 4
_SOON_DAYS = 21
_CLOCK_SECONDS = 300
_DOOR_DELAY = 1.0
_VERSIONS = {"12": "2007", "14": "2010", "15": "2013", "16": "2016 or newer"}
_LAYOUTS = re.compile(rb"/_layouts/(?:(1[0-9])/)?", re.IGNORECASE)
_CLOSED = {
    "login": "only what anyone may read can be archived",
    "challenge": "the site asks for a person; ask its owner to let luutru in",
    "soft_error": "open the address in a browser to see what the server says",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. name: the check's.  detail, advice: one line each; advice may be empty.

    fail: the host cannot be fetched because of it; warn: it can, but a person should know.
    """

    name: str
    verdict: Verdict
    detail: str
    advice: str = ""


@dataclass(slots=True)
class Patient:
    """An address under examination, and what the checks have learnt so far.

    url: in the form of `request_url`.  settings: lines for the settings file.  sick: whether a check has failed.
    policy: TLS policy that works for its host.  capture: the page, None where it could not be fetched.
    headers: of the last answer.  manners: makes those of the doors' requests.
    Raises InputError for what is no address.
    """

    url: str
    options: FetchOptions = OPTIONS
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    settings: str = ""
    sick: bool = False
    policy: TlsPolicy | None = None
    capture: Capture | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    manners: Callable[[], Manners] | None = None

    def __post_init__(self) -> None:
        self.url = request_url(self.url)

    @property
    def host(self) -> str:
        """Host without port, ASCII."""
        return urlsplit(self.url).hostname or ""

    def fetch(self, url: str) -> Capture:
        """A page, under the TLS policy that works; its headers, or those of the error, are on `headers` then."""
        self.headers = {}
        tls = {**self.options.tls, self.host: self.policy} if self.policy else self.options.tls
        with Fetcher(replace(self.options, tls=tls), observe=self._observe) as fetcher:
            return fetcher.fetch(url)

    def _observe(self, url: str, status: int, headers: Mapping[str, str]) -> None:
        self.headers = headers


Check = Callable[[Patient], Iterable[Finding]]


def diagnose(patient: Patient, checks: Sequence[Check] | None = None) -> Iterator[Finding]:
    """The findings of all checks in order, as they come. Raises InputError where the options cannot be used."""
    for check in CHECKS if checks is None else checks:
        for finding in check(patient):
            patient.sick |= finding.verdict == "fail"
            yield finding


def name_lookup(patient: Patient) -> Iterator[Finding]:
    """Does the host's name lead to addresses, and to public ones?"""
    if proxy := _proxy(patient.url):
        yield Finding("dns", "skipped", f"the proxy {proxy} looks it up")
        return
    try:
        addresses = _addresses(patient)
    except OSError:
        yield Finding("dns", "fail", f"no address is known for {patient.host}", "check the name and the connection")
        return
    text = ", ".join(addresses[:_MOST_ADDRESSES])
    if any(map(is_private, addresses)):
        yield Finding("dns", "warn", f"{text}: a private address", "only machines of this network see this host")
    else:
        yield Finding("dns", "ok", text)


def connection(patient: Patient) -> Iterator[Finding]:
    """Does every address answer at the port?"""
    if proxy := _proxy(patient.url):
        yield Finding("connection", "skipped", f"through the proxy {proxy}")
        return
    if patient.sick:
        yield Finding("connection", "skipped", "the host has no address")
        return
    parts = urlsplit(patient.url)
    port, faults, fastest = parts.port or (443 if parts.scheme == "https" else 80), [], 0.0
    addresses = _addresses(patient)[:_MOST_ADDRESSES]
    for address in addresses:
        started = time.monotonic()
        try:
            socket.create_connection((address, port), patient.options.connect_timeout).close()
            fastest = min(fastest or 99.0, time.monotonic() - started)
        except OSError as error:
            faults.append(f"{address}: {tidy(error.strerror or 'no answer in time').lower()}")
    detail = "; ".join(([f"port {port} answers in {fastest * 1000:.0f} ms"] if fastest else []) + faults)
    if not fastest:
        yield Finding("connection", "fail", f"port {port}: {detail}", "the server is down, or a firewall is in between")
    elif faults:
        yield Finding("connection", "warn", detail, "some of the host's addresses do not work: tell its owner")
    else:
        yield Finding("connection", "ok", detail)


def tls(patient: Patient) -> Iterator[Finding]:
    """Which rung of the ladder works, and what the certificate says."""
    if patient.sick or not patient.url.startswith("https:"):
        why = "no connection" if patient.sick else "plain http: anyone on the way can read and change what is fetched"
        yield Finding("tls", "skipped", why, "" if patient.sick else "try the address with https")
        return
    now = patient.now()
    tried, sight = climb(patient.url, patient.options, now.date())
    patient.policy = tried[-1].policy if tried[-1].facts else None
    patient.settings = settings(patient.host, tried, sight)
    yield _rung_finding(tried)
    if sight is not None:
        yield _certificate_finding(sight, now)


def _rung_finding(tried: list[Rung]) -> Finding:
    last = tried[-1]
    if last.facts is None:
        return Finding("tls", "fail", story(tried), "no TLS settings help: tell the site's owner")
    shown_last = f"{last.facts.state}, {last.facts.cipher}"
    if last.name in ("strict", "configured") and len(tried) == 1:
        return Finding("tls", "ok", shown_last)
    if last.name == "strict":
        return Finding("tls", "warn", f"{shown_last} ({story(tried)})", "the host needs no TLS settings: remove them")
    return Finding("tls", "warn", f"{shown_last} ({story(tried)})", f"add the settings below; {last.meaning}")


def _certificate_finding(sight: TlsFacts, now: datetime) -> Finding:
    if sight.not_after is None or sight.not_before is None:
        return Finding("certificate", "warn", f"it cannot be read; sha256 {sight.sha256}")
    names = ", ".join(sight.names[:5]) + (", …" if len(sight.names) > 5 else "")
    left = (sight.not_after - now).days
    detail = (
        f"for {names or sight.subject or 'no host'}; issued by {sight.issuer or 'nobody'}; "
        f"valid {sight.not_before:%Y-%m-%d} to {sight.not_after:%Y-%m-%d}; sha256 {sight.sha256}"
    )
    if not sight.not_before <= now <= sight.not_after:
        return Finding("certificate", "warn", detail, "it is out of date, or this machine's clock is wrong")
    if left < _SOON_DAYS:
        return Finding("certificate", "warn", detail, f"it ends in {left} days: the host may fail then")
    return Finding("certificate", "ok", detail)


def answer(patient: Patient) -> Iterator[Finding]:
    """What the server answers."""
    if patient.sick:
        yield Finding("answer", "skipped", "no connection")
        return
    try:
        patient.capture = patient.fetch(patient.url)
    except FetchError as error:
        yield Finding("answer", "fail", f"{error.what}: {error.cause}", error.hint)
        return
    info = patient.capture.info
    server = tidy(patient.headers.get("Server", ""))[:80]
    parts = [f"HTTP {info.status}", f"{info.bytes} bytes", info.content_type or "no Content-Type", server]
    if info.final_url != patient.url:
        parts.append(f"after a redirect to {shown(info.final_url or '', 200)}")
    downgraded = (info.tls or "").endswith("plain http")
    advice = "it leads from https to plain http" if downgraded else ""
    yield Finding("answer", "warn" if downgraded else "ok", ", ".join(filter(None, parts)), advice)


def clock(patient: Patient) -> Iterator[Finding]:
    """Do the server's clock and ours agree?"""
    from email.utils import parsedate_to_datetime

    try:
        there = parsedate_to_datetime(patient.headers["Date"])
        seconds = (there.replace(tzinfo=there.tzinfo or UTC) - patient.now()).total_seconds()
    except (KeyError, ValueError, TypeError, IndexError, OverflowError):
        yield Finding("clock", "skipped", "the server does not tell its time")
        return
    if abs(seconds) <= _CLOCK_SECONDS:
        yield Finding("clock", "ok", f"the server's differs by {abs(seconds):.0f} s")
        return
    detail = f"the server's is {abs(seconds):.0f} s {'ahead' if seconds > 0 else 'behind'}"
    yield Finding("clock", "warn", detail, "if this machine's clock is wrong, certificates and dates are misjudged")


def robots(patient: Patient) -> Iterator[Finding]:
    """What robots.txt forbids luutru."""
    if patient.sick and not patient.headers:
        yield Finding("robots.txt", "skipped", "no answer")
        return
    kept = patient.headers
    try:
        content = patient.fetch(join_url(patient.url, "/robots.txt")).content[:_ROBOTS_BYTES]
    except (NetworkError, RateLimited) as error:
        advice = "while it cannot be read, a harvest takes everything for forbidden (RFC 9309)"
        yield Finding("robots.txt", "warn", error.cause, advice)
        return
    except FetchError as error:
        yield Finding("robots.txt", "ok", f"none: {error.cause}")
        return
    finally:
        patient.headers = kept
    if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        yield Finding("robots.txt", "ok", "no rules: a page stands in its place")
        return
    yield _rules_finding(patient.url, content.decode("utf-8", "replace"))


def _rules_finding(url: str, text: str) -> Finding:
    from protego import Protego

    rules = Protego.parse(text)
    forbidden = [path for path in _PROBES if not rules.can_fetch(join_url(url, path), "luutru")]
    delay = rules.crawl_delay("luutru")
    detail = f"forbids {', '.join(forbidden)}" if forbidden else f"allows {', '.join(_PROBES)}"
    if delay is not None:
        detail += f"; asks for {delay:g} s between requests"
    override = "with the owner's permission, name the paths as ignore, and the reason, under [portal.robots]"
    if not rules.can_fetch(url, "luutru"):
        return Finding("robots.txt", "warn", f"forbids this very address; {detail}", override)
    return Finding("robots.txt", "warn" if forbidden else "ok", detail, override if forbidden else "")


def sharepoint(patient: Patient) -> Iterator[Finding]:
    """Which SharePoint it is, if any."""
    stated = tidy(patient.headers.get("MicrosoftSharePointTeamServices", ""))[:40]
    content = patient.capture.content if patient.capture else b""
    if not stated and not content:
        yield Finding("sharepoint", "skipped", "no page")
        return
    if stated:
        year = _VERSIONS.get(stated.split(".")[0])
        score = tidy(patient.headers.get("X-SharePointHealthScore", ""))[:10]
        detail = f"SharePoint {year or 'of an unknown year'}, by its header ({stated})"
        yield Finding("sharepoint", "ok", detail + (f"; health score {score}" if score else ""))
        return
    found = {match[1] for match in _LAYOUTS.finditer(content)}
    numbered = max((number.decode() for number in found if number), default=None)
    if numbered:
        year = {"15": "2013 or newer"}.get(numbered, _VERSIONS.get(numbered, "of an unknown year"))
        yield Finding("sharepoint", "ok", f"SharePoint {year}, by its page (/_layouts/{numbered}/)")
    elif found:
        yield Finding("sharepoint", "ok", "SharePoint, by its page (/_layouts/)")
    else:
        yield Finding("sharepoint", "warn", "no sign of SharePoint", "its own doors will be closed; links still work")


def page(patient: Patient) -> Iterator[Finding]:
    """Is the page open to anyone, or is it a wall?"""
    if patient.capture is None:
        yield Finding("page", "skipped", "no page")
        return
    from scraper.pipeline import extract_checked

    try:
        record = extract_checked(patient.capture)
    except NotAnArticle as refusal:
        if refusal.reason in _CLOSED:
            yield Finding("page", "fail", f"{refusal.reason}: {refusal.cause}", _CLOSED[refusal.reason])
        else:
            yield Finding("page", "ok", f"no article, which a listing or front page need not be ({refusal.cause})")
        return
    yield Finding("page", "ok", f"an article: {record.title or 'without a title'}")


def doors(patient: Patient) -> Iterator[Finding]:
    """Which ways to list the portal's articles are open? Asked as politely as a harvest asks."""
    from scraper.discovery.doors import DOORS
    from scraper.discovery.place import place_of
    from scraper.discovery.told import place_in
    from scraper.harvest.probing import probe
    from scraper.politeness import Manners

    if patient.capture is None:
        yield Finding("doors", "skipped", "the page could not be fetched")
        return
    place = place_in(patient.capture, place_of(patient.url))
    tls = {**patient.options.tls, patient.host: patient.policy} if patient.policy else patient.options.tls
    manners = (patient.manners or (lambda: Manners(patient.url, delay=_DOOR_DELAY)))()
    with Fetcher(replace(patient.options, tls=tls), manners=manners) as fetcher:
        known = {patient.url: patient.capture, patient.capture.info.final_url: patient.capture}

        def ask(request: Request) -> Capture:
            if request.form is None and request.url in known:
                return known[request.url]
            return fetcher.fetch(request.url, form=request.form, accept=request.accept)

        try:
            probes = [one for one in probe(place, ask, DOORS) if one.asked is not None]
        except FetchError as error:
            yield Finding("doors", "warn", f"{error.what}: {error.cause}", error.hint)
            return
    opened = [f"{one.door} ({len(one.entries)} listed)" for one in probes if one.error is None and one.entries]
    closed = [f"{one.door} ({one.error.what if one.error else 'empty'})" for one in probes if not one.entries]
    whole = any(one.exhaustive and one.entries and one.cut is None for one in probes)
    detail = f"open: {', '.join(opened) or 'none'}; closed: {', '.join(closed) or 'none'}"
    advice = "" if whole else "none lists everything from here: try the address of a list, a section or an article"
    yield Finding("doors", "ok" if whole else "warn", detail, advice)


def _addresses(patient: Patient) -> list[str]:
    """IP addresses of the host, each once. Raises OSError."""
    found = socket.getaddrinfo(patient.host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _proxy(url: str) -> str | None:
    """The proxy that requests to an address go through, fit to print."""
    from requests.utils import get_environ_proxies, select_proxy

    proxy = select_proxy(url, get_environ_proxies(url))
    return shown(proxy) if proxy else None


CHECKS: tuple[Check, ...] = (name_lookup, connection, tls, answer, clock, robots, sharepoint, page, doors)
