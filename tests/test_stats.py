"""`luutru stats`: counts, gaps and doubts, for people in 80 columns and for machines."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.models import CaptureInfo, Problem, to_dict
from storage.archive import Archive
from storage.stats import absent, as_data, collect, counted, month, size
from tests.conftest import Run
from tests.running import STEERING
from tests.test_archive import JSON_VALUES, NAMES, sample

CLOCK = Problem("clock_only", "published_at", "the page's clock")


def made(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A record that is known by its address alone."""
    return to_dict(sample(number, **{"capture": CaptureInfo(), "problems": ()} | changes))


def records() -> Iterator[dict[str, Any]]:
    """Nine articles of three portals."""
    for number, item in enumerate((3, 4, 7, 8, 20)):
        yield made(
            item,
            url=f"https://conen.example/Lists/Tin/DispForm.aspx?ID={item}",
            list_path="/Lists/Tin",
            section="Kinh tế" if number else "Văn hóa",
            author=None if number < 2 else "Tô Văn Dậu",
            published_at=f"20{18 + number // 2}-0{number + 1}-03",
            problems=(CLOCK, CLOCK) if number == 4 else (),
        )
    yield from (made(item, images=()) for item in (1, 2))
    yield made(url=None, title="Không địa chỉ", published_at=None, language=None, item_id=5)
    yield made(url="http://xa.example/a", title="Press release", language="en", list_path=None, item_id=None)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The nine articles; one was changed, one is gone."""
    with Archive.open(tmp_path / "archive") as kept:
        assert [outcome.kind for outcome in kept.put_many(records())] == ["new"] * 9
        changed = next(records()) | {"title": "Sửa tên"}
        assert kept.put(changed).kind == "changed"
        kept.mark_gone("xa.example/a")
    return tmp_path / "archive"


WHOLE = """\
9 articles, 10 revisions, 1 article revised, 1 gone

portal                                      articles
conen.example                                      5   56%  ████████████████████
muoixa.example                                     2   22%  ████████
xa.example                                         1   11%  ████
(none)                                             1   11%  ████

year                                        articles
2018                                               2   22%  █████████████
2019                                               2   22%  █████████████
2020                                               1   11%  ███████
2021                                               3   33%  ████████████████████
(none)                                             1   11%  ███████

section                                     articles
Kinh tế                                            4   44%  ████████████████████
Tin trong xã                                       4   44%  ████████████████████
Văn hóa                                            1   11%  █████

author                                      articles
Lò Thị Mây                                         4   44%  ████████████████████
Tô Văn Dậu                                         3   33%  ███████████████
(none)                                             2   22%  ██████████

language                                    articles
vi                                                 7   78%  ████████████████████
en                                                 1   11%  ███
(none)                                             1   11%  ███

problem                                     articles
clock_only                                         1   11%  ████████████████████

missing fields                              articles
conen.example                                      5
    author 2, source 5
muoixa.example                                     2
    source 2, images 2
xa.example                                         1
    source 1
(none)                                             1
    published_at 1, source 1, language 1

months without articles                       months
conen.example                                     24  2018-01 … 2020-05
    2018-03 to 2019-02, 2019-05 to 2020-04

list items not held                            items
conen.example/Lists/Tin                           13  3 … 20
    5 to 6, 9 to 19
"""


def test_everything_in_eighty_columns(run: Run, archive: Path) -> None:
    shown = run("stats")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == WHOLE
    assert max(map(len, shown.out.splitlines())) <= 80


def test_top_cuts_each_table_and_says_so(run: Run, archive: Path) -> None:
    shown = run("stats", "--top", "1").out
    assert "\n2021 " in shown and "2018 " not in shown.partition("section")[0]
    assert shown.partition("year")[2].partition("section")[0].splitlines()[2:] == ["… 4 more", ""]
    assert "    5 to 6, … 1 more\n" in shown and shown.count("… 3 more") == 2


BY_MONTH = """\
month                                       articles
2018-01                                            1   20%  ████████████████████
2018-02                                            1   20%  ████████████████████
2019-03                                            1   20%  ████████████████████
2019-04                                            1   20%  ████████████████████
2020-05                                            1   20%  ████████████████████
"""


def test_one_table_whole_of_a_selection(run: Run, archive: Path) -> None:
    assert run("stats", "--by", "month", "--top", "1", "--portal", "conen.example").out == BY_MONTH
    for options, number in (
        (("--since", "2020"), 4),
        (("--until", "2018"), 2),
        (("--author", "mây"), 4),
        (("--section", "kinh te"), 4),
        (("--title", "sua ten"), 1),
        (("--agency", "đèo văn lúa"), 9),
    ):
        assert json.loads(run("stats", *options, "--json").out)["articles"] == number


def test_for_machines(run: Run, archive: Path) -> None:
    found = json.loads(run("stats", "--json").out)
    assert {name: found[name] for name in ("articles", "revisions", "revised", "gone")} == {
        "articles": 9,
        "revisions": 10,
        "revised": 1,
        "gone": 1,
    }
    assert found["by"]["problem"] == [{"problem": "clock_only", "articles": 1}]
    assert found["by"]["author"][-1] == {"author": None, "articles": 2}
    assert found["portals"][0] == {
        "portal": "conen.example",
        "articles": 5,
        "gone": 0,
        "missing": {"author": 2, "source": 5},
        "first_month": "2018-01",
        "last_month": "2020-05",
        "months_without": [["2018-03", "2019-02"], ["2019-05", "2020-04"]],
    }
    assert found["lists"][0] == {
        "list": "conen.example/Lists/Tin",
        "items": 5,
        "first": 3,
        "last": 20,
        "absent": 13,
        "ranges": [[5, 6], [9, 19]],
    }
    assert json.loads(run("stats", "--by", "language", "--json").out) == found["by"]["language"]


def test_an_empty_selection_and_a_wrong_word(run: Run, archive: Path) -> None:
    assert run("stats", "--title", "không có").out == "0 articles, 0 revisions, 0 articles revised, 0 gone\n"
    wrong = run("stats", "--by", "colour")
    assert (wrong.code, wrong.out) == (3, "")
    assert wrong.err == (
        "luutru: cannot count by this: colour: known are portal, year, month, section, author, language, problem\n"
    )


def test_no_value_steers_the_terminal_or_breaks_a_line(run: Run, tmp_path: Path) -> None:
    hostile = "\x1b[31mX\x07\x9b5m\u202egnp\n\u2066" + "rất dài " * 30
    with Archive.open(tmp_path / "archive") as kept:
        for number in (1, 9):
            place = f"/Lists/{hostile}"
            kept.put(made(number, section=hostile, author=hostile, list_path=place, problems=(Problem(hostile),)))
    for options in ((), ("--json",), ("--by", "section")):
        shown = run("stats", *options)
        assert shown.code == 0 and not STEERING.search(shown.out)
    assert max(map(len, run("stats").out.splitlines())) <= 80


@given(st.sets(st.integers(-(10**30), 10**30) | st.integers(-9, 9), max_size=12))
def test_ranges_hold_just_what_is_absent(numbers: set[int]) -> None:
    ranges = absent(numbers)
    span = max(numbers) - min(numbers) + 1 if numbers else 0
    assert size(ranges) + len(numbers) == span
    assert not any(low <= number <= high for low, high in ranges for number in numbers)
    assert all(low - 1 in numbers and high + 1 in numbers for low, high in ranges)


@given(st.integers(0, 9999), st.integers(1, 12))
def test_months_are_numbers_and_back(year: int, number: int) -> None:
    assert month(year * 12 + number - 1) == f"{year:04}-{number:02}"


@given(st.lists(st.dictionaries(NAMES, JSON_VALUES, max_size=8), max_size=5))
def test_any_stored_data_can_be_counted(states: list[dict[str, Any]]) -> None:
    found = collect(states)
    assert found.articles == len(states) == sum(found.by["portal"].values())
    for name in ("year", "month", "section", "author", "language"):
        assert sum(number for _, number in counted(found, name)) == len(states)
    json.dumps(as_data(found))


def test_records_are_looked_at_once_and_let_go() -> None:
    class Watched(dict[str, Any]):
        pass

    def stream() -> Iterator[dict[str, Any]]:
        for number in range(300):
            yield Watched(made(number + 1))
            if number % 100 == 99:
                gc.collect()
                alive.append(sum(isinstance(one, Watched) for one in gc.get_objects()))

    alive: list[int] = []
    assert collect(stream()).articles == 300
    assert max(alive) <= 2
