"""Harvest → WARC → import, or replay and recover, into an empty archive: the same articles with the same history."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

import luutru
from tests.conftest import Run
from tests.fakeportal import FakePortal
from tests.harvests import Harvest
from tests.test_captures import codes, warcs
from tests.tools import replaying, tool

SEEN = {"first_seen", "last_seen", "changed_at", "reason", "changed", "gone_at", "gone_reason"}
"""When and how a run saw an article: no page tells of these."""
RECEIVED = {"fetched_at", "status", "content_type", "charset", "final_url"}


def histories(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The states of each article, less what is a run's own."""
    with luutru.open(folder, mode="r") as archive:
        return {record["id"]: [told(state) for state in archive.history(record["id"])] for record in archive.find()}


def told(state: dict[str, Any]) -> dict[str, Any]:
    capture = {name: state["capture"][name] for name in RECEIVED}
    # When a file was asked for last: an answer that it has not changed is no capture.
    files = [{name: value for name, value in file.items() if name != "fetched_at"} for file in state["files"]]
    return {name: value for name, value in state.items() if name not in SEEN} | {"capture": capture, "files": files}


def harvested(harvest: Harvest, folder: Path, version: int = 2010) -> tuple[str, dict[str, list[dict[str, Any]]]]:
    """Start of a portal with an edit, a deletion and two new articles between two harvests, and what is kept of it."""
    with FakePortal(version=version, lists={"TinTuc": 12}) as portal:
        assert harvest(portal.start, files=True).ran.code == 0
        portal.edit("TinTuc", 3)
        portal.delete("TinTuc", 5)
        portal.publish("TinTuc", 2)
        time.sleep(1)  # WARC tells captures apart by the second
        assert harvest(portal.start, "--recheck", files=True).outcomes["changed"] == 1
    kept = histories(folder)
    assert len(kept) == 14 and sorted(len(states) for states in kept.values())[-2:] == [1, 2]
    return portal.start, kept


@pytest.mark.parametrize("version", [2010, 2013])
def test_what_comes_back_from_its_warc_is_equal(harvest: Harvest, run: Run, tmp_path: Path, version: int) -> None:
    folder, handed_over = tmp_path / "archive", tmp_path / "out.warc.gz"
    _, kept = harvested(harvest, folder, version)
    assert run("export", "--format", "warc", "-o", handed_over).code == 0
    for number, file in enumerate((handed_over, *warcs(folder))):
        other = tmp_path / f"other{number}"
        assert run("import", file, "--archive", other).code == 0
        assert histories(other) == kept
        assert codes(other) == []
        assert run("reextract", "--archive", other).err == "14 unchanged\n"


def test_what_is_recovered_from_a_replay_of_its_warc_is_equal(harvest: Harvest, run: Run, tmp_path: Path) -> None:
    tool("wayback")
    start, kept = harvested(harvest, tmp_path / "archive")
    other, (file,) = tmp_path / "other", warcs(tmp_path / "archive")
    with replaying(tmp_path / "pywb", file) as endpoint:
        assert run("recover", start, "--from-archive", endpoint, "--delay", "0", "--archive", other).code == 0
    recovered = histories(other)
    for states in recovered.values():
        assert all(state["evidence"].pop("capture")["rule"] == "memento" for state in states)
    assert recovered == kept
    assert codes(other) == []
    assert run("reextract", "--archive", other).err == "14 unchanged\n"
