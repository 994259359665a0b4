"""What must survive: full disks, kills, damage, strange folders. Run over every storage, like the contract."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scraper.errors import ArchiveError, Corrupt, NoSpace, SchemaTooNew
from storage.archive import Archive
from storage.json_storage import JsonStorage
from tests.test_archive import BACKENDS, ROOT, sample


class Place:
    """An archive's folder under one backend."""

    def __init__(self, backend: Any, path: Path) -> None:
        self.backend, self.path = backend, path
        self.file: Path = path / backend.FILE

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


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("step", ["write", "fsync", "replace", "link", "open"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_fault_at_any_step_leaves_the_archive_before_or_after(
    place: Place, monkeypatch: pytest.MonkeyPatch, code: int, step: str, at: int
) -> None:
    place.fill(1)
    before, names = place.titles(), place.names()
    with place.open() as archive:
        with monkeypatch.context() as patch:
            patch.setattr(os, step, failing(getattr(os, step), at, raising(code)))
            try:
                archive.put(sample(2))
                failed = False
            except NoSpace:
                failed = True
                assert code != errno.EIO
            except ArchiveError:
                failed = True
                assert code == errno.EIO
        after = [*before, sample(2).title]
        assert place.titles() in ((before, after) if failed else (after,))
        if failed and (step, at) != ("fsync", 1):  # the folder's own, after the file is in place
            assert place.titles() == before
        assert set(place.names()) - set(names) <= {"luutru.json.bak"}
        assert archive.put(sample(3)).kind == "new"
    assert place.titles()[-1] == sample(3).title


def test_writes_that_take_only_some_bytes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, text: real(file, bytes(text)[:7]))
        place.fill(1)
    assert len(place.titles()) == 1


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
with archive() as opened:
    pass
for step in ("open", "write", "fsync", "link", "replace", "unlink"):
    setattr(os, step, counted(getattr(os, step)))
with archive() as opened:
    opened.put(text(2))
"""


def command(place: Place, script: str, *more: object) -> list[str]:
    backend = place.backend
    given = (backend.__module__, backend.__name__, place.path, *more)
    return [sys.executable, "-c", OTHER_PROCESS + script, *map(str, given)]


def run(place: Place, script: str, *more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(place, script, *more), cwd=ROOT, capture_output=True, text=True)


def test_killed_before_every_single_step(place: Place) -> None:
    place.fill(1)
    saved = {name: (place.path / name).read_bytes() for name in place.names()}
    before, after = place.titles(), [*place.titles(), "Bản tin 2"]
    met = set()
    for step in range(100):
        done = run(place, CRASHING, step)
        titles = place.titles()
        assert titles in (before, after)
        met.add(len(titles))
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        place.fill(1)
        assert place.titles() == titles
        assert set(place.names()) <= {*saved, "luutru.json.bak"}
        for name in place.names():
            (place.path / name).unlink()
        for name, content in saved.items():
            (place.path / name).write_bytes(content)
    else:
        pytest.fail("it never ended")
    assert met == {1, 2}
    assert step >= 8


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
            assert len(archive) % 3 == 0
        assert set(place.names()) <= {"luutru.json", "luutru.json.bak", "luutru.lock"}


def damages(content: bytes) -> Iterator[bytes]:
    chance = random.Random(7)
    yield b""
    yield b"\0" * len(content)
    yield content + b"{}"
    yield b"[]"
    yield b"{}"
    yield b'{"_meta": {"1": {"format": 1}}}'
    yield b'{"_meta": []}'
    yield b"[" * 100_000
    for at in [*range(1, len(content), 37), len(content) - 1]:
        yield content[:at]
    for at in range(0, len(content), 7):
        yield content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]


def test_damage_is_refused_and_left_as_it_is(place: Place) -> None:
    place.fill(1, 2)
    whole = place.file.read_bytes()
    for content in damages(whole):
        place.file.write_bytes(content)
        for mode in ("r", "w"):
            with pytest.raises(ArchiveError) as caught:
                place.open(mode)
            assert isinstance(caught.value, Corrupt | SchemaTooNew)
            assert str(place.file) in str(caught.value)
            assert caught.value.hint
        assert place.file.read_bytes() == content
    place.file.write_bytes(whole)
    assert len(place.titles()) == 2


def test_damage_says_where_and_how_to_repair(place: Place) -> None:
    place.fill(1, 2)
    whole = place.file.read_bytes()
    place.file.write_bytes(whole[:500])
    with pytest.raises(Corrupt, match=r"of 500|after 500 bytes") as caught:
        place.open()
    assert "luutru.json.bak is whole and holds 1 articles" in caught.value.hint
    place.file.write_bytes(whole.replace(b"article", b"art\xffcle", 1))
    with pytest.raises(Corrupt, match=r"no UTF-8 at byte \d+ of"):
        place.open()
    place.file.write_bytes(whole.replace("Rạch Sậy".encode(), "Rạch Sây".encode(), 1))
    with pytest.raises(Corrupt, match="does not fit its checksum"):
        place.open()
    (place.path / JsonStorage.BACKUP).write_bytes(b"")
    with pytest.raises(Corrupt) as caught:
        place.open()
    assert caught.value.hint == "nothing was overwritten; restore luutru.json from a backup"


def test_a_lost_file_beside_its_backup_is_no_fresh_start(place: Place) -> None:
    place.fill(1, 2)
    place.file.rename(place.path / "elsewhere.json")
    for mode in ("r", "w"):
        with pytest.raises(Corrupt, match="the file is missing") as caught:
            place.open(mode)
        assert "holds 1 articles" in caught.value.hint
    assert not place.file.exists()


def test_an_edit_on_purpose_is_taken_and_sealed_again(place: Place) -> None:
    place.fill(1)
    tables = json.loads(place.file.read_text("utf-8"))
    tables["_meta"]["1"]["sha256"] = None
    next(iter(tables["articles"].values()))["title"] = "Sửa tay"
    place.file.write_text(json.dumps(tables), "utf-8")
    assert place.titles() == ["Sửa tay"]
    place.fill(2)
    meta = json.loads(place.file.read_text("utf-8"))["_meta"]["1"]
    assert meta["format"] == 1
    assert meta["created_at"] == tables["_meta"]["1"]["created_at"]
    assert len(meta["sha256"]) == 64


def test_a_newer_format_is_left_alone(place: Place) -> None:
    place.fill(1)
    for content in (
        place.file.read_bytes().replace(b'"format": 1', b'"format": 2'),
        b'{"_meta": {"1": {"format": 9}}, "x": {}}',
        b'{"_meta": {"format": 9}}',
    ):
        place.file.write_bytes(content)
        for mode in ("r", "w"):
            with pytest.raises(SchemaTooNew, match=r"format \d, known up to 1"):
                place.open(mode)
        assert place.file.read_bytes() == content


def test_the_file_is_plain_tinydb_json(place: Place) -> None:
    from tinydb import TinyDB

    place.fill(1, 2)
    with TinyDB(place.file, access_mode="r", encoding="utf-8") as database:
        assert database.tables() == {"_meta", "articles"}
        assert [len(database.table(name)) for name in ("_meta", "articles")] == [1, 2]
        assert database.table("_meta").all()[0]["format"] == 1


def test_links_and_pipes_in_the_folder_are_not_followed(place: Place, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("không phải của kho", "utf-8")
    place.fill(1)
    whole = place.file.read_bytes()
    for name in JsonStorage.LEFT_OVER:
        (place.path / name).symlink_to(outside)
    (place.path / JsonStorage.BACKUP).symlink_to(outside)
    place.fill(2)
    assert not (place.path / JsonStorage.BACKUP).is_symlink()
    for name in (place.file.name, JsonStorage.LOCK):
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
    assert whole


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
    place.fill(1)
    with place.open() as archive:
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
    (place.path / JsonStorage.LOCK).chmod(0o444)
    try:
        assert len(place.titles()) == 1
        with pytest.raises(ArchiveError, match="no permission"):
            place.open()
    finally:
        place.path.chmod(0o755)


def test_the_permissions_of_the_file_stay(place: Place) -> None:
    place.fill(1)
    place.file.chmod(0o640)
    place.fill(2)
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o640


def test_a_strange_lock_file_is_only_a_lock(place: Place) -> None:
    place.fill(1)
    lock = place.path / JsonStorage.LOCK
    for note in (b"", b"\x1b[31m", b"[]", b"9" * 5000, b'{"pid": "\\u001b[2J7", "host": "h", "since": "s"}'):
        with place.open():
            lock.write_bytes(note)
            with pytest.raises(ArchiveError, match=r"in use: .*by (another process|process \[2J7 on h since s)"):
                place.open()
    place.fill(2)
    assert lock.read_bytes() == b""


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
    assert place.names() == [place.file.name, JsonStorage.LOCK]
