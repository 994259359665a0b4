"""Exports: every format against golden text, and what a hostile record must not do to those who open one."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.errors import InputError
from scraper.models import AddressParts, Agency, Email, License, Person, Phone, to_dict
from storage.decide import article, decide
from storage.exports import FORMATS, writer
from storage.exports.columns import COLUMNS, columns
from storage.exports.csv import write as write_csv
from tests.exporting import FULL, GOLDEN, HOSTILE, MONTH, written
from tests.test_archive import sample

STREAMS = [name for name, kind in FORMATS.items() if kind.into == "stream"]
SMALL: list[dict[str, Any]] = [{"title": "Họp thôn", "views": 3, "tags": ["a", "b"]}, {"title": None}]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


PLAIN = {
    "json": '[\n{"title": "Họp thôn", "views": 3, "tags": ["a", "b"]},\n{"title": null}\n]\n',
    "jsonl": '{"title": "Họp thôn", "views": 3, "tags": ["a", "b"]}\n{"title": null}\n',
    "csv": "\r\n".join(
        [
            ",".join(COLUMNS),
            ",".join({"title": "Họp thôn", "views": "3", "tags": "a; b"}.get(name, "") for name in COLUMNS),
            "," * (len(COLUMNS) - 1),
            "",
        ]
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_golden(name: str) -> None:
    """The whole-record formats against text, those that rearrange a record against files beside the tests."""
    file = GOLDEN / f"articles{FORMATS[name].suffix}"
    records, golden = (SMALL, PLAIN[name]) if name in PLAIN else ([FULL, MONTH, HOSTILE], file.read_bytes().decode())
    assert written(name, records) == golden
    out = io.StringIO(newline="")
    assert writer(name)(iter(records), out) == len(records)
    assert out.getvalue() == golden


def test_nothing_to_export() -> None:
    assert written("json", []) == "[]\n"
    assert written("jsonl", []) == ""
    assert rows(written("csv", [])) == []


@pytest.mark.parametrize("name", STREAMS)
def test_every_format_streams(name: str) -> None:
    out = io.BytesIO()
    sizes: list[int] = []

    def records() -> Iterator[dict[str, Any]]:
        for _ in range(4):
            sizes.append(len(out.getvalue()))
            yield SMALL[0]

    assert writer(name)(records(), out) == 4
    assert sizes == sorted(set(sizes))


def test_unknown_formats_are_named() -> None:
    with pytest.raises(InputError, match="unknown export format: xlsx: known are json, jsonl, csv, parquet, ris, bib"):
        writer("xlsx")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from(list(to_dict(sample()))) | st.text(), JSON, max_size=5), max_size=4)


@settings(deadline=None)
@given(RECORDS)
def test_json_comes_back_equal_and_lines_are_lines(records: list[dict[str, Any]]) -> None:
    assert json.loads(written("json", records)) == records
    lines = written("jsonl", records).splitlines()
    assert [json.loads(line) for line in lines] == records


@settings(deadline=None)
@given(RECORDS)
def test_csv_rows_stay_rows(records: list[dict[str, Any]]) -> None:
    found = rows(written("csv", records))
    assert len(found) == len(records)
    assert all(set(row) == set(COLUMNS) for row in found)


@settings(deadline=None)
@given(RECORDS)
def test_whatever_a_record_holds_it_can_be_written(records: list[dict[str, Any]]) -> None:
    for name in STREAMS:
        assert writer(name)(records, io.BytesIO()) == len(records)


@pytest.mark.parametrize("name", STREAMS)
def test_nothing_steers_a_terminal_or_breaks_utf8(name: str) -> None:
    out = io.BytesIO()
    writer(name)([{"title": "a\x1b[2Jb\x9b31m\x07\x7f\u2028\ud800c", "body_text": "một\x00hai"}], out)
    text = out.getvalue().decode("utf-8")
    assert not set(text) & {"\x1b", "\x9b", "\x07", "\x7f", "\x00"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "\x01="])
def test_no_cell_is_a_formula(start: str) -> None:
    record = {"title": f"{start}HYPERLINK(1)", "tags": [f"{start}1", "2"]}
    row = rows(written("csv", [record]))[0]
    assert row["title"] == f"'{start}HYPERLINK(1)".replace("\x01", "")
    assert row["tags"].startswith("'")
    assert rows(written("csv", [{"title": "a=b", "item_id": 4}]))[0]["title"] == "a=b"


def test_columns_of_a_full_record() -> None:
    agency = Agency(
        portal_name="TRANG TIN XÃ MƯỜI",
        address='Thôn 2, "xóm Trại"',
        address_parts=AddressParts(street="Thôn 2", ward="xã Mười"),
        responsible_person=Person("Đèo Văn Lúa", ("Trưởng ban", "Phó chủ tịch"), "UBND xã"),
        phones=(Phone("0203 111 222", "+84203111222"), Phone("0203 111 333")),
        emails=(Email("vanthu@muoixa.example"), Email("tin@muoixa.example", "submissions")),
        license=License("05/GP", "2015-02-03"),
    )
    record = to_dict(sample(agency=agency, body_text="Dòng một\n\nDòng hai, hết"))
    stored = article(decide(None, record), None, record, number=9, order=1, now="2024-01-01T00:00:00+00:00")
    row = rows(written("csv", [stored]))[0]
    filled = {name: text for name, text in row.items() if text}
    assert filled["responsible_roles"] == "Trưởng ban; Phó chủ tịch"
    assert filled["phones"] == "0203 111 222; 0203 111 333"
    assert filled["phones_e164"] == "'+84203111222"
    assert filled["emails"] == "vanthu@muoixa.example; tin@muoixa.example"
    assert filled["address"] == 'Thôn 2, "xóm Trại"'
    assert filled["body_text"] == "Dòng một\n\nDòng hai, hết"
    assert filled["image_captions"] == "Cầu mới"
    assert filled["problems"] == "clock_only"
    assert filled["aliases"].count("; ") == 1
    assert filled["id"] == stored["id"]


def test_columns_take_their_types_and_meanings_from_the_model() -> None:
    known = {column.name: column for column in columns()}
    assert list(known) == list(COLUMNS)
    assert {name for name, column in known.items() if column.whole} == {"revision", "views", "item_id"}
    assert {"tags", "image_urls", "responsible_roles", "phones", "problems", "aliases"} < {
        name for name, column in known.items() if column.many
    }
    assert not known["responsible_person"].many and not known["address_ward"].many
    assert known["phones_e164"].description.startswith("telephones in order of print: E.164 form")


def test_byte_order_mark_on_request() -> None:
    out = io.BytesIO()
    assert write_csv(SMALL, out, bom=True) == 2
    assert out.getvalue().startswith(b"\xef\xbb\xbfid,revision,")
