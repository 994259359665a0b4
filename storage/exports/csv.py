"""A flat table for spreadsheets: RFC 4180, one row per record, columns as in `COLUMNS`.

Lists are joined with `; `, control characters are left out. A cell that a spreadsheet would take for a formula (it
begins with = + - @, tab, CR or LF, or a full-width form of the signs) gets a leading apostrophe; E.164 numbers are such
cells. Some spreadsheets cut cells after 32,767 characters: long bodies are whole here, yet may not arrive whole there.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import Any, BinaryIO, TextIO

from scraper.text import STEERING
from storage.exports.columns import COLUMNS
from storage.exports.texts import sink, values

_PATHS = [path.split(".") for path in COLUMNS.values()]
_CONTROLS = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f{STEERING}]")
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
    text = _CONTROLS.sub("", "; ".join(map(str, values(record, path))))
    return f"'{text}" if text.startswith(_FORMULA) else text
