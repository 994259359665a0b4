"""How many keys of a file of printed lines are read right.

    python -m benchmarks.lines FILE.jsonl [--misses]

Each record holds `text`, `context`, `locale` and `expect`; a key missing in `expect` is not asked. Strings are compared
after NFC and white-space folding, timestamps as instants.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from scraper.lines.header import HeaderReading, read_header
from scraper.text import tidy

CULTURES = {"vi-VN": True, "fr-FR": True, "en-GB": True, "en-US": False, None: None}


class Verdict(NamedTuple):
    """One asked key: whether the reading has the wanted value."""

    key: str
    right: bool
    wanted: Any
    got: Any


def score(path: Path) -> dict[str, tuple[int, int]]:
    """key → (right, asked) over a file; `date` counts records whose date, refusal or doubt is right."""
    totals: dict[str, tuple[int, int]] = {}
    for record in records(path):
        for verdict in judge(record):
            keys = [verdict.key, "date"] if verdict.key in ("published_at", "ambiguous") else [verdict.key]
            for key in keys:
                done, asked = totals.get(key, (0, 0))
                totals[key] = (done + verdict.right, asked + 1)
    return totals


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file, one JSON object per line."""
    for line in path.read_text("utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


def judge(record: dict[str, Any]) -> Iterator[Verdict]:
    """The verdict on each key that a record asks for; a date whose order is left open is no right `published_at`."""
    lines = record["text"].split("\n")
    reading = read_header(lines, context=record["context"], day_first=CULTURES.get(record["locale"]))
    for key, wanted in record["expect"].items():
        got = found(reading, key)
        doubtful = key == "published_at" and reading.published is not None and reading.published.alternative
        yield Verdict(key, same(key, wanted, got) and not doubtful, wanted, got)


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
    """Whether a value is as wanted: instants for stamps, the same words otherwise."""
    if isinstance(wanted, list):
        return isinstance(got, list) and sorted(map(str, got)) == sorted(wanted)
    if not (isinstance(wanted, str) and isinstance(got, str)):
        return bool(wanted == got)
    if (key.endswith("_at") or key == "page_clock") and "T" in wanted and "T" in got:
        return datetime.fromisoformat(wanted) == datetime.fromisoformat(got)
    return tidy(wanted) == tidy(got)


def main() -> None:
    """Print the table, and the misses when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    for key, (right, asked) in sorted(score(options.file).items()):
        print(f"{key:22} {right:4} of {asked:4}  {right / asked:.3f}")
    if options.misses:
        for record in records(options.file):
            for verdict in judge(record):
                if not verdict.right:
                    print(f"{record['id']} {verdict.key}: wanted {verdict.wanted!r}, got {verdict.got!r}")
                    print(f"    {record['text']!r}")


if __name__ == "__main__":
    main()
