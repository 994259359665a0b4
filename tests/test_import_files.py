"""Pictures and attachments that come with imported articles."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import random
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import luutru
from cli.imported_files import FileReading, resolved
from cli.watching import Watch
from scraper.harvest.stopping import Stopping
from storage.file_places import FilePlaces, Met, is_idle
from storage.file_store import FileStore
from storage.identity import id_of
from tests.captured import png
from tests.conftest import Run
from tests.containers import http, page, record, written
from tests.running import article, killed, objects, start

PICTURE, PLAN = "http://xa.example/anh/ghe.jpg", "http://xa.example/tep/lich.pdf"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(300)
OTHER = JPEG + b"khac"
PDF = b"%PDF-1.4\n%lich hop cho\n" + bytes(50) + b"\n%%EOF"
LATER = "2020-05-06T07:08:09Z"


def tin(number: int = 1, *, date: str = "2019-03-01T02:03:04Z", **facts: str) -> bytes:
    return record(http(article(**facts).encode()), f"http://xa.example/tin?ItemID={number}", date=date)


def picture(content: bytes = JPEG, url: str = PICTURE, *headers: str, **facts: Any) -> bytes:
    answer = http(content, *headers, status=facts.pop("status", "200 OK"), kind=facts.pop("kind", "image/jpeg"))
    return record(answer, url, **facts)


def plan(**facts: Any) -> bytes:
    return record(http(PDF, kind="application/pdf"), PLAN, **facts)


def files(run: Run, number: int = 1, *more: object) -> dict[str, dict[str, Any]]:
    """What the archive says of an article's files: name → facts."""
    found = [one for one in objects(run("export", "--format", "jsonl", *more).out) if one["item_id"] == number]
    return {one["url"].rpartition("/")[2]: one for one in found[0]["files"]}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("shape", ["gz", "one", "plain"])
def test_what_the_same_file_holds(run: Run, tmp_path: Path, shape: str) -> None:
    path = written(tmp_path / "a.warc", [page(9), picture(), tin(), plan(), tin(2)], shape)
    ran = run("import", path)
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "pictures and attachments of 2 articles: 4 stored")
    for number in (1, 2):
        kept = files(run, number)
        assert {name: one["status"] for name, one in kept.items()} == {"ghe.jpg": "stored", "lich.pdf": "stored"}
        jpeg = kept["ghe.jpg"]
        assert (jpeg["sha256"], jpeg["content_type"]) == (sha256(JPEG), "image/jpeg")
        assert jpeg["fetched_at"] == "2019-03-01T02:03:04+00:00"
        assert (tmp_path / "archive" / jpeg["path"]).read_bytes() == JPEG
    assert run("verify").code == 0
    warcs = list((tmp_path / "archive" / "captures").glob("*.warc.gz"))
    assert run("import", *warcs, "--archive", "other").code == 0
    assert files(run, 2, "--archive", "other") == files(run, 2)


@pytest.mark.parametrize("order", [("page", "files"), ("files", "page")])
def test_what_another_file_of_the_crawl_holds(run: Run, tmp_path: Path, order: tuple[str, str]) -> None:
    written(tmp_path / "page.warc.gz", [tin()])
    written(tmp_path / "files.warc.gz", [picture(), plan()])
    first, second = (run("import", f"{name}.warc.gz") for name in order)
    told = "pictures and attachments of 1 article: 2 stored"
    assert ("attachments of" in first.err, told in second.err) == (False, True)
    assert {one["status"] for one in files(run).values()} == {"stored"}
    again = run("import", tmp_path / "page.warc.gz", tmp_path / "files.warc.gz")
    assert again.err == f"{tmp_path}/page.warc.gz: imported before\n{tmp_path}/files.warc.gz: imported before\n"


def test_what_the_server_answered_instead(run: Run, tmp_path: Path) -> None:
    """Missing, moved, a page in its place, cut off, a program: as in a harvest."""
    moved = "http://xa.example/kho/ghe.jpg"
    names = ("missing", "moved", "page", "cut", "program", "busy")
    pictures = "".join(f'<p><img src="/anh/{name}.jpg"></p>' for name in names)
    at = {name: f"http://xa.example/anh/{name}.jpg" for name in names}
    answers = [
        tin(more=pictures),
        picture(b"<p>404</p>", at["missing"], status="404 Not Found", kind="text/html"),
        picture(b"", at["moved"], "Location: /kho/ghe.jpg", status="302 Found", kind="text/html"),
        picture(OTHER, moved),
        picture(b"%PDF-1.4 " + bytes(9), at["page"], kind="application/pdf"),
        record(http(JPEG[:40], kind="image/jpeg"), at["cut"], "WARC-Truncated: length"),
        picture(b"MZ" + bytes(100), at["program"], kind="application/octet-stream"),
        picture(b"", at["busy"], status="503 Service Unavailable"),
    ]
    ran = run("import", written(tmp_path / "a.warc.gz", answers))
    kept = {name.removesuffix(".jpg"): (one["status"], one["error"]) for name, one in files(run).items()}
    assert kept == {
        "missing": ("missing", "not_found"),
        "moved": ("stored", None),
        "page": ("stored", None),
        "cut": ("failed", "network"),
        "program": ("refused", "unwanted_type"),
        "busy": ("failed", "network"),
    }
    assert files(run)["moved.jpg"]["sha256"] == sha256(OTHER)
    assert ran.err.endswith("pictures and attachments of 1 article: 2 stored, 1 missing, 1 refused, 2 failed\n")


def test_redirects_that_lead_in_a_circle(run: Run, tmp_path: Path) -> None:
    circle = picture(b"", PICTURE, "Location: /anh/ghe.jpg?2", status="302 Found")
    back = picture(b"", f"{PICTURE}?2", "Location: /anh/ghe.jpg", status="302 Found")
    assert run("import", written(tmp_path / "a.warc.gz", [tin(), circle, back])).code == 0
    assert files(run) == {}


def test_contents_of_several_times(run: Run, tmp_path: Path) -> None:
    """The latest counts, whatever comes first; earlier ones stay beside it, and so does each state's own."""
    written(tmp_path / "new.warc.gz", [tin(date=LATER, title="Chợ mới"), picture(OTHER, date=LATER)])
    written(tmp_path / "old.warc.gz", [tin(), picture(), plan()])
    assert run("import", "new.warc.gz").code == 0
    assert run("import", "old.warc.gz").code == 0
    jpeg = files(run)["ghe.jpg"]
    assert (jpeg["sha256"], [one["sha256"] for one in jpeg["earlier"]]) == (sha256(OTHER), [sha256(JPEG)])
    (stored,) = objects(run("export", "--format", "jsonl").out)
    with luutru.open(tmp_path / "archive", mode="r") as archive:
        old, new = archive.history(stored["id"])
    assert [one["sha256"] for one in old["files"]] == [sha256(JPEG), sha256(PDF)]
    assert new["files"][0]["sha256"] == sha256(OTHER)
    assert run("verify").code == 0


def test_a_missing_file_that_a_web_archive_has(run: Run, tmp_path: Path) -> None:
    """A capture of a picture that is gone today: its content, and that it is gone."""
    gone = picture(b"", status="404 Not Found", date=LATER)
    assert run("import", written(tmp_path / "new.warc.gz", [tin(date=LATER), gone])).code == 0
    assert run("import", written(tmp_path / "old.warc.gz", [picture()])).code == 0
    jpeg = files(run)["ghe.jpg"]
    assert (jpeg["status"], jpeg["error"], jpeg["sha256"]) == ("missing", "not_found", sha256(JPEG))
    assert jpeg["missing_since"] == "2020-05-06T07:08:09+00:00"


def test_without_files(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc.gz", [tin(), picture()])
    ran = run("import", path, "--no-files")
    assert (ran.code, "pictures" in ran.err, files(run)) == (0, False, {})
    assert not (tmp_path / "archive" / "files").exists()
    assert run("import", path, "--again").err.endswith("pictures and attachments of 1 article: 1 stored\n")


def test_only_of_the_hosts_that_are_wanted(run: Run, tmp_path: Path) -> None:
    far = '<p><img src="http://anh.example/cho.jpg"></p>'
    members = [tin(more=far), picture(), picture(OTHER, "http://anh.example/cho.jpg")]
    path = written(tmp_path / "a.warc.gz", members)
    assert run("import", path, "--host", "xa.example").code == 0
    assert set(files(run)) == {"ghe.jpg"}
    assert run("import", path, "--host", "xa.example", "--host", "anh.example").code == 0
    assert set(files(run)) == {"ghe.jpg", "cho.jpg"}


def test_places_that_hold_them_no_more(run: Run, tmp_path: Path) -> None:
    """A container that was moved, changed or damaged since: what it held is not found, and nothing else is harmed."""
    pictures = written(tmp_path / "files.warc.gz", [picture(), plan()])
    assert run("import", pictures).code == 0
    pictures.rename(tmp_path / "elsewhere.warc.gz")
    ran = run("import", written(tmp_path / "page.warc.gz", [tin()]))
    assert (ran.code, len(objects(run("export", "--format", "jsonl").out))) == (7, 1)
    told = f"{pictures}: no such file or directory: what it holds of pictures and attachments is not kept"
    assert ran.err.count(told) == 1 and "luutru import --again" in ran.err
    written(pictures, [plan(), picture(OTHER)])
    assert "has changed" in run("import", pictures).err
    assert files(run)["ghe.jpg"]["sha256"] == sha256(OTHER)


def test_noted_places_that_are_lost(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc.gz", [tin(), picture()])
    assert run("import", path, "--no-captures").code == 0
    places = tmp_path / "archive" / "imports" / "places.sqlite"
    places.write_bytes(b"SQLite format 3\0" + bytes(2000))
    broken = run("import", path, "--again")
    assert (
        broken.code == 6 and f"delete {places.relative_to(tmp_path)}; luutru import --again makes it anew" in broken.err
    )
    places.unlink()
    assert run("import", path, "--again").err.endswith("pictures and attachments of 1 article: 1 stored\n")


def test_a_mirror(run: Run, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    for name, content in {
        "tin.aspx?ItemID=7": article().encode(),
        "anh/ghe.jpg": JPEG,
        "tep/lich.pdf": PDF,
        "_layouts/core.js": b"var x;",
    }.items():
        (mirror / "xa.example" / name).parent.mkdir(parents=True, exist_ok=True)
        (mirror / "xa.example" / name).write_bytes(content)
    (mirror / "xa.example" / "anh" / "link.jpg").symlink_to("/etc/passwd")
    ran = run("import", mirror)
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "pictures and attachments of 1 article: 2 stored")
    kept = files(run, 7)
    assert (kept["ghe.jpg"]["sha256"], kept["ghe.jpg"]["fetched_at"]) == (sha256(JPEG), None)
    assert run("verify").code == 0


def test_killed_and_run_again(run: Run, tmp_path: Path) -> None:
    """Killed as it keeps files: run again, nothing is lost."""
    names = [f"/anh/{number}.png" for number in range(150)]
    members = [
        tin(
            number,
            title=f"Bản tin {number}",
            more="".join(f'<p><img src="{name}"></p>' for name in names[number : number + 4]),
        )
        for number in range(1, 140)
    ]
    members += [
        record(http(png(number + 1), kind="image/png"), f"http://xa.example{name}") for number, name in enumerate(names)
    ]
    path = written(tmp_path / "a.warc.gz", members)
    kills = 0
    for _ in range(4):
        enough = kept_contents(tmp_path) + 15
        process = start("import", path, cwd=tmp_path, start_new_session=True)
        kills += killed(process, lambda enough=enough: kept_contents(tmp_path) >= enough)  # type: ignore[misc]
    assert kills >= 2
    assert run("import", path).code == 0
    stored = objects(run("export", "--format", "jsonl").out)
    assert len(stored) == 139
    kept = {one["url"].rpartition("/")[2]: one for article in stored for one in article["files"]}
    assert {name: one["sha256"] for name, one in kept.items()} == {
        name.rpartition("/")[2]: sha256(png(number + 1)) for number, name in enumerate(names) if 1 <= number < 143
    }
    assert {one["status"] for one in kept.values()} == {"stored"}
    assert run("verify").code == 0
    with luutru.open(tmp_path / "archive", mode="r") as archive:
        captured = [capture for _, capture in archive.captures.walk() if b"PNG" in capture.content[:4]]
    assert 142 <= len(captured) <= 142 + kills * 64  # what was read and not noted is read again


def kept_contents(folder: Path) -> int:
    return sum(1 for _ in (folder / "archive" / "files").glob("*/*"))


def mhtml(*parts: tuple[str, str, bytes]) -> bytes:
    """An MHTML file of (media type, address, content) each."""
    head = 'From: <Saved>\r\nDate: Fri, 1 Mar 2019 02:03:04 -0000\r\nContent-Type: multipart/related; boundary="b"\r\n'
    body = b"".join(
        f"--b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\nContent-Location: {url}\r\n\r\n".encode()
        + base64.encodebytes(content)
        + b"\r\n"
        for kind, url, content in parts
    )
    return head.encode() + b"\r\n" + body + b"--b--\r\n"


@pytest.mark.parametrize("in_folder", [False, True])
def test_a_page_saved_with_its_pictures(run: Run, tmp_path: Path, in_folder: bool) -> None:
    path = tmp_path / "saved" / "tin.mhtml"
    path.parent.mkdir()
    page_of = ("text/html; charset=utf-8", "http://xa.example/tin?ItemID=1", article().encode())
    styles = [("text/css", f"http://xa.example/{number}.css", b"p {}") for number in range(3)]
    path.write_bytes(mhtml(page_of, *styles, ("image/jpeg", PICTURE, JPEG), ("application/pdf", PLAN, PDF)))
    ran = run("import", path.parent if in_folder else path)
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "pictures and attachments of 1 article: 2 stored")
    jpeg = files(run)["ghe.jpg"]
    assert (jpeg["sha256"], jpeg["fetched_at"][:10]) == (sha256(JPEG), "2019-03-01")
    assert run("verify").code == 0


STATES = (
    ("old", "2019-01-01", "Chợ cũ họp lại"),
    ("mid", "2020-01-01", "Chợ dời lên bờ"),
    ("new", "2021-01-01", "Chợ mới xây xong"),
)
ANSWERS = (("2019", "2019-02-01", JPEG), ("2020", "2020-02-01", OTHER), ("2021", "2021-02-01", JPEG))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_first(run: Run, tmp_path: Path, seed: int) -> None:
    """Pages and pictures of three times in six files, in any order: each state has the picture of its time."""
    names = []
    for name, day, title in STATES:
        names.append(written(tmp_path / f"{name}.warc.gz", [tin(date=f"{day}T00:00:00Z", title=title)]))
    for name, day, content in ANSWERS:
        names.append(written(tmp_path / f"{name}.warc.gz", [picture(content, date=f"{day}T00:00:00Z")]))
    random.Random(seed).shuffle(names)
    for name in names:
        assert run("import", name).code == 0
    with luutru.open(tmp_path / "archive", mode="r") as archive:
        (record,) = archive.find()
        states = archive.history(record["id"])
    told = [(state["title"], [(one["sha256"], one["fetched_at"][:4]) for one in state["files"]]) for state in states]
    assert told == [
        (title, [(sha256(content), day[:4])]) for (_, _, title), (_, day, content) in zip(STATES, ANSWERS, strict=True)
    ]
    assert [len(state["files"][0]["earlier"]) for state in states] == [0, 1, 1]
    assert run("verify").code == 0


def revisit(url: str, *fields: str, date: str = LATER) -> bytes:
    """A record that says that the content was the same."""
    profile = "WARC-Profile: http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    return record(b"HTTP/1.1 200 OK\r\n\r\n", url, profile, *fields, kind="revisit", date=date)


def test_answers_that_repeat_an_earlier_one(run: Run, tmp_path: Path) -> None:
    """Revisits, of the same address and of another."""
    middle = picture(OTHER, date="2019-09-09T00:00:00Z")
    again = revisit(PICTURE, f"WARC-Refers-To-Target-URI: <{PICTURE}>", "WARC-Refers-To-Date: 2019-03-01T02:03:04Z")
    elsewhere = record(http(PDF, kind="application/pdf"), "http://kho.example/lich.pdf")
    same = revisit(PLAN, "WARC-Refers-To-Target-URI: http://kho.example/lich.pdf")
    path = written(tmp_path / "a.warc.gz", [elsewhere, same, picture(), middle, again, tin()])
    assert run("import", path).code == 0
    kept = files(run)
    jpeg = kept["ghe.jpg"]
    assert (jpeg["sha256"], jpeg["fetched_at"]) == (sha256(JPEG), "2020-05-06T07:08:09+00:00")
    assert [one["sha256"] for one in jpeg["earlier"]] == [sha256(OTHER)]
    assert (kept["lich.pdf"]["sha256"], kept["lich.pdf"]["status"]) == (sha256(PDF), "stored")
    assert run("export", "--format", "warc", "-o", "out.warc.gz").code == 0
    assert run("import", "out.warc.gz", "--archive", "other").code == 0
    assert {one["sha256"] for one in files(run, 1, "--archive", "other").values()} >= {sha256(PDF)}


def test_a_redirect_whose_end_comes_later(run: Run, tmp_path: Path) -> None:
    moved = picture(b"", PICTURE, "Location: /kho/ghe.jpg", status="301 Moved Permanently")
    assert run("import", written(tmp_path / "a.warc.gz", [tin(), moved])).code == 0
    assert files(run) == {}
    end = "http://xa.example/kho/ghe.jpg"
    gone = picture(b"", end, status="404 Not Found", date=LATER)
    assert run("import", written(tmp_path / "b.warc.gz", [picture(OTHER, end), gone])).code == 0
    assert (files(run)["ghe.jpg"]["sha256"], files(run)["ghe.jpg"]["status"]) == (sha256(OTHER), "stored")
    warcs = list((tmp_path / "archive" / "captures").glob("*.warc.gz"))
    assert run("import", *warcs, "--archive", "other").code == 0
    assert files(run, 1, "--archive", "other") == files(run)


def test_whatever_media_type_it_was_sent_as(run: Run, tmp_path: Path) -> None:
    """A picture as text, a plain text, a page in a picture's place."""
    more = '<p><img src="/anh/chu.jpg"><img src="/anh/loi.jpg"></p><p><a href="/tep/bang.txt">Bảng kê</a></p>'
    answers = [
        picture(JPEG, "http://xa.example/anh/chu.jpg", kind="text/plain"),
        picture(b"<html><body><p>Not found</p></body></html>", "http://xa.example/anh/loi.jpg", kind="text/html"),
        picture("Một\nHai\n".encode(), "http://xa.example/tep/bang.txt", kind="text/plain"),
        tin(more=more),
    ]
    assert run("import", written(tmp_path / "a.warc.gz", answers)).code == 0
    told = {name: (one["status"], one["error"]) for name, one in files(run).items()}
    assert told == {"chu.jpg": ("stored", None), "loi.jpg": ("failed", "soft_error"), "bang.txt": ("stored", None)}


def test_an_answer_that_is_damaged(run: Run, tmp_path: Path) -> None:
    wrong = record(http(JPEG, kind="image/jpeg"), PICTURE, "WARC-Payload-Digest: sha1:" + "A" * 32)
    path = written(tmp_path / "a.warc.gz", [tin(), wrong])
    ran = run("import", path)
    assert ran.code == 7 and f"a damaged member: {path}@" in ran.err and PICTURE in ran.err
    assert (files(run)["ghe.jpg"]["status"], files(run)["ghe.jpg"]["error"]) == ("failed", "damaged")


def test_many_answers_of_one_address(run: Run, tmp_path: Path) -> None:
    """The oldest and the newest are read, and that others are not is told."""
    days = [f"2019-{month:02}-{day:02}T00:00:00Z" for month in range(1, 13) for day in range(1, 11)]
    answers = [picture(JPEG + day.encode(), date=day) for day in days]
    random.Random(1).shuffle(answers)
    ran = run("import", written(tmp_path / "a.warc.gz", [tin(), *answers]))
    assert "20 answers of addresses that have very many are left out" in ran.err
    jpeg = files(run)["ghe.jpg"]
    assert (jpeg["sha256"], jpeg["fetched_at"][:10]) == (sha256(JPEG + days[-1].encode()), "2019-12-10")
    assert len(jpeg["earlier"]) == 20


def test_what_became_of_a_folder_meanwhile(run: Run, tmp_path: Path) -> None:
    """A pipe in a file's place, a link in a folder's: neither waited for nor followed."""
    mirror, other = tmp_path / "m" / "xa.example", tmp_path / "other"
    for folder in (mirror / "anh", mirror / "tep", other):
        folder.mkdir(parents=True)
    (mirror / "anh" / "ghe.jpg").write_bytes(JPEG)
    (mirror / "tep" / "lich.pdf").write_bytes(PDF)
    (other / "lich.pdf").write_bytes(PDF + b"khac")
    assert run("import", "m").code == 0
    (mirror / "anh" / "ghe.jpg").unlink()
    os.mkfifo(mirror / "anh" / "ghe.jpg")
    (mirror / "tep").rename(tmp_path / "tep")
    (mirror / "tep").symlink_to(other)
    ran = run("import", written(tmp_path / "a.warc.gz", [tin()]))
    assert (ran.code, files(run)) == (7, {})


def test_two_imports_at_once_lose_no_word(tmp_path: Path) -> None:
    """An article that is queued again while it is told stays queued."""
    with FilePlaces(tmp_path) as one, FilePlaces(tmp_path) as other:
        container = one.begin("n", tmp_path / "a.warc.gz", fresh=True)
        met = Met(PICTURE, told={"file": {"status": "missing"}})
        one.note(container, [met], [("a2a2a2a2a2a2", [PICTURE])])
        ((stamp, article),) = one.queued()
        other.note(container, [met._replace(url=PLAN)], [("a2a2a2a2a2a2", [PLAN])])
        one.settle([stamp])
        assert [name for _, name in one.queued()] == [article] == ["a2a2a2a2a2a2"]
        assert not one.is_idle() and not is_idle(tmp_path)


def test_a_compressed_page_saved_with_its_pictures(run: Run, tmp_path: Path) -> None:
    page_of = ("text/html; charset=utf-8", "http://xa.example/tin?ItemID=1", article().encode())
    path = tmp_path / "tin.mhtml.gz"
    path.write_bytes(gzip.compress(mhtml(page_of, ("image/jpeg", PICTURE, JPEG))))
    assert run("import", path).code == 0
    assert files(run)["ghe.jpg"]["sha256"] == sha256(JPEG)


def test_a_mirror_made_anew(run: Run, tmp_path: Path) -> None:
    """A file that has changed since: the new content counts, though neither states a time."""
    folder = tmp_path / "m" / "xa.example"
    (folder / "anh").mkdir(parents=True)
    (folder / "tin.aspx?ItemID=7").write_text(article())
    (folder / "anh" / "ghe.jpg").write_bytes(JPEG)
    assert run("import", "m").code == 0
    (folder / "anh" / "ghe.jpg").write_bytes(OTHER)
    assert run("import", "m").code == 0
    assert (files(run, 7)["ghe.jpg"]["sha256"], len(files(run, 7)["ghe.jpg"]["earlier"])) == (sha256(OTHER), 1)


def test_a_place_that_brings_its_reader_down_is_told(tmp_path: Path) -> None:
    """Read again without it, by the order's `avoid`: named, and not taken for nothing."""
    path = written(tmp_path / "a.warc.gz", [picture(), plan()])
    said: list[tuple[str, Any]] = []
    with FilePlaces(tmp_path) as places:
        container = places.begin("n", path, fresh=True)
        offset = len(gzip.compress(picture(), mtime=0))
        places.note(container, [Met(PICTURE), Met(PLAN, offset)], [("a2a2a2a2a2a2", [PICTURE, PLAN])])
        watch = Watch(cast(Any, SimpleNamespace(say=lambda *message: said.append(message))))
        avoid = {f"{path}@0": "it died"}
        reading = FileReading(places, FileStore(tmp_path), None, watch, avoid)
        stopping = Stopping()
        assert reading.some(stopping) == 2 and reading.some(stopping) == 0
        stopping.close()
        (jpeg,), (pdf,) = resolved(places, PICTURE), resolved(places, PLAN)
    assert (jpeg["status"], jpeg["error"], pdf["status"]) == ("failed", "damaged", "stored")
    assert any("left out: it died" in str(message) for message in said) and len(reading.errors) == 1


def test_a_number_is_never_given_twice(tmp_path: Path) -> None:
    """What is told of an answer that was forgotten meanwhile is told of no other."""
    with FilePlaces(tmp_path) as one, FilePlaces(tmp_path) as other:
        container = one.begin("n", tmp_path / "a.warc.gz", fresh=True)
        one.note(container, [Met(PICTURE)], [("a2a2a2a2a2a2", [PICTURE, PLAN])])
        (due,) = one.due()
        other.begin("n", tmp_path / "a.warc.gz", fresh=True)
        other.note(container, [Met(PLAN)], [])
        one.tell([(due.number, {"file": {"status": "stored"}})])
        assert one.answers(PLAN) == [] and [left.url for left in one.due()] == [PLAN]


def test_a_revisit_of_what_is_not_there_says_nothing(run: Run, tmp_path: Path) -> None:
    other = picture(OTHER, date="2019-09-09T00:00:00Z")
    again = revisit(PICTURE, f"WARC-Refers-To-Target-URI: {PICTURE}", "WARC-Refers-To-Date: 2018-03-01T02:03:04Z")
    assert run("import", written(tmp_path / "a.warc.gz", [tin(), other, again])).code == 0
    assert files(run)["ghe.jpg"]["fetched_at"] == "2019-09-09T00:00:00+00:00"


@pytest.mark.parametrize("kind", ["revisits", "articles"])
def test_many_that_share_one_picture(tmp_path: Path, kind: str) -> None:
    """Work grows with their number, not with its square."""
    took = []
    for number in (500, 2000):
        with FilePlaces(tmp_path / str(number)) as places:
            container = places.begin("n", tmp_path / "a.warc.gz", fresh=True)
            kept = {"file": {"status": "stored", "fetched_at": None}}
            places.note(container, [Met(PICTURE, told=kept)], [])
            began = time.process_time()
            told = {"as": [PICTURE, None]}
            if kind == "revisits":
                places.note(container, [Met(PICTURE, told=told)] * number, [("a2a2a2a2a2a2", [PICTURE])])
                assert len(places.answers(PICTURE)) <= 200
            else:
                places.note(container, [], [(id_of(one), [PICTURE]) for one in range(number)])
                assert len(list(places.queued())) == number
            took.append(time.process_time() - began)
    assert took[1] < 10 * took[0] + 0.1


def test_a_container_that_was_overwritten(run: Run, tmp_path: Path) -> None:
    """Other bytes where a picture was noted: told once, and nothing of them is taken."""
    pictures = written(tmp_path / "files.warc.gz", [picture(), plan()])
    assert run("import", pictures).code == 0
    written(pictures, [page(1), page(2), page(3)])
    ran = run("import", written(tmp_path / "page.warc.gz", [tin()]))
    assert ran.code == 7 and ran.err.count(f"{pictures}: it has changed since it was imported") == 1
    assert all(one["status"] != "stored" for one in files(run).values())
