"""`luutru search` as its users meet it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import luutru
from tests.conftest import Run
from tests.running import DYKE, POWER, STEERING, TITLE, article, keep, keep_three, objects, on_terminal, start


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The folder of an archive of three articles."""
    return keep_three(tmp_path)


def titles(out: str) -> list[str]:
    return [str(hit["title"]).strip() for hit in objects(out)]


def test_hits_are_lines_with_a_snippet_below(run: Run, archive: Path) -> None:
    found = run("search", "ghe", "khom", "--portal", "xa.vamsao.example")
    first, below = found.out.splitlines()
    assert (found.code, found.err) == (0, "")
    name, day, portal, *title = first.split()
    assert (len(name), day, portal, " ".join(title)) == (12, "2019-02-14", "xa.vamsao.example", TITLE)
    assert below.startswith("    Sáng mười tháng Giêng, ghe hàng")


def test_json_has_an_object_a_line(run: Run, archive: Path) -> None:
    found = run("search", "bo", "ke", "--json", "--limit", "2")
    one, other = objects(found.out)
    assert list(one) == ["id", "score", "published_at", "portal", "title", "snippet"]
    assert one["score"] >= other["score"] > 0 and ["Bờ", True] in one["snippet"]
    assert "".join(text for text, _ in one["snippet"]).startswith("Ủy ban nhân dân xã Vàm Sáo")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["de bao"], {DYKE}),
        (["Đê", "bao"], {DYKE}),
        (["dê bao"], set()),
        (["vam -de -cat"], {TITLE}),
        (['"cat dien"'], {POWER}),
        (["cho*", "--field", "title"], {TITLE}),
        (["cho", "--since", "2020"], {DYKE, POWER}),
        (["cho", "--since", "2020", "--until", "2020-11"], {DYKE}),
        (["cho", "--portal", "conen.example"], {DYKE}),
        (["cho", "--agency", "vàm sáo"], {TITLE, DYKE, POWER}),
        (["cho", "--agency", "ben luc"], set()),
        (["to van dau"], {DYKE}),
        (["--", "-cho", "dien"], set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_asked_for(run: Run, archive: Path, arguments: list[str], found: set[str]) -> None:
    ran = run("search", "--json", *arguments)
    assert ran.code == 0 and set(titles(ran.out)) == found
    assert ran.err.startswith("nothing found for ") != bool(found)


def test_nothing_found_is_said_with_advice(run: Run, archive: Path) -> None:
    plain, marked = run("search", "khong co"), run("search", "chọ", "nổi")
    assert (plain.code, plain.out, plain.err) == (0, "", "nothing found for khong co\n")
    assert (marked.code, marked.out) == (0, "")
    assert marked.err == "nothing found for chọ nổi (typed without tone marks, it finds any: cho noi)\n"


def test_errors(run: Run, archive: Path, tmp_path: Path) -> None:
    said = {
        ("!!",): "cannot search for this: !!: it names no word that an article should have",
        ("cho", "--field", "body_text"): "no such field: body_text: expected one of title, summary, body, section",
        ("cho", "--since", "mai"): "cannot read this date: mai: expected YYYY",
        ("cho", "--portal", "http://"): "cannot search this portal: http://: neither a host nor an address",
    }
    for arguments, message in said.items():
        ran = run("search", *arguments)
        assert (ran.code, ran.out) == (3, "") and ran.err.startswith(f"luutru: {message}"), ran.err
    assert run("search").code == 2 and run("search", "cho", "--limit", "0").code == 2
    missing = run("search", "cho", "--archive", "elsewhere")
    assert missing.code == 6 and "there is no archive" in missing.err and not (tmp_path / "elsewhere").exists()


def test_new_and_changed_articles_are_found_at_once(run: Run, archive: Path, tmp_path: Path) -> None:
    assert titles(run("search", "rach me", "--json").out) == []
    keep(tmp_path, "http://conen.example/c", title="Rạch Mẹ nạo vét")
    assert titles(run("search", "rach me", "--field", "title", "--json").out) == ["Rạch Mẹ nạo vét"]
    with luutru.open(archive) as kept:
        new = luutru.extract(article("Rạch Cha nạo vét").encode(), url="http://conen.example/c")
        assert kept.put(new).kind == "changed"
    assert titles(run("search", "rach me", "--field", "title", "--json").out) == []
    assert titles(run("search", "Rạch Cha", "--json").out) == ["Rạch Cha nạo vét"]
    (archive / "search.sqlite").write_bytes(b"no database")
    assert titles(run("search", "Rạch Cha", "--json").out) == ["Rạch Cha nạo vét"]


def test_several_searches_at_once(archive: Path, tmp_path: Path) -> None:
    command = "search", "ghe khom", "--json"
    running = [start(*command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    ended = [(*process.communicate(timeout=60), process.returncode) for process in running]
    assert len(set(ended)) == 1 and ended[0][1:] == (b"", 0) and len(ended[0][0].splitlines()) == 3


def test_finds_are_bold_on_a_terminal_and_nothing_steers_it(run: Run, tmp_path: Path) -> None:
    with luutru.open(tmp_path / "archive") as kept:
        record = luutru.extract(article().encode(), url="http://xa.example/1")
        texts = {"title": "Đò \x1b[31m dọc \u202e", "body_text": "Bến \x1b]0;x\x07 đò\x9b2J \u2066 dọc"}
        assert kept.put(record | texts).kind == "new"
    shown = on_terminal("search", "do doc", cwd=tmp_path)[1]
    assert "\x1b[1mđò\x1b[0m" in shown and "\x1b[31m" not in shown and "\x1b]" not in shown and "\u202e" not in shown
    for quiet in (
        on_terminal("search", "do doc", "--no-color", cwd=tmp_path)[1],
        on_terminal("search", "do doc", cwd=tmp_path, env={"NO_COLOR": "1"})[1]
        .replace("\x1b[1m", "")
        .replace("\x1b[0m", ""),
        run("search", "do doc").out,
        run("search", "do doc", "--json").out,
    ):
        assert not STEERING.search(quiet.replace("\r\n", "\n")), ascii(quiet)
