"""Full-text search: an index beside the archive that is derived from it, and made again whenever it does not fit.

    with SearchIndex(folder / "search.sqlite", feed) as index:
        for hit in index.search("dong khoi", since="2018"):
            ...

The index follows the archive by the mark of its feed: before each search what was written since is taken in, in one
transaction. An index that is absent, damaged, of another version or of another generation of the archive is made anew
in a file of its own, which then takes the old one's place whole. Where it cannot be written (a read-only folder, a full
disk), the search works with a private one that is gone afterwards: slow, but right.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

from scraper.errors import ArchiveError, InputError, Locked
from storage.filters import Day, iso_bound, portal_host
from storage.index_tables import FIELDS, WEIGHTS, Mark, connect, covered, fill, texts_of
from storage.query import Query, read_query
from storage.snippet import Piece, snippet

FILE = "search.sqlite"
LIMIT = 20
LOCK_SECONDS = 30.0
_LESS_PATIENT_SECONDS = 2.0
_PAUSE = 0.05
_CANDIDATES = 20
# The title comes last because a hit shows it anyway.
_SNIPPET_ORDER = ("body", "summary", "captions", "tags", "author", "section", "agency", "title")


class Feed(Protocol):
    """What the index asks of the archive's table of articles."""

    def mark(self) -> Mark:
        """(state, position) as of now: where the last line ends, and what tells this state of the file from others."""

    def follows(self, mark: Mark) -> bool:
        """Whether nothing but additions came after that mark."""

    def since(self, mark: Mark | None) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """(document number, stored dict) of all that was written after the mark, oldest first; the last of a number
        counts. Everything when the mark is None or the feed does not follow it. Numbers have at most 63 bits."""


class Hit(NamedTuple):
    """An article that was found. score: higher is better, comparable within one search.

    published_at: as stored.  portal: host of its own address.  snippet: texts, each with whether it is a find.
    number: of the document.
    """

    id: str
    number: int
    score: float
    title: str | None
    published_at: str | None
    portal: str | None
    snippet: list[Piece]


class SearchIndex:
    """The index in the file `path`, of the articles of `feed`. lock_timeout: seconds to wait for another's refresh."""

    def __init__(self, path: Path, feed: Feed, *, lock_timeout: float = LOCK_SECONDS) -> None:
        self._path = path.absolute()
        self._feed = feed
        self._lock_timeout = lock_timeout
        self._private: sqlite3.Connection | None = None

    def search(
        self,
        text: str,
        *,
        field: str | None = None,
        portal: str | None = None,
        since: Day | None = None,
        until: Day | None = None,
        agency: str | None = None,
        limit: int | None = LIMIT,
    ) -> Iterator[Hit]:
        """The articles that fit best, best first; what can be typed as `text` is told in `storage.query`.

        field: one of FIELDS, where the words must stand.  portal, since, until: as in `Archive.find`.
        agency: words in their order among the agency's facts.  limit: None for all.
        Raises InputError for a query, date, portal or field that cannot be used; Locked where another run makes the
        first index for longer than the time allowed; ArchiveError.
        """
        if field is not None and field not in FIELDS:
            raise InputError(field, f"expected one of {', '.join(FIELDS)}", what="no such field")
        query = read_query(text, field=field, agency=agency)
        tests, values = _tests(portal, since, until)

        def found(index: sqlite3.Connection) -> list[Hit]:
            return _hits(index, query, tests, values, -1 if limit is None else limit)

        return iter(self._with_index(found))

    def refresh(self, *, anew: bool = False) -> None:
        """Take in what was written since; make the index where there is none that fits, or (anew) in any case.

        While another run does so, an index that only lacks the newest articles serves as it is. Raises as `search`.
        """
        known = None if anew else self._covered()
        if known == self._feed.mark():
            return
        if self._private is None:
            self._private = self._written(known, anew)
        if self._private is not None:
            mark = self._feed.mark()
            fill(self._private, self._feed.since(covered(self._private)), mark)

    def close(self) -> None:
        """Give up a private index; more than once is fine."""
        if self._private is not None:
            self._private.close()
            self._private = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _with_index(self, ask: Callable[[sqlite3.Connection], list[Hit]]) -> list[Hit]:
        """The answer of an index that covers the feed. One that turns out to be damaged is made again, once."""
        try:
            self.refresh()
            try:
                return self._asked(ask)
            except (sqlite3.DatabaseError, TypeError, ValueError):  # ValueError: damaged texts are no UTF-8
                self.refresh(anew=True)
                return self._asked(ask)
        except (OSError, sqlite3.Error) as error:
            raise ArchiveError(str(self._path), str(error), what="cannot use the search index") from error

    def _asked(self, ask: Callable[[sqlite3.Connection], list[Hit]]) -> list[Hit]:
        if self._private is not None:
            return ask(self._private)
        with closing(connect(self._path)) as index:
            index.execute("BEGIN")  # one state for all that is read
            return ask(index)

    def _covered(self) -> Mark | None:
        """How far the index goes that would be asked; None where none can be used."""
        try:
            if self._private is not None:
                return covered(self._private)
            if not stat.S_ISREG(self._path.lstat().st_mode):
                return None
            with closing(connect(self._path)) as index:
                return covered(index)
        except (OSError, sqlite3.DatabaseError):
            return None

    def _written(self, known: Mark | None, anew: bool) -> sqlite3.Connection | None:
        """Bring the file up to date; where that cannot be, an empty private index to use instead."""
        patience = self._lock_timeout if known is None else min(self._lock_timeout, _LESS_PATIENT_SECONDS)
        try:
            with _alone(self._path.with_name(f"{self._path.name}.lock"), patience) as alone:
                if alone:
                    self._extend_or_rebuild(None if anew else self._covered())
                elif known is None:
                    raise Locked(str(self._path), "another run is making it", hint="try again when it has ended")
        except (OSError, sqlite3.Error):
            return connect(None)
        return None

    def _extend_or_rebuild(self, known: Mark | None) -> None:
        """Called by one process at a time. The mark is looked up now, not before the wait, when it was an older one."""
        wanted = self._feed.mark()
        if known is not None and self._feed.follows(known):
            try:
                with closing(connect(self._path)) as index:
                    fill(index, self._feed.since(known), wanted)
            except sqlite3.DatabaseError:
                pass  # damaged, or this file alone cannot be written
            else:
                return
        self._rebuild(wanted)

    def _rebuild(self, wanted: Mark) -> None:
        """Make the index in another file and put that in place. A journal of the old one must not outlive it."""
        new = self._path.with_name(f"{self._path.name}.new")
        journal = self._path.with_name(f"{self._path.name}-journal")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            with closing(connect(new)) as index:
                index.execute("PRAGMA journal_mode = OFF")
                index.execute("PRAGMA synchronous = OFF")
                fill(index, self._feed.since(None), wanted)
            os.fsync(descriptor)
            if os.path.lexists(journal):
                self._path.unlink(missing_ok=True)
                journal.unlink()
            new.replace(self._path)
        finally:
            os.close(descriptor)
            new.unlink(missing_ok=True)


@contextmanager
def _alone(lock: Path, patience: float) -> Iterator[bool]:
    """Whether this process is the only one to write the index; False after `patience` seconds. Raises OSError."""
    import fcntl

    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    try:
        alone, deadline = False, time.monotonic() + patience
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                alone = True
            if alone or time.monotonic() >= deadline:
                break
            time.sleep(_PAUSE)
        yield alone
    finally:
        os.close(descriptor)


def _tests(portal: str | None, since: Day | None, until: Day | None) -> tuple[str, list[Any]]:
    """SQL over the row `a` of `articles`, and its values. Dates are compared to the precision of the coarser one."""
    tests: list[str] = []
    values: list[Any] = []
    if portal is not None:
        tests.append("instr(a.portals, ?)")
        values.append(f"\n{portal_host(portal)}\n")
    for bound, holds in ((since, ">="), (until, "<=")):
        if bound is not None:
            wanted = iso_bound(bound)
            tests.append(f"a.published > '' AND substr(a.published, 1, ?) {holds} substr(?, 1, length(a.published))")
            values += [len(wanted), wanted]
    return " AND ".join(tests), values


def _hits(index: sqlite3.Connection, query: Query, tests: str, values: Sequence[Any], limit: int) -> list[Hit]:
    """The best hits; limit -1 for all. FTS5 ranks; where tone marks matter, the printed texts of what it finds decide.

    Then more is asked for than wanted, and everything only where that was not enough: sorting all costs a third more.
    """
    join = f"CROSS JOIN articles AS a ON a.row = words.rowid AND {tests}" if tests else ""
    statement = (
        f"SELECT words.rowid, bm25(words, {WEIGHTS}) AS cost FROM words {join} "  # noqa: S608 - all of it is ours
        "WHERE words MATCH ? ORDER BY cost, words.rowid LIMIT ?"
    )
    hits: list[Hit] = []
    for most in (limit * _CANDIDATES, -1) if query.exact and limit > 0 else (limit,):
        ranked = index.execute(statement, (*values, query.match, most)).fetchall()
        hits = list(islice(_held(index, query, ranked), limit if limit >= 0 else None))
        if len(hits) == limit or len(ranked) < most:
            break
    return hits


def _held(index: sqlite3.Connection, query: Query, ranked: Iterable[tuple[int, float]]) -> Iterator[Hit]:
    for row, cost in ranked:
        texts = dict(zip(FIELDS, texts_of(index, row), strict=True))
        if query.holds(texts):
            yield _hit(index, row, -cost, texts, query)


def _hit(index: sqlite3.Connection, row: int, score: float, texts: Mapping[str, str], query: Query) -> Hit:
    found = index.execute("SELECT number, id, published, portals FROM articles WHERE row = ?", (row,)).fetchone()
    number, name, published, portals = found
    portal = portals.strip().partition("\n")[0]
    about = (texts["title"] or None, published or None, portal or None)
    return Hit(name, number, score, *about, snippet(texts, query, _SNIPPET_ORDER))
