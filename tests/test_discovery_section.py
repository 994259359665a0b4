"""The doors `section` and `links`: links of articles and the pagers that portals print."""

from __future__ import annotations

import time

import pytest

from scraper.discovery.links import LINKS, is_article
from scraper.discovery.listing import Request
from scraper.discovery.place import place_of
from scraper.discovery.section import SECTION
from scraper.errors import NotAListing
from tests.listing_pages import HOST, answer, section, view_2010

START = HOST + "/tin/Pages/tin.aspx"
PLACE = place_of(START)
NEWS = [
    ("?ItemID=31", "Khởi công đường về xã Tân Bình"),
    ("/tin/Pages/2020-5-29/hop-bao-thuong-ky.aspx", "Họp báo thường kỳ"),
    ("tin.aspx?ItemID=30&amp;CateID=2", "Hội nghị tổng kết năm của thị xã"),
    ("/quyet-dinh-cong-bo-thu-tuc-hanh-chinh-moi", "Quyết định công bố thủ tục hành chính mới"),
]


def read(page: str, url: str = START) -> tuple[list[str], Request | None]:
    listing = SECTION.read(answer(page, url), PLACE)
    return [entry.url.removeprefix(HOST) for entry in listing.entries], listing.next


def test_links_of_articles_resolved_against_the_page() -> None:
    listing = SECTION.read(answer(section(NEWS), START + "?Page=2"), PLACE)
    assert [(entry.url, entry.title, entry.item_id, entry.mark) for entry in listing.entries] == [
        (START + "?ItemID=31", "Khởi công đường về xã Tân Bình", 31, "05-10"),
        (HOST + "/tin/Pages/2020-5-29/hop-bao-thuong-ky.aspx", "Họp báo thường kỳ", None, "05-10"),
        (START + "?ItemID=30&CateID=2", "Hội nghị tổng kết năm của thị xã", 30, "05-10"),
        (HOST + NEWS[3][0], NEWS[3][1], None, "05-10"),
    ]
    assert {entry.door for entry in listing.entries} == {"section"}


def test_links_elsewhere_are_left_out_and_counted() -> None:
    others = [("https://www.thixa.example/tin.aspx?ItemID=1", "Có www"), ("https://b.example/?ItemID=1", "Nơi khác")]
    odd = [
        ("javascript:mo(7)", "Tập lệnh"),
        ("/tin/a.pdf?ItemID=4", "Tệp"),
        ("/x/Attachments/4/a-b-c-d-e-f.htm", "Tệp"),
    ]
    listing = SECTION.read(answer(section(others + odd), START), PLACE)
    assert [entry.url for entry in listing.entries] == ["https://www.thixa.example/tin.aspx?ItemID=1"]
    assert listing.off_site == 1


def numbers(*shown: int | str, form: str = "?Page={}") -> str:
    """A pager: numbers are links, text stands as it is."""
    return " ".join(f'<a href="{form.format(n)}">{n}</a>' if isinstance(n, int) else n for n in shown)


@pytest.mark.parametrize(
    ("pager", "at", "expected"),
    [
        (numbers("<b>1</b>", 2, 3), "", "/tin/Pages/tin.aspx?Page=2"),
        (numbers(1, "<b>2</b>", 3), "?Page=2", "/tin/Pages/tin.aspx?Page=3"),
        (numbers(1, 2, 3), "?Page=2", "/tin/Pages/tin.aspx?Page=3"),
        (numbers(1, 2, "<b>3</b>"), "?Page=3", None),
        (numbers(1, 2, 3), "?Page=9", None),
        (numbers(8, 9, "<b>10</b>", '<a href="?Page=11">...</a>', '<a href="?Page=40">»</a>'), "?Page=10", "?Page=11"),
        ('<a href="?Page=0">1</a><a href="?Page=1">2</a><a href="?Page=2">3</a>', "", "/tin/Pages/tin.aspx?Page=1"),
        ('<a href="?page=5">Trang sau</a>', "?page=3", "/tin/Pages/tin.aspx?page=5"),
        ('<a rel="next" href="?trang-sau">x</a>', "", "/tin/Pages/tin.aspx?trang-sau"),
        (numbers(1, 2, form="/tin/PhanTrang/32/{}/tin-tuc.html"), "", "/tin/PhanTrang/32/2/tin-tuc.html"),
        (numbers(1, 2, form="?ChuyenMucID=32&amp;page={}"), "?ChuyenMucID=32", "?ChuyenMucID=32&page=2"),
        (numbers(2, 3, form="/vn/chuyen-muc/7/thoi-su.aspx?page={}"), "", "/vn/chuyen-muc/7/thoi-su.aspx?page=2"),
        (numbers(2, form="https://b.example/?Page={}"), "", None),
    ],
)
def test_pagers_of_links(pager: str, at: str, expected: str | None) -> None:
    _, following = read(section(NEWS, pager), START + at)
    assert (following.url if following else None) == (
        None if expected is None else START + expected if expected.startswith("?") else HOST + expected
    )


def test_the_pager_of_the_page_itself_wins_over_other_boxes() -> None:
    pager = numbers(1, 2, 3, 4, 5, form="/hoi-dap.aspx?Page={}") + numbers(1, 2, "<b>3</b>", 4)
    assert read(section(NEWS, pager), START + "?Page=3")[1] == Request(START + "?Page=4")


HIDDEN = """<input type="hidden" name="__EVENTTARGET" value=""><input type="hidden" name="__EVENTARGUMENT" value="">
<input type="hidden" name="__VIEWSTATE" value="/wEPDwUK&amp;"><input type="text" name="q" value="x">
<input type="hidden" name="__EVENTVALIDATION" value="/wEWAg==">"""


def grid(current: int, *linked: int | str, target: str = "ctl00$m$g_1$grv") -> str:
    """A GridView's pager."""
    cells = "".join(
        f"""<td><a href="javascript:__doPostBack('{target}','Page${n}')">{n if isinstance(n, int) else ".."}</a></td>"""
        for n in linked
    )
    return f"<table><tr><td><span>{current}</span></td>{cells}</tr></table>"


def test_a_postback_pager_sends_every_hidden_field_in_order() -> None:
    following = read(section(NEWS, grid(1, 2, 3), HIDDEN))[1]
    assert following == Request(
        START,
        (
            ("__EVENTTARGET", "ctl00$m$g_1$grv"),
            ("__EVENTARGUMENT", "Page$2"),
            ("__VIEWSTATE", "/wEPDwUK&"),
            ("__EVENTVALIDATION", "/wEWAg=="),
        ),
    )


@pytest.mark.parametrize(
    ("pager", "argument"),
    [
        (grid(2, 1, 3), "Page$3"),
        (grid(3, 1, 2), None),
        (grid(10, 8, 9, 11), "Page$11"),
        (grid(1, "Next"), "Page$Next"),
        ("""<a href="javascript:__doPostBack('p','1')">1</a><b>2</b><a onclick="__doPostBack('p','3')">3</a>""", "3"),
        ("""<a href="javascript:__doPostBack('cal','7245')">5</a>""", None),
    ],
)
def test_which_page_a_postback_pager_leads_to(pager: str, argument: str | None) -> None:
    following = read(section(NEWS, pager, HIDDEN))[1]
    assert (dict(following.form or ())["__EVENTARGUMENT"] if following else None) == argument


def test_a_pager_of_buttons_that_carry_no_argument() -> None:
    link = """<a href="javascript:__doPostBack('ctl00$pager$ctl0{0}$lnk','')">{1}</a>"""
    pager = link.format(0, 1) + '<span class="current">2</span>' + link.format(2, 3) + link.format(3, "&gt;")
    following = read(section(NEWS, pager, HIDDEN))[1]
    assert following is not None and dict(following.form or ())["__EVENTTARGET"] == "ctl00$pager$ctl02$lnk"


def test_a_form_that_posts_elsewhere_is_not_followed() -> None:
    page = section(NEWS, grid(1, 2), HIDDEN).replace("./tin.aspx", "https://b.example/x")
    assert read(page)[1] is None


def test_an_answer_for_a_panel_is_read() -> None:
    inner = section(NEWS[:1], grid(2, 1, 3)) + "\U0001f600"
    units = len(inner.encode("utf-16-le")) // 2
    parts = (
        f"1|#||4|{units}|updatePanel|ctl00_m_pn|{inner}|5|hiddenField|__VIEWSTATE|/wEP2|0|asyncPostBackControlIDs|||"
    )
    entries, following = read(parts)
    assert entries == ["/tin/Pages/tin.aspx?ItemID=31"]
    assert following is not None and following.form is not None
    assert following.form[:2] == (("__EVENTTARGET", "ctl00$m$g_1$grv"), ("__EVENTARGUMENT", "Page$3"))


def test_a_fragment_counts_on_while_it_is_full() -> None:
    page = "".join(f'<a href="/tin/Pages/tin.aspx?ItemID={n}">x</a>' for n in range(1, 11))
    at = HOST + "/Publishing/TimKiem/pKetQuaTimKiem.aspx?fromyear=01/01/2020&Page={}&RowPerPage={}"
    assert read(page, at.format(2, 10))[1] == Request(at.format(3, 10))
    assert read(page, at.format("", 10))[1] == Request(at.format(2, 10))
    assert read(page, at.format(2, 50))[1] is None


def test_a_page_without_articles_is_no_section() -> None:
    with pytest.raises(NotAListing, match="without links to articles"):
        SECTION.read(answer("<a href='/lien-he'>Liên hệ</a>", START), PLACE)
    with pytest.raises(NotAListing, match="log in"):
        SECTION.read(answer("<input type=password><a href='?Page=2'>2</a>", START), PLACE)
    with pytest.raises(NotAListing):
        SECTION.read(answer(b"", START), PLACE)


def test_links_of_any_page() -> None:
    listing = LINKS.read(answer(section(NEWS, numbers(1, 2)), HOST + "/"), place_of(HOST))
    assert len(listing.entries) == 4 and listing.next is None
    assert {entry.door for entry in listing.entries} == {"links"}
    assert LINKS.knock(PLACE) == (Request(START),)


def test_lookups_of_other_lists_are_no_articles() -> None:
    entries = LINKS.read(answer(view_2010([8, 7]), START), place_of(HOST + "/tin/Lists/ThongBao")).entries
    assert [entry.item_id for entry in entries] == [8, 7]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/Pages/tin.aspx?ItemID=7", True),
        ("/Pages/tin.aspx?l=1&newsid=7", True),
        ("/Pages/tin.aspx?ItemID=0", False),
        ("/Pages/van-ban.aspx?dvid=13", False),
        ("/Pages/van-ban.aspx?ItemID=7.pdf", False),
        ("/_layouts/15/listform.aspx?PageType=4&ListId=%7Bx%7D&ID=3", True),
        ("/_layouts/Authenticate.aspx?ItemID=3", False),
        ("/Lists/X/EditForm.aspx?ID=3", False),
        ("/tin/khoi-cong-duong-ve-xa.html", True),
        ("/tin-tuc", False),
        ("/tin/PhanTrang/32/2/tin-tuc-su-kien-trong-nuoc.html", False),
        ("/anh/khoi-cong-duong-ve-xa.jpg", False),
        ("/pr/Pages/2019-11-07-01.aspx", True),
        ("/Pages/in-print.aspx?ItemID=7", False),
    ],
)
def test_shapes_of_addresses(path: str, expected: bool) -> None:
    assert is_article(HOST + path) is expected


def test_thirty_thousand_links_take_no_more_than_a_few_seconds() -> None:
    page = "<div>" * 200 + "".join(f'<a href="?ItemID={n}">Tin số {n}</a> ' for n in range(1, 30_001))
    started = time.process_time()
    listing = SECTION.read(answer(page + numbers(*range(1, 2_000)), START), PLACE)
    assert len(listing.entries) > 29_000
    assert time.process_time() - started < 20
