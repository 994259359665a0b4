"""Files by content: kept once, whole or not at all, inside the archive's folder, and what `verify` says of them."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.errors import ArchiveError, NoSpace
from storage.archive import Archive
from storage.file_store import FileStore, place_of
from storage.integrity import Fault, Tally, repair, verify
from tests.conftest import ROOT, Run
from tests.running import keep

PICTURE = b"\xff\xd8\xff\xe0 mot buc anh cau Rach Say"
DIGEST = hashlib.sha256(PICTURE).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "archive")


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


@given(contents=st.lists(st.binary(max_size=200), max_size=8))
@settings(max_examples=40, deadline=None)
def test_what_is_put_is_there_once_and_unchanged(contents: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = FileStore(Path(folder) / "a" / "b")
        places = [store.put(content) for content in contents]
        assert len(set(places)) == len(set(contents)) == len(files_in(Path(folder)))
        for content, place in zip(contents, places, strict=True):
            digest = hashlib.sha256(content).hexdigest()
            assert place == place_of(digest) and digest in store and store.fault_of(digest) == ""
            assert store.path(digest).read_bytes() == content == (Path(folder) / "a" / "b" / place).read_bytes()
            with store.open(digest) as stream:
                assert stream.read() == content
        assert {found.sha256 for found in store.walk()} == {hashlib.sha256(content).hexdigest() for content in contents}


def test_kept_content_is_not_written_again(store: FileStore) -> None:
    store.put(PICTURE)
    before = store.path(DIGEST).stat()
    assert store.put(PICTURE) == place_of(DIGEST)
    after = store.path(DIGEST).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("name", ["", "ab", "../" + "a" * 61, "A" * 64, "g" * 64, "a" * 63 + "\n", "a" * 65, "/" * 64])
def test_a_name_that_is_no_digest_leads_nowhere(store: FileStore, name: str) -> None:
    assert name not in store
    for ask in (store.path, store.open, place_of):
        with pytest.raises(ValueError, match="SHA-256"):
            ask(name)


def test_what_is_not_kept(store: FileStore) -> None:
    assert DIGEST not in store and 7 not in store and list(store.walk()) == []
    with pytest.raises(ArchiveError, match=r"vanished"):
        store.open(DIGEST)


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="opened for reading only"):
        FileStore(tmp_path / "archive", writable=False).put(PICTURE)
    keep(tmp_path)
    with Archive.open(tmp_path / "archive", mode="r") as archive, pytest.raises(ArchiveError):
        archive.files.put(PICTURE)
    assert not (tmp_path / "archive" / "files").exists()


STEPS = ("open", "mkdir", "write", "fsync", "replace", "fstatvfs")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("step", STEPS)
def test_a_fault_at_every_call_in_turn_leaves_nothing_half(
    store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, code: int
) -> None:
    for number in range(50):
        with monkeypatch.context() as patch:
            real, calls = getattr(os, step), iter(range(10**6))

            def call(
                *given: Any, real: Callable[..., Any] = real, calls: Any = calls, at: int = number, **named: Any
            ) -> Any:
                if next(calls) == at:
                    raise OSError(code, os.strerror(code))
                return real(*given, **named)

            patch.setattr(os, step, call)
            try:
                store.put(PICTURE)
            except ArchiveError as error:
                assert isinstance(error, NoSpace) == (code != errno.EIO)
                assert str(tmp_path / "archive") in str(error)
            else:
                break
        assert files_in(tmp_path) in ([], [f"archive/{place_of(DIGEST)}"])
        assert DIGEST not in store or store.fault_of(DIGEST) == ""
    else:
        pytest.fail("it never ended")
    assert number > 0 and files_in(tmp_path) == [f"archive/{place_of(DIGEST)}"]


def test_a_disk_without_room_is_noticed_before_a_byte_is_written(
    store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fstatvfs
    monkeypatch.setattr(os, "fstatvfs", lambda fd: os.statvfs_result((*real(fd)[:4], 1, *real(fd)[5:])))
    monkeypatch.setattr(os, "write", lambda *_: pytest.fail("a byte was written"))
    with pytest.raises(NoSpace, match="no space left"):
        store.put(PICTURE)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("link", ["files", f"files/{DIGEST[:2]}", place_of(DIGEST)])
def test_links_are_not_followed(store: FileStore, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(PICTURE)
    place = tmp_path / "archive" / link
    place.parent.mkdir(parents=True)
    place.symlink_to(outside if link != place_of(DIGEST) else outside / "precious")
    with pytest.raises(ArchiveError, match="links are not followed"):
        store.put(PICTURE)
    assert files_in(outside) == ["precious"] and place.is_symlink()
    assert DIGEST not in store and "links are not followed" in store.fault_of(DIGEST)
    if link == "files":
        with pytest.raises(ArchiveError, match="links are not followed"):
            list(store.walk())
    else:
        assert [found.kind for found in store.walk()] == ["stranger" if link.count("/") == 1 else "content"]


@pytest.mark.parametrize("damage", [b"", PICTURE[:-1], PICTURE + b"!", PICTURE[:-1] + b"?"])
def test_what_does_not_fit_its_name_is_set_aside_and_written_anew(
    store: FileStore, tmp_path: Path, damage: bytes
) -> None:
    for _ in range(2):
        store.put(PICTURE)
        store.path(DIGEST).write_bytes(damage)
        assert "do not fit its name" in store.fault_of(DIGEST)
    store.put(PICTURE)
    assert store.fault_of(DIGEST) == ""
    aside = sorted(path.read_bytes() for path in store.path(DIGEST).parent.glob("*.damaged*"))
    assert aside == [damage, damage]
    assert [found.kind for found in store.walk()] == ["content", "aside", "aside"]


def test_something_else_in_its_place_is_refused(store: FileStore) -> None:
    store.path(DIGEST).mkdir(parents=True)
    with pytest.raises(ArchiveError, match="not a regular file"):
        store.put(PICTURE)
    assert DIGEST not in store
    store.path(DIGEST).rmdir()
    os.mkfifo(store.path(DIGEST))
    with pytest.raises(ArchiveError, match="not a regular file"):
        store.put(PICTURE)


WRITER = """
import sys
from pathlib import Path
from storage.file_store import FileStore
store = FileStore(Path(sys.argv[1]))
for number in range(60):
    store.put(b"%d" % number * 5000)
"""


def test_processes_that_keep_the_same_bytes_agree(tmp_path: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", WRITER, tmp_path / "archive"], cwd=ROOT) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    found = list(FileStore(tmp_path / "archive").walk())
    assert len(found) == 60 and {one.kind for one in found} == {"content"}
    assert all(FileStore(tmp_path / "archive").fault_of(one.sha256) == "" for one in found)


KILLED = """
import os, signal, sys
from pathlib import Path
from storage.archive import Archive
step, content = sys.argv[2], b"\\xff\\xd8\\xff anh"
def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
archive = Archive.open(Path(sys.argv[1]))
if step == "record":
    archive.files.put(content)
    killed()
setattr(os, step, killed)
archive.files.put(content)
"""


def fault_codes(folder: Path) -> list[tuple[str, bool]]:
    return [(fault.code, fault.harmless) for fault in verify(folder, Tally())]


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("write", [("unfinished_file", True)]),
        ("replace", [("unfinished_file", True)]),
        ("record", [("orphan_file", True)]),
    ],
)
def test_a_kill_leaves_something_harmless_that_verify_names(
    run: Run, tmp_path: Path, step: str, told: list[tuple[str, bool]]
) -> None:
    keep(tmp_path)
    folder = tmp_path / "archive"
    assert subprocess.run([sys.executable, "-c", KILLED, folder, step], cwd=ROOT, check=False).returncode == -9
    assert fault_codes(folder) == told
    ran = run("verify")
    assert ran.code == 0 and ran.out.startswith("files/") and ran.err.endswith(": all whole\n")
    with Archive.open(folder) as archive:
        archive.files.put(b"\xff\xd8\xff anh")
    assert {found.kind for found in FileStore(folder).walk()} >= {"content"}
    for left in (folder / "files").rglob(".*.new"):
        assert list(repairs(folder)) == []  # it may be another's, who is still writing
        os.utime(left, (time.time() - 4000,) * 2)
        (line,) = repairs(folder)
        assert "deleted" in line and not left.exists()
    assert fault_codes(folder) == [("orphan_file", True)]


def repairs(folder: Path) -> list[str]:
    return repair(folder, lock_timeout=0.0, now="2024-01-01T00:00:00+00:00")


def test_damage_is_named_and_set_aside(run: Run, tmp_path: Path) -> None:
    keep(tmp_path, "https://xa.vamsao.example/tin?ItemID=7")
    with Archive.open(tmp_path / "archive") as archive:
        place = archive.files.put(PICTURE)
        (stored,) = archive.find()
        picture = {"url": stored["images"][0]["url"], "status": "stored", "sha256": DIGEST}
        assert archive.put({**stored, "files": [picture]}).kind == "unchanged"
    ran = run("verify")
    assert (ran.code, ran.out) == (0, "") and "files 1: all whole" in ran.err

    (tmp_path / "archive" / place).write_bytes(b"x" + PICTURE[1:])
    ran = run("verify", "--json")
    fault = json.loads(ran.out)
    assert ran.code == 6 and (fault["file"], fault["code"], fault["harmless"]) == (place, "damaged_file", False)
    assert "files 1: 1 fault" in ran.err
    ran = run("verify", "--repair")
    assert ran.code == 6 and "it is now files/" in ran.err  # the record still names it
    assert f"the file {place} is missing" in ran.out and stored["id"] in ran.out
    with Archive.open(tmp_path / "archive") as archive:
        archive.files.put(PICTURE)
    assert run("verify").code == 0


def test_strangers_are_named(tmp_path: Path) -> None:
    keep(tmp_path)
    folder = tmp_path / "archive"
    (folder / "files" / "ab").mkdir(parents=True)
    for name in ("files/notes.txt", "files/ab/ảnh.jpg", "files/cd"):
        (folder / name).write_bytes(b"?")
    found = list(verify(folder, Tally()))
    assert [(fault.code, fault.file) for fault in found] == [
        ("stranger", "files/ab/ảnh.jpg"),
        ("stranger", "files/cd"),
        ("stranger", "files/notes.txt"),
    ]
    assert all(isinstance(fault, Fault) and fault.harmless for fault in found)


def test_digests_are_read_in_pieces(store: FileStore) -> None:
    import tracemalloc

    big = bytes(16_000_000)
    digest = hashlib.sha256(big).hexdigest()
    store.put(big)
    tracemalloc.start()
    assert store.fault_of(digest) == "" and next(store.walk()).sha256 == digest
    store.put(big)
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()
