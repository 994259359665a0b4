"""How many keys of a file of printed lines are read right.

    python benchmarks/lines.py FILE.jsonl [--misses]

Each record holds `text`, `context`, `locale` and `expect`; a key missing in `expect` is not asked. Strings are compared
after NFC and white-space folding, timestamps as instants.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scraper.lines.header import HeaderReading, read_header
from scraper.text import tidy

CULTURES = {"vi-VN": True, "fr-FR": True, "en-GB": True, "en-US": False, None: None}


def score(path: Path) -> dict[str, tuple[int, int]]:
    """key → (right, asked) over a file; `date` counts records whose date, refusal or doubt is right."""
    totals: dict[str, tuple[int, int]] = {}
    for _, key, right, _, _ in judged(path):
        done, asked = totals.get(key, (0, 0))
        totals[key] = (done + right, asked + 1)
    return totals


def judged(path: Path) -> Iterator[tuple[dict[str, Any], str, bool, Any, Any]]:
    """(record, key, right, wanted, got) for each asked key; key `date` sums up published_at and ambiguous."""
    for line in path.read_text("utf-8").splitlines():
        if not line.strip():
            continue
        record = json.loads(line)
        reading = read_header(
            record["text"].split("\n"), context=record["context"], day_first=CULTURES.get(record["locale"])
        )
        for key, wanted in record["expect"].items():
            got = found(reading, key)
            right = same(key, wanted, got)
            yield record, key, right, wanted, got
            if key in ("published_at", "ambiguous"):
                yield record, "date", right, wanted, got


def found(reading: HeaderReading, key: str) -> Any:
    """The value that a reading has for a key of the file."""
    published = reading.published
    if key == "published_at":
        return published.value if published else None
    if key == "published_precision":
        return published.precision if published else None
    if key == "updated_at":
        return reading.updated.value if reading.updated else None
    if key == "ambiguous":
        return [published.value, published.alternative] if published else None
    return getattr(reading, key)


def same(key: str, wanted: Any, got: Any) -> bool:
    """Whether a value is as wanted: instants for stamps, tidied text for words."""
    if isinstance(wanted, list):
        return isinstance(got, list) and sorted(map(str, got)) == sorted(wanted)
    if isinstance(wanted, str) and isinstance(got, str):
        if key.endswith("_at") or key == "page_clock":
            if len(wanted) != len(got) and "T" not in wanted + got:
                return False
            return ("T" in wanted) == ("T" in got) and datetime.fromisoformat(wanted) == datetime.fromisoformat(got)
        return tidy(wanted) == tidy(got)
    return bool(wanted == got)


def main() -> None:
    """Print the table, and the misses when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    for key, (right, asked) in sorted(score(options.file).items()):
        print(f"{key:22} {right:4} of {asked:4}  {right / asked:.3f}")
    if options.misses:
        for record, key, right, wanted, got in judged(options.file):
            if not right and key != "date":
                print(f"{record['id']} {key}: wanted {wanted!r}, got {got!r}\n    {record['text']!r}")


if __name__ == "__main__":
    main()
