"""What comes in: records checked and made plain before anything is written, gathered into batches of bounded size."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scraper.errors import InputError
from scraper.models import Record, to_dict
from storage.decide import ADDED_FIELDS, Json
from storage.identity import addresses
from storage.kept_files import checked
from storage.line_format import encode

MAX_BYTES = 1 << 27
"""Largest record, as UTF-8: half of what the storage takes for a line at all."""
MAX_DEPTH = 100
"""Deepest nesting of a record, so that what was written can be read back from any depth of the call stack."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record ready to be stored, and its size in characters of JSON; or the reason why it cannot be."""

    record: Json
    size: int = 0
    error: InputError | None = None


def entry(record: Record | Mapping[str, Any]) -> Entry:
    """The record as plain JSON data of its own, without what an archive adds, `aliases` of another archive excepted.

    `files`, which tells what became of its pictures and attachments, may stand beside it (`kept_files.checked`). The
    record comes back equal from the archive or is refused now: NaN, lone surrogates, foreign objects, endless depth.
    """
    data = to_dict(record) if isinstance(record, Record) else record
    try:
        if not isinstance(data, Mapping):
            raise TypeError(f"an object was expected, not {type(data).__name__}")
        whole = dict(data)
        if "files" in whole:
            whole["files"] = checked(whole["files"])
        _check(whole, MAX_DEPTH)
        text = encode(whole)
        if len(text.encode("utf-8")) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        plain: Json = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        return Entry({}, error=InputError(_name(data), _cause(error), what="cannot store this record"))
    known = addresses(plain)
    plain = {name: value for name, value in plain.items() if name not in ADDED_FIELDS or name == "files"}
    if isinstance(data.get("aliases"), list):
        plain["aliases"] = list(known)
    return Entry(plain, len(text))


def batches(entries: Iterable[Entry], *, records: int, size: int, seconds: float) -> Iterator[list[Entry]]:
    """Lists of entries, each ended by its count, its size in characters or its age, whichever comes first.

    The age is looked at whenever an entry arrives. If the source fails, what it gave before comes out first.
    """
    batch: list[Entry] = []
    weight, deadline = 0, 0.0
    try:
        for item in entries:
            deadline = deadline if batch else time.monotonic() + seconds
            batch.append(item)
            weight += item.size
            if len(batch) >= records or weight >= size or time.monotonic() >= deadline:
                yield batch
                batch, weight = [], 0
    except GeneratorExit:
        raise
    except BaseException:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _check(value: Any, left: int) -> None:
    """Refuse what is nested too deeply, and keys that JSON would make text of: two of them may become one."""
    if left == 0:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"keys must be text, not {type(key).__name__}")
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for item in value:
        _check(item, left - 1)


def _name(data: Any) -> str:
    named = (data.get("url") or data.get("title")) if isinstance(data, Mapping) else None
    return named.encode("utf-8", "replace").decode("utf-8") if isinstance(named, str) else "a record"


def _cause(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return f"a lone surrogate (U+{ord(error.object[error.start]):04X}), which is no character"
    return str(error)
