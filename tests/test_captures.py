"""Captures kept: what is put comes back, others read it too, nothing half written is ever trusted."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from scraper.errors import ArchiveError, Corrupt, NoSpace
from scraper.models import Capture, CaptureInfo, Hop, Sent, WarcPlace
from storage import cdxj, noise
from storage.archive import Archive
from storage.captures import CaptureStore
from storage.integrity import Tally, repair, verify
from tests.conftest import ROOT, Run
from tests.fetching import STEADY
from tests.loopback import Answer, Loopback
from tests.running import article, keep

ADDRESS = "https://www.xa.example/Lists/Tin/DispForm.aspx?ID=7"
HTML = "text/html; charset=utf-8"


def page(
    content: bytes = b"<html>Ba con</html>",
    *,
    url: str = ADDRESS,
    at: str = "2024-05-06T07:08:09+07:00",
    headers: tuple[tuple[str, str], ...] = (("Content-Type", HTML),),
    **more: Any,
) -> Capture:
    info = CaptureInfo(
        requested_url=url,
        final_url=url,
        fetched_at=at,
        status=200,
        content_type=HTML,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        source="http",
        tls="TLSv1.3, verified",
    )
    return Capture(content, info, url, headers, sent=Sent("GET", (("User-Agent", "luutru"),)), **more)


def bare(capture: Capture) -> Capture:
    """A capture without its place."""
    return replace(capture, info=replace(capture.info, warc=None))


def put(folder: Path, *captures: Capture) -> list[WarcPlace]:
    """What a run of its own does."""
    store = CaptureStore(folder)
    try:
        return store.put(captures)
    finally:
        store.close()


def warcs(folder: Path) -> list[Path]:
    return sorted((folder / "captures").glob("*.warc.gz"))


def check(folder: Path) -> list[str]:
    """What `warcio check` finds, and the types of all records that it reads."""
    for path in warcs(folder):
        command = type("Command", (), {"inputs": [str(path)], "verbose": False})
        assert Checker(command).process_all() == 0
    kinds = []
    for path in warcs(folder):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream):
                kinds.append(record.rec_type)
                record.content_stream().read()
    return kinds


def codes(folder: Path) -> list[tuple[str, bool]]:
    return [(fault.code, fault.harmless) for fault in verify(folder, Tally())]


TEXT = st.text(max_size=30)
LATIN = st.text(st.characters(max_codepoint=255), max_size=20)
HEADERS = st.lists(st.tuples(LATIN | st.just("Content-Encoding"), LATIN), max_size=5).map(tuple)
TOKEN = st.text("abcXYZ-09", min_size=1, max_size=8)
VALUE = st.text("abc /;=é", max_size=9).map(str.strip)
SENT = st.builds(
    Sent, st.sampled_from(["GET", "POST"]), st.lists(st.tuples(TOKEN, VALUE), max_size=3).map(tuple), st.binary()
)
INFOS = st.builds(
    CaptureInfo,
    requested_url=st.none() | TEXT,
    final_url=st.sampled_from([None, ADDRESS, "http://xa.example/a b<c>", "http://xa.example/á"]) | TEXT,
    fetched_at=st.sampled_from([None, "", "never", "0001-01-01T00:00:00+14:00"]) | st.datetimes().map(str),
    status=st.none() | st.integers(-5, 1200),
    content_type=st.none() | st.just(HTML) | TEXT,
    charset=st.none() | TEXT,
    sha256=st.none() | TEXT,
    bytes=st.none() | st.integers(0),
    source=st.sampled_from(["http", "file", "text", "warc", "wet", "mhtml"]),
    robots=st.none() | TEXT,
    tls=st.none() | TEXT,
)
HOPS = st.lists(st.builds(Hop, TEXT, st.integers(300, 399), HEADERS), max_size=2).map(tuple)


@given(
    captures=st.lists(
        st.builds(Capture, st.binary(max_size=200), INFOS, TEXT, HEADERS, HOPS, SENT | st.none()), max_size=4
    )
)
@STEADY
def test_what_is_put_is_read_whole_and_others_agree(captures: list[Capture]) -> None:
    captures = [one if one.info.status is not None else replace(one, sent=None) for one in captures]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = put(folder, *captures)
        store = CaptureStore(folder, writable=False)
        for capture, place in zip(captures, places, strict=True):
            kept = store.read(place)
            assert kept.info.warc == place
            if kept.content == capture.content:  # else it differs in noise alone from another
                assert bare(kept) == capture
            else:
                assert noise.same_content(kept.content, capture.content)
        assert {place for place, _ in store.walk()} == set(places)
        assert b"".join(store.index()) == b"".join(sorted(set(store.index())))
        check(folder)
        store.close()


def test_one_record_a_member_without_codings_and_a_warcinfo_first(tmp_path: Path) -> None:
    coded = (("Content-Type", HTML), ("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip"), ("X-Gió", "b"))
    capture = page(headers=coded, hops=(Hop("http://xa.example/cu", 301, (("Location", ADDRESS),)),))
    (place,) = put(tmp_path, capture)
    assert check(tmp_path) == ["warcinfo", "response", "response", "request", "metadata"]
    (path,) = warcs(tmp_path)
    member = path.read_bytes()[place.offset :]
    with gzip.open(io.BytesIO(member)) as stream:
        text = stream.read().decode()
    head = text.split("\r\n\r\n")[1]
    assert head == f"HTTP/1.1 200 OK\r\nContent-Type: {HTML}\r\nContent-Length: {len(capture.content)}"
    assert "WARC-Date: 2024-05-06T00:08:09Z\r\n" in text and f"WARC-Target-URI: {ADDRESS}\r\n" in text
    (hop, line) = CaptureStore(tmp_path).index()
    assert b'"status": "301"' in hop and line.startswith(b"example,xa)/lists/tin/dispform.aspx?id=7 20240506000809 ")
    assert cdxj.facts_of(line)["filename"] == path.name and int(cdxj.facts_of(line)["offset"]) == place.offset
    assert bare(CaptureStore(tmp_path).read(place)) == capture


def test_the_same_payload_is_kept_once(tmp_path: Path) -> None:
    first, second = page(), page(at="2024-05-07T07:08:09+07:00")
    elsewhere = page(url="https://xa.example/khac")
    places = [*put(tmp_path, first), *put(tmp_path, second, elsewhere)]
    assert check(tmp_path).count("revisit") == 1 and check(tmp_path).count("response") == 2
    store = CaptureStore(tmp_path)
    assert [bare(store.read(place)) for place in places] == [first, second, elsewhere]
    assert len(warcs(tmp_path)) == 1, "a file that is not full is gone on with"


NOISY = (
    '<html><input type="hidden" name="__VIEWSTATE" id="__VIEWSTATE" value="{0}" />'
    "<script>var g_correlationId = '{1}';</script>"
    '<input type="hidden" name="__REQUESTDIGEST" value="0x{0},24 Nov 2026 14:09:26 -0000" />'
    '<span id="currentdate">Thứ ba, {2}</span>{3}</html>'
)


def noisy(state: str, guid: str, clock: str, text: str = "<p>Bà con họp</p>") -> bytes:
    return NOISY.format(state, guid, clock, text).encode()


ONE = noisy("A" * 40, "0d5c1a9e-1111-2222-3333-444455556666", "24/11/2026 08:00:01")
OTHER = noisy("B" * 44, "77777777-1111-2222-3333-444455556666", "24/11/2026 09:30:00")
TRUE = noisy("B" * 44, "77777777-1111-2222-3333-444455556666", "24/11/2026 09:30:00", "<p>Bà con họp lại</p>")


def test_noise_is_told_from_content(tmp_path: Path) -> None:
    assert noise.same_content(ONE, OTHER) and not noise.same_content(ONE, TRUE)
    for counter in ("<p>Đang online: 4</p>", "<td>Tổng số lượt truy cập</td> <td><b>2.114.4</b></td>"):
        assert noise.same_content(counter.encode(), counter.replace("4", "5").encode())
    for word in (
        "<p>Lượt xem: 1</p>".encode(),
        "<p>Số lượt truy cập: 1 triệu trong năm</p>".encode(),
        "<p>Trang có số lượt truy cập: 1</p>".encode(),
        b"<input name='q' value='1'>",
        b"<p id='ngay'>24/11</p>",
        b"<td>0d5c1a9e-1111-2222-3333-444455556666</td>",
    ):
        assert not noise.same_content(word, word.replace(b"1", b"2"))
    captures = [page(one, at=f"2024-05-0{day}T07:08:09+07:00") for day, one in enumerate((ONE, OTHER, TRUE), 1)]
    places = put(tmp_path, *captures)
    assert check(tmp_path).count("response") == 2
    store = CaptureStore(tmp_path)
    kept = [store.read(place) for place in places]
    assert [one.content for one in kept] == [ONE, ONE, TRUE]
    assert [one.info.fetched_at for one in kept] == [one.info.fetched_at for one in captures]
    assert kept[1].info.sha256 == captures[0].info.sha256, "a capture's digest is that of its bytes"


def test_a_saved_page_that_is_read_again_is_kept_once(tmp_path: Path) -> None:
    info = CaptureInfo(content_type="text/plain", source="text")
    saved = Capture(b"Ba con", info, "a.txt")
    again, other = put(tmp_path, saved, saved), put(tmp_path, replace(saved, name="b.txt"))
    assert again[0] == again[1] == put(tmp_path, saved)[0] != other[0]
    assert bare(CaptureStore(tmp_path).read(again[0])) == saved
    assert check(tmp_path).count("resource") == 2


def test_files_are_rotated_by_size(tmp_path: Path) -> None:
    store = CaptureStore(tmp_path, rotate=4000)
    places = store.put([page(os.urandom(1500), url=f"{ADDRESS}{n}") for n in range(6)])
    store.close()
    assert len({place.file for place in places}) == len(warcs(tmp_path)) > 1
    assert all(path.stat().st_size <= 4000 for path in warcs(tmp_path))
    assert len(list(CaptureStore(tmp_path).walk())) == 6 and check(tmp_path).count("warcinfo") == len(warcs(tmp_path))
    assert sorted(CaptureStore(tmp_path).index()) == list(CaptureStore(tmp_path).index())


WRITER = """
import sys
from pathlib import Path
from tests.test_captures import ADDRESS, page
from storage.captures import CaptureStore
store = CaptureStore(Path(sys.argv[1]))
for number in range(40):
    store.put([page(b"%d" % number, url=f"{ADDRESS}&p={sys.argv[2]}&n={number}")])
store.close()
"""


def test_processes_write_at_once_each_to_its_own_file(tmp_path: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", WRITER, tmp_path, str(n)], cwd=ROOT) for n in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(list(CaptureStore(tmp_path).walk())) == len(list(CaptureStore(tmp_path).index())) == 120
    assert len(warcs(tmp_path)) <= 3 and check(tmp_path).count("response") == 120


KILLED = """
import os, signal, sys
from pathlib import Path
from storage.archive import Archive
from tests.test_captures import page
import luutru
from scraper.pipeline import extract_checked
from tests.running import article
step = sys.argv[2]
archive = Archive.open(Path(sys.argv[1]))
capture = archive.captures.keep(page(article("Khac").encode(), url="https://xa.example/khac"))
if step == "half":
    (path,) = Path(sys.argv[1]).glob("captures/*.warc.gz")
    os.truncate(path, path.stat().st_size - 40)
if step in ("half", "unsynced"):
    os.kill(os.getpid(), signal.SIGKILL)
archive.captures.sync()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("step", ["half", "unsynced", "record"])
def test_a_kill_between_capture_and_record_is_harmless(tmp_path: Path, step: str) -> None:
    keep(tmp_path)
    folder = tmp_path / "archive"
    (before,) = put(folder, page())
    ran = subprocess.run([sys.executable, "-c", KILLED, folder, step], cwd=ROOT, check=False)
    assert ran.returncode == -signal.SIGKILL
    expected = {
        "half": [("unfinished_capture", True), ("torn_capture", False), ("unfinished_index", True)],
        "unsynced": [("unfinished_index", True)],
        "record": [("unfinished_index", True)],
    }
    assert codes(folder) == expected[step]
    with Archive.open(folder) as archive:
        place = archive.captures.append(page(b"<p>moi</p>", url="https://xa.example/moi"))
        assert (step == "half") == any("cut off" in notice for notice in archive.notices)
    assert len(warcs(folder)) == 1 and codes(folder) == []
    store = CaptureStore(folder)
    assert store.read(before).content == page().content and store.read(place).content == b"<p>moi</p>"
    assert len(list(store.walk())) == (2 if step == "half" else 3)
    check(folder)


def test_a_torn_tail_is_named_and_set_aside(run: Run, tmp_path: Path) -> None:
    keep(tmp_path)
    folder = tmp_path / "archive"
    put(folder, page(), page(url="https://xa.example/hai"))
    (path,) = warcs(folder)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:100])
    ran = run("verify")
    assert (
        ran.code == 6 and f"captures/{path.name}: byte {len(whole)}: its last 100 bytes are no whole record" in ran.out
    )
    ran = run("verify", "--repair")
    assert ran.code == 0 and "its last 100 bytes are now in" in ran.err
    assert (
        path.read_bytes() == whole and next((folder / "captures").glob("*.damaged")).read_bytes()[:100] == whole[:100]
    )


def test_damage_in_the_middle_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    keep(tmp_path)
    folder = tmp_path / "archive"
    places = put(folder, *(page(os.urandom(300), url=f"https://xa.example/{n}") for n in range(5)))
    (path,) = warcs(folder)
    raw = bytearray(path.read_bytes())
    raw[places[2].offset + 60] ^= 0xFF
    path.write_bytes(raw)
    store = CaptureStore(folder)
    with pytest.raises(Corrupt, match=r"a kept capture is damaged or missing: captures/.* byte \d+: "):
        store.read(places[2])
    assert [place for place, _ in store.walk()] == [places[n] for n in (0, 1, 3, 4)]
    found = list(verify(folder, Tally()))
    assert (found[0].code, found[0].at, found[0].harmless) == ("damaged_capture", places[2].offset, False)


def test_a_line_of_the_index_that_was_broken_off_is_written_anew(tmp_path: Path) -> None:
    store = CaptureStore(tmp_path)
    store.put([page()])
    (part,) = (tmp_path / "captures").glob("*.part")
    line = part.read_bytes()
    part.write_bytes(line + line[:40])
    store.put([page(b"<p>hai</p>", url=ADDRESS + "8")])
    assert part.read_bytes().startswith(line) and part.read_bytes().count(b"\n") == 2
    store.close()
    assert [one.count(b"{") for one in CaptureStore(tmp_path).index()] == [1, 1]


@pytest.mark.parametrize("at", [60, -60])
def test_a_last_capture_that_is_damaged_is_never_written_over(tmp_path: Path, at: int) -> None:
    first, last = put(tmp_path, page(), page(b"<p>hai</p>", url=ADDRESS + "8"))
    (path,) = warcs(tmp_path)
    content = bytearray(path.read_bytes())
    content[last.offset + at if at > 0 else at] ^= 0xFF
    path.write_bytes(content)
    (other,) = put(tmp_path, page(b"<p>ba</p>", url=ADDRESS + "9"))
    assert path.read_bytes() == content and other.file != last.file
    store = CaptureStore(tmp_path)
    assert [place for place, _ in store.walk()] == [first, other]
    with pytest.raises(Corrupt):
        store.read(last)


@pytest.mark.parametrize("damage", ["gone", "cut", "foreign", "unsorted"])
def test_an_index_that_does_not_fit_is_rebuilt(tmp_path: Path, damage: str) -> None:
    keep(tmp_path)
    folder = tmp_path / "archive"
    put(folder, *(page(url=f"https://{name}.example/") for name in ("c", "a", "b")))
    (index,) = (folder / "captures").glob("*.cdxj")
    right = index.read_bytes()
    lines = right.splitlines(keepends=True)
    wrong = {"cut": right[:-9], "foreign": right + b"z 2 {}\n", "unsorted": b"".join(reversed(lines))}
    index.write_bytes(wrong[damage]) if damage != "gone" else index.unlink()
    is_short = damage in ("gone", "cut")
    assert codes(folder) == [("unfinished_index", True) if is_short else ("capture_index", False)]
    (line,) = repair(folder, lock_timeout=0.0, now="2024-01-01T00:00:00+00:00")
    assert "its index was made anew, 3 lines" in line
    assert index.read_bytes() == right and codes(folder) == []


def test_a_record_without_its_capture(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(article())
    assert run("add", "page.html").code == 0
    folder = tmp_path / "archive"
    assert codes(folder) == []
    with Archive.open(folder) as archive:
        (stored,) = archive.find()
        warc = stored["capture"]["warc"]
    other = page(url="https://xa.example/hai")
    (place,) = put(folder, other)
    for changed, code in (
        (warc | {"offset": warc["offset"] + 1}, "lost_capture"),
        (warc | {"file": "captures/luutru-20240101000000-1-1.warc.gz"}, "lost_capture"),
        ({"file": place.file, "offset": place.offset}, "wrong_capture"),
        (warc | {"file": "../x"}, "lost_capture"),
        (warc | {"offset": "7"}, "wrong_capture"),
    ):
        copy = tmp_path / "copy"
        with Archive.open(copy) as archive:
            archive.put({**stored, "capture": stored["capture"] | {"warc": changed}})
        if not (copy / "captures").exists():
            shutil.copytree(folder / "captures", copy / "captures")
        found = [fault for fault in verify(copy, Tally()) if fault.code == code]
        assert [fault.id for fault in found] == [stored["id"]] and not found[0].harmless, changed
        (copy / "articles.json").unlink()
        (copy / "agencies.json").unlink(missing_ok=True)


@pytest.mark.parametrize("file", ["captures/../x", "x", "/etc/passwd", "captures/luutru-20240101000000-1-1.warc.gz"])
def test_a_place_that_is_none_leads_nowhere(tmp_path: Path, file: str) -> None:
    with pytest.raises(Corrupt):
        CaptureStore(tmp_path).read(WarcPlace(file, 0))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("step", ["open", "pwrite", "fdatasync", "fsync", "replace"])
def test_a_fault_at_every_call_in_turn_leaves_the_archive_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, code: int
) -> None:
    keep(tmp_path)
    folder = tmp_path / "archive"
    (first,) = put(folder, page())
    for number in range(40):
        with monkeypatch.context() as patch:
            real, calls = getattr(os, step), iter(range(10**6))

            def call(*given: Any, real: Any = real, calls: Any = calls, at: int = number, **named: Any) -> Any:
                if next(calls) == at:
                    raise OSError(code, os.strerror(code))
                return real(*given, **named)

            patch.setattr(os, step, call)
            try:
                put(folder, page(b"hai", url=f"https://xa.example/{number}"))
            except ArchiveError as error:
                assert isinstance(error, NoSpace) == (code == errno.ENOSPC)
            else:
                break
        assert all(harmless for _, harmless in codes(folder)), codes(folder)
        assert bare(CaptureStore(folder).read(first)) == page()
    else:
        pytest.fail("it never ended")
    put(folder, page(b"ba", url="https://xa.example/ba"))
    assert codes(folder) == []
    check(folder)


def test_a_full_disk_is_noticed_before_a_byte_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, page())
    (path,) = warcs(tmp_path)
    before = path.read_bytes()
    real = os.fstatvfs
    monkeypatch.setattr(os, "fstatvfs", lambda fd: os.statvfs_result((*real(fd)[:4], 1, *real(fd)[5:])))
    with pytest.raises(NoSpace, match="no space left"):
        put(tmp_path, page(b"hai"))
    assert path.read_bytes() == before


@pytest.mark.parametrize("link", ["captures", "file"])
def test_links_are_not_followed(tmp_path: Path, link: str) -> None:
    put(tmp_path / "outside", page())
    (path,) = warcs(tmp_path / "outside")
    before = path.read_bytes()
    folder = tmp_path / "archive" / "captures"
    folder.parent.mkdir()
    if link == "file":
        folder.mkdir()
        (folder / path.name).symlink_to(path)
    else:
        folder.symlink_to(path.parent)
    with pytest.raises(ArchiveError, match="links are not followed"):
        put(tmp_path / "archive", page(b"hai"))
    assert path.read_bytes() == before


def test_add_keeps_what_it_fetches_and_what_it_reads(run: Run, tmp_path: Path, portal: Loopback) -> None:
    portal.on("/tin", Answer(body=article(), coding="gzip", chunk=100))
    portal.on("/trong", Answer(body="<html><p>khong co bai</p></html>"))
    portal.redirect("/cu", "/tin")
    (tmp_path / "page.html").write_text(article("Khác"))
    ran = run("add", portal.url("/cu"), portal.url("/trong"), "page.html")
    assert ran.code == 7
    store = CaptureStore(tmp_path / "archive")
    kept = {capture.name: capture for _, capture in store.walk()}
    assert set(kept) == {portal.url("/cu"), portal.url("/trong"), "page.html"}
    got = kept[portal.url("/cu")]
    assert got.content.decode() == article() and [hop.status for hop in got.hops] == [302]
    assert got.sent is not None and dict(got.sent.headers)["User-Agent"].startswith("luutru/")
    with Archive.open(tmp_path / "archive", mode="r") as archive:
        for record in archive.find():
            place = WarcPlace(**record["capture"]["warc"])
            assert archive.captures.read(place).info.sha256 == record["capture"]["sha256"]
    assert check(tmp_path / "archive").count("response") == 3
    ran = run("verify")
    assert ran.code == 0 and "captures 3 (1 that no record names): all whole" in ran.err


def test_no_cookie_of_ours_is_kept(run: Run, tmp_path: Path, portal: Loopback) -> None:
    portal.on("/mot", Answer(body=article("Chợ nổi họp một lần"), headers={"Set-Cookie": "phien=bi-mat"}))
    portal.on("/hai", Answer(body=article("Chợ nổi họp hai lần")))
    assert run("add", portal.url("/mot"), portal.url("/hai")).code == 0
    assert portal.requests[-1].headers["cookie"] == "phien=bi-mat"
    kept = [capture for _, capture in CaptureStore(tmp_path / "archive").walk()]
    assert len(kept) == 2 and all(
        "cookie" not in {name.lower() for name, _ in one.sent.headers} for one in kept if one.sent is not None
    )


def test_no_captures(run: Run, tmp_path: Path, portal: Loopback) -> None:
    portal.on("/tin", Answer(body=article()))
    assert run("add", portal.url("/tin"), "--no-captures").code == 0
    assert not (tmp_path / "archive" / "captures").exists()
    with Archive.open(tmp_path / "archive", mode="r") as archive:
        (record,) = archive.find()
    assert "warc" not in record["capture"]


@pytest.mark.parametrize(
    "piece",
    [
        "<input ",
        '<input name="__VIEWSTATE"',
        "<span id=currentdate ",
        "<span id=a>",
        'correlationId" : "',
        "0x" + "A" * 60,
    ],
)
def test_noise_is_found_in_linear_time(piece: str) -> None:
    """A megabyte of beginnings takes about a second; a pattern that tries again from each would take hours."""
    page = (piece * (1_000_000 // len(piece))).encode()
    began = time.process_time()
    noise.without_noise(page)
    assert time.process_time() - began < 20


def test_a_lost_capture_is_one_fault_though_superseded_lines_name_it_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(article())
    for _ in range(3):
        assert run("add", "page.html").code == 0
    (file,) = (tmp_path / "archive" / "captures").glob("*.warc.gz")
    file.write_bytes(b"")
    assert [code for code, _ in codes(tmp_path / "archive")].count("lost_capture") == 1
