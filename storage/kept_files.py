"""What an archive knows of an article's pictures and attachments: `files` of a record. Pure.

A moving fact: it makes no revision. Content that was kept once is never forgotten: a file that is missing now, or that
could not be fetched again, keeps its digest and path, and content that the same address gave earlier stays under
`earlier`.
"""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from scraper.models import EarlierFile, FileStatus, KeptFile, to_dict
from storage.identity import address_key
from storage.moments import moment_of

Json = dict[str, Any]

MOST_EARLIER = 20
"""Contents of one address that are named besides the latest; of one that changes at every sight, the files stay."""
NOT_IN_ARCHIVE = "not_in_archive"
"""`error` of a file that a record calls stored, but whose content this archive does not have."""

_DIGEST = re.compile("[0-9a-f]{64}")
_CONTENT = ("sha256", "bytes", "content_type", "file_name", "path", "fetched_at")
_STATUSES = typing.get_args(FileStatus)
_NEVER = datetime.min.replace(tzinfo=UTC)


def checked(files: Any) -> list[Json]:
    """`files` as the caller of `Archive.put` gives it, whole: objects or `KeptFile`s. Paths are left to the archive.

    Raises TypeError or ValueError for anything else.
    """
    plain = to_dict(files)
    if not isinstance(plain, list):
        raise TypeError("`files` must be a list")
    return [_checked(KeptFile, one) for one in plain]


def located(files: Iterable[Json], place: Callable[[str], str | None]) -> list[Json]:
    """The same with true paths. place: a digest's path in this archive, None where its content is not kept.

    A file that is called stored but is not here counts as failed: the record is kept, and says what it lacks.
    """
    found = []
    for one in files:
        path = place(one["sha256"]) if one["sha256"] else None
        lost = {"status": "failed", "error": NOT_IN_ARCHIVE} if one["status"] == "stored" and path is None else {}
        earlier = [{**past, "path": place(past["sha256"])} for past in one["earlier"]]
        found.append({**one, **lost, "path": path, "earlier": earlier})
    return found


def merged(stored: Any, given: Any, *, now: str, only: set[str] | None = None) -> list[Json]:
    """What is known of the files after `given` (as of `located`, or None) came to what is `stored`.

    A file that is not given stays as it is, if its address is among `only` (keys of `referred`); None: all stay.
    """
    known = {key_of(one): one for one in _objects(stored)}
    result = [_later(known.pop(key_of(one), None), one, now) for one in _objects(given)]
    return result + [one for key, one in known.items() if only is None or key in only]


def merged_in_time(stored: Any, given: Iterable[Json], *, now: str, until: datetime | None = None) -> list[Json]:
    """The same for answers of any time, several of one address among them: the latest counts, older contents are among
    the earlier ones. In whatever order and however often they are given, the result is the same.

    until: when the next state of the article was captured, None for the current one. Of each address counts what was
    answered before that, and where nothing was, the first answer.
    """
    known = {key_of(one): one for one in _objects(stored)}
    asked: dict[str, list[Json]] = {}
    for one in given:
        asked.setdefault(key_of(one), []).append(one)
    result = []
    for key in dict.fromkeys([*known, *asked]):
        file, later = _of_time(known.get(key), until)
        answers = sorted([*later, *asked.get(key, ())], key=_time_of)
        in_time = [one for one in answers if until is None or _time_of(one) < until]
        for one in in_time if file is not None else in_time or answers[:1]:
            file = _before(file, one, now) if file is not None and _is_older(one, file) else _later(file, one, now)
        result += [] if file is None else [file]
    return result


def referred(record: Mapping[str, Any]) -> set[str]:
    """Keys of the addresses of a record's pictures and attachments."""
    return {key_of(one) for name in ("images", "attachments") for one in _objects(record.get(name))}


def lacking(addresses: Iterable[str], stored: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Those addresses that are worth asking for: neither stored nor refused by what a stored record says of them."""
    files = _objects((stored or {}).get("files"))
    settled = {key_of(one) for one in files if one.get("status") in ("stored", "refused")}
    return tuple(address for address in addresses if key_of({"url": address}) not in settled)


def digests(record: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """(path, SHA-256) of every content that a stored record says is kept, as written there."""
    for one in _objects(record.get("files")):
        for content in (one, *_objects(one.get("earlier"))):
            if content.get("path") is not None:
                yield content["path"], content.get("sha256")


def _later(old: Json | None, new: Json, now: str) -> Json:
    """One file after another attempt. An attempt without content never wipes content, nor a certain fact a doubt."""
    was: Json = old or {}
    earlier, held = list(_objects(was.get("earlier"))), was.get("path") is not None
    if new["status"] == "stored":
        if held and was["sha256"] != new["sha256"]:
            earlier.insert(0, {field.name: was.get(field.name) for field in dataclasses.fields(EarlierFile)})
        earlier = [one for one in earlier if one["sha256"] != new["sha256"]]
        return {**new, "missing_since": None, "earlier": (earlier or new["earlier"])[:MOST_EARLIER]}
    if new["status"] == "missing":
        since = was.get("missing_since") or new["missing_since"] or new["fetched_at"] or now
        content = {name: was.get(name) for name in _CONTENT} if held else {}
        return {**new, **content, "missing_since": since, "earlier": earlier or new["earlier"]}
    if held or (new["status"] == "failed" and was.get("status") == "missing"):
        return {**was, "error": new["error"]}
    return {**new, "missing_since": None, "earlier": earlier or new["earlier"]}


def _of_time(known: Json | None, until: datetime | None) -> tuple[Json | None, list[Json]]:
    """What a state knows of a file; but None, and the answers that it came of, where some of it is of a later time."""
    if known is None or until is None:
        return known, []
    contents = [one for one in (known, *_objects(known.get("earlier"))) if one.get("path") is not None]
    moments = [_time_of(one) for one in contents or [known]]
    moments += filter(None, [moment_of(known.get("missing_since"))])
    if all(moment < until for moment in moments):
        return known, []
    plain: Json = {"status": "stored", "error": None, "missing_since": None, "earlier": []}
    return None, [{**known, **one, **plain} for one in contents] or [known]


def _is_older(one: Json, other: Json) -> bool:
    """Whether an answer is older than what is known of the address; one without a time is older than one with a time,
    and what comes last of those without."""
    return _time_of(one) < (moment_of(other.get("missing_since")) or _time_of(other))


def _before(known: Json, older: Json, now: str) -> Json:
    """One file after an answer came to light that is older than what is known of it."""
    has_content, is_missing = known.get("path") is not None, known["status"] == "missing"
    if older["status"] == "missing" and is_missing and (not has_content or _time_of(older) > _time_of(known)):
        return {**known, "missing_since": older["fetched_at"] or known["missing_since"]}
    if older["status"] != "stored":
        return known
    if not has_content:
        return _later(older, known, now)
    if is_missing and _time_of(older) > _time_of(known):  # its last content before it went missing
        absence = {name: known[name] for name in ("status", "missing_since", "error")}
        return {**_later(known, older, now), **absence}
    added = {field.name: older.get(field.name) for field in dataclasses.fields(EarlierFile)}
    earlier: dict[Any, Json] = {}
    for one in sorted([*_objects(known.get("earlier")), added], key=_time_of, reverse=True):
        if one["sha256"] != known["sha256"]:
            earlier.setdefault(one["sha256"], one)
    return {**known, "earlier": list(earlier.values())[:MOST_EARLIER]}


def _time_of(one: Mapping[str, Any]) -> datetime:
    return moment_of(one.get("fetched_at")) or _NEVER


def _checked(model: type, value: Any) -> Json:
    """All fields of a model, each of its type; unknown keys are dropped."""
    if not isinstance(value, dict):
        raise TypeError(f"`files`: an object was expected, not {type(value).__name__}")
    whole = {field.name: value.get(field.name) for field in dataclasses.fields(model)}
    for name, item in whole.items():
        kind = int if name == "bytes" else list if name == "earlier" else str
        if item is not None and (not isinstance(item, kind) or isinstance(item, bool)):
            raise TypeError(f"`files`: {name} must be {kind.__name__}, not {type(item).__name__}")
    if whole["sha256"] is not None and not _DIGEST.fullmatch(whole["sha256"]):
        raise ValueError("`files`: sha256 must be 64 hexadecimal digits in lower case")
    if model is KeptFile:
        if whole["status"] not in _STATUSES:
            raise ValueError(f"`files`: status must be one of {', '.join(_STATUSES)}")
        if address_key(whole["url"] or "") is None:
            raise ValueError("`files`: each needs the address that it has on the web")
        whole["earlier"] = [_checked(EarlierFile, one) for one in whole["earlier"] or ()]
    if whole["sha256"] is None and (model is EarlierFile or whole["status"] == "stored"):
        raise ValueError("`files`: what is stored needs its sha256")
    return whole


def key_of(one: Mapping[str, Any]) -> str:
    """What tells one file of an article from another: its address's comparing form."""
    url = one.get("url")
    return (address_key(url) or url) if isinstance(url, str) else ""


def _objects(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
