"""Pictures and attachments that come with imported articles."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

import luutru
from tests.captured import png
from tests.conftest import Run
from tests.containers import http, page, record, written
from tests.running import article, objects, start

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
    told = "pictures and attachments of 1 articles: 2 stored"
    assert ("attachments of" in first.err, told in second.err) == (False, True)
        False,
        True,
    )
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
    assert ran.err.endswith("pictures and attachments of 1 articles: 2 stored, 1 missing, 1 refused, 2 failed\n")


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
    assert run("import", path, "--again").err.endswith("pictures and attachments of 1 articles: 1 stored\n")


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
    assert run("import", path, "--again").err.endswith("pictures and attachments of 1 articles: 1 stored\n")


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
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "pictures and attachments of 1 articles: 2 stored")
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
        process = start("import", path, cwd=tmp_path, start_new_session=True)
        until, before = time.monotonic() + 30, kept_contents(tmp_path)
        while process.poll() is None and time.monotonic() < until and kept_contents(tmp_path) < before + 15:
            time.sleep(0.005)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills >= 2
    time.sleep(0.2)  # the kernel ends the child with its parent
    assert run("import", path).code == 0
    stored = objects(run("export", "--format", "jsonl").out)
    assert len(stored) == 139
    assert {one["url"].rpartition("/")[2] for article in stored for one in article["files"]} == {
        name.rpartition("/")[2] for name in names[1:143]
    }
    assert run("verify").code == 0


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
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "pictures and attachments of 1 articles: 2 stored")
    jpeg = files(run)["ghe.jpg"]
    assert (jpeg["sha256"], jpeg["fetched_at"][:10]) == (sha256(JPEG), "2019-03-01")
    assert run("verify").code == 0
