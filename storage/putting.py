"""What becomes of one record: the decision on it, and what follows for the batch in the making."""

from __future__ import annotations

import dataclasses

from scraper.errors import InputError
from scraper.models import Outcome
from storage.decide import (
    Amendment,
    Decision,
    Json,
    article,
    captured_at,
    content_hash,
    decide,
    enclosed,
    revision,
    same_bytes,
    same_place,
)
from storage.staging import Staging


def stage(staging: Staging, record: Json, now: str) -> Outcome:
    """Decide on one record and lay down what follows from it.

    A kept capture that is read again is no sight of the page: no time moves.
    """
    number, stored = staging.place(record)
    again = stored is not None and same_place(stored, record)
    if stored is not None and again:
        now = stored["last_seen"]
    staging.see_agency(record, now)
    decision = decide(stored, record)
    order = 1 if stored is None else staging.next_revision(stored)
    result = article(decision, stored, record, number=number, order=order, now=now)
    staging.put_article(number, result)
    if decision.kind != "changed" or stored is None:
        return outcome_of(decision, result, record)
    if not again and (kept := _same_capture(staging.history(number), stored, record)) is not None:
        same = dataclasses.replace(decision, kind="unchanged", reason="these bytes are a kept revision")
        staging.put_article(number, stored)
        return outcome_of(same, kept, record)
    if not decision.late:
        staging.put_revision(stored)
        return outcome_of(decision, result, record)
    for state in staging.history(number):
        if state["content_hash"] == decision.content_hash:
            known = dataclasses.replace(decision, kind="unchanged", reason="an older capture of a kept revision")
            return outcome_of(known, state, record)
    late = revision(decision, record, number=number, order=order, now=now)
    staging.put_revision(late)
    return outcome_of(decision, late, record)


def stage_amended(staging: Staging, number: int, now: str, *, amend: Amendment) -> Outcome:
    """Lay down what is learned of a stored article without its page."""
    stored = staging.article(number) or {}
    decision, result = amend(stored, now)
    if result != stored:
        staging.put_article(number, result)
    return outcome_of(decision, result, result)


def stage_files(staging: Staging, number: int, now: str, *, files: list[Json]) -> Outcome:
    """Lay down what is learned of the files of a stored article, for each of its states."""
    current = staging.article(number) or {}
    states = staging.history(number)
    moments = sorted(filter(None, map(captured_at, states)))
    for state in states:
        moment = captured_at(state)
        until = next((other for other in moments if moment is not None and other > moment), None)
        result = enclosed(state, files, until=until, now=now)
        if result == state:
            continue
        if state["revision"] == current["revision"]:
            staging.put_article(number, result)
        else:
            staging.put_revision(result)
    return outcome_of(Decision("unchanged", "its files"), current, current)


def _same_capture(history: list[Json], stored: Json, record: Json) -> Json | None:
    """The superseded revision that came of the very same bytes and says the same; None when there is none.

    Nor where the bytes were captured after the current state: then the page says again what it said before.
    """
    digest, moment, current = content_hash(record), captured_at(record), captured_at(stored)
    if moment is not None and current is not None and moment > current:
        return None
    return next(
        (state for state in history[:-1] if state.get("content_hash") == digest and same_bytes(state, record)), None
    )


def outcome_of(decision: Decision, state: Json, record: Json) -> Outcome:
    """The outcome of a record that came to the given state."""
    capture, problems = record.get("capture"), record.get("problems")
    doubts = problems if isinstance(problems, list) else []
    asked = capture.get("requested_url") if isinstance(capture, dict) else None
    return Outcome(
        kind=decision.kind,
        source=asked or record.get("url") or state["id"],
        id=state["id"],
        title=state.get("title"),
        revision=state["revision"],
        reason=decision.reason,
        url=state.get("url"),
        problems=tuple(str(p.get("code")) for p in doubts if isinstance(p, dict)),
    )


def failed(error: InputError) -> Outcome:
    """The outcome of a record that cannot be stored."""
    return Outcome("failed", error.source, reason=str(error), code=error.code, hint=error.hint)
