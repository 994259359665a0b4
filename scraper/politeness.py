"""Politeness: whom a run may ask, what robots.txt says to it, and when the next request may start.

A Fetcher with `Manners` asks `admit` before each hop (redirects and retries too), `begin`s a turn, and tells the turn
what the server answered. `robots` reads robots.txt, `health` a SharePoint server's score, and `pace` holds a host's
turns across processes.
"""

from __future__ import annotations

import dataclasses
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType

from scraper import health
from scraper.addresses import is_private, request_url
from scraper.answers import Again, failure, retry_after
from scraper.errors import Disallowed, InputError, LuutruError, NetworkError, OffSite, RateLimited
from scraper.pace import LONGEST_ASKED, Pace, TooLong, state_folder
from scraper.robots import MAX_AGE, RobotsText, Rules
from scraper.text import tidy

_LONGEST_LATENCY = 10.0
_LONGEST_BACKOFF = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, for the request log.

    at: when it was sent, ISO 8601 in UTC with milliseconds.  status: HTTP status, None where no answer came.
    error: code of the error that it ended with, if any.  waited, took: seconds before and during the request.
    health: SharePoint's score.  robots: what robots.txt says, as in `CaptureInfo.robots`.
    """

    at: str
    method: str
    url: str
    status: int | None
    error: str | None
    waited: float
    took: float
    health: int | None
    robots: str


@dataclass(slots=True)
class _Host:
    """What is known of a host. score: the last one told.  pauses, refusals: how many came in a row.  crawl_delay: s."""

    pace: Pace
    score: int = 0
    pauses: int = 0
    refusals: int = 0
    crawl_delay: float = 0.0


def _warn(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=2)


class Manners:
    """What every request of one run obeys. For one thread, like the Fetcher; a Fetcher closes the Manners it is given.

    start: address or addresses of the portal.  hosts: further hosts of it, `name` or `name:port`. Scheme, default port
    and a leading `www.` make no difference.  delay: seconds from the end of an answer to the next request to that host.
    ignore: path prefixes that are fetched although robots.txt disallows them; reason: why, recorded.
    robots_known: origin → what an earlier run read; less than a day old, it is believed.
    state: folder of the hosts' files, by default `pace.state_folder()`.
    pause: sleeps; what it raises (OutOfTime) ends the wait and comes out of `fetch`.  clock: POSIX time.
    replays: the host is a web archive, whose answers may carry the headers of dead servers: no health score is read.
    log: told of each request.  warn: told, once per host, where the pace cannot be kept across processes.
    Raises InputError where a start is no address, a host is no name, or `ignore` has no reason.
    """

    def __init__(
        self,
        start: str | Iterable[str],
        *,
        hosts: Iterable[str] = (),
        delay: float = 2.0,
        ignore: Iterable[str] = (),
        reason: str = "",
        robots_known: Mapping[str, RobotsText] | None = None,
        state: Path | None = None,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        replays: bool = False,
        log: Callable[[Asked], None] | None = None,
        warn: Callable[[str], None] = _warn,
    ) -> None:
        starts = [request_url(url) for url in ([start] if isinstance(start, str) else start)]
        self._own = frozenset(_host(site(url)) for url in starts)
        self._sites = frozenset(map(site, starts)) | {site(_host_address(name)) for name in hosts}
        self._ignored = tuple((prefix, _path(prefix)) for prefix in ignore if prefix.strip())
        self._reason = tidy(reason)
        if self._ignored and not self._reason:
            raise InputError(
                "robots", "`ignore` is given without a reason", hint="say who permits it, in `reason`: it is recorded"
            )
        self.robots_seen: dict[str, RobotsText] = {}
        """Origin → what was read in this run, for the next run's `robots_known`. Failures are not in it."""
        self._known = dict(robots_known or {})
        self._rules: dict[str, Rules] = {}
        self._hosts: dict[str, _Host] = {}
        self._delay = max(0.0, delay)
        self._state = state or state_folder()
        self.pause = pause
        self._clock = clock
        self._replays = replays
        self._log = log
        self._warn = warn

    def close(self) -> None:
        """Close the hosts' files."""
        for host in self._hosts.values():
            host.pace.close()

    def belongs(self, url: str) -> bool:
        """Whether an address is the portal's. A private address is only where a start has that very host."""
        try:
            address = request_url(url)
        except InputError:
            return False
        return self._is_ours(site(address))

    def check_site(self, source: str, address: str) -> None:
        """Raises OffSite where `address` is not the portal's. source: how messages call what is fetched."""
        if not self._is_ours(site(address)):
            raise failure(OffSite, source, f"{site(address)} is not a host of this portal")

    def _is_ours(self, name: str) -> bool:
        return name in self._sites and (not _is_private(_host(name)) or _host(name) in self._own)

    def admit(self, source: str, address: str, read: Callable[[str], RobotsText]) -> str:
        """What robots.txt says to asking for `address`, in the words of `CaptureInfo.robots`.

        read: asks for the robots.txt of an origin (`https://host:port`).
        Raises OffSite, Disallowed, NetworkError where nobody knows what robots.txt says, and what `read` raises.
        """
        self.check_site(source, address)
        origin = "/".join(address.split("/", 3)[:3])
        rules = self._rules_of(origin, read)
        robots = rules.robots
        if rules.allow(address):
            return robots.note or "allowed"
        path = address[len(origin) :].lower()
        for prefix, start in self._ignored:
            if path.startswith(start):
                return f"overridden: {prefix} ({self._reason})"
        if robots.unreachable:
            cause = f"{origin}/robots.txt cannot be read, so nothing may be asked for: {robots.note}"
            raise NetworkError(source, cause, hint="run again later; `luutru doctor` says more about the host")
        raise failure(Disallowed, source, f"by {origin}/robots.txt")

    def begin(self, source: str, method: str, address: str, robots: str, patience: float) -> Turn:
        """Wait for the host's turn and take it; the Turn, a context manager, ends it.

        Raises RateLimited where the server is overloaded, or asked for a wait of more than `patience` seconds that is
        not over; and what `pause` raises.
        """
        host = self._host_of(address)
        if host.pauses > health.PAUSES:
            raise failure(
                RateLimited,
                source,
                f"the server is overloaded: its health score is {host.score} of 10, "
                f"after {health.PAUSES} pauses of {health.PAUSE:.0f} s",
            )
        try:
            waited = host.pace.take(patience)
        except TooLong as wait:
            cause = f"it asked for a pause, of which {wait.seconds:.0f} s are left"
            raise failure(RateLimited, source, cause) from wait
        return Turn(self, host, method, address, robots, waited)

    def hold(self, address: str, seconds: float) -> None:
        """Ask nothing of the address's host for so many seconds: what a Fetcher waits before it tries again."""
        self._host_of(address).pace.push(seconds)

    def _host_of(self, address: str) -> _Host:
        name = site(address)
        host = self._hosts.get(name)
        if host is None:
            pace = Pace(name, self._state, pause=self.pause, clock=self._clock, warn=self._warn)
            host = self._hosts[name] = _Host(pace)
        return host

    def _rules_of(self, origin: str, read: Callable[[str], RobotsText]) -> Rules:
        rules, now = self._rules.get(origin), self._clock()
        if rules is not None and _is_fresh(rules.robots, now):
            return rules
        robots = self._known.get(origin)
        known = robots
        if robots is None or robots.unreachable or not _is_fresh(robots, now):
            robots = self._known[origin] = dataclasses.replace(read(origin), read_at=now)
            if not robots.unreachable:
                self.robots_seen[origin] = robots
        rules = self._rules[origin] = Rules(robots)
        host = self._host_of(origin + "/")  # which http and https share
        host.crawl_delay = max(host.crawl_delay, rules.crawl_delay)
        if robots is not known:
            host.pace.push(rules.crawl_delay)  # after this very file, too
        return rules

    def _rest(self, turn: Turn) -> tuple[float, bool]:
        """Seconds until the next request after this turn, and whether that is the server's own wish."""
        host, rest = turn.host, max(self._delay, turn.host.crawl_delay)
        if turn.health is None:
            rest = max(rest, min(turn.latency, _LONGEST_LATENCY))
        else:
            host.score = turn.health
            host.pauses = host.pauses + 1 if turn.health >= health.BUSY else 0
        rest = health.slowed(rest, host.score)
        if turn.health is not None and turn.health >= health.BUSY:
            rest = max(rest, health.PAUSE)
        if turn.status not in (429, 503):
            host.refusals = 0 if turn.status is not None else host.refusals
            return rest, False
        host.refusals += 1
        if turn.retry_after is not None:
            return max(rest, turn.retry_after), turn.retry_after >= rest
        return max(rest, min(max(1.0, rest) * 2.0 ** min(host.refusals - 1, 10), _LONGEST_BACKOFF)), False

    def _end(self, turn: Turn, error: BaseException | None) -> None:
        rest, asked = self._rest(turn)
        turn.host.pace.give(rest, asked=asked)
        if self._log is not None:
            at = datetime.fromtimestamp(turn.began, UTC).isoformat(timespec="milliseconds")
            took = max(0.0, self._clock() - turn.began)
            code = None if error is None else _code(error)
            self._log(
                Asked(at, turn.method, turn.address, turn.status, code, turn.waited, took, turn.health, turn.robots)
            )


@dataclass(slots=True)
class Turn:
    """The right to ask a host once; ends with its `with` block, which holds the request and the reading of the answer.

    began: POSIX time.  latency: seconds to the answer's headers (while there are none: to now).
    """

    _manners: Manners
    host: _Host
    method: str
    address: str
    robots: str
    waited: float
    began: float = field(init=False)
    status: int | None = None
    health: int | None = None
    retry_after: float | None = None
    _latency: float | None = None

    def __post_init__(self) -> None:
        self.began = self._manners._clock()

    @property
    def latency(self) -> float:
        return self._elapsed() if self._latency is None else self._latency

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """What the server said. headers: a mapping that ignores letter case; nothing in it can do harm."""
        self._latency = self._elapsed()
        self.status = status
        if not self._manners._replays:
            self.health = health.health_score(headers.get("X-SharePointHealthScore"))
        if "Retry-After" in headers:
            now = datetime.fromtimestamp(self._manners._clock(), UTC)
            wait = retry_after(headers["Retry-After"], now)
            self.retry_after = None if wait is None else min(wait, LONGEST_ASKED)

    def _elapsed(self) -> float:
        return max(0.0, self._manners._clock() - self.began)

    def __enter__(self) -> Turn:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._manners._end(self, error)


def site(address: str) -> str:
    """Whose server an address (in the form of `request_url`) names: `host` or `host:port`, without `www.`."""
    return address.split("/", 3)[2].removeprefix("www.")


def _host(name: str) -> str:
    """The host of a `site`, without its port and brackets."""
    return name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]


_is_private = lru_cache(maxsize=256)(is_private)


def _host_address(name: str) -> str:
    """The address of a host that the settings name. Raises InputError where it is none."""
    address = request_url(f"http://{name.strip()}/")
    if address.count("/") != 3 or not address.endswith("/"):
        raise InputError(tidy(name)[:200], "not a host", hint="write a host's name only, such as media.thixa.example")
    return address


def _path(prefix: str) -> str:
    """A path prefix in the form of `request_url`, for comparing without letter case, as SharePoint does."""
    base = "http://host"
    return request_url(f"{base}/{prefix.strip().lstrip('/')}")[len(base) :].lower()


def _is_fresh(robots: RobotsText, now: float) -> bool:
    return robots.unreachable or -60.0 < now - robots.read_at < MAX_AGE


def _code(error: BaseException) -> str:
    error = error.error if isinstance(error, Again) else error
    return error.code if isinstance(error, LuutruError) else type(error).__name__
