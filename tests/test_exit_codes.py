"""Every exit code of the command line, from a real process: what a script learns from a run."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import luutru
from cli.exits import ExitCode, exit_code_of_batch
from scraper.errors import ArchiveError, Corrupt, InputError, Locked, LuutruError, NetworkError, NotAnArticle, NotFound
from tests.conftest import ROOT, Run
from tests.loopback import Answer, Loopback
from tests.running import ENV, article, drained, keep, objects, save, start

HOLD = """
import sys, luutru
with luutru.open("archive") as archive:
    archive.put({"title": "Giữ chỗ", "url": "http://xa.example/giu-cho"})
    with archive._open_storage().writing():
        print("held", flush=True)
        sys.stdin.read()
"""


def test_0_fine_and_nothing_new(run: Run, tmp_path: Path) -> None:
    page = save(tmp_path)
    assert [run("add", page).code, run("add", page).code, run("list").code] == [ExitCode.OK] * 3


def test_1_a_bug_is_told_in_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import scraper.sources\ndel scraper.sources.expand\n")
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    ran = run("extract", save(tmp_path), env=env)
    assert (ran.code, ran.out) == (ExitCode.BUG, "")
    assert ran.err.startswith("luutru: a bug: ImportError: ") and ran.err.count("\n") == 1 and "LUUTRU_DEBUG" in ran.err
    assert "Traceback" in run("extract", "page.html", env=env | {"LUUTRU_DEBUG": "1"}).err


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("publish",),
        ("add",),
        ("add", "--archive"),
        ("add", "a.html", "--speed", "9"),
        ("add", "a.html", "b.html", "--url", "http://xa.example/"),
        ("add", "a.html", "--timeout", "soon"),
        ("show",),
        ("list", "--limit", "0"),
        ("-x\x1b[31m",),
    ],
    ids=" ".join,
)
def test_2_usage(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = run(*words)
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert ("Usage: luutru" in ran.err or ran.err.startswith("Error: ")) and "\x1b" not in ran.err
    assert "Traceback" not in ran.err
    assert list(tmp_path.iterdir()) == []


def test_3_input(run: Run, tmp_path: Path) -> None:
    keep(tmp_path)
    for command in (["add", "missing.html"], ["list", "--since", "yesterday"], ["export", "--format", "xlsx"]):
        assert run(*command).code == ExitCode.INPUT


def test_4_fetch(run: Run, portal: Loopback) -> None:
    assert run("add", portal.url("/none"), portal.url("/nothing")).code == ExitCode.FETCH


def test_5_extract(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.html").write_bytes(b"")
    (tmp_path / "picture.html").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert run("add", "empty.html", "picture.html").code == ExitCode.EXTRACT


def test_6_an_archive_path_that_is_a_file(run: Run, tmp_path: Path) -> None:
    page = save(tmp_path)
    for name in ("page.html", "page.html/below"):
        ran = run("add", page, "--archive", name)
        assert (ran.code, ran.out) == (ExitCode.ARCHIVE, "") and "a file stands where a folder belongs" in ran.err
    assert page.read_text("utf-8") == article()


@pytest.mark.parametrize("damage", ["", "{", "[]", "cut", "flipped"])
def test_6_a_damaged_archive_is_never_started_afresh(run: Run, tmp_path: Path, damage: str) -> None:
    page = save(tmp_path)
    keep(tmp_path)
    file = tmp_path / "archive" / "articles.json"
    whole = file.read_bytes()
    bad = {"cut": whole[:40], "flipped": whole.replace("nước".encode(), "nươc".encode())}.get(damage, damage.encode())
    file.write_bytes(bad)
    for command in (["add", page], ["export"]):
        ran = run(*command)
        assert (ran.code, ran.out) == (ExitCode.ARCHIVE, "")
        assert ran.err.startswith("luutru: the archive is damaged: ") and ran.err.count("\n") == 1
        assert "nothing was overwritten" in ran.err and file.read_bytes() == bad


def test_6_no_archive_to_read(run: Run, tmp_path: Path) -> None:
    for command in (["list"], ["show", "a"], ["export"]):
        ran = run(*command)
        assert ran.code == ExitCode.ARCHIVE and "there is no archive" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_6_a_file_size_limit_keeps_what_was_there(run: Run, tmp_path: Path) -> None:
    keep(tmp_path)
    before = (tmp_path / "archive" / "articles.json").read_bytes()
    (tmp_path / "sitecustomize.py").write_text(
        f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({len(before)}, {len(before)}))\n"
    )
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    ran = run("add", save(tmp_path, "b.html", title="Trang thứ hai"), env=env)
    assert (ran.code, ran.out) == (ExitCode.ARCHIVE, "") and ran.err.startswith("luutru: no space left: ")
    assert (tmp_path / "archive" / "articles.json").read_bytes() == before
    assert len(run("list").out.splitlines()) == 1


def test_6_a_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    save(tmp_path, "a.html"), save(tmp_path, "b.html", title="Trang thứ hai", more="<p>nước lên</p>" * 9000)
    (tmp_path / "disk").mkdir()
    luutru_ = f"{sys.executable} -m luutru"
    script = (
        "mount -t tmpfs -o size=64k luutru disk || exit 99\n"
        f"{luutru_} add a.html -a disk/kept || exit 98\ncp disk/kept/articles.json before\n"
        f"{luutru_} add b.html -a disk/kept; code=$?\ncmp before disk/kept/articles.json || exit 97\n"
        f"{luutru_} list -a disk/kept || exit 96\nexit $code"
    )
    namespace = [] if shutil.which("unshare") is None else ["unshare", "--mount", "--map-root-user"]
    if not namespace:
        pytest.skip("no unshare to mount a small disk with")
    ran = subprocess.run(
        [*namespace, "sh", "-c", script], cwd=tmp_path, env=ENV, capture_output=True, text=True, check=False
    )
    if ran.returncode in (1, 99):
        pytest.skip(f"a small disk cannot be mounted here: {ran.stderr.strip()}")
    assert ran.returncode == ExitCode.ARCHIVE, ran.stderr
    assert ran.stderr.startswith("luutru: no space left: ") and ran.stderr.count("\n") == 1


def test_0_an_unfinished_write_is_cut_off_and_told(run: Run, tmp_path: Path) -> None:
    page = save(tmp_path)
    keep(tmp_path)
    file = tmp_path / "archive" / "articles.json"
    file.write_bytes(file.read_bytes()[:-500])
    ran = run("add", page, "--quiet")
    assert ran.code == 0 and ran.err.count("\n") == 1
    assert "articles.json: the file ends in the middle of a line at byte" in ran.err and "articles.torn" in ran.err
    assert run("verify").code == 0 and len(run("list").out.splitlines()) == 1


def test_6_verify_names_faults_and_repairs(run: Run, tmp_path: Path) -> None:
    keep(tmp_path)
    assert run("verify").code == 0
    file = tmp_path / "archive" / "articles.json"
    whole = file.read_bytes()
    file.write_bytes(whole.replace("nước".encode(), "nươc".encode()))
    ran = run("verify", "--json")
    assert ran.code == ExitCode.ARCHIVE
    (fault,) = objects(ran.out)
    assert (fault["file"], fault["code"]) == ("articles.json", "damaged") and "--repair" in fault["repair"]
    ran = run("verify", "--repair")
    assert ran.code == 0 and ran.err.startswith("repaired articles.json: 0 documents kept;")
    assert run("verify").code == 0


def test_7_some_failed(run: Run, tmp_path: Path, portal: Loopback) -> None:
    portal.on("/tin", Answer(body=article()))
    assert run("add", portal.url("/tin"), portal.url("/none")).code == ExitCode.PARTIAL
    assert run("add", "missing.html", portal.url("/none")).code == ExitCode.PARTIAL
    assert len(run("list").out.splitlines()) == 1


def test_8_another_run_holds_the_lock(run: Run, tmp_path: Path) -> None:
    page = save(tmp_path)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=tmp_path, env=ENV, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdin is not None and holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        before = (tmp_path / "archive" / "articles.json").read_bytes()
        ran = run("add", page)
        assert (ran.code, ran.out) == (ExitCode.LOCKED, "")
        assert ran.err.startswith("luutru: the archive is in use: ") and f"process {holder.pid}" in ran.err
        assert run("list").code == 0
        assert (tmp_path / "archive" / "articles.json").read_bytes() == before
    assert run("add", page).code == 0


def test_130_interrupted_in_the_middle_keeps_what_was_read(tmp_path: Path, portal: Loopback) -> None:
    portal.on("/tin", Answer(body=article()))
    portal.on("/slow", Answer(body=article("Trang không bao giờ tới"), pause=60))
    process = start(
        "add", portal.url("/tin"), portal.url("/slow"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for _ in range(600):
        if portal.count("/slow"):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == ExitCode.INTERRUPTED
    assert err.decode().strip() == "luutru: interrupted" and out.startswith(b"new ")
    with luutru.open(tmp_path / "archive", mode="r") as kept:
        assert len(kept) == 1


def test_130_leaves_the_terminal_as_it_was(tmp_path: Path, portal: Loopback) -> None:
    portal.on("/slow", lambda _: os.kill(process, signal.SIGINT) or Answer(body="", pause=60))
    ours, theirs = pty.openpty()
    with start("add", portal.url("/slow"), cwd=tmp_path, stdout=theirs, stderr=theirs) as running:
        process = running.pid
        os.close(theirs)
        shown = drained(ours)
    assert running.returncode == ExitCode.INTERRUPTED and "luutru: interrupted" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is back


def test_130_interrupted_before_anything_was_read(tmp_path: Path, portal: Loopback) -> None:
    portal.on("/slow", Answer(body="", pause=60))
    process = start("extract", portal.url("/slow"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not portal.count("/slow"):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.decode().strip()) == (ExitCode.INTERRUPTED, b"", "luutru: interrupted")


@pytest.mark.parametrize(
    ("errors", "succeeded", "code"),
    [
        ([], 0, ExitCode.OK),
        ([], 5, ExitCode.OK),
        ([NotFound("a"), NetworkError("b")], 0, ExitCode.FETCH),
        ([NotAnArticle("a")], 0, ExitCode.EXTRACT),
        ([NotAnArticle("a")], 1, ExitCode.PARTIAL),
        ([NotAnArticle("a"), NotFound("b")], 0, ExitCode.PARTIAL),
        ([InputError("a")], 0, ExitCode.INPUT),
        ([Locked("a")], 0, ExitCode.LOCKED),
        ([Corrupt("a"), ArchiveError("b")], 0, ExitCode.ARCHIVE),
        ([LuutruError("a")], 0, ExitCode.BUG),
    ],
)
def test_a_batch_has_the_code_that_its_failures_share(
    errors: list[LuutruError], succeeded: int, code: ExitCode
) -> None:
    assert exit_code_of_batch(errors, succeeded) is code


def test_every_code_has_a_test() -> None:
    tested = {
        int(name.split("_")[1]) for name in globals() if name.startswith("test_") and name.split("_")[1].isdigit()
    }
    assert tested == set(map(int, ExitCode))
