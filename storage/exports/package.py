"""An export as a data package: its file, and `datapackage.json`, which says what is in it.

The descriptor follows the Data Package standard (https://datapackage.org, 2.0; readers of 1.0 understand it too) with
properties of its own: `selection` (the filters used), `counts`, and `recordSchema` of a resource: whole records bring
their JSON Schema along.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage import identity, schema
from storage.exports import FORMATS, format_of, writer
from storage.exports.columns import TIMES, Column, columns
from storage.exports.texts import dumps

Json = dict[str, Any]

DESCRIPTOR, SCHEMA = "datapackage.json", "record.schema.json"
RIGHTS = (
    "The articles were published by the bodies named in them, and the rights in their texts and pictures stay with "
    "those bodies and their authors. Whoever made this package keeps copies and cannot grant a licence to them: ask "
    "the publisher, and see the copyright notice of each record."
)
_NAMES = frozenset([DESCRIPTOR, SCHEMA, *(f"articles{kind.suffix}" for kind in FORMATS.values())])


def is_name(name: str) -> bool:
    """Whether `write` could have given a file that name."""
    return name in _NAMES


def write(records: Iterable[Json], folder: Path, name: str, *, selection: Mapping[str, Any], created: datetime) -> int:
    """Write a package in the format `name` into an empty folder and give the number of records.

    selection: the filters that chose the records.  created: an aware time.  Raises InputError for an unknown format or
    one whose extra is not installed; OSError where a file cannot be written.
    """
    kind, counts = format_of(name), Counts()
    file = folder / f"articles{kind.suffix}"
    with file.open("xb") as out:
        number = writer(name)(counts.counted(records), out)
    resource: Json = {"name": "articles", **_about(file, kind.mediatype)}
    if kind.table:
        resource |= {"type": "table", "schema": {"fields": list(_FIELDS[kind.table]())}}
    if name in ("json", "jsonl"):
        (folder / SCHEMA).write_text(schema.text(), "utf-8")
        resource["recordSchema"] = _about(folder / SCHEMA, "application/schema+json")
    descriptor = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "profile": "data-package",
        "name": "luutru-export",
        "title": f"Articles of public portals: {number}",
        "description": RIGHTS,
        "created": created.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "sources": [{"title": portal} for portal in counts.portals],
        "selection": dict(selection),
        "counts": {"records": number, "gone": counts.gone, "portals": dict(counts.portals.most_common())},
        "resources": [resource],
    }
    (folder / DESCRIPTOR).write_text(dumps(descriptor, indent=2) + "\n", "utf-8")
    return number


class Counts:
    """What goes by: records by portal, and those no longer published. Its memory grows with the number of portals."""

    def __init__(self) -> None:
        self.portals: Counter[str] = Counter()
        self.gone = 0

    def counted(self, records: Iterable[Json]) -> Iterator[Json]:
        """The same records, counted as they pass."""
        for record in records:
            if host := identity.host_of(str(record.get("url") or "")):
                self.portals[host] += 1
            self.gone += bool(record.get("gone_at"))
            yield record


def _about(file: Path, mediatype: str) -> Json:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    about = {"path": file.name, "format": file.suffix[1:], "mediatype": mediatype}
    encoding = {} if file.suffix == ".parquet" else {"encoding": "utf-8"}
    return {**about, **encoding, "bytes": file.stat().st_size, "hash": f"sha256:{digest}"}


def _text_fields() -> Iterator[Json]:
    for column in columns():
        kind = "integer" if column.whole and not column.many else "string"
        yield _field(column.name, kind, column.description + ("; several are joined by '; '" if column.many else ""))


def _list_fields() -> Iterator[Json]:
    for column in columns():
        yield _field(column.name, _typed(column), column.description)


def _record_fields() -> Iterator[Json]:
    whole = schema.schema()
    for name, place in whole["properties"].items():
        kinds = [place, *place.get("anyOf", ())]
        stated = [
            kind.get("type") or ("object" if "$ref" in kind else "string") for kind in kinds if "anyOf" not in kind
        ]
        flat = [one for kind in stated for one in (kind if isinstance(kind, list) else [kind]) if one != "null"]
        yield _field(name, flat[0], place["description"])


def _typed(column: Column) -> str:
    if column.many:
        return "array"
    return "integer" if column.whole else "datetime" if column.name in TIMES else "string"


def _field(name: str, kind: str, description: str) -> Json:
    return {"name": name, "type": kind, "description": description}


_FIELDS = {"texts": _text_fields, "lists": _list_fields, "records": _record_fields}
