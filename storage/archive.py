"""The archive: the only door to what is kept.

    with Archive.open(Path("archive")) as archive:
        outcome = archive.put(record)
        archive.get(outcome.id)

Beneath it lies a storage (`line_storage`) that reads TinyDB tables and takes whole batches; the archive knows records,
decisions and names, and never how documents reach the disk. What a storage owes it is `ArchiveStorage`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from scraper.errors import ArchiveError, InputError
from scraper.models import Outcome, Record
from storage import identity
from storage.agencies import select
from storage.decide import Json, absence, sighting
from storage.file_store import FileStore, place_of
from storage.filters import Day, Test, test_of
from storage.intake import Entry, batches, entry
from storage.kept_files import checked, located
from storage.putting import failed, stage, stage_amended, stage_files
from storage.staging import Staging

if TYPE_CHECKING:
    from storage.captures import CaptureStore
    from storage.search import Hit
    from storage.tables import ArchiveTable

BATCH_RECORDS = 256
BATCH_CHARACTERS = 16_000_000
BATCH_SECONDS = 5.0
_SOME_IDS = 5
LOCK_SECONDS = 10.0
TABLES = ("articles", "revisions", "agencies")
"""`verify` reads them in this order: articles first, which revisions belong to."""


class ArchiveStorage(Protocol):
    """What the archive asks of a storage; `line_storage` is one."""

    notices: list[str]
    """What was mended on the way and a person should hear of."""

    def table(self, name: str) -> ArchiveTable:
        """The TinyDB table of that name, for reading."""

    def writing(self, task: str = "writing") -> AbstractContextManager[None]:
        """Let this run, and no other, write within the block, in which the tables show the last state."""

    def commit(self, changes: Mapping[str, Mapping[int, Any]]) -> None:
        """Put documents (table → number → document) durably, all of them or none. Only within `writing`."""

    def compact(self) -> dict[str, tuple[int, int]]:
        """Give back the room of what was superseded: file → size before and after, in bytes."""

    def close(self) -> None:
        """Give up whatever is held."""


class Archive:
    """A folder of records. Use `Archive.open`; everything raises ArchiveError or one of its kinds where files fail."""

    def __init__(
        self, path: Path, storage: ArchiveStorage, clock: Callable[[], datetime], *, writable: bool = True
    ) -> None:
        self.path = path
        self.files = FileStore(path, writable=writable)
        """Contents of pictures and attachments, by digest: put there before the record that names them."""
        self.tables = MappingProxyType({name: storage.table(name) for name in TABLES})
        """TinyDB tables `articles`, `revisions` (superseded states) and `agencies`, for any TinyDB query."""
        self._storage: ArchiveStorage | None = storage
        self._clock = clock
        self._captures: CaptureStore | None = None
        self._writable = writable

    @classmethod
    def open(
        cls,
        path: Path | str = "archive",
        *,
        mode: Literal["r", "w"] = "w",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        lock_timeout: float = LOCK_SECONDS,
        storage: Callable[..., ArchiveStorage] | None = None,
    ) -> Self:
        """Open the archive in the folder `path`.

        mode "w" creates the folder with the first record; "r" takes no lock, creates nothing (`search` makes its
        index), and is refused where there is no archive. Several processes may write: each batch waits up to
        `lock_timeout` seconds for another's (then Locked). clock: gives the time for `first_seen` and the like.
        storage: its class, `LineStorage` unless told.
        """
        if storage is None:
            from storage.line_storage import LineStorage

            storage = LineStorage
        folder = Path(path).absolute()
        writable = mode == "w"
        kept = storage(folder, writable=writable, lock_timeout=lock_timeout, now=_stamp(clock()))
        return cls(folder, kept, clock, writable=writable)

    @property
    def captures(self) -> CaptureStore:
        """Captures as they came, in WARC files: kept there (`keep`) before the record whose `capture.warc` names them.

        What was appended is made durable with the next record that is stored, or by `sync`.
        """
        if self._captures is None:
            from storage.captures import CaptureStore

            self._captures = CaptureStore(self.path, writable=self._writable, clock=self._clock)
        return self._captures

    def put(self, record: Record | Mapping[str, Any]) -> Outcome:
        """Store one record durably and tell what became of it. Raises InputError for one that JSON cannot hold.

        A mapping may carry `files`, a list of `scraper.models.KeptFile` or of objects of that shape: what became of the
        article's pictures and attachments. Their paths are the archive's affair.
        """
        ready = entry(record)
        if ready.error is not None:
            raise ready.error
        return self._store([ready])[0]

    def put_many(
        self,
        records: Iterable[Record | Mapping[str, Any]],
        *,
        batch_records: int = BATCH_RECORDS,
        batch_characters: int = BATCH_CHARACTERS,
        batch_seconds: float = BATCH_SECONDS,
    ) -> Iterator[Outcome]:
        """Store records as they come, one durable write per batch; an outcome is given once its batch is on disk.

        A batch ends with its number of records, its size or its age, looked at as each record arrives. A record that
        cannot be stored gives a `failed` outcome. If `records` raises, what it gave before is stored first.
        """
        ready = map(entry, records)
        for batch in batches(ready, records=batch_records, size=batch_characters, seconds=batch_seconds):
            yield from self._store(batch)

    def put_batch(self, records: Sequence[Record | Mapping[str, Any]]) -> list[Outcome]:
        """Store these records with one durable write: their outcomes, in order, `failed` for what cannot be stored."""
        return self._store([entry(record) for record in records])

    def mark_seen(self, references: Iterable[str]) -> list[Outcome | None]:
        """Note, with one durable write, that the server says that these pages have not changed (304).

        `last_seen` moves, and one that was gone is published again. references: as for `get`. Outcomes in order, None
        for an unknown article.
        """
        return self._amend((reference, partial(stage_amended, amend=sighting)) for reference in references)

    def mark_gone(self, reference: str, reason: str | None = None) -> Outcome | None:
        """Note that an article is no longer published; None where it is unknown.

        reason: how that is known, where it is more than an address that answers 404 or 410. The outcome's reason ends
        in it, and it is kept as `gone_reason` until the article is published again.
        """
        return self._amend([(reference, partial(stage_amended, amend=partial(absence, reason=reason)))])[0]

    def mark_files(self, files: Mapping[str, Sequence[Any]]) -> list[Outcome | None]:
        """Note, with one durable write, what was learned of articles' pictures and attachments apart from their pages.

        files: an article as for `get` → `KeptFile`s or objects of that shape, of any time, several of one address among
        them. Each state of the article takes what it names and what was answered in its time. Outcomes in order, None
        for an unknown article. Raises TypeError or ValueError for what is no such object.
        """
        found = {reference: located(checked(list(given)), self._place) for reference, given in files.items()}
        return self._amend((reference, partial(stage_files, files=given)) for reference, given in found.items())

    def get(self, reference: str) -> Json | None:
        """The stored dict by its id, an unambiguous beginning of it, or any address that led to it; else None.

        Raises InputError where several ids begin so.
        """
        number = self._number(reference)
        return None if number is None else self.tables["articles"].document(number)

    def find(
        self,
        *,
        portal: str | None = None,
        title: str | None = None,
        published_from: Day | None = None,
        published_to: Day | None = None,
        agency: str | None = None,
        section: str | None = None,
        author: str | None = None,
        where: Test | None = None,
    ) -> Iterator[Json]:
        """Stored dicts for which all given filters hold, in the order of first storing.

        portal: host (or an address on it) of any address of the article, `www.` aside. title, section, author, agency
        (any of its facts): contained text, case aside, and tone marks too unless the wanted text has some.
        published_from, published_to: both included, to the precision given, so `2018-12` ends with the month.
        where: a TinyDB query or any function of a stored dict.
        """
        self._open_storage()
        wanted = test_of(
            portal=portal,
            title=title,
            published_from=published_from,
            published_to=published_to,
            agency=agency,
            section=section,
            author=author,
            where=where,
        )
        return (document for document in self.tables["articles"].stream() if wanted(document))

    def texts(self) -> Iterator[bytes]:
        """The JSON text of every stored dict, in UTF-8 and without a line break: what `find()` gives, several times as
        fast, for those who pass it on as it is."""
        self._open_storage()
        return self.tables["articles"].texts()

    def search(self, text: str, **wanted: Any) -> Iterator[Hit]:
        """The articles that fit best, best first: see `SearchIndex.search`."""
        from storage.search import FILE, SearchIndex

        self._open_storage()
        with SearchIndex(self.path / FILE, self.tables["articles"]) as index:
            return index.search(text, **wanted)

    def history(self, reference: str) -> list[Json]:
        """All states of an article, oldest first, the current one included; empty where it is unknown."""
        number = self._number(reference)
        return [] if number is None else self._staging().history(number)

    def agencies(self, *, portal: str | None = None, at: str | None = None) -> Iterator[Json]:
        """Who published the portals, oldest first: {portal, first_seen, last_seen, agency}, one per state of facts.

        portal: host or an address on it. at: year, month or day; the nearest states where none was seen then.
        """
        self._open_storage()
        return select(self.tables["agencies"], portal=portal, at=at)

    def compact(self) -> dict[str, tuple[int, int]]:
        """Leave out what later writes have superseded: file → size before and after, in bytes. Revisions stay.

        Raises Locked, NoSpace (there must be room for a second copy), Corrupt; then the archive is as before.
        """
        return self._open_storage().compact()

    @property
    def notices(self) -> tuple[str, ...]:
        """What was mended on the way, for a person to hear: an unfinished write that was cut off."""
        return (*self._open_storage().notices, *(self._captures.notices if self._captures is not None else ()))

    def __len__(self) -> int:
        self._open_storage()
        return len(self.tables["articles"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others write; more than once is fine."""
        try:
            if self._captures is not None:
                self._captures.close()
        finally:
            self._close_storage()

    def _close_storage(self) -> None:
        if self._storage is not None:
            self._storage.close()
            self._storage = None

    def _open_storage(self) -> ArchiveStorage:
        if self._storage is None:
            raise ArchiveError(str(self.path), "it is closed")
        return self._storage

    def _staging(self) -> Staging:
        self._open_storage()
        return Staging(self.tables)

    def _number(self, reference: str) -> int | None:
        self._open_storage()
        articles = self.tables["articles"]
        within = identity.numbers_with(reference)
        if len(within) == 1:
            return within.start if articles.document(within.start) is not None else None
        if within:
            found = articles.numbers(within, _SOME_IDS + 1)
            if len(found) > 1:
                more = ", …" if len(found) > _SOME_IDS else ""
                some = ", ".join(map(identity.id_of, sorted(found)[:_SOME_IDS]))
                raise InputError(reference, f"several ids begin so: {some}{more}", what="this id is ambiguous")
            if found:
                return found[0]
        key = identity.address_key(reference) or identity.address_key(f"https://{reference}")
        return articles.with_key(f"address {key}") if key else None

    def _store(self, batch: list[Entry]) -> list[Outcome]:
        storage = self._open_storage()
        if all(item.error for item in batch):
            return [failed(item.error) for item in batch if item.error]
        for item in batch:
            if item.record.get("files"):
                item.record["files"] = located(item.record["files"], self._place)
        if self._captures is not None:
            self._captures.sync()
        with storage.writing():
            staging, now = self._staging(), _stamp(self._clock())
            outcomes = [failed(item.error) if item.error else stage(staging, item.record, now) for item in batch]
            storage.commit(staging.changes)
        return outcomes

    def _amend(self, amendments: Iterable[tuple[str, Callable[[Staging, int, str], Outcome]]]) -> list[Outcome | None]:
        """Change stored articles by what is learned of them without their page; None for one that is unknown."""
        wanted = list(amendments)
        outcomes: list[Outcome | None] = []
        if all(self._number(reference) is None for reference, _ in wanted):
            return [None for _ in wanted]
        if self._captures is not None:
            self._captures.sync()
        with self._open_storage().writing():
            staging, now = self._staging(), _stamp(self._clock())
            for reference, amendment in wanted:
                number = self._number(reference)
                is_known = number is not None and staging.article(number) is not None
                outcomes.append(amendment(staging, number, now) if number is not None and is_known else None)
            self._open_storage().commit(staging.changes)
        return outcomes

    def _place(self, sha256: str) -> str | None:
        return place_of(sha256) if sha256 in self.files else None


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
