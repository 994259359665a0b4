"""What goes wrong in a harvest: kills, signals, limits, locks, servers that lie, hang and send too much."""

from __future__ import annotations

import dataclasses
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import luutru
from cli.enclosing import Enclosures
from cli.exits import ExitCode
from scraper.errors import RateLimited
from scraper.models import Capture
from scraper.pipeline import extract_checked
from storage.file_store import FileStore
from storage.ledger import Ledger
from tests.conftest import Run
from tests.fakeportal import FakePortal
from tests.harvests import Harvest, kept_items
from tests.loopback import Answer, Loopback, Request
from tests.running import ENV, article, capture


def begin(tmp_path: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """A harvest that runs on while the test goes on."""
    return subprocess.Popen(
        [sys.executable, "-m", "luutru", "harvest", *arguments, "--delay", "0", "--no-files"],
        cwd=tmp_path,
        env=ENV | {"LUUTRU_STATE": str(tmp_path / "state")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for(portal: Loopback, requests: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while len(portal.requests) < requests and process.poll() is None and time.monotonic() < until:
        time.sleep(0.005)


def words(folder: Path) -> dict[str, tuple[object, ...]]:
    """What an archive says, without what depends on the time."""
    with luutru.open(folder, mode="r") as archive:
        return {
            one["id"]: (one["title"], one["content_hash"], one["revision"], one["gone_at"]) for one in archive.find()
        }


def test_killed_at_random_points_it_ends_as_if_it_had_not_been(harvest: Harvest, tmp_path: Path) -> None:
    chance = random.Random(7)
    with FakePortal(lists={"TinTuc": 60}) as portal:
        asked = 0
        for _ in range(6):
            process = begin(tmp_path, portal.start)
            wait_for(portal, asked + chance.randrange(1, 25), process)
            process.kill()
            process.communicate()
            asked = len(portal.requests)
        stored = words(tmp_path / "archive") if (tmp_path / "archive" / "articles.json").exists() else {}
        with luutru.open(tmp_path / "archive", mode="r") if stored else luutru.open(tmp_path / "none") as archive:
            known = {one["item_id"] for one in archive.find()}
        before = {number: portal.count(f"/Lists/TinTuc/DispForm.aspx?ID={number}") for number in known}
        done = harvest(portal.start)
        assert done.ran.code == 0 and done.place["complete"]
        for number, times in before.items():
            assert portal.count(f"/Lists/TinTuc/DispForm.aspx?ID={number}") == times
        killed = words(tmp_path / "archive")
        assert harvest(portal.start, "--archive", tmp_path / "whole").outcomes == {"new": 60}
        assert killed == words(tmp_path / "whole")


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_page_in_hand(harvest: Harvest, tmp_path: Path, name: signal.Signals) -> None:
    with FakePortal(lists={"TinTuc": 200}) as portal:
        portal.latency = 0.02
        process = begin(tmp_path, portal.start)
        wait_for(portal, 20, process)
        process.send_signal(name)
        out, err = process.communicate(timeout=30)
        assert process.returncode == ExitCode.INTERRUPTED, err
        visited = sum("DispForm" in one.target for one in portal.requests)
        assert len(out.splitlines()) == visited
        portal.latency = 0
        assert harvest(portal.start).outcomes == {"new": 200 - visited}


def test_a_second_run_of_the_same_portal_says_who_holds_it(harvest: Harvest, tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 3}) as portal:
        name = portal.start.removeprefix("http://")
        with Ledger(tmp_path / "archive", name, now="2024-05-06T07:08:09+00:00"):
            done = harvest(portal.start)
        assert done.ran.code == ExitCode.LOCKED and f"process {os.getpid()}" in done.ran.err
        assert len(portal.requests) == 0
        assert harvest(portal.start).ran.code == 0


def test_a_time_limit_ends_it_and_the_next_run_goes_on(harvest: Harvest, tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 100}) as portal:
        portal.latency = 0.05
        began = time.monotonic()
        first = harvest(portal.start, "--max-time", "2")
        assert time.monotonic() - began < 20
        assert first.ran.code == ExitCode.PARTIAL and first.summary["portals"][0]["stopped"] == "time limit"
        assert 0 < first.outcomes["new"] < 100
        portal.latency = 0
        second = harvest(portal.start)
        assert second.outcomes["new"] == 100 - first.outcomes["new"]
        assert kept_items(tmp_path / "archive", portal, "TinTuc") == portal.items("TinTuc")


def endless() -> Iterator[bytes]:
    yield from itertools.repeat(b"<p>" + b"x" * 65_000 + b"</p>")


BAD = {
    "slow-loris": Answer(body="x" * 10_000, drip=(1, 0.2), drip_head=True),
    "reset": Answer(reset=True, body="<p>half"),
    "truncated": Answer(body="<p>short</p>", length=100_000),
    "too large": Answer(body=endless, chunk=65_000),
    "endless redirect": Answer(302, headers={"Location": "/Lists/TinTuc/DispForm.aspx?ID=2"}),
    "not HTTP": Answer(raw=b"SSH-2.0-OpenSSH\r\n"),
}


@pytest.mark.parametrize("how", BAD)
def test_a_bad_page_does_no_harm_to_the_others(harvest: Harvest, tmp_path: Path, how: str) -> None:
    with FakePortal(lists={"TinTuc": 4}) as portal, FakePortal(lists={"TinTuc": 4}, host="127.0.0.2") as other:
        portal.on("/Lists/TinTuc/DispForm.aspx?ID=2", BAD[how])
        limits = ("--timeout", "2", "--retries", "0", "--max-bytes", "3000000")
        done = harvest(portal.start, other.start, *limits)
        assert done.ran.code == ExitCode.PARTIAL, done.ran.err
        assert done.outcomes == {"new": 7, "failed": 1}
        assert "ID=2" in done.ran.err


def test_endless_paging_ends(harvest: Harvest) -> None:
    with FakePortal(lists={"TinTuc": 25}, doors={"pages", "section"}) as portal:

        def again(request: Request) -> Answer:
            number = len(portal.requests)
            links = "".join(
                f'<li><a href="/Pages/tin.aspx?ItemID={n}">Tin số {n} của thị xã</a></li>' for n in (1, 2, 3)
            )
            pager = f'<a href="/tin-tuc.aspx?Page={number + 1}">{number + 1}</a><a href="?Page={number + 2}">Sau</a>'
            return Answer(
                body=f"<html><body><ul>{links}</ul><div class='pager'><span>{number}</span>{pager}</div></body></html>"
            )

        portal.on("/tin-tuc.aspx", again)
        harvest(portal.url("/tin-tuc.aspx"), "--max-time", "60")
        assert portal.count("/tin-tuc.aspx") < 12


def test_a_page_that_brings_the_reader_down_is_left_out_and_told(harvest: Harvest, tmp_path: Path) -> None:
    """The process dies at one page, as a fault in a C library would let it; it is begun again without that page."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal\n"
        "import scraper.pipeline as pipeline\n"
        "import scraper.harvest.visiting as visiting\n"
        "plain = pipeline.extract_checked\n"
        "def deadly(capture, portals=None):\n"
        "    if capture.name.endswith('ID=3'):\n"
        "        os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    return plain(capture, portals)\n"
        "visiting.extract_checked = deadly\n"
    )
    root = Path(luutru.__file__).parent
    with FakePortal(lists={"TinTuc": 6}) as portal:
        done = harvest(portal.start, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"})
        assert done.ran.code == ExitCode.PARTIAL and "SIGSEGV" in done.ran.err
        assert done.outcomes == {"new": 5, "failed": 1}
        assert portal.count("/Lists/TinTuc/DispForm.aspx?ID=3") == 1


def test_a_page_that_stalls_is_given_up(harvest: Harvest, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import time\n"
        "import scraper.pipeline as pipeline\n"
        "import scraper.harvest.visiting as visiting\n"
        "plain = pipeline.extract_checked\n"
        "def slow(capture, portals=None):\n"
        "    if capture.name.endswith('ID=3'):\n"
        "        import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); time.sleep(600)\n"
        "    return plain(capture, portals)\n"
        "visiting.extract_checked = slow\n"
    )
    root = Path(luutru.__file__).parent
    with FakePortal(lists={"TinTuc": 6}) as portal:
        began = time.monotonic()
        done = harvest(portal.start, "--stall", "2", env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"})
        assert time.monotonic() - began < 60
        assert done.ran.code == ExitCode.PARTIAL and "took too long" in done.ran.err
        assert done.outcomes == {"new": 5, "failed": 1}


def test_links_and_redirects_to_other_hosts_are_refused(harvest: Harvest, tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 4}) as portal, Loopback() as inner:
        inner.fallback = Answer(body="<h1>secret</h1>")
        portal.on("/Lists/TinTuc/DispForm.aspx?ID=2", Answer(302, headers={"Location": inner.url("/admin")}))
        portal.on("/Lists/TinTuc/DispForm.aspx?ID=3", Answer(302, headers={"Location": "file:///etc/passwd"}))
        done = harvest(portal.start)
        assert done.outcomes == {"new": 2, "failed": 2} and inner.requests == []
        assert "leads away" in done.ran.err


def test_a_full_disk_ends_it_with_what_was_stored(harvest: Harvest, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "harvest").write_text("a file where the folder belongs")
    with FakePortal(lists={"TinTuc": 3}) as portal:
        done = harvest(portal.start)
        assert done.ran.code == ExitCode.ARCHIVE and "harvest" in done.ran.err
        assert portal.requests == []


def test_a_full_disk_for_the_log_costs_no_article(run: Run) -> None:
    with FakePortal(lists={"TinTuc": 3}) as portal:
        done = run("harvest", portal.start, "--delay", "0", "--no-files", "--log", "/dev/full")
        assert done.code == 0 and done.out.count("new ") == 3
        assert done.err.count("/dev/full: no space left") == 1


class Throttled:
    """A fetcher whose every answer is that it is asked too often."""

    def fetch_changed(self, url: str, *_: object, **more: object) -> Capture:
        raise RateLimited(url, "HTTP 429")

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("host", ["xa.example", "anh.example"])
def test_a_host_of_pictures_that_wants_rest_stops_no_article(tmp_path: Path, host: str) -> None:
    more = f'<p><img src="http://{host}/anh.jpg" width="600" height="400" alt="Ghe khóm"></p>'
    record = extract_checked(capture(article(more=more).encode().replace(b"/anh/ghe.jpg", b"data:,")))
    record = dataclasses.replace(record, attachments=())
    with Ledger(tmp_path, "xa", now="2024-05-06T07:08:09+00:00") as ledger:
        files = Enclosures(Throttled(), ledger, FileStore(tmp_path), lambda *_: None, recheck=False)  # type: ignore[arg-type]
        found = files.of(record)
        assert [(file["status"], file["error"]) for file in found] == [("failed", "rate_limited")]


def test_a_listing_that_was_left_says_so(harvest: Harvest) -> None:
    with FakePortal(lists={"TinTuc": 25}) as portal:
        done = harvest(portal.start, "--limit", "10")
        assert done.place["collected"] >= 10 and done.place["why"] == "not read to the end"
        assert "listed, not read to the end" in done.ran.err


def test_a_portal_that_could_not_be_begun_is_not_called_unchanged(harvest: Harvest, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "harvest").write_text("a file where the folder belongs")
    with FakePortal(lists={"TinTuc": 3}) as portal:
        assert "nothing new" not in harvest(portal.start).ran.err
