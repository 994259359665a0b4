"""The accuracy that was reached may not fall: floors.json holds today's ratios, and they are only ever raised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import accuracy

FLOORS: dict[str, dict[str, float]] = json.loads((Path(accuracy.__file__).parent / "floors.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def reached() -> dict[str, dict[str, float]]:
    corpus = accuracy.DEFAULT_CORPUS
    if not corpus.is_dir():
        pytest.skip("no corpus beside this checkout")
    return {
        "pages": accuracy.score_pages(corpus).ratios(),
        "footers": accuracy.score_table(corpus / "footers.jsonl", "footers"),
        "lines": accuracy.score_table(corpus / "lines.jsonl", "lines"),
    }


@pytest.mark.parametrize("table", sorted(FLOORS))
def test_no_ratio_falls_below_its_floor(table: str, reached: dict[str, dict[str, float]]) -> None:
    fallen = {
        name: (reached[table].get(name, 0.0), floor)
        for name, floor in FLOORS[table].items()
        if reached[table].get(name, 0.0) < floor
    }
    assert not fallen, f"fallen below the floor (reached, floor): {fallen}"


def test_scoring_tells_a_wrong_record_from_a_right_one() -> None:
    from benchmarks import scoring

    assert scoring.same_text("Bến Tre", "Bến  Tre\u200b") == (1.0, 1.0)
    assert scoring.same_text(None, "x")[0] == 0.0
    assert scoring.same_instant("2018-12-03T16:00:00+07:00", "2018-12-03T09:00:00+00:00")[0] == 1.0
    assert scoring.same_instant("2018-12-03", "2018-12-03T16:00:00+07:00")[0] == 0.0
    assert scoring.body_f1("một hai ba bốn năm", "một hai ba bốn năm") == 1.0
    assert scoring.body_f1("một hai ba bốn năm", "sáu bảy tám chín mười") == 0.0
    assert scoring.leaks("Trang chủ\n\nThân bài", ["Trang chủ"], "Thân bài") == ["Trang chủ"]
    printed = [{"url": "http://x.example/a.jpg", "caption": "A"}]
    found, captions = scoring.pictures(printed, [{"src": "/a.jpg", "caption": "B"}])
    assert found == (1.0, 1.0) and captions == (0.0, 1.0)
