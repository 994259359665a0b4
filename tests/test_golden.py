"""Every bundled page gives the record, or the refusal, that was written down for it by hand (fixtures/README.md)."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import nh3
import pytest

from scraper.compose import ALLOWED_ATTRIBUTES, ALLOWED_SCHEMES, ALLOWED_TAGS
from scraper.models import record_from_dict, to_dict
from scraper.pipeline import extract_checked
from storage.schema import schema
from tests.conftest import Run
from tests.expect import main, reordered, written
from tests.fixture_pages import Fixture, load_fixtures
from tests.golden import capture_of, differences, result_of
from tests.test_schema import faults

FIXTURES = load_fixtures()
each = pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.name)


@each
def test_page(fixture: Fixture) -> None:
    assert differences(result_of(fixture), fixture.expected) == []


@pytest.mark.parametrize("fixture", [one for one in FIXTURES if not one.is_refusal], ids=lambda fixture: fixture.name)
def test_invariants(fixture: Fixture) -> None:
    """What holds for every record, whatever its page."""
    record = extract_checked(capture_of(fixture))
    plain = to_dict(record)
    assert faults(plain, schema(), schema()) == []
    assert record_from_dict(json.loads(json.dumps(plain))) == record
    assert record.title and (record.body_text or record.images or record.attachments)
    for name in ("title", "section", "author", "published_at", "body_text"):
        assert (getattr(record, name) in (None, "")) or name in record.evidence, f"{name} has no evidence"
    assert not any(paragraph != paragraph.strip() or not paragraph for paragraph in record.body_text.split("\n\n"))
    allowed = {"tags": ALLOWED_TAGS, "attributes": ALLOWED_ATTRIBUTES, "url_schemes": ALLOWED_SCHEMES, "link_rel": None}
    assert nh3.clean(record.body_html, **allowed) == record.body_html  # nothing was left for a last look
    assert not re.search(r"<script|<iframe|\son\w+\s*=|javascript:|vbscript:", record.body_html, re.IGNORECASE)


def test_the_collection_has_both_sorts() -> None:
    """More than a handful of portals, articles and refusals, HTML and text, and no folder that is not found."""
    folders = {path for path in FIXTURES[0].path.parents[1].glob("*/*") if path.is_dir()}
    assert {fixture.path for fixture in FIXTURES} == folders
    assert len({fixture.path.parent for fixture in FIXTURES}) >= 10
    assert sum(fixture.is_refusal for fixture in FIXTURES) >= 8 and any(fixture.is_text for fixture in FIXTURES)


@each
def test_expectations_keep_their_form(fixture: Fixture) -> None:
    """What `make expect` writes differs from the hand-written file only where values differ."""
    text = (fixture.path / "expected.json").read_text("utf-8")
    assert written(fixture.expected) == text
    shuffled = dict(reversed(fixture.expected.items()))
    assert written(reordered(shuffled, fixture.expected)) == text


def test_expectations_are_shown_and_only_written_when_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fixture = next(one for one in FIXTURES if one.is_refusal)
    copy = tmp_path / "fixtures" / fixture.name
    shutil.copytree(fixture.path, copy)
    expected = copy / "expected.json"
    right = expected.read_text("utf-8")
    main([], tmp_path / "fixtures")
    assert capsys.readouterr() == ("", "0 expectations differ\n")

    expected.write_text(wrong := right.replace(fixture.expected["reason"], "moonlight"), "utf-8")
    main([], tmp_path / "fixtures")
    shown = capsys.readouterr()
    assert '-  "reason": "moonlight"' in shown.out and shown.err == "1 expectations differ\n"
    assert expected.read_text("utf-8") == wrong
    main(["--write", fixture.name.partition("/")[0]], tmp_path / "fixtures")
    assert expected.read_text("utf-8") == right


def test_the_command_line_gives_the_same(run: Run) -> None:
    fixture = next(one for one in FIXTURES if one.url and not one.is_refusal)
    printed = json.loads(run("extract", next(fixture.path.glob("page.*")), "--url", fixture.url).out)
    for name in ("title", "author", "published_at", "body_text", "images", "agency"):
        found, wanted = printed[name], fixture.expected[name]
        if isinstance(found, dict):
            found.pop("raw_text")
        assert found == wanted
    assert printed["evidence"]["title"]["node"] and printed["capture"]["requested_url"] == fixture.url
