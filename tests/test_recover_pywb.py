"""`luutru recover` against a real pywb: every item, each version, where it came from, and what nobody captured."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import luutru
from cli.exits import ExitCode
from scraper.models import WarcPlace
from storage.captures import CaptureStore
from tests.conftest import Ran, Run
from tests.running import article, start
from tests.webarchive import Warc, replayed

HOST = "http://thixa.example"
LIST = f"{HOST}/Lists/ThongBao"
LOGIN = (
    "<html><head><title>Sign In</title></head><body><form action='/_forms/default.aspx'><input type='text' name='user'>"
    "<input type='password' name='pass'><input type='submit' value='Sign In'></form></body></html>"
)


def form(number: int, host: str = HOST) -> str:
    return f"{host}/Lists/ThongBao/DispForm.aspx?ID={number}"


def captures() -> Warc:
    """What was captured of the list; item 3 never was, nor 10 and 11."""
    warc = Warc()
    first, second = article("Họp dân ấp Một"), article("Họp dân ấp Một (dời ngày)")
    warc.response(form(1), "2016-01-01", first)
    warc.revisit(form(1), "2016-06-01", first, first="2016-01-01")
    warc.response(form(1, "https://www.thixa.example"), "2017-01-01", second)
    warc.response(form(1), "2018-01-01", first)
    warc.redirect(form(2), "2016-01-01", "https://thixa.example/tin/dap-de.aspx", "301 Moved Permanently")
    warc.response("https://thixa.example/tin/dap-de.aspx", "2016-01-01T00:00:05", article("Đắp đê bao"))
    warc.response(form(4), "2016-01-01", article("Lỗi"), headers=("SharePointError: 0",))
    warc.response(form(4), "2017-01-01", LOGIN)
    warc.response(form(4), "2018-01-01", article("Cấp nước sạch"), headers=("X-SharePointHealthScore: 10",))
    warc.response(form(4), "2019-01-01", "<html><body><h1>Server Error</h1></body></html>", "500 Internal Server Error")
    warc.redirect(form(5), "2016-01-01", "/_layouts/Authenticate.aspx?Source=%2F")
    warc.response(form(6), "2016-01-01", "<p>không có</p>", "404 Not Found")
    warc.redirect(form(7), "2016-01-01", "http://parking.example/")
    warc.response("http://parking.example/", "2016-01-01", article("Tên miền để bán"))
    warc.redirect(form(8), "2016-01-01", "/Lists/ThongBao/DispForm.aspx?ID=8&t=1")
    warc.response(f"{form(8)}&t=1", "2016-01-01T00:00:01", article("Chích ngừa"))
    warc.response(form(9), "2018-02-03T04:05:06", article("Tựu trường"))
    warc.revisit(form(12), "2019-01-01", article("Lịch trực Tết"), f"{LIST}/dispform.aspx?ID=0012", "2018-12-31")
    warc.response(f"{LIST}/dispform.aspx?ID=0012", "2018-12-31", article("Lịch trực Tết"))
    warc.response(f"{LIST}/AllItems.aspx", "2018-01-01", "<html><body><p>danh sách</p></body></html>")
    warc.response(
        f"{LIST}/Attachments/9/lich.pdf", "2018-01-01", b"%PDF-1.4", headers=("Content-Type: application/pdf",)
    )
    warc.response(f"{LIST}Cu/DispForm.aspx?ID=1", "2018-01-01", article("Danh sách khác"))
    warc.response(f"{HOST}/", "2018-01-01", "<html><body><a href='/tin'>Tin</a></body></html>")
    return warc


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with replayed(tmp_path_factory.mktemp("pywb"), captures()) as address:
        yield address


def recover(run: Run, folder: Path, endpoint: str, *arguments: str, target: str = LIST) -> tuple[Ran, dict[str, Any]]:
    summary = folder / "summary.json"
    ran = run("recover", target, "--from-archive", endpoint, "--delay", "0", "--summary", summary, *arguments)
    return ran, json.loads(summary.read_text("utf-8"))


def histories(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Title and day of capture of each state of each article, by address."""
    with luutru.open(folder, mode="r") as archive:
        return {
            one["url"]: [(state["title"], state["capture"]["fetched_at"][:10]) for state in archive.history(one["id"])]
            for one in archive.find()
        }


def test_every_item_each_version_and_what_nobody_captured(run: Run, tmp_path: Path, endpoint: str) -> None:
    ran, told = recover(run, tmp_path, endpoint)
    assert ran.code == ExitCode.PARTIAL, ran.err
    kept = {
        url.partition("://")[2].removeprefix("www."): states for url, states in histories(tmp_path / "archive").items()
    }
    assert kept == {
        "thixa.example/Lists/ThongBao/DispForm.aspx?ID=1": [
            ("Họp dân ấp Một", "2016-01-01"),
            ("Họp dân ấp Một (dời ngày)", "2017-01-01"),
            ("Họp dân ấp Một", "2018-01-01"),
        ],
        "thixa.example/tin/dap-de.aspx": [("Đắp đê bao", "2016-01-01")],
        "thixa.example/Lists/ThongBao/DispForm.aspx?ID=4": [("Cấp nước sạch", "2018-01-01")],
        "thixa.example/Lists/ThongBao/DispForm.aspx?ID=8&t=1": [("Chích ngừa", "2016-01-01")],
        "thixa.example/Lists/ThongBao/DispForm.aspx?ID=9": [("Tựu trường", "2018-02-03")],
        "thixa.example/Lists/ThongBao/dispform.aspx?ID=0012": [("Lịch trực Tết", "2018-12-31")],
    }
    (portal,) = told["portals"]
    (place,) = portal["places"]
    assert place["list_path"] == "/Lists/ThongBao" and place["door"] == "cdx"
    assert place["gaps"]["ranges"] == [[3, 3], [6, 6], [10, 11]] and place["gaps"]["only errors captured"] == 1
    items = {item["item_id"]: item for item in portal["items"]}
    assert items[1]["captures"] == 4 and items[1]["versions"] == items[1]["fetched"] == 3
    assert portal["outcomes"] == {"new": 6, "changed": 2, "failed": 2} and portal["failed"] == {
        "login": 1,
        "off_site": 1,
    }
    assert "4 of 12 item numbers not captured: 3, 6, 10–11" in ran.err
    assert len(ran.out.splitlines()) == 8


def test_where_a_record_came_from_is_on_record(run: Run, tmp_path: Path, endpoint: str) -> None:
    recover(run, tmp_path, endpoint)
    with luutru.open(tmp_path / "archive", mode="r") as archive:
        record, moved = archive.get(form(9)), archive.get(form(2))
    assert record is not None and moved is not None
    capture = record["capture"]
    assert capture["source"] == "memento" and capture["status"] == 200
    assert capture["fetched_at"] == "2018-02-03T04:05:06+00:00"
    assert capture["replay_url"] == f"{endpoint}/20180203040506id_/{form(9)}"
    assert capture["requested_url"] == capture["final_url"] == form(9)
    assert record["evidence"]["capture"]["rule"] == "memento"
    assert moved["capture"]["requested_url"] == form(2)
    assert moved["capture"]["final_url"] == "https://thixa.example/tin/dap-de.aspx"
    assert moved["capture"]["replay_url"].startswith(f"{endpoint}/20160101000005id_/https://")
    assert not any("127.0.0.1" in alias for alias in [*record["aliases"], *moved["aliases"]])


def test_what_was_recovered_is_kept_and_can_be_read_again(run: Run, tmp_path: Path, endpoint: str) -> None:
    recover(run, tmp_path, endpoint)
    verified = run("verify")
    assert verified.code == 0 and "captures 9 (1 that no record names)" in verified.err
    store = CaptureStore(tmp_path / "archive")
    with luutru.open(tmp_path / "archive", mode="r") as archive:
        for record in archive.find():
            kept = store.read(WarcPlace(**record["capture"]["warc"]))
            assert kept.info.replay_url == record["capture"]["replay_url"] and kept.sent is None
    store.close()
    assert run("reextract").err == "6 unchanged\n"
    (tmp_path / "other").mkdir()
    recover(run, tmp_path / "other", endpoint, "--no-captures", "--archive", tmp_path / "other" / "archive")
    assert not (tmp_path / "other" / "archive" / "captures").exists()


def test_a_second_run_asks_for_nothing_but_the_index(run: Run, tmp_path: Path, endpoint: str) -> None:
    recover(run, tmp_path, endpoint)
    before = histories(tmp_path / "archive")
    log = tmp_path / "log.jsonl"
    ran, told = recover(run, tmp_path, endpoint, "--log", str(log))
    assert ran.code == 0 and ran.out == "" and told["outcomes"] == {}
    asked = [json.loads(line)["url"] for line in log.read_text("utf-8").splitlines()]
    assert not [url for url in asked if "id_/" in url] and [url for url in asked if "/cdx?" in url]
    assert histories(tmp_path / "archive") == before


def test_one_item_a_time_span_and_a_limit(run: Run, tmp_path: Path, endpoint: str) -> None:
    ran, _ = recover(run, tmp_path, endpoint, "--since", "2017", "--until", "2017-06", target=form(1))
    assert ran.code == 0, ran.err
    ((states),) = histories(tmp_path / "archive").values()
    assert states == [("Họp dân ấp Một (dời ngày)", "2017-01-01")]
    ran, told = recover(run, tmp_path, endpoint, "--since", "2018", "--limit", "2")
    assert ran.code == 0 and told["portals"][0]["stopped"] == "limit"
    assert len(histories(tmp_path / "archive")) == 2


def test_a_whole_host_by_its_name_alone(run: Run, tmp_path: Path, endpoint: str) -> None:
    ran, told = recover(run, tmp_path, endpoint, target="thixa.example")
    assert ran.code == ExitCode.PARTIAL
    titles = {states[-1][0] for states in histories(tmp_path / "archive").values()}
    assert "Danh sách khác" in titles and "Đắp đê bao" in titles and "Tên miền để bán" not in titles
    assert len(titles) == 7 and told["portals"][0]["skipped"]


def test_what_no_archive_has_is_a_failure(run: Run, tmp_path: Path, endpoint: str) -> None:
    ran, _ = recover(run, tmp_path, endpoint, target="khongco.example")
    assert ran.code == ExitCode.FETCH and f"no page is captured in {endpoint}" in ran.err
    ran, _ = recover(run, tmp_path, endpoint, "--until", "2010")
    assert ran.code == ExitCode.FETCH and "no page of that time is captured" in ran.err


@pytest.mark.parametrize("seconds", [0.6, 1.2, 1.8])
def test_killed_and_run_again_it_equals_a_run_that_was_not(
    run: Run, tmp_path: Path, endpoint: str, seconds: float
) -> None:
    whole = tmp_path / "whole"
    run("recover", LIST, "--from-archive", endpoint, "--delay", "0", "--archive", whole)
    arguments = ("recover", LIST, "--from-archive", endpoint, "--delay", "0.1", "--archive", tmp_path / "archive")
    env = {"LUUTRU_STATE": str(tmp_path / "state")}
    for _ in range(2):
        process = start(*arguments, cwd=tmp_path, env=env, stdout=-3, stderr=-3)
        time.sleep(seconds)
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    time.sleep(0.2)
    ran = run(*arguments)
    assert ran.code in (0, ExitCode.PARTIAL), ran.err
    assert histories(tmp_path / "archive") == histories(whole)
