"""Who published a portal, and when that was seen: one document per portal and state of its agency's facts.

An article keeps the agency as it stood when the article was last captured; here every state is kept with the first and
the last day on which a captured page stated it, so that "who was responsible for this portal in 2018" has an answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from storage import identity
from storage.decide import Json, captured_at, normal
from storage.filters import period_test, portal_host


def sighting(record: Mapping[str, Any], now: str) -> tuple[str, Json] | None:
    """Key and document of what a record says of its portal's agency; None where it says nothing or has no address.

    The day is that of the capture, or where that is unknown today's. The footer's `raw_text` is no fact.
    """
    agency = record.get("agency")
    host = identity.host_of(str(record.get("url") or ""))
    if not isinstance(agency, Mapping) or not host:
        return None
    facts = {name: value for name, value in agency.items() if name != "raw_text"}
    compared = normal("agency", facts)
    if not compared:
        return None
    moment = captured_at(record)
    day = moment.date().isoformat() if moment else now[:10]
    return _key(host, compared), {"portal": host, "first_seen": day, "last_seen": day, "agency": facts}


def sighting_key(document: Json) -> str:
    """What makes a document of this table itself: portal and facts, layout aside."""
    return _key(document["portal"], normal("agency", document["agency"]))


def _key(portal: str, facts: Any) -> str:
    return f"agency {portal} {hashlib.sha256(json.dumps(facts, sort_keys=True).encode('ascii')).hexdigest()}"


def is_same(one: Json, other: Json) -> bool:
    """Whether two documents have the same key."""
    if one["portal"] != other["portal"]:
        return False
    return bool(one["agency"] == other["agency"]) or sighting_key(one) == sighting_key(other)


def widened(stored: Json | None, seen: Json) -> Json | None:
    """The stored document with the days of a sighting taken in; None where it covers them already."""
    if stored is None:
        return seen
    first, last = min(stored["first_seen"], seen["first_seen"]), max(stored["last_seen"], seen["last_seen"])
    if (first, last) == (stored["first_seen"], stored["last_seen"]):
        return None
    return {**stored, "first_seen": first, "last_seen": last}


def gathered(states: Iterable[Json]) -> dict[int, Json]:
    """The documents, by number, that follow from stored states of articles; the day is that of `last_seen` at worst."""
    found: dict[str, Json] = {}
    for state in states:
        seen = sighting(state, state["last_seen"])
        if seen is not None and (wider := widened(found.get(seen[0]), seen[1])) is not None:
            found[seen[0]] = wider
    return {identity.number_of(key): document for key, document in found.items()}


def select(documents: Iterable[Json], *, portal: str | None, at: str | None) -> Iterator[Json]:
    """The states of one portal (a host or an address on it), or of all, that were seen in a period, oldest first.

    at: a year, month or day. Where a portal has no sighting in it, the nearest ones before and after are given instead.
    Raises InputError for a period that is none.
    """
    host = None if portal is None else portal_host(portal)
    chosen: dict[str, list[Json]] = {}
    for document in documents:
        if host is None or document["portal"] == host:
            chosen.setdefault(document["portal"], []).append(document)
    within = period_test(at) if at else None
    for name in sorted(chosen):
        states = sorted(chosen[name], key=lambda state: (state["first_seen"], state["last_seen"]))
        yield from states if within is None else _around(states, within)


def _around(states: list[Json], within: Callable[[str, str], int]) -> list[Json]:
    """States whose days meet the period; failing these, the last before and the first after."""
    placed = [(within(state["first_seen"], state["last_seen"]), state) for state in states]
    met = [state for place, state in placed if place == 0]
    if met:
        return met
    before = [state for place, state in placed if place < 0]
    after = [state for place, state in placed if place > 0]
    return sorted(before, key=lambda state: str(state["last_seen"]))[-1:] + after[:1]
