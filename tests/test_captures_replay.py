"""A harvest's captures as others see them: `warcio check`, pywb on loopback, and a browser. Skipped where they are not.

`tests.tools` says where these programs are looked for.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import luutru
from scraper.models import WarcPlace
from storage.captures import CaptureStore
from tests.fakeportal import FakePortal
from tests.harvests import Harvest
from tests.test_captures import check, codes
from tests.tools import tool

BROWSER_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --virtual-time-budget=8000 --dump-dom"
).split()


@contextlib.contextmanager
def replay(archive: Path, folder: Path) -> Iterator[str]:
    """pywb on loopback over an archive's captures: the beginning of its addresses."""
    program = tool("wayback")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = (archive / "captures").absolute()
    folder.mkdir()
    (folder / "config.yaml").write_text(
        f"collections:\n  kept:\n    archive_paths: {where}/\n    index_paths: {where}/\nframed_replay: false\n"
    )
    process = subprocess.Popen(
        [program, "-b", "127.0.0.1", "-p", str(port)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            assert process.poll() is None, "pywb did not start"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/kept"
    finally:
        process.terminate()
        process.wait(20)


def got(address: str) -> tuple[int, bytes]:
    """Status and body, redirects not followed."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay).open(address, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def stamp(moment: str | None) -> str:
    """A capture's time as replay addresses have it."""
    return (moment or "")[:19].translate({ord(char): None for char in "-T:"})


def test_everything_that_a_harvest_receives_is_kept_and_clean(harvest: Harvest, tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 12}) as portal:
        assert harvest(portal.start, files=True).ran.code == 0
        harvest(portal.start, "--recheck", files=True)
        asked = {request.target for request in portal.requests}
        base = portal.url("").rstrip("/")
    folder = tmp_path / "archive"
    kinds = check(folder)
    assert kinds[0] == "warcinfo" and {"response", "request", "metadata", "revisit"} <= set(kinds)
    assert codes(folder) == []
    store = CaptureStore(folder)
    kept = list(store.walk())
    known = {one.info.final_url for _, one in kept} | {hop.url for _, one in kept for hop in one.hops}
    assert base + "/robots.txt" in known and sum(target.endswith(".png") for target in asked) == 12
    assert {base + target for target in asked if ".png" in target or "DispForm" in target} <= known
    with luutru.open(folder, mode="r") as archive:
        for record in archive.find():
            capture = store.read(WarcPlace(**record["capture"]["warc"]))
            assert capture.info.final_url == record["capture"]["final_url"]
            for file in record["files"]:
                assert any(
                    one.info.sha256 == file["sha256"] for _, one in kept if one.info.requested_url == file["url"]
                )


def test_pywb_replays_all_of_it(harvest: Harvest, tmp_path: Path) -> None:
    tool("wayback")
    with FakePortal(lists={"TinTuc": 12}) as portal:
        assert harvest(portal.start, files=True).ran.code == 0
        time.sleep(1)  # a replay tool tells captures apart by the second
        harvest(portal.start, "--recheck", files=True)
    folder = tmp_path / "archive"
    kept = [capture for _, capture in CaptureStore(folder).walk() if capture.info.source == "http"]
    assert kept
    with replay(folder, tmp_path / "pywb") as base:
        for capture in kept:
            moment = stamp(capture.info.fetched_at)
            answer = got(f"{base}/{moment}id_/{capture.info.final_url}")
            assert answer == (capture.info.status, capture.content), capture.info
            for hop in capture.hops:
                assert got(f"{base}/{moment}id_/{hop.url}")[0] == hop.status


def test_a_browser_shows_an_article_with_its_picture(harvest: Harvest, tmp_path: Path) -> None:
    chromium = tool("chromium", "chromium-browser", "google-chrome")
    with FakePortal(version=2010, lists={"TinTuc": 3}) as portal:
        assert harvest(portal.start, files=True).ran.code == 0
    with luutru.open(tmp_path / "archive", mode="r") as archive:
        record = next(archive.find())
    moment, picture = stamp(record["capture"]["fetched_at"]), record["images"][0]["url"]
    with replay(tmp_path / "archive", tmp_path / "pywb") as base:
        shown = in_browser(chromium, f"{base}/{moment}/{record['capture']['final_url']}", tmp_path)
        assert record["title"] in shown
        assert f'<img src="{picture}"' in shown  # the replay's script shows the original address
        told = "document.body.append(this.naturalWidth + ' wide')"
        (tmp_path / "one.html").write_text(f'<body><img src="{base}/{moment}im_/{picture}" onload="{told}"></body>')
        assert "1 wide" in in_browser(chromium, (tmp_path / "one.html").as_uri(), tmp_path)


def in_browser(program: str, address: str, folder: Path) -> str:
    """The document that a browser makes of an address."""
    command = [program, *BROWSER_FLAGS, f"--user-data-dir={folder / 'profile'}", address]
    return subprocess.run(command, capture_output=True, timeout=120, check=True).stdout.decode("utf-8", "replace")
