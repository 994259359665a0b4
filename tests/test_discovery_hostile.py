"""Whatever a server sends, the doors that read HTML end soon with a listing or a typed error, on the portal's host."""

from __future__ import annotations

import contextlib
import gzip
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.addresses import join_url, portal_host, request_url
from scraper.discovery.fingerprint import fingerprint, fits
from scraper.discovery.links import LINKS
from scraper.discovery.listing import Listing
from scraper.discovery.markup import read_markup
from scraper.discovery.place import place_of
from scraper.discovery.section import SECTION
from scraper.discovery.view import VIEW
from scraper.errors import InputError, LuutruError
from scraper.models import Capture, CaptureInfo
from tests.listing_pages import HOST, answer, context, section, view_2007, view_2010, view_2013

START = HOST + "/tin/Lists/ThongBao/AllItems.aspx"
PLACES = [place_of(START), place_of(HOST + "/tin/Pages/tin.aspx?ItemID=3"), place_of(HOST)]
DOORS = (VIEW, SECTION, LINKS)
PIECES = st.sampled_from(
    [
        *(
            "<a href='",
            "'>",
            "</a>",
            '"',
            "<tr iid='1,2,0'>",
            "<table ctxname=ctx1 id=3>",
            "<form action='",
            "<base href='",
        ),
        *(
            "https://b.example/",
            "//b.example/x?ItemID=3",
            "javascript:",
            "\\u0026",
            "?Paged=TRUE&p_ID=1",
            "?Page=2",
            "{",
            "}",
        ),
        *(
            "/tin/Lists/ThongBao/DispForm.aspx?ID=7",
            "listform.aspx?ListId={",
            "WPQ2ListData = {",
            '"Row":[{"ID":"1"',
            "]",
        ),
        *(
            "__doPostBack('a','Page$2')",
            "<script>",
            "</script>",
            "\x00",
            "%",
            "..",
            "\ud800",
            "2",
            "9" * 30,
            "|",
            "5|x|y|",
        ),
        *(
            "UrlListProcess=",
            "Attachments/7/",
            "pFormPrint.aspx?ItemID=3",
            "RowPerPage=",
            "RefreshPageTo(event, ",
            "@",
            "[::",
        ),
        *(
            'ctx.listName = "',
            'ctx.listUrlDir = "',
            "<input type=hidden name=x value=",
            context(),
            "&#0;",
            "ID=",
            "Lists/",
        ),
    ]
)


def check(listing: Listing, host: str = "thixa.example") -> None:
    """The law of every door: absolute addresses, fit to fetch, on the portal's host."""
    told = listing.place
    urls = [entry.url for entry in listing.entries] + ([listing.next.url] if listing.next else [])
    urls += [*told.views, *told.feeds, *told.sections] if told else []
    for url in urls:
        assert request_url(url) == url
        assert portal_host(url) == host


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=40).map("".join), st.integers(0, 2), st.integers(0, 2))
def test_any_page_gives_a_listing_or_a_typed_error(text: str, door: int, place: int) -> None:
    content = text.encode("utf-8", "surrogatepass")
    capture = Capture(content, CaptureInfo(final_url=START, content_type="text/html"), START)
    with contextlib.suppress(LuutruError):
        check(DOORS[door].read(capture, PLACES[place]))
    assert fits(fingerprint(capture), capture) or not fingerprint(capture).lines


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from([view_2007([3]), view_2010([3]), view_2013([3]), section([("?ItemID=1", "x")])]),
)
def test_damaged_pages(noise: bytes, page: str) -> None:
    content = page.encode()
    for at in (0, len(content) // 3, len(content) // 2):
        for door in DOORS:
            try:
                check(door.read(answer(content[:at] + noise + content[at + len(noise) :], START), PLACES[0]))
            except LuutruError:
                continue


@given(st.text("abAB/.%?&=#-_~ \\:@2", max_size=20))
def test_links_resolve_as_browsers_do(link: str) -> None:
    markup = read_markup(answer("<p>x</p>", START), PLACES[0])
    try:
        expected: str | None = join_url(START, link)
    except InputError:
        expected = None
    if expected is not None and (found := markup.address(link)) is not None:
        assert found == expected


HOSTILE = {
    "deep": "<div>" * 100_000 + "<a href='?ItemID=3'>x</a>",
    "quotes": '"' * 1_000_000,
    "slashes": "<a href='" + "/a" * 200_000 + "?ItemID=3'>x</a>",
    "escapes": "<script>x = '" + "\\" * 500_000 + "Paged=TRUE'</script>",
    "contexts": 'listName = "' * 100_000,
    "panels": "1|updatePanel|x|a|" * 50_000,
    "rows": "<table><tr iid='1,2,0'>" * 50_000,
    "pagers": "".join(f"<a href='?a{n}=1&Page={n}'>{n}</a>" for n in range(30_000)),
    "posts": "<form>" + "".join(f"""<a href="javascript:__doPostBack('a{n}','Page$2')">2</a>""" for n in range(30_000)),
    "numbers": "<a href='?ItemID=3'>" + "1/" * 300_000 + "</a>" + "1-" * 300_000,
    "objects": "<script>" + 'WPQ2ListData = {"Row":[' * 20_000 + "</script>",
    "nested": "<script>WPQ2ListData = " + '{"a":' * 200_000 + "</script>",
    "hidden": "<form>"
    + "<input type=hidden name=x value=y>" * 50_000
    + "<a href=\"javascript:__doPostBack('a','Page$2')\">2</a>",
    "printing": ("<a href='/" + "print" * 3_000 + "/x?ItemID=3'>a</a>") * 60,
    "dates": "<a href='?ItemID=3'>x</a>" + "1-1-" * 200_000 + "<i>" + "1 a" * 200_000,
    "prints": "<a onclick=\"x('pFormPrint.aspx" * 20_000,
    "hexadecimal": "<p>" + "a" * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_cost_little(name: str) -> None:
    capture = answer(HOSTILE[name], START)
    started = time.process_time()
    for door in DOORS:
        for place in PLACES:
            try:
                check(door.read(capture, place))
            except LuutruError:
                continue
    fits(fingerprint(capture), capture)
    assert time.process_time() - started < 60


def test_listing_pages_of_the_corpus_give_entries(shared: Path) -> None:
    given_: dict[str, dict[str, int]] = {}
    for path in sorted((shared / "corpus").glob("*.html.gz")):
        meta = json.loads(path.with_name(path.name.replace(".html.gz", ".json")).read_bytes())
        url = meta.get("page_url") or "https://portal.example/Pages/x.aspx"
        capture = answer(gzip.decompress(path.read_bytes()), url)
        counts = given_.setdefault(path.name[:3], {})
        for door in DOORS:
            try:
                listing = door.read(capture, place_of(url))
            except LuutruError:
                continue
            check(listing, portal_host(url))
            counts[door.name] = len(listing.entries)
            if path.name[:3] == "041" and door is VIEW:
                assert listing.next is not None and "Paged=TRUE&p_PublishedDate=" in listing.next.url
    if not given_:
        pytest.skip("no corpus beside this checkout")
    assert given_["041"]["view"] == 30
    assert given_["073"]["section"] > 90 and given_["074"]["section"] > 30
    assert given_["103"]["links"] >= 10 and "view" not in given_["103"]
