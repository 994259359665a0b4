"""The page that the project started from, as a text rendering and rebuilt as HTML, field by field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.fixture_pages import FIXTURES
from tests.golden import differences

HTML = FIXTURES / "bentre-like" / "tin-cai-cach-hanh-chinh"
# What only the HTML page knows.
PLACE = {"url", "list_path", "item_id"}


@pytest.fixture
def expected(shared: Path) -> dict[str, Any]:
    """The record that was written down for the seed."""
    wanted: dict[str, Any] = json.loads((shared / "seed" / "expected.json").read_text("utf-8"))
    return wanted


def check(record: dict[str, Any], expected: dict[str, Any]) -> None:
    """Every key of the expectation; the `body_…` keys describe the body, other keys of the record are free."""
    text = record["body_text"]
    paragraphs = text.split("\n\n")
    assert len(paragraphs) == expected["body_paragraphs"]
    assert text.startswith(expected["body_starts"]) and text.endswith(expected["body_ends"])
    assert [words for words in expected["body_must_not_contain"] if words in text] == []
    for name, wanted in expected.items():
        if not name.startswith("body_"):
            assert differences(narrowed(record[name], wanted), wanted, name) == []


def narrowed(found: Any, wanted: Any) -> Any:
    """Found values with only the keys that are asked for."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return {name: narrowed(found.get(name), value) for name, value in wanted.items()}
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        return [narrowed(*pair) for pair in zip(found, wanted, strict=True)]
    return found


def test_seed_as_text(run: Run, shared: Path, expected: dict[str, Any]) -> None:
    ran = run("extract", shared / "seed" / "seed.txt")
    assert (ran.code, ran.err) == (0, "")
    check(json.loads(ran.out), expected)


def test_seed_as_html(run: Run, expected: dict[str, Any]) -> None:
    meta = json.loads((HTML / "meta.json").read_bytes())
    ran = run("extract", HTML / "page.html", "--url", meta["url"])
    assert (ran.code, ran.err) == (0, "")
    record = json.loads(ran.out)
    check(record, {name: value for name, value in expected.items() if name not in PLACE})
    own = json.loads((HTML / "expected.json").read_bytes())
    assert {name: record[name] for name in PLACE} == {name: own[name] for name in PLACE}
    assert None not in {record[name] for name in PLACE}


def test_seed_is_archived_and_shown(run: Run, shared: Path, expected: dict[str, Any]) -> None:
    seed = shared / "seed" / "seed.txt"
    assert run("add", seed).out.split()[0] == "new"
    again = run("add", seed).out.split()
    assert again[0] == "unchanged"
    shown = run("show", again[1]).out
    for part in (expected["title"], expected["author"], expected["published_at"], expected["agency"]["address"]):
        assert part in shown
