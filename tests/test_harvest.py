"""`luutru harvest` against the fake portal: everything, once; then only what changed; and the proof of both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import luutru
from cli.exits import ExitCode
from tests.fakeportal import ALL, FakePortal
from tests.harvests import Harvest, kept_items
from tests.loopback import Answer

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


def test_a_limit_is_gone_on_from(harvest: Harvest, tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 25}) as portal:
        first = harvest(portal.start, "--limit", "10")
        assert first.ran.code == 0 and first.outcomes == {"new": 10}
        assert first.summary["portals"][0]["stopped"] == "limit"
        assert harvest(portal.start).outcomes == {"new": 15}
        assert kept_items(tmp_path / "archive", portal, "TinTuc") == portal.items("TinTuc")
        assert all(portal.count(f"/Lists/TinTuc/DispForm.aspx?ID={number}") == 1 for number in portal.items("TinTuc"))


def test_json_gives_every_outcome(harvest: Harvest) -> None:
    with FakePortal(lists={"TinTuc": 3}) as portal:
        done = harvest(portal.start, "--json", "--quiet")
        assert [json.loads(line)["kind"] for line in done.ran.out.splitlines()] == ["new"] * 3 and done.ran.err == ""
