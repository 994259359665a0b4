"""TinyDB tables as the archive opens them: for reading, one document at a time, never all at once."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping
from typing import Any, NoReturn, Protocol

from tinydb.storages import Storage
from tinydb.table import Table

from scraper.errors import ArchiveError
from storage.decide import Json


class Documents(Protocol):
    """What a storage holds of one table; every call shows the state of now."""

    def __len__(self) -> int: ...

    def document(self, number: int) -> Json | None:
        """The document with that number, a copy of its own."""

    def documents(self) -> Iterator[tuple[int, Json]]:
        """Number and document of all, in the order of first storing."""

    def texts(self) -> Iterator[bytes]:
        """The JSON text of each as it was stored, in UTF-8, one line each, in that order."""

    def numbers(self, within: range, limit: int) -> list[int]:
        """Document numbers in a range, at least `limit` of them if there are so many."""

    def mark(self) -> tuple[str, int]:
        """(state, position): where the last line ends, and what tells this state of the file from every other."""

    def follows(self, mark: tuple[str, int]) -> bool:
        """Whether nothing but additions came after that mark."""

    def since(self, mark: tuple[str, int] | None) -> Iterator[tuple[int, Json]]:
        """Number and document of what was written after the mark, oldest first, a number's last counts; all for None
        and for a mark that is not followed."""

    def owner(self, key: str) -> int | None:
        """Number of the document that has this identity key."""


class ArchiveTable(Table):
    """A table that answers every TinyDB query and refuses to write, because the archive is the only door for that.

    documents: gives what is stored now; None before the first write.
    """

    def __init__(self, storage: Storage, name: str, documents: Callable[[], Documents | None]) -> None:
        # No query cache: the storage changes beneath the table.
        super().__init__(storage, name, cache_size=0)
        self._documents = documents

    def numbers(self, within: range, limit: int) -> list[int]:
        """As `Documents.numbers`."""
        found = self._documents()
        return [] if found is None else found.numbers(within, limit)

    def with_key(self, key: str) -> int | None:
        """Number of the document with this identity key; that of its own address counts before another's alias."""
        found = self._documents()
        return None if found is None else found.owner(key)

    def document(self, number: int) -> Json | None:
        """The document with that number as a plain dict."""
        found = self._documents()
        return None if found is None else found.document(number)

    def stream(self) -> Iterator[Json]:
        """All documents as plain dicts, in the order of first storing."""
        found = self._documents()
        return iter(()) if found is None else (document for _, document in found.documents())

    def texts(self) -> Iterator[bytes]:
        """As `Documents.texts`."""
        found = self._documents()
        return iter(()) if found is None else found.texts()

    def mark(self) -> tuple[str, int]:
        """As `Documents.mark`."""
        found = self._documents()
        return ("", 0) if found is None else found.mark()

    def follows(self, mark: tuple[str, int]) -> bool:
        """As `Documents.follows`."""
        found = self._documents()
        return found is not None and found.follows(mark)

    def since(self, mark: tuple[str, int] | None) -> Iterator[tuple[int, Json]]:
        """As `Documents.since`."""
        found = self._documents()
        return iter(()) if found is None else found.since(mark)

    def _read_table(self) -> Mapping[str, Json]:  # type: ignore[override]
        return _Stream(self._documents())

    def _update_table(self, updater: Callable[[dict[int, Mapping[Any, Any]]], None]) -> NoReturn:
        raise ArchiveError(self.name, "this table is for queries", hint="store records with Archive.put")


class _Stream(Mapping[str, Json]):
    """The table as TinyDB wants to see it, a mapping from number to document, read as it is asked for."""

    def __init__(self, documents: Documents | None) -> None:
        self._documents = documents

    def __getitem__(self, number: str) -> Json:
        found = self._documents.document(int(number)) if self._documents is not None else None
        if found is None:
            raise KeyError(number)
        return found

    def __iter__(self) -> Iterator[str]:
        return (number for number, _ in self.items())

    def __len__(self) -> int:
        return 0 if self._documents is None else len(self._documents)

    def items(self) -> ItemsView[str, Json]:
        return _Items(self)

    def pairs(self) -> Iterator[tuple[str, Json]]:
        """Number and document of all."""
        if self._documents is not None:
            for number, document in self._documents.documents():
                yield str(number), document


class _Items(ItemsView[str, Json]):
    _mapping: _Stream

    def __iter__(self) -> Iterator[tuple[str, Json]]:
        return self._mapping.pairs()
