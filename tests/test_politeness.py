"""scraper.politeness over real HTTP on loopback: who is asked, what robots.txt forbids, and when requests start."""

from __future__ import annotations

import itertools
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.errors import (
    Disallowed,
    FetchError,
    InputError,
    LoginPage,
    NetworkError,
    NotFound,
    OffSite,
    OutOfTime,
    RateLimited,
)
from scraper.fetch import Fetcher, FetchOptions
from scraper.health import health_score, slowed
from scraper.pace import LONGEST_ASKED, LONGEST_REST, Pace, state_folder
from scraper.politeness import Asked, Manners, site
from scraper.robots import RobotsText
from tests.conftest import ROOT
from tests.fetching import STEADY, UNFIT_FOR_A_TERMINAL
from tests.loopback import Answer, Loopback, Request

NOON = 1_700_000_000.0
HEALTHY = {"X-SharePointHealthScore": "0"}


class Clock:
    """A wall clock that only pauses advance; notes them."""

    def __init__(self) -> None:
        self.now = NOON
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(round(seconds, 6))
        self.now += seconds


@pytest.fixture(name="clock")
def clock_fixture() -> Clock:
    return Clock()


@pytest.fixture(name="state", autouse=True)
def state_fixture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The hosts' files of this test alone."""
    monkeypatch.setenv("LUUTRU_STATE", str(tmp_path / "hosts"))
    return tmp_path / "hosts"


@contextmanager
def polite(
    portal: Loopback, clock: Clock, *, options: dict[str, Any] | None = None, **manners: Any
) -> Iterator[Fetcher]:
    """A Fetcher that knows that the portal has no robots.txt, unless told otherwise."""
    manners = {"delay": 0.0, "robots_known": {portal.url(""): RobotsText(read_at=NOON)}} | manners
    with Fetcher(
        FetchOptions(**{"retries": 0, "read_timeout": 2.0, "total_timeout": 5.0} | (options or {})),
        manners=Manners(portal.url(), pause=clock.pause, clock=clock, **manners),
        jitter=lambda: 0.0,
    ) as fetcher:
        yield fetcher


def refused(kind: type[FetchError], fetcher: Fetcher, url: str) -> FetchError:
    with pytest.raises(kind) as caught:
        fetcher.fetch(url)
    assert type(caught.value) is kind
    assert caught.value.hint and caught.value.cause and not UNFIT_FOR_A_TERMINAL.search(str(caught.value))
    return caught.value


# Who may be asked


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("http://thixa.example/a", True),
        ("https://thixa.example/", True),
        ("https://www.thixa.example:443/", True),
        ("https://THIXA.example./", True),
        ("https://media.thixa.example/x.jpg", True),
        ("https://kho.thixa.example:8443/", True),
        ("https://kho.thixa.example/", False),
        ("https://thixa.example:8443/", False),
        ("https://thixa.example.evil.example/", False),
        ("https://evilthixa.example/", False),
        ("http://127.0.0.1/", False),
        ("http://localhost/", False),
        ("http://169.254.169.254/latest/meta-data/", False),
        ("http://[::1]/", False),
        ("http://10.0.0.7/", False),  # although the settings name it: the portal itself is not there
        ("file:///etc/passwd", False),
        ("javascript:alert(1)", False),
        ("http://thixa.example@evil.example/", False),
        ("", False),
    ],
)
def test_belongs(url: str, verdict: bool) -> None:
    hosts = ["media.thixa.example", " www.KHO.thixa.example:8443", "10.0.0.7"]
    assert Manners("https://www.thixa.example/Lists/Tin", hosts=hosts).belongs(url) is verdict


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("http://127.0.0.1:8000/x", True),
        ("http://127.0.0.1:8001/x", True),  # named, and the very address of the portal
        ("http://127.0.0.1:8002/x", False),
        ("http://127.0.0.2:8000/x", False),
        ("http://localhost:8000/x", False),
    ],
)
def test_belongs_on_a_private_portal(url: str, verdict: bool) -> None:
    assert Manners("http://127.0.0.1:8000", hosts=["127.0.0.1:8001", "127.0.0.2:8000"]).belongs(url) is verdict


@pytest.mark.parametrize(
    "arguments",
    [
        {"start": "thixa"},
        {"start": "ftp://thixa.example"},
        {"start": "https://thixa.example", "hosts": ["a b"]},
        {"start": "https://thixa.example", "hosts": ["thixa.example/tin"]},
        {"start": "https://thixa.example", "hosts": ["ai@thixa.example"]},
        {"start": "https://thixa.example", "hosts": [""]},
        {"start": "https://thixa.example", "ignore": ["/Lists/"]},
        {"start": "https://thixa.example", "ignore": ["/Lists/"], "reason": " "},
    ],
)
def test_what_cannot_be_meant(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Manners(**arguments)


def test_a_redirect_off_site_is_not_followed(portal: Loopback, clock: Clock) -> None:
    with Loopback() as other, polite(portal, clock, options={"retries": 3}) as fetcher:
        other.fallback = Answer(body="x")
        portal.redirect("/a", other.url("/tin"))
        portal.redirect("/b", "http://169.254.169.254/")
        assert f"127.0.0.1:{other.port}" in refused(OffSite, fetcher, portal.url("/a")).cause
        refused(OffSite, fetcher, portal.url("/b"))
        refused(OffSite, fetcher, other.url("/tin"))
        assert other.requests == []
        assert len(portal.requests) == 2
        portal.redirect("/c", other.url("/_layouts/15/Authenticate.aspx"))
        refused(LoginPage, fetcher, portal.url("/c"))


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://thixa.example/", "javascript:alert(1)", "http://["])
def test_a_redirect_to_no_web_page(portal: Loopback, clock: Clock, location: str) -> None:
    portal.redirect("/", location)
    with polite(portal, clock) as fetcher, pytest.raises(OffSite, match="redirects to"):
        fetcher.fetch(portal.url())
    assert len(portal.requests) == 1


def test_further_hosts_are_asked_with_their_own_robots(portal: Loopback, clock: Clock) -> None:
    with Loopback() as media, polite(portal, clock, hosts=[f"127.0.0.1:{media.port}"]) as fetcher:
        media.on("/robots.txt", Answer(body="User-agent: *\nDisallow: /kin", content_type="text/plain"))
        media.on("/anh.jpg", Answer(body="x"))
        portal.redirect("/a", media.url("/anh.jpg"))
        portal.redirect("/b", media.url("/kin/anh.jpg"))
        assert fetcher.fetch(portal.url("/a")).info.robots == "allowed"
        refused(Disallowed, fetcher, portal.url("/b"))
        assert [request.target for request in media.requests] == ["/robots.txt", "/anh.jpg"]


def test_a_host_that_was_public_is_not_asked_in_a_private_network(
    portal: Loopback, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = False
    monkeypatch.setattr("scraper.trip.is_private", lambda host: private)
    portal.fallback = Answer(body="x")
    with polite(portal, clock) as fetcher:
        fetcher.fetch(portal.url("/a"))
        private = True  # the name leads elsewhere now
        with pytest.raises(FetchError, match="private network"):
            fetcher.fetch(portal.url("/b"))
    assert len(portal.requests) == 1


# robots.txt


def plain(text: str) -> Answer:
    return Answer(body=text, content_type="text/plain")


def test_disallowed_paths_are_not_asked(portal: Loopback, clock: Clock) -> None:
    portal.fallback = Answer(body="x")
    portal.on("/robots.txt", plain("User-agent: *\nDisallow: /Lists/\nDisallow: /_layouts/"))
    portal.redirect("/di", "/Lists/Tin/DispForm.aspx?ID=1")
    with polite(portal, clock, robots_known={}) as fetcher:
        for path in ("/Lists/Tin", "/_layouts/15/listfeed.aspx?List=x", "/di"):
            error = refused(Disallowed, fetcher, portal.url(path))
            assert portal.url("/robots.txt") in error.cause and "ignore" in error.hint
        assert fetcher.fetch(portal.url("/Pages/tin.aspx")).info.robots == "allowed"
    assert [request.target for request in portal.requests] == ["/robots.txt", "/di", "/Pages/tin.aspx"]


def test_an_override_is_recorded(portal: Loopback, clock: Clock) -> None:
    portal.fallback = Answer(body="x")
    portal.on("/robots.txt", plain("User-agent: *\nDisallow: /Lists/\nDisallow: /bản/\nDisallow: /x"))
    override = {"ignore": ["/Lists/", "bản"], "reason": "UBND's letter\n7"}
    with polite(portal, clock, robots_known={}, **override) as fetcher:
        assert fetcher.fetch(portal.url("/Lists/Tin")).info.robots == "overridden: /Lists/ (UBND's letter 7)"
        assert fetcher.fetch(portal.url("/bản/1")).info.robots == "overridden: bản (UBND's letter 7)"
        assert fetcher.fetch(portal.url("/lists/tin")).info.robots == "allowed"  # the rule itself heeds letter case
        refused(Disallowed, fetcher, portal.url("/x"))
    assert portal.count("/x") == 0


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer(404), "no robots.txt (404)"),
        (Answer(410), "no robots.txt (410)"),
        (Answer(401), "no robots.txt (401)"),
        (Answer(400), "no robots.txt (400)"),
        (Answer(body="<html><p>User-agent: *<p>Disallow: /"), "no rules (an HTML page)"),
        (Answer(body="Disallow nothing", headers={"SharePointError": "0"}), "no rules (an error page)"),
        (Answer(302, headers={"Location": "/_layouts/15/Authenticate.aspx"}), "no rules (a redirect, 302)"),
        (Answer(302, headers={"Location": "http://127.0.0.2:1/robots.txt"}), "no rules (a redirect, 302)"),
        (Answer(302, headers={"Location": "ftp://x.example/"}), "no rules (a redirect, 302)"),
        (Answer(302, headers={"Location": "/robots.txt"}), "no rules (a redirect, 302)"),
        (Answer(302), "no rules (a redirect, 302)"),
        (Answer(body="User-agent: *\nDisallow: /x", content_type="text/html"), "allowed"),
        (Answer(body="User-agent: *\nDisallow: /x\n" + "#" * 600_000 + "\nDisallow: /", coding="gzip"), "allowed"),
    ],
)
def test_robots_verdicts(portal: Loopback, clock: Clock, answer: Answer, verdict: str) -> None:
    portal.fallback = Answer(body="x")
    portal.on("/robots.txt", answer)
    with polite(portal, clock, robots_known={}) as fetcher:
        assert fetcher.fetch(portal.url("/tin")).info.robots == verdict
        fetcher.fetch(portal.url("/tin"))
        assert fetcher.manners is not None and list(fetcher.manners.robots_seen) == [portal.url("")]
    redirected = answer.headers.get("Location") == "/robots.txt"
    assert portal.count("/robots.txt") == (6 if redirected else 1)


@pytest.mark.parametrize("hops", [1, 5])
def test_robots_by_redirects(portal: Loopback, clock: Clock, hops: int) -> None:
    portal.on("/robots.txt", Answer(302, headers={"Location": f"/r{hops}"}))
    for hop in range(hops, 0, -1):
        portal.redirect(f"/r{hop}", f"/r{hop - 1}")
    portal.on("/r1", plain("User-agent: *\nDisallow: /x"))
    with polite(portal, clock, robots_known={}) as fetcher:
        refused(Disallowed, fetcher, portal.url("/x"))


@pytest.mark.parametrize(
    ("answer", "tries"), [(Answer(500), 2), (Answer(503), 2), (Answer(raw=b""), 2), (Answer(body="x" * 99, cut=3), 2)]
)
def test_unreachable_robots_disallow_all_for_this_run(
    portal: Loopback, clock: Clock, answer: Answer, tries: int
) -> None:
    portal.fallback = Answer(body="x")
    portal.on("/robots.txt", answer)
    with polite(portal, clock, robots_known={}, options={"retries": 1}) as fetcher:
        for _ in range(3):
            assert "cannot be read" in refused(NetworkError, fetcher, portal.url("/tin")).cause
        assert fetcher.manners is not None and fetcher.manners.robots_seen == {}
    assert [request.path for request in portal.requests] == ["/robots.txt"] * tries
    override = {"ignore": ["/tin"], "reason": "thư"}
    with polite(portal, clock, robots_known={}, **override) as fetcher:
        assert fetcher.fetch(portal.url("/tin")).info.robots == "overridden: /tin (thư)"


def test_crawl_delay_holds_from_the_file_on(portal: Loopback, clock: Clock) -> None:
    portal.fallback = Answer(body="x", headers=HEALTHY)
    portal.on("/robots.txt", plain("User-agent: *\nCrawl-delay: 5"))
    with polite(portal, clock, robots_known={}) as fetcher:
        fetcher.fetch(portal.url("/a"))
        fetcher.fetch(portal.url("/b"))
    assert clock.pauses == [5.0, 5.0]


def test_a_busy_server_says_nothing_of_robots(portal: Loopback, clock: Clock) -> None:
    portal.on("/robots.txt", Answer(429, headers={"Retry-After": "3600"}), plain("User-agent: *\nDisallow: /x"))
    portal.on("/tin", Answer(body="x"))
    with polite(portal, clock, robots_known={}) as fetcher:
        refused(RateLimited, fetcher, portal.url("/tin"))
        refused(RateLimited, fetcher, portal.url("/tin"))
        assert len(portal.requests) == 1
        clock.now += 3600
        assert fetcher.fetch(portal.url("/tin")).info.robots == "allowed"


def test_robots_are_remembered_for_a_day(portal: Loopback, clock: Clock) -> None:
    portal.fallback = Answer(body="x")
    portal.on("/robots.txt", plain("User-agent: *\nDisallow: /x"))
    with polite(portal, clock, robots_known={}) as fetcher:
        fetcher.fetch(portal.url("/tin"))
        assert fetcher.manners is not None
        known = fetcher.manners.robots_seen
    assert known == {portal.url(""): RobotsText("User-agent: *\nDisallow: /x", read_at=NOON)}
    for later, reads in ((86_000, 1), (86_500, 2)):
        clock.now = NOON + later
        with polite(portal, clock, robots_known=known) as fetcher:
            refused(Disallowed, fetcher, portal.url("/x"))
            assert portal.count("/robots.txt") == reads
            assert fetcher.manners is not None and (fetcher.manners.robots_seen == {}) is (reads == 1)


@pytest.mark.parametrize(
    "known",
    [
        RobotsText("User-agent: *\nDisallow: /", read_at=NOON + 4000),  # from the future
        RobotsText(note="HTTP 500", read_at=NOON, unreachable=True),
    ],
)
def test_what_is_not_believed_of_an_earlier_run(portal: Loopback, clock: Clock, known: RobotsText) -> None:
    portal.fallback = Answer(body="x")
    portal.on("/robots.txt", Answer(404))
    with polite(portal, clock, robots_known={portal.url(""): known}) as fetcher:
        assert fetcher.fetch(portal.url("/tin")).info.robots == "no robots.txt (404)"


# Delay


def starts(portal: Loopback) -> list[float]:
    """Seconds between the arrivals of requests."""
    times = [request.at for request in portal.requests]
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def test_delay_in_real_time(portal: Loopback) -> None:
    portal.redirect("/a", "/b")
    portal.on("/b", Answer(503, headers=HEALTHY), Answer(body="x", headers=HEALTHY))
    with Fetcher(
        FetchOptions(retries=1, backoff=0.01), manners=Manners(portal.url(), delay=0.15, robots_known={})
    ) as fetcher:
        fetcher.fetch(portal.url("/a"))
    assert [request.path for request in portal.requests] == ["/robots.txt", "/a", "/b", "/a", "/b"]
    assert all(0.149 < gap < 1.5 for gap in starts(portal))
    assert starts(portal)[2] > 0.99  # a 503 is followed by a second at least


def test_delay_counts_from_the_end_of_an_answer(portal: Loopback, clock: Clock) -> None:
    portal.fallback = Answer(body="x", headers=HEALTHY)
    with polite(portal, clock, delay=2.0) as fetcher:
        fetcher.fetch(portal.url("/1"))
        clock.now += 1.5  # extraction
        fetcher.fetch(portal.url("/2"))
        clock.now += 5
        fetcher.fetch(portal.url("/3"))
    assert clock.pauses == [0.5]


@pytest.mark.parametrize(
    ("crawl", "delay", "pause"), [("5", 2.0, 5.0), ("1", 2.0, 2.0), ("9999", 2.0, 60.0), ("5", 99.0, 99.0)]
)
def test_the_larger_of_crawl_delay_and_delay(
    portal: Loopback, clock: Clock, crawl: str, delay: float, pause: float
) -> None:
    portal.fallback = Answer(body="x", headers=HEALTHY)
    known = {portal.url(""): RobotsText(f"User-agent: *\nCrawl-delay: {crawl}", read_at=NOON)}
    with polite(portal, clock, delay=delay, robots_known=known) as fetcher:
        for _ in range(3):
            fetcher.fetch(portal.url("/"))
    assert clock.pauses == [pause, pause]


def test_no_delay_means_none(portal: Loopback, clock: Clock, state: Path) -> None:
    portal.fallback = Answer(body="x", headers=HEALTHY)
    with polite(portal, clock) as fetcher:
        for _ in range(5):
            fetcher.fetch(portal.url("/"))
    assert clock.pauses == []
    assert len(list(state.iterdir())) == 1
    assert len({request.connection for request in portal.requests}) == 1


def test_without_a_score_the_delay_follows_the_servers_own_time(portal: Loopback, clock: Clock) -> None:
    def slow(request: Request) -> Answer:
        clock.now += float(request.target[1:])
        return Answer(body="x")

    portal.fallback = slow
    with polite(portal, clock) as fetcher:
        for seconds in ("3", "0.5", "500", "0", "0"):
            fetcher.fetch(portal.url(f"/{seconds}"))
    assert clock.pauses == [3.0, 0.5, 10.0]


# What the server asks for


@pytest.mark.parametrize("status", [429, 503])
def test_nothing_is_asked_while_told_to_wait(portal: Loopback, clock: Clock, status: int) -> None:
    portal.on("/a", Answer(status, headers={"Retry-After": "40"}))
    portal.on("/b", Answer(body="x", headers=HEALTHY))
    with polite(portal, clock) as fetcher:
        refused(RateLimited, fetcher, portal.url("/a"))
        assert fetcher.fetch(portal.url("/b")).content == b"x"
    assert clock.pauses == [40.0]


@pytest.mark.parametrize("status", [429, 503])
def test_too_long_a_wait_is_refused_and_stays_on_file(portal: Loopback, clock: Clock, status: int) -> None:
    portal.on("/a", Answer(status, headers={"Retry-After": "600"}))
    portal.on("/b", Answer(body="x", headers=HEALTHY))
    with polite(portal, clock, options={"retries": 3}) as fetcher:
        assert "600 s" in refused(RateLimited, fetcher, portal.url("/a")).cause
        clock.now += 100
        assert "500 s are left" in refused(RateLimited, fetcher, portal.url("/b")).cause
    with polite(portal, clock) as another:  # as another process
        assert "500 s are left" in refused(RateLimited, another, portal.url("/b")).cause
        assert len(portal.requests) == 1
        clock.now += 450
        assert another.fetch(portal.url("/b")).content == b"x"
    assert clock.pauses == [50.0]


def test_retries_wait_once(portal: Loopback, clock: Clock) -> None:
    portal.on("/", Answer(503, headers={"Retry-After": "7"} | HEALTHY), Answer(body="x"))
    with polite(portal, clock, options={"retries": 3, "backoff": 0.5}) as fetcher:
        fetcher.fetch(portal.url())
    assert clock.pauses == [7.0]


def test_back_off_grows_and_ends(portal: Loopback, clock: Clock) -> None:
    busy = [Answer(429, headers=HEALTHY)] * 8
    portal.on(
        "/", *busy, Answer(body="x", headers=HEALTHY), Answer(429, headers=HEALTHY), Answer(body="x", headers=HEALTHY)
    )
    with polite(portal, clock) as fetcher:
        for _ in range(8):
            refused(RateLimited, fetcher, portal.url())
        fetcher.fetch(portal.url())
        refused(RateLimited, fetcher, portal.url())
        fetcher.fetch(portal.url())
    assert clock.pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 1.0]


def test_waiting_is_not_taken_from_the_time_of_a_try(portal: Loopback) -> None:
    portal.fallback = Answer(body="x", headers=HEALTHY)
    manners = Manners(portal.url(), delay=0.5, robots_known={portal.url(""): RobotsText(read_at=time.time())})
    with Fetcher(FetchOptions(retries=0, total_timeout=0.3), manners=manners) as fetcher:
        for _ in range(2):
            fetcher.fetch(portal.url())
    assert starts(portal)[0] >= 0.499


# Health


def scores(portal: Loopback, *values: int | None) -> None:
    """Answer requests for / with these scores in turn."""
    portal.on(
        "/", *(Answer(body="x", headers={} if v is None else {"X-SharePointHealthScore": str(v)}) for v in values)
    )


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        (2.0, [2, 2, 2, 4, 4, 4, 8, 8, 8, 60, 60, 8, 4, 2]),
        (0.0, [1, 1, 1, 2, 2, 2, 60, 60, 2, 1]),
        (30.0, [30, 30, 30, 60, 60, 60, 120, 120, 120, 120, 120, 120, 60, 30]),
    ],
)
def test_health_up_and_down(portal: Loopback, clock: Clock, delay: float, expected: list[float]) -> None:
    values = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 8, 3, 0]
    scores(portal, *values, 0)
    with polite(portal, clock, delay=delay) as fetcher:
        for _ in range(len(values) + 1):
            assert fetcher.fetch(portal.url()).content == b"x"
    assert clock.pauses == expected


def test_an_overloaded_server_is_left_alone(portal: Loopback, clock: Clock) -> None:
    scores(portal, 10, 9, 9, 10, 0)
    with polite(portal, clock) as fetcher:
        for _ in range(4):
            fetcher.fetch(portal.url())
        for _ in range(3):
            error = refused(RateLimited, fetcher, portal.url())
        assert "overloaded" in error.cause and "10 of 10" in error.cause and "3 pauses of 60 s" in error.cause
    assert clock.pauses == [60.0, 60.0, 60.0]
    assert len(portal.requests) == 4
    with polite(portal, clock) as another:  # a later run, or another process, still waits for the last pause
        another.fetch(portal.url())
    assert clock.pauses == [60.0] * 4


def test_recovery_counts_pauses_anew(portal: Loopback, clock: Clock) -> None:
    scores(portal, 9, 9, 9, 0, 9, 9, 9, 0)
    with polite(portal, clock) as fetcher:
        for _ in range(8):
            fetcher.fetch(portal.url())
    assert clock.pauses == [60.0] * 6


def test_an_answer_without_a_score_changes_nothing(portal: Loopback, clock: Clock) -> None:
    scores(portal, 7, None, None, 0, None)
    with polite(portal, clock) as fetcher:
        for _ in range(5):
            fetcher.fetch(portal.url())
    assert clock.pauses == [2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("value", "score"),
    [("0", 0), ("10", 10), (" 7 ", 7), ("11", None), ("-1", None), ("07", None), ("3.5", None), ("٣", None), ("", None),
     (None, None), ("9" * 5000, None), ("5, 5", None)],
)  # fmt: skip
def test_health_score(value: str | None, score: int | None) -> None:
    assert health_score(value) == score


@STEADY
@given(st.floats(0, 1e6), st.integers(0, 10), st.integers(0, 10))
def test_a_higher_score_is_never_faster(delay: float, one: int, other: int) -> None:
    assert delay <= slowed(delay, min(one, other)) <= slowed(delay, max(one, other)) <= max(4 * delay, 2.0)


@given(
    st.sampled_from([200, 302, 404, 429, 500, 503, 999]),
    st.dictionaries(
        st.sampled_from(["X-SharePointHealthScore", "Retry-After"]),
        st.text(max_size=40)
        | st.integers(-10, 10**12).map(str)
        | st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S +2359"))
        | st.sampled_from(["inf", "1e9", "Mon, 01 Jan 0001 00:00:00 +2359", "Fri, 31 Dec 9999 23:59:59 -2359"]),
    ),
    st.floats(0, 100),
)
@STEADY
def test_no_header_makes_an_absurd_pause(status: int, headers: dict[str, str], delay: float) -> None:
    clock = Clock()
    manners = Manners("http://thixa.example", delay=delay, pause=clock.pause, clock=clock)
    try:
        manners.hold("http://thixa.example/", 0.0)
        with manners.begin("x", "GET", "http://thixa.example/", "allowed", 1e9) as turn:
            turn.answered(status, headers)
        before = clock.now
        with manners.begin("x", "GET", "http://thixa.example/", "allowed", 1e9):
            pass
        assert 0 <= clock.now - before <= LONGEST_ASKED
        clock.now += LONGEST_ASKED
    finally:
        manners.close()
        for file in state_folder().glob("*"):
            file.unlink()


# The pace, across processes


def test_two_processes_share_one_pace(portal: Loopback, state: Path) -> None:
    portal.fallback = Answer(body="x", headers=HEALTHY, pause=0.03)
    code = f"""
from scraper.fetch import Fetcher
from scraper.politeness import Manners
from scraper.robots import RobotsText
import time
url = {portal.url("")!r}
with Fetcher(manners=Manners(url, delay=0.1, robots_known={{url: RobotsText(read_at=time.time())}})) as fetcher:
    for _ in range(6):
        fetcher.fetch(url + "/" + __import__("sys").argv[1])
"""
    runs = [subprocess.Popen([sys.executable, "-c", code, name], cwd=ROOT) for name in ("a", "b")]
    try:
        assert [run.wait(60) for run in runs] == [0, 0]
    finally:
        for run in runs:
            run.kill()
            run.wait()
    assert (portal.count("/a"), portal.count("/b")) == (6, 6)
    assert min(starts(portal)) >= 0.129  # the answer's own time and the delay


def test_one_request_at_a_time(portal: Loopback) -> None:
    lock, inside, most = threading.Lock(), 0, 0

    def busy(request: Request) -> Answer:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.003)
        with lock:
            inside -= 1
        return Answer(body="x", headers=HEALTHY)

    portal.fallback = busy
    threads = [threading.Thread(target=fetch_often, args=(portal.url(),)) for _ in range(4)]  # each with its own file
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(portal.requests), most) == (80, 1)


def fetch_often(url: str) -> None:
    manners = Manners(url, delay=0.0, robots_known={url.rstrip("/"): RobotsText(read_at=time.time())})
    with Fetcher(manners=manners) as fetcher:
        for _ in range(20):
            fetcher.fetch(url)


def test_a_killed_process_leaves_no_lock(portal: Loopback, clock: Clock) -> None:
    portal.on("/slow", Answer(body="x", pause=30))
    portal.on("/", Answer(body="x", headers=HEALTHY))
    code = f"""
from scraper.fetch import Fetcher
from scraper.politeness import Manners
from scraper.robots import RobotsText
import time
url = {portal.url("")!r}
Fetcher(manners=Manners(url, robots_known={{url: RobotsText(read_at=time.time())}})).fetch(url + "/slow")
"""
    run = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    try:
        while not portal.count("/slow"):
            assert run.poll() is None
            time.sleep(0.01)
        pace = Pace(site(portal.url()), state_folder(), pause=until_killed(run), clock=clock, warn=pytest.fail)
        assert pace.take(0.0) > 0
        pace.close()
    finally:
        run.kill()
        run.wait()


def until_killed(run: subprocess.Popen[bytes]) -> Callable[[float], None]:
    """A pause in which the other process dies, the third time."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            run.kill()
            run.wait()

    return pause


def test_what_pause_raises_ends_the_wait(portal: Loopback, clock: Clock) -> None:
    portal.fallback = Answer(body="x", headers=HEALTHY)

    def out_of_time(seconds: float) -> None:
        raise OutOfTime("thixa")

    with polite(portal, clock, delay=5.0) as fetcher:
        fetcher.fetch(portal.url())
        other = Manners(
            portal.url(), pause=out_of_time, clock=clock, robots_known={portal.url(""): RobotsText(read_at=NOON)}
        )
        with Fetcher(manners=other) as hurried, pytest.raises(OutOfTime):
            hurried.fetch(portal.url())
        fetcher.fetch(portal.url())  # no lock was left behind
    assert len(portal.requests) == 2


def pace(state: Path, clock: Clock, warn: Callable[[str], None] = pytest.fail) -> Pace:
    return Pace("thixa.example", state, pause=clock.pause, clock=clock, warn=warn)


def test_a_clock_that_was_set_back(state: Path, clock: Clock) -> None:
    one = pace(state, clock)
    one.take(0.0)
    one.give(20.0, asked=True)
    clock.now -= 1e6
    assert one.take(60.0) == 20.0
    one.give(5.0)
    assert pace(state, clock).take(60.0) == 5.0


def test_a_clock_that_stands_still(state: Path, clock: Clock) -> None:
    pauses: list[float] = []
    one = Pace("thixa.example", state, pause=pauses.append, clock=clock, warn=pytest.fail)
    for _ in range(3):
        one.take(0.0)
        one.give(5.0)
    assert pauses == [5.0, 5.0]


def test_a_shorter_wait_does_not_replace_a_longer_one(state: Path, clock: Clock) -> None:
    one, other = pace(state, clock), pace(state, clock)
    one.take(0.0)
    one.give(0.0)
    other.take(0.0)
    other.give(50.0, asked=True)
    one.push(3.0)
    assert one.take(60.0) == 50.0


@pytest.mark.parametrize(
    ("line", "longest"),
    [
        (f"{NOON + 1e12} {NOON} rest", LONGEST_REST),
        (f"{NOON + 1e12} {NOON} asked", LONGEST_ASKED),
        (f"{NOON + 2e9} {NOON + 1e9} asked", LONGEST_ASKED),
        (f"{NOON + 1e9 + 7} {NOON + 1e9} asked", 7.0),
        ("1e309 0 rest", 0.0),
        ("nan nan rest", 0.0),
        (f"{NOON + 5} {NOON + 6} rest", 0.0),
        ("-5 -6 rest", 0.0),
        ("\x00" * 256, 0.0),
        ("", 0.0),
        ("hai ba bốn", 0.0),
    ],
)
def test_a_file_is_not_trusted_far(state: Path, clock: Clock, line: str, longest: float) -> None:
    one = pace(state, clock)
    one.take(0.0)
    one.give(5.0)
    (file,) = state.iterdir()
    file.write_text(line)
    assert one.take(1e9) == pytest.approx(longest, abs=0.001)
    one.give(0.0)


@given(st.binary(max_size=300))
@STEADY
def test_any_file_can_be_read(state: Path, line: bytes) -> None:
    clock = Clock()
    one = pace(state, clock)
    one.take(1e9)
    one.give(0.0)
    (file,) = state.iterdir()
    file.write_bytes(line)
    assert 0 <= one.take(1e9) <= LONGEST_ASKED
    one.close()
    file.unlink()


def test_files_are_the_users_own(portal: Loopback, clock: Clock, state: Path) -> None:
    one = pace(state, clock)
    one.take(0.0)
    one.give(1.0)
    (file,) = state.iterdir()
    assert re.fullmatch("[0-9a-f]{32}", file.name)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_a_tidied_folder(state: Path, clock: Clock) -> None:
    one, other = pace(state, clock), pace(state, clock)
    one.take(0.0)
    one.give(0.0)
    next(state.iterdir()).unlink()
    one.take(0.0)
    one.give(9.0)
    assert other.take(0.0) == 9.0


def test_a_link_is_not_followed(state: Path, clock: Clock, tmp_path: Path) -> None:
    one = pace(state, clock)
    one.take(0.0)
    one.give(1.0)
    one.close()
    (file,) = state.iterdir()
    file.unlink()
    file.symlink_to(tmp_path / "precious")
    warnings: list[str] = []
    pace(state, clock, warnings.append).take(0.0)
    assert len(warnings) == 1
    assert not (tmp_path / "precious").exists()


def test_without_a_folder_the_pace_is_kept_within_the_process(
    portal: Loopback, clock: Clock, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.fallback = Answer(body="x", headers=HEALTHY)
    state.write_text("a file where the folder should be")
    warnings: list[str] = []
    with polite(portal, clock, delay=2.0, warn=warnings.append) as fetcher:
        for _ in range(4):
            fetcher.fetch(portal.url())
    assert clock.pauses == [2.0, 2.0, 2.0]
    assert len(warnings) == 1 and str(state) in warnings[0]
    with polite(portal, clock) as fetcher, pytest.warns(RuntimeWarning, match="by this process alone"):
        fetcher.fetch(portal.url())


def test_where_the_files_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert state_folder() == tmp_path / "hosts"
    monkeypatch.delenv("LUUTRU_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "luutru" / "hosts"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/ai")
    assert state_folder() == Path("/home/ai/.local/state/luutru/hosts")


# The request log


def test_request_log(portal: Loopback, clock: Clock) -> None:
    portal.on("/robots.txt", plain("User-agent: *\nDisallow: /x"))
    portal.redirect("/a", "/b")
    portal.on("/b", Answer(body="x", headers={"X-SharePointHealthScore": "4"}))
    portal.on("/cut", Answer(body="x", length=9))
    log: list[Asked] = []
    with polite(portal, clock, robots_known={}, delay=2.0, log=log.append) as fetcher:
        fetcher.fetch(portal.url("/a"))
        for kind, path in ((NotFound, "/c"), (NetworkError, "/cut"), (Disallowed, "/x")):
            with pytest.raises(kind):
                fetcher.fetch(portal.url(path))
        with pytest.raises(OffSite):
            fetcher.fetch("http://khac.example/")
        fetcher.fetch(portal.url("/b"), form=[("a", "b")])
    shown = [(a.method, a.url, a.status, a.error, a.waited, a.health, a.robots) for a in log]
    assert shown == [
        ("GET", portal.url("/robots.txt"), 200, None, 0.0, None, "robots.txt itself"),
        ("GET", portal.url("/a"), 302, None, 2.0, None, "allowed"),
        ("GET", portal.url("/b"), 200, None, 2.0, 4, "allowed"),
        ("GET", portal.url("/c"), 404, "not_found", 4.0, None, "allowed"),
        ("GET", portal.url("/cut"), 200, "network", 4.0, None, "allowed"),
        ("POST", portal.url("/b"), 200, None, 4.0, 4, "allowed"),
    ]
    assert len(portal.requests) == len(log)
    assert [datetime.fromisoformat(a.at).timestamp() - NOON for a in log] == [0, 2, 4, 8, 12, 16]


def test_log_of_what_never_answered(clock: Clock) -> None:
    log: list[Asked] = []
    manners = Manners("http://127.0.0.1:9/", delay=0.0, pause=clock.pause, clock=clock, log=log.append,
                      robots_known={"http://127.0.0.1:9": RobotsText(read_at=NOON)})  # fmt: skip
    with Fetcher(FetchOptions(retries=1, backoff=3.0), manners=manners, jitter=lambda: 0.0) as fetcher:
        refused(NetworkError, fetcher, "http://127.0.0.1:9/")
    assert [(a.status, a.error, a.waited) for a in log] == [(None, "network", 0.0), (None, "network", 3.0)]


def test_without_manners_nothing_changes(portal: Loopback, state: Path) -> None:
    portal.on("/robots.txt", plain("User-agent: *\nDisallow: /"))
    portal.on("/tin", Answer(body="x"))
    with Fetcher() as fetcher:
        assert fetcher.fetch(portal.url("/tin")).info.robots is None
    assert portal.count("/robots.txt") == 0
    assert not state.exists()


def test_import_is_light() -> None:
    heavy = ("requests", "urllib3", "ssl", "protego", "fcntl")
    code = f"import sys, scraper.politeness; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
