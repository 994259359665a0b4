"""What must survive: full disks, kills, damage, strange folders. Run over every storage, like the contract."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scraper.errors import ArchiveError, Corrupt, InputError, NoSpace, SchemaTooNew
from storage import identity
from storage.archive import Archive
from storage.integrity import Fault, Tally, repair, verify
from storage.line_scan import Scanner
from storage.lock import LOCK
from tests.test_archive import BACKENDS, ROOT, sample


class Place:
    """An archive's folder under one backend."""

    def __init__(self, backend: Any, path: Path) -> None:
        self.backend, self.path = backend, path
        self.file: Path = path / "articles.json"

    def open(self, mode: Any = "w", **options: Any) -> Archive:
        return Archive.open(self.path, mode=mode, storage=self.backend, lock_timeout=0.0, **options)

    def fill(self, *numbers: int) -> None:
        with self.open() as archive:
            for number in numbers:
                archive.put(sample(number))

    def titles(self) -> list[str]:
        with self.open("r") as archive:
            return [stored["title"] for stored in archive.find()]

    def names(self) -> list[str]:
        return sorted(entry.name for entry in self.path.iterdir())


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.__name__)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(request.param, tmp_path / "archive")


def failing(real: Callable[..., Any], at: int, fault: Callable[[], Any]) -> Callable[..., Any]:
    """`real`, but its call number `at` (from 0) meets a fault instead."""
    calls = iter(range(10**9))

    def call(*given: Any, **named: Any) -> Any:
        return fault() if next(calls) == at else real(*given, **named)

    return call


def raising(code: int) -> Callable[[], Any]:
    def fault() -> Any:
        raise OSError(code, os.strerror(code))

    return fault


STEPS = ("pwrite", "fdatasync", "write", "fsync", "replace", "open", "ftruncate")
CHANGES = {"new": sample(2), "changed": sample(1, title="Đã sửa"), "first agency": sample(3, agency=None)}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_fault_at_every_call_in_turn_leaves_the_archive_as_before(
    place: Place, monkeypatch: pytest.MonkeyPatch, code: int, step: str, change: str
) -> None:
    place.fill(1)
    before = snapshot(place)
    for number in range(50):
        with place.open() as archive, monkeypatch.context() as patch:
            patch.setattr(os, step, failing(getattr(os, step), number, raising(code)))
            try:
                archive.put(CHANGES[change])
                failed = None
            except ArchiveError as error:
                failed = error
                assert isinstance(error, NoSpace) == (code != errno.EIO)
        if failed is None:
            break
        assert snapshot(place) == before
    else:
        pytest.fail("it never ended")
    assert failed is None
    assert snapshot(place) != before
    with place.open() as archive:
        assert archive.put(CHANGES[change]).kind == "unchanged"
    assert faults(place) == []


def snapshot(place: Place) -> dict[str, Any]:
    """What readers see: every state of every article."""
    with place.open("r") as archive:
        return {stored["id"]: archive.history(stored["id"]) for stored in archive.find()}


def faults(place: Place) -> list[Fault]:
    return list(verify(place.path, Tally()))


def test_a_disk_without_room_is_noticed_before_anything_is_written(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.fill(1)
    before = place.file.read_bytes()
    real = os.fstatvfs

    def full(descriptor: int) -> Any:
        found = list(real(descriptor))
        found[4] = 3  # blocks available
        return os.statvfs_result(found)

    monkeypatch.setattr(os, "fstatvfs", full)
    with place.open() as archive:
        with pytest.raises(NoSpace, match=r"bytes wanted, \d+ left"):
            archive.put(sample(2))
        with pytest.raises(NoSpace):
            archive.compact()
    assert place.file.read_bytes() == before


def test_writes_that_take_only_some_bytes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    real, real_at = os.write, os.pwrite
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, text: real(file, bytes(text)[:7]))
        patch.setattr(os, "pwrite", lambda file, text, at: real_at(file, bytes(text)[:7], at))
        place.fill(1, 2)
    assert len(place.titles()) == 2


OTHER_PROCESS = """
import importlib, os, resource, sys
from scraper.errors import NoSpace
from storage.archive import Archive
backend = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])
archive = lambda: Archive.open(sys.argv[3], storage=backend, lock_timeout=0.0)
text = lambda number: {"title": f"Bản tin {number}", "body_text": "Chợ phiên họp ngày mồng năm. " * 20}
"""

CRASHING = """
left = int(sys.argv[4])
def counted(real):
    def call(*given, **named):
        global left
        if left == 0:
            os.kill(os.getpid(), 9)
        left -= 1
        return real(*given, **named)
    return call
for step in ("open", "write", "pwrite", "fsync", "fdatasync", "link", "replace", "rename", "unlink", "ftruncate"):
    setattr(os, step, counted(getattr(os, step)))
with archive() as opened:
    {task}
"""
TASKS = {
    "add": "opened.put(text(2))",
    "update": 'opened.put({**text(1), "url": "https://muoixa.example/1", "body_text": "Khác."})',
    "compact": "opened.compact()",
}


def command(place: Place, script: str, *more: object) -> list[str]:
    backend = place.backend
    given = (backend.__module__, backend.__name__, place.path, *more)
    return [sys.executable, "-c", OTHER_PROCESS + script, *map(str, given)]


def run(place: Place, script: str, *more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(place, script, *more), cwd=ROOT, capture_output=True, text=True)


def prepare(place: Place, kind: str) -> None:
    with place.open() as archive:
        archive.put({"title": "Bản tin 1", "body_text": "Cũ.", "url": "https://muoixa.example/1"})
        for views in range(3):
            archive.put({"title": "Bản tin 1", "body_text": "Cũ.", "url": "https://muoixa.example/1", "views": views})
    if kind == "migrate":
        make_old(place)


def make_old(place: Place) -> None:
    """The same archive in format 1, as it was written before."""
    with place.open("r") as archive:
        tables = {
            name: {str(one.doc_id): dict(one) for one in table}
            for name, table in archive.tables.items()
            if name != "agencies"
        }
    for name in place.names():
        (place.path / name).unlink()
    meta = {"format": 1, "created_at": "2024-01-01T00:00:00+00:00", "written_by": "luutru 0.1.0", "sha256": None}
    (place.path / "luutru.json").write_text(json.dumps({"_meta": {"1": meta}, **tables}), "utf-8")


@pytest.mark.parametrize("task", [*TASKS, "migrate"])
def test_killed_before_every_single_step(place: Place, task: str) -> None:
    prepare(place, task)
    saved = {name: (place.path / name).read_bytes() for name in place.names()}
    script = CRASHING.replace("{task}", TASKS.get(task, "pass"))
    goals = []
    for step in range(200):
        done = run(place, script, step)
        with place.open():  # mends and, for a migration, begins again
            pass
        assert faults(place) == [], step
        seen = shape(place)
        assert run(place, script, 10**6).returncode == 0
        goals.append(shape(place))
        assert goals[-1] == goals[0]
        assert [name for name in place.names() if name.startswith(".")] == []
        for name in place.names():
            (place.path / name).unlink()
        for name, content in saved.items():
            (place.path / name).write_bytes(content)
        if done.returncode == 0:
            assert seen == goals[0]
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
    else:
        pytest.fail("it never ended")
    assert step >= 5


def shape(place: Place) -> list[Any]:
    """Every state of every article, without the times at which the archive saw it."""
    return [
        [(state["revision"], state["title"], state["body_text"], state.get("views")) for state in states]
        for states in snapshot(place).values()
    ]


WRITING = """
with archive() as opened:
    for outcome in opened.put_many((text(n) for n in range(100_000)), batch_records=3):
        print(outcome.id, flush=True)
"""


def test_killed_at_any_moment_nothing_acknowledged_is_lost(place: Place) -> None:
    chance = random.Random(4)
    for _ in range(4):
        with subprocess.Popen(command(place, WRITING), cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            acknowledged = [writer.stdout.readline().strip() for _ in range(chance.randint(1, 40))]
            writer.kill()
            acknowledged += [line.strip() for line in writer.stdout if line.endswith("\n")]
        with place.open() as archive:
            assert all(archive.get(name) is not None for name in acknowledged)
        assert faults(place) == []


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else writes here: no pause before what looks unfinished is looked at again."""
    monkeypatch.setattr("storage.integrity._SECOND_GLANCE", 0)
    monkeypatch.setattr("storage.line_reader._SECOND_GLANCE", 0)


@pytest.mark.usefixtures("at_once")
def test_every_truncation_of_the_last_line_is_named_and_harms_nothing_else(place: Place) -> None:
    place.fill(1, 2)
    whole = place.file.read_bytes()
    last = whole.rindex(b'\n"', 0, -10)
    for end in range(last - 1, len(whole)):
        place.file.write_bytes(whole[:end])
        assert [fault.code for fault in faults(place)] == ["torn"]
        assert place.file.read_bytes() == whole[:end]
        complete = end >= len(whole) - 4
        assert place.titles() == [sample(n).title for n in ((1, 2) if complete else (1,))]
        with place.open() as archive:
            assert archive.put(sample(3)).kind == "new"
            assert "an unfinished write was cut off" in archive.notices[0]
        assert faults(place) == []
        aside = place.path / "articles.torn"
        if end in (last - 1, len(whole) - 4):
            assert not aside.exists()
            continue
        assert aside.read_bytes() == whole[last - 1 if not complete else len(whole) - 4 : end] + b"\n"
        aside.unlink()


@pytest.mark.usefixtures("at_once")
def test_a_thousand_flipped_bits_are_each_found_and_harm_nothing_else(place: Place) -> None:
    place.fill(1, 2, 3)
    whole, chance = place.file.read_bytes(), random.Random(7)
    numbers = {stored["title"]: stored.doc_id for stored in place.open("r").tables["articles"]}
    for _ in range(1000):
        at, bit = chance.randrange(len(whole)), chance.randrange(8)
        damaged = whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
        place.file.write_bytes(damaged)
        found = faults(place)
        assert found, (at, bit)
        assert all(fault.repair and fault.file == "articles.json" for fault in found)
        assert min(fault.at or 0 for fault in found) <= at
        assert place.file.read_bytes() == damaged
        if found[0].code == "head":
            for mode in ("r", "w"):
                with pytest.raises(Corrupt, match=r"articles\.json"):
                    place.open(mode)
        else:
            read = []
            with place.open("r") as archive:
                for number in numbers.values():
                    with contextlib.suppress(Corrupt):
                        read.append(archive.tables["articles"].document(number))
            assert len([one for one in read if one is not None]) >= 2
    place.file.write_bytes(whole)
    assert faults(place) == []


def test_damage_stops_writers_and_readings_of_all_and_says_how_to_repair(place: Place) -> None:
    place.fill(1, 2, 3)
    whole = place.file.read_bytes()
    damaged = whole.replace("Rạch Sậy số 2".encode(), "Rạch Sây số 2".encode(), 1)
    place.file.write_bytes(damaged)
    with place.open() as archive:
        for call in (lambda: archive.put(sample(4)), lambda: list(archive.find()), archive.compact):
            with pytest.raises(Corrupt, match=r"articles\.json: a damaged line at byte \d+ \(\d+ bytes\)") as caught:
                call()
            assert "luutru verify --repair" in caught.value.hint
        assert (archive.get(sample(3).url or "") or {})["title"] == sample(3).title
    assert place.file.read_bytes() == damaged
    (fault,) = faults(place)
    assert (fault.code, fault.file) == ("damaged", "articles.json")
    assert fault.at == whole.index(b"\n", whole.index("Rạch Sậy số 1".encode())) - 1
    assert fault.id is not None
    (done,) = repair(place.path, lock_timeout=0.0, now="2024-01-01T00:00:00+00:00")
    assert "2 documents kept" in done
    assert faults(place) == []
    assert place.titles() == [sample(1).title, sample(3).title]
    assert (place.path / "articles.before-repair.json").read_bytes() == damaged
    assert "Rạch Sây số 2" in (place.path / "articles.damaged").read_text("utf-8")
    place.fill(2)
    assert len(place.titles()) == 3


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 3000, b"[]", b"{}", b"[" * 100_000, b'{"_meta": {"1": {"format": 2}}}']
)
def test_what_is_no_archive_is_refused_and_left_as_it_is(place: Place, content: bytes) -> None:
    place.fill(1)
    place.file.write_bytes(content)
    for mode in ("r", "w"):
        with pytest.raises(Corrupt, match=r"articles\.json") as caught:
            place.open(mode)
        assert caught.value.hint
    assert place.file.read_bytes() == content
    assert next(fault.code for fault in faults(place)) == "head"


def test_what_was_changed_by_hand_is_named(place: Place) -> None:
    place.fill(1)
    with place.open() as archive:
        stored = archive.tables["articles"].all()[0]
        with archive._open_storage().writing():
            archive._open_storage().commit(
                {"articles": {stored.doc_id: {**stored, "title": "Sửa tay"}, 7: dict(stored)}}
            )
            archive._open_storage().commit({"revisions": {9: {**stored, "id": "aaaaaaaaaaaa"}}})
    assert [fault.code for fault in faults(place)] == ["content_hash", "wrong_id", "orphan"]


def test_a_lost_file_is_no_fresh_start(place: Place) -> None:
    with place.open() as archive:
        archive.put(sample(1))
        archive.put(sample(1, title="Sửa"))
    place.file.rename(place.path / "elsewhere.json")
    for mode in ("r", "w"):
        with pytest.raises(Corrupt, match="the file is missing"):
            place.open(mode)
    assert not place.file.exists()
    assert faults(place)[0].code == "missing"


def test_a_file_that_lost_its_end_is_told_by_its_index(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.line_storage.MIN_INDEXED", 1)
    place.fill(1, 2)
    assert place.file.with_suffix(".index").exists()
    whole = place.file.read_bytes()
    place.file.write_bytes(whole[: whole.rindex(b",\n")] + b"\n}}\n")
    for mode in ("r", "w"):
        with pytest.raises(Corrupt, match="the file has lost its end") as caught:
            place.open(mode)
        assert "delete articles.index" in caught.value.hint
    assert [fault.code for fault in faults(place)] == ["lost_end"]
    place.file.with_suffix(".index").unlink()
    assert place.titles() == [sample(1).title]


def test_a_newer_format_is_left_alone(place: Place) -> None:
    from storage.line_format import _sealed

    place.fill(1)
    head, rest = place.file.read_bytes().split(b"}},\n", 1)
    meta = re.sub(rb', "_crc": "\w{8}$', b"", head.split(b'"1": ', 1)[1].removesuffix(b'"'))
    newer_meta = _sealed(b"", meta.replace(b'"format": 2', b'"format": 3') + b"}")
    for newer in (
        b'{"_meta": {"1": ' + newer_meta + b"},\n" + rest,
        b'{"_meta": {"1": {"format": 9}}, "x": {}}',
    ):
        place.file.write_bytes(newer)
        for mode in ("r", "w"):
            with pytest.raises(SchemaTooNew, match=r"format \d, known up to 2"):
                place.open(mode)
        with pytest.raises(SchemaTooNew):
            faults(place)
        assert place.file.read_bytes() == newer


def test_an_earlier_format_is_brought_forward_with_a_backup(place: Place) -> None:
    with place.open() as archive:
        archive.put(sample(1))
        archive.put(sample(1, title="Sửa"))
        archive.put(sample(2))
    before = snapshot(place)
    make_old(place)
    old = (place.path / "luutru.json").read_bytes()
    with pytest.raises(ArchiveError, match="format 1") as caught:
        place.open("r")
    assert "luutru compact" in caught.value.hint
    with place.open():
        pass
    assert snapshot(place) == before
    assert (place.path / "luutru.format-1.json").read_bytes() == old
    assert faults(place) == []
    with place.open("r") as archive:
        assert len(list(archive.agencies(portal="muoixa.example"))) == 1


def test_a_damaged_earlier_format_is_left_alone(place: Place) -> None:
    place.fill(1)
    make_old(place)
    path = place.path / "luutru.json"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(Corrupt, match=r"luutru\.json"):
        place.open()
    assert place.names() == ["luutru.json", LOCK]


def test_each_file_is_plain_tinydb_json_with_a_line_per_document(place: Place) -> None:
    from tinydb import TinyDB

    place.fill(1, 2)
    with place.open() as archive:
        archive.put(sample(1, title="Sửa"))
    with TinyDB(place.file, access_mode="r", encoding="utf-8") as database:
        assert database.tables() == {"_meta", "articles"}
        assert database.table("_meta").all()[0]["format"] == 2
        assert [one["title"] for one in database.table("articles")] == ["Sửa", sample(2).title]
    assert len(place.file.read_bytes().splitlines()) == 2 + 3 + 1
    assert json.loads((place.path / "revisions.json").read_text("utf-8"))["revisions"]


def test_links_and_pipes_in_the_folder_are_not_followed(place: Place, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("không phải của kho", "utf-8")
    place.fill(1)
    for name in (".articles.json.new", ".revisions.json.new", ".articles.index.new", "articles.index", "articles.torn"):
        (place.path / name).symlink_to(outside)
    with place.open() as archive:
        archive.put(sample(1, title="Sửa"))
        archive.compact()
    for name in (place.file.name, LOCK):
        kept = (place.path / name).read_bytes()
        (place.path / name).unlink()
        (place.path / name).symlink_to(outside)
        with pytest.raises(ArchiveError, match="symbolic link"):
            place.fill(3)
        (place.path / name).unlink()
        (place.path / name).write_bytes(kept)
    assert outside.read_text("utf-8") == "không phải của kho"
    place.file.unlink()
    os.mkfifo(place.file)
    with pytest.raises(ArchiveError, match="not a regular file"):
        place.open("r")


def test_places_where_no_archive_can_be(place: Place, tmp_path: Path) -> None:
    place.path.write_text("một tệp", "utf-8")
    for path in (place.path, place.path / "archive"):
        for mode in ("r", "w"):
            with pytest.raises(ArchiveError, match="a file stands where a folder belongs"):
                Archive.open(path, mode=mode, storage=place.backend).put(sample())
    assert place.path.read_text("utf-8") == "một tệp"
    (tmp_path / "b" / place.file.name).mkdir(parents=True)
    with pytest.raises(ArchiveError, match=r"regular file|folder stands"):
        Archive.open(tmp_path / "b", storage=place.backend)


def test_a_folder_that_vanishes_or_is_swapped(place: Place) -> None:
    with place.open() as archive:
        archive.put(sample(1))
        moved = place.path.rename(place.path.with_name("moved"))
        with pytest.raises(ArchiveError, match="vanished"):
            archive.put(sample(2))
        assert not place.path.exists()
        place.fill(5)
        with pytest.raises(ArchiveError, match="replaced"):
            archive.put(sample(2))
        assert place.titles() == [sample(5).title]
    assert Place(place.backend, moved).titles() == [sample(1).title]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_can_be_read_but_not_written(place: Place) -> None:
    place.fill(1)
    place.path.chmod(0o555)
    place.file.chmod(0o444)
    (place.path / LOCK).chmod(0o444)
    try:
        assert len(place.titles()) == 1
        with place.open() as archive, pytest.raises(ArchiveError, match="no permission"):
            archive.put(sample(2))
    finally:
        place.path.chmod(0o755)


def test_the_permissions_of_the_file_stay(place: Place) -> None:
    place.fill(1)
    place.file.chmod(0o640)
    place.fill(2)
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o640


def test_a_strange_lock_file_is_only_a_lock(place: Place) -> None:
    place.fill(1)
    lock = place.path / LOCK
    strange = b'{"task": "t", "pid": "\\u001b[2J7", "host": "h", "since": "s"}'
    for note in (b"", b"\x1b[31m", b"[]", b"9" * 5000, strange):
        with place.open() as archive, archive._open_storage().writing():
            lock.write_bytes(note)
            in_use = pytest.raises(ArchiveError, match=r"in use: .*by (another process|process \[2J7 on h, t, ru)")
            with place.open() as other, in_use:
                other.put(sample(2))
    place.fill(2)


def test_a_real_limit_of_file_size(place: Place) -> None:
    place.fill(1)
    before = place.file.read_bytes()
    script = """
size = int(sys.argv[4])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    with archive() as opened:
        opened.put(text(2))
except NoSpace as error:
    print(error.hint)
"""
    done = run(place, script, len(before) + 100)
    assert "free some space" in done.stdout, done.stderr
    assert place.file.read_bytes() == before
    assert faults(place) == []


def test_a_glance_into_the_middle_of_a_write_is_no_damage(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.fill(1)
    with place.open("r") as reader:
        place.fill(2, 3)
        whole = place.file.read_bytes()
        middle = whole.rindex(sample(2).title.encode())
        place.file.write_bytes(whole[:middle] + b"\0" * 40 + whole[middle + 40 :])
        glances = []

        def finish(_: float) -> None:
            glances.append(len(glances))
            place.file.write_bytes(whole)

        monkeypatch.setattr("storage.line_reader.time.sleep", finish)
        assert [stored["title"] for stored in reader.find()] == [sample(n).title for n in (1, 2, 3)]
        assert glances == [0]


def test_an_index_that_another_process_wrote_is_taken_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.line_storage.MIN_INDEXED", 1)
    place.fill(1, 2)
    with place.open() as first:
        place.fill(3)
        place.fill(4)
        with place.open() as second:
            second.put(sample(3, title="Sửa"))
            assert [len(one) for one in (first, second)] == [4, 4]
            assert [stored["title"] for stored in first.find()] == [stored["title"] for stored in second.find()]
            second.put(sample(5))
        first.compact()
        assert len(first) == 5
        assert [stored["item_id"] for stored in first.find()] == [1, 2, 3, 4, 5]
    assert faults(place) == []


def test_compaction_that_would_lose_a_document_replaces_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.fill(1, 2)
    before = place.file.read_bytes()
    with place.open() as archive:
        monkeypatch.setattr("storage.line_file.LineFile.__len__", lambda _: 9)
        with pytest.raises(ArchiveError, match=r"9 documents became \d"):
            archive.compact()
    assert place.file.read_bytes() == before


def test_a_damaged_or_foreign_index_is_only_slower(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.line_storage.MIN_INDEXED", 1)
    place.fill(1, 2, 3)
    index = place.file.with_suffix(".index")
    whole, titles, chance = index.read_bytes(), place.titles(), random.Random(3)
    damages = [b"", b"SQLite format 3\0" + b"\0" * 4000, whole[:5000], os.urandom(9000)]
    for _ in range(60):
        at = chance.randrange(len(whole))
        damages.append(whole[:at] + os.urandom(200) + whole[at + 200 :])
    for damage in damages:
        index.write_bytes(damage)
        try:
            assert place.titles() == titles
            with place.open() as archive:
                assert archive.put(sample(2)).kind == "unchanged"
        except ArchiveError as error:  # an offset or length that lies is told from damage by `verify`
            assert error.hint
            index.unlink()
        assert place.titles() == titles
    assert faults(place) == []


def test_lines_that_another_run_takes_back_are_forgotten(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.fill(1)
    with place.open() as one, place.open() as other:
        with monkeypatch.context() as patch:

            def look_then_fail(_: int) -> None:
                assert len(one) >= 1  # without the lock: the unfinished batch is seen
                raise OSError(errno.ENOSPC, "full")

            patch.setattr(os, "fdatasync", look_then_fail)
            with pytest.raises(NoSpace):
                list(other.put_many(sample(number) for number in range(2, 6)))
        assert len(one) == 1
        assert one.put(sample(7)).kind == "new"
        assert other.put(sample(8)).kind == "new"
        for archive in (one, other):
            assert [stored["item_id"] for stored in archive.find()] == [1, 7, 8]
    assert faults(place) == []
    assert not list(place.path.glob("*.torn"))


def test_a_failed_batch_leaves_nothing_in_the_index(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.line_reader.FLUSH_LINES", 1)
    with place.open() as archive:
        archive.put(sample(1))
        archive.put(sample(1, title="Sửa"))
    before = snapshot(place)
    for number in range(4):
        with place.open() as archive, monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", failing(os.fdatasync, number, raising(errno.ENOSPC)))
            with contextlib.suppress(NoSpace):
                archive.put(sample(1, title=f"Sửa lần {number}", agency=None))
                break
        assert snapshot(place) == before
        assert faults(place) == []
    assert len(snapshot(place)[next(iter(before))]) == 3


def test_an_interrupt_while_places_are_noted_loses_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.fill(1)
    with place.open() as archive:
        with monkeypatch.context() as patch:
            patch.setattr(
                "storage.line_places.Places.note", failing(None, 0, lambda: (_ for _ in ()).throw(KeyboardInterrupt()))
            )
            with pytest.raises(KeyboardInterrupt):
                archive.put(sample(1, title="Sửa"))
        assert [state["title"] for state in archive.history(sample().url or "")] == [sample().title, "Sửa"]
    assert faults(place) == []


def test_an_earlier_archive_beside_a_present_one_is_refused(place: Place) -> None:
    place.fill(1)
    make_old(place)
    old = (place.path / "luutru.json").read_bytes()
    place.fill(2)
    (place.path / "luutru.json").write_bytes(old)
    assert place.titles() == [sample(1).title, sample(2).title]
    with place.open() as archive:
        for call in (lambda: archive.put(sample(3)), archive.compact):
            with pytest.raises(ArchiveError, match="it stands beside an archive") as caught:
                call()
            assert "move it away" in caught.value.hint
    (place.path / "luutru.json").unlink()
    assert place.titles() == [sample(1).title, sample(2).title]
    assert (place.path / "luutru.format-1.json").read_bytes() == old


def test_only_its_own_half_written_files_are_swept_away(place: Place) -> None:
    place.path.mkdir()
    (place.path / ".zshrc.new").write_text("của tôi", "utf-8")
    place.fill(1)
    (place.path / ".articles.json.new").write_text("dở", "utf-8")
    place.fill(2)
    assert [name for name in place.names() if name.startswith(".")] == [".zshrc.new"]


def test_killed_between_two_files_a_state_is_not_shown_twice(place: Place) -> None:
    place.fill(1)
    with place.open() as archive:
        stored = archive.get(sample(1).url or "") or {}
        storage = archive._open_storage()
        with storage.writing():
            storage.commit({"revisions": {identity.number_of(f"revision {stored['id']} 1"): stored}})
        assert [state["revision"] for state in archive.history(stored["id"])] == [1]
        assert archive.put(sample(1, title="Sửa")).revision == 2
        assert [state["revision"] for state in archive.history(stored["id"])] == [1, 2]
    assert faults(place) == []


def test_lost_revisions_are_named(place: Place) -> None:
    with place.open() as archive:
        name = archive.put(sample(1)).id
        archive.put(sample(1, title="Sửa"))
    (place.path / "revisions.json").unlink()
    (fault,) = faults(place)
    assert (fault.code, fault.file, fault.id) == ("lost_revision", "revisions.json", name)


def test_a_backup_put_back_is_searched_as_it_is(place: Place) -> None:
    place.fill(1)
    backup = place.file.read_bytes()
    with place.open() as archive:
        archive.put(sample(2, title="Ngựa vằn"))
        assert [hit.title for hit in archive.search("ngua van")] == ["Ngựa vằn"]
    place.file.write_bytes(backup)
    with place.open() as archive:
        for number in range(3, 9):
            archive.put(sample(number, title="Hươu cao cổ"))
        assert list(archive.search("ngua van")) == []
        assert len(list(archive.search("huou"))) == 6


def test_a_file_without_line_breaks_is_read_within_bounds(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.fill(1)
    os.truncate(place.file, 40_000_000)
    monkeypatch.setattr("storage.line_scan.LONGEST_LINE", 3_000_000)
    with place.file.open("rb") as file:
        pieces = [len(piece) for _, piece in Scanner(file.fileno(), start=0, at=0)._pieces()]
    assert sum(pieces) == 40_000_000
    assert max(pieces) <= 3_000_000 + (1 << 20)
    assert [fault.code for fault in faults(place)] == ["torn"]


def test_keys_that_are_no_text_are_refused(place: Place) -> None:
    with place.open() as archive, pytest.raises(InputError, match="keys must be text, not int"):
        archive.put({"form": {1: "a", "1": "b"}})


def test_an_index_that_is_left_over_is_no_fresh_start(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.line_storage.MIN_INDEXED", 1)
    with place.open() as archive:
        archive.put(sample(1, agency=None))
    place.file.unlink()
    for mode in ("r", "w"):
        with pytest.raises(Corrupt, match="the file is missing") as caught:
            place.open(mode)
        assert "articles.index is still there" in caught.value.hint


def test_a_second_repair_keeps_what_the_first_kept_and_names_the_article(place: Place) -> None:
    with place.open() as archive:
        name = archive.put(sample(1)).id or ""
    whole = place.file.read_bytes()
    for number in (1, 2):
        place.file.write_bytes(whole.replace("thông xe".encode(), f"thông x{number}".encode(), 1))
        (done,) = repair(place.path, lock_timeout=0.0, now="2024-01-01T00:00:00+00:00")
        assert f"none is left of {name}: add their pages again" in done
    kept = [(place.path / f"articles.before-repair{more}.json").read_text("utf-8") for more in ("", "-2")]
    assert ["thông x1" in kept[0], "thông x2" in kept[1]] == [True, True]


def test_an_index_ahead_of_the_reading_is_no_fault_and_a_false_one_is(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.line_storage.MIN_INDEXED", 1)
    place.fill(1, 2)
    found = verify(place.path, Tally())
    real, once = Scanner.__iter__, iter([place.fill])

    def and_then_others_add(scanner: Scanner) -> Any:
        yield from real(scanner)
        if fill := next(once, None):
            fill(3)

    monkeypatch.setattr(Scanner, "__iter__", and_then_others_add)
    assert list(found) == []
    monkeypatch.undo()
    with contextlib.closing(sqlite3.connect(place.file.with_suffix(".index"))) as index, index:
        index.execute("UPDATE places SET number = number + 1 WHERE first = (SELECT min(first) FROM places)")
    (fault,) = faults(place)
    assert (fault.file, fault.code) == ("articles.index", "index")
    assert repair(place.path, lock_timeout=0.0, now="2024") == ["articles.index: deleted, it is made again"]
    assert faults(place) == []
