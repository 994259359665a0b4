"""`luutru harvest` against the fake portal: everything, once; then only what changed; and the proof of both."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

import luutru
from cli.exits import ExitCode
from tests.conftest import Run
from tests.fakeportal import ALL, FakePortal
from tests.harvests import Harvest, kept_items
from tests.loopback import Answer, Loopback
from tests.running import STEERING, article

PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
DOORS = ALL - {"forms", "pages"}
EXHAUSTIVE = ("api", "odata", "owssvr", "view", "section")


@pytest.mark.parametrize("version", [2010, 2013, 2019])
def test_everything_once_with_the_servers_own_count(harvest: Harvest, tmp_path: Path, version: int) -> None:
    with FakePortal(version=version, lists={"TinTuc": 45}) as portal:  # type: ignore[arg-type]
        done = harvest(portal.start)
        assert done.ran.code == 0, done.ran.err
        assert done.outcomes == {"new": 45} and len(done.ran.out.splitlines()) == 45
        assert done.place["complete"] and done.place["total"] == done.place["collected"] == 45
        assert done.place["accounts"] == {"stored": 45}
        assert done.ran.err.count("\n") == 1 and "45 of 45 listed" in done.ran.err
        assert kept_items(tmp_path / "archive", portal, "TinTuc") == portal.items("TinTuc")
        assert all(
            len(done.asked(f"DispForm.aspx?ID={n}&")) + len(done.asked(f"DispForm.aspx?ID={n}")) for n in (1, 45)
        )
        assert all(portal.count(f"/Lists/TinTuc/DispForm.aspx?ID={number}") == 1 for number in portal.items("TinTuc"))


@pytest.mark.parametrize("door", EXHAUSTIVE)
def test_any_door_that_lists_everything_is_enough(harvest: Harvest, tmp_path: Path, door: str) -> None:
    with FakePortal(lists={"TinTuc": 130}, doors={door, "pages", "forms"}, page_size=30) as portal:
        starts = {"section": portal.url("/tin-tuc.aspx"), "owssvr": portal.article_url("TinTuc", 7)}
        start = starts.get(door, portal.start)
        done = harvest(start, "--full")
        assert done.ran.code in (0, 7), done.ran.err
        assert done.place["door"] == door and done.place["complete"], done.place
        assert kept_items(tmp_path / "archive", portal, "TinTuc") == portal.items("TinTuc")


def test_a_section_costs_no_feed_and_no_article_twice(harvest: Harvest) -> None:
    with FakePortal(lists={"TinTuc": 45, "ThongBao": 7}, doors=ALL - {"api", "odata", "owssvr"}) as portal:
        done = harvest(portal.url("/tin-tuc.aspx"))
        assert done.ran.code == 0 and done.outcomes == {"new": 45}, done.ran.err
        assert done.place["complete"] and not done.asked("listfeed") and not done.asked("sitemap")


def test_a_front_page_is_not_the_whole_portal(harvest: Harvest) -> None:
    with FakePortal(lists={"TinTuc": 45}, doors={"pages", "forms", "section"}) as portal:
        done = harvest(portal.url("/"))
        assert 0 < done.outcomes["new"] < 45 and not done.place["complete"]
        assert "it names the newest only" in done.ran.err


def test_a_list_that_is_not_there_is_no_other_list(harvest: Harvest) -> None:
    with FakePortal(lists={"TinTuc": 5}) as portal:
        done = harvest(portal.url("/Lists/KhongCo"))
        assert done.ran.code == ExitCode.FETCH and done.outcomes == {} and "HTTP 404" in done.ran.err


def test_a_second_run_asks_for_the_listing_only(harvest: Harvest) -> None:
    with FakePortal(lists={"TinTuc": 60}, doors=ALL - {"api", "odata", "owssvr", "feed"}, page_size=20) as portal:
        assert harvest(portal.start).ran.code == 0
        before = len(portal.requests)
        done = harvest(portal.start)
        assert done.ran.code == 0 and done.ran.out == "" and done.outcomes == {}
        assert len(portal.requests) - before <= 3 + 1  # listing pages, and the redirect from the list's root
        assert sum(done.summary["portals"][0]["skipped"].values()) == 60


def test_edits_deletions_and_additions_between_two_runs(harvest: Harvest, tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 60}) as portal:
        assert harvest(portal.start).outcomes == {"new": 60}
        for number in range(1, 11):
            portal.edit("TinTuc", number)
        for number in range(20, 25):
            portal.delete("TinTuc", number)
        added = portal.publish("TinTuc", 7)
        done = harvest(portal.start)
        assert done.ran.code == 0, done.ran.err
        assert done.outcomes == {"changed": 10, "gone": 5, "new": 7}
        assert kept_items(tmp_path / "archive", portal, "TinTuc") == portal.items("TinTuc") and added[0] == 61
        with luutru.open(tmp_path / "archive", mode="r") as archive:
            edited = archive.get(portal.article_url("TinTuc", 3))
            gone = archive.get(portal.article_url("TinTuc", 22))
        assert edited is not None and edited["revision"] == 2
        assert gone is not None and gone["gone_at"] and gone["body_text"]
        assert done.place["gaps"]["gone"] == 5
        assert harvest(portal.start).outcomes == {}


def test_a_page_without_an_article_fails_once_and_is_then_skipped(harvest: Harvest) -> None:
    with FakePortal(lists={"TinTuc": 12}) as portal:
        portal.break_item("TinTuc", 7)
        portal.forbid("TinTuc", 8, listed=True)
        done = harvest(portal.start)
        assert done.ran.code == ExitCode.PARTIAL and done.outcomes == {"new": 10, "failed": 2}
        assert done.place["complete"] and done.place["accounts"]["stored"] == 10
        assert done.place["accounts"]["forbidden"] == 1
        again = harvest(portal.start)
        assert again.ran.code == 0 and again.outcomes == {}
        assert len(again.ran.err.splitlines()) == 1


def test_a_server_that_cannot_be_reached_is_told_once(harvest: Harvest) -> None:
    with FakePortal(lists={"TinTuc": 3}) as portal:
        start = portal.start
        assert harvest(start).ran.code == 0
    first = harvest(start, "--retries", "0")
    assert first.ran.code == ExitCode.FETCH and "network failure" in first.ran.err
    second = harvest(start, "--retries", "0")
    assert second.ran.code == ExitCode.FETCH and "network failure" not in second.ran.err.splitlines()[0][:20]
    assert second.summary["portals"][0]["troubles"][0]["since"] == first.summary["portals"][0]["troubles"][0]["since"]


@pytest.mark.parametrize("gate", ["login", "form", "challenge", "robots"])
def test_a_portal_that_was_closed_one_night_is_read_the_next(harvest: Harvest, gate: str) -> None:
    with FakePortal(lists={"TinTuc": 4}, doors={"view", "forms"}) as portal:
        portal.gate, portal.robots = (None, Answer(500)) if gate == "robots" else (gate, None)
        first, again = (harvest(portal.start, "--retries", "0") for _ in range(2))
        code = ExitCode.FETCH if gate in ("login", "robots") else ExitCode.EXTRACT
        assert first.ran.code == again.ran.code == code
        assert first.ran.err.startswith("luutru: ") and not again.ran.err.startswith("luutru: ")
        if gate == "robots":
            assert "robots.txt cannot be read" in first.ran.err
            assert {one["url"] for one in first.requests + again.requests} == {portal.url("/robots.txt")}
        portal.gate = portal.robots = None
        done = harvest(portal.start)
        assert done.ran.code == 0 and done.outcomes == {"new": 4}, done.ran.err


def test_zero_where_there_were_some_is_a_failure_and_nothing_is_gone(harvest: Harvest, tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 40}, doors={"view", "forms"}) as portal:
        assert harvest(portal.start).outcomes == {"new": 40}
        for number in range(1, 36):
            portal.delete("TinTuc", number)
        done = harvest(portal.start)
        assert done.ran.code != 0 and "5 listed where 40 were known" in done.ran.err
        assert not done.place["complete"] and "gone" not in done.outcomes
        assert len(kept_items(tmp_path / "archive", portal, "TinTuc")) == 40
        done = harvest(portal.start, "--accept-fewer")
        assert done.ran.code == 0 and done.outcomes == {"gone": 35} and done.place["complete"]
        assert harvest(portal.start).ran.code == 0  # from now on it is what there is


def test_files_are_kept_and_listed_in_the_record(harvest: Harvest, tmp_path: Path, run: object) -> None:
    with FakePortal(lists={"TinTuc": 3}) as portal:
        done = harvest(portal.start, files=True)
        assert done.ran.code == 0, done.ran.err
        with luutru.open(tmp_path / "archive", mode="r") as archive:
            records = list(archive.find())
        files = [file for record in records for file in record["files"]]
        assert files and {file["status"] for file in files} == {"stored"}
        assert all((tmp_path / "archive" / file["path"]).read_bytes() for file in files)
        before = len(portal.requests)
        portal.edit("TinTuc", 2)
        again = harvest(portal.start, files=True)
        assert again.outcomes == {"changed": 1}
        assert not [one for one in portal.requests[before:] if "Attachments" in one.target]


def with_pictures(*addresses: str) -> Answer:
    """An article with such pictures."""
    shown = "".join(f'<p><img src="{one}" width="500" height="400"></p>' for one in addresses)
    return Answer(body=article(more=shown))


def make_due(folder: Path) -> None:
    """Let what waits for its day be due."""
    (ledger,) = (folder / "harvest").glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(ledger)) as database, database:
        database.execute("UPDATE addresses SET due = '2000-01-01T00:00:00+00:00' WHERE due IS NOT NULL")


def test_a_file_that_cannot_be_had_is_asked_for_once_and_later_again(harvest: Harvest, tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 4}) as portal, Loopback("127.0.0.2") as other:
        for number in range(1, 5):
            page = with_pictures("/mat.png", "/hong.png", "/trang.png", other.url("/rieng.png"), "file:///etc/passwd")
            portal.on(f"/Lists/TinTuc/DispForm.aspx?ID={number}", page)
        portal.on("/hong.png", Answer(503))
        portal.on("/trang.png", Answer(body="<html><p>Lỗi"))
        done = harvest(portal.start, "--retries", "0", files=True)
        assert done.ran.code == 0 and done.outcomes == {"new": 4}, done.ran.err
        assert "of the files 12 missing, 4 refused, 8 failed" in done.ran.err
        assert [portal.count(path) for path in ("/mat.png", "/hong.png", "/trang.png")] == [1, 1, 1]
        assert other.requests == []
        assert harvest(portal.start, files=True).outcomes == {} and portal.count("/hong.png") == 1
        portal.on("/hong.png", Answer(body=PNG, content_type="image/png"))
        make_due(tmp_path / "archive")
        assert harvest(portal.start, files=True).outcomes == {"unchanged": 4}
        with luutru.open(tmp_path / "archive", mode="r") as archive:
            files = [file for record in archive.find() for file in record["files"]]
        assert {file["status"] for file in files if file["url"].endswith("/hong.png")} == {"stored"}
        assert portal.count("/hong.png") == 2


def test_a_picture_whose_host_asks_for_rest_stops_no_article(harvest: Harvest, tmp_path: Path) -> None:
    settings = tmp_path / "portals.toml"
    with FakePortal(lists={"TinTuc": 3}) as portal, Loopback("127.0.0.2") as media:
        media.fallback = Answer(429, headers={"Retry-After": "900"})
        media.on("/robots.txt", Answer(404))
        for number in range(1, 4):
            picture = media.url(f"/{number}.png")
            portal.on(f"/Lists/TinTuc/DispForm.aspx?ID={number}", with_pictures(picture))
        settings.write_text(f'[[portal]]\nname = "thixa"\nstart = ["{portal.start}", "{media.url("/tin")}"]\n')
        done = harvest("--config", settings, files=True)
        assert done.ran.code == ExitCode.PARTIAL and done.outcomes == {"new": 3}, done.ran.err
        assert [one.target for one in media.requests] == ["/robots.txt", "/3.png"]
        assert done.summary["portals"][0]["files"] == {"failed": 3, "missing": 6}
        assert done.ran.err.count("asked for a pause") == 1


def test_a_server_that_asks_for_rest_amid_an_articles_files_keeps_the_article(harvest: Harvest) -> None:
    with FakePortal(lists={"TinTuc": 3}) as portal:
        for number in range(1, 4):
            portal.on(f"/Lists/TinTuc/DispForm.aspx?ID={number}", with_pictures(f"/{number}.png", f"/{number}a.png"))
        portal.on("/3.png", Answer(503, headers={"Retry-After": "900"}))
        first = harvest(portal.start, files=True)
        assert first.ran.code == ExitCode.PARTIAL and first.outcomes == {"new": 1, "failed": 1}, first.ran.err
        assert first.ran.err.count("asks to slow down") == 1
        asked = len(portal.requests)
        again = harvest(portal.start, "--quiet", files=True)
        assert again.ran.code == ExitCode.FETCH and len(portal.requests) == asked
        assert again.ran.err == ""


def test_a_limit_is_gone_on_from(harvest: Harvest, tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 25}) as portal:
        first = harvest(portal.start, "--limit", "10")
        assert first.ran.code == 0 and first.outcomes == {"new": 10}
        assert first.summary["portals"][0]["stopped"] == "limit"
        assert harvest(portal.start).outcomes == {"new": 15}
        assert kept_items(tmp_path / "archive", portal, "TinTuc") == portal.items("TinTuc")
        assert all(portal.count(f"/Lists/TinTuc/DispForm.aspx?ID={number}") == 1 for number in portal.items("TinTuc"))


@pytest.mark.parametrize("option", ["--summary", "--log"])
def test_what_cannot_be_written_is_told_before_anything_is_asked(run: Run, tmp_path: Path, option: str) -> None:
    with FakePortal(lists={"TinTuc": 3}) as portal:
        ran = run("harvest", portal.start, option, "khong-co/run.json")
        assert ran.code == ExitCode.INPUT and ran.out == ""
        assert ran.err.startswith("luutru: cannot write: khong-co/run.json: no such file or directory")
        assert portal.requests == [] and ran.err.count("\n") == 1


def test_nothing_that_a_terminal_obeys_is_told_or_written(harvest: Harvest, tmp_path: Path) -> None:
    evil = "\x1b[31m\u202e\x9b31m\x7f"
    with FakePortal(lists={"TinTuc": 2}) as portal:
        portal.on("/Lists/TinTuc/DispForm.aspx?ID=1", Answer(302, headers={"Location": f"http://khac.example/{evil}"}))
        portal.on("/Lists/TinTuc/DispForm.aspx?ID=2", Answer(body=article(f"Tin {evil} mới")))
        done = harvest(portal.start)
        assert done.outcomes == {"new": 1, "failed": 1}
        log, summary = ((tmp_path / name).read_text("utf-8") for name in ("requests.jsonl", "summary.json"))
        assert not STEERING.search(done.ran.out + done.ran.err + log + summary)


def test_json_gives_every_outcome(harvest: Harvest) -> None:
    with FakePortal(lists={"TinTuc": 3}) as portal:
        done = harvest(portal.start, "--json", "--quiet")
        assert [json.loads(line)["kind"] for line in done.ran.out.splitlines()] == ["new"] * 3 and done.ran.err == ""


def test_a_file_that_is_replaced_or_vanishes_is_a_dated_fact(harvest: Harvest, tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 2}) as portal:
        assert harvest(portal.start, files=True).ran.code == 0
        with luutru.open(tmp_path / "archive", mode="r") as archive:
            record = archive.get(portal.article_url("TinTuc", 1))
        assert record is not None
        lost, other = record["files"][0], record["files"][-1]
        assert lost["url"] != other["url"]
        before = len(portal.requests)
        assert harvest(portal.start, "--recheck", files=True).outcomes == {"unchanged": 2}
        asked = [one for one in portal.requests[before:] if "Attachments" in one.target]
        assert asked and all("if-none-match" in one.headers for one in asked)
        portal.on(lost["url"].removeprefix(portal.url("")), Answer(404))
        done = harvest(portal.start, "--recheck", files=True)
        with luutru.open(tmp_path / "archive", mode="r") as archive:
            record = archive.get(portal.article_url("TinTuc", 1))
        assert record is not None and record["revision"] == 1 and "missing" in done.ran.err
        now = next(file for file in record["files"] if file["url"] == lost["url"])
        assert now["status"] == "missing" and now["missing_since"] and now["sha256"] == lost["sha256"]
        assert (tmp_path / "archive" / now["path"]).exists()
