"""Processes of a crew: what is taken for a standstill and what is not, signals at bad moments, ends that are told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cli.archivist import Archivist
from cli.crew import Crew, Message, Voice
from cli.exits import ExitCode
from cli.order import Order
from cli.running import Run
from scraper.errors import LuutruError
from scraper.settings import PortalSettings
from tests.fakeportal import FakePortal
from tests.loopback import Loopback
from tests.running import ENV
from tests.test_harvest_faults import wait_for


def nobody(calls: list[Any]) -> list[Any]:
    return [None for _ in calls]


def chatter(task: str, avoid: dict[str, str], voice: Voice) -> None:
    """Shows signs of life all the time."""
    for number in range(20):
        voice.say("beat", 0, f"page {number}")
        voice.say("outcome", number)
        time.sleep(0.02)
    voice.say("done", sorted(avoid), {})


def test_who_was_not_listened_to_did_not_stand_still() -> None:
    crew: Crew[str] = Crew(chatter, 2, nobody, patience=0.5)
    messages: list[tuple[str, Message]] = []
    for task, message in crew.run(["a", "b"]):
        messages.append((task, message))
        if len(messages) == 3:
            time.sleep(1.5)  # a reader who looks at the screen
    assert [message for _, message in messages if message[0] == "done"] == [("done", [], {})] * 2
    assert sorted(t for t, m in messages if m == ("ended", None)) == ["a", "b"]


def test_a_process_that_begins_while_the_crew_is_told_to_stop_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Crew._start

    def late(self: Crew[str], *arguments: Any) -> None:
        self.interrupted = True  # the signal found nobody to pass it on to
        plain(self, *arguments)

    monkeypatch.setattr(Crew, "_start", late)
    kinds = [message[0] for _, message in Crew(chatter, 1, nobody).run(["a", "b"])]
    assert "done" not in kinds and kinds[-1] == "ended"


def asks_for_ever(task: str, avoid: dict[str, str], voice: Voice) -> None:
    signal.signal(signal.SIGTERM, lambda *_: None)
    voice.say("outcome", 1)
    while True:
        voice.ask("get", "x")


def test_nobody_waits_for_answers_that_do_not_come(capfd: pytest.CaptureFixture[str]) -> None:
    crew: Crew[str] = Crew(asks_for_ever, 1, nobody)
    messages = crew.run(["a"])
    next(messages)
    began = time.monotonic()
    messages.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 5 and "Traceback" not in capfd.readouterr().err


def test_a_portal_that_stood_still_each_time_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order = Order(PortalSettings("xa", ("http://xa.example",)), job={}, fetching={})

    def work(order: Order, avoid: dict[str, str], voice: Voice) -> None:
        voice.say("beat", 0, "http://xa.example/view")
        told: list[int] = []
        signal.signal(signal.SIGTERM, lambda *_: told.append(1))
        while not told:
            time.sleep(0.01)
        voice.say("done", {"portal": "xa", "stopped": "interrupted"}, {})

    run = Run(work, tmp_path / "archive")
    assert list(run.outcomes([order], 1, 0.3)) == []
    assert "broke down: it took too long" in capsys.readouterr().err
    assert run.exit_code() == ExitCode.BUG and run.summary()["portals"][0]["stopped"] == "it took too long"


class Broken:
    """An archive that one record brings down."""

    notices = ()

    def put_batch(self, records: list[Any]) -> list[str]:
        if "bad" in records:
            raise ZeroDivisionError("oh")
        return [f"kept {record}" for record in records]


def test_a_record_that_brings_the_archive_down_is_its_own_portals_fault(tmp_path: Path) -> None:
    archivist = Archivist(tmp_path)
    archivist._archive = Broken()  # type: ignore[assignment]
    good, bad, other = archivist.answer(
        [("put_batch", (["a"],)), ("put_batch", (["bad"],)), ("put_batch", (["b", "c"],))]
    )
    assert good == ["kept a"] and other == ["kept b", "kept c"]
    assert isinstance(bad, LuutruError) and "ZeroDivisionError: oh" in str(bad)


def begin(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    """A harvest that runs on while the test goes on."""
    return subprocess.Popen(
        [sys.executable, "-m", "luutru", "harvest", *arguments, "--no-files"],
        cwd=tmp_path,
        env=ENV | {"LUUTRU_STATE": str(tmp_path / "state")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def children(process: subprocess.Popen[str]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def test_two_signals_end_it_at_once_and_quietly(tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 50}) as portal:
        process = begin(tmp_path, portal.start, "--delay", "0")
        wait_for(portal, 20, process)  # type: ignore[arg-type]
        portal.latency = 5
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert process.returncode == ExitCode.INTERRUPTED and "Traceback" not in err, err
        assert time.monotonic() - began < 3 and out.count("new ") >= 1


def test_a_child_that_was_told_to_stop_is_no_success(tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 50}) as portal:
        portal.latency = 0.05
        process = begin(tmp_path, portal.start, "--delay", "0")
        wait_for(portal, 15, process)  # type: ignore[arg-type]
        (child,) = children(process)
        os.kill(child, signal.SIGTERM)
        _, err = process.communicate(timeout=30)
        assert process.returncode == ExitCode.INTERRUPTED and "interrupted" in err


@pytest.mark.skipif(sys.platform != "linux", reason="Linux ends children with their parent")
def test_children_die_with_their_parent(tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 50}) as portal, Loopback():
        portal.latency = 0.2
        process = begin(tmp_path, portal.start, "--delay", "0")
        wait_for(portal, 5, process)  # type: ignore[arg-type]
        (child,) = children(process)
        process.kill()
        process.communicate()
        until = time.monotonic() + 5
        while Path(f"/proc/{child}/exe").exists() and time.monotonic() < until:
            time.sleep(0.01)
        assert not Path(f"/proc/{child}/exe").exists()


def dying_once(task: str, avoid: dict[str, str], voice: Voice) -> None:
    """Say how long earlier attempts took; the first attempt dies in the middle of something."""
    voice.say("beat", 0, "something")
    if not avoid:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    voice.say("done", voice.spent)


def test_an_attempt_knows_how_long_the_earlier_ones_took() -> None:
    messages = [message for _, message in Crew(dying_once, 1, lambda calls: []).run(["xa"])]
    assert [message[0] for message in messages] == ["done", "ended"] and 0.5 <= messages[0][1] < 30


def test_the_time_given_to_a_portal_holds_over_all_attempts() -> None:
    order = Order(PortalSettings("xa", ("http://xa.example/",)), job={}, fetching={}, seconds=10.0)
    assert order.time_left() == 10.0 and order.time_left(4.0) == 6.0 and order.time_left(11.0) == 0.0
    assert Order(order.settings, job={}, fetching={}).time_left(5.0) is None
