"""What a record means for the archive: new, changed, unchanged or gone. Pure functions of stored and new data.

Three kinds of fields:

- *content* (`CONTENT_FIELDS`) is what the article says. A difference in it makes a new revision; the old one is kept.
- *moving* fields (`MOVING_FIELDS`) belong to the page rather than to the article. A newer value replaces the stored one
  without a revision; a missing one never wipes it. The agency is one of them, because its facts come from the footer of
  every page: one new telephone number would otherwise make a revision of every article of the portal, and the revisions
  would no longer say who edited what. The facts as they stood earlier remain in earlier revisions and kept captures.
  What is known of pictures and attachments as files (`files`) moves likewise, by the rules of `kept_files`.
- everything else (evidence, problems, HTML, capture) tells how one capture was read. It stays with the revision that it
  explains, unless the very same bytes were read again: then the newer reading replaces the older one.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scraper.models import OutcomeKind
from scraper.text import tidy
from storage import identity, kept_files
from storage.moments import moment_of

Json = dict[str, Any]

CONTENT_FIELDS = (
    "title",
    "subtitle",
    "section",
    "summary",
    "author",
    "source",
    "published_at",
    "published_precision",
    "updated_at",
    "language",
    "body_text",
    "images",
    "attachments",
    "tags",
    "content_type",
    "form",
)
MOVING_FIELDS = ("url", "list_path", "item_id", "views", "agency")
ADDED_FIELDS = (
    "id",
    "revision",
    "changed",
    "reason",
    "content_hash",
    "first_seen",
    "last_seen",
    "aliases",
    "gone_at",
    "gone_reason",
    "absences",
    "files",
)
"""What the archive adds to a record; of these `files` alone is given to it, beside the record."""

_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Decision:
    """kind and reason for the outcome; names of changed fields; all addresses known from now on.

    late: the new capture is older than the stored one, so its content belongs into the past. back: the article was gone
    and is published again. content_hash: the new record's.
    """

    kind: OutcomeKind
    reason: str
    changed: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    late: bool = False
    content_hash: str = ""
    back: bool = False


def decide(stored: Json | None, new: Json) -> Decision:
    """Compare a stored dict with a new record; `stored` None: never seen."""
    digest = content_hash(new)
    if stored is None:
        return Decision("new", "first seen", (), _aliases({}, new), False, digest)
    aliases, late = _aliases(stored, new), _is_older(new, stored)
    changed = () if digest == stored.get("content_hash") else changed_fields(stored, new)
    if changed:
        reason = f"changed: {', '.join(changed)}"
        reason += "; an older capture" if late else _how(stored, new)
    else:
        refreshed = () if late else agency_changes(stored, new)
        reason = f"same content; agency updated: {', '.join(refreshed)}" if refreshed else "same content"
    back = bool(stored.get("gone_at")) and not late and _is_published(stored, new)
    reason += "; published again" if back else ""
    return Decision("changed" if changed else "unchanged", reason, changed, aliases, late, digest, back)


def content_hash(record: Mapping[str, Any]) -> str:
    """SHA-256 over the content fields: words and order count; layout, empty values and schemes of addresses do not."""
    content = [normal(name, record.get(name)) for name in CONTENT_FIELDS]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()


def changed_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the content fields that differ, in the record's order."""
    return tuple(name for name in CONTENT_FIELDS if _differ(name, old.get(name), new.get(name)))


def agency_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the agency's facts that differ; empty where the new record has no agency. `raw_text` is no fact."""
    was, now = old.get("agency") or {}, new.get("agency") or {}
    if not isinstance(was, dict) or not isinstance(now, dict) or not now:
        return ()
    names = (name for name in {**was, **now} if name != "raw_text")
    return tuple(name for name in names if _differ(name, was.get(name), now.get(name)))


def article(decision: Decision, stored: Json | None, new: Json, *, number: int, order: int, now: str) -> Json:
    """The stored dict that results. number: the article's; order: a new revision's; now: time stamp of this sight."""
    if stored is None:
        return revision(decision, new, number=number, order=order, now=now)
    seen = {"first_seen": stored["first_seen"], "last_seen": max(stored["last_seen"], now)}
    if decision.kind == "changed" and not decision.late:
        still_gone = {} if decision.back else {name: stored.get(name) for name in ("gone_at", "gone_reason")}
        files = _files(stored, new, now, only=kept_files.referred(new))
        return revision(decision, new, number=number, order=order, now=now) | seen | still_gone | files
    kept = {**stored, **seen, "aliases": list(decision.aliases)}
    if decision.late:
        return kept
    back = _published(stored, now) if decision.back else {}
    return {**kept, **_moved(stored, new), **_files(stored, new, now), **back}


Amendment = Callable[[Json, str], tuple[Decision, Json]]
"""What is learned of an article without its page: stored dict and time stamp → decision and the dict that results."""


def absence(stored: Json, now: str, reason: str | None = None) -> tuple[Decision, Json]:
    """Decision and stored dict that result when the article is no longer published.

    reason: how that is known; the first one told stays.
    """
    since = stored.get("gone_at")
    why = stored.get("gone_reason") or tidy(reason or "")[:_LONGEST_REASON] or None
    told = f"no longer published since {since}" if since else "no longer published"
    result = {**stored, "aliases": list(_aliases(stored, {})), "gone_at": since or now, "gone_reason": why}
    return Decision("gone", f"{told}: {why}" if why else told), result


def sighting(stored: Json, now: str) -> tuple[Decision, Json]:
    """Decision and stored dict that result when the server says that the page has not changed since it was fetched."""
    back = bool(stored.get("gone_at"))
    reason = "not modified" + ("; published again" if back else "")
    result = {**stored, "last_seen": max(stored["last_seen"], now), **(_published(stored, now) if back else {})}
    return Decision("unchanged", reason, back=back), result


def enclosed(state: Json, files: list[Json], *, until: datetime | None, now: str) -> Json:
    """A state of an article after something was learned of its files alone. until: as `kept_files.merged_in_time`."""
    named = kept_files.referred(state)
    found = [one for one in files if kept_files.key_of(one) in named]
    return {**state, "files": kept_files.merged_in_time(state.get("files"), found, until=until, now=now)}


def revision(decision: Decision, new: Json, *, number: int, order: int, now: str) -> Json:
    """The new record as revision `order` of the article with that number."""
    return {
        **new,
        "id": identity.id_of(number),
        "revision": order,
        "changed": list(decision.changed),
        "reason": decision.reason,
        "content_hash": decision.content_hash,
        "first_seen": now,
        "last_seen": now,
        "aliases": list(decision.aliases),
        "gone_at": None,
        "gone_reason": None,
        "absences": [],
        "files": kept_files.merged(None, new.get("files"), now=now),
    }


def _published(stored: Json, now: str) -> Json:
    """The state is published again: its absence ends now and stays on record."""
    past = {"gone_at": stored["gone_at"], "back_at": now}
    if stored.get("gone_reason"):
        past["reason"] = stored["gone_reason"]
    return {"gone_at": None, "gone_reason": None, "absences": [*(stored.get("absences") or []), past]}


def _files(stored: Json, new: Json, now: str, only: set[str] | None = None) -> Json:
    return {"files": kept_files.merged(stored.get("files"), new.get("files"), now=now, only=only)}


def _moved(stored: Json, new: Json) -> Json:
    """What an unchanged article takes from the newer record, evidence included."""
    if same_bytes(stored, new):
        reading = {name: value for name, value in new.items() if name not in ("capture", *ADDED_FIELDS)}
        return {name: value for name, value in reading.items() if value is not None or name not in MOVING_FIELDS}
    moved = {name: new[name] for name in MOVING_FIELDS if new.get(name) is not None}
    was, now = stored.get("evidence"), new.get("evidence")
    if isinstance(was, dict) and isinstance(now, dict):
        moved["evidence"] = was | {path: why for path, why in now.items() if path.split(".")[0] in moved}
    return moved


def _aliases(stored: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    capture = new.get("capture")
    roads = [capture.get("requested_url"), capture.get("final_url")] if isinstance(capture, dict) else []
    seen = [*identity.addresses(stored), *identity.addresses(new), *roads]
    return tuple(dict.fromkeys(a for a in seen if isinstance(a, str) and identity.address_key(a)))


def _capture(record: Mapping[str, Any], name: str) -> str | None:
    capture = record.get("capture")
    value = capture.get(name) if isinstance(capture, dict) else None
    return value if isinstance(value, str) else None


def same_bytes(stored: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether both came of the same bytes."""
    digest = _capture(new, "sha256")
    return digest is not None and digest == _capture(stored, "sha256")


def same_place(stored: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether both were read from the same kept capture: the newer one is a re-extraction."""
    one, other = (record.get("capture") for record in (stored, new))
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    return one.get("warc") is not None and one["warc"] == other.get("warc")


def is_reading(stored: Json, new: Json) -> bool:
    """Whether a record that was read again from the stored one's bytes says nothing that is not stored."""
    return all(stored.get(name) == value for name, value in _moved(stored, new).items())


def _how(stored: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if same_place(stored, new):
        return "; re-extraction"
    return "; same bytes, other reading" if same_bytes(stored, new) else ""


def _is_older(new: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    one, other = captured_at(new), captured_at(stored)
    return one is not None and other is not None and one < other


def _is_published(stored: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the new record was captured since the article was noted as gone, to the second.

    A saved page without a time may be older than that, so it proves nothing.
    """
    moment, since = captured_at(new), moment_of(stored.get("gone_at"))
    return moment >= since if moment and since else _capture(new, "source") == "http"


def captured_at(record: Mapping[str, Any]) -> datetime | None:
    """When the record's bytes were received, where that is known."""
    return moment_of(_capture(record, "fetched_at"))


def _differ(name: str, old: Any, new: Any) -> bool:
    return bool(old != new and normal(name, old) != normal(name, new))


def normal(name: str, value: Any) -> Any:
    """The comparing form of a value: NFC, single blanks, nothing empty; None where nothing is left."""
    if isinstance(value, str):
        if name == "url":
            value = identity.address_key(value) or value
        return " ".join(unicodedata.normalize("NFC", value).split()) or None
    if isinstance(value, list):
        return [item for item in (normal(name, item) for item in value) if item is not None] or None
    if isinstance(value, dict):
        pairs = ((key, normal(key, item)) for key, item in value.items())
        return {key: item for key, item in pairs if item is not None} or None
    return value
