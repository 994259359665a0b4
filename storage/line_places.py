"""Where the documents of a file lie: the index as far as it goes, and in memory what was written after it."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from storage.decide import Json
from storage.identity import number_of
from storage.line_index import Key, LineIndex, Place, State, make_index, open_index

Owned = Mapping[str, bool]
"""A document's identity keys, and of each whether it comes of the document's own address rather than of an alias."""
KeysOf = Callable[[Json], Owned]

_PAGE = 1000
_Answer = TypeVar("_Answer")


class Places:
    """The places of one generation of a file; `read_again` is called when the index turns out to be damaged.

    documents, bytes: number and length of the lines that count.
    """

    def __init__(self, path: Path, generation: str, keys_of: KeysOf, *, writable: bool, read_again: Callable[[], None]):
        self._path = path
        self._generation = generation
        self.keys_of = keys_of
        self._writable = writable
        self._read_again = read_again
        self._index: LineIndex | None = None
        self.forget()

    def load(self) -> State:
        """Take up the index if there is a fitting one, and tell what it knows."""
        self._know(open_index(self._path, self._generation, writable=self._writable))
        return self._index.state if self._index else State(self._generation)

    def catch_up(self, end: int) -> int:
        """The byte up to which lines are known: `end`, or what another process has indexed beyond it."""
        state = self._ask(lambda index: index.stored_state(), lambda: State(self._generation))
        if self._index is None or state.covered <= end:
            return end
        self._index.state = state
        self._know(self._index)
        return state.covered

    def forget(self) -> None:
        """Know nothing: the file is to be read from its beginning."""
        if self._index is not None:
            self._index.close()
        self._know(None)

    def _know(self, index: LineIndex | None) -> None:
        self._index = index
        self._places: dict[int, Place] = {}
        self._owners: dict[str, tuple[int, bool]] = {}  # identity key → number, and as in `Owned`
        self._fresh: list[Place] = []  # of the documents that are not in the index, by order of first storing
        self.documents, self.bytes = (index.state.documents, index.state.size) if index else (0, 0)

    def __getitem__(self, number: int) -> Place | None:
        found = self._places.get(number)
        if found is not None or self._index is None:
            return found
        return self._ask(lambda index: index.place(number), lambda: self._places.get(number))

    def owner(self, key: str) -> int | None:
        """Number of the document that has this identity key."""
        known = self._owners.get(key)
        kept = self._ask(lambda index: index.owner(number_of(key)), lambda: self._owners.get(key))
        found = kept if known is None or (kept is not None and kept[1] > known[1]) else known
        return found[0] if found else None

    def numbers(self, within: range, limit: int) -> list[int]:
        """Document numbers in a range; no more than `limit` of those in the index."""
        found = self._ask(lambda index: index.numbers(within, limit), lambda: [])
        return list(dict.fromkeys(found) | dict.fromkeys(number for number in self._places if number in within))

    def until(self, before: int) -> Iterator[Place]:
        """All places in the order of first storing, of documents first stored before that byte of the file."""
        after = -1
        while page := self._page(after, before):
            yield from page
            after = page[-1].first

    def note(self, number: int, keys: Owned, at: int, length: int) -> None:
        """A line was read or written: it counts from now on for its document. keys: as of `keys_of`.

        The index may know of it already, when another process is ahead of this one.
        """
        known = self[number]
        place = Place(known.first if known else at, number, at, length)
        is_first = known is None or (known.first == at and number not in self._places)
        self.documents += is_first
        self.bytes += length - (0 if known is None or is_first else known.length)
        if known is None:
            insort(self._fresh, place)  # at the end, but for a line that could not be read at the first glance
        if known is None or known.at <= at:
            self._places[number] = place
        for key, own in keys.items():
            held = self._owners.get(key)
            if held is None or own >= held[1]:
                self._owners[key] = (number, own)

    @property
    def unsaved(self) -> int:
        """How many documents only memory knows the places of."""
        return len(self._places)

    def save(self, covered: int, last: bytes) -> None:
        """Write what only memory knows into the index, which covers the file up to that byte; without room, keep it."""
        index = self._index or make_index(self._path, self._generation)
        if index is None:
            return
        try:
            state = State(self._generation, covered, self.documents, self.bytes, last)
            keys = (Key(number_of(key), number, own) for key, (number, own) in self._owners.items())
            index.add(self._places.values(), keys, state)
        except sqlite3.Error:
            if self._index is None:
                index.close()
            return
        self._know(index)

    def _page(self, after: int, before: int) -> list[Place]:
        page = self._ask(lambda index: index.page(after, before, _PAGE), lambda: [])
        if len(page) < _PAGE:
            start = bisect_right(self._fresh, page[-1].first if page else after, key=lambda place: place.first)
            page += [place for place in self._fresh[start : start + _PAGE] if place.first < before]
        return [self._places.get(place.number, place) for place in page] if self._places else page

    def _ask(self, question: Callable[[LineIndex], _Answer], otherwise: Callable[[], _Answer]) -> _Answer:
        """The index's answer; where there is none, or no longer one, what memory knows."""
        if self._index is not None:
            try:
                return question(self._index)
            except (sqlite3.Error, TypeError, OverflowError):
                self.forget()
                self._read_again()
        return otherwise()
