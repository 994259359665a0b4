"""The JSON Schema: in step with the model, and true of real and stored records."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scraper.models import AddressParts, Agency, Attachment, Email, Evidence, License, Person, Phone, Record, to_dict
from storage.decide import ADDED_FIELDS, article, decide
from storage.schema import FILE, schema, text
from tests.test_archive import sample

KINDS: dict[str, Any] = {
    "string": str,
    "integer": int,
    "array": list,
    "object": dict,
    "null": type(None),
}


def faults(value: Any, rule: dict[str, Any], whole: dict[str, Any], path: str = "$") -> list[str]:
    """What is wrong with a value by the few keywords that the schema uses."""
    if "$ref" in rule:
        return faults(value, whole["$defs"][rule["$ref"].removeprefix("#/$defs/")], whole, path)
    if "anyOf" in rule:
        found = [faults(value, one, whole, path) for one in rule["anyOf"]]
        return [] if [] in found else min(found, key=len)
    if "enum" in rule and value not in rule["enum"]:
        return [f"{path}: {value!r} is none of {rule['enum']}"]
    if "const" in rule and value != rule["const"]:
        return [f"{path}: {value!r} is not {rule['const']}"]
    names = rule.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(type(value) is KINDS[name] for name in names):
        return [f"{path}: {type(value).__name__} is no {names}"]
    out: list[str] = []
    if isinstance(value, dict):
        out += [f"{path}.{name}: missing" for name in rule.get("required", ()) if name not in value]
        for name, item in value.items():
            inner = rule.get("properties", {}).get(name, rule.get("additionalProperties", {}))
            out += faults(item, inner, whole, f"{path}.{name}")
    if isinstance(value, list) and "items" in rule:
        for place, item in enumerate(value):
            out += faults(item, rule["items"], whole, f"{path}[{place}]")
    return out


FULL = sample(
    agency=Agency(
        address_parts=AddressParts(ward="xã Mười"),
        responsible_person=Person("Đèo Văn Lúa", ("Trưởng ban",), "UBND xã"),
        faxes=(Phone("0203 111 333"),),
        emails=(Email("tin@muoixa.example", "submissions", "tin[at]muoixa.example"), Email("vanthu@muoixa.example")),
        license=License("05/GP"),
    ),
    attachments=(Attachment("https://muoixa.example/tep.pdf"),),
    tags=("cầu",),
    evidence={"title": Evidence("heading")},
)


def test_the_file_is_in_step_with_the_model() -> None:
    assert FILE.read_text("utf-8") == text(), "run `python -m storage.schema`"


@pytest.mark.parametrize("record", [Record(), sample(), FULL], ids=["empty", "usual", "full"])
def test_records_fit(record: Record) -> None:
    given = to_dict(record)
    kept = article(decide(None, given), None, given, number=3, order=1, now="2024-01-01T00:00:00+00:00")
    assert faults(given, schema(), schema()) == []
    assert faults(kept, schema(), schema()) == []
    assert set(kept) == set(schema()["properties"])
    assert set(kept) - set(given) == set(ADDED_FIELDS)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"schema": 2}, "$.schema: 2 is not 1"),
        ({"views": "3"}, "$.views: str is no ['integer', 'null']"),
        ({"published_precision": "hour"}, "$.published_precision: 'hour' is none of"),
        ({"tags": [1]}, "$.tags[0]: int is no ['string']"),
        ({"form": {"Số": 1}}, "$.form.Số: int is no ['string', 'null']"),
        ({"evidence": {"title": {"rule": "h", "raw": None}}}, "$.evidence.title.node: missing"),
        ({"gone_at": 1}, "$.gone_at: int is no ['string', 'null']"),
    ],
)
def test_wrong_records_do_not(change: dict[str, Any], fault: str) -> None:
    found = faults({**to_dict(FULL), **change}, schema(), schema())
    assert len(found) == 1
    assert found[0].startswith(fault)


def test_every_field_is_described_and_required() -> None:
    whole = schema()
    for rule in (whole, *whole["$defs"].values()):
        assert rule["description"]
        assert all(field["description"] for field in rule["properties"].values())
    optional = {
        (name, field)
        for name, rule in whole["$defs"].items()
        for field in rule["properties"]
        if field not in rule["required"]
    }
    assert optional == {("Email", "raw"), ("CaptureInfo", "warc")}
    assert set(whole["properties"]) - set(whole["required"]) == set(ADDED_FIELDS)


def test_the_schema_is_a_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(json.loads(text()))
    jsonschema.Draft202012Validator(schema()).validate(to_dict(FULL))
