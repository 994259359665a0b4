"""TinyDB tables as the archive opens them: for reading, and every document handed out is a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from tinydb.storages import Storage
from tinydb.table import Document, Table

from scraper.errors import ArchiveError
from storage import identity


def copied(value: Any) -> Any:
    """A deep copy of JSON values."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


class CopiedDocument(Document):
    """A document that may be changed without touching the table's own."""

    def __init__(self, value: Mapping[str, Any], doc_id: int) -> None:
        super().__init__(copied(value), doc_id)


class ArchiveTable(Table):
    """A table that answers every TinyDB query and refuses to write, because the archive is the only door for that.

    Beyond TinyDB it knows the numbers of its documents and which article has an identity key. A storage whose tables
    need not be read whole overrides these two and `_read_table`.
    """

    document_class = CopiedDocument

    def __init__(self, storage: Storage, name: str) -> None:
        # No query cache: the storage changes beneath the table.
        super().__init__(storage, name, cache_size=0)
        self._index: dict[str, int] = {}
        self._indexed: object = None

    def doc_ids(self) -> Iterator[int]:
        """All document numbers, in the order of storing."""
        return map(int, self._read_table())

    def with_key(self, key: str) -> int | None:
        """Number of the document with this identity key; that of its own address counts before another's alias."""
        documents = self._read_table()
        if documents is not self._indexed:
            self._index = _key_index(documents)
            self._indexed = documents
        return self._index.get(key)

    def _update_table(self, updater: Callable[[dict[int, Mapping[Any, Any]]], None]) -> NoReturn:
        raise ArchiveError(self.name, "this table is for queries", hint="store records with Archive.put")


def _key_index(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    known: dict[str, int] = {}
    own: dict[str, int] = {}
    for number, document in documents.items():
        known.update(dict.fromkeys(identity.keys(document), int(number)))
        own.update(dict.fromkeys(identity.keys({**document, "aliases": []}), int(number)))
    return known | own
