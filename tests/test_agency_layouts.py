"""Whole footers in many layouts: test_agency_layouts.jsonl, in the format that benchmarks/footers.py scores.

Agencies, people, numbers and streets are invented; labels and separators are not. A key that `expect` leaves out is not
compared.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.footers import score
from scraper.agency import read_agency
from scraper.models import Agency, to_dict
from tests.conftest import SHARED

LAYOUTS = Path(__file__).with_suffix(".jsonl")
CASES = [json.loads(line) for line in LAYOUTS.read_text("utf-8").splitlines()]


def compared(got: Any, expected: Any) -> Any:
    """`got` with only those keys that `expected` has, in all depths."""
    if isinstance(expected, dict):
        return {key: compared((got or {}).get(key), value) for key, value in expected.items()}
    if isinstance(expected, list):
        return [compared(item, gold) for item, gold in zip(got, expected, strict=False)] + got[len(expected) :]
    return got


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_footer(case: dict[str, Any]) -> None:
    page_date = datetime.date.fromisoformat(case["page_date"]) if case["page_date"] else None
    got = to_dict(read_agency(case["text"].splitlines(), page_date=page_date).agency or Agency())
    assert compared(got, case["expect"]) == case["expect"]


def test_the_benchmark_agrees() -> None:
    assert all(right == asked for right, asked in score(LAYOUTS).values())


@pytest.mark.skipif(not (SHARED / "corpus/footers.jsonl").is_file(), reason="the shared corpus is absent")
def test_bars_on_the_shared_footers() -> None:
    table = score(SHARED / "corpus/footers.jsonl")
    for field, (right, asked) in table.items():
        bar = 0.98 if field in ("phones", "faxes", "hotlines", "emails") else 0.95
        assert right >= bar * asked, field
