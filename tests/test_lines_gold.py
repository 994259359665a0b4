"""The shared lines with gold, where they are at hand."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINES = ROOT.parent / "shared" / "corpus" / "lines.jsonl"


@pytest.mark.skipif(not LINES.exists(), reason="the shared lines are not at hand")
def test_shared_lines() -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        from lines import score
    finally:
        sys.path.pop(0)
    totals = score(LINES)
    right, asked = totals.pop("date")
    assert right >= 0.98 * asked
    missed = {key: (right, asked) for key, (right, asked) in totals.items() if right < 0.95 * asked}
    assert missed == {}
