"""The Markdown folder: what a YAML reader and a Markdown reader see, and that nothing is written elsewhere."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.text import tidy
from storage.exports import writer
from storage.exports.markdown import FRONT, escaped, is_name
from tests.exporting import BREAKOUT, FULL, GOLDEN, HOSTILE, MONTH
from tests.test_exports import RECORDS

PIECES = ["*", "_", "`", "[x](y)", "<b>", "&amp;", "1. ", "- ", "# ", "\\", "|", "---", "~", "=", "x", " ", "$", "!"]
LINES = (st.text() | st.lists(st.sampled_from(PIECES)).map("".join)).map(tidy)
NO_FLOATS = st.none() | st.booleans() | st.integers() | st.text()


class Shown(HTMLParser):
    """The text of an HTML page, and the names of its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.elements = "", set[str]()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.add(tag)


def shown(markdown: str) -> Shown:
    """A Markdown text as CommonMark shows it."""
    reader = Shown()
    reader.feed(pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table").render(markdown))
    return reader


def pages(folder: Path, records: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str]]:
    """Front matter as YAML reads it, and the rest, of each record's file."""
    yaml = pytest.importorskip("yaml")
    assert writer("markdown")(iter(records), folder) == len(records)
    texts = [file.read_bytes().decode("utf-8") for file in sorted(folder.iterdir(), key=_number)]
    parts = [re.fullmatch(r"---\n(.*?)---\n(.*)", text, re.DOTALL) for text in texts]
    return [(yaml.safe_load(part[1]) or {}, part[2]) for part in parts if part]


def _number(file: Path) -> int:
    return int(file.stem.rpartition("-")[2])


def test_golden(tmp_path: Path) -> None:
    assert writer("markdown")([FULL, MONTH, HOSTILE], tmp_path) == 3
    golden = {file.name: file.read_text("utf-8") for file in (GOLDEN / "markdown").iterdir()}
    assert {file.name: file.read_text("utf-8") for file in tmp_path.iterdir()} == golden
    assert all(map(is_name, golden)) and not any(map(is_name, ["readme.md", "x.md", "2019-a-f3zn3c4ccuic.txt"]))


def test_files_appear_one_by_one(tmp_path: Path) -> None:
    def records() -> Iterator[dict[str, Any]]:
        for number in range(3):
            assert len(list(tmp_path.iterdir())) == number
            yield {"title": "x"}

    assert writer("markdown")(records(), tmp_path) == 3


@settings(deadline=None)
@given(RECORDS)
def test_whatever_a_record_holds_it_gives_one_file_with_a_safe_name(records: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "in" / "here"
        folder.mkdir(parents=True)
        assert writer("markdown")(records, folder) == len(records)
        names = [file.name for file in folder.iterdir()]
        assert len(names) == len(records) and all(is_name(name) and len(name) < 110 for name in names)
        assert [file.name for file in Path(place).iterdir()] == ["in"]


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(FRONT), NO_FLOATS | st.lists(NO_FLOATS), max_size=4), max_size=3))
def test_front_matter_comes_back_equal(records: list[dict[str, Any]]) -> None:
    records = [{**record, "id": None} for record in records]  # so that files are numbered
    with tempfile.TemporaryDirectory() as folder:
        found = [front for front, _ in pages(Path(folder), records)]
    stated = [{name: value for name, value in one.items() if value not in (None, "", [])} for one in records]
    assert found == stated


def test_a_hostile_record_stays_text(tmp_path: Path) -> None:
    ((front, body),) = pages(tmp_path, [HOSTILE])
    assert front["title"] == BREAKOUT and front["id"] == "../../x"
    page = shown(body)
    assert page.elements <= {"h1", "p", "strong", "br"}
    assert page.text.splitlines()[0] == tidy(BREAKOUT)


@settings(deadline=None)
@given(st.lists(st.lists(LINES.filter(bool), min_size=1, max_size=3), max_size=3))
def test_a_body_is_shown_as_it_was_printed(paragraphs: list[list[str]]) -> None:
    body = "\n\n".join("\n".join(lines) for lines in paragraphs)
    with tempfile.TemporaryDirectory() as folder:
        ((_, text),) = pages(Path(folder), [{"body_text": body}])
    page = shown(text)
    assert page.elements <= {"p", "br"}
    assert page.text.split() == body.split()


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("Nước máy về ấp", "Nước máy về ấp"),
        ("- một", "\\- một"),
        ("12. hai", "12\\. hai"),
        ("12.5 ha", "12\\.5 ha"),
        ("a - b 3. c", "a - b 3. c"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("a*b_c", "a\\*b\\_c"),
    ],
)
def test_escapes(text: str, markdown: str) -> None:
    assert escaped(text) == markdown


def test_links_lead_to_the_web_alone(tmp_path: Path) -> None:
    record = {
        "images": [{"url": "javascript:alert(1)", "caption": "ảnh"}, {"url": "http://xa.example/a b>c.jpg"}, 7],
        "attachments": [{"url": "https://xa.example/t.pdf?a&copy;", "label": "[tệp](x)"}],
    }
    ((_, body),) = pages(tmp_path, [record])
    assert body.splitlines()[3:] == [
        "- ảnh",
        "- [http://xa.example/a%20b%3Ec.jpg](<http://xa.example/a%20b%3Ec.jpg>)",
        "",
        "## Attachments",
        "",
        "- [\\[tệp\\](x)](<https://xa.example/t.pdf?a&amp;copy;>)",
    ]


def test_never_through_a_link_and_never_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "undated-x-record-1.md").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        writer("markdown")([{"title": "x"}], tmp_path / "folder")
    assert not (tmp_path / "elsewhere").exists()
