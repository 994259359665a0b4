"""JSON Schema (2020-12) of a record, made from `scraper.models`: `python -m storage.schema` writes record.schema.json.

Every key of the record is always there; what the archive adds when it stores one is described and optional. Unknown
keys are allowed, so that a field can be added without breaking those who check.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any

from scraper.models import LEFT_OUT, SCHEMA_VERSION, KeptFile, Record

FILE = Path(__file__).with_name("record.schema.json")

_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_TEXT = {"type": "string"}
_ADDED = {
    "id": {"type": "string", "pattern": "^[a-z2-7]{12}$", "description": "stable name of the article"},
    "revision": {"type": "integer", "minimum": 1, "description": "which state of the article this is"},
    "changed": {
        "type": "array",
        "items": _TEXT,
        "description": "fields that differ from the state before; empty in the first",
    },
    "reason": {"type": "string", "description": "why this revision was made"},
    "content_hash": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 of the content fields"},
    "first_seen": {"type": "string", "description": "ISO 8601: when the archive first saw the article"},
    "last_seen": {"type": "string", "description": "ISO 8601: when it last saw this state"},
    "aliases": {"type": "array", "items": _TEXT, "description": "every address that led to the article"},
    "gone_at": {"type": ["string", "null"], "description": "ISO 8601: when it was found to be published no longer"},
    "gone_reason": {"type": ["string", "null"], "description": "how that is known, where it was told"},
    "absences": {
        "type": "array",
        "items": {"type": "object", "properties": {"gone_at": _TEXT, "back_at": _TEXT, "reason": _TEXT}},
        "description": "when this state was gone and published again, both ISO 8601, and how that was known, if told",
    },
    "files": {
        "type": "array",
        "items": {"$ref": "#/$defs/KeptFile"},
        "description": "what became of each picture and attachment that was asked for",
    },
}


def schema() -> dict[str, Any]:
    """The schema as JSON data."""
    definitions: dict[str, Any] = {}
    record = _object(Record, definitions)
    record["properties"]["schema"]["const"] = SCHEMA_VERSION
    _of(KeptFile, definitions)
    record["properties"] |= _ADDED
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"luutru record, version {SCHEMA_VERSION}",
        **record,
        "$defs": dict(sorted(definitions.items())),
    }


def text() -> str:
    """The schema as the file holds it."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def _object(model: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(model)
    fields = dataclasses.fields(model)
    return {
        "description": (model.__doc__ or "").strip(),
        "type": "object",
        "properties": {
            field.name: {**_of(hints[field.name], definitions), "description": field.metadata["doc"]}
            for field in fields
        },
        "required": [field.name for field in fields if LEFT_OUT.get(model) != field.name],
    }


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _either([_of(one, definitions) for one in arguments])
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(arguments[1], definitions)}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = _object(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    return {"type": _TYPES[kind]}


def _either(kinds: list[dict[str, Any]]) -> dict[str, Any]:
    if all(set(kind) == {"type"} for kind in kinds):
        return {"type": [kind["type"] for kind in kinds]}
    if any("enum" in kind for kind in kinds):
        return {"enum": [value for kind in kinds for value in kind.get("enum", [None])]}
    return {"anyOf": kinds}


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
