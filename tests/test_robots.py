"""scraper.robots: which rules speak to us (RFC 9309), and what counts as a file without rules."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.errors import (
    AccessDenied,
    FetchError,
    LoginPage,
    NetworkError,
    NotFound,
    OffSite,
    OutOfTime,
    RateLimited,
    SoftError,
)
from scraper.models import Capture, CaptureInfo
from scraper.robots import MAX_BYTES, MAX_CRAWL_DELAY, RobotsText, Rules, read_robots
from tests.fetching import STEADY

SITE = "https://thixa.example"


def allowed(text: str, path: str) -> bool:
    return Rules(RobotsText(text)).allow(SITE + path)


def answer(status: int, content: bytes = b"") -> Capture:
    return Capture(content, CaptureInfo(status=status))


@pytest.mark.parametrize(
    ("text", "path", "verdict"),
    [
        ("User-agent: *\nDisallow: /Lists/", "/Lists/Tin", False),
        ("User-agent: *\nDisallow: /Lists/", "/Pages/tin.aspx", True),
        ("User-agent: *\nDisallow: /Lists/", "/lists/tin", True),  # paths are told apart by letter case (2.2.2)
        ("User-agent: *\nDisallow: /\nAllow: /Lists/", "/Lists/Tin", True),  # the longest match decides
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),  # of two as long, the one that allows
        ("User-agent: *\nDisallow: /*.aspx$", "/tin.aspx", False),
        ("User-agent: *\nDisallow: /*.aspx$", "/tin.aspx?ID=1", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: LUUTRU\nDisallow: /x", "/tin", True),  # our group alone counts
        ("User-agent: *\nAllow: /\nUser-agent: luutru/1.0 # us\nDisallow: /tin", "/tin", False),
        ("User-agent: luu\nDisallow: /", "/tin", True),  # another robot, though its name begins like ours
        ("User-agent: luutru-images\nDisallow: /", "/tin", True),
        ("User-agent: khac\nUser-agent: luutru\nDisallow: /", "/tin", False),  # a group of several robots
        ("User-agent: luutru\nDisallow: /a\nUser-agent: x\nDisallow: /\nUser-agent: luutru\nDisallow: /b", "/b", False),
        ("User-agent: khac\nDisallow: /", "/tin", True),
        ("\ufeffUser-agent: *\r\nDisallow: /tin\r\n", "/tin", False),
        ("user-agent:*\rdisallow:/tin", "/tin", False),
        ("Disallow: /", "/tin", True),  # speaks to nobody
        ("User-agent: *\nDisallow:", "/tin", True),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("User-agent: *\nDisallow: /bản-tin/", "/b%E1%BA%A3n-tin/1", False),
        ("User-agent: *\nDisallow: /b%e1%ba%a3n-tin/", "/b%E1%BA%A3n-tin/1", False),
    ],
)  # fmt: skip
def test_rules(text: str, path: str, verdict: bool) -> None:
    assert allowed(text, path) is verdict


@pytest.mark.parametrize(
    ("line", "delay"),
    [("10", 10.0), ("0.5", 0.5), ("100000", MAX_CRAWL_DELAY), ("-1", 0.0), ("nan", 0.0), ("inf", 0.0), ("mai", 0.0)],
)
def test_crawl_delay(line: str, delay: float) -> None:
    assert Rules(RobotsText(f"User-agent: *\nCrawl-delay: {line}\nDisallow: /x")).crawl_delay == delay
    assert Rules(RobotsText(f"User-agent: khac\nCrawl-delay: {line}")).crawl_delay == 0.0


def test_what_cannot_be_known_allows_nothing() -> None:
    assert not Rules(RobotsText(unreachable=True)).allow(SITE + "/tin")
    assert Rules(RobotsText()).allow(SITE + "/tin")


@pytest.mark.parametrize(
    ("capture", "note"),
    [
        (answer(404), "no robots.txt (404)"),
        (answer(403), "no robots.txt (403)"),
        (answer(302), "no rules (a redirect, 302)"),
        (answer(200, b"\xef\xbb\xbf\n <!DOCTYPE html><title>Trang"), "no rules (an HTML page)"),
        (answer(200, b" \n"), "no rules (empty)"),
        (answer(204), "no rules (empty)"),
    ],
)
def test_no_rules(capture: Capture, note: str) -> None:
    robots = read_robots(lambda: capture)
    assert (robots.note, robots.text, robots.unreachable) == (note, "", False)


def raising(error: FetchError) -> RobotsText:
    def ask() -> Capture:
        raise error

    return read_robots(ask)


@pytest.mark.parametrize("kind", [LoginPage, AccessDenied, NotFound, SoftError])
def test_error_pages_are_no_rules(kind: type[FetchError]) -> None:
    assert raising(kind("x", "y")) == RobotsText(note="no rules (an error page)")


@pytest.mark.parametrize("kind", [NetworkError, OffSite, FetchError])
def test_unreachable(kind: type[FetchError]) -> None:
    assert raising(kind("x", "HTTP 500")) == RobotsText(note="HTTP 500", unreachable=True)


@pytest.mark.parametrize("kind", [RateLimited, OutOfTime])
def test_what_says_nothing_of_the_file_is_raised(kind: type[FetchError]) -> None:
    with pytest.raises(kind):
        raising(kind("x"))


def test_only_so_much_is_read() -> None:
    robots = read_robots(lambda: answer(200, b"User-agent: *\n" + b"#" * MAX_BYTES + b"\nDisallow: /"))
    assert len(robots.text) == MAX_BYTES
    assert Rules(robots).allow(SITE + "/tin")


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"User-agent: robot{number}\n" for number in range(17_000)) + "Disallow: /a\n" * 17_000,
        "".join(f"User-agent: robot{number}*\n" for number in range(17_000)) + "Allow: /index.html\n" * 10_000,
        "User-agent: *\n" * 30_000,
        "User-agent: *\n" + "Disallow: /" + "*a" * 240_000 + "$",
        "User-agent: *\n" + "".join(f"Disallow: /*{number}*x\n" for number in range(25_000)),
    ],
    ids=["names", "starred names", "groups", "stars", "rules"],
)
def test_hostile_files_cost_little(text: str) -> None:
    start = time.process_time()
    rules = Rules(RobotsText(text))
    for number in range(10):
        rules.allow(f"{SITE}/{'a' * 1000}{number}")
    assert time.process_time() - start < 5.0


@STEADY
@given(st.text(max_size=300) | st.lists(st.sampled_from(
    ["User-agent: *", "user agent luutru", "Disallow: /*$*", "Allow: $", "Crawl-delay: 1e308", "Crawl-delay: 1_0",
     "Request-rate: 1/0", "Visit-time: 9", "Sitemap:", ":", "Disallow: %", "Disallow: http://["])).map("\n".join),
    st.text(alphabet="/%aLd?=$*", max_size=30))  # fmt: skip
def test_any_text_can_be_asked(text: str, path: str) -> None:
    rules = Rules(RobotsText(text))
    assert rules.allow(SITE + "/" + path) in (True, False)
    assert 0.0 <= rules.crawl_delay <= MAX_CRAWL_DELAY
