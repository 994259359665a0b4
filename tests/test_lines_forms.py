"""Lines in forms that portals print, each with what must be read from it (test_lines_forms.jsonl, all of it invented).

The file has the format that benchmarks/lines.py scores; a missing key is not asked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.lines import judge

FORMS = Path(__file__).with_suffix(".jsonl")
RECORDS = [json.loads(line) for line in FORMS.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("record", RECORDS, ids=[record["id"] for record in RECORDS])
def test_form(record: dict[str, Any]) -> None:
    wrong = {verdict.key: (verdict.wanted, verdict.got) for verdict in judge(record) if not verdict.right}
    assert wrong == {}, record["text"]
