"""The ledger of a recovery: which captures web archives have of a portal's pages, and what became of each.

The same kind of file as a harvest's (`ledger`), with one table more. Where it is lost, the next recovery asks for
everything once more; the archive then finds that it has it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby

from scraper.memento.captures import Known, Row
from storage.ledger import Ledger

_SOME = 500
_TABLE = (
    "CREATE TABLE IF NOT EXISTS captures(item TEXT, moment TEXT, url TEXT, archive TEXT, status INTEGER, mime TEXT,"
    " digest TEXT, state TEXT, code TEXT, reason TEXT, record TEXT, run INTEGER,"
    " PRIMARY KEY(item, moment, url, archive)) WITHOUT ROWID"
)
_COLUMNS = "item, url, moment, status, mime, digest, archive, state, code, reason, record"
# The names in these statements are ours.
_FOUND = f"INSERT INTO captures({_COLUMNS}, run) VALUES (?, ?, ?, ?, ?, ?, ?, 'seen', NULL, '', NULL, ?)"  # noqa: S608
_FOUND += " ON CONFLICT DO UPDATE SET run = excluded.run, status = excluded.status, digest = excluded.digest"
_SETTLE = "UPDATE captures SET state = ?, code = ?, reason = ?, record = ?"
_SETTLE += " WHERE item = ? AND moment = ? AND url = ? AND archive = ?"


class CaptureLedger(Ledger):
    """The ledger of one recovery, held by one run. Raises as `Ledger`."""

    def found(self, captures: Iterable[Known]) -> None:
        """Note that an archive has these; what is known of them stays."""
        with self._transaction():
            self._db.executemany(
                _FOUND,
                (
                    (known.item, row.url, row.moment, row.status, row.mime, row.digest, row.archive, self.run)
                    for known in captures
                    for row in (known.row,)
                ),
            )

    def items(self) -> Iterator[tuple[str, list[Known]]]:
        """Each article (`item_key`) that the archives list, with its captures, oldest first."""
        after = ""
        query = "SELECT DISTINCT item FROM captures WHERE item > ? AND run = ? ORDER BY item LIMIT ?"
        while True:
            with self._faults():
                names = [name for (name,) in self._db.execute(query, (after, self.run, _SOME))]
            if not names:
                return
            yield from self._captures(names[0], names[-1])
            after = names[-1]

    def settle_captures(self, *known: Known) -> None:
        """Note what became of these, together."""
        with self._transaction():
            self._db.executemany(
                _SETTLE,
                (
                    (
                        *(one.state, one.code, one.reason, one.record),
                        *(one.item, one.row.moment, one.row.url, one.row.archive),
                    )
                    for one in known
                ),
            )

    def _captures(self, first: str, last: str) -> Iterator[tuple[str, list[Known]]]:
        query = f"SELECT {_COLUMNS} FROM captures WHERE item >= ? AND item <= ? AND run = ? ORDER BY item, moment"  # noqa: S608
        with self._faults():
            found = self._db.execute(query, (first, last, self.run)).fetchall()
        for item, group in groupby(found, key=lambda line: str(line[0])):
            yield item, [Known(item, Row(*line[1:7]), *line[7:]) for line in group]

    def _opened(self) -> sqlite3.Connection:
        db = super()._opened()
        try:
            db.execute(_TABLE)
        except BaseException:
            db.close()
            raise
        return db


__all__ = ["CaptureLedger"]
