"""Apache Parquet: a typed table with the columns of the CSV. Needs the extra `parquet` (pyarrow).

Whole numbers are int64, the archive's and the fetcher's times are timestamps in UTC, lists are lists (columns of one
list keep step: where an image has no caption stands null), and all other values are texts as the record holds them:
`published_at` is one, because its precision varies. Rows are written in groups, so that memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

from scraper.errors import InputError
from storage.exports.columns import TIMES, Column, columns
from storage.exports.texts import values

GROUP_ROWS = 1000
GROUP_CHARACTERS = 16_000_000
"""A row group ends with its number of rows or of body characters, whichever comes first."""

_INT64 = range(-(2**63), 2**63)


def write(records: Iterable[dict[str, Any]], out: BinaryIO) -> int:
    """Write the table and give the number of its rows. Raises InputError where pyarrow is not installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        hint = "install luutru with its extra: pip install 'luutru[parquet]'"
        raise InputError("parquet", "pyarrow is not installed", what="cannot write this format", hint=hint) from error
    table, count = columns(), 0
    schema = pyarrow.schema([_field(pyarrow, column) for column in table])
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for group in _groups(records, table):
            rows = pyarrow.table(group, schema)
            writer.write_table(rows)
            count += rows.num_rows
    return count


def _groups(records: Iterable[dict[str, Any]], table: list[Column]) -> Iterator[dict[str, list[Any]]]:
    """Values by column, for a group of records at a time."""
    group: dict[str, list[Any]] = {column.name: [] for column in table}
    rows = size = 0
    for record in records:
        for column in table:
            group[column.name].append(_value(record, column))
        rows, size = rows + 1, size + len(group["body_text"][-1] or "")
        if rows >= GROUP_ROWS or size >= GROUP_CHARACTERS:
            yield group
            group, rows, size = {column.name: [] for column in table}, 0, 0
    if rows:
        yield group


def _field(pyarrow: Any, column: Column) -> Any:
    kind = pyarrow.int64() if column.whole else pyarrow.string()
    if column.name in TIMES:
        kind = pyarrow.timestamp("us", tz="UTC")
    about = {"description": column.description}
    return pyarrow.field(column.name, pyarrow.list_(kind) if column.many else kind, metadata=about)


def _value(record: dict[str, Any], column: Column) -> Any:
    if column.many:
        return [None if item is None else _text(item) for item in values(record, column.path, gaps=True)]
    found = next(values(record, column.path), None)
    if column.whole:
        return found if type(found) is int and found in _INT64 else None
    if column.name in TIMES:
        return _moment(found)
    return None if found is None else _text(found)


def _text(value: Any) -> str:
    """The value as text that UTF-8 can hold."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
