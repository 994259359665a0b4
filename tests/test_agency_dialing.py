"""Telephone numbers: every printed style gives the same E.164, old numbers move, doubts stay null."""

from __future__ import annotations

import datetime
import re
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.agency.dialing import AMBIGUOUS, MISMATCH, Dialer, national_number
from scraper.agency.phones import read_numbers
from scraper.agency.provinces import is_central, neighbours, province_called
from scraper.labels import load_table

PLAN = load_table("phone_migration")
CODES = sorted({codes[-1] for codes in PLAN["area_codes"].values()})
E164 = re.compile(r"\+\d{4,15}")
VALID = phonenumbers.PhoneNumberType


def day(text: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None


@st.composite
def landlines(draw: st.DrawFn) -> tuple[str, str]:
    """(area code, subscriber) of today's plan."""
    code = draw(st.sampled_from(CODES))
    length = 7 if code in ("24", "28") else 6
    return code, "3" + "".join(draw(st.lists(st.sampled_from("0123456789"), min_size=length, max_size=length)))


@st.composite
def styles(draw: st.DrawFn) -> tuple[str, str]:
    """(printed, E.164) of a landline in any style met on portals."""
    code, subscriber = draw(landlines())
    cut = draw(st.integers(1, len(subscriber) - 1))
    gap = draw(st.sampled_from(["", " ", ".", "-", " - "]))
    body = subscriber[:cut] + gap + subscriber[cut:]
    join = draw(st.sampled_from([" ", ".", "", "-"]))
    prefix = draw(
        st.sampled_from(
            [
                "0{}",
                "(0{})",
                "(84-{})",
                "(84.{})",
                "84.{}",
                "(+84 {})",
                "+84 {}",
                "(84 0{})",
                "(84{})",
                "(084)0{}",
                "0084 {}",
            ]
        )
    ).format(code)
    return prefix + join + body, f"+84{code}{subscriber}"


@given(styles())
def test_print_does_not_matter(case: tuple[str, str]) -> None:
    printed, expected = case
    assert Dialer().dial(printed).e164 == expected


@given(styles())
def test_a_labelled_value_gives_the_number_back(case: tuple[str, str]) -> None:
    printed, expected = case
    assert [Dialer().dial(number.raw).e164 for number in read_numbers(printed)] == [expected]


@given(st.lists(styles(), min_size=1, max_size=4), st.sampled_from([" - ", " / ", ", ", "; ", " | ", " hoặc "]))
def test_numbers_beside_each_other(cases: list[tuple[str, str]], separator: str) -> None:
    numbers = [number.raw for number in read_numbers(separator.join(printed for printed, _ in cases))]
    assert [Dialer().dial(raw).e164 for raw in numbers] == [e164 for _, e164 in cases]


@given(st.text(max_size=60) | st.text("0123456789 ()+-./84", max_size=40))
def test_never_raises_and_never_invents(text: str) -> None:
    dialled = Dialer().dial(text)
    assert dialled.e164 is None or E164.fullmatch(dialled.e164)
    for number in read_numbers(text):
        assert number.raw


@given(st.text("0123456789", min_size=9, max_size=10).filter(lambda digits: digits[0] not in "01"))
def test_plan_agrees_with_libphonenumber(national: str) -> None:
    """On everything but former numbers: there the library knows only today's plan."""
    number = phonenumbers.PhoneNumber(country_code=84, national_number=int(national))
    known = phonenumbers.number_type(number) in (VALID.FIXED_LINE, VALID.MOBILE)
    ours = any(re.fullmatch(PLAN["plan"][kind], national) for kind in ("landline", "mobile"))
    assert ours == known


@pytest.mark.parametrize("first", range(20, 100))
def test_plan_agrees_on_every_prefix(first: int) -> None:
    for third in range(100):
        for length in (9, 10):
            national = f"{first}{third:02}".ljust(length, "3")
            number = phonenumbers.PhoneNumber(country_code=84, national_number=int(national))
            known = phonenumbers.number_type(number) in (VALID.FIXED_LINE, VALID.MOBILE)
            assert any(re.fullmatch(PLAN["plan"][kind], national) for kind in ("landline", "mobile")) == known, national


def test_tables_agree() -> None:
    assert len(PLAN["area_codes"]) == 63
    assert all(province_called(name.removeprefix("TP. ")) == name for name in PLAN["area_codes"])
    assert {name for name in PLAN["area_codes"] if is_central(name)} >= {"Hà Nội", "Cần Thơ"}
    assert neighbours("Bến Tre", day("2020-01-01")) == {"Bến Tre"}
    assert neighbours("Bến Tre", None) == {"Bến Tre", "Trà Vinh", "Vĩnh Long"}


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("080 41236", "+848041236"),
        ("08 041236", "+848041236"),
        ("069.741.236", "+8469741236"),
        ("1900 6183", "+8419006183"),
        ("18001183", "+8418001183"),
        ("0168 555 1203", "+84385551203"),
        ("0123.555.1203", "+84835551203"),
        ("0511.3888 203", "+842363888203"),
        ("075 3888 203", "+842753888203"),
        ("0240 3888 203", "+842043888203"),
        ("(04) 7.361.203", "+842437361203"),
        ("(04) 3.361.203", None),  # eight digits since 2008: one is lost
        ("075 888 203", "+842753888203"),
        ("+33 1 44 14 64 21", "+33144146421"),
        ("+84 275 38", None),
        ("0999", None),
        ("3888 203", None),
        ("", None),
    ],
)
def test_forms(printed: str, expected: str | None) -> None:
    assert Dialer().dial(printed).e164 == expected


@pytest.mark.parametrize(
    ("printed", "provinces", "page_date", "expected"),
    [
        ("0383 861 203", {"Nghệ An"}, "2015-01-01", "+842383861203"),
        ("0383 861 203", {"Nghệ An"}, "2021-01-01", "+84383861203"),
        ("0383 861 203", {"Nghệ An"}, None, None),
        ("0383 861 203", {"Bến Tre"}, None, "+84383861203"),
        ("0383 861 203", {"Bến Tre"}, "2015-01-01", None),
        ("0383 861 203", set(), None, None),
        ("(038) 3861 203", {"Nghệ An"}, None, "+842383861203"),
        ("0837 244 203", {"TP. Hồ Chí Minh"}, None, None),
        ("08.37244203", {"TP. Hồ Chí Minh"}, None, "+842837244203"),
        ("0886 244 203", {"TP. Hồ Chí Minh"}, None, "+84886244203"),
        ("0868 244 203", {"Hà Nội"}, "2017-01-01", "+84868244203"),
        ("0703 861 203", {"Bến Tre"}, None, None),  # Vĩnh Long's old code, and Bến Tre is part of it now
    ],
)
def test_old_landline_or_mobile(printed: str, provinces: set[str], page_date: str | None, expected: str | None) -> None:
    dialled = Dialer(provinces, page_date=day(page_date)).dial(printed)
    assert dialled.e164 == expected
    assert (dialled.problem in (AMBIGUOUS, MISMATCH)) == (expected is None)


def test_labels_settle_a_doubt() -> None:
    dialer = Dialer({"Nghệ An"})
    assert dialer.dial("0383 861 203", is_fax=True).e164 == "+842383861203"
    assert dialer.dial("0383 861 203", is_mobile=True).e164 == "+84383861203"
    assert Dialer(hinted={"Bến Tre"}).dial("0383 861 203").e164 == "+84383861203"


def test_area_code_of_another_province() -> None:
    assert Dialer({"Bến Tre"}, page_date=day("2019-01-01")).dial("0294 3861 203") == (None, MISMATCH)
    assert Dialer({"Bến Tre"}, page_date=day("2026-01-01")).dial("0294 3861 203").e164 == "+842943861203"
    assert Dialer({"Bến Tre", "Hà Nội"}).dial("024 3861 2203").e164 == "+842438612203"
    assert Dialer(hinted={"Bến Tre"}).dial("0294 3861 203").e164 == "+842943861203"


def test_area_code_is_carried_on() -> None:
    dialer = Dialer()
    assert dialer.dial("3861 203").e164 is None
    assert dialer.dial("(04) 3861 2203").e164 == "+842438612203"
    assert dialer.dial("3861 2204").e164 == "+842438612204"
    assert dialer.dial("0912 861 203").e164 == "+84912861203"
    assert dialer.dial("3861 2205").e164 == "+842438612205"
    assert dialer.tail("18") == "+842438612218"
    assert dialer.dial("080 41236").e164 == "+848041236"
    assert dialer.dial("41237").e164 == "+848041237"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0275.3861 203/04 (máy lẻ 12) / 0275 3861 300", ["0275.3861 203", "04", "0275 3861 300"]),
        ("(0275) 3861 203 (115)", ["(0275) 3861 203"]),
        ("(0275) 3861 203 (115) - 0275 3861 204, ext: 3, 4", ["(0275) 3861 203", "0275 3861 204"]),
        ("02753.861.203 02753.861.204", ["02753.861.203", "02753.861.204"]),
        ("0275 3861 203 0912 861 203", ["0275 3861 203", "0912 861 203"]),
        ("3861 - 203", ["3861 - 203"]),
        ("0243 728 - 1203", ["0243 728 - 1203"]),
        ("(024) 3-861-1203", ["(024) 3-861-1203"]),
        ("0275.3861.203-21", ["0275.3861.203", "21"]),
        ("(0275.3861.203)", ["0275.3861.203"]),
        ("115", ["115"]),
        ("12345", []),
        ("7h30 - 17h00", []),
        ("24/7", []),
    ],
)
def test_splitting(value: str, expected: list[str]) -> None:
    assert [number.raw for number in read_numbers(value)] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0275 3861 203", ["0275 3861 203"]),
        ("số 0275386120 cấp ngày", []),
        ("2 415 733", []),
        ("0000012", []),
    ],
)
def test_unlabelled_numbers_must_be_complete(value: str, expected: list[Any]) -> None:
    assert [number.raw for number in read_numbers(value, strict=True)] == expected


def test_national_number() -> None:
    assert national_number("(84)0275 3861 203") == "2753861203"
    assert national_number("84123456") is None
    assert national_number("+1 650 253 0000") == "+16502530000"
