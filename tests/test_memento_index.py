"""Indexes of web archives: every row, whatever the server's way of paging; and nothing read from what is no index."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.errors import NotAListing, NotFound
from scraper.memento.archive import Hops, WebArchive
from scraper.memento.captures import Known, Row
from scraper.memento.index import read_cdx
from scraper.memento.layouts import Slice, endpoint_of
from scraper.memento.rows import item_key, may_be_article, moment_of, versions, within
from scraper.memento.summary import gaps
from scraper.memento.timemap import read_timemap
from scraper.models import Capture, CaptureInfo
from tests.fetching import STEADY

HOST = "http://thixa.example"
ENDPOINT = "https://kho.example/c"
WHOLE = Slice("19900101000000", "21000101000000")
Line = tuple[str, str]  # moment, address


class Server:
    """An index with one way of paging, asked in the place of a Fetcher. most: rows that it gives at once at best."""

    def __init__(self, lines: list[Line], way: str, most: int = 1_000_000) -> None:
        self.lines, self.way, self.most, self.asked = sorted(lines, key=lambda one: one[::-1]), way, most, 0

    def fetch(self, url: str, *, accept: str | None = None) -> Capture:
        self.asked += 1
        parts = urlsplit(url)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path != ("/c/cdx/search/cdx" if self.way in ("resume", "text") else "/c/cdx"):
            raise NotFound(url, "HTTP 404")
        return Capture(self._answer(given).encode(), CaptureInfo(final_url=url))

    def _answer(self, given: dict[str, str]) -> str:
        lines = [one for one in self.lines if given["from"] <= one[0] <= given["to"]]
        if self.way == "deaf":
            lines = self.lines
        if self.way == "pages" and "page" not in given:
            return json.dumps({"pages": -(-len(lines) // 3), "pageSize": 1, "blocks": 9})
        if self.way == "pages":
            first = 3 * int(given["page"])
            lines, more = lines[first : first + 3], False
        else:
            first = int(given.get("resumeKey", "0"))
            limit = min(int(given["limit"]), self.most)
            lines, more = lines[first : first + limit], first + limit < len(lines)
        rows = [["timestamp", "original", "mimetype", "statuscode", "digest"]]
        rows += [[moment, url, "text/html", "200", "A"] for moment, url in lines]
        if self.way == "resume":
            return json.dumps([*rows, *([[], [str(first + limit)]] if more else [])])
        if self.way == "text":
            text = "".join(f"x {moment} {url} text/html 200 A 1\n" for moment, url in lines)
            return text + (f"\n{first + limit}\n" if more else "")
        return "\n".join(json.dumps(dict(zip(rows[0], row, strict=True))) for row in rows[1:])


LINES = st.lists(
    st.tuples(
        st.datetimes().map(lambda when: f"{when:20%y%m%d%H%M%S}"), st.integers(1, 5).map(lambda n: f"{HOST}/{n}")
    ),
    unique=True,
    max_size=40,
)


def listed(server: Server, limit: int = 5, pending: tuple[Slice, ...] = (WHOLE,)) -> set[Line]:
    archive = WebArchive(ENDPOINT, server, Hops(), limit=limit)
    return {(row.moment, row.url) for part in archive.listing(HOST, pending) for row in part.rows}


@STEADY
@given(lines=LINES, way=st.sampled_from(["resume", "text", "plain", "pages"]))
def test_every_capture_whatever_the_paging(lines: list[Line], way: str) -> None:
    server = Server(lines, way)
    seconds: dict[str, int] = {}
    for moment, _ in lines:
        seconds[moment] = seconds.get(moment, 0) + 1
    if way != "plain" or max(seconds.values(), default=0) < 5:
        assert listed(server) == set(lines)
    assert server.asked <= 10 + 3 * len(lines)


@given(lines=LINES, way=st.sampled_from(["resume", "plain", "pages"]), after=st.integers(1, 9))
def test_a_listing_goes_on_where_it_was_cut_off(lines: list[Line], way: str, after: int) -> None:
    archive = WebArchive(ENDPOINT, Server(lines, way), Hops(), limit=7)
    seen: set[Line] = set()
    pending: tuple[Slice, ...] = (WHOLE,)
    for number, (rows, left, _) in enumerate(archive.listing(HOST, pending), 1):
        seen |= {(row.moment, row.url) for row in rows}
        pending = left
        if number == after:
            break
    if lines or pending != (WHOLE,):
        seen |= listed(Server(lines, way), 7, pending)
    assert seen == set(lines)


def test_a_server_that_stops_and_hears_no_dates_is_told_and_asked_no_more() -> None:
    server = Server([(f"20{n:02}0101000000", f"{HOST}/{n}") for n in range(20)], "deaf", most=5)
    archive = WebArchive(ENDPOINT, server, Hops(), limit=5)
    parts = list(archive.listing(HOST, [Slice("20100101000000", "20120101000000")]))
    assert server.asked == 1 and "there may be others" in parts[-1].notes[0]


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><html><body>Sorry</body></html>",
        b'{"message": "Internal Error", "errors": []}',
        b"org.archive.util.io.RuntimeIOException: blocked site",
        b"\x00\xff\xfe" * 50,
        b"[" * 5_000,
        b"{" * 5_000,
        b'[["urlkey"],["x"]]',
    ],
)
def test_what_is_no_index_is_refused(content: bytes) -> None:
    with pytest.raises(NotAListing):
        read_cdx(content, ENDPOINT)


@given(st.binary(max_size=400))
def test_garbage_never_gives_more_than_an_error(content: bytes) -> None:
    try:
        answer = read_cdx(content, ENDPOINT)
    except NotAListing:
        return
    assert answer.lines >= len(answer.rows)


def test_bad_lines_among_good_ones_are_counted_and_left_out() -> None:
    good = '{"timestamp": "20180312211947", "url": "http://thixa.example/1", "mime": "text/html", "status": "200"}'
    bad = ['{"timestamp": "20180312', "lỗi", '{"timestamp": "99999999999999", "url": "http://thixa.example/2"}']
    bad += ['{"timestamp": "2018", "url": "javascript:alert(1)"}', '{"timestamp": {}, "url": []}']
    answer = read_cdx("\n".join([good, *bad]).encode(), ENDPOINT)
    assert [row.url for row in answer.rows] == ["http://thixa.example/1"] and answer.bad == len(bad)
    cut = read_cdx(
        f'[{json.dumps(["timestamp", "original"])},\n{json.dumps(["2018", "http://a.example/"])},\n["20'.encode(), "x"
    )
    assert [row.moment for row in cut.rows] == ["20180101000000"] and cut.bad == 1


def test_an_answer_of_no_rows_is_an_index() -> None:
    assert [read_cdx(content, "x").lines for content in (b"", b"[]", b"\n", b"[[]]")] == [0] * 4


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2018", "20180101000000"),
        ("201803", "20180301000000"),
        ("20180312211947", "20180312211947"),
        ("20180231000000", None),
        ("2018031221194799", None),
        ("", None),
        ("二〇一八", None),
    ],
)
def test_time_stamps(text: str, moment: str | None) -> None:
    assert moment_of(text) == moment


def test_a_timemap_gives_its_mementos_and_the_rest_of_the_list() -> None:
    text = f"""<{HOST}/tin>; rel="original",
<{ENDPOINT}/timemap/link/{HOST}/tin>; rel="self"; type="application/link-format"; until="Tue, 20 Jun 2000 18:02:59 GMT",
<{ENDPOINT}/timemap/link/2/{HOST}/tin>; rel="timemap"; type="application/link-format",
<{ENDPOINT}/{HOST}/tin>; rel="timegate",
<{ENDPOINT}/20000620180259mp_/{HOST}/tin>; rel="first memento"; datetime="Tue, 20 Jun 2000 18:02:59 GMT",
<{ENDPOINT}/2001mp_/{HOST}/tin>; rel="memento"; datetime="never" """
    told = read_timemap(text.encode(), ENDPOINT)
    assert told.mementos == ((f"{ENDPOINT}/20000620180259mp_/{HOST}/tin", "20000620180259"),)
    assert told.original == f"{HOST}/tin" and told.further == (f"{ENDPOINT}/timemap/link/2/{HOST}/tin",)
    with pytest.raises(NotAListing):
        read_timemap(b"<html><body>Not here</body></html>", ENDPOINT)


@given(st.text(alphabet='<>;=", relmntodai\n', max_size=300))
def test_timemap_garbage_never_gives_more_than_an_error(text: str) -> None:
    try:
        read_timemap(text.encode(), ENDPOINT)
    except NotAListing:
        return


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (
            f"{HOST}/Lists/Tin/DispForm.aspx?ID=7",
            "https://www.thixa.example/lists/tin/dispform.aspx?ID=007&Source=%2Fx",
            True,
        ),
        (f"{HOST}/Lists/Tin/DispForm.aspx?ID=7", f"{HOST}/Lists/Tin/DispForm.aspx?ID=70", False),
        (f"{HOST}/Lists/Tin/DispForm.aspx?ID=7", f"{HOST}/Lists/TinCu/DispForm.aspx?ID=7", False),
        (f"{HOST}/tin.aspx?ItemID=7&CateID=2", f"{HOST}/Tin.aspx?CateID=3&ItemID=7", True),
        (f"{HOST}/tin/bai.aspx?utm_source=x", f"{HOST}:80/tin/bai.aspx", True),
        (f"{HOST}/tin/bai.aspx?page=2", f"{HOST}/tin/bai.aspx", False),
        (f"{HOST}/tin", "http://media.thixa.example/tin", False),
    ],
)
def test_which_captures_are_of_one_article(one: str, other: str, same: bool) -> None:
    assert (item_key(one) == item_key(other)) is same


def test_what_lies_below_a_start() -> None:
    below = f"{HOST}/Lists/Tin"
    assert within(f"{below}/DispForm.aspx?ID=7", below) and within("https://www.thixa.example/lists/tin", below)
    assert not within(f"{below}Cu/DispForm.aspx?ID=7", below) and not within(f"{HOST}/Lists", below)
    assert within(f"{HOST}/tin.aspx?ItemID=7", f"{HOST}/tin.aspx") and within(f"{HOST}/bat-ky", HOST + "/")
    assert not within(f"{below}/DispForm.aspx?ID=70", f"{below}/DispForm.aspx?ID=7")


@pytest.mark.parametrize(
    ("path", "mime", "status", "may"),
    [
        ("/Lists/Tin/DispForm.aspx?ID=7", "text/html", 200, True),
        ("/tin/bai.aspx", "warc/revisit", None, True),
        ("/tin/bai.aspx", "text/html; charset=utf-8", 200, True),
        ("/tin/bai.aspx", "unk", 302, True),
        ("/_layouts/15/listform.aspx?PageType=4&ListId=%7B0%7D&ID=7", "text/html", 200, True),
        ("/_layouts/Authenticate.aspx", "text/html", 200, False),
        ("/Lists/Tin/AllItems.aspx", "text/html", 200, False),
        ("/Lists/Tin/EditForm.aspx?ID=7", "text/html", 200, False),
        ("/Lists/Tin/Attachments/7/a.html", "text/html", 200, False),
        ("/anh/a.JPG", "warc/revisit", None, False),
        ("/tin/bai.aspx", "application/json", 200, False),
    ],
)
def test_which_captures_may_be_articles(path: str, mime: str, status: int | None, may: bool) -> None:
    assert may_be_article(Row(HOST + path, "20180101000000", status, mime)) is may


def known(moment: str, digest: str, status: int | None = 200, archive: str = "a") -> Known:
    return Known("x#1", Row(f"{HOST}/1", f"{moment}0101000000", status, "text/html", digest, archive))


def test_captures_in_a_row_with_one_digest_are_one_version() -> None:
    captures = [
        *(known("2016", "A"), known("2017", "A", None), known("2017", "A", archive="b")),
        *(known("2018", "B"), known("2019", "A"), known("2020", "E", 404), known("2021", "R", 302)),
        *(known("2022", "R", None), known("2023", "", None), known("2024", "", None)),
    ]
    found = [[(one.row.moment[:4], one.row.archive) for one in version] for version in versions(reversed(captures))]
    assert found == [
        [("2016", "a"), ("2017", "b"), ("2017", "a")],
        [("2018", "a")],
        [("2019", "a")],
        [("2023", "a")],
        [("2024", "a")],
    ]


@given(st.sets(st.integers(1, 60)))
def test_gaps_are_what_is_missing(numbers: set[int]) -> None:
    missing = {number for first, last in gaps(sorted(numbers)) for number in range(first, last + 1)}
    assert missing == set(range(1, max(numbers, default=0))) - numbers


def test_endpoints() -> None:
    assert endpoint_of("web.archive.org/web/") == "https://web.archive.org"
    assert endpoint_of("https://kho.example/c/cdx") == endpoint_of("https://kho.example/c/") == "https://kho.example/c"
