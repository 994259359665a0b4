"""`luutru reextract`: kept captures by today's rules; what is the same stays as it is, to the byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import luutru
from scraper.models import CaptureInfo
from storage.archive import Archive
from tests.conftest import Run
from tests.running import article, objects

ADDRESS = "https://xa.example/tin?ItemID={}"


def filled(run: Run, folder: Path, count: int = 3) -> Path:
    """An archive of saved pages, each with its capture."""
    for number in range(1, count + 1):
        page = folder / f"{number}.html"
        page.write_text(article(f"Xã họp lần {number}"), "utf-8")
        assert run("add", page, "--url", ADDRESS.format(number)).code == 0
    return folder / "archive"


def as_by_older_rules(folder: Path, number: int, **fields: Any) -> None:
    """Let the archive hold what other rules made of the same capture."""
    with Archive.open(folder) as archive:
        stored = archive.get(ADDRESS.format(number))
        assert stored is not None
        assert archive.put({**stored, **fields}).kind in ("changed", "unchanged")


def state(folder: Path, number: int) -> dict[str, Any]:
    with luutru.open(folder, mode="r") as archive:
        found = archive.get(ADDRESS.format(number))
    assert found is not None
    return found


def test_nothing_changed_nothing_written(run: Run, tmp_path: Path) -> None:
    folder = filled(run, tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*.json")}
    ran = run("reextract")
    assert (ran.code, ran.out, ran.err) == (0, "", "3 unchanged\n")
    assert {path: path.read_bytes() for path in folder.rglob("*.json")} == before


def test_what_differs_becomes_a_revision_that_says_so(run: Run, tmp_path: Path) -> None:
    folder = filled(run, tmp_path)
    right = state(folder, 2)
    as_by_older_rules(folder, 2, title="Sai", author=None)
    wrong = state(folder, 2)
    assert wrong["revision"] == 2 and wrong["reason"] == "changed: title, author; re-extraction"
    ran = run("reextract")
    assert ran.code == 0 and ran.err == "2 unchanged, 1 changed\n"
    assert "changed" in ran.out and "re-extraction" in ran.out and len(ran.out.splitlines()) == 1
    now = state(folder, 2)
    assert now["revision"] == 3 and now["reason"] == "changed: title, author; re-extraction"
    assert {name: now[name] for name in right if name not in ("revision", "reason", "changed")} == {
        name: right[name] for name in right if name not in ("revision", "reason", "changed")
    }
    assert run("reextract").err == "3 unchanged\n"
    history = json.loads(run("history", ADDRESS.format(2), "--json").out)
    assert [one["revision"] for one in history] == [1, 2, 3]
    assert run("verify").code == 0


def test_what_makes_no_revision_is_read_better_and_no_time_moves(run: Run, tmp_path: Path) -> None:
    folder = filled(run, tmp_path)
    right = state(folder, 1)
    as_by_older_rules(folder, 1, body_html="<p>cũ</p>", agency={**right["agency"], "address": "Số 9"})
    assert state(folder, 1)["body_html"] == "<p>cũ</p>"
    ran = run("reextract", "--json")
    (one, *_) = objects(ran.out)
    assert ran.code == 0 and one["kind"] == "unchanged" and ran.err == "2 unchanged, 1 read better\n"
    assert state(folder, 1) == right


def test_a_dry_run_shows_the_differences_and_stores_nothing(run: Run, tmp_path: Path) -> None:
    folder = filled(run, tmp_path)
    as_by_older_rules(folder, 2, title="Xã chưa họp lần 2")
    before = {path: path.read_bytes() for path in folder.rglob("*.json")}
    ran = run("reextract", "--dry-run", "--no-color")
    assert ran.code == 0 and ran.err == "2 unchanged, 1 would change; fields that would differ: title 1\n"
    assert "revision 2 → today's rules" in ran.out and "[-chưa-]" in ran.out
    ran = run("reextract", "--dry-run", "--json")
    (told,) = objects(ran.out)
    assert told["from"] == 2 and [change["field"] for change in told["changes"]] == ["title"]
    assert {path: path.read_bytes() for path in folder.rglob("*.json")} == before


def test_only_what_is_selected(run: Run, tmp_path: Path) -> None:
    folder = filled(run, tmp_path)
    for number in (1, 2):
        as_by_older_rules(folder, number, title=f"Sai {number}")
    ran = run("reextract", "--title", "Sai 2")
    assert ran.code == 0 and ran.err == "1 changed\n"
    assert state(folder, 1)["title"] == "Sai 1" and state(folder, 2)["title"] == "Xã họp lần 2"


def test_articles_without_a_capture_stay_as_they_are(run: Run, tmp_path: Path) -> None:
    folder = filled(run, tmp_path, 1)
    page = tmp_path / "9.html"
    page.write_text(article("Xã họp lần 9"), "utf-8")
    assert run("add", page, "--url", ADDRESS.format(9), "--no-captures").code == 0
    before = state(folder, 9)
    ran = run("reextract")
    assert ran.code == 0 and ran.err == "1 unchanged, 1 without a capture\n"
    assert state(folder, 9) == before


def test_a_damaged_capture_fails_alone(run: Run, tmp_path: Path) -> None:
    folder = filled(run, tmp_path)
    (warc,) = folder.glob("captures/*.warc.gz")
    at = state(folder, 2)["capture"]["warc"]["offset"]
    raw = bytearray(warc.read_bytes())
    raw[at + 40] ^= 0xFF
    warc.write_bytes(raw)
    ran = run("reextract")
    assert ran.code == 7 and "a kept capture is damaged or missing" in ran.err and "2 unchanged, 1 failed" in ran.err
    assert state(folder, 2)["title"] == "Xã họp lần 2"


def test_a_capture_that_is_no_article_by_todays_rules(run: Run, tmp_path: Path) -> None:
    folder = filled(run, tmp_path, 1)
    with Archive.open(folder) as archive:
        stored = archive.get(ADDRESS.format(1))
        assert stored is not None
        info = CaptureInfo(final_url=ADDRESS.format(2), content_type="text/html", status=200, source="http")
        place = archive.captures.append(luutru_capture(b"<html><p>khong</p></html>", info))
        warc = {"file": place.file, "offset": place.offset}
        archive.put({**stored, "item_id": 2, "url": ADDRESS.format(2), "capture": stored["capture"] | {"warc": warc}})
    ran = run("reextract")
    assert ran.code == 7 and "1 unchanged, 1 failed" in ran.err


def luutru_capture(content: bytes, info: CaptureInfo) -> Any:
    from scraper.models import Capture

    return Capture(content, info, "page")


def test_there_must_be_an_archive(run: Run, tmp_path: Path) -> None:
    for options in ([], ["--dry-run"]):
        ran = run("reextract", *options)
        assert ran.code == 6 and "there is no archive" in ran.err
    assert not (tmp_path / "archive").exists()
