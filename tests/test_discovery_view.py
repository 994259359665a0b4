"""The door `view`: rows and paging of list views as SharePoint 2007, 2010, 2013 and 2019 print them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scraper.discovery.listing import Request
from scraper.discovery.place import place_of
from scraper.discovery.view import VIEW
from scraper.errors import NotAListing
from tests.listing_pages import GUID, HOST, OTHER_GUID, answer, context, view_2007, view_2010, view_2013

PLACE = place_of(HOST + "/tin/Lists/ThongBao")
SCRIPTED = "\\u0026"
PAGED = "/tin/Lists/ThongBao/AllItems.aspx?Paged=TRUE&p_ID=3&PageFirstRow=4&View=%7BAB%7D"


@pytest.mark.parametrize("page", [view_2007([3, 2, 1]), view_2010([3, 2, 1]), view_2013([3, 2, 1])])
def test_rows_of_each_version(page: str) -> None:
    listing = VIEW.read(answer(page), PLACE)
    assert [entry.item_id for entry in listing.entries] == [3, 2, 1]
    first = listing.entries[0]
    assert first.url == HOST + "/tin/Lists/ThongBao/DispForm.aspx?ID=3"
    assert (first.title, first.door, first.list_path) == ("Thông báo số 3", "view", "/tin/Lists/ThongBao")
    assert first.mark is not None and first.mark.startswith("4/04/20")
    assert first.modified is None, "a date in the site's language is no unambiguous time"
    assert listing.next is None and listing.cut is None


def test_versions_change_the_mark_and_an_exact_time_is_kept() -> None:
    page = view_2013([3], changed={"Modified.": "2019-04-17T01:05:00Z"})
    entry = VIEW.read(answer(page), PLACE).entries[0]
    assert entry.mark == "4/04/2019 08:05|3"
    assert entry.modified == "2019-04-17T01:05:00Z"


@pytest.mark.parametrize(
    "onward",
    [
        f'<a href="{PAGED.replace("&", "&amp;")}"><img src="next.gif" alt="Next"></a>',
        f"""<a href="javascript:" onclick='RefreshPageTo(event, "{PAGED.replace("&", SCRIPTED)}");return 0'>n</a>""",
        f"""<script>var next = "{PAGED.replace("/", chr(92) + "u002f").replace("&", SCRIPTED)}";</script>""",
    ],
)
@pytest.mark.parametrize("make", [view_2007, view_2010])
def test_the_paging_link_is_followed(make, onward: str) -> None:  # type: ignore[no-untyped-def]
    back = '<a href="?Paged=TRUE&amp;PagedPrev=TRUE&amp;p_ID=9">prev</a>'
    listing = VIEW.read(answer(make([5, 4], back + onward)), PLACE)
    assert listing.next is not None and listing.next.url == HOST + PAGED
    assert listing.next.form is None


def test_next_href_of_the_script_object() -> None:
    page = view_2013([5, 4], "?Paged=TRUE&p_ID=4&PageFirstRow=3&View=%7BAB%7D")
    listing = VIEW.read(answer(page, HOST + "/tin/Lists/ThongBao/AllItems.aspx?View=x"), PLACE)
    assert listing.next is not None
    assert listing.next.url == HOST + "/tin/Lists/ThongBao/AllItems.aspx?Paged=TRUE&p_ID=4&PageFirstRow=3&View=%7BAB%7D"


def test_a_way_back_or_to_another_host_or_list_leads_nowhere() -> None:
    links = """<a href="?Paged=TRUE&PagedPrev=TRUE&p_ID=9">p</a><a href="https://b.example/?Paged=TRUE&p_ID=1">n</a>
    <a href="/Lists/Khac/AllItems.aspx?Paged=TRUE&p_ID=1">n</a>"""
    listing = VIEW.read(answer(view_2010([5, 4], links)), PLACE)
    assert listing.next is None and listing.off_site == 1


def test_lookups_to_other_lists_and_other_web_parts_are_no_rows() -> None:
    found = VIEW.read(answer(view_2010([8])), PLACE).entries
    assert [entry.item_id for entry in found] == [8]
    assert all(entry.item_id != 77 for entry in VIEW.read(answer(view_2013([8])), PLACE).entries)


def test_a_place_without_a_list_learns_it_from_the_view() -> None:
    place = place_of(HOST + "/tin/Pages/thong-bao.aspx")
    told = VIEW.read(answer(view_2010([8])), place).place
    assert told is not None
    assert (told.list_path, told.list_id, told.web) == ("/tin/Lists/ThongBao", GUID, HOST + "/tin/")
    assert told.feeds == (HOST + f"/tin/_layouts/listfeed.aspx?List=%7B{GUID}%7D",)
    assert told.item == HOST + "/tin/Lists/ThongBao/DispForm.aspx?ID={id}"


def test_rows_without_links_are_known_by_their_numbers() -> None:
    rows = """<tr iid="1,12,0"><td class="ms-vb-title">Một hàng</td><td class="ms-vb2">CONGTT\\le.van.a</td></tr>
    <tr iid="1,11,0"><td class="ms-vb2">CONGTT\\le.van.a</td></tr>"""
    page = f'<table class="ms-listviewtable">{rows}</table>' + context()
    entries = VIEW.read(answer(page), PLACE).entries
    assert [(entry.item_id, entry.title) for entry in entries] == [(12, "Một hàng"), (11, None)]


@pytest.mark.parametrize(
    ("count", "limit", "onward", "at", "cut"),
    [
        (30, None, "", "", "row_limit"),
        (37, None, "", "", None),
        (37, 37, "", "", "row_limit"),
        (30, None, "?Paged=TRUE&p_ID=4", "", None),
        (30, None, "", "?Paged=TRUE&p_ID=90&PageFirstRow=31", None),
    ],
)
def test_a_full_page_without_a_way_on_is_noticed(count: int, limit: int | None, onward: str, at: str, cut: str) -> None:
    page = view_2013(range(1, count + 1), onward, limit=limit)
    listing = VIEW.read(answer(page, HOST + "/tin/Lists/ThongBao/Top.aspx" + at), PLACE)
    assert len(listing.entries) == count
    assert listing.cut == cut


def test_a_printed_count_is_the_total_and_settles_a_full_page() -> None:
    rows = (
        '<tr id="aggr"><td></td><td class="ms-vb2"><nobr><b>Số lượng<span>&nbsp;=&nbsp;</span>10</b></nobr></td></tr>'
    )
    listing = VIEW.read(answer(view_2010(range(1, 11), rows=rows)), PLACE)
    assert (listing.total, listing.cut, len(listing.entries)) == (10, None, 10)
    assert VIEW.read(answer(view_2013([1]) + '<script>ctx.TotalListItems = "812";</script>'), PLACE).total == 812


def test_folders_are_no_entries_but_their_views_are_named() -> None:
    rows = """<tr iid="1,40,1"><td></td><td class="ms-vb-title"><a onclick="x"
      href="/tin/Lists/ThongBao/AllItems.aspx?RootFolder=%2Ftin%2FLists%2FThongBao%2F2018">2018</a></td></tr>"""
    listing = VIEW.read(answer(view_2010([3, 2], rows=rows)), PLACE)
    assert [entry.item_id for entry in listing.entries] == [3, 2]
    assert listing.cut == "folders"
    folder = HOST + "/tin/Lists/ThongBao/AllItems.aspx?RootFolder=%2Ftin%2FLists%2FThongBao%2F2018"
    assert listing.place is not None and folder in listing.place.views
    assert (listing.folders, listing.further) == (1, (Request(folder),))
    script = view_2013([9], changed={"FSObjType": "1", "FileRef": "/tin/Lists/ThongBao/2018"})
    assert VIEW.read(answer(script), PLACE).cut == "folders"


@pytest.mark.parametrize("page", [view_2007([3]), view_2010([3]), view_2013([3])])
def test_who_wrote_an_item_is_never_read(page: str) -> None:
    assert "Someone" not in repr(VIEW.read(answer(page), PLACE)) and "@" not in repr(VIEW.read(answer(page), PLACE))


def test_groups_that_are_closed_hide_their_rows() -> None:
    rows = '<tbody id="titl1-1_"><tr><td class="ms-gb">Năm 2018 (12)</td></tr></tbody><tbody isLoaded="false"></tbody>'
    assert VIEW.read(answer(view_2010([], rows=rows)), PLACE).cut == "groups"
    assert VIEW.read(answer(view_2010([3, 2], rows=rows.replace("false", "true"))), PLACE).cut is None


def test_pages_of_a_library_are_files() -> None:
    place = place_of(HOST + "/tin/Pages/Forms/AllItems.aspx")
    page = view_2013([9], changed={"FileRef": "/tin/Pages/2020-5-29/hop-bao.aspx"})
    entry = VIEW.read(answer(page, place.start), place).entries[0]
    assert entry.url == HOST + "/tin/Pages/2020-5-29/hop-bao.aspx"


def test_the_users_own_form_of_an_article_is_used() -> None:
    place = replace(PLACE, item=HOST + "/tin/Pages/tin.aspx?ItemID={id}")
    assert VIEW.read(answer(view_2010([8])), place).entries[0].url == HOST + "/tin/Pages/tin.aspx?ItemID=8"


def test_an_empty_view_is_a_listing_and_other_pages_are_none() -> None:
    empty = VIEW.read(answer(f'<table class="ms-listviewtable"></table>{context()}'), PLACE)
    assert empty.entries == () and empty.next is None
    with pytest.raises(NotAListing, match="without a list view"):
        VIEW.read(answer("<p>Lỗi</p>"), PLACE)
    with pytest.raises(NotAListing, match="log in"):
        VIEW.read(answer("<form><input type=password></form>"), PLACE)
    with pytest.raises(NotAListing, match="a file"):
        VIEW.read(answer(b"%PDF-1.4 ..."), PLACE)
    link = f'<a href="/tin/_layouts/listform.aspx?ListId={{{OTHER_GUID}}}&ID=3">x</a>'
    other = f'<table class="ms-listviewtable"><tr><td>{link}</td></tr></table>'
    with pytest.raises(NotAListing):
        VIEW.read(answer(other), replace(PLACE, list_id=GUID))


def test_knock_asks_each_view_the_users_own_first() -> None:
    place = place_of(HOST + "/tin/Lists/ThongBao/Moi.aspx?View=x")
    assert [request.url for request in VIEW.knock(place)] == [
        HOST + "/tin/Lists/ThongBao/Moi.aspx?View=x",
        HOST + "/tin/Lists/ThongBao/AllItems.aspx",
        HOST + "/tin/Lists/ThongBao",
    ]
