"""What an archive must survive: kills at random moments, and several writers at once while one compacts.

    python -m benchmarks.ordeal [KILLS] [RECORDS]        500 kills, four writers of 500 records each, unless told

A child process adds records, updates them, compacts, and at first brings an archive of the earlier format forward; it
says what is acknowledged. It is killed at a random moment and run again, with the same input, until it ends by itself.
After every kill all that was acknowledged must be there; at the end the archive must equal that of a run without kills.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage import identity
from storage.archive import Archive
from storage.integrity import Tally, verify

ROOT = Path(__file__).resolve().parents[1]
ARTICLES = 25
STEPS = 120
COMPACT_EVERY = 30
OLD_RECORDS = 10


def record(article: int, version: int) -> dict[str, Any]:
    """A version of an invented article; each was captured a day after the one before."""
    address = f"https://xa.example/Lists/Tin/DispForm.aspx?ID={article}"
    return {
        "url": address,
        "title": f"Tin {article}",
        "body_text": f"Bản thứ {version}. " + "Nước lên, bà con kê đồ lên gác. " * (article * 7 % 90),
        "list_path": "/Lists/Tin",
        "item_id": article,
        "agency": {"portal_name": "TRANG TIN XÃ", "address": f"Ấp {version % 3}"},
        "capture": {"final_url": address, "fetched_at": f"2020-01-{version + 1:02}T00:00:00+00:00"},
    }


def steps() -> Iterator[dict[str, Any]]:
    """What the child puts, the same in every run: articles come up again in later versions."""
    chance = random.Random(11)
    versions: dict[int, int] = {}
    for _ in range(STEPS):
        article = chance.randrange(ARTICLES)
        versions[article] = versions.get(article, -1) + 1
        yield record(article, versions[article])


def old_archive(folder: Path) -> None:
    """An archive of format 1 that holds the first versions of some articles."""
    with tempfile.TemporaryDirectory() as scratch, open_archive(Path(scratch) / "a") as archive:
        for article in range(OLD_RECORDS):
            archive.put(record(article, 0))
        kept = {str(one.doc_id): dict(one) for one in archive.tables["articles"]}
    folder.mkdir()
    meta = {"format": 1, "created_at": "2024-01-01T00:00:00+00:00", "written_by": "luutru 0.1.0", "sha256": None}
    (folder / "luutru.json").write_text(json.dumps({"_meta": {"1": meta}, "articles": kept}), "utf-8")


def open_archive(folder: Path, mode: Any = "w") -> Archive:
    """With a clock that stands still, so that two runs can be compared."""
    return Archive.open(folder, mode=mode, clock=lambda: datetime(2024, 1, 1, tzinfo=UTC))


def work(folder: Path) -> None:
    """The child: acknowledges each step on stdout once it is on disk."""
    with open_archive(folder) as archive:
        for number, one in enumerate(steps(), 1):
            outcome = archive.put(one)
            print(json.dumps([outcome.id, one["body_text"]]), flush=True)
            if number % COMPACT_EVERY == 0:
                archive.compact()


def contents(folder: Path) -> dict[str, Any]:
    """Everything that the archive holds."""
    with open_archive(folder, "r") as archive:
        return {name: {one.doc_id: dict(one) for one in table} for name, table in archive.tables.items()}


def kill_and_look(folder: Path, after: float) -> bool:
    """Run the child and kill it after so many seconds; check the archive. True when the child had ended by itself."""
    command = [sys.executable, "-m", "benchmarks.ordeal", "--work", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        try:
            told, _ = child.communicate(timeout=after)
        except subprocess.TimeoutExpired:
            child.kill()
            told, _ = child.communicate()
    if child.returncode not in (0, -9):
        raise AssertionError(f"the child ended with {child.returncode}")
    acknowledged = [json.loads(line) for line in told.splitlines(keepends=True) if line.endswith("\n")]
    if not (folder / "articles.json").exists() or (folder / "luutru.json").exists():
        assert not acknowledged
        return False
    with open_archive(folder, "r") as archive:
        for name, text in acknowledged:
            assert text in [state["body_text"] for state in archive.history(name)], f"lost: {name}"
    return child.returncode == 0


def survive(kills: int, seed: int = 1) -> tuple[int, int]:
    """Kill so many times; the number of rounds to the end, and of faults that a last `verify` finds in all."""
    chance, rounds, faults = random.Random(seed), 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        goals = {}
        for old in (False, True):
            goal = Path(scratch) / f"goal-{old}"
            if old:
                old_archive(goal)
            started = time.monotonic()
            assert kill_and_look(goal, 600)
            longest = time.monotonic() - started
            goals[old] = contents(goal)
        while kills > 0:
            folder, old = Path(scratch) / f"round-{rounds}", rounds % 2 == 1
            if old:
                old_archive(folder)
            while not kill_and_look(folder, chance.uniform(0.2, 1) * longest if kills > 0 else 600):
                kills -= 1
            assert contents(folder) == goals[old], "it differs from an uninterrupted run"
            faults += len(list(verify(folder, Tally())))
            rounds += 1
    return rounds, faults


ADDING = """
import sys
from benchmarks.ordeal import open_archive, record
with open_archive(__import__("pathlib").Path(sys.argv[1])) as archive:
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        assert archive.put(record(number, 0)).kind == "new"
"""


def crowd(writers: int, records: int) -> None:
    """Several processes add at once, and one compacts meanwhile: nothing lost, nothing twice, nothing damaged."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "archive"
        ranges = [(number * records, (number + 1) * records) for number in range(writers)]
        running = [
            subprocess.Popen([sys.executable, "-c", ADDING, str(folder), *map(str, bounds)], cwd=ROOT)
            for bounds in ranges
        ]
        compacted = 0
        with open_archive(folder) as archive:
            while any(one.poll() is None for one in running):
                archive.compact()
                compacted += 1
                time.sleep(0.05)
        assert [one.wait() for one in running] == [0] * writers
        with open_archive(folder, "r") as archive:
            assert len(archive) == writers * records
            for number in range(writers * records):
                assert archive.get(record(number, 0)["url"]) is not None, number
            names = {one["id"] for one in archive.find()}
            assert len(names) == writers * records
            assert all(identity.numbers_with(name) for name in names)
        assert list(verify(folder, Tally())) == []
        print(
            f"{writers} writers of {records} records each, compacted {compacted} times meanwhile: all there, once each"
        )


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", nargs="?", type=int, default=500)
    parser.add_argument("records", nargs="?", type=int, default=500)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work)
        return
    rounds, faults = survive(given.kills)
    print(
        f"{given.kills} kills in {rounds} rounds: 0 acknowledged records lost, {faults} faults, equal to a run without"
    )
    crowd(4, given.records)


if __name__ == "__main__":
    main()
