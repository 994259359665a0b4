"""Dates: offsets, roles, order of day and month, form cells, every printed form read back, bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.lines.captions import is_file_name, split_caption
from scraper.lines.counters import read_views
from scraper.lines.dates import parse_form_date, read_dates, relative_duration
from scraper.lines.header import read_header
from scraper.lines.names import is_person, is_unit

LOCAL = timezone(timedelta(hours=7))
WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật")
MONTHS = (
    ("January", "Một"),
    ("February", "Hai"),
    ("March", "Ba"),
    ("April", "Tư"),
    ("May", "Năm"),
    ("June", "Sáu"),
    ("July", "Bảy"),
    ("August", "Tám"),
    ("September", "Chín"),
    ("October", "Mười"),
    ("November", "Mười Một"),
    ("December", "Mười Hai"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def only(text: str, day_first: bool | None = True) -> str:
    """`value` of the single date of a text."""
    (reading,) = read_dates(text, day_first=day_first)
    return reading.value


def test_raw_and_offsets_hold_weekday_time_and_zone_but_no_label() -> None:
    text = "Ngày đăng: Thứ Tư, 16:08, 22/04/2020 (GMT+7) | Đặng Vân"
    (reading,) = read_dates(text)
    assert reading.raw == "Thứ Tư, 16:08, 22/04/2020 (GMT+7)"
    assert text[reading.start : reading.end] == reading.raw
    assert (reading.role, reading.precision, reading.day) == ("published", "minute", "2020-04-22")


def test_two_dates_of_a_line_keep_their_own_times() -> None:
    before = read_dates("Ngày đăng: 10:00 16/03/2021 - Ngày sửa: 11:00 18/03/2021")
    behind = read_dates("Ngày đăng: 16/03/2021 10:00 - Ngày sửa: 18/03/2021 11:00")
    assert [d.value for d in before] == [d.value for d in behind]
    assert [d.role for d in before] == ["published", "updated"]


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("16/03/2021", "none"),
        ("Ngày: 16/03/2021", "none"),
        ("Ngày đăng: 16/03/2021", "published"),
        ("Chỉnh sửa lần cuối: 16/03/2021", "updated"),
        ("Có hiệu lực từ ngày 16/03/2021", "document"),
        ("Chỉ thị số 8/CT-VD ngày 16/03/2021", "document"),
        ("Sáng ngày 16/03/2021, xã họp dân", "event"),
        ("Từ ngày 16/03/2021, chợ mở lại", "event"),
        ("Cập nhật đến ngày 16/03/2021 toàn huyện có 5 ca", "event"),
        ("Chợ mở lại 16/03/2021", "event"),
        ("Chợ mở lại (16/03/2021)", "event"),
        ("Chợ mở lại (16/03/2021 08:00)", "none"),
    ],
)
def test_role(text: str, role: str) -> None:
    assert [d.role for d in read_dates(text)] == [role]


@pytest.mark.parametrize(
    ("text", "day_first", "value", "alternative"),
    [
        ("7/9/2018", True, "2018-09-07", None),
        ("7/9/2018", False, "2018-07-09", None),
        ("7/9/2018", None, "2018-09-07", "2018-07-09"),
        ("7/9/2018 2:00 PM", None, "2018-09-07T14:00:00+07:00", "2018-07-09T14:00:00+07:00"),
        ("7/9/2018 2:00 CH", None, "2018-09-07T14:00:00+07:00", None),
        ("8.6.2016", None, "2016-06-08", None),
        ("Đăng lúc 7/9/2018", None, "2018-09-07", None),
        ("Publié le 7/9/2018", None, "2018-09-07", None),
        ("Friday, 7/9/2018", None, "2018-09-07", None),
        ("Monday, 7/9/2018", None, "2018-07-09", None),
        ("Sunday, 7/9/2018", None, "2018-09-07", "2018-07-09"),
        ("Monday, 7/9/2018", True, "2018-09-07", None),
        ("7/13/2018", True, "2018-07-13", None),
        ("13/7/2018", False, "2018-07-13", None),
        ("7/7/2018", None, "2018-07-07", None),
    ],
)
def test_order_of_day_and_month(text: str, day_first: bool | None, value: str, alternative: str | None) -> None:
    (reading,) = read_dates(text, day_first=day_first)
    assert (reading.value, reading.alternative) == (value, alternative)


@pytest.mark.parametrize("text", ["31/12/9999", "01/01/1900", "1/1/0001", "30/02/2020", "00/05/2020", "45/13/2020", ""])
def test_impossible_and_empty_dates_are_left_out(text: str) -> None:
    assert read_dates(text) == ()
    assert parse_form_date(text, day_first=True) is None


@pytest.mark.parametrize(
    ("cell", "day_first", "value"),
    [
        ("16/08/2015 19:10", True, "2015-08-16T19:10:00+07:00"),
        ("8/4/2020 2:15 PM", False, "2020-08-04T14:15:00+07:00"),
        ("04/08/2020 2:15 CH", None, "2020-08-04T14:15:00+07:00"),
        ("8/4/2020 12:00:00 AM", False, "2020-08-04"),
        ("2020-08-04T07:15:00Z", None, "2020-08-04T07:15:00+00:00"),
        ("2020-08-04T07:15:00.123-05:00", None, "2020-08-04T07:15:00-05:00"),
        ("2020-08-04 07:15:00", None, "2020-08-04T07:15:00+07:00"),
        ("datetime;#2020-08-04 07:15:00", None, "2020-08-04T07:15:00+07:00"),
        ("/Date(1596525300000)/", None, "2020-08-04T07:15:00+00:00"),
        ("\\/Date(1596525300000)\\/", None, "2020-08-04T07:15:00+00:00"),
        ("20200804", None, "2020-08-04"),
        ("20200804T071500Z", None, "2020-08-04T07:15:00+00:00"),
    ],
)
def test_form_cell(cell: str, day_first: bool | None, value: str) -> None:
    reading = parse_form_date(cell, day_first=day_first)
    assert reading is not None
    assert (reading.value, reading.role) == (value, "none")


@pytest.mark.parametrize(
    "cell", ["Họp ngày 16/08/2015", "16/08/2015 và 17/08/2015", "/Date(99999999999999)/", "1596525300"]
)
def test_form_cell_that_is_no_date(cell: str) -> None:
    assert parse_form_date(cell, day_first=True) is None


def test_open_order_of_a_form_cell_is_reported() -> None:
    reading = parse_form_date("8/4/2020 2:15 PM", day_first=None)
    assert reading is not None
    assert reading.alternative == "2020-08-04T14:15:00+07:00"


def test_relative_duration_is_the_whole_text() -> None:
    assert relative_duration("3 tuần trước") == "-P3W"
    assert relative_duration("một giờ trước") == "-PT1H"
    assert relative_duration("an hour ago") == "-PT1H"
    assert relative_duration("Ba năm trước nơi này là đồng hoang") is None
    assert relative_duration("3 tuần") is None


def half(moment: datetime, names: tuple[str, str]) -> str:
    """12-hour clock."""
    return f"{moment.hour % 12 or 12}:{moment.minute:02} {names[moment.hour >= 12]}"


FORMS: list[Callable[[datetime], str]] = [
    lambda t: f"{t:%d/%m/%Y %H:%M}",
    lambda t: f"{t.day}-{t.month}-{t.year} - {t:%H:%M}",
    lambda t: f"{t:%d.%m.%Y} | {t:%H:%M}",
    lambda t: f"({t:%d.%m.%Y %H:%M})",
    lambda t: f"{t.hour}h{t.minute:02} ngày {t:%d/%m/%Y}",
    lambda t: f"{t.hour}:{t.minute:02}' ngày {t.day}-{t.month}-{t.year}",
    lambda t: f"{WEEKDAYS[t.weekday()]}, ngày {t.day} tháng {t.month} năm {t.year}, {t:%H:%M} (GMT+7)",
    lambda t: f"{WEEKDAYS[t.weekday()]}: {t:%H:%M} ngày {t:%d/%m/%Y}",
    lambda t: f"{WEEKDAYS[t.weekday()]}, {t:%H:%M}, {t:%d/%m/%Y}",
    lambda t: f"Tháng {MONTHS[t.month - 1][1]} {t.day}, {t.year} {t:%H:%M}",
    lambda t: f"ngày {t.day} tháng {MONTHS[t.month - 1][1].lower()} năm {t.year}, {t.hour} giờ {t.minute} phút",
    lambda t: f"{t:%d/%m/%Y} {half(t, ('SA', 'CH'))}",
    lambda t: f"{half(t, ('AM', 'PM'))} {t:%d/%m/%Y}",
    lambda t: f"{DAYS[t.weekday()]}, {t.day} {MONTHS[t.month - 1][0]} {t.year}, {half(t, ('a.m.', 'p.m.'))}",
    lambda t: f"{MONTHS[t.month - 1][0]} {t.day}, {t.year} {half(t, ('am', 'pm'))}",
    lambda t: f"{t.day}-{MONTHS[t.month - 1][0][:3]}-{t.year} {t:%H:%M}",
    lambda t: f"{t:%Y-%m-%d %H:%M}",
    lambda t: t.replace(tzinfo=LOCAL).isoformat(),
    lambda t: t.replace(tzinfo=LOCAL).astimezone(UTC).isoformat().replace("+00:00", "Z"),
]


@given(moment=st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 30)), form=st.sampled_from(FORMS))
def test_a_printed_time_reads_back(moment: datetime, form: Callable[[datetime], str]) -> None:
    moment = moment.replace(second=0, microsecond=0)
    text = form(moment)
    got = only(text)
    if moment.hour == moment.minute == 0 and len(got) == 10:
        assert got == moment.date().isoformat()
    else:
        assert datetime.fromisoformat(got) == moment.replace(tzinfo=LOCAL), text


words = st.text(max_size=60) | st.text("0123456789/-.: |()nNgàyThứ năm Ảnh: Lượt xem theo./", max_size=80)


@given(text=words, day_first=st.sampled_from([True, False, None]))
def test_arbitrary_text_never_raises(text: str, day_first: bool | None) -> None:
    for reading in read_dates(text, day_first=day_first):
        assert text[reading.start : reading.end] == reading.raw
        datetime.fromisoformat(reading.value if len(reading.value) > 7 else f"{reading.value}-01")
    parse_form_date(text, day_first=day_first)
    relative_duration(text)
    read_views(text)
    split_caption(text)
    is_file_name(text)
    is_person(text)
    is_unit(text)


@given(
    lines=st.lists(words, max_size=6),
    context=st.sampled_from(["article header", "page header", "byline", "body", "footer"]),
    day_first=st.sampled_from([True, False, None]),
)
def test_arbitrary_lines_never_raise(lines: list[str], context: str, day_first: bool | None) -> None:
    reading = read_header(lines, context=context, day_first=day_first)
    assert all(0 <= index < len(lines) for index in reading.lines.values())


HOSTILE = [
    "1",
    "1/1/",
    "16/03/2021 ",
    " ",
    "tin, ",
    "ngày ",
    "thứ 2 ",
    "1:",
    "Ảnh: ",
    "./",
    "(",
    "lượt xem ",
    "12 năm ",
    "A",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_grows_with_length_only(unit: str) -> None:
    """Eight times the text takes far less than 64 times as long; one line and many lines."""

    def seconds(size: int) -> float:
        line = unit * (size // len(unit))
        many = [unit * (40 // len(unit))] * (size // 40)
        start = time.process_time()
        for context in ("article header", "body"):
            read_header([line], context=context, day_first=None)
            read_header(many, context=context, day_first=None)
        return time.process_time() - start

    seconds(1000)
    small, large = seconds(5_000), seconds(40_000)
    assert large < 0.2 or large < 30 * small
