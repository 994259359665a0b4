"""scraper.fetch: forms, conditional requests, response headers, and SharePoint's errors in the body of a 500."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.errors import AccessDenied, FetchError, NetworkError, RateLimited, Threshold
from scraper.fetch import Fetcher, FetchOptions, Validators
from scraper.models import Capture, CaptureInfo, to_dict
from tests.fetching import STEADY, Pauses, failure, fetch
from tests.loopback import Answer, Loopback, Request, endless_gzip

# Forms

FORM = (
    ("__VIEWSTATE", "/wEP+dDwx=="),
    ("__EVENTTARGET", "ctl00$lưới"),
    ("__ARGUMENT", "Page$2"),
    ("a", ""),
    ("a", " "),
)


def test_a_form_is_posted_in_order(portal: Loopback) -> None:
    portal.on("/tin.aspx", Answer(body="trang 2"))
    capture = fetch_form(portal.url("/tin.aspx?x=1"))
    assert capture.content == b"trang 2"
    (request,) = portal.requests
    assert (request.method, request.target) == ("POST", "/tin.aspx?x=1")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body == (
        b"__VIEWSTATE=%2FwEP%2BdDwx%3D%3D&__EVENTTARGET=ctl00%24l%C6%B0%E1%BB%9Bi&__ARGUMENT=Page%242&a=&a=+"
    )


def fetch_form(url: str, pauses: Pauses | None = None, **options: object) -> Capture:
    settings: dict[str, object] = {"retries": 3, "read_timeout": 2.0, "total_timeout": 5.0, **options}
    with Fetcher(FetchOptions(**settings), sleep=Pauses() if pauses is None else pauses, jitter=lambda: 0.0) as fetcher:  # type: ignore[arg-type]
        return fetcher.fetch(url, form=FORM)


def test_an_empty_form_is_a_form(portal: Loopback) -> None:
    portal.on("/", Answer(body="x"))
    with Fetcher() as fetcher:
        fetcher.fetch(portal.url(), form=[], accept="application/json")
        fetcher.fetch(portal.url(), form=[("a", "\ud800")])
        fetcher.fetch(portal.url())
    assert [request.method for request in portal.requests] == ["POST", "POST", "GET"]
    assert [request.headers["accept"].split(",")[0] for request in portal.requests] == [
        "application/json", "text/html", "text/html"
    ]  # fmt: skip
    assert [request.body for request in portal.requests] == [b"", b"a=%3F", b""]
    assert "content-type" not in portal.requests[2].headers


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_of_a_form_is_got(portal: Loopback, status: int) -> None:
    portal.redirect("/tin", "/xong", status)
    portal.on("/xong", Answer(body="xong"))
    assert fetch_form(portal.url("/tin")).content == b"xong"
    assert [(request.method, request.body != b"") for request in portal.requests] == [("POST", True), ("GET", False)]


@pytest.mark.parametrize("status", [307, 308])
def test_a_form_is_not_posted_on(portal: Loopback, status: int) -> None:
    portal.redirect("/tin", "/khac", status)
    with pytest.raises(NetworkError, match="posted again"):
        fetch_form(portal.url("/tin"))
    assert len(portal.requests) == 1


@pytest.mark.parametrize(
    ("answer", "tries"),
    [(Answer(429), 4), (Answer(503), 4), (Answer(500), 1), (Answer(502), 1), (Answer(504), 1), (Answer(408), 1),
     (Answer(raw=b""), 1), (Answer(body="x", cut=0, length=9), 1), (Answer(body="x", pause=1), 1)],
)  # fmt: skip
def test_a_form_is_not_posted_twice(portal: Loopback, answer: Answer, tries: int) -> None:
    portal.on("/", answer)
    with pytest.raises(FetchError):
        fetch_form(portal.url(), read_timeout=0.3)
    assert portal.count("/") == tries


def test_a_form_that_nobody_received_is_posted_again() -> None:
    pauses = Pauses()
    with pytest.raises(NetworkError, match="refused"):
        fetch_form("http://127.0.0.1:9/", pauses)
    assert len(pauses) == 3


def test_a_form_that_was_taken_is_not_posted_again_when_the_page_after_it_fails(portal: Loopback) -> None:
    portal.redirect("/", "/xong", 303)
    portal.on("/xong", Answer(503))
    with pytest.raises(NetworkError):
        fetch_form(portal.url())
    assert [request.method for request in portal.requests] == ["POST", "GET"]


# Conditional requests


def conditional(request: Request) -> Answer:
    headers = {"ETag": '"{4F-9},7"', "Last-Modified": "Mon, 06 May 2024 07:00:00 GMT"}
    if request.headers.get("if-none-match") == '"{4F-9},7"':
        return Answer(304, headers=headers, content_type=None)
    return Answer(body="tin", headers=headers)


def test_what_has_not_changed_is_none(portal: Loopback) -> None:
    portal.on("/tin", conditional)
    with Fetcher() as fetcher:
        capture = fetcher.fetch(portal.url("/tin"))
        validators = Validators.of(capture)
        assert validators == Validators('"{4F-9},7"', "Mon, 06 May 2024 07:00:00 GMT")
        for _ in range(3):
            assert fetcher.fetch_changed(portal.url("/tin"), validators) is None
        changed = fetcher.fetch_changed(portal.url("/tin"), Validators('"6"'), accept="text/plain")
        assert changed is not None and changed.content == b"tin"
        assert fetcher.fetch_changed(portal.url("/tin"), Validators()) is not None
    first, *again, other, plain = portal.requests
    assert "if-none-match" not in first.headers
    assert {request.headers["if-modified-since"] for request in again} == {"Mon, 06 May 2024 07:00:00 GMT"}
    assert other.headers["if-none-match"] == '"6"' and "if-modified-since" not in other.headers
    assert other.headers["accept"] == "text/plain"
    assert "if-none-match" not in plain.headers
    assert {request.connection for request in portal.requests} == {0}


def test_304_to_an_unconditional_request_is_an_error(portal: Loopback) -> None:
    portal.on("/", Answer(304, content_type=None))
    assert "304" in failure(NetworkError, portal.url()).cause


def test_no_validators_is_false() -> None:
    assert not Validators() and not Validators("", "") and Validators("x")
    assert Validators.of(Capture(b"", CaptureInfo())) == Validators()


@STEADY
@given(st.text(max_size=50) | st.text('"W/x \r\n\x00\x7fđ', max_size=20) | st.just("x" * 513), st.text(max_size=20))
def test_validators_are_fit_for_headers(etag: str, last_modified: str) -> None:
    validators = Validators(etag, last_modified)
    for value in validators.headers().values():
        assert value.isascii() and value.isprintable() and value == value.strip() and len(value) <= 512
    assert bool(validators) == bool(validators.headers())


# Headers


def test_headers_as_received(portal: Loopback) -> None:
    portal.on("/", Answer(raw=b"HTTP/1.1 200 OK\r\nX-b: 1\r\nContent-Length: 1\r\nX-B: 2\r\nX-C: \xc4\x91\r\n\r\nx"))
    capture = fetch(portal.url())
    assert capture.headers == (("X-b", "1"), ("X-b", "2"), ("Content-Length", "1"), ("X-C", "Ä\x91"))
    assert "headers" not in to_dict(capture.info)


def test_headers_are_bounded(portal: Loopback) -> None:
    lines = b"".join(b"X-%d: %b\r\n" % (number, b"y" * 9_000) for number in range(90))
    portal.on("/", Answer(raw=b"HTTP/1.1 200 OK\r\n" + lines + b"\r\nx"))
    headers = fetch(portal.url()).headers
    assert 0 < len(headers) <= 100
    assert sum(len(name) + len(value) for name, value in headers) <= 65_536


def test_cookies_are_bounded(portal: Loopback) -> None:
    def baker(request: Request) -> Answer:
        return Answer(body="x", headers={"Set-Cookie": f"c{len(portal.requests)}=1"})

    portal.fallback = baker
    with Fetcher() as fetcher:
        for _ in range(250):
            fetcher.fetch(portal.url())
    counts = [request.headers.get("cookie", "").count("=") for request in portal.requests]
    assert counts[99] == 99 and max(counts) == 100 and counts[-1] < 100


# SharePoint's errors

ODATA = {"odata.error": {"code": "-2147024860, Microsoft.SharePoint.SPQueryThrottledException", "message": "Cấm"}}


@pytest.mark.parametrize(
    ("answer", "kind", "tries"),
    [
        (Answer(500, body=json.dumps(ODATA)), Threshold, 1),
        (Answer(500, body=json.dumps(ODATA), coding="gzip", chunk=9), Threshold, 1),
        (Answer(500, body="<m:code>-2147024891, System.UnauthorizedAccessException</m:code>"), AccessDenied, 1),
        (Answer(500, body="x" * 65_000 + "-2147024860" + "x" * 10**6), Threshold, 1),
        (Answer(500, body="x" * 70_000 + "-2147024860"), NetworkError, 2),
        (Answer(500, body="-21470248601"), NetworkError, 2),
        (Answer(500, body=b"x", headers={"Content-Encoding": "br"}), NetworkError, 2),
        (Answer(500, body="x", cut=0, length=99), NetworkError, 2),
        (Answer(500, body=endless_gzip, headers={"Content-Encoding": "gzip"}), NetworkError, 2),
        (Answer(503, body="-2147024860"), NetworkError, 4),
        (Answer(404, body="-2147024860"), FetchError, 1),
    ],
)  # fmt: skip
def test_sharepoint_errors(portal: Loopback, answer: Answer, kind: type[FetchError], tries: int) -> None:
    portal.on("/_api/web/lists", answer)
    with pytest.raises(kind) as caught:
        fetch(portal.url("/_api/web/lists"), retries=3)
    assert kind is FetchError or type(caught.value) is kind
    assert f"HTTP {answer.status}" in caught.value.cause and caught.value.hint
    assert portal.count("/_api/web/lists") == tries


def test_an_error_page_that_does_not_end_is_left(portal: Loopback) -> None:
    portal.on("/", Answer(500, body="x" * 1000, drip=(1, 0.02)))
    start = time.monotonic()
    failure(NetworkError, portal.url(), total_timeout=0.3)
    assert time.monotonic() - start < 1.5


def test_retry_after_of_a_form(portal: Loopback) -> None:
    portal.on("/", Answer(429, headers={"Retry-After": "7"}), Answer(body="x"))
    pauses = Pauses()
    assert fetch_form(portal.url(), pauses).content == b"x"
    assert pauses == [7.0]
    portal.on("/", Answer(429, headers={"Retry-After": "700"}))
    with pytest.raises(RateLimited, match="700 s"):
        fetch_form(portal.url())
