"""One batch in the making: what the tables hold, overlaid with what the batch has put so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from storage import agencies, identity
from storage.decide import Json, captured_at

if TYPE_CHECKING:
    from storage.tables import ArchiveTable


class Staging:
    """Documents to be committed, as `changes`: table → number → document."""

    def __init__(self, tables: Mapping[str, ArchiveTable]) -> None:
        self._tables = tables
        self._keys: dict[str, int] = {}
        self.changes: dict[str, dict[int, Json]] = {}

    def article(self, number: int) -> Json | None:
        """The article with that number, as of now."""
        return self._document("articles", number)

    def place(self, record: Json) -> tuple[int, Json | None]:
        """Number and stored dict of the record's article; the number to use and None if there is no such article.

        It is looked for where each identity key would put it, then among all keys that articles have had since, so that
        a page whose list was not known when it was first stored, or is not any longer, keeps its name.
        """
        free: list[int] = []
        keys = identity.keys(record)

        def matches(stored: Json) -> bool:
            return not identity.conflict(stored, record) and not set(keys).isdisjoint(identity.keys(stored))

        for key in keys:
            number, stored = _seek(key, self.article, matches)
            if stored is not None:
                return number, stored
            free.append(number)
        for key in keys:
            claimed = self._keys.get(key) or self._tables["articles"].with_key(key)
            stored = None if claimed is None else self.article(claimed)
            if claimed is not None and stored is not None and matches(stored):
                return claimed, stored
        return free[0], None

    def history(self, number: int) -> list[Json]:
        """All states of an article, the current one included: by capture time, or by revision if one has no time."""
        current = self.article(number)
        if current is None:
            return []
        orders = (order for order in range(1, self.next_revision(current)) if order != current["revision"])
        past = (self._revision(current["id"], order)[1] for order in orders)
        states = [*filter(None, past), current]
        moments = {state["revision"]: captured_at(state) for state in states}
        known = None not in moments.values()
        never = datetime.min.replace(tzinfo=UTC)
        return sorted(states, key=lambda state: (moments[state["revision"]] if known else never, state["revision"]))

    def next_revision(self, current: Json) -> int:
        """The first free revision number of an article; older captures that came late have taken some."""
        order: int = current["revision"] + 1
        while self._revision(current["id"], order)[1] is not None:
            order += 1
        return order

    def put_article(self, number: int, document: Json) -> None:
        """Lay down the article's current state."""
        self.changes.setdefault("articles", {})[number] = document
        self._keys.update(dict.fromkeys(identity.keys(document), number))

    def put_revision(self, document: Json) -> None:
        """Lay down a state that is not, or no longer, the current one."""
        number, _ = self._revision(document["id"], document["revision"])
        self.changes.setdefault("revisions", {})[number] = document

    def see_agency(self, record: Json, now: str) -> None:
        """Lay down that the record's agency was seen, where that says something new."""
        if (seen := agencies.sighting(record, now)) is None:
            return
        key, document = seen
        number, stored = _seek(
            key, lambda number: self._document("agencies", number), lambda one: agencies.is_same(one, document)
        )
        if (result := agencies.widened(stored, document)) is not None:
            self.changes.setdefault("agencies", {})[number] = result

    def _revision(self, name: str, order: int) -> tuple[int, Json | None]:
        def matches(one: Json) -> bool:
            return bool(one["id"] == name and one["revision"] == order)

        return _seek(f"revision {name} {order}", lambda number: self._document("revisions", number), matches)

    def _document(self, table: str, number: int) -> Json | None:
        staged = self.changes.get(table, {}).get(number)
        return staged if staged is not None else self._tables[table].document(number)


def _seek(key: str, get: Callable[[int], Json | None], matches: Callable[[Json], bool]) -> tuple[int, Json | None]:
    """The document under a key, or the first number that is free for it: another document may have that number."""
    attempt = 0
    while True:
        number = identity.number_of(key, attempt)
        found = get(number)
        if found is None or matches(found):
            return number, found
        attempt += 1
