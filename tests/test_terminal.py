"""Terminals, pipes and files as the other side of stdout and stderr."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import luutru
from tests.conftest import Run
from tests.running import STEERING, TITLE, article, keep_three, objects, on_terminal, save, start


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The folder of an archive of three articles; page a.html beside it."""
    save(tmp_path, "a.html")
    return keep_three(tmp_path)


@pytest.mark.parametrize("command", [["list"], ["list", "--json"], ["export"], ["show", "xa.example/7"]])
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path, command: list[str]) -> None:
    one = luutru.extract(article().encode())
    long = one | {"title": "tin " * 20_000, "body_text": one["body_text"] * 1000}
    with luutru.open(tmp_path / "archive") as kept:
        assert len(list(kept.put_many(long | {"url": f"http://xa.example/{n}"} for n in range(9)))) == 9
    process = start(*command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(1)
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait(30) == 0


def test_a_full_disk_under_stdout_is_told(tmp_path: Path, archive: Path) -> None:
    of_the_archive = (["list"], ["list", "--json"], ["export"], ["stats"], ["history", "conen.example/b"])
    for command in (*of_the_archive, ["extract", "a.html"]):
        with Path("/dev/full").open("wb") as full:
            process = start(*command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE)
        said = process.communicate()[1].decode()
        assert (process.returncode, said) == (3, "luutru: cannot write: standard output: no space left on device\n")


def test_letters_that_the_terminal_lacks_are_escaped(run: Run, archive: Path) -> None:
    env = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    shown, listed = run("show", "conen.example/b", env=env), run("list", "--json", env=env)
    assert shown.code == 0 and "C\\u1ed3n" in shown.out
    assert objects(listed.out)[0]["title"] == TITLE


def test_colours_and_progress_appear_on_a_terminal_alone(run: Run, archive: Path, tmp_path: Path) -> None:
    of_the_archive = (["list"], ["show", "conen.example/b"], ["history", "conen.example/b"], ["stats"])
    for command in (*of_the_archive, ["diff", "conen.example/b"], ["explain", "a.html"], ["add", "a.html"]):
        plain = run(*command, env={"TERM": "xterm-256color"})
        assert "\x1b" not in plain.out + plain.err
        assert "\x1b[" in on_terminal(*command, cwd=tmp_path)[1]
        for quiet in (
            on_terminal(*command, "--no-color", cwd=tmp_path),
            on_terminal(*command, cwd=tmp_path, env={"NO_COLOR": "1"}),
        ):
            assert quiet[0] == 0 and "\x1b" not in quiet[1]
    assert "read" in on_terminal("add", "a.html", cwd=tmp_path)[1]
    assert "read" not in on_terminal("add", "a.html", "--quiet", cwd=tmp_path)[1]


def test_progress_does_not_touch_data_that_goes_to_a_file(tmp_path: Path) -> None:
    for number in range(20):
        save(tmp_path, f"p/{number:02}.html", title=f"Bản tin số {number} của chợ nổi")
    for options in (["--json"], []):
        with (tmp_path / "out").open("wb") as out:
            code, shown = on_terminal("add", "p", *options, cwd=tmp_path, stdout=out)
        lines = (tmp_path / "out").read_text("utf-8").splitlines()
        assert code == 0 and len(lines) == 20 and "read" in shown and "Bản tin" not in shown
    assert lines[7].split()[0] == "unchanged"
    assert on_terminal("add", "p", cwd=tmp_path)[1].count("Bản tin số") == 20


HOSTILE = "\x1b[31mX\x1b]0;t\x07\x9b5m\x9d8;;http://x.example\x9c\u202egnp\u2066\x7f\x00&#27;[1m"


def test_no_page_steers_the_terminal(run: Run, tmp_path: Path) -> None:
    save(tmp_path, "p/page.html", word=HOSTILE, author=f"Lục Nhạn{HOSTILE}")
    text = re.sub("<[^>]*>", "\n", article(word=HOSTILE))
    (tmp_path / "p" / "page.txt").write_text(text, "utf-8")
    seen = [run("add", "p"), run("add", "p", "--json"), run("list"), run("list", "--json")]
    name = objects(seen[-1].out)[0]["id"]
    seen += [run("show", name), run("show", name, "--json"), run("extract", "p/page.html")]
    seen += [run("explain", "p/page.html"), run("explain", "p/page.html", "--json"), run("explain", "p/page.txt")]
    for ran in seen:
        assert ran.code in (0, 5, 7) and (ran.out or ran.err)
        assert not STEERING.search(ran.out + ran.err)
