"""scraper.fetch within its limits: so long, so much, and whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import time
import tracemalloc

import pytest

from scraper.errors import NetworkError, TooLarge
from tests.fetching import PAGE, Pauses, failure, fetch
from tests.loopback import UNSAID, Answer, Loopback, compressed, endless_gzip

# Time


def test_slow_to_begin(portal: Loopback) -> None:
    portal.on("/", Answer(body="x", pause=5))
    assert failure(NetworkError, portal.url(), read_timeout=0.2).cause == "no answer in time"
    pauses = Pauses()
    failure(NetworkError, portal.url(), pauses=pauses, read_timeout=0.1, retries=1)
    assert len(pauses) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=PAGE, drip=(1, 0.02)),
        Answer(body=PAGE, drip=(1, 0.02), chunk=100),
        Answer(body=PAGE, drip=(1, 0.02), coding="gzip"),
        Answer(body=PAGE, drip=(1, 0.02), length=UNSAID),
        Answer(body=PAGE, drip=(1, 0.02), drip_head=True),
        Answer(raw=b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 90, drip=(8, 0.02)),
        Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"T: u\r\n" * 1000, drip=(8, 0.02)),
        Answer(302, headers={"Location": "/"}, pause=0.1),
    ],
    ids=["body", "chunks", "gzip", "endless", "head", "headers", "trailers", "redirects"],
)
def test_deadline_of_the_whole_transfer(portal: Loopback, answer: Answer) -> None:
    portal.on("/", answer)
    start = time.monotonic()
    error = failure(NetworkError, portal.url(), total_timeout=0.3, read_timeout=0.25, retries=3)
    assert error.cause == "not complete after 0.3 s"
    assert time.monotonic() - start < 1.5
    assert len({request.connection for request in portal.requests}) == len(portal.requests)


def test_slow_but_in_time(portal: Loopback) -> None:
    portal.on("/", Answer(body=b"x" * 10, drip=(1, 0.02), drip_head=False))
    assert fetch(portal.url(), read_timeout=0.5).content == b"x" * 10


# Size


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"x" * 1001),
        Answer(body=b"x" * 1001, chunk=7),
        Answer(body=b"x" * 1001, length=UNSAID),
        Answer(body=b"x" * 1001, coding="gzip"),
        Answer(body=b"x" * 1001, coding="deflate", chunk=3),
        Answer(body="short", length=10**30),
    ],
    ids=["plain", "chunks", "unsaid", "gzip", "deflate", "claim"],
)
def test_too_large(portal: Loopback, answer: Answer) -> None:
    portal.on("/", answer)
    assert "0.001 MB" in failure(TooLarge, portal.url(), max_bytes=1000, retries=3).cause
    assert portal.count("/") == 1


def test_just_large_enough(portal: Loopback) -> None:
    portal.on("/", Answer(body=b"x" * 1000, coding="gzip"))
    assert fetch(portal.url(), max_bytes=1000).info.bytes == 1000


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=endless_gzip, headers={"Content-Encoding": "gzip"}),
        Answer(body=endless_gzip, headers={"Content-Encoding": "gzip"}, chunk=50_000),
        Answer(body=compressed(bytes(100_000_000), "gzip"), headers={"Content-Encoding": "gzip"}),
        Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + bytes(12_000_000)),
    ],
    ids=["endless", "endless chunks", "one piece", "negative chunk"],
)
def test_bombs_end_early_in_little_memory(portal: Loopback, answer: Answer) -> None:
    portal.on("/", answer)
    fetch_once = lambda: failure(TooLarge, portal.url(), max_bytes=4_000_000)  # noqa: E731
    fetch_once()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        fetch_once()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - before < 24_000_000


# Whole or not at all


@pytest.mark.parametrize("coding", ["gzip", "deflate", "bare"])
@pytest.mark.parametrize("chunk", [None, 1, 1000])
def test_content_coding_is_undone(portal: Loopback, coding: str, chunk: int | None) -> None:
    portal.on("/", Answer(body=PAGE, coding=coding, chunk=chunk))
    assert fetch(portal.url()).content.decode() == PAGE


def test_gzip_in_several_members_with_padding(portal: Loopback) -> None:
    members = [gzip.compress(part) for part in (b"mot ", b"hai ", b"ba")]
    for chunk in (len(members[0]), 1, 10_000):
        body = b"".join(members) + bytes(30)
        portal.on("/", Answer(body=body, headers={"Content-Encoding": "x-gzip"}, chunk=chunk))
        assert fetch(portal.url()).content == b"mot hai ba"


def test_large_pages_arrive_whole(portal: Loopback) -> None:
    body = hashlib.shake_128(b"hat giong").digest(700_000) + bytes(2_000_000)
    for coding in (None, "gzip", "deflate"):
        portal.on("/", Answer(body=body, coding=coding))
        assert fetch(portal.url()).content == body


PACKED = gzip.compress(PAGE.encode())


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=PAGE, cut=500),
        Answer(body=PAGE, cut=500, reset=True),
        Answer(body=PAGE, length=len(PAGE.encode()) + 1),
        Answer(body=PAGE, length=UNSAID, cut=5000, reset=True),
        Answer(body=PAGE, chunk=100, cut=505),
        Answer(body=PAGE, chunk=100, cut=50),
        Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
        Answer(body=PACKED[:-9], headers={"Content-Encoding": "gzip"}),
        Answer(body=PACKED[:5], headers={"Content-Encoding": "gzip"}),
        Answer(body=PAGE, coding="bare", cut=50, chunk=10_000),
        Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Le"),
        Answer(raw=b""),
    ],
    ids=[
        "cut",
        "reset",
        "lie",
        "rude",
        "chunk edge",
        "in chunk",
        "no last chunk",
        "gzip",
        "gzip head",
        "bare",
        "head",
        "nothing",
    ],
)
def test_broken_transfers(portal: Loopback, answer: Answer) -> None:
    portal.on("/", answer)
    cause = failure(NetworkError, portal.url()).cause
    assert cause in ("the answer broke off before its end", "the server closed the connection")
    portal.on("/", answer, Answer(body="whole"))
    assert fetch(portal.url(), retries=1).content == b"whole"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=PAGE, headers={"Content-Encoding": "gzip"}),
        Answer(body=PACKED[:40] + b"\xff" * 40 + PACKED[80:], headers={"Content-Encoding": "gzip"}),
        Answer(body=b"\x78\xff\xff\xff", headers={"Content-Encoding": "deflate"}),
        Answer(body=PACKED, headers={"Content-Encoding": "br\x1b[31m"}),
        Answer(body=PACKED, headers={"Content-Encoding": "gzip, gzip"}),
        Answer(raw=b"SSH-2.0-OpenSSH_9.6\r\n"),
        Answer(raw=b"HTTP/1.1 abc\r\n\r\n"),
        Answer(raw=b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 200 + b"\r\n"),
        Answer(raw=b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 70_000 + b"\r\n\r\n"),
        Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 5, 7\r\n\r\nxxxxx"),
        Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n"),
        Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n0\r\n\r\n"),
        Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 70_000 + b"\r\nabc\r\n0\r\n\r\n"),
    ],
)  # fmt: skip
def test_nonsense_is_a_network_error(portal: Loopback, answer: Answer) -> None:
    portal.on("/", answer)
    failure(NetworkError, portal.url())


def test_a_length_that_is_no_number_is_ignored(portal: Loopback) -> None:
    portal.on("/", Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nwhole"))
    assert fetch(portal.url()).content == b"whole"
