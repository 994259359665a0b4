"""Reading WARC files: whole, in every shape, and damaged in every way."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scraper.containers import DamagedMember, Mark, Member, http_block, members
from scraper.containers.choice import host_filter, is_sharepoint
from scraper.models import Capture, CaptureInfo
from tests.containers import bodies, digest, http, packed, page, read, record, written

SHAPES = ("gz", "plain", "one")
PAGE = b"<html><p>cho noi</p></html>"


@pytest.mark.parametrize("shape", SHAPES)
def test_all_that_is_kept_comes_out(tmp_path: Path, shape: str) -> None:
    path = written(tmp_path / "a.warc", map(page, range(20)), shape)
    whole, damaged = read(path)
    assert damaged == []
    assert bodies(whole) == [b"<html><p>trang %d</p></html>" % number for number in range(20)]
    first = whole[1].capture
    assert first is not None and first.info.final_url == "http://xa.example/tin?ItemID=1"
    assert (first.info.fetched_at, first.info.status, first.info.source) == ("2019-03-01T02:03:04+00:00", 200, "warc")
    if shape != "one":
        assert [one.offset + one.length for one in whole] == [one.after.offset for one in whole]
        assert whole[-1].after == Mark(path.stat().st_size)


@pytest.mark.parametrize("shape", SHAPES)
def test_reading_goes_on_behind_any_member(tmp_path: Path, shape: str) -> None:
    path = written(tmp_path / "a.warc", map(page, range(6)), shape)
    whole, _ = read(path)
    for number, one in enumerate(whole):
        rest = [other for other in members(path, start=one.after) if isinstance(other, Member)]
        assert bodies(rest) == bodies(whole[number + 1 :])


def test_files_that_warcio_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warcio = pytest.importorskip("warcio.warcwriter")
    monkeypatch.setattr(warcio.BaseWARCWriter, "_create_temp_file", lambda self: io.BytesIO())  # it leaves them open
    from warcio.statusandheaders import StatusAndHeaders

    for is_gzip in (True, False):
        file = io.BytesIO()
        writer = warcio.WARCWriter(file, gzip=is_gzip)
        writer.write_record(writer.create_warcinfo_record("a.warc.gz", {"software": "x"}))
        for number in range(5):
            head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
            one = writer.create_warc_record(
                f"http://xa.example/{number}", "response", io.BytesIO(PAGE), http_headers=head
            )
            writer.write_record(one)
        path = tmp_path / "a.warc.gz"
        path.write_bytes(file.getvalue())
        whole, damaged = read(path)
        assert (bodies(whole), damaged, whole[0].kind) == ([PAGE] * 5, [], "warcinfo")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["gz", "plain"]), st.integers(0, 5_000))
def test_a_file_cut_off_anywhere(shape: str, cut: int) -> None:
    pieces = packed(map(page, range(8)), shape)
    whole = b"".join(pieces)
    cut = min(cut, len(whole))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.warc.gz"
        path.write_bytes(whole[:cut])
        found, damaged = read(path)
    ends = [sum(map(len, pieces[: number + 1])) for number in range(8)]
    complete = sum(1 for end in ends if end <= cut)
    # The line breaks that end a plain record are no loss.
    assert complete <= len(bodies(found)) <= complete + (shape == "plain")
    assert bool(damaged) == (cut not in (0, *ends) and len(bodies(found)) == complete)
    assert all(one.after.offset == cut for one in damaged)


@settings(max_examples=300, deadline=None)
@example("gz", 786, b"W", False)  # 786: where a member begins
@example("gz", 786, b"\n", False)
@example("plain", 1992, b"\0", False)
@given(st.sampled_from(["gz", "plain"]), st.integers(0, 3_000), st.binary(min_size=1, max_size=400), st.booleans())
def test_a_hole_loses_only_what_it_touches(shape: str, at: int, hole: bytes, cut_out: bool) -> None:
    """Overwritten or cut out: every member beside it is there, and nothing comes out that was not put in."""
    pieces = packed(map(page, range(8)), shape)
    whole = b"".join(pieces)
    at = min(at, len(whole) - 1)
    end = min(at + len(hole), len(whole))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.warc.gz"
        path.write_bytes(whole[:at] + (b"" if cut_out else hole[: end - at]) + whole[end:])
        if path.read_bytes()[:3] != whole[:3]:
            return  # what it is cannot be seen
        found, _ = read(path)
    starts = [sum(map(len, pieces[:number])) for number in range(8)]
    untouched = [
        b"<html><p>trang %d</p></html>" % number
        for number, start in enumerate(starts)
        if start + len(pieces[number]) <= at or start >= end
    ]
    given_out = bodies(found)
    assert set(untouched) <= set(given_out)
    assert set(given_out) <= {b"<html><p>trang %d</p></html>" % number for number in range(8)}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("length", [0, 10, 200, 300, 5_000, 70_000, 10**14])
def test_a_wrong_length(tmp_path: Path, shape: str, length: int) -> None:
    wrong = record(http(PAGE), "http://xa.example/wrong", length=length)
    path = written(tmp_path / "a.warc", [page(1), wrong, *map(page, range(2, 5))], shape)
    whole, damaged = read(path)
    assert "length" in damaged[0].cause or "only" in damaged[0].cause
    assert damaged[0].url == "http://xa.example/wrong"
    found = bodies(whole)
    assert b"<html><p>trang 1</p></html>" in found and PAGE not in found
    if shape != "one" or length < 200:  # what a false length swallows within one gzip member is told as lost
        assert len(found) == 4


def test_a_wrong_length_costs_one_look(tmp_path: Path) -> None:
    """Records that claim the rest of the file: each is passed over without reading it."""
    import time

    wrong = [record(http(PAGE), f"http://xa.example/{number}", length=40_000_000) for number in range(2_000)]
    path = written(tmp_path / "a.warc", [*wrong, record(b"\0" * 45_000_000, None, kind="metadata")], "plain")
    began = time.process_time()
    whole, damaged = read(path)
    assert len(damaged) == 2_000 and len(whole) == 1
    assert time.process_time() - began < 20


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("field", ["WARC-Block-Digest", "WARC-Payload-Digest"])
def test_a_wrong_digest(tmp_path: Path, shape: str, field: str) -> None:
    wrong = record(http(PAGE), "http://xa.example/wrong", f"{field}: {digest(b'other')}")
    if field == "WARC-Block-Digest":
        wrong = wrong.replace(f"WARC-Block-Digest: {digest(http(PAGE))}\r\n".encode(), b"", 1)
    path = written(tmp_path / "a.warc", [page(1), wrong, page(2)], shape)
    whole, damaged = read(path)
    assert [(one.url, "digest is wrong" in one.cause) for one in damaged] == [("http://xa.example/wrong", True)]
    assert len(bodies(whole)) == 2


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_digests_in_every_spelling_hold(tmp_path: Path, algorithm: str) -> None:
    import hashlib

    value = hashlib.new(algorithm, PAGE).hexdigest()
    path = written(
        tmp_path / "a.warc", [record(http(PAGE), "http://xa.example/", f"WARC-Payload-Digest: {algorithm}:{value}")]
    )
    assert bodies(read(path)[0]) == [PAGE]


def test_a_gzip_bomb_is_bounded(tmp_path: Path) -> None:
    import resource

    deflater = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = record(b"", "http://xa.example/bomb", length=2_000_000_000)[:-4]
    pieces = [deflater.compress(head), *(deflater.compress(b"\0" * 10_000_000) for _ in range(200)), deflater.flush()]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzip.compress(page(1)) + b"".join(pieces) + gzip.compress(page(2)))
    before = resource.getrusage(resource.RUSAGE_SELF)
    whole, damaged = read(path)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert len(bodies(whole)) == 2
    assert [one.offset for one in damaged] == [whole[0].length] and "bomb" in damaged[0].cause
    assert after.ru_maxrss - before.ru_maxrss < 100_000 and after.ru_utime - before.ru_utime < 10


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_of_a_content_coding_is_bounded(tmp_path: Path, coding: str) -> None:
    pack = gzip.compress if coding == "gzip" else zlib.compress
    bomb = record(http(pack(b"\0" * 60_000_000), f"Content-Encoding: {coding}"), "http://xa.example/bomb")
    whole, damaged = read(written(tmp_path / "a.warc.gz", [bomb, page(1)]))
    assert len(bodies(whole)) == 1
    assert "once decoded" in damaged[0].cause


CHUNKED = b"10\r\n<html><p>cho noi\r\nb;x=y\r\n</p></html>\r\n"


@pytest.mark.parametrize(
    ("headers", "body", "content", "cut"),
    [
        (["Transfer-Encoding: chunked"], CHUNKED + b"0\r\n\r\n", PAGE, False),
        (["Transfer-Encoding: chunked"], CHUNKED, PAGE, True),
        (["Transfer-Encoding: chunked"], CHUNKED[:30], PAGE[:17], True),
        (["Transfer-Encoding: chunked"], PAGE, PAGE, False),
        (["Content-Encoding: gzip"], gzip.compress(PAGE, mtime=0), PAGE, False),
        (["Content-Encoding: gzip"], gzip.compress(PAGE, mtime=0)[:-9], PAGE, True),
        (["Content-Encoding: gzip"], PAGE, PAGE, False),
        (["Content-Encoding: deflate"], zlib.compress(PAGE), PAGE, False),
        (["Content-Encoding: deflate"], zlib.compress(PAGE)[2:-4], PAGE, False),
        (["Content-Encoding: deflate"], PAGE, PAGE, False),
        (["Content-Encoding: br"], PAGE, PAGE, False),
        (["Content-Encoding: zstd"], PAGE, PAGE, False),
        (["Content-Length: 27"], PAGE, PAGE, False),
        (["Content-Length: 5000"], PAGE, PAGE, True),
        (["X-Folded: a", " b", "Bad\0name: x", "no colon"], PAGE, PAGE, False),
    ],
)
def test_bodies_as_writers_leave_them(
    tmp_path: Path, headers: list[str], body: bytes, content: bytes, cut: bool
) -> None:
    path = written(tmp_path / "a.warc.gz", [record(http(body, *headers))])
    whole, damaged = read(path)
    assert (damaged, bodies(whole)) == ([], [content])
    assert (whole[0].cut is not None) == cut


def test_header_names_with_control_characters_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc.gz", [record(http(PAGE, "Bad\0name: x", "X-Folded: a", " b"))])
    capture = read(path)[0][0].capture
    assert capture is not None and capture.headers[1:] == (("X-Folded", "a b"),)


def test_broken_chunks_and_unknown_codings_are_named(tmp_path: Path) -> None:
    broken = record(http(CHUNKED + b"zz\r\n" + b"x" * 50, "Transfer-Encoding: chunked"))
    unknown = record(http(b"\x28\xb5\x2f\xfd" * 9, "Content-Encoding: zstd"))
    no_http = record(b"junk")
    whole, damaged = read(written(tmp_path / "a.warc.gz", [broken, unknown, no_http, page(1)]))
    assert [one.cause for one in damaged] == [
        "its chunks are broken",
        "its content coding 'zstd' is unknown",
        "it holds no HTTP answer",
    ]
    assert len(bodies(whole)) == 1


def test_brotli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # "<html><p>cho noi</p></html>" by the reference encoder, and 60 MB of NULs.
    brotli = pytest.importorskip("brotli")
    if not hasattr(brotli.Decompressor, "is_finished"):
        pytest.skip("brotlipy stands in brotli's place")
    path = written(
        tmp_path / "a.warc.gz",
        [
            record(http(brotli.compress(PAGE), "Content-Encoding: br")),
            record(http(brotli.compress(b"\0" * 60_000_000, quality=5), "Content-Encoding: br")),
        ],
    )
    whole, damaged = read(path)
    assert bodies(whole) == [PAGE]
    assert ["once decoded" in one.cause for one in damaged] == [True]
    monkeypatch.setattr(http_block, "_brotli_module", lambda: None)
    whole, damaged = read(path)
    assert bodies(whole) == [] and len(damaged) == 2
    assert "install the Python package brotli" in damaged[0].cause


@pytest.mark.parametrize("shape", SHAPES)
def test_control_characters_in_an_address(tmp_path: Path, shape: str) -> None:
    bad = [record(http(PAGE), "http://xa.example/a\0b"), record(http(PAGE), "http://xa.example/\x1b[2J")]
    whole, damaged = read(written(tmp_path / "a.warc", [*bad, page(1)], shape))
    assert len(bodies(whole)) == 1
    assert [one.cause for one in damaged] == ["its address holds control characters"] * 2
    assert all(one.url is None or one.url.isprintable() for one in damaged)


def test_what_gives_no_capture(tmp_path: Path) -> None:
    records = [
        record(b"software: x\r\n", None, kind="warcinfo", content_type="application/warc-fields"),
        record(b"GET / HTTP/1.1\r\n\r\n", kind="request", content_type="application/http;msgtype=request"),
        record(http(b""), kind="revisit"),
        record(http(b"", "Location: /b", status="302 Found")),
        record(http(b"", status="404 Not Found")),
        record(http(b"\x89PNG", kind="image/png")),
        record(b"xa.example. 1 IN A 127.0.0.1", "dns:xa.example", content_type="text/dns"),
        record(b"a", kind="unheard-of"),
    ]
    whole, damaged = read(written(tmp_path / "a.warc.gz", records))
    assert damaged == [] and bodies(whole) == []
    assert [one.kind for one in whole] == ["warcinfo", "request", "revisit", *["response"] * 4, "other"]
    assert [one.status for one in whole] == [None] * 3 + [302, 404, 200] + [None] * 2


def test_resources_and_texts(tmp_path: Path) -> None:
    records = [
        record(PAGE, kind="resource", content_type="text/html"),
        record("chợ nổi".encode(), kind="conversion", content_type="text/plain"),
        record(http(PAGE), "http://xa.example/", "WARC-Truncated: length"),
    ]
    whole, _ = read(written(tmp_path / "a.warc.wet.gz", records))
    assert [one.capture.info.source for one in whole if one.capture] == ["warc", "wet", "warc"]
    assert [one.cut for one in whole] == [None, None, "length"]


def test_a_member_within_a_page_is_no_member(tmp_path: Path) -> None:
    """A page that holds a WARC record, gzipped or not, stored without compression, is a page."""
    inner = gzip.compress(page(99)) + page(98)
    for level in (0, 9):
        outer = [page(1), page(2, inner), page(3)]
        path = tmp_path / "a.warc.gz"
        path.write_bytes(b"".join(gzip.compress(one, level) for one in outer))
        assert len(read(path)[0]) == 3
    assert len(read(written(path, outer, "plain"))[0]) == 3


def test_only_wanted_addresses_are_looked_into(tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc.gz", [page(1), record(b"junk", "http://other.example/"), page(2)])
    asked: list[bytes] = []

    def wanted(url: bytes) -> bool:
        asked.append(url)
        return b"xa.example" in url

    found = list(members(path, wanted=wanted))
    assert len(asked) == 3 and not any(isinstance(one, DamagedMember) for one in found)
    assert len([one for one in found if isinstance(one, Member) and one.capture]) == 2


@pytest.mark.parametrize(
    ("url", "is_wanted"),
    [
        ("http://xa.example/a", True),
        ("https://www.xa.example", True),
        ("HTTPS://XA.EXAMPLE:8080/?x", True),
        ("http://deep.down.xa.example/", True),
        ("http://xa.example./", True),
        ("http://notxa.example/", False),
        ("http://xa.example.evil.example/", False),
        ("http://evil.example/xa.example/", False),
        ("http://evil.example/?http://xa.example/", False),
        ("http://evil.example#xa.example/", False),
        ("http://evil.example\\xa.example/", False),
        ("ftp://xa.example/", False),
        ("", False),
    ],
)
def test_hosts(url: str, is_wanted: bool) -> None:
    wanted = host_filter(["xa.example"])
    assert wanted is not None and wanted(url.encode()) == is_wanted


def test_sharepoint_is_known_by_address_header_or_markup() -> None:
    def shown(url: str, content: bytes = b"", header: str = "X-A") -> bool:
        return is_sharepoint(Capture(content, CaptureInfo(final_url=url, source="warc"), headers=((header, "1"),)))

    assert shown("http://xa.example/Lists/Tin/DispForm.aspx?ID=7")
    assert shown("http://xa.example/tin.aspx?CateID=1&ItemID=7")
    assert shown("http://xa.example/", b'<meta name="GENERATOR" content="Microsoft SharePoint">')
    assert shown("http://xa.example/", header="MicrosoftSharePointTeamServices")
    assert not shown("http://xa.example/tin/7.html", b"<html><p>SharePoint la gi</p>")
