"""The shared lines with gold, where they are at hand."""

from __future__ import annotations

import pytest

from benchmarks.lines import score
from tests.conftest import SHARED

LINES = SHARED / "corpus" / "lines.jsonl"


@pytest.mark.skipif(not LINES.exists(), reason="the shared lines are not at hand")
def test_shared_lines() -> None:
    totals = score(LINES)
    right, asked = totals.pop("date")
    assert right >= 0.98 * asked
    missed = {key: (right, asked) for key, (right, asked) in totals.items() if right < 0.95 * asked}
    assert missed == {}
