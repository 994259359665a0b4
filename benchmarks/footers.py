"""Scores the footer parser against a file of footers with gold: `python -m benchmarks.footers FILE [--misses]`.

One JSON object per line: id, text, page_date, expect. A key that `expect` leaves out is not scored; null and [] must be
met exactly. Texts are compared after NFC and white space were made even, mail addresses in lower case.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scraper.agency import read_agency
from scraper.models import Agency, to_dict
from scraper.text import tidy

FIELDS = (
    "portal_name", "managing_agency", "operating_unit", "address", "address_parts", "responsible_person", "phones",
    "faxes", "hotlines", "emails", "license", "copyright_notice", "website",
)  # fmt: skip


def even(value: Any) -> Any:
    """A value as it is compared: strings tidied, in all depths."""
    if isinstance(value, str):
        return tidy(value)
    if isinstance(value, list):
        return [even(item) for item in value]
    return {key: even(item) for key, item in value.items()} if isinstance(value, dict) else value


def matches(got: Any, expected: Any) -> bool:
    """Whether a value is right; keys that the gold leaves out are not compared, posts and organisation together."""
    if isinstance(expected, list):
        return len(got) == len(expected) and all(map(matches, got, expected))
    if not isinstance(expected, dict):
        return bool(got == expected)
    if not isinstance(got, dict):
        return False
    if "roles" in expected and _posts(got) != _posts(expected):
        return False
    return all(got.get(key) == gold for key, gold in expected.items() if key not in ("roles", "organisation"))


def _posts(person: dict[str, Any]) -> str:
    """Posts and organisation as one text: where the border lies between them is the reader's choice."""
    text = " ".join([*person["roles"], person.get("organisation") or ""])
    return " ".join(text.replace(" - ", " ").replace(",", " ").split())


def compare(path: Path) -> Iterator[tuple[str, str, bool, Any, Any]]:
    """(id, field, right, got, expected) of each scored field."""
    for line in path.read_text("utf-8").splitlines():
        case = json.loads(line)
        page_date = datetime.date.fromisoformat(case["page_date"]) if case["page_date"] else None
        agency = read_agency(case["text"].splitlines(), page_date=page_date).agency or Agency()
        got = even(to_dict(agency))
        for field in FIELDS:
            if field in case["expect"]:
                expected = even(case["expect"][field])
                yield case["id"], field, matches(got[field], expected), got[field], expected


def score(path: Path) -> dict[str, tuple[int, int]]:
    """Field → (right, asked)."""
    table = dict.fromkeys(FIELDS, (0, 0))
    for _, field, right, _, _ in compare(path):
        table[field] = (table[field][0] + right, table[field][1] + 1)
    return table


def speed(path: Path, rounds: int = 20) -> float:
    """Milliseconds per footer, in the fastest of some rounds."""
    texts = [json.loads(line)["text"].splitlines() for line in path.read_text("utf-8").splitlines()]
    best = float("inf")
    for _ in range(rounds):
        begin = time.process_time()
        for lines in texts:
            read_agency(lines)
        best = min(best, time.process_time() - begin)
    return best * 1000 / len(texts)


def main() -> None:
    """Prints the table, and with --misses what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--misses", action="store_true", help="print each field that differs from the gold")
    options = parser.parse_args()
    for field, (right, asked) in score(options.path).items():
        sys.stdout.write(f"{field:20} {right:4} of {asked:4}  {right / max(asked, 1):6.1%}\n")
    sys.stdout.write(f"{speed(options.path):.3f} ms per footer\n")
    if options.misses:
        for name, field, right, got, expected in compare(options.path):
            if not right:
                got, expected = (json.dumps(value, ensure_ascii=False) for value in (got, expected))
                sys.stdout.write(f"{name} {field}\n  got      {got}\n  expected {expected}\n")


if __name__ == "__main__":
    main()
