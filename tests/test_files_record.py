"""What a record says of its files: a moving fact that never forgets kept content; seen, gone and batches beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.errors import InputError
from scraper.models import Attachment, CaptureInfo, EarlierFile, FileStatus, Image, KeptFile, to_dict
from storage.archive import Archive
from storage.file_store import place_of
from storage.integrity import Tally, verify
from storage.kept_files import MOST_EARLIER, NOT_IN_ARCHIVE, checked, located, merged, merged_in_time
from storage.kept_files import lacking as worth_asking
from storage.schema import schema
from tests.conftest import Run
from tests.test_archive import Clock, sample
from tests.test_schema import faults

URL = "https://www.muoixa.example/anh/cau.jpg"
PDF = "https://www.muoixa.example/tep/quyet-dinh.pdf"
ONE, TWO = (hashlib.sha256(text).hexdigest() for text in (b"mot", b"hai"))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(tmp_path / "archive", clock=Clock()) as archive:
        yield archive


def record(*files: Any, **changes: Any) -> dict[str, Any]:
    return {**to_dict(sample(1, **changes)), "files": list(files)}


def kept(archive: Archive, content: bytes = b"mot", url: str = URL, at: str = "2024-02-01T00:00:00+00:00") -> KeptFile:
    """A file whose content is in the archive."""
    archive.files.put(content)
    digest = hashlib.sha256(content).hexdigest()
    name = url.rpartition("/")[2]
    return KeptFile(url, "stored", digest, len(content), "image/jpeg", name, fetched_at=at)


def lacking(status: FileStatus, error: str, url: str = URL, at: str = "2024-02-09T00:00:00+00:00") -> KeptFile:
    return KeptFile(url, status, fetched_at=at, error=error)


def the_file(archive: Archive) -> dict[str, Any]:
    (stored,) = archive.find()
    (file,) = stored["files"]
    assert faults(stored, schema(), schema()) == []
    return dict(file)


def test_a_record_tells_of_its_files_and_they_make_no_revision(archive: Archive) -> None:
    first = archive.put(sample(1))
    assert first.kind == "new" and (archive.get(first.id or "") or {})["files"] == []
    told = archive.put(record(kept(archive)))
    assert (told.kind, told.reason, told.revision) == ("unchanged", "same content", 1)
    file = the_file(archive)
    assert file == {**to_dict(kept(archive)), "path": place_of(ONE)}
    stored = archive.get(first.id or "") or {}
    assert stored["last_seen"] > stored["first_seen"]
    assert (archive.path / file["path"]).read_bytes() == b"mot"
    assert archive.put(sample(1)).kind == "unchanged" and the_file(archive) == file
    assert len(archive.history(first.id or "")) == 1


def test_a_missing_file_keeps_its_content_and_says_since_when(archive: Archive) -> None:
    archive.put(record(kept(archive)))
    archive.put(record(lacking("missing", "not_found")))
    file = the_file(archive)
    assert (file["status"], file["error"], file["missing_since"]) == (
        "missing",
        "not_found",
        "2024-02-09T00:00:00+00:00",
    )
    assert (file["sha256"], file["path"], file["fetched_at"]) == (ONE, place_of(ONE), "2024-02-01T00:00:00+00:00")
    archive.put(record(lacking("missing", "not_found", at="2024-03-09T00:00:00+00:00")))
    assert the_file(archive)["missing_since"] == "2024-02-09T00:00:00+00:00"
    archive.put(record(lacking("failed", "network", at="2024-04-09T00:00:00+00:00")))
    assert the_file(archive) == {**file, "error": "network"}
    assert list(verify(archive.path, Tally())) == []

    archive.put(record(kept(archive, at="2024-05-01T00:00:00+00:00")))
    back = the_file(archive)
    assert (back["status"], back["missing_since"], back["error"], back["earlier"]) == ("stored", None, None, [])


def test_a_file_that_never_came_is_missing_since_it_was_asked_for(archive: Archive) -> None:
    archive.put(record(lacking("missing", "not_found")))
    file = the_file(archive)
    assert (file["sha256"], file["path"], file["missing_since"]) == (None, None, "2024-02-09T00:00:00+00:00")
    archive.put(record(lacking("failed", "network")))
    assert the_file(archive)["status"] == "missing"
    archive.put(record(lacking("refused", "off_site")))
    assert (the_file(archive)["status"], the_file(archive)["missing_since"]) == ("refused", None)


@pytest.mark.parametrize(("status", "error"), [("failed", "network"), ("refused", "too_large")])
def test_a_passing_fault_wipes_nothing(archive: Archive, status: FileStatus, error: str) -> None:
    archive.put(record(kept(archive)))
    before = the_file(archive)
    archive.put(record(lacking(status, error)))
    assert the_file(archive) == {**before, "error": error}
    archive.put(record(kept(archive)))
    assert the_file(archive) == before


def test_another_content_at_the_same_address_leaves_the_earlier_one_named(archive: Archive) -> None:
    archive.put(record(kept(archive)))
    archive.put(record(kept(archive, b"hai", at="2024-06-01T00:00:00+00:00")))
    file = the_file(archive)
    earlier = {"sha256": ONE, "bytes": 3, "path": place_of(ONE), "fetched_at": "2024-02-01T00:00:00+00:00"}
    assert (file["sha256"], file["earlier"]) == (TWO, [earlier])
    archive.put(record(lacking("missing", "not_found")))
    assert (the_file(archive)["sha256"], the_file(archive)["earlier"]) == (TWO, [earlier])
    assert list(verify(archive.path, Tally())) == []
    for number in range(MOST_EARLIER + 5):
        archive.put(record(kept(archive, b"%d" % number)))
    assert len(the_file(archive)["earlier"]) == MOST_EARLIER
    assert list(verify(archive.path, Tally())) == []
    archive.compact()  # superseded lines named the oldest ones
    assert [fault.code for fault in verify(archive.path, Tally())] == ["orphan_file"] * 6


def test_a_new_revision_keeps_what_it_still_refers_to(archive: Archive) -> None:
    pdf = Attachment(PDF, "quyet-dinh.pdf")
    archive.put(record(kept(archive), kept(archive, b"hai", PDF), attachments=(pdf,)))
    outcome = archive.put(sample(1, title="Đã sửa"))
    assert outcome.kind == "changed"
    old, new = archive.history(outcome.id or "")
    assert [file["url"] for file in old["files"]] == [URL, PDF]
    assert [file["url"] for file in new["files"]] == [URL]
    again = archive.put(record(lacking("failed", "network"), title="Sửa nữa"))
    assert again.revision == 3 and the_file(archive)["status"] == "stored"
    assert list(verify(archive.path, Tally())) == []


def test_the_same_file_under_another_scheme_is_the_same(archive: Archive) -> None:
    archive.put(record(kept(archive)))
    plain = URL.replace("https://www.", "http://")
    archive.put(record(lacking("missing", "not_found", plain), images=(Image(plain, "cau.jpg", caption="Cầu mới"),)))
    assert (the_file(archive)["url"], the_file(archive)["sha256"]) == (plain, ONE)


def test_a_late_capture_changes_nothing_of_the_files(archive: Archive) -> None:
    def at(day: int, **changes: Any) -> dict[str, Any]:
        info = CaptureInfo(fetched_at=f"2024-01-{day:02}T00:00:00+00:00", source="http")
        return record(kept(archive, b"%d" % day), capture=info, **changes)

    archive.put(at(9))
    before = the_file(archive)
    assert archive.put(at(3)).kind == "unchanged"
    assert the_file(archive) == before
    late = archive.put(at(4, title="Cũ hơn"))
    assert late.kind == "changed" and the_file(archive) == before
    assert archive.history(late.id or "")[0]["files"][0]["sha256"] == hashlib.sha256(b"4").hexdigest()


def test_a_file_that_is_called_stored_must_be_there(archive: Archive) -> None:
    outcome = archive.put(record(KeptFile(URL, "stored", ONE, 3, path="../../etc/passwd")))
    assert outcome.kind == "new"
    file = the_file(archive)
    assert (file["status"], file["error"], file["path"], file["sha256"]) == ("failed", NOT_IN_ARCHIVE, None, ONE)
    archive.files.put(b"mot")
    archive.put(record(KeptFile(URL, "stored", ONE, 3)))
    assert (the_file(archive)["status"], the_file(archive)["path"]) == ("stored", place_of(ONE))


def test_a_record_goes_from_archive_to_archive(archive: Archive, tmp_path: Path) -> None:
    archive.put(record(kept(archive)))
    (stored,) = archive.find()
    assert archive.put(stored).kind == "unchanged" and the_file(archive) == stored["files"][0]
    with Archive.open(tmp_path / "other") as other:
        assert other.put(stored).kind == "new"
        assert (the_file(other)["status"], the_file(other)["path"]) == ("failed", None)
        other.files.put(b"mot")
        other.put(stored)
        assert the_file(other) == stored["files"][0]


@pytest.mark.parametrize(
    "wrong",
    [
        "cau.jpg",
        {"url": URL},
        [URL],
        [{"url": URL}],
        [{"url": URL, "status": "there"}],
        [{"url": URL, "status": "stored"}],
        [{"url": URL, "status": "stored", "sha256": "A" * 64}],
        [{"url": URL, "status": "stored", "sha256": "../" + "a" * 61}],
        [{"url": URL, "status": "missing", "bytes": "3"}],
        [{"url": URL, "status": "missing", "bytes": True}],
        [{"url": URL, "status": "missing", "earlier": [{"bytes": 3}]}],
        [{"url": URL, "status": "missing", "earlier": {}}],
        [{"url": "javascript:alert(1)", "status": "missing"}],
        [{"status": "missing"}],
    ],
)
def test_files_of_another_shape_are_refused(archive: Archive, wrong: Any) -> None:
    with pytest.raises(InputError, match="`files`"):
        archive.put({**to_dict(sample(1)), "files": wrong})
    (outcome,) = archive.put_batch([{**to_dict(sample(1)), "files": wrong}])
    assert outcome.kind == "failed" and len(archive) == 0


SOME = st.builds(
    KeptFile,
    url=st.sampled_from([URL, PDF]),
    status=st.sampled_from(["stored", "missing", "refused", "failed"]),
    sha256=st.sampled_from([ONE, TWO]),
    fetched_at=st.sampled_from(["2024-01-01", "2024-01-02", None]),
    error=st.sampled_from([None, "network"]),
    earlier=st.lists(st.builds(EarlierFile, sha256=st.sampled_from([ONE, TWO])), max_size=2).map(tuple),
)


@given(attempts=st.lists(st.lists(SOME, max_size=2, unique_by=lambda file: file.url), max_size=6))
def test_no_order_of_attempts_forgets_content(attempts: list[list[KeptFile]]) -> None:
    known: list[dict[str, Any]] = []
    stored: dict[str, set[str]] = {}
    for attempt in attempts:
        known = merged(known, located(checked(list(attempt)), place_of), now="2024-02-01")
        assert checked(known) == known and merged(known, None, now="2024-03-01") == known
        for file in attempt:
            if file.status == "stored":
                stored.setdefault(file.url, set()).add(str(file.sha256))
        named = {file["url"]: {file["sha256"], *(one["sha256"] for one in file["earlier"])} for file in known}
        assert all(digests <= named[url] for url, digests in stored.items())
        assert all((file["missing_since"] is not None) == (file["status"] == "missing") for file in known)
        assert len({file["url"] for file in known}) == len(known)


def test_what_is_worth_asking_for(archive: Archive) -> None:
    other, third = (f"https://www.muoixa.example/{name}" for name in ("b.jpg", "c.jpg"))
    archive.put(record(kept(archive), lacking("refused", "off_site", other), lacking("failed", "network", third)))
    (stored,) = archive.find()
    asked = [URL, URL.replace("https://www.", "http://"), other, third, PDF]
    assert worth_asking(asked, stored) == (third, PDF)
    assert worth_asking(asked, None) == worth_asking(asked, {}) == tuple(asked)
    archive.put(record(lacking("missing", "not_found", third)))
    assert worth_asking(asked, next(archive.find())) == (third, PDF)


def test_show_lists_files_with_their_status(run: Run, tmp_path: Path) -> None:
    pdf, exe = Attachment(PDF), Attachment("https://www.muoixa.example/tep/cai-dat.exe")
    with Archive.open(tmp_path / "archive") as archive:
        archive.put(
            record(
                kept(archive),
                lacking("missing", "not_found", PDF),
                lacking("refused", "unwanted_type\x1b[31m", exe.url),
                attachments=(pdf, exe),
            )
        )
        (stored,) = archive.find()
    shown = run("show", stored["id"])
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert f"stored     cau.jpg, image/jpeg, 3 bytes: {place_of(ONE)}" in lines
    assert f"missing    {PDF}, since 2024-02-09T00:00:00+00:00, not_found: <{PDF}>" in lines
    assert f"refused    {exe.url}, unwanted_type[31m: <{exe.url}>" in lines
    whole = json.loads(run("show", stored["id"], "--json").out)
    assert whole["files"] == stored["files"]
    assert json.loads(run("export", "--format", "jsonl").out)["files"] == stored["files"]
    assert "sha256" not in run("export", "--format", "csv").out.replace("capture_sha256", "")
    assert run("stats").code == run("history", stored["id"]).code == 0


# Batches, sights and reasons


def test_a_batch_is_one_write(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    storage = archive._storage
    assert storage is not None
    real = storage.commit
    monkeypatch.setattr(storage, "commit", lambda changes: commits.append(len(changes["articles"])) or real(changes))
    outcomes = archive.put_batch([sample(1), {"url": float("nan")}, sample(2), sample(1, title="Đã sửa")])
    assert [outcome.kind for outcome in outcomes] == ["new", "failed", "new", "changed"]
    assert commits == [2] and len(archive) == 2
    assert archive.put_batch([]) == [] and len(commits) == 1


def test_articles_seen_unchanged_move_their_last_sight_in_one_write(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [outcome.id or "" for outcome in archive.put_batch([sample(number) for number in (1, 2, 3)])]
    before = {name: archive.get(name) or {} for name in names}
    commits: list[int] = []
    storage = archive._storage
    assert storage is not None
    real = storage.commit
    monkeypatch.setattr(storage, "commit", lambda changes: commits.append(1) or real(changes))
    outcomes = archive.mark_seen([names[0], str(sample(2).url), "https://khac.example/", names[0]])
    assert [outcome and (outcome.kind, outcome.id, outcome.reason) for outcome in outcomes] == [
        ("unchanged", names[0], "not modified"),
        ("unchanged", names[1], "not modified"),
        None,
        ("unchanged", names[0], "not modified"),
    ]
    assert commits == [1]
    for name, seen in zip(names, (True, True, False), strict=True):
        now = archive.get(name) or {}
        assert (now["last_seen"] > before[name]["last_seen"]) is seen
        assert {**now, "last_seen": ""} == {**before[name], "last_seen": ""}
        assert len(archive.history(name)) == 1
    assert archive.mark_seen(["https://khac.example/"]) == [None] and archive.mark_seen([]) == []
    assert commits == [1]


def test_seen_again_after_it_was_gone(archive: Archive) -> None:
    name = archive.put(sample(1)).id or ""
    archive.mark_gone(name)
    (outcome,) = archive.mark_seen([name])
    assert outcome is not None and outcome.reason == "not modified; published again"
    stored = archive.get(name) or {}
    assert stored["gone_at"] is None and [sorted(absence) for absence in stored["absences"]] == [["back_at", "gone_at"]]


def test_why_an_article_is_gone_is_kept(archive: Archive, run: Run) -> None:
    why = "missing from the server's complete list;\n its page answers with a soft error"
    told = "missing from the server's complete list; its page answers with a soft error"
    name = archive.put(sample(1)).id or ""
    outcome = archive.mark_gone(name, why)
    assert outcome is not None and (outcome.kind, outcome.reason) == ("gone", f"no longer published: {told}")
    stored = archive.get(name) or {}
    assert (stored["gone_reason"], stored["reason"], stored["revision"]) == (told, "first seen", 1)
    assert faults(stored, schema(), schema()) == []
    again = archive.mark_gone(name, "its address answers 404")
    assert again is not None and again.reason == f"no longer published since {stored['gone_at']}: {told}"
    assert archive.get(name) == stored
    shown = run("show", name, "--archive", archive.path)
    assert f"no longer published, noted {stored['gone_at']}: {told}" in shown.out.splitlines()

    assert f": {told}" in run("history", name, "--archive", archive.path).out

    changed = archive.put(sample(1, title="Đã sửa", capture=CaptureInfo(source="file")))
    state = archive.get(name) or {}
    assert changed.kind == "changed" and (state["gone_at"], state["gone_reason"]) == (stored["gone_at"], told)
    archive.mark_seen([name])
    back = archive.get(name) or {}
    assert (back["gone_at"], back["gone_reason"]) == (None, None)
    assert back["absences"][0]["reason"] == told and faults(back, schema(), schema()) == []


def test_an_archive_made_before_there_were_files(archive: Archive) -> None:
    """Stored dicts of earlier versions lack the keys."""
    name = archive.put(sample(1)).id or ""
    number = archive.tables["articles"].numbers(range(1 << 60), 1)[0]
    stored = {key: value for key, value in (archive.get(name) or {}).items() if key not in ("files", "gone_reason")}
    storage = archive._storage
    assert storage is not None
    with storage.writing():
        storage.commit({"articles": {number: stored}})
    archive.mark_seen([name])
    archive.put(record(kept(archive)))
    assert the_file(archive)["sha256"] == ONE
    assert list(verify(archive.path, Tally())) == []


def attempt_at(day: int, status: FileStatus = "stored", content: int | None = None) -> dict[str, Any]:
    """What an answer of one address on a day of January 2020 gave, as `located` leaves it."""
    digest = None if status != "stored" else f"{day if content is None else content:064x}"
    facts = KeptFile("http://xa.example/a.jpg", status, sha256=digest, fetched_at=f"2020-01-{day:02}T00:00:00+00:00")
    return {**to_dict(facts), "path": None if digest is None else place_of(digest), "earlier": []}


@given(st.permutations(range(1, 12)), st.sets(st.integers(1, 10)), st.booleans())
def test_answers_may_come_in_any_order(days: list[int], cuts: set[int], gone: bool) -> None:
    """Told in whatever order and together with whichever others: the same file, contents in the order of time."""
    answers = [attempt_at(day, "missing" if gone and day == 11 else "stored", day % 4) for day in days]
    result: list[dict[str, Any]] = []
    ends = [0, *sorted(cuts), len(answers)]
    for start, end in pairwise(ends):
        result = merged_in_time(result, answers[start:end], now="2021-01-01T00:00:00+00:00")
    (one,) = result
    assert one == merged_in_time(None, answers, now="2021-01-01T00:00:00+00:00")[0]
    latest = 10 if gone else 11
    assert (one["status"], one["fetched_at"][8:10]) == ("missing" if gone else "stored", str(latest))
    assert {int(each["sha256"], 16) for each in (one, *one["earlier"])} == {0, 1, 2, 3}


def test_each_state_takes_the_files_of_its_time(archive: Archive) -> None:
    """What was answered before the next state was captured; else the first answer; nothing that it does not name."""
    days = ("2024-01-01", "2024-03-01")
    for title, day, images in zip(("Cũ", "Mới"), days, ((URL, PDF), (URL,)), strict=True):
        named = tuple(Image(url, url.rpartition("/")[2]) for url in images)
        archive.put(record(title=title, images=named, capture=CaptureInfo(fetched_at=f"{day}T00:00:00+00:00")))
    (stored,) = archive.find()
    told = [
        kept(archive, b"mot", at="2024-02-01T00:00:00+00:00"),
        kept(archive, b"hai", at="2024-04-01T00:00:00+00:00"),
        kept(archive, b"tep", PDF, at="2024-05-01T00:00:00+00:00"),
        kept(archive, b"khac", "https://www.muoixa.example/khac.jpg"),
    ]
    (outcome, unknown) = archive.mark_files({stored["id"]: told, "a2a2a2a2a2a2": told})
    assert outcome is not None and (outcome.kind, outcome.reason, unknown) == ("unchanged", "its files", None)
    old, new = archive.history(stored["id"])
    assert [(one["url"], one["sha256"]) for one in old["files"]] == [(URL, ONE), (PDF, told[2].sha256)]
    assert [(one["url"], one["sha256"]) for one in new["files"]] == [(URL, TWO)]
    assert [one["sha256"] for one in new["files"][0]["earlier"]] == [ONE]
    size = (archive.path / "articles.json").stat().st_size
    archive.mark_files({stored["id"]: told})
    assert (archive.path / "articles.json").stat().st_size == size
    with pytest.raises(TypeError):
        archive.mark_files({stored["id"]: ["anh.jpg"]})
