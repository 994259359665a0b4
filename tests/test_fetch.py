"""scraper.fetch over real HTTP on loopback: what becomes a capture, which error, which redirect, how many tries."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from scraper import trip
from scraper.errors import (
    AccessDenied,
    FetchError,
    InputError,
    LoginPage,
    NetworkError,
    NotFound,
    RateLimited,
    SoftError,
)
from scraper.fetch import Fetcher, FetchOptions, user_agent
from tests.fetching import NOW, PAGE, UNFIT_FOR_A_TERMINAL, Pauses, failure, fetch
from tests.loopback import Answer, Loopback, Request, endless_gzip

# What a capture says


def test_capture(portal: Loopback) -> None:
    portal.on("/tin.aspx", Answer(body=PAGE, content_type="text/html; Charset=UTF-8"))
    url = portal.url("/tin.aspx?ItemID=4&utm_source=x#y")
    capture = fetch(url)
    assert capture.content.decode() == PAGE
    assert capture.name == url
    info = capture.info
    assert (info.requested_url, info.final_url) == (url, url.removesuffix("#y"))
    assert (info.status, info.source, info.content_type) == (200, "http", "text/html; Charset=UTF-8")
    assert info.charset == "utf-8"
    assert info.fetched_at == "2024-05-06T07:08:09+00:00"
    assert info.sha256 == hashlib.sha256(capture.content).hexdigest()
    assert info.bytes == len(capture.content)
    assert info.tls is None
    assert portal.requests[0].target == "/tin.aspx?ItemID=4&utm_source=x"


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        (None, None),
        ("text/html", None),
        ('text/html;charset="windows-1258"', "windows-1258"),
        ("text/html; charset=", None),
    ],
)
def test_charset_is_the_headers_word(portal: Loopback, content_type: str | None, charset: str | None) -> None:
    portal.on("/", Answer(body='<meta charset="utf-8">Đ', content_type=content_type))
    info = fetch(portal.url()).info
    assert (info.content_type, info.charset) == (content_type, charset)


def test_no_body_is_still_a_capture(portal: Loopback) -> None:
    portal.on("/", Answer())
    portal.on("/packed", Answer(headers={"Content-Encoding": "gzip"}))
    assert fetch(portal.url()).content == b""
    assert fetch(portal.url("/packed")).content == b""


def test_addresses_go_out_escaped(portal: Loopback) -> None:
    portal.fallback = Answer(body="x")
    fetch(portal.url("/tin/%7e/bản-tin.aspx?q=đ"))
    assert portal.requests[0].target == "/tin/~/b%E1%BA%A3n-tin.aspx?q=%C4%91"


def test_connection_and_cookies_are_kept(portal: Loopback) -> None:
    portal.on("/", Answer(body="x", headers={"Set-Cookie": "phien=1"}), Answer(body="y", chunk=2))
    with Fetcher(FetchOptions()) as fetcher:
        assert [fetcher.fetch(portal.url()).content for _ in range(3)] == [b"x", b"y", b"y"]
    assert {request.connection for request in portal.requests} == {0}
    assert portal.requests[2].headers["cookie"] == "phien=1"


def test_every_answer_is_observed(portal: Loopback) -> None:
    portal.redirect("/", "/tin")
    portal.on("/tin", Answer(503, headers={"X-SharePointHealthScore": "7"}), Answer(body="x"))
    seen: list[tuple[str, int, str | None]] = []
    options = FetchOptions(retries=1, user_agent="luutru/test")
    with Fetcher(
        options,
        observe=lambda url, status, headers: seen.append((url, status, headers.get("x-sharepointhealthscore"))),
        sleep=Pauses(),
    ) as fetcher:
        fetcher.fetch(portal.url())
    first, second = portal.url(), portal.url("/tin")
    assert seen == [(first, 302, None), (second, 503, "7"), (first, 302, None), (second, 200, None)]


# Addresses


@pytest.mark.parametrize(
    "url",
    ["file:///etc/hosts", "ftp://h.vn/", "tin.aspx", "http://", "http://h.vn/a b", "http://h.vn/\u00a0b", "http://h.vn/\x07",
     "http://ten:mat-khau@127.0.0.1/"],
)  # fmt: skip
def test_bad_addresses(url: str) -> None:
    with pytest.raises(InputError) as caught:
        fetch(url)
    assert not UNFIT_FOR_A_TERMINAL.search(str(caught.value))
    assert "mat-khau" not in str(caught.value)


# Who we say we are


def test_user_agent(monkeypatch: pytest.MonkeyPatch, portal: Loopback) -> None:
    monkeypatch.setenv("LUUTRU_CONTACT", "thu-kho@luu.example\r\nX-Evil: 1 (đ)")
    portal.on("/", Answer(body="x"))
    fetch(portal.url())
    sent = portal.requests[0].headers
    assert re.fullmatch(r"luutru/\S+ \((?:\+\S+; )?thu-kho@luu\.exampleX-Evil: 1\)", sent["user-agent"])
    assert sent["accept-encoding"] == "gzip, deflate"
    assert sent["accept-language"].startswith("vi")
    assert "x-evil" not in sent
    assert "toi@luu.example" in user_agent("toi@luu.example")
    monkeypatch.delenv("LUUTRU_CONTACT")
    assert "@" not in user_agent()


def test_netrc_is_not_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, portal: Loopback) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login ai password do\n")
    monkeypatch.setenv("NETRC", str(netrc))
    portal.redirect("/", "/tin")
    portal.on("/tin", Answer(body="x"))
    fetch(portal.url())
    assert all("authorization" not in request.headers for request in portal.requests)


def test_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch, portal: Loopback) -> None:
    monkeypatch.setenv("http_proxy", portal.url().rstrip("/"))
    portal.fallback = Answer(body="by proxy")
    assert fetch("http://cong.example/tin").content == b"by proxy"
    assert portal.requests[0].target == "http://cong.example/tin"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    fetch(portal.url("/direct"))
    assert portal.requests[1].target == "/direct"


def test_proxy_that_refuses_a_tunnel(monkeypatch: pytest.MonkeyPatch, portal: Loopback) -> None:
    monkeypatch.setenv("https_proxy", portal.url().rstrip("/"))
    portal.fallback = Answer(403)
    assert "proxy" in failure(NetworkError, "https://cong.example/tin").cause
    portal.fallback = Answer(body=PAGE, drip=(1, 0.05), drip_head=True)
    assert "0.3 s" in failure(NetworkError, "https://cong.example/tin", total_timeout=0.3).cause


# Status codes


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, FetchError), (401, AccessDenied), (403, AccessDenied), (404, NotFound), (407, AccessDenied), (410, NotFound),
     (418, FetchError), (429, RateLimited), (451, AccessDenied), (500, NetworkError), (501, NetworkError),
     (503, NetworkError), (599, NetworkError), (206, NetworkError), (300, NetworkError), (304, NetworkError),
     (302, NetworkError)],
)  # fmt: skip
def test_status(portal: Loopback, status: int, kind: type[FetchError]) -> None:
    portal.on("/", Answer(status, body="" if status == 304 else "<p>Trang</p>"))
    error = failure(kind, portal.url())
    assert f"HTTP {status}" in error.cause
    assert getattr(error, "status", None) == (status if status in (404, 410) else None)
    assert portal.count("/") == 1


def test_final_address_is_named_where_it_differs(portal: Loopback) -> None:
    portal.redirect("/", "/het")
    assert failure(NotFound, portal.url()).cause == f"HTTP 404 Not Found at {portal.url('/het')}"


def test_soft_error(portal: Loopback) -> None:
    portal.on("/", Answer(body="<title>Lỗi</title>", headers={"sharepointerror": "2\x1b[31m", "SPRequestGuid": "x"}))
    assert "SharePointError: 2[31m" in failure(SoftError, portal.url()).cause
    portal.on("/", Answer(body="x", headers={"SPRequestGuid": "x"}))
    assert fetch(portal.url()).content == b"x"


# Redirects


def test_redirects_are_followed(portal: Loopback) -> None:
    hops = [("/1", "2?x=y"), ("/2", "/3#z"), ("/3", "?b"), ("/3?b", "//" + portal.url("/4").partition("//")[2])]
    for (source, location), status in zip(hops, (301, 302, 303, 307), strict=True):
        portal.redirect(source, location, status)
    portal.redirect("/4", portal.url("/bản tin"), 308)
    portal.on("/b%E1%BA%A3n%20tin", Answer(body="x"))
    info = fetch(portal.url("/1")).info
    assert info.final_url == portal.url("/b%E1%BA%A3n%20tin")
    assert info.requested_url == portal.url("/1")
    assert [request.target for request in portal.requests][:4] == ["/1", "/2?x=y", "/3", "/3?b"]


def test_redirects_are_bounded(portal: Loopback) -> None:
    portal.redirect("/", "/")
    assert "more than 3 redirects" in failure(NetworkError, portal.url(), max_redirects=3, retries=3).cause
    assert portal.count("/") == 4


def test_cookie_wall(portal: Loopback) -> None:
    def wall(request: Request) -> Answer:
        if "cookie" in request.headers:
            return Answer(body="x")
        return Answer(302, headers={"Location": "/", "Set-Cookie": "qua=1"})

    portal.on("/", wall)
    assert fetch(portal.url()).content == b"x"


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/hosts",
        "ftp://h.vn/",
        "javascript:alert(1)",
        "http://ten:mat-khau@h.vn/",
        "http://[",
        "http://:80\x1b[31m",
    ],
)
def test_redirects_that_are_refused(portal: Loopback, location: str) -> None:
    portal.redirect("/", location)
    error = failure(NetworkError, portal.url(), retries=3)
    assert "redirects to" in error.cause
    assert "mat-khau" not in str(error)
    assert portal.count("/") == 1


def test_body_of_a_redirect_is_not_read(portal: Loopback) -> None:
    portal.on("/", Answer(302, headers={"Location": "/tin", "Content-Encoding": "gzip"}, body=endless_gzip))
    portal.on("/tin", Answer(body="x"))
    assert fetch(portal.url()).content == b"x"


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("/tin/_layouts/15/Authenticate.aspx?Source=%2Fa", LoginPage),
        ("/_LAYOUTS/authenticate.aspx", LoginPage),
        ("/_login/default.aspx?ReturnUrl=/a", LoginPage),
        ("/_forms/default.aspx", LoginPage),
        ("/adfs/ls/?wa=wsignin1.0", LoginPage),
        ("/he-thong/dang-nhap.aspx", LoginPage),
        ("/Login?next=/tin", LoginPage),
        ("/_layouts/15/AccessDenied.aspx?Source=/a", AccessDenied),
        ("/_layouts/error.aspx?ErrorText=x", SoftError),
        ("/loi.aspx?aspxerrorpath=/tin", SoftError),
        ("/Pages/PageNotFoundError.aspx?requestUrl=/a", NotFound),
        ("/404.html", NotFound),
    ],
)
def test_redirects_that_mean_an_error(portal: Loopback, location: str, kind: type[FetchError]) -> None:
    portal.redirect("/tin", location)
    portal.fallback = Answer(body="<input type=password>")
    error = failure(kind, portal.url("/tin"), retries=3)
    assert location.partition("?")[0] in error.cause and getattr(error, "status", None) is None
    assert len(portal.requests) == 1


def test_pages_that_only_look_like_doors(portal: Loopback) -> None:
    portal.fallback = Answer(body="x")
    for target in ("/tin/login-page.aspx", "/tin/404", "/error.aspx", "/b?u=/login", "/_layouts/15/listform.aspx"):
        portal.redirect("/tin", target)
        assert fetch(portal.url("/tin")).content == b"x"
    portal.redirect("/404.html", "/404.html?again=1")
    portal.on("/404.html?again=1", Answer(body="x"))
    assert fetch(portal.url("/404.html")).content == b"x"


@pytest.fixture(name="inner")
def inner_fixture(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A server on 127.0.0.2, which passes for private while 127.0.0.1 passes for public."""
    monkeypatch.setattr(trip, "is_private", lambda host: host in ("127.0.0.2", "localhost"))
    try:
        server = Loopback("127.0.0.2")
    except OSError:
        pytest.skip("this system has only one loopback address")
    with server:
        server.fallback = Answer(body="inner")
        yield server


def test_no_way_from_a_public_site_into_a_private_network(portal: Loopback, inner: Loopback) -> None:
    portal.redirect("/", inner.url("/"))
    error = failure(FetchError, portal.url(), retries=3)
    assert "private network" in error.cause
    assert error.hint
    assert inner.requests == []
    assert fetch(portal.url(), allow_private=True).content == b"inner"


def test_private_addresses_are_open_to_who_asks(portal: Loopback, inner: Loopback) -> None:
    inner.redirect("/", "/trong")
    assert fetch(inner.url()).content == b"inner"
    with Fetcher(FetchOptions(retries=0)) as fetcher:
        fetcher.fetch(inner.url("/tin"))
        portal.redirect("/", inner.url("/ke-tiep"))
        with pytest.raises(FetchError, match="private network"):
            fetcher.fetch(portal.url())  # although a connection to it stands open
    assert inner.count("/ke-tiep") == 0


@pytest.mark.parametrize(
    ("host", "private"),
    [("127.0.0.1", True), ("10.1.2.3", True), ("169.254.169.254", True), ("100.64.0.1", True), ("::1", True),
     ("fe80::1%lo", True),
     ("fd00::1", True), ("::ffff:192.168.0.1", True), ("0.0.0.0", True), ("localhost", True), ("8.8.8.8", False),
     ("2606:4700::1111", False), ("::ffff:8.8.8.8", False), ("cong.example", False)],
)  # fmt: skip
def test_private(host: str, private: bool) -> None:
    assert trip.is_private(host) is private


# Retries


def test_passing_errors_are_retried(portal: Loopback) -> None:
    portal.on("/", Answer(503), Answer(502), Answer(reset=True, raw=b""), Answer(body="x"))
    pauses = Pauses()
    assert fetch(portal.url(), pauses, retries=3, backoff=0.5).content == b"x"
    assert pauses == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("status", "tries"),
    [(500, 2), (501, 1), (502, 4), (503, 4), (504, 4), (408, 4), (429, 4), (404, 1), (403, 1), (400, 1)],
)
def test_how_often(portal: Loopback, status: int, tries: int) -> None:
    portal.on("/", Answer(status))
    pauses = Pauses()
    with pytest.raises(FetchError):
        fetch(portal.url(), pauses, retries=3)
    assert portal.count("/") == tries
    assert len(pauses) == tries - 1


def test_jitter_lengthens_by_half_at_most() -> None:
    pauses = Pauses()
    options = FetchOptions(retries=2, backoff=2.0)
    with Fetcher(options, sleep=pauses, jitter=lambda: 1.0) as fetcher, pytest.raises(NetworkError, match="refused"):
        fetcher.fetch("http://127.0.0.1:9/")
    assert pauses == [3.0, 6.0]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "pause"),
    [("7", 7.0), (" 7 ", 7.0), (format_datetime(NOW + timedelta(seconds=20), usegmt=True), 20.0), ("0", 0.5),
     (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.5), ("soon", 0.5), ("-3", 0.5), ("٣", 0.5),
     ("9" * 400, 0.5)],
)  # fmt: skip
def test_retry_after_is_obeyed(portal: Loopback, status: int, asked: str, pause: float) -> None:
    portal.on("/", Answer(status, headers={"Retry-After": asked}), Answer(body="x"))
    pauses = Pauses()
    assert fetch(portal.url(), pauses, retries=1, backoff=0.5).content == b"x"
    assert pauses == [pause]


@pytest.mark.parametrize("status", [429, 503, 502])
def test_too_long_a_pause_is_left_to_the_user(portal: Loopback, status: int) -> None:
    portal.on("/", Answer(status, headers={"Retry-After": "3600"}))
    pauses = Pauses()
    error = failure(RateLimited, portal.url(), pauses=pauses, retries=3, max_pause=60.0)
    assert "3600 s" in error.cause
    assert error.hint
    assert pauses == []


def test_rate_limited_to_the_end(portal: Loopback) -> None:
    portal.on("/", Answer(503, headers={"Retry-After": "2"}))
    assert "2 s" in failure(RateLimited, portal.url(), retries=2).cause
    assert portal.count("/") == 3


# Manners of the module


def test_import_is_light() -> None:
    heavy = ("requests", "urllib3", "ssl", "email")
    code = f"import sys, scraper.fetch; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent).returncode == 0
