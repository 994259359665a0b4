"""scraper.addresses: tidying, showing, and reading list items from addresses."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.addresses import (
    MAX_LENGTH,
    clean_url,
    file_name_of,
    item_identity,
    join_url,
    original_url,
    portal_host,
    readable_url,
    request_url,
    shown,
)
from scraper.errors import InputError

UNFIT_FOR_A_TERMINAL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")
LIST = "{0a1b2c3d-1111-2222-3333-44445555abcd}"

CLEANED = [
    ("HTTP://Cong.Example.VN:80/Tin/A.aspx#x", "http://cong.example.vn/Tin/A.aspx"),
    ("https://cong.example.vn:443", "https://cong.example.vn/"),
    ("https://cong.example.vn:0443/a", "https://cong.example.vn/a"),
    ("https://cong.example.vn:80/a", "https://cong.example.vn:80/a"),
    ("http://cong.example.vn:/a", "http://cong.example.vn/a"),
    ("http://cong.example.vn./a", "http://cong.example.vn/a"),
    ("  http://cong.example.vn/a\n", "http://cong.example.vn/a"),
    ("http://cong.example.vn\\tin\\a.aspx?b=c\\d", "http://cong.example.vn/tin/a.aspx?b=c%5Cd"),
    ("http://[2001:DB8:0::1]/a", "http://[2001:db8::1]/a"),
    ("http://10.0.0.7:8080/a", "http://10.0.0.7:8080/a"),
    # Dot segments, written plainly or escaped
    ("http://h.vn/a/./b/../c", "http://h.vn/a/c"),
    ("http://h.vn/a/%2e%2E/c", "http://h.vn/c"),
    ("http://h.vn/../../c/.", "http://h.vn/c/"),
    ("http://h.vn/a//b", "http://h.vn/a//b"),
    # Percent-encoding
    ("http://h.vn/%7etin%2dmoi/a%2fb", "http://h.vn/~tin-moi/a%2Fb"),
    ("http://h.vn/tin tức.aspx", "http://h.vn/tin%20t%E1%BB%A9c.aspx"),
    ("http://h.vn/100%.aspx?x=%zz", "http://h.vn/100%25.aspx?x=%25zz"),
    ("http://h.vn/%D0%C0", "http://h.vn/%D0%C0"),
    ("http://h.vn/a?q=a+b&List={1}", "http://h.vn/a?q=a+b&List=%7B1%7D"),
    # Noise
    ("http://h.vn/a?utm_source=zalo&ItemID=5&UTM_Medium=x&fbclid=1&gclid=2", "http://h.vn/a?ItemID=5"),
    ("http://h.vn/a?zarsrc=30&gidzl=x&ItemID=5&IsDlg=1&isdlg=1&ContentTypeId=0x01", "http://h.vn/a?ItemID=5"),
    ("http://h.vn/a?ItemID=5&Source=%2FPages%2Fx%2Easpx", "http://h.vn/a?ItemID=5"),
    ("http://h.vn/a?source=budget", "http://h.vn/a?source=budget"),
    ("http://h.vn/a?&&b=&c&", "http://h.vn/a?b=&c"),
    ("http://h.vn/a?", "http://h.vn/a"),
    (
        "http://h.vn/Lists/T/DispForm.aspx?ID=4&RootFolder=*&Source=x&ContentTypeId=0x0104",
        "http://h.vn/Lists/T/DispForm.aspx?ID=4",
    ),
    ("http://h.vn/L/Forms/AllItems.aspx?RootFolder=%2FL%2Fx", "http://h.vn/L/Forms/AllItems.aspx?RootFolder=%2FL%2Fx"),
    # Sessions
    ("http://h.vn/(S(ab12ab12ab12ab12ab12ab12))/a.aspx", "http://h.vn/a.aspx"),
    ("http://h.vn/a.jsp;jsessionid=ABC.node1?PHPSESSID=3&x=1", "http://h.vn/a.jsp?x=1"),
    ("http://h.vn/a/.;jsessionid=1/b", "http://h.vn/a/b"),
]

REFUSED = [
    "",
    "cong.example.vn/tin",
    "/Lists/Tin/DispForm.aspx?ID=1",
    "//h.vn/a",
    "file:///etc/hosts",
    "ftp://h.vn/a",
    "javascript:alert(1)",
    "data:text/html,x",
    "http:h.vn",
    "http:/h.vn",
    "http://",
    "http:///a",
    "http://?x",
    "http://:80/",
    "http://.vn/",
    "http://a..vn/",
    "http://a b.vn/",
    "http://a%20b.vn/",
    "http://-a.vn/",
    "http://h.vn:0/",
    "http://h.vn:65536/",
    "http://h.vn:x/",
    "http://h.vn:１/",
    "http://[::1/",
    "http://[::g]/",
    "http://[fe80::1%25eth0]/",
    "http://2130706433/",
    "http://127.1/",
    "http://0x7f.0.0.1/",
    "http://h.vn.1/",
    "http://ten:mat-khau@h.vn/",
    "http://ten@h.vn/",
    "http://h.vn/a\nb",
    "http://h.vn/a\x00b",
    "http://h.vn/\x1b[2J",
    "http://h.vn/\x85b",
    "http://h.vn/\ud800",
    "http://\ud800.vn/",
    "http://" + "a" * 64 + ".vn/",
    "http://" + "é" * 300 + ".vn/",
    "http://" + "é." * 200 + "vn/",
    "http://h.vn/" + "a" * MAX_LENGTH,
]


@pytest.mark.parametrize(("url", "clean"), CLEANED)
def test_clean(url: str, clean: str) -> None:
    assert clean_url(url) == clean
    assert clean_url(clean) == clean


@pytest.mark.parametrize("url", REFUSED)
def test_refused(url: str) -> None:
    with pytest.raises(InputError) as caught:
        clean_url(url)
    assert caught.value.cause
    assert "mat-khau" not in str(caught.value)
    assert not UNFIT_FOR_A_TERMINAL.search(str(caught.value))
    assert len(str(caught.value)) < 500


def test_request_form_drops_only_the_fragment() -> None:
    url = "http://h.vn/(S(ab12ab12ab12ab12ab12ab12))/a.aspx?utm_source=x&Source=/b&ID=1#c"
    assert request_url(url) == url.removesuffix("#c")


def test_own_script_hosts() -> None:
    assert clean_url("http://CỔNG.Example.vn/tin") == "http://xn--cng-qmz.example.vn/tin"
    assert clean_url("http://xn--cng-qmz.example.vn/tin") == "http://xn--cng-qmz.example.vn/tin"
    assert readable_url("http://xn--cng-qmz.example.vn:81/tin") == "http://cổng.example.vn:81/tin"


def test_readable() -> None:
    assert readable_url("http://h.vn/tin%20t%E1%BB%A9c?a=%C4%91%26") == "http://h.vn/tin%20tức?a=đ%26"
    assert readable_url("http://h.vn/%E2%80%8B%C2%A0%D0%C0") == "http://h.vn/%E2%80%8B%C2%A0%D0%C0"


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("?ItemID=9", "http://h.vn/tin/Pages/a.aspx?ItemID=9"),
        ("b.aspx", "http://h.vn/tin/Pages/b.aspx"),
        ("/c d", "http://h.vn/c%20d"),
        ("//anh.h.vn/x.jpg", "http://anh.h.vn/x.jpg"),
        ("https://k.vn", "https://k.vn/"),
    ],
)
def test_join(link: str, address: str) -> None:
    assert join_url("http://h.vn/tin/Pages/a.aspx?ItemID=1", link) == address


@pytest.mark.parametrize("link", ["http://[", "mailto:a@h.vn", "http://h.vn:port/"])
def test_join_refuses(link: str) -> None:
    with pytest.raises(InputError):
        join_url("http://h.vn/a", link)


def test_portal_host() -> None:
    assert portal_host("https://WWW.Cong.Example.vn:8443/a") == "cong.example.vn"
    assert portal_host("http://cổng.vn/") == "xn--cng-qmz.vn"
    assert portal_host("http://[::1]:80/") == "::1"
    assert portal_host("https://web.archive.org/web/20180101000000/http://www.h.vn/a") == "h.vn"
    with pytest.raises(InputError):
        portal_host("/a")


def test_original_of_a_replay() -> None:
    for replay in (
        "https://web.archive.org/web/20180101000000/http://h.vn/a?b",
        "/web/2018id_/http://h.vn/a?b",
        "//kho.example/wayback/20180101000000im_/http:/h.vn/a?b",
    ):
        assert original_url(replay) == "http://h.vn/a?b"
    for plain in ("http://h.vn/web/2018/a", "http://h.vn/?u=/web/2018/http://k.vn/", "web/2018/http://h.vn"):
        assert original_url(plain) == plain


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h.vn/a/Anh%20%C4%91%E1%BA%B9p.jpg?t=1#x", "Anh đẹp.jpg"),
        ("Hinh/tin-1.png", "tin-1.png"),
        ("tin-1.png", "tin-1.png"),
        ("C:\\anh\\tin.png", "tin.png"),
        ("file:///home/a/tin.png", "tin.png"),
        ("//h.vn/tin.png", "tin.png"),
        ("http://h.vn/a/..%2f..%5Cetc%2Fhosts", "hosts"),
        ("http://h.vn/a%00%1b%E2%80%AEgpj.exe", "agpj.exe"),
        ("http://h.vn/a.pdf;jsessionid=1", "a.pdf"),
        ("http://h.vn/a/%2e%2e", None),
        ("http://h.vn/a/%E2%80%8B.", None),
        ("http://h.vn/a/", None),
        ("http://h.vn", None),
        ("//h.vn", None),
        ("", None),
        ("data:image/png;base64,AAAA/BBBB", None),
        ("mailto:a@h.vn", None),
        ("javascript:tai('a/b.doc')", None),
    ],
)
def test_file_name(url: str, name: str | None) -> None:
    assert file_name_of(url) == name


@pytest.mark.parametrize(
    ("url", "place", "item"),
    [
        ("/a/Lists/Tin/DispForm.aspx?ID=12", "/a/Lists/Tin", 12),
        ("http://h.vn/A/lists/Tin/dispform.ASPX?x=1&id=12#y", "/A/lists/Tin", 12),
        ("http://h.vn/Lists/Tin%20t%E1%BB%A9c/DispForm.aspx?ID=3", "/Lists/Tin tức", 3),
        ("http://h.vn/Lists/Tin tư\u0301/DispForm.aspx?ID=3", "/Lists/Tin tứ", 3),
        ("http://h.vn/Lists/Posts/Post.aspx?CategoryId=4&ItemId=596", "/Lists/Posts", 596),
        ("http://h.vn/blog/Lists/Posts/Post.aspx?ID=7", "/blog/Lists/Posts", 7),
        ("http://h.vn/Lists/Tin/AllItems.aspx?Paged=TRUE&p_ID=100", "/Lists/Tin", None),
        ("http://h.vn/Lists/Tin", "/Lists/Tin", None),
        ("http://h.vn/Lists/default.aspx?ID=2", None, None),
        ("/sites/Lists/Lists/Tin/DispForm.aspx?ID=1", "/sites/Lists/Lists/Tin", 1),
        ("http://h.vn/ct/Lists/ThongBao/Attachments/4711/anh%201.jpg", "/ct/Lists/ThongBao", 4711),
        ("Lists/ThongBao/Attachments/4711/anh.jpg", None, None),
        ("../Lists/Tin/DispForm.aspx?ID=1", None, None),
        ("http:/Lists/Tin/DispForm.aspx?ID=1", None, None),
        ("/a/./b/../Lists/Tin/DispForm.aspx?ID=1", "/a/Lists/Tin", 1),
        ("/VanBan/Forms/DispForm.aspx?ID=8&Source=/x", "/VanBan", 8),
        ("/site/Van%20Ban/Forms/EditForm.aspx?ID=8", "/site/Van Ban", 8),
        (f"/_layouts/15/listform.aspx?PageType=4&ListId={LIST}&ID=26&RootFolder=*", LIST, 26),
        ("/_layouts/listform.aspx?ListId=%7B0A1B2C3D%2D1111-2222-3333-44445555ABCD%7D&ID=26", LIST, 26),
        (f"/_layouts/listform.aspx?ListId={LIST}&ID=26&RootFolder=%2Fa%2FLists%2FTin", "/a/Lists/Tin", 26),
        (f"/_layouts/15/listfeed.aspx?List={LIST}", LIST, None),
        (f"/_layouts/15/CopyUtil.aspx?Use=id&Action=dispform&ItemId=5&ListId={LIST[1:-1]}", LIST, 5),
        ("/_layouts/15/userdisp.aspx?ID=12", None, None),
        ("/_layouts/15/WopiFrame.aspx?sourcedoc=/a/Lists/Tin/Attachments/33/x y.doc", "/a/Lists/Tin", 33),
        ("http://h.vn/tin/Pages/a.aspx?ItemID=17", None, 17),
        ("?itemid=0017&Keyword=", None, 17),
        ("http://h.vn/in.aspx?UrlListProcess=/content/tin/Lists/Tin&ItemID=9", "/content/tin/Lists/Tin", 9),
        ("http://h.vn/in.aspx?urllistprocess=%2Fcontent%2FVB%2F&ID=9", "/content/VB", 9),
        ("http://h.vn/in.aspx?UrlListProcess=4F2A99&ItemID=9", None, 9),
        ("http://h.vn/a.aspx?ID=17", None, None),
        ("http://h.vn/a.aspx?ItemID=0", None, None),
        ("http://h.vn/a.aspx?ItemID=-4", None, None),
        ("http://h.vn/a.aspx?ItemID=١٢", None, None),
        ("http://h.vn/a.aspx?ItemID=" + "9" * 5000, None, None),
        ("http://h.vn/a.aspx?MyItemID=4", None, None),
        ("http://h.vn/a.aspx?ItemID=4&ItemID=5", None, 4),
        ("https://web.archive.org/web/2018/http://h.vn/Lists/Tin/DispForm.aspx?ID=2", "/Lists/Tin", 2),
        ("", None, None),
    ],
)
def test_item_identity(url: str, place: str | None, item: int | None) -> None:
    assert item_identity(url) == (place, item)


def test_shown_is_one_clipped_line_without_secrets() -> None:
    assert shown("http://ten:mat-khau@h.vn/a\x1b[31m\r\nb\u202e") == "http://…@h.vn/a[31m b"
    assert len(shown("http://h.vn/" + "a" * 10_000)) < 320
    assert shown("\ud800") == "?"


WORDS = """
/ // . .. /. /.. \\ % %2 %2e %2E%2e %41 %c3%a9 %25 %2541 ; ;jsessionid=1 ? & = # : @ [ ] ::1 127.0.0.1 h.vn xn--cng-qmz
cổng ß ﬁ 。 utm_a=1 Source=/a Source=%2fa IsDlg=1 ID=3 DispForm.aspx Lists Forms (S(aaaaaaaaaaaaaaaaaaaaaaaa))
/(S(aaaaaaaaaaaaaaaaaaaaaaaa))/
"""
pieces = st.one_of(st.text(max_size=6), st.sampled_from([*WORDS.split(), "\u200b", "\u00a0", "\ud800"]))
addresses = st.builds(
    lambda scheme, parts: scheme + "".join(parts),
    st.sampled_from(["http://h.vn", "https://h.vn/", "HTTP://", "http://h.vn?", "https:", "", "//"]),
    st.lists(pieces, max_size=10),
)


@given(addresses)
def test_clean_is_idempotent_and_raises_only_input_errors(url: str) -> None:
    try:
        clean = clean_url(url)
    except InputError as error:
        assert not UNFIT_FOR_A_TERMINAL.search(str(error))
        return
    assert clean.isascii()
    assert clean.isprintable()
    assert clean_url(clean) == clean
    assert request_url(clean) == clean
    assert request_url(readable_url(clean)) == clean
    assert clean_url(request_url(url)) == clean
    assert portal_host(clean)


@given(st.one_of(addresses, st.text()))
def test_readers_never_raise(url: str) -> None:
    place, item = item_identity(url)
    assert place is None or place.startswith(("/", "{"))
    assert item is None or item > 0
    name = file_name_of(url)
    assert name is None or (name not in ("", ".", "..") and not set("/\\\0\n") & set(name))
    assert not UNFIT_FOR_A_TERMINAL.search(shown(url))


@pytest.mark.parametrize(
    "unit", ["/", "/.", "/..", "%", "%2e/", ";jsessionid=", "&", "(S(", "http://h.vn/web/2018/", "/Lists", "//@", "é"]
)
def test_hostile_lengths(unit: str) -> None:
    for size in (MAX_LENGTH - 20, 1_000_000):
        url = "http://h.vn/" + unit * (size // len(unit.encode()))
        start = time.process_time()
        for function in (clean_url, readable_url, shown, item_identity, file_name_of, original_url):
            try:
                function(url)
            except InputError:
                assert size > MAX_LENGTH or unit == "é" or "%" in unit
        assert time.process_time() - start < 2
