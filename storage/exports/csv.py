"""A flat table for spreadsheets: RFC 4180, one row per record, columns as in `COLUMNS`.

Lists are joined with `; `, control characters are left out. A cell that a spreadsheet would take for a formula (it
begins with = + - @, tab, CR or LF, or a full-width form of the signs) gets a leading apostrophe; E.164 numbers are such
cells. Some spreadsheets cut cells after 32,767 characters: long bodies are whole here, yet may not arrive whole there.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, TextIO

from storage.exports.texts import sink

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

_PATHS = [path.split(".") for path in COLUMNS.values()]
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def write(records: Iterable[dict[str, Any]], out: TextIO | BinaryIO, *, bom: bool = False) -> int:
    """Write the header and one row per record; give the number of records.

    bom: begin with a byte order mark, by which some spreadsheets know UTF-8. A text stream must not translate line ends
    (`newline=""`).
    """
    target, count = sink(out), 0
    if bom:
        target.write("\ufeff")
    rows = csv.writer(target)
    rows.writerow(COLUMNS)
    for record in records:
        rows.writerow([_cell(record, path) for path in _PATHS])
        count += 1
    return count


def _cell(record: dict[str, Any], path: list[str]) -> str:
    text = _CONTROLS.sub("", "; ".join(_values(record, path)))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _values(value: Any, path: list[str]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _values(item, path)
    elif path:
        if isinstance(value, dict):
            yield from _values(value.get(path[0]), path[1:])
    elif value is not None:
        yield str(value)
