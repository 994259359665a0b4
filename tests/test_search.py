"""The search index over a feed in memory: what is found, in which order, and that it heals whatever befalls it."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scraper.errors import ArchiveError, InputError, Locked
from scraper.text import fold
from storage.filters import test_of as filter_of
from storage.index_tables import FIELDS, connect
from storage.query import read_query
from storage.search import FILE, Hit, SearchIndex
from storage.snippet import snippet
from tests.running import ENV, ROOT

Json = dict[str, Any]


class Lines:
    """A feed in memory: every write is a line, and a rewrite starts a new generation."""

    def __init__(self, *documents: Json) -> None:
        self.lines: list[tuple[int, Json]] = []
        self.generation = 1
        self.asked: list[Any] = []
        for document in documents:
            self.put(document)

    def put(self, document: Json, number: int | None = None) -> None:
        self.lines.append((len(self.lines) + 1 if number is None else number, document))

    def mark(self) -> tuple[str, int]:
        return str(self.generation), len(self.lines)

    def follows(self, mark: tuple[str, int]) -> bool:
        return mark[0] == str(self.generation) and mark[1] <= len(self.lines)

    def since(self, mark: tuple[str, int] | None) -> Iterator[tuple[int, Mapping[str, Any]]]:
        self.asked.append(mark)
        return iter(self.lines[mark[1] if mark and mark[0] == str(self.generation) else 0 :])


def tin(name: str, **more: Any) -> Json:
    """A stored dict of an invented article."""
    return {"id": name, "url": f"https://www.rachsay.example/tin?ItemID={name}", "title": "Tin trong xã"} | more


BEN_TRE = tin(
    "bentre",
    title="Bến Tre đón lũ",
    body_text="Đồng Khởi là phong trào ở Bến Tre.",
    published_at="2018-12-03T16:00:00+07:00",
)
BEN_TRE_EM = tin("treem", title="Bên trẻ em vùng sâu", body_text="Cô giáo ở bên trẻ mỗi ngày.", published_at="2019-01")
HOA = tin("hoa", body_text="Xã Hoà Thuận, huyện Cồn Thủy. Giá 12.000 đ/kg theo 7/TB.", published_at="2020-05-06")


@pytest.fixture
def feed() -> Lines:
    return Lines(BEN_TRE, BEN_TRE_EM, HOA)


@pytest.fixture
def index(tmp_path: Path, feed: Lines) -> Iterator[SearchIndex]:
    with SearchIndex(tmp_path / FILE, feed, lock_timeout=0) as opened:
        yield opened


def names(hits: Iterator[Hit]) -> list[str]:
    return [hit.id for hit in hits]


# What is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ben tre", "bentre treem"),
        ("BEN  TRE", "bentre treem"),
        ("Bến Tre", "bentre"),
        ("be\u0302\u0301n tre", "bentre"),
        ("bên trẻ", "treem"),
        ("bến trẻ", ""),
        ("dong khoi", "bentre"),
        ("Đồng Khởi", "bentre"),
        ("Ðồng khởi", "bentre"),
        ("đong khoi", ""),
        ('"ben tre"', "bentre treem"),
        ('"tre ben"', ""),
        ('"phong trào ở"', "bentre"),
        ('"phong trào" ở', "bentre"),
        ("“dong khoi”", "bentre"),
        ('"dong khoi', "bentre"),
        ("ben -lu", "treem"),
        ("bên -lũ", "treem"),
        ("tre -lù", "bentre"),
        ('ben -"tre em"', "bentre"),
        ("kho*", "bentre"),
        ("khở*", "bentre"),
        ("khò*", ""),
        ('"dong kho"*', "bentre"),
        ("kho", ""),
        ("hòa thuận", "hoa"),
        ("Hoà Thuận", "hoa"),
        ("thuỷ", "hoa"),
        ("7/TB", "hoa"),
        ("12.000", "hoa"),
        ("12000", ""),
        ("(ben) AND tre", ""),
        ("ben OR", ""),
        ("title:ben", ""),
        ("rachsay", ""),
        ("ben -ben", ""),
    ],
)
def test_what_is_typed_finds(index: SearchIndex, text: str, found: str) -> None:
    assert sorted(names(index.search(text))) == found.split()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "it names no word that an article should have"),
        (' "" ', "it names no word that an article should have"),
        ("* - -- !? _", "it names no word that an article should have"),
        ("-ben", "it names no word that an article should have"),
        ("a " * 65, "it has more than 64 words"),
        ("a" * 1001, "it is longer than 1000 characters"),
    ],
)
def test_what_cannot_be_searched_for_is_told(index: SearchIndex, text: str, cause: str) -> None:
    with pytest.raises(InputError, match=re.escape(cause)) as told:
        index.search(text)
    assert str(told.value).startswith("cannot search for this: ") and told.value.hint


def test_other_wrong_wishes(index: SearchIndex) -> None:
    for wish in ({"field": "body_text"}, {"agency": "--"}, {"since": "hôm qua"}, {"portal": "http://"}):
        with pytest.raises(InputError):
            index.search("ben", **wish)


def test_a_field_may_be_named(tmp_path: Path) -> None:
    document = {
        "id": "x",
        "title": "chữ mot",
        "subtitle": "chữ hai",
        "summary": "chữ ba",
        "body_text": "chữ bon",
        "body_html": "<p>nam</p>",
        "section": "chữ sau",
        "author": "chữ bay",
        "source": "chữ tam",
        "tags": ["chữ chin", "muoi"],
        "images": [{"caption": "chữ trang", "url": "http://a.example/sao.jpg"}],
        "attachments": [{"label": "chữ sao"}],
        "agency": {"portal_name": "chữ may", "phones": [{"raw": "0123 456"}], "raw_text": "mua"},
    }
    index = SearchIndex(tmp_path / FILE, Lines(document))
    homes = {"mot": "title", "hai": "summary", "ba": "summary", "bon": "body", "sau": "section", "bay": "author"}
    homes |= {"tam": "author", "chin": "tags", "muoi": "tags", "trang": "captions", "sao": "captions", "may": "agency"}
    for word, home in (homes | {"456": "agency"}).items():
        assert [field for field in FIELDS if names(index.search(word, field=field))] == [home], word
    assert [names(index.search(word)) for word in ("nam", "mua", "raw", "jpg")] == [[], [], [], []]
    assert names(index.search("chữ", field="captions")) == ["x"] and names(index.search("chử", field="captions")) == []


def test_tone_marks_are_looked_at_in_the_field_that_is_named(tmp_path: Path) -> None:
    index = SearchIndex(
        tmp_path / FILE, Lines(tin("a", title="Bên sông", body_text="Bến phà"), tin("b", title="Bến phà"))
    )
    assert names(index.search("bến", field="title")) == ["b"]
    assert sorted(names(index.search("bến"))) == ["a", "b"]


def test_filters_are_those_of_the_archive(tmp_path: Path) -> None:
    days = ["2018-12-03T16:00:00+07:00", "2018-12-03", "2018-12", "2018", "2019-01-01T00:00:00+07:00", None, "", 7]
    hosts = [
        "https://www.a.example/1",
        "http://b.example:8080/1",
        "http://ba.example/2",
        "/3",
        None,
        "a.example",
        5,
        "x",
    ]
    documents = [
        {"id": f"t{n}", "title": "ben", "published_at": day, "url": url, "aliases": ["http://a.example/x"] * (n % 2)}
        for n, (day, url) in enumerate(zip(days, hosts, strict=True))
    ]
    index = SearchIndex(tmp_path / FILE, Lines(*documents))

    def same(ours: Json, theirs: Json) -> None:
        wanted = filter_of(**theirs)
        assert sorted(names(index.search("ben", **ours))) == [d["id"] for d in documents if wanted(d)], ours

    for bound in ("2018", "2018-12", "2018-12-03", "2018-12-03T16:00", "2018-12-03 20:00:00", "2019-01-01", "2020"):
        same({"since": bound}, {"published_from": bound})
        same({"until": bound}, {"published_to": bound})
        same({"since": "2018-12", "until": bound}, {"published_from": "2018-12", "published_to": bound})
    for portal in ("a.example", "www.A.example", "http://b.example:8080/y", "b.example", "example", "ba.example"):
        same({"portal": portal}, {"portal": portal})
        same({"portal": portal, "since": "2018-12-03"}, {"portal": portal, "published_from": "2018-12-03"})


def test_agency(tmp_path: Path) -> None:
    index = SearchIndex(
        tmp_path / FILE,
        Lines(
            tin("a", agency={"managing_agency": "UBND tỉnh Trà Vinh", "raw_text": "Bến Tre"}),
            tin("b", agency={"address": "Vinh Trà"}),
            tin("c", body_text="Trà Vinh"),
        ),
    )
    assert names(index.search("xa", agency="tra vinh")) == ["a"] == names(index.search("xa", agency="Trà Vinh"))
    assert names(index.search("xa", agency="trá vinh")) == [] == names(index.search("xa", agency="ben tre"))
    assert names(index.search("xã", agency="tra vinh")) == ["a"]


# In which order, and how it is shown


def test_the_title_counts_more_than_the_body_and_the_limit_is_kept(tmp_path: Path) -> None:
    filler = "mưa nắng gió sông núi " * 5
    texts = [tin(f"b{n}", body_text=f"{filler} lúa {filler}") for n in range(5)]
    index = SearchIndex(
        tmp_path / FILE, Lines(*texts, tin("t", title="Lúa", body_text=filler * 2), tin("n", body_text=filler))
    )
    hits = list(index.search("lua"))
    assert [hit.id for hit in hits] == ["t", "b0", "b1", "b2", "b3", "b4"]
    assert sorted((hit.score for hit in hits), reverse=True) == [hit.score for hit in hits]
    for text in ("lua", "lúa"):
        assert names(index.search(text, limit=2)) == ["t", "b0"]
        assert len(names(index.search(text, limit=None))) == 6


def test_a_rare_spelling_does_not_drown(tmp_path: Path) -> None:
    many = [tin(f"m{n}", title="Bến Tre Bến Tre", body_text="Bến Tre " * 9) for n in range(300)]
    index = SearchIndex(tmp_path / FILE, Lines(*many, tin("one", body_text="ngồi bên trẻ " + "mưa " * 300)))
    assert names(index.search("bên trẻ", limit=5)) == ["one"]


def test_a_hit_says_what_it_is(index: SearchIndex, feed: Lines) -> None:
    (hit,) = index.search("đồng khởi")
    assert (hit.id, hit.number, hit.title) == ("bentre", 1, "Bến Tre đón lũ") and hit.score > 0
    assert (hit.published_at, hit.portal) == ("2018-12-03T16:00:00+07:00", "rachsay.example")
    assert hit.snippet == [("Đồng", True), (" ", False), ("Khởi", True), (" là phong trào ở Bến Tre.", False)]
    feed.put({"body_text": "trống không"}, 1 << 62)
    (bare,) = index.search("trong khong")
    assert bare[:1] + bare[3:6] == ("", None, None, None) and bare.number == 1 << 62


def test_snippets_show_the_printed_text_around_the_finds(tmp_path: Path) -> None:
    long = "Chợ họp sớm. " * 40
    body = f"{long}\n\nBến phà cũ.\n\n{long} Nay phà Rạch Sậy, \t bến mới, đã chạy. {long}"
    index = SearchIndex(tmp_path / FILE, Lines(tin("a", title="Phà ở bến", summary="Xóm vui", body_text=body)))

    def shown(text: str, **more: Any) -> str:
        (hit,) = index.search(text, **more)
        assert all(piece for piece, _ in hit.snippet) and sum(len(piece) for piece, _ in hit.snippet) < 220
        return "".join(f"[{piece}]" if found else piece for piece, found in hit.snippet)

    assert "Nay [phà] Rạch Sậy, [bến] mới, đã chạy. Chợ" in shown("rach ben pha").replace("[Rạch]", "Rạch")
    assert "[Bến phà] cũ. Chợ họp" in shown('"ben pha"')
    assert shown("rạch").startswith("…sớm. Chợ họp sớm. Chợ họp sớm. Nay phà [Rạch] Sậy")
    assert re.search(r" (Chợ|họp|sớm\.)…$", shown("rạch"))
    assert shown("vui") == "Xóm [vui]"
    assert shown("phà", field="title") == "[Phà] ở bến"
    assert "[sớm]" in shown("so*") and "[họp]" in shown("h*")
    assert shown("cho").startswith("[Chợ] họp sớm. [Chợ] họp")


def test_a_snippet_of_a_monstrous_word_is_short(tmp_path: Path) -> None:
    index = SearchIndex(tmp_path / FILE, Lines(tin("a", body_text="ab" * 100_000)))
    (hit,) = index.search("aba*")
    assert [found for _, found in hit.snippet] == [True, False] and sum(len(text) for text, _ in hit.snippet) < 400
    long = SearchIndex(tmp_path / "long", Lines(tin("c", body_text=f"x{'á' * 500_000} sá", tags=["á"])))
    assert [piece for (hit,) in [list(long.search("á*"))] for piece in hit.snippet] == [("á", True)]


@settings(deadline=None, max_examples=150)
@given(st.text("ab  \n", max_size=400), st.text('ab *"', max_size=12))
@example("a b a b", '"a b a b" b')
def test_a_snippet_is_a_piece_of_the_text(body: str, typed: str) -> None:
    try:
        query = read_query(typed)
    except InputError:
        return
    pieces = snippet({"body": body, "title": ""}, query, ("body", "title"))
    whole = "".join(text for text, _ in pieces)
    assert whole.strip("…") in re.sub(r"\s+", " ", body) and len(whole) < 230
    assert all(len(set(text.split())) >= 1 for text, found in pieces if found)


# The index follows its feed


def test_only_what_is_new_is_read(index: SearchIndex, feed: Lines, tmp_path: Path) -> None:
    assert names(index.search("lu")) == ["bentre"] and feed.asked == [None]
    assert names(index.search("lu")) == ["bentre"] and feed.asked == [None]
    feed.put(tin("moi", body_text="Lũ về"))
    assert sorted(names(index.search("lu"))) == ["bentre", "moi"] and feed.asked == [None, ("1", 3)]
    feed.generation += 1
    assert sorted(names(index.search("lu"))) == ["bentre", "moi"] and feed.asked[2:] == [None]
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE, f"{FILE}.lock"]


def test_a_shorter_archive_is_indexed_anew(index: SearchIndex, feed: Lines) -> None:
    index.refresh()
    del feed.lines[1:]
    assert names(index.search("ben tre")) == ["bentre"]


def test_a_changed_article_is_found_by_its_new_words_only(index: SearchIndex, feed: Lines) -> None:
    index.refresh()
    feed.put(BEN_TRE | {"title": "Bến Tre hết lũ", "body_text": "Nước rút. " * 50}, 1)
    feed.put(BEN_TRE | {"title": "Bến Tre hết lũ", "body_text": "Nước rút.", "gone_at": "2024-01-01"}, 1)
    assert names(index.search("dong khoi")) == [] and names(index.search("nuoc rut het")) == ["bentre"]
    feed.put(BEN_TRE, 1)
    assert names(index.search("dong khoi")) == ["bentre"] and names(index.search("rut")) == []


def test_a_feed_that_fails_leaves_the_index_as_it_was(index: SearchIndex, feed: Lines) -> None:
    index.refresh()
    good, feed.lines = feed.lines, [*feed.lines, (9, tin("moi", body_text="Lũ")), (10, None)]  # type: ignore[list-item]
    with pytest.raises(AttributeError):
        index.search("lu")
    feed.lines = good
    assert names(index.search("lu")) == ["bentre"] and feed.asked == [None, ("1", 3)]


WORDS = st.sampled_from("bến bền tre trẻ đò dò hoà hòa sông Ðá ĐÊ x1 12 ß ŉ İ".split())
TEXTS = st.lists(WORDS, max_size=6).map(" ".join)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20) | TEXTS
LISTS = st.lists(LEAVES | st.lists(LEAVES, max_size=2), max_size=3)
OBJECTS = st.dictionaries(st.sampled_from(["caption", "label", "raw_text", "x"]), LEAVES | LISTS, max_size=3)
ANY_JSON = LEAVES | LISTS | OBJECTS | st.lists(OBJECTS, max_size=2)
NAMES = [
    "id",
    "title",
    "subtitle",
    "body_text",
    "published_at",
    "url",
    "aliases",
    "tags",
    "images",
    "attachments",
    "agency",
]
DOCUMENTS = st.dictionaries(st.sampled_from(NAMES), ANY_JSON, max_size=6)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.tuples(st.integers(0, 5), DOCUMENTS), max_size=4), max_size=5), TEXTS)
def test_following_gives_the_same_as_starting_anew(writes: list[list[tuple[int, Json]]], text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        feed = Lines(tin("first", title="bến đò"))
        followed = SearchIndex(Path(folder, "followed"), feed)
        for batch in writes:
            for number, document in batch:
                feed.put(document, number)
            followed.refresh()
        fresh = SearchIndex(Path(folder, "fresh"), feed)
        for query in ("bến", "do", f"x {text}", 'x* "ben tre"'):
            one, other = (list(index.search(query, limit=None)) for index in (followed, fresh))
            assert {hit.number: hit[3:] for hit in one} == {hit.number: hit[3:] for hit in other}
            scores = {hit.number: hit.score for hit in other}
            assert {hit.number: hit.score for hit in one} == pytest.approx(scores)
        with connect(Path(folder, "followed")) as opened:
            opened.execute("INSERT INTO words(words) VALUES ('integrity-check')")


LETTERS = st.characters(
    categories=(), include_characters="abdeot đĐðÐéèếệộơừứỳýƠ\u0301\u0309\u0323\u0302.,-_\"'*/()\n\t\x00\ud800\u200b°½9"
)
PRINTED = st.text(LETTERS, max_size=30)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["title", "body_text", "author"]), PRINTED)
@example("title", "Bo\u0301\x00đ\ud800Ðe")
def test_every_word_finds_its_article_with_and_without_marks(place: str, text: str) -> None:
    from storage.index_tables import row_of

    with tempfile.TemporaryDirectory() as folder:
        index = SearchIndex(Path(folder, FILE), Lines(tin("other", body_text="xyz"), tin("this", **{place: text})))
        printed = row_of({place: text}).texts
        for word in re.findall(r"(?:[^\W_][\u0300-\u036f]*)+", " ".join(printed)):
            for typed in (
                word,
                fold(word),
                word.upper(),
                f'"{word}"',
                word[:1] + "*",
                f"{word} {fold(word)}"[:9] + "*",
            ):
                if re.search(r"[^\W_]", typed):
                    assert "this" in names(index.search(typed)) or " " in typed, (word, typed)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    return SearchIndex(tmp_path_factory.mktemp("three") / FILE, Lines(BEN_TRE, BEN_TRE_EM, HOA))


TYPED = st.text(st.characters(), max_size=40) | st.text(
    st.sampled_from("ab đếN\"*-+^:{}()~,.\\'\x00\ud800 ANDORTE"), max_size=60
)


@settings(deadline=None, max_examples=400)
@given(TYPED, st.none() | st.sampled_from(sorted(FIELDS)), st.none() | TYPED)
@example('a NEAR(b, 2) {title}: ^"', None, None)
@example('"\x00', None, '"')
def test_nothing_that_is_typed_raises_anything_but_input_error(
    three: SearchIndex, text: str, field: str | None, agency: str | None
) -> None:
    try:
        hits = list(three.search(text, field=field, agency=agency))
    except InputError:
        return
    assert all(hit.id in ("bentre", "treem", "hoa") for hit in hits)


# What befalls the file


def spoil_version(path: Path) -> None:
    with connect(path) as index:
        index.execute("PRAGMA user_version = 99")


def spoil_table(path: Path) -> None:
    with connect(path) as index:
        index.execute("DROP TABLE texts")


def spoil_mark(path: Path) -> None:
    with connect(path) as index:
        index.execute("UPDATE covers SET position = 'x'")


def spoil_rows(path: Path) -> None:
    with connect(path) as index:
        index.execute("DELETE FROM texts")


def spoil_end(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def spoil_words(path: Path) -> None:
    with connect(path) as index:
        index.execute("UPDATE words_data SET block = x'ffffffffffff' WHERE id > 1")


def put_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def put_rubbish(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)


def leave_journal(path: Path) -> None:
    path.write_bytes(b"")
    path.with_name(f"{path.name}-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(600))
    path.with_name(f"{path.name}.new").write_bytes(b"half")


SPOILERS = [
    Path.unlink,
    spoil_version,
    spoil_table,
    spoil_mark,
    spoil_rows,
    spoil_end,
    spoil_words,
    put_link,
    put_rubbish,
    leave_journal,
]


@pytest.mark.parametrize("spoil", SPOILERS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("written", [False, True], ids=["", "written-since"])
def test_an_index_that_does_not_fit_is_made_again(tmp_path: Path, feed: Lines, spoil: Any, written: bool) -> None:
    path = tmp_path / FILE
    SearchIndex(path, feed).refresh()
    spoil(path)
    if written:
        feed.put(tin("moi", title="Bến trẻ"))
    index = SearchIndex(path, feed, lock_timeout=0)
    assert sorted(names(index.search("ben tre"))) == ["bentre", *["moi"] * written, "treem"]
    assert feed.asked[0] is None and None in feed.asked[1:]
    left = {FILE, f"{FILE}.lock"} | ({"elsewhere"} if spoil is put_link else set())
    assert {entry.name for entry in tmp_path.iterdir()} == left and not path.is_symlink()
    asked = len(feed.asked)
    assert names(SearchIndex(path, feed).search("dong khoi")) == ["bentre"] and len(feed.asked) == asked


def no_folder(path: Path) -> Path:
    return path / "missing" / FILE


def folder_in_the_way(path: Path) -> Path:
    (path / FILE).mkdir()
    return path / FILE


def lock_is_a_link(path: Path) -> Path:
    (path / f"{FILE}.lock").symlink_to("anywhere")
    return path / FILE


@pytest.mark.parametrize(
    "place", [no_folder, folder_in_the_way, lock_is_a_link], ids=lambda function: function.__name__
)
def test_where_the_index_cannot_be_written_a_private_one_serves(tmp_path: Path, feed: Lines, place: Any) -> None:
    path = place(tmp_path)
    before = set(tmp_path.rglob("*")) - {tmp_path / f"{FILE}.lock"}
    with SearchIndex(path, feed, lock_timeout=0) as index:
        assert names(index.search("đồng khởi")) == ["bentre"]
        feed.put(tin("moi", title="Đồng Khởi"))
        assert names(index.search("đồng khởi")) == ["moi", "bentre"] and feed.asked[-1] == ("1", 3)
        feed.generation = 2
        assert names(index.search("đồng khởi")) == ["moi", "bentre"]
    assert set(tmp_path.rglob("*")) - {tmp_path / f"{FILE}.lock"} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder(tmp_path: Path, feed: Lines) -> None:
    SearchIndex(tmp_path / FILE, feed).refresh()
    tmp_path.chmod(0o500)
    try:
        assert names(SearchIndex(tmp_path / FILE, feed).search("đồng khởi")) == ["bentre"] and len(feed.asked) == 1
        feed.put(tin("moi", title="Đồng Khởi"))
        assert len(names(SearchIndex(tmp_path / FILE, feed).search("đồng khởi"))) == 2
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_means_a_private_index(tmp_path: Path, feed: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with SearchIndex(tmp_path / FILE, feed) as index:
        assert names(index.search("đồng khởi")) == ["bentre"]
    assert [path.name for path in tmp_path.iterdir()] == [f"{FILE}.lock"]


def test_without_fts5_the_error_says_so(tmp_path: Path, feed: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.index_tables._SCHEMA", ("CREATE VIRTUAL TABLE words USING fts99(x)",))
    with pytest.raises(ArchiveError, match=r"cannot use the search index: .*: no such module: fts99"):
        SearchIndex(tmp_path / FILE, feed).search("ben")


def test_while_another_run_refreshes_the_index_serves_as_it_is(tmp_path: Path, feed: Lines) -> None:
    path = tmp_path / FILE
    with path.with_name(f"{FILE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Locked, match=r"the archive is in use: .*search\.sqlite: another run is making it"):
            SearchIndex(path, feed, lock_timeout=0).search("ben")
        fcntl.flock(lock, fcntl.LOCK_UN)
        SearchIndex(path, feed, lock_timeout=0).refresh()
        fcntl.flock(lock, fcntl.LOCK_EX)
        feed.put(tin("moi", title="Đồng Khởi"))
        assert names(SearchIndex(path, feed, lock_timeout=0).search("dong khoi")) == ["bentre"]
    assert len(names(SearchIndex(path, feed, lock_timeout=0).search("dong khoi"))) == 2


def test_waiting_for_another_run_does_not_make_the_index_anew(tmp_path: Path, feed: Lines) -> None:
    """The other run has seen a later line than this one when it began to wait."""
    path = tmp_path / FILE
    SearchIndex(path, feed).refresh()
    late, marks = SearchIndex(path, feed), iter([feed.mark()])
    feed.put(tin("moi", title="Đồng Khởi"))
    SearchIndex(path, feed).refresh()
    now = feed.mark
    feed.mark = lambda: next(marks, None) or now()  # type: ignore[method-assign]
    late.refresh()
    assert None not in feed.asked[1:] and len(names(late.search("dong khoi"))) == 2


def test_a_reader_does_not_see_half_a_refresh(tmp_path: Path, feed: Lines) -> None:
    index = SearchIndex(tmp_path / FILE, feed)
    index.refresh()
    seen: list[list[str]] = []

    def peeking() -> Iterator[tuple[int, Json]]:
        yield 4, tin("moi", title="Đồng Khởi")
        with sqlite3.connect(tmp_path / FILE) as other:
            seen.append([name for (name,) in other.execute("SELECT id FROM articles")])

    feed.lines.append((4, tin("moi", title="Đồng Khởi")))
    feed.since = lambda mark: peeking()  # type: ignore[method-assign]
    index.refresh()
    assert seen == [["bentre", "treem", "hoa"]] and len(names(index.search("dong khoi"))) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from storage.search import SearchIndex
from tests.test_search import Lines, tin

class Deadly(Lines):
    def since(self, mark):
        for count, line in enumerate(super().since(mark)):
            if count == int(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)
            yield line

lines = [tin(f"t{n}", title=f"Tin {n} mới", body_text="mưa " * n) for n in range(700)]
SearchIndex(Path(sys.argv[1]), Deadly(*lines)).refresh()
"""


@pytest.mark.parametrize("before", [None, 1, 300], ids=lambda n: f"{n or 'nothing'} indexed before")
@pytest.mark.parametrize("at", [0, 399])
def test_killed_in_the_middle_it_is_as_before(tmp_path: Path, before: int | None, at: int) -> None:
    path, feed = (
        tmp_path / FILE,
        Lines(*[tin(f"t{n}", title=f"Tin {n}", body_text="mưa " * n) for n in range(before or 0)]),
    )
    if before:
        SearchIndex(path, feed).refresh()
    ran = subprocess.run([sys.executable, "-c", KILLED, path, str(at)], cwd=ROOT, env=ENV, check=False)
    assert ran.returncode == -signal.SIGKILL
    feed.put(tin("last", title="Tin sau cùng"))
    index = SearchIndex(path, feed, lock_timeout=0)
    assert names(index.search("tin", limit=None)).count("last") == 1 and names(index.search("moi")) == []
    assert len(names(index.search("tin", limit=None))) == (before or 0) + 1
