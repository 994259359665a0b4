"""The formats for citing, as the programs that read them see what was written."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from scraper.text import tidy
from storage.exports import writer
from storage.exports.citation import day_of, moment_of
from tests.exporting import BREAKOUT, FULL, HOSTILE, MONTH, written

DC = "{http://purl.org/dc/elements/1.1/}"
FORBIDDEN_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
TITLES = st.lists(
    st.text()
    | st.lists(st.sampled_from(["\nER  - ", "\r", "{", "}", "\\", "%", "@misc{", "<", "]]>", "x"])).map("".join)
)
DAY = {
    "type": "object",
    "required": ["date-parts"],
    "additionalProperties": False,
    "properties": {
        "date-parts": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "integer"}},
        }
    },
}
TEXTS = "id title container-title publisher section abstract keyword language URL note".split()
CSL = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["id", "type"],
        "additionalProperties": False,
        "properties": {
            "type": {"const": "webpage"},
            "author": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["literal"],
                    "additionalProperties": False,
                    "properties": {"literal": {"type": "string"}},
                },
            },
            "issued": DAY,
            "accessed": DAY,
            **{name: {"type": "string", "minLength": 1} for name in TEXTS},
        },
    },
}


def titled(titles: list[str]) -> list[dict[str, Any]]:
    """Records that hold the titles wherever a format puts a text."""
    return [{"title": title, "author": title, "summary": title, "tags": [title], "source": title} for title in titles]


@pytest.mark.parametrize(
    ("text", "precision", "day", "moment"),
    [
        ("2018-12-03T16:00:09+07:00", "second", (2018, 12, 3), "2018-12-03T16:00:09+07:00"),
        ("2018-12-03T16:00:00+07:00", "minute", (2018, 12, 3), "2018-12-03T16:00+07:00"),
        ("2018-12-03T16:00+07:00", None, (2018, 12, 3), "2018-12-03T16:00+07:00"),
        ("2018-12-03T16:00:00Z", None, (2018, 12, 3), "2018-12-03T16:00:00+00:00"),
        ("2018-12-03T16:00:00", "minute", (2018, 12, 3), "2018-12-03"),
        ("2018-12-03T99:00:00Z", "minute", (2018, 12, 3), "2018-12-03"),
        ("2018-12-03T00:00:00+07:00", "day", (2018, 12, 3), "2018-12-03"),
        ("2018-12-03", "month", (2018, 12), "2018-12"),
        ("2018-12", "month", (2018, 12), "2018-12"),
        ("2018", None, (2018,), "2018"),
        ("0931-02", None, (931, 2), "0931-02"),
        ("2018-02-30", "day", (), None),
        ("2018-12-3", "day", (), None),
        ("hôm qua", "day", (), None),
        ("", None, (), None),
        (None, None, (), None),
    ],
)
def test_dates_go_as_far_as_the_page_states_them(
    text: str | None, precision: str | None, day: tuple[int, ...], moment: str | None
) -> None:
    assert (day_of(text, precision), moment_of(text, precision)) == (day, moment)


def test_ris_as_its_reader_sees_it() -> None:
    rispy = pytest.importorskip("rispy")
    full, month, hostile = rispy.loads(written("ris", [FULL, MONTH, HOSTILE]))
    assert full["authors"] == ["Mai Thảo Vy"] and full["keywords"] == ["nước máy", "cù lao"]
    assert (full["title"], full["urls"], full["access_date"]) == (FULL["title"], [FULL["url"]], "2024/03/01/")
    assert (month["year"], month["date"]) == ("2018", "2018/05//")
    assert hostile["title"] == hostile["abstract"] == tidy(BREAKOUT) and "urls" not in hostile


@settings(deadline=None)
@given(TITLES)
def test_no_text_can_forge_a_ris_tag(titles: list[str]) -> None:
    rispy = pytest.importorskip("rispy")
    text = written("ris", titled(titles))
    found = rispy.loads(text)
    assert [one.get("title", "") for one in found] == [tidy(title) for title in titles]
    assert all(re.match("[A-Z][A-Z0-9]  - ", line) for line in text.split("\r\n") if line)


def test_bibtex_as_its_reader_sees_it() -> None:
    bibtexparser = pytest.importorskip("bibtexparser")
    library = bibtexparser.parse_string(written("bibtex", [FULL, MONTH, HOSTILE]))
    assert not library.failed_blocks
    assert [entry.key for entry in library.entries] == ["luutru-f3zn3c4ccuic", "luutru-gjkyz3wicgeu", "luutru-record-3"]
    full, month, hostile = library.entries
    assert full["author"] == "{Mai Thảo Vy}" and full["url"] == FULL["url"]
    assert (month["year"], "day" in month) == ("2018", False) and "url" not in hostile


UNESCAPE = {r"\textbackslash{}": "\\", r"\textbraceleft{}": "{", r"\textbraceright{}": "}"} | {
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
}


@settings(deadline=None)
@given(TITLES)
def test_no_text_can_leave_its_bibtex_field(titles: list[str]) -> None:
    bibtexparser = pytest.importorskip("bibtexparser")
    text = written("bibtex", titled(titles))
    library = bibtexparser.parse_string(text)
    assert not library.failed_blocks
    assert len({entry.key for entry in library.entries}) == len(titles)
    for entry, title in zip(library.entries, titles, strict=True):
        value = entry.fields_dict["title"].value if "title" in entry else "{}"
        plain = re.sub(r"\\[a-z]+\{\}", lambda found: UNESCAPE[found[0]], value[1:-1])
        assert re.sub(r"\\([#$%&_])", r"\1", plain) == tidy(title)
    depth = 0
    for sign in re.sub("[^{}\n]", "", text):  # as BibTeX counts: backslashes do not matter
        depth += {"{": 1, "}": -1, "\n": 0}[sign]
        assert 0 <= depth <= 4 and (sign != "\n" or depth <= 1)
    assert depth == 0


def test_csl_json_is_what_citation_processors_expect() -> None:
    items = json.loads(written("csl", [FULL, MONTH, HOSTILE, {}]))
    jsonschema.validate(items, CSL)
    assert items[0]["author"] == [{"literal": "Mai Thảo Vy"}]
    assert items[1]["issued"] == {"date-parts": [[2018, 5]]}
    assert items[3] == {"id": "record-4", "type": "webpage"}


@settings(deadline=None)
@given(TITLES)
def test_dublin_core_is_well_formed_and_loses_only_what_xml_forbids(titles: list[str]) -> None:
    root = etree.fromstring(written("dublincore", titled(titles)).encode())
    assert [record.findtext(f"{DC}title") or "" for record in root] == [
        FORBIDDEN_IN_XML.sub("", tidy(title)) for title in titles
    ]


def test_dublin_core_marks_languages_and_hides_bad_ones() -> None:
    full, _, hostile = etree.fromstring(written("dublincore", [FULL, MONTH, HOSTILE]).encode())
    marked = "{http://www.w3.org/XML/1998/namespace}lang"
    assert [one.get(marked) for one in full.iterfind(f"{DC}title")] == ["vi", "vi"]
    assert hostile.find(f"{DC}title").get(marked) is None and hostile.find(f"{DC}language") is None
    assert [one.text for one in hostile.iterfind(f"{DC}identifier")] == ["record-3"]


@settings(deadline=None)
@given(TITLES)
def test_json_ld_comes_back_equal_and_can_stand_in_a_page(titles: list[str]) -> None:
    text = written("jsonld", [{"title": title, "body_text": title + "</script><!--"} for title in titles])
    assert not set(text) & set("<>&")
    graph = json.loads(text)["@graph"]
    assert [one.get("headline", "") for one in graph] == [tidy(title) for title in titles]
    assert [one["articleBody"] for one in graph] == [title + "</script><!--" for title in titles]


def test_json_ld_says_who_published_what() -> None:
    full, month, hostile = json.loads(written("jsonld", [FULL, MONTH, HOSTILE]))["@graph"]
    assert full["@type"] == "NewsArticle" and full["datePublished"] == "2019-04-17T16:05+07:00"
    assert full["publisher"]["@type"] == "GovernmentOrganization"
    assert full["publisher"]["address"]["addressRegion"] == "tỉnh Trà Vinh"
    assert full["author"] == {"name": "Mai Thảo Vy"}
    assert month["@type"] == "Article" and month["datePublished"] == "2018-05"
    assert not hostile.keys() & {"url", "@id", "publisher", "inLanguage"}


PARQUET = "parquet"


def table(records: list[dict[str, Any]]) -> Any:
    """What a Parquet file of the records holds, as pyarrow reads it."""
    parquet = pytest.importorskip("pyarrow.parquet")
    out = io.BytesIO()
    assert writer(PARQUET)(records, out) == len(records)
    return parquet.read_table(io.BytesIO(out.getvalue()))


def test_parquet_columns_have_types() -> None:
    read = table([FULL, MONTH, HOSTILE | {"views": 10**30, "item_id": True, "gone_at": "gestern"}])
    kinds = {field.name: str(field.type) for field in read.schema}
    assert (kinds["views"], kinds["tags"], kinds["first_seen"]) == (
        "int64",
        "list<element: string>",
        "timestamp[us, tz=UTC]",
    )
    full, month, hostile = read.to_pylist()
    assert full["views"] == 31 and full["tags"] == ["nước máy", "cù lao"] and full["body_text"] == FULL["body_text"]
    assert full["image_urls"] == ["https://thixa.connhan.example/anh/o ng.jpg", None]
    assert full["image_captions"] == ["Kéo ống (Ảnh: Vy)", None]
    assert full["first_seen"].isoformat() == "2024-03-01T08:00:00+00:00" and full["gone_at"] is None
    assert (month["published_at"], month["phones"], month["url"]) == ("2018-05", [], None)
    assert (hostile["views"], hostile["item_id"], hostile["gone_at"]) == (None, None, None)
    assert hostile["title"] == BREAKOUT.replace("\ud800", "\\ud800")
    assert read.schema.field("title").metadata[b"description"] == b"headline"


def test_parquet_is_written_in_row_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("storage.exports.parquet.GROUP_ROWS", 2)
    monkeypatch.setattr("storage.exports.parquet.GROUP_CHARACTERS", 100)
    out, sizes = io.BytesIO(), []
    records = [{"title": "a"}, {"body_text": "x" * 100}, {"body_text": "y" * 100}, {}, {}, {}]
    assert writer(PARQUET)((sizes.append(out.tell()) or one for one in records), out) == 6
    file = parquet.ParquetFile(io.BytesIO(out.getvalue()))
    groups = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert groups == [2, 1, 2, 1] and len(set(sizes)) == 4


def test_parquet_without_pyarrow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from scraper.errors import InputError

    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match="cannot write this format: parquet: pyarrow is not installed") as refused:
        writer(PARQUET)([], io.BytesIO())
    assert "luutru[parquet]" in refused.value.hint
