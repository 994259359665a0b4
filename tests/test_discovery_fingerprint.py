"""Soft 404: the answer to an absurd item, told apart from articles on the same chrome."""

from __future__ import annotations

import json

import pytest

from scraper.discovery.fingerprint import fingerprint, fits
from tests.listing_pages import answer

MENU = "".join(f'<li><a href="/{word}.aspx">{word.title()}</a></li>' for word in "một hai ba bốn năm sáu bảy".split())


def page(
    body: str, *, clock: str = "Thứ Ba, ngày 24/11/2026 9:15:02 SA", views: str = "1.234.567", news: str = "Tin cũ"
) -> str:
    """An article page of a portal: all chrome, and whatever stands in its middle."""
    return f"""<html><head><title>Thị xã</title><script>var token = "{clock}";</script></head><body><form>
    <input type="hidden" name="__VIEWSTATE" value="{abs(hash(clock))}"><div id="currentdate">{clock}</div>
    <ul>{MENU}</ul>
    <div class="main">{body}</div><div class="tinmoi"><h3>TIN MỚI</h3><a href="?ItemID=9">{news}</a></div>
    <div class="footer"><p>Cơ quan chủ quản: UBND thị xã</p><p>Địa chỉ: số 1 đường Một, phường Hai</p>
    <p>Điện thoại: 0123 456 789</p><p>Lượt truy cập: {views}</p></div></form></body></html>"""


MISSING = page("<p>Không tìm thấy bài viết 999999999</p>")


@pytest.mark.parametrize(
    "other",
    [
        MISSING,
        page("<p>Không tìm thấy bài viết 17</p>", clock="Chủ Nhật, ngày 1/2/2027 10:00:59 CH", views="1.240.001"),
        page("<p>Không tìm thấy bài viết 8</p>", news="Một tin khác vừa đăng sáng nay về nông thôn mới của thị xã"),
    ],
)
def test_the_same_page_fits(other: str) -> None:
    assert fits(fingerprint(answer(MISSING)), answer(other))


@pytest.mark.parametrize(
    "other",
    [
        page("<h1>Thông báo nghỉ lễ</h1><p>24/11/2026 | Lê Văn A</p>"),
        page("<h1>Tổng kết năm</h1><p>Sáng nay, thị xã đã họp.</p>"),
        "<html><body><p>Đăng nhập</p></body></html>",
        "<html></html>",
        "",
    ],
)
def test_articles_and_other_pages_do_not(other: str) -> None:
    assert not fits(fingerprint(answer(MISSING)), answer(other))


def test_an_empty_middle_is_told_from_a_short_article() -> None:
    empty = fingerprint(answer(page("")))
    assert fits(empty, answer(page("", clock="Thứ Sáu, ngày 27/11/2026 1:05:02 CH")))
    assert not fits(empty, answer(page("<p>Ảnh đẹp thị xã</p><p>Nguyễn Thị B</p>")))


def test_correlation_ids_do_not_count() -> None:
    error = "<p>Sorry, something went wrong</p><p>Correlation ID: {}</p><p>Date and Time: {}</p>"
    first = error.format("0a1b2c3d-aaaa-4bbb-8ccc-0123456789ab", "11/24/2026 9:15:02 AM")
    second = error.format("ffffffff-1111-4222-8333-abcdefabcdef", "11/25/2026 12:00:00 PM")
    assert fits(fingerprint(answer(first)), answer(second))


def test_values_in_scripts_are_an_articles() -> None:
    def form(row: dict[str, str]) -> str:
        data = json.dumps({"ListData": row, "ListSchema": {}})
        return page(f"<span data-sp-control='x'></span><script>WPQ2FormCtx = {data};</script>")

    empty = fingerprint(answer(form({"ID": "999999999"})))
    assert fits(empty, answer(form({"ID": "8"})))
    assert not fits(empty, answer(form({"ID": "8", "Title": "Thông báo tuyển dụng viên chức"})))


def test_a_page_without_text_fits_only_its_like() -> None:
    blank = fingerprint(answer(b""))
    assert fits(blank, answer(b"   "))
    assert not fits(blank, answer(MISSING))
