"""The contract of an archive, run over every storage: a new backend joins `BACKENDS` and passes the same tests."""

from __future__ import annotations

import dataclasses
import datetime
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinydb import where

from scraper.errors import ArchiveError, InputError, Locked
from scraper.models import Agency, CaptureInfo, Evidence, Image, Person, Phone, Problem, Record, to_dict
from storage.archive import Archive
from storage.decide import ADDED_FIELDS
from storage.line_storage import LineStorage

BACKENDS: list[Any] = [LineStorage]
ROOT = Path(__file__).parents[1]
START = datetime.datetime(2024, 3, 1, 8, 0, tzinfo=datetime.UTC)


class Clock:
    """A clock that goes on by one minute whenever somebody looks."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime.datetime:
        self.moment += datetime.timedelta(minutes=1)
        return self.moment


def sample(number: int = 1, **changes: Any) -> Record:
    """An invented record of an invented portal."""
    address = f"https://www.muoixa.example/Pages/tin.aspx?ItemID={number}"
    record = Record(
        url=address,
        title=f"Khánh thành cầu Rạch Sậy số {number}",
        section="Tin trong xã",
        author="Lò Thị Mây",
        published_at=f"2021-05-{number % 28 + 1:02}T09:30:00+07:00",
        published_precision="minute",
        language="vi",
        body_text="Sáng nay cầu được thông xe.\n\nBà con rất vui.",
        body_html="<p>Sáng nay cầu được thông xe.</p><p>Bà con rất vui.</p>",
        images=(Image("https://www.muoixa.example/anh/cau.jpg", "cau.jpg", caption="Cầu mới"),),
        views=10,
        list_path="/content/Lists/TinXa",
        item_id=number,
        form={"Tiêu đề": None, "Số hiệu": "12/TB"},
        agency=Agency(
            portal_name="TRANG TIN XÃ MƯỜI",
            responsible_person=Person("Đèo Văn Lúa", ("Trưởng ban",)),
            phones=(Phone("0203 111 222", None, "ĐT"),),
            raw_text="Lượt truy cập: 7",
        ),
        evidence={"title": Evidence("heading", "Khánh thành", "h1"), "agency.phones": Evidence("footer", "ĐT")},
        problems=(Problem("clock_only", "published_at", "no date beside the byline"),),
        capture=CaptureInfo(requested_url=f"{address}&CateID=4", final_url=address, status=200, source="http"),
    )
    return dataclasses.replace(record, **changes)


def at(moment: str, **more: Any) -> CaptureInfo:
    return CaptureInfo(fetched_at=moment, source="warc", **more)


Opener = Callable[..., Archive]


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.__name__)
def open_archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    opened: list[Archive] = []
    clock = Clock()

    def opener(mode: Any = "w", path: Path = tmp_path / "archive", lock_timeout: float = 0.0) -> Archive:
        archive = Archive.open(path, mode=mode, clock=clock, lock_timeout=lock_timeout, storage=request.param)
        opened.append(archive)
        return archive

    yield opener
    for archive in opened:
        archive.close()


def test_a_record_comes_back_with_what_the_archive_adds(open_archive: Opener) -> None:
    with open_archive() as archive:
        outcome = archive.put(sample())
    assert (outcome.kind, outcome.revision, outcome.reason) == ("new", 1, "first seen")
    assert outcome.problems == ("clock_only",)
    assert outcome.source == "https://www.muoixa.example/Pages/tin.aspx?ItemID=1&CateID=4"
    with open_archive("r") as archive:
        stored = archive.get(outcome.id or "")
        assert stored is not None
        assert {name: stored[name] for name in to_dict(sample())} == to_dict(sample())
        assert stored["id"] == outcome.id
        assert stored["revision"] == 1
        assert stored["first_seen"] == stored["last_seen"] == "2024-03-01T08:02:00+00:00"
        assert stored["aliases"] == [sample().url, f"{sample().url}&CateID=4"]
        assert stored["gone_at"] is None
        assert len(archive) == 1


def test_the_same_page_again_is_unchanged(open_archive: Opener) -> None:
    with open_archive() as archive:
        first = archive.put(sample())
        again = archive.put(sample(views=99, capture=CaptureInfo(requested_url="https://muoixa.example/s/1")))
        assert (again.kind, again.revision, again.id) == ("unchanged", 1, first.id)
        stored = archive.get(first.id or "")
        assert stored is not None
        assert stored["views"] == 99
        assert stored["last_seen"] > stored["first_seen"]
        assert stored["aliases"][-1] == "https://muoixa.example/s/1"
        assert stored["capture"]["final_url"] == sample().url
        assert len(archive.history(first.id or "")) == 1


def test_a_changed_page_is_a_second_revision_and_keeps_the_first(open_archive: Opener) -> None:
    with open_archive() as archive:
        first = archive.put(sample())
        second = archive.put(sample(title="Lùi ngày khánh thành cầu", body_text="Mưa lớn."))
        assert (second.kind, second.revision, second.id) == ("changed", 2, first.id)
        assert second.reason == "changed: title, body_text"
    with open_archive("r") as archive:
        assert [state["revision"] for state in archive.history(first.id or "")] == [1, 2]
        assert [state["title"] for state in archive.history(first.id or "")] == [sample().title, second.title]
        assert len(archive) == 1
        assert len(archive.tables["revisions"]) == 1


def test_the_same_article_twice_in_one_batch(open_archive: Opener) -> None:
    with open_archive() as archive:
        records = [sample(), sample(title="B"), sample(title="C"), sample(title="C")]
        outcomes = list(archive.put_many(records))
        assert [o.kind for o in outcomes] == ["new", "changed", "changed", "unchanged"]
        assert [state["title"] for state in archive.history(outcomes[0].id or "")] == [sample().title, "B", "C"]


def test_an_older_capture_is_filed_into_the_past_once(open_archive: Opener) -> None:
    old = sample(title="Bản cũ", capture=at("2019-01-01T00:00:00+07:00"))
    new = sample(title="Bản mới", capture=at("2020-01-01T00:00:00Z"))
    newest = sample(title="Bản mới nhất", capture=at("2021-01-01T00:00:00Z"))
    with open_archive() as archive:
        kinds = [archive.put(record).kind for record in (new, old, new, old, newest, old, new)]
        assert kinds == ["new", "changed", "unchanged", "unchanged", "changed", "unchanged", "unchanged"]
        states = archive.history(sample().url or "")
        assert [state["title"] for state in states] == ["Bản cũ", "Bản mới", "Bản mới nhất"]
        assert sorted(state["revision"] for state in states) == [1, 2, 3]
        assert (archive.get(sample().url or "") or {})["title"] == "Bản mới nhất"


def test_gone_and_back(open_archive: Opener) -> None:
    with open_archive() as archive:
        name = archive.put(sample()).id or ""
        gone = archive.mark_gone(name)
        assert gone is not None
        assert (gone.kind, gone.id) == ("gone", name)
        since = (archive.get(name) or {})["gone_at"]
        assert since == "2024-03-01T08:03:00+00:00"
        archive.mark_gone(name)
        assert (archive.get(name) or {})["gone_at"] == since
        back = archive.put(sample())
        assert (back.kind, back.reason) == ("unchanged", "same content; published again")
        assert (archive.get(name) or {})["gone_at"] is None
        assert archive.mark_gone("https://elsewhere.example/") is None


def test_an_article_is_found_by_id_prefix_and_any_address(open_archive: Opener) -> None:
    with open_archive() as archive:
        names = [outcome.id or "" for outcome in archive.put_many(sample(n) for n in range(40))]
        shared = {name[:1] for name in names if sum(other[:1] == name[:1] for other in names) > 1}
        with pytest.raises(InputError, match="ambiguous"):
            archive.get(shared.pop())
        for reference in (names[3], names[3].upper(), names[3][:9], "http://muoixa.example/pages/TIN.aspx?ItemID=3"):
            assert (archive.get(reference) or {})["id"] == names[3]
        assert (archive.get("www.muoixa.example/Pages/tin.aspx?CateID=4&ItemID=3") or {})["id"] == names[3]
        for unknown in ("", "zzzzzzzz", "Không", "aaaaaaaaaaaa", "https://muoixa.example/Pages/tin.aspx?ItemID=77"):
            assert archive.get(unknown) is None
            assert archive.history(unknown) == []


def test_what_is_handed_out_is_a_copy(open_archive: Opener) -> None:
    with open_archive() as archive:
        given = to_dict(sample())
        name = archive.put(given).id or ""
        given["agency"]["phones"].clear()
        for taken in (archive.get(name), next(archive.find()), archive.history(name)[0]):
            assert taken is not None
            taken["agency"]["phones"].clear()
            taken["images"][0]["alt"] = "x"
        archive.tables["articles"].all()[0]["images"].clear()
        archive.put(sample(2))
    with open_archive("r") as archive:
        stored = archive.get(name)
        assert stored is not None
        assert stored["agency"] == to_dict(sample())["agency"]
        assert stored["images"] == to_dict(sample())["images"]


def test_find_filters(open_archive: Opener) -> None:
    other = sample(
        7,
        url="https://thuysan.example/tin/7",
        title="Tập huấn nuôi cá lồng",
        author=None,
        published_at="2018-12",
        published_precision="month",
        agency=Agency(managing_agency="Sở Thủy sản tỉnh Mây"),
        list_path=None,
        item_id=None,
        capture=CaptureInfo(),
    )
    undated = sample(8, url=None, list_path=None, item_id=None, published_at=None, agency=None, capture=CaptureInfo())
    with open_archive() as archive:
        ids = [outcome.id for outcome in archive.put_many([sample(1), sample(2), other, undated])]

        def found(**filters: Any) -> list[int]:
            return [ids.index(stored["id"]) for stored in archive.find(**filters)]

        assert found() == [0, 1, 2, 3]
        assert found(portal="muoixa.example") == found(portal="https://WWW.muoixa.example/x") == [0, 1]
        assert found(portal="example") == []
        assert found(title="nuoi ca") == found(title="nuôi CÁ") == [2]
        assert found(title="nuơi ca") == []
        assert found(author="may") == [0, 1, 3]
        assert found(section="tin trong") == [0, 1, 2, 3]
        assert found(agency="thuy san") == [2]
        assert found(agency="Đèo Văn") == [0, 1]
        assert found(agency="truy cap") == []
        assert found(published_from="2019") == [0, 1]
        assert found(published_from="2018-12-05", published_to="2021-05-02") == [0, 2]
        assert found(published_to=datetime.date(2018, 12, 31)) == [2]
        assert found(published_from="2021-05-02T09:30", published_to="2021-05-02T09:30:59") == [0]
        assert found(where=where("views") > 5, title="cầu") == [0, 1, 3]
        for wrong in ({"published_from": "hôm qua"}, {"published_to": "05/2021"}, {"portal": ""}):
            with pytest.raises(InputError):
                archive.find(**wrong)


def test_writing_while_finding(open_archive: Opener) -> None:
    with open_archive() as archive:
        list(archive.put_many(sample(n) for n in range(5)))
        for stored in archive.find():
            archive.put({**stored, "title": f"{stored['title']} (sửa)"})
        assert [stored["revision"] for stored in archive.find()] == [2] * 5


def test_tables_answer_tinydb_queries_and_refuse_to_write(open_archive: Opener) -> None:
    with open_archive() as archive:
        archive.put(sample())
        articles = archive.tables["articles"]
        assert articles.count(where("agency").portal_name == "TRANG TIN XÃ MƯỜI") == 1
        archive.put(sample(title="Khác"))
        assert articles.search(where("title") == "Khác")[0]["revision"] == 2
        assert 0 <= articles.all()[0].doc_id < 2**63
        with pytest.raises(ArchiveError, match="for queries"):
            articles.insert({"title": "ngoài luồng"})
        with pytest.raises(ArchiveError):
            articles.truncate()
        assert len(articles) == 1


def test_outcomes_come_after_their_batch_is_on_disk(open_archive: Opener) -> None:
    taken: list[int] = []

    def source() -> Iterator[Record]:
        for number in range(7):
            taken.append(number)
            yield sample(number)

    with open_archive() as archive, pytest.raises(ArchiveError):
        open_archive("r")
    with open_archive() as archive:
        for count, outcome in enumerate(archive.put_many(source(), batch_records=3), 1):
            with open_archive("r") as reader:
                assert reader.get(outcome.id or "") is not None
                assert len(reader) == len(taken) == min(7, -(-count // 3) * 3)


@pytest.mark.parametrize("bound", [{"batch_characters": 1}, {"batch_seconds": 0.0}, {"batch_records": 1}])
def test_batches_are_bounded_by_size_and_age(open_archive: Opener, bound: dict[str, Any]) -> None:
    taken: list[int] = []
    with open_archive() as archive:
        records = (sample(taken.append(n) or n) for n in range(3))
        assert [len(taken) for _ in archive.put_many(records, **bound)] == [1, 2, 3]


def test_a_source_that_fails_loses_nothing_it_gave(open_archive: Opener) -> None:
    def source() -> Iterator[Record]:
        yield sample(1)
        yield sample(2)
        raise KeyboardInterrupt

    with open_archive() as archive:
        outcomes = archive.put_many(source())
        assert [next(outcomes).kind, next(outcomes).kind] == ["new", "new"]
        with pytest.raises(KeyboardInterrupt):
            next(outcomes)
    with open_archive("r") as archive:
        assert len(archive) == 2


UNSTORABLE = [
    {"title": "x", "views": float("nan")},
    {"title": "x", "views": float("inf")},
    {"title": "nửa chữ \ud83d"},
    {"title": "một chữ thành hai nửa \ud83d\ude00"},
    {"\udc00": 1},
    {"title": object()},
    {"title": {1, 2}},
    {"views": 10**5000},
]


@pytest.mark.parametrize("wrong", UNSTORABLE, ids=range(len(UNSTORABLE)))
def test_what_json_cannot_hold_is_refused_before_anything_is_written(open_archive: Opener, wrong: Any) -> None:
    with open_archive() as archive:
        with pytest.raises(InputError, match="cannot store this record") as caught:
            archive.put(wrong)
        str(caught.value).encode("utf-8")
        assert not archive.path.exists()
        kinds = [outcome.kind for outcome in archive.put_many([sample(1), wrong, sample(2)])]
        assert kinds == ["new", "failed", "new"]


def test_bottomless_nesting_and_circles_are_refused(open_archive: Opener) -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    bottomless: Any = "x"
    for _ in range(100_000):
        bottomless = {"a": bottomless}
    circle: list[Any] = []
    circle.append(circle)
    with open_archive() as archive:
        for wrong in (deep, bottomless, circle):
            with pytest.raises(InputError):
                archive.put({"form": wrong})
        with pytest.raises(InputError, match="an object was expected"):
            archive.put(["not", "a", "record"])  # type: ignore[arg-type]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from([*to_dict(Record()), "aliases", "id", "revision", "lạ"]) | st.text(max_size=5)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=60, deadline=None)
@given(records=st.lists(st.dictionaries(NAMES, JSON_VALUES, max_size=6), min_size=1, max_size=3))
def test_any_json_record_comes_back_equal(backend: Any, records: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for record in records:
            with Archive.open(folder, storage=backend) as archive:
                outcome = archive.put(record)
            with Archive.open(folder, mode="r", storage=backend) as archive:
                stored = archive.history(outcome.id or "")[-1]
                assert outcome.kind == "unchanged" or {k: v for k, v in stored.items() if k not in ADDED_FIELDS} == {
                    k: v for k, v in record.items() if k not in ADDED_FIELDS
                }
                assert list(archive.find(title="a", agency="b", published_from="2020", portal="x.example")) == []


def test_reading_makes_nothing_and_refuses_where_nothing_is(open_archive: Opener, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="there is no archive"):
        open_archive("r")
    with open_archive() as archive:
        assert archive.get("abc") is None
        assert list(archive.find()) == []
        assert len(archive) == 0
        assert list(archive.put_many([])) == []
    assert list(tmp_path.iterdir()) == []
    with open_archive(path=tmp_path / "a" / "b" / "c") as archive:
        archive.put(sample())
    with open_archive("r", path=tmp_path / "a" / "b" / "c") as archive:
        assert len(archive) == 1
        with pytest.raises(ArchiveError, match="reading only"):
            archive.put(sample())
        with pytest.raises(ArchiveError, match="reading only"):
            archive.mark_gone(sample().url or "")


def test_a_closed_archive_says_so(open_archive: Opener) -> None:
    archive = open_archive()
    archive.put(sample())
    archive.close()
    archive.close()
    for call in (lambda: archive.put(sample()), lambda: archive.get("a"), archive.find, lambda: len(archive)):
        with pytest.raises(ArchiveError, match="closed"):
            call()


def test_writers_take_turns_and_readers_see_each_batch(open_archive: Opener) -> None:
    with open_archive() as first, open_archive() as second:
        assert first.put(sample(1)).kind == "new"
        assert second.put(sample(1)).kind == "unchanged"
        assert second.put(sample(2)).kind == "new"
        with open_archive("r") as reader:
            assert len(reader) == len(first) == 2
            first.put(sample(2, title="Sửa"))
            assert len(second.history(sample(2).url or "")) == len(reader.history(sample(2).url or "")) == 2


def test_while_one_writes_others_wait_and_say_for_whom(open_archive: Opener) -> None:
    with open_archive() as first, open_archive() as second:
        first.put(sample(1))

        def records() -> Iterator[Record]:
            yield sample(2)
            yield sample(3)

        with first._open_storage().writing("compacting"):
            with pytest.raises(Locked, match=r"by process \d+ on .+, compacting, running since 2024-03-01") as caught:
                list(second.put_many(records()))
            with pytest.raises(Locked):
                second.mark_gone(sample(1).url or "")
            with open_archive("r") as reader:
                assert len(reader) == 1
        assert caught.value.code == "locked"
        assert [outcome.kind for outcome in second.put_many(records())] == ["new", "new"]


def test_a_writer_waits_for_another_process(open_archive: Opener, tmp_path: Path) -> None:
    script = """
import sys, time
from storage.archive import Archive
with Archive.open(sys.argv[1]) as archive:
    archive.put({"title": "Của người khác"})
    with archive._open_storage().writing():
        print("held", flush=True)
        time.sleep(0.5)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "archive")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with open_archive() as archive, pytest.raises(Locked, match=f"by process {other.pid} "):
            archive.put(sample(1))
        with open_archive(lock_timeout=20.0) as archive:
            archive.put(sample(1))
            assert [stored["title"] for stored in archive.find()] == ["Của người khác", sample(1).title]


def test_agencies_keep_who_was_responsible_and_when(open_archive: Opener) -> None:
    def seen(moment: str, number: int, name: str) -> Record:
        agency = Agency(managing_agency="UBND xã Mười", responsible_person=Person(name, ("Trưởng ban",)))
        return sample(number, agency=agency, capture=at(moment))

    with open_archive() as archive:
        archive.put(seen("2018-03-01T10:00:00+07:00", 1, "Đèo Văn Lúa"))
        archive.put(seen("2018-09-05T10:00:00+07:00", 2, "Đèo  Văn Lúa"))
        archive.put(seen("2021-01-05T10:00:00+07:00", 1, "Lò Thị Mây"))
        archive.put(seen("2018-06-05T10:00:00+07:00", 3, "Đèo Văn Lúa"))
        archive.put(sample(4, agency=None, capture=at("2021-02-01T00:00:00Z")))
        archive.put({"title": "Không địa chỉ", "agency": {"managing_agency": "Ai đó"}})

        def who(**asked: Any) -> list[tuple[str, str, str]]:
            found = archive.agencies(**asked)
            return [(s["agency"]["responsible_person"]["name"], s["first_seen"], s["last_seen"]) for s in found]

        lua, may = ("Đèo Văn Lúa", "2018-03-01", "2018-09-05"), ("Lò Thị Mây", "2021-01-05", "2021-01-05")
        assert who() == who(portal="https://www.muoixa.example/x") == [lua, may]
        assert who(at="2018") == who(at="2018-07-01") == who(at="2017") == [lua]
        assert who(at="2021-01") == who(at="2024") == [may]
        assert who(at="2019-12-31") == [lua, may]
        assert who(portal="khac.example") == []
        assert len(archive.tables["agencies"]) == 2
        with pytest.raises(InputError):
            who(at="năm ngoái")


def test_opening_and_showing_loads_no_heavy_module() -> None:
    script = """
import sys, tempfile
import storage.archive
assert "tinydb" not in sys.modules
with storage.archive.Archive.open(tempfile.mkdtemp()) as archive:
    archive.get("a")
print(*{"requests", "lxml", "bs4", "phonenumbers", "rich", "typer", "nh3"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
