"""What searching costs against bare FTS5 over the same texts, in processor time of one process.

    python -m benchmarks.search [--articles N] [--repeats N]

Articles are made up: about 350 syllables each, drawn from a fixed vocabulary by a Zipf-like law, the same in every run.
Build: `SearchIndex` from stored dicts, against inserting the same texts into a plain FTS5 table with the same columns
(both without journal and sync, in one transaction). Search: whole searches with tone marks decided and snippets made,
index opened and checked for freshness, against `MATCH … ORDER BY bm25 LIMIT 20` on a connection that stays open. The
making of the articles is not counted.
"""

from __future__ import annotations

import argparse
import itertools
import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from storage.index_tables import FIELDS, row_of
from storage.search import LIMIT, SearchIndex

BUDGET = 1.5
_ONSETS = ["", *"b c ch d đ g h k kh l m n ng nh ph r s t th tr v x".split()]
_RHYMES = (
    "a ai an ang ao ay âm ân ây ăn ăm e en em eo ê ên êu i in inh iêu o oi on ong ô ôi ôn ông ơ ơi ơn u un ung ư ưng"
).split()
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
_VOWELS = "aăâeêioôơuư"


def vocabulary() -> list[str]:
    """Some 4,500 syllables, common ones first."""
    found = [
        unicodedata.normalize("NFC", onset + rhyme[: at + 1] + tone + rhyme[at + 1 :])
        for onset, rhyme, tone in itertools.product(_ONSETS, _RHYMES, _TONES)
        for at in [next(i for i, letter in enumerate(rhyme) if letter in _VOWELS)]
    ]
    random.Random(1).shuffle(found)
    return found


WORDS = vocabulary()
_SHARES = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(WORDS))))


def article(number: int) -> dict[str, Any]:
    """A stored dict; the same number gives the same one."""
    chance = random.Random(number)
    drawn = iter(chance.choices(WORDS, cum_weights=_SHARES, k=360))

    def text(length: int) -> str:
        return " ".join(itertools.islice(drawn, length)).capitalize()

    return {
        "id": f"a{number}",
        "url": f"https://xa{number % 50}.example/tin?ItemID={number}",
        "published_at": f"{2010 + number % 15}-{number % 12 + 1:02}-{number % 28 + 1:02}T08:00:00+07:00",
        "title": text(12),
        "summary": text(30),
        "body_text": "\n\n".join(f"{text(54)}." for _ in range(5)),
        "section": text(3),
        "author": text(3),
        "agency": {"portal_name": text(6), "address": text(9)},
        "tags": [text(2), text(2)],
        "images": [{"caption": text(10)}],
    }


class SideBySide:
    """A feed of articles that are made as they are asked for, and put into a bare FTS5 table on the way.

    So both indexes grow together, and a busy machine slows both. bare: seconds of the plain table's statements.
    own: seconds between the feed's answers, which is what the index spends.
    """

    def __init__(self, file: Path, number: int) -> None:
        self.number = number
        self.bare = self.own = 0.0
        self.table = sqlite3.connect(file, isolation_level=None)
        columns, marks = ", ".join(FIELDS), ", ".join("?" for _ in FIELDS)
        self.table.execute("PRAGMA journal_mode = OFF")
        self.table.execute("PRAGMA synchronous = OFF")
        self.table.execute(f"CREATE VIRTUAL TABLE bare USING fts5({columns}, tokenize='unicode61 remove_diacritics 2')")
        self._statement = f"INSERT INTO bare VALUES ({marks})"

    def mark(self) -> tuple[str, int]:
        """One generation."""
        return "made", self.number

    def since(self, mark: tuple[str, int] | None) -> Iterator[tuple[int, dict[str, Any]]]:
        """All of them; document numbers are spread like hashes."""
        self.table.execute("BEGIN")
        for number in range(self.number):
            texts, made = row_of(article(number)).texts, article(number)
            self.bare += seconds(lambda texts=texts: self.table.execute(self._statement, texts))
            started = time.process_time()
            yield number * 0x9E3779B97F4A7C15 % 2**60, made
            self.own += time.process_time() - started
        self.bare += seconds(lambda: self.table.execute("COMMIT"))
        self._last = time.process_time()

    def finish(self) -> None:
        """Count what came after the last article."""
        self.own += time.process_time() - self._last


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one call."""
    started = time.process_time()
    work()
    return time.process_time() - started


def queries() -> dict[str, tuple[str, str]]:
    """What it is → (as typed, the same for bare FTS5). No d or đ, which bare FTS5 would tell apart."""
    words = [word for word in WORDS if "d" not in word and "đ" not in word and len(word) > 2]
    plain = ["".join(c for c in unicodedata.normalize("NFD", word) if c.isascii()) for word in words]
    marked = [word for word, bare in zip(words, plain, strict=True) if word != bare]
    return {
        "two common words": (f"{plain[0]} {plain[2]}", f'"{plain[0]}" AND "{plain[2]}"'),
        "two words": (f"{plain[20]} {plain[50]}", f'"{plain[20]}" AND "{plain[50]}"'),
        "three words": (
            f"{plain[10]} {plain[80]} {plain[200]}",
            f'"{plain[10]}" AND "{plain[80]}" AND "{plain[200]}"',
        ),
        "one word": (plain[100], f'"{plain[100]}"'),
        "phrase": (f'"{plain[1]} {plain[3]}"', f'"{plain[1]} {plain[3]}"'),
        "without a word": (f"{plain[30]} -{plain[5]}", f'"{plain[30]}" NOT "{plain[5]}"'),
        "beginning": (f"{plain[40]}* {plain[90]}", f'"{plain[40]}"* AND "{plain[90]}"'),
        "two words with marks": (f"{marked[0]} {marked[2]}", f'"{marked[0]}" AND "{marked[2]}"'),
        "phrase with marks": (f'"{marked[1]} {marked[3]}"', f'"{marked[1]} {marked[3]}"'),
        "one word with marks": (marked[100], f'"{marked[100]}"'),
        "rare spelling": (marked[-1], f'"{marked[-1]}"'),
    }


def main() -> int:
    """Measure and print; 0 when both ratios are within the budget."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours, bare = Path(folder, "search.sqlite"), Path(folder, "bare.sqlite")
        before, feed = memory(), SideBySide(bare, options.articles)
        index = SearchIndex(ours, feed)
        index.refresh()
        feed.finish()
        own, floor, table = feed.own, feed.bare, feed.table
        print(f"{options.articles} articles; peak memory {before} MB before, {memory()} MB after building both")
        print(f"{'':<22} {'found':>7} {'bare':>9} {'luutru':>9}   ratio   budget {BUDGET:g}")
        print(f"{'build, s':<22} {'':>7} {floor:9.2f} {own:9.2f} {own / floor:7.2f}")
        print(f"{'size, MB':<22} {'':>7} {size(bare):9.1f} {size(ours):9.1f} {size(ours) / size(bare):7.2f}")
        costs = [measure(name, index, table, *typed, options.repeats) for name, typed in queries().items()]
        means = [1000 * statistics.mean(column) for column in zip(*costs, strict=True)]
        ratio = means[1] / means[0]
        print(f"{'mean search, ms':<22} {'':>7} {means[0]:9.2f} {means[1]:9.2f} {ratio:7.2f}")
        print(f"peak memory at the end {memory()} MB")
    return int(max(own / floor, ratio) > BUDGET)


def measure(
    name: str, index: SearchIndex, table: sqlite3.Connection, typed: str, match: str, repeats: int
) -> tuple[float, float]:
    """Print and give the least cost of a bare query and of a search, in seconds."""
    statement = f"SELECT rowid FROM bare WHERE bare MATCH ? ORDER BY bm25(bare) LIMIT {LIMIT}"
    bare = lambda: table.execute(statement, (match,)).fetchall()  # noqa: E731
    ours = lambda: list(index.search(typed, limit=LIMIT))  # noqa: E731
    turns = [(seconds(bare), seconds(ours)) for _ in range(repeats)]
    floor, own = (min(column) for column in zip(*turns, strict=True))
    (number,) = table.execute("SELECT count(*) FROM bare WHERE bare MATCH ?", (match,)).fetchone()
    print(f"{name + ', ms':<22} {number:7} {1000 * floor:9.2f} {1000 * own:9.2f} {own / floor:7.2f}")
    return floor, own


def size(file: Path) -> float:
    """Megabytes of a file."""
    return file.stat().st_size / 1e6


def memory() -> int:
    """Greatest resident size of this process so far, in megabytes (Linux counts in kilobytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


if __name__ == "__main__":
    sys.exit(main())
