"""Helpers of the harvest tests: a harvest of a fake portal through the command line, and what it left behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import luutru
from tests.conftest import Ran, Run
from tests.fakeportal import FakePortal


@dataclass(frozen=True)
class Harvested:
    """A finished harvest: its run, its summary, the requests that it made."""

    ran: Ran
    summary: dict[str, Any]
    requests: list[dict[str, Any]]

    @property
    def place(self) -> dict[str, Any]:
        """The report of the only place."""
        (portal,) = self.summary["portals"]
        (place,) = portal["places"]
        found: dict[str, Any] = place
        return found

    @property
    def outcomes(self) -> Mapping[str, int]:
        found: dict[str, int] = self.summary["outcomes"]
        return found

    def asked(self, part: str) -> list[dict[str, Any]]:
        """The requests whose address holds `part`."""
        return [one for one in self.requests if part in one["url"]]


Harvest = Callable[..., Harvested]


@pytest.fixture
def harvest(run: Run, tmp_path: Path) -> Harvest:
    """harvest(portal.start, "--full", …): without files and pauses unless asked for, into the test's own archive."""

    def call(*arguments: str | Path, files: bool = False, delay: float | None = 0, **options: Any) -> Harvested:
        summary, log = tmp_path / "summary.json", tmp_path / "requests.jsonl"
        for old in (summary, log):
            old.unlink(missing_ok=True)
        given: list[str | Path] = ["--summary", summary, "--log", log, "--files" if files else "--no-files"]
        given += [] if delay is None else ["--delay", str(delay)]
        env = {"LUUTRU_STATE": str(tmp_path / "state")} | options.pop("env", {})
        ran = run("harvest", *arguments, *given, env=env, **options)
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        told = json.loads(summary.read_text("utf-8")) if summary.exists() else {}
        return Harvested(ran, told, [json.loads(line) for line in lines])

    return call


def kept_items(folder: Path, portal: FakePortal, name: str) -> list[int]:
    """Item numbers of a list's articles that are in the archive and not gone, sorted; each must be there once."""
    with luutru.open(folder, mode="r") as archive:
        path = portal.lists[name].path
        numbers = sorted(
            one["item_id"] for one in archive.find() if one["list_path"] == path and one["gone_at"] is None
        )
    assert len(numbers) == len(set(numbers))
    return numbers
