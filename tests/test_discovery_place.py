"""What addresses and pages tell of a place, and the walk over item numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.addresses import request_url
from scraper.discovery.listing import Place
from scraper.discovery.place import item_address, item_of, item_template, place_of
from scraper.discovery.told import place_in
from scraper.discovery.walk import MAX_WALK, walk
from scraper.errors import InputError, NotAListing
from tests.listing_pages import GUID, HOST, OTHER_GUID, answer, context

LIST = HOST + "/tin/Lists/ThongBao"
VIEWS = (LIST + "/AllItems.aspx", LIST)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            LIST + "/",
            {"web": "/tin/", "list_path": "/tin/Lists/ThongBao", "item": "/tin/Lists/ThongBao/DispForm.aspx?ID={id}"},
        ),
        (
            LIST + "/DispForm.aspx?ID=7&Source=/x&ContentTypeId=0x01",
            {"web": "/tin/", "list_path": "/tin/Lists/ThongBao", "item": "/tin/Lists/ThongBao/DispForm.aspx?ID={id}"},
        ),
        (
            LIST + "/Attachments/7/a.pdf",
            {"web": "/tin/", "list_path": "/tin/Lists/ThongBao", "item": "/tin/Lists/ThongBao/DispForm.aspx?ID={id}"},
        ),
        (
            HOST + "/tin/Lists/Tin%20t%E1%BB%A9c/AllItems.aspx",
            {"list_path": "/tin/Lists/Tin tức", "item": "/tin/Lists/Tin%20t%E1%BB%A9c/DispForm.aspx?ID={id}"},
        ),
        (
            HOST + "/tin/Lists/Posts/Post.aspx?CategoryId=2&ItemId=7&PublishedDate=2017-05-29T14:40:00Z",
            {"list_path": "/tin/Lists/Posts", "item": "/tin/Lists/Posts/Post.aspx?CategoryId=2&ItemId={id}"},
        ),
        (
            HOST + "/tin/Pages/tin.aspx?ItemID=007&CateID=3&Date=2020-01-01",
            {
                "web": "/tin/",
                "item": "/tin/Pages/tin.aspx?CateID=3&ItemID={id}",
                "sections": ["/tin/Pages/tin.aspx?CateID=3"],
            },
        ),
        (
            HOST + "/portal/Pages/2020-5-29/hop-bao.aspx",
            {"web": "/portal/", "list_path": "/portal/Pages", "views": ["/portal/Pages/Forms/AllItems.aspx"]},
        ),
        (
            HOST + "/portal/Pages/Forms/AllItems.aspx",
            {"web": "/portal/", "list_path": "/portal/Pages", "views": ["/portal/Pages/Forms/AllItems.aspx"]},
        ),
        (
            HOST + "/tin/_layouts/15/listform.aspx?PageType=4&ListId={" + GUID.upper() + "}&ID=3",
            {
                "web": "/tin/",
                "list_id": GUID,
                "item": f"/tin/_layouts/listform.aspx?PageType=4&ListId=%7B{GUID}%7D&ID={{id}}",
            },
        ),
        (
            HOST + "/UC/News/pFormPrint.aspx?UrlListProcess=/content/tintuc/Lists/News&ItemID=7",
            {
                "web": "/content/tintuc/",
                "list_path": "/content/tintuc/Lists/News",
                "item": "/content/tintuc/Lists/News/DispForm.aspx?ID={id}",
                "print_view": "/UC/News/pFormPrint.aspx?UrlListProcess=/content/tintuc/Lists/News&ItemID={id}",
            },
        ),
        (HOST, {"web": "/", "sections": ["/"], "list_path": None}),
        (HOST + "/tin-tuc/thoi-su.html", {"web": None, "sections": ["/tin-tuc/thoi-su.html"], "item": None}),
        (HOST + "/tin/Pages/tin.aspx?Page=2", {"web": "/tin/", "item": None, "list_path": None}),
    ],
)
def test_an_address_alone(url: str, expected: dict[str, object]) -> None:
    place = place_of(url)
    assert place.start == request_url(url)
    for name, value in expected.items():
        found = getattr(place, name)
        if name in ("views", "sections"):
            assert [view.removeprefix(HOST) for view in found] == value
        else:
            assert (found.removeprefix(HOST) if isinstance(found, str) else found) == value, name


def test_views_begin_with_the_users_own() -> None:
    assert place_of(LIST + "/DispForm.aspx?ID=7").views == VIEWS
    assert place_of(LIST + "/").views == (LIST + "/", VIEWS[0])
    assert place_of(LIST + "/AllItems.aspx").views == VIEWS
    assert place_of(LIST + "/Moi.aspx").views == (LIST + "/Moi.aspx", *VIEWS)


def test_what_is_no_web_address_is_refused() -> None:
    with pytest.raises(InputError):
        place_of("ftp://thixa.example/Lists/X")


def test_an_items_address_holds_its_number_and_no_other_braces() -> None:
    place = place_of(HOST + "/_layouts/listform.aspx?ListId={" + GUID + "}&ID=3")
    assert item_address(place, 12) == HOST + f"/_layouts/listform.aspx?PageType=4&ListId=%7B{GUID}%7D&ID=12"
    assert item_address(place_of(HOST), 12) is None
    assert item_template(HOST + "/Pages/x.aspx?id=3") is None, "what it numbers is not known"


@given(st.text(max_size=30), st.text(max_size=30), st.integers(1, 10**9))
def test_a_places_addresses_are_fit_to_fetch(list_name: str, query: str, number: int) -> None:
    try:
        place = place_of(f"{HOST}/tin/Lists/{list_name}/AllItems.aspx?{query}")
    except InputError:
        return
    address = item_address(place, number)
    for url in (*place.views, *place.sections, *((address,) if address else ()), *((place.web,) if place.web else ())):
        assert request_url(url) == url and url.startswith(HOST + "/")


def test_a_page_adds_what_the_address_does_not_tell() -> None:
    start = HOST + "/tin/Pages/tin.aspx?ItemID=7"
    page = f"""<link rel="alternate" type="application/rss+xml" href="/_layouts/feed.aspx?xsl=1&amp;web=%2Ftin">
    <script>_spPageContextInfo = {{webServerRelativeUrl: "\\u002ftin", pageListId:"{{{OTHER_GUID}}}"}};</script>
    <ul class="breadcrumb"><li><a href="/">Trang chủ</a></li><li><a href="/tin/Pages/thoi-su.aspx">Thời sự</a></li></ul>
    <img src="/noidung/Lists/News/Attachments/7/anh.jpg"><a href="/khac/Lists/VanBan/Attachments/3/vb.pdf">VB</a>
    <a onclick="window.open('/UC/pFormPrint.aspx?UrlListProcess=/noidung/Lists/News&amp;ItemID=7', 'x')">In</a>
    <script>$('#kq').load('/UC/pTin.aspx?UrlListProcess=x&RowPerPage=10&Page=');</script>"""
    told = place_in(answer(page, start), place_of(start))
    assert told == Place(
        start,
        web=HOST + "/noidung/",
        list_path="/noidung/Lists/News",
        list_id=None,
        item=HOST + "/tin/Pages/tin.aspx?ItemID={id}",
        views=(HOST + "/noidung/Lists/News/AllItems.aspx",),
        feeds=(HOST + "/_layouts/feed.aspx?xsl=1&web=%2Ftin",),
        sections=(
            start.partition("?")[0],
            HOST + "/UC/pTin.aspx?UrlListProcess=x&RowPerPage=10&Page=",
            HOST + "/tin/Pages/thoi-su.aspx",
        ),
        print_view=HOST + "/UC/pFormPrint.aspx?UrlListProcess=/noidung/Lists/News&ItemID={id}",
    )


def test_the_users_own_words_stay() -> None:
    place = replace(
        place_of(LIST), list_id=OTHER_GUID, item=HOST + "/x?ItemID={id}", print_view=HOST + "/p?ItemID={id}"
    )
    page = context() + '<img src="/khac/Lists/News/Attachments/7/anh.jpg"><a href="/khac/print.aspx?ItemID=7">In</a>'
    told = place_in(answer(page, LIST + "/DispForm.aspx?ID=7"), place)
    assert (told.list_path, told.list_id, told.item) == (place.list_path, place.list_id, place.item)
    assert (told.print_view, told.web, told.views) == (place.print_view, place.web, place.views)


@pytest.mark.parametrize(
    "page",
    [
        context(),
        context("/tin/Lists/Khac", OTHER_GUID) + context(),
        f'<link type="application/rss+xml" href="/tin/_layouts/listfeed.aspx?List=%7B{GUID.upper()}%7D">',
        f"<script>x = '/tin/_layouts/listfeed.aspx?List=\\\\u00257B{GUID}\\\\u00257D'</script>",
        f'<script>_spPageContextInfo = {{"pageListId":"{{{GUID}}}"}}</script>',
    ],
)
def test_the_lists_guid(page: str) -> None:
    assert place_in(answer(page, LIST + "/AllItems.aspx"), place_of(LIST)).list_id == GUID


def test_a_page_elsewhere_does_not_lend_its_guid() -> None:
    page = f'<script>_spPageContextInfo = {{"pageListId":"{{{OTHER_GUID}}}"}}</script>'
    assert place_in(answer(page, HOST + "/tin/Pages/tin.aspx"), place_of(LIST)).list_id is None


def test_files_of_several_items_name_no_list() -> None:
    page = '<img src="/tin/Lists/A/Attachments/1/a.jpg"><img src="/tin/Lists/A/Attachments/2/a.jpg">'
    assert place_in(answer(page, HOST + "/"), place_of(HOST)).list_path is None
    one = page.replace("Attachments/2", "Attachments/1")
    assert place_in(answer(one, HOST + "/bai.html"), place_of(HOST)).list_path == "/tin/Lists/A"


def test_a_section_page_shows_how_its_articles_are_addressed() -> None:
    page = "".join(f'<a href="?ItemID={n}">Tin {n}</a>' for n in (9, 8, 7)) + '<a href="/khac.aspx?ItemID=2">Khác</a>'
    start = HOST + "/tin/Pages/tin.aspx"
    assert place_in(answer(page, start), place_of(start)).item == start + "?ItemID={id}"
    assert place_in(answer(page, start), place_of(LIST)).item == LIST + "/DispForm.aspx?ID={id}"
    assert place_in(answer(page.replace("?ItemID=9", "/x"), start), place_of(start)).item is None


def test_other_views_of_the_list() -> None:
    page = """<a href="/tin/Lists/ThongBao/Moi.aspx">Mới</a>
    <script>go('\\u002ftin\\u002fLists\\u002fThongBao\\u002fNam.aspx')
    </script><a href="/tin/Lists/ThongBao/EditForm.aspx?ID=3">Sửa</a>"""
    told = place_in(answer(page, LIST + "/AllItems.aspx"), place_of(LIST))
    assert told.views == (LIST, VIEWS[0], LIST + "/Moi.aspx", LIST + "/Nam.aspx")


def test_facts_of_other_hosts_are_left_out() -> None:
    page = """<link rel="alternate" type="application/rss+xml" href="https://b.example/rss">
    <img src="https://b.example/Lists/A/Attachments/7/a.jpg"><a href="https://b.example/print.aspx?ItemID=7">In</a>"""
    start = HOST + "/tin/Pages/tin.aspx?ItemID=7"
    assert place_in(answer(page, start), place_of(start)) == place_of(start)
    with pytest.raises(NotAListing):
        place_in(answer(b""), place_of(start))


def test_a_walk_asks_for_missing_numbers_from_the_newest_down() -> None:
    place = place_of(LIST)
    entries = list(walk(place, {9, 7, 3}, 10))
    assert [entry.item_id for entry in entries] == [10, 8, 6, 5, 4, 2, 1]
    assert entries[0].url == (item_of(place) or "").replace("{id}", "10")
    assert {entry.door for entry in entries} == {"walk"}
    assert [entry.item_id for entry in walk(place, range(5, 8), 9, first=4, limit=2)] == [9, 8]
    assert list(walk(place_of(HOST), (), 10)) == []


def test_a_walk_is_bounded() -> None:
    assert sum(1 for _ in walk(place_of(LIST), (), 10**9, limit=10**9)) == MAX_WALK
