"""The revisions of an article as rows: when, what changed against the one before, why. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from storage.decide import captured_at, changed_fields
from storage.differences import text_change, word_counts


def timeline(states: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """One row per state of `Archive.history`, in its order; times are ISO 8601.

    changed: content fields that differ from the row before. words_added, words_removed: of the body, against the same.
    reason: the decision's when the state was stored; None in archives that did not keep it yet. captured_at: None where
    the capture has no time. absences: {gone_at, back_at} of each time that this state was gone and came back, with the
    `reason` where one was told, as gone_reason tells that of today's absence.
    """
    before: Mapping[str, Any] | None = None
    for state in states:
        added, removed = _words(before or state, state)
        moment = captured_at(state)
        yield {
            "revision": state.get("revision"),
            "captured_at": moment.isoformat() if moment else None,
            "first_seen": state.get("first_seen"),
            "last_seen": state.get("last_seen"),
            "changed": [] if before is None else list(changed_fields(before, state)),
            "words_added": added,
            "words_removed": removed,
            "reason": state.get("reason"),
            "gone_at": state.get("gone_at"),
            "gone_reason": state.get("gone_reason"),
            "absences": state.get("absences") or [],
            "content_hash": state.get("content_hash"),
        }
        before = state


def _words(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[int, int]:
    texts = [state.get("body_text") for state in (old, new)]
    was, now = (text if isinstance(text, str) else "" for text in texts)
    change = text_change("body_text", was, now)
    return word_counts(change) if change else (0, 0)
