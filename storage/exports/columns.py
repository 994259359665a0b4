"""The flat view of a record that the tables (CSV, Parquet) share: one row per record, columns as in `COLUMNS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

COLUMNS = {
    "id": "id",
    "revision": "revision",
    "url": "url",
    "title": "title",
    "subtitle": "subtitle",
    "section": "section",
    "summary": "summary",
    "author": "author",
    "source": "source",
    "published_at": "published_at",
    "published_precision": "published_precision",
    "updated_at": "updated_at",
    "language": "language",
    "tags": "tags",
    "views": "views",
    "body_text": "body_text",
    "image_urls": "images.url",
    "image_files": "images.file_name",
    "image_captions": "images.caption",
    "attachment_urls": "attachments.url",
    "attachment_labels": "attachments.label",
    "content_type": "content_type",
    "list_path": "list_path",
    "item_id": "item_id",
    "portal_name": "agency.portal_name",
    "managing_agency": "agency.managing_agency",
    "operating_unit": "agency.operating_unit",
    "address": "agency.address",
    "address_street": "agency.address_parts.street",
    "address_ward": "agency.address_parts.ward",
    "address_district": "agency.address_parts.district",
    "address_city": "agency.address_parts.city",
    "address_province": "agency.address_parts.province",
    "responsible_person": "agency.responsible_person.name",
    "responsible_roles": "agency.responsible_person.roles",
    "responsible_organisation": "agency.responsible_person.organisation",
    "phones": "agency.phones.raw",
    "phones_e164": "agency.phones.e164",
    "faxes": "agency.faxes.raw",
    "faxes_e164": "agency.faxes.e164",
    "hotlines": "agency.hotlines.raw",
    "emails": "agency.emails.address",
    "license_number": "agency.license.number",
    "license_issued_on": "agency.license.issued_on",
    "license_issuer": "agency.license.issuer",
    "copyright_notice": "agency.copyright_notice",
    "website": "agency.website",
    "problems": "problems.code",
    "aliases": "aliases",
    "first_seen": "first_seen",
    "last_seen": "last_seen",
    "gone_at": "gone_at",
    "fetched_at": "capture.fetched_at",
    "capture_sha256": "capture.sha256",
    "content_hash": "content_hash",
}
"""Column → where its value stands in the stored dict; a step into a list takes every element's."""
TIMES = frozenset(["first_seen", "last_seen", "gone_at", "fetched_at"])
"""Columns with times that luutru set itself, to the second; what pages print varies in precision."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. path: steps to its value.  whole: a whole number, else text.  many: one value per list element.

    description: from the record's model.
    """

    name: str
    path: tuple[str, ...]
    whole: bool
    many: bool
    description: str


def columns() -> list[Column]:
    """The columns with their types, read from the record's schema."""
    from storage.schema import schema

    whole = schema()
    return [_column(name, path, whole) for name, path in COLUMNS.items()]


def _column(name: str, path: str, whole: dict[str, Any]) -> Column:
    place, many, said = whole, False, []
    for step in path.split("."):
        place = place["properties"][step]
        said.append(place["description"])
        place = next((kind for kind in place.get("anyOf", ()) if kind.get("type") != "null"), place)
        if place.get("type") == "array":
            place, many = place["items"], True
        if "$ref" in place:
            place = whole["$defs"][place["$ref"].rsplit("/", 1)[1]]
    return Column(name, tuple(path.split(".")), "integer" in place.get("type", ()), many, ": ".join(said[-2:]))
