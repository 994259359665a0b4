"""A page that says again what it said before: that is its latest state; the same bytes read again change nothing."""

from __future__ import annotations

from pathlib import Path

import luutru
from scraper.models import CaptureInfo, Record

FIRST, SECOND = "aa" * 32, "bb" * 32


def state(moment: str | None, title: str, digest: str) -> Record:
    """A state of one article."""
    capture = CaptureInfo(fetched_at=moment, sha256=digest, source="memento")
    return Record(url="https://conen.example/b", title=title, body_text="Đê bao đắp xong.", capture=capture)


def test_what_a_page_says_again_later_is_its_current_state(tmp_path: Path) -> None:
    states = [
        state("2018-01-01T00:00:00+00:00", "Đắp đê", FIRST),
        state("2019-01-01T00:00:00+00:00", "Đắp đê xong", SECOND),
        state("2020-01-01T00:00:00+00:00", "Đắp đê", FIRST),
    ]
    with luutru.open(tmp_path / "archive") as kept:
        assert [kept.put(one).kind for one in states] == ["new", "changed", "changed"]
        assert [kept.put(one).kind for one in states] == ["unchanged"] * 3
        history = kept.history("https://conen.example/b")
        assert [one["title"] for one in history] == ["Đắp đê", "Đắp đê xong", "Đắp đê"]
        assert kept.put(state(None, "Đắp đê xong", SECOND)).kind == "unchanged"
        assert len(kept.history("https://conen.example/b")) == 3
