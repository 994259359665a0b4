"""Comparing a page's record with its expectation, and re-making expectations."""

from __future__ import annotations

import hashlib
from typing import Any

from scraper.errors import NotAnArticle
from scraper.models import Capture, CaptureInfo, to_dict
from scraper.pipeline import extract_checked
from tests.fixture_pages import Fixture


def capture_of(fixture: Fixture) -> Capture:
    """The capture that a server would have given."""
    info = CaptureInfo(
        requested_url=fixture.url,
        final_url=fixture.url,
        content_type=fixture.content_type,
        sha256=hashlib.sha256(fixture.content).hexdigest(),
        bytes=len(fixture.content),
        source="text" if fixture.is_text else "file",
    )
    return Capture(fixture.content, info, fixture.name)


def result_of(fixture: Fixture) -> dict[str, Any]:
    """What the program makes of a fixture, in the form of expected.json."""
    try:
        record: dict[str, Any] = to_dict(extract_checked(capture_of(fixture)))
    except NotAnArticle as refusal:
        return {"error": refusal.code, "reason": refusal.reason}
    for volatile in ("capture", "evidence", "body_html"):
        del record[volatile]
    record["problems"] = sorted(problem["code"] for problem in record["problems"])
    if record["agency"]:
        del record["agency"]["raw_text"]
    return record


def differences(found: Any, expected: Any, path: str = "") -> list[str]:
    """One line for each value that differs, by its path."""
    if isinstance(found, dict) and isinstance(expected, dict):
        lines = []
        for name in sorted(found.keys() | expected.keys()):
            lines += differences(found.get(name), expected.get(name), f"{path}.{name}" if path else name)
        return lines
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        return [line for n, pair in pairs for line in differences(*pair, f"{path}[{n}]")]
    return [] if found == expected else [f"{path}: found {found!r}, expected {expected!r}"]
