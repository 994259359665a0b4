"""Printed Vietnamese telephone numbers in E.164 form.

The numbering plan and its changes are data (scraper/data/phone_migration.toml). A number is tried as what it is today;
if that fails, as what it was before the changes of 2008, 2017 and 2018. Where an old landline reads as a valid mobile
of today, the provinces of the footer and the date of the page decide; if they do not, the number stays without E.164.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Set
from functools import lru_cache
from typing import NamedTuple

from scraper.agency.provinces import ELSEWHERE, neighbours
from scraper.labels import load_table

AMBIGUOUS = "ambiguous_phone"
MISMATCH = "area_code_mismatch"

_NOT_DIGIT = re.compile(r"[^0-9]+")
_BRACKETED = re.compile(r"[\s-]*\(0{0,2}84\)")
_LONG_CODES = ("24", "28")  # the two cities with one-digit former codes and eight-digit subscribers


class Dialled(NamedTuple):
    """e164: `+` and 4 to 15 digits, or None.  problem: code of the doubt that kept it None, where there is one."""

    e164: str | None
    problem: str | None = None


class _Plan(NamedTuple):
    landline: re.Pattern[str]
    mobile: re.Pattern[str]
    service: re.Pattern[str]
    network: re.Pattern[str]
    old_codes: dict[str, tuple[str, str]]
    provinces: dict[str, str]
    mobiles: dict[str, str]
    mobiles_changed: datetime.date
    newer_mobiles: dict[str, datetime.date]


@lru_cache(maxsize=1)
def _plan() -> _Plan:
    data = load_table("phone_migration")
    codes = data["area_codes"]
    return _Plan(
        **{name: re.compile(pattern) for name, pattern in data["plan"].items()},
        old_codes={code[0]: (code[1], name) for name, code in codes.items() if len(code) > 1},
        provinces={code[-1]: name for name, code in codes.items()},
        mobiles=data["mobiles"],
        mobiles_changed=data["mobiles_changed"],
        newer_mobiles=data["newer_mobiles"],
    )


def is_service(digits: str) -> bool:
    """Whether the digits are a 1800 or 1900 number."""
    return _plan().service.fullmatch(digits) is not None


def national_number(printed: str) -> str | None:
    """The digits behind the country code and the trunk zero, or None where the number has neither (a local number).

    84, +84, 084, (84)0 and 0084 are the country code. A number of another country keeps its `+`.
    """
    digits = _NOT_DIGIT.sub("", printed)
    if _BRACKETED.match(printed):
        return digits.partition("84")[2].lstrip("0")
    if "+" in printed or digits.startswith("00"):
        digits = digits.removeprefix("00")
        if not digits.startswith("84"):
            return f"+{digits}"
        return digits[2:].lstrip("0")
    if digits.startswith("084") and len(digits) >= 12:
        return digits[3:].lstrip("0")
    if digits.startswith("84") and 10 <= len(digits) <= 14:
        return digits[2:].lstrip("0")
    if digits.startswith("0"):
        return digits.lstrip("0")
    return digits if is_service(digits) else None


class Dialer:
    """Turns the numbers of one footer into E.164, in order of print: it remembers the area code for those without one.

    provinces: those that the footer's addresses name.  hinted: those that its agencies' names name; they settle what a
    number means but never prove it wrong.
    """

    def __init__(
        self, provinces: Set[str] = frozenset(), hinted: Set[str] = frozenset(), page_date: datetime.date | None = None
    ) -> None:
        self._offices = provinces
        self._likely = provinces or hinted
        self._date = page_date
        self._area = ""
        self._last: str | None = None

    def dial(self, printed: str, *, is_fax: bool = False, is_mobile: bool = False) -> Dialled:
        """E.164 of a printed number without extension; never raises. `is_fax`, `is_mobile`: what its label says."""
        national = national_number(printed)
        if national is None:
            dialled = Dialled(self._with_area(_NOT_DIGIT.sub("", printed)))
        elif national.startswith("+"):
            dialled = Dialled(_foreign(national))
        else:
            dialled = self._vietnamese(national, printed, is_fax, is_mobile)
            self._area = _area(dialled.e164) or ("" if dialled.e164 is None else self._area)
        self._last = dialled.e164
        return dialled

    def tail(self, digits: str) -> str | None:
        """E.164 of the number before with its last digits replaced ("3822454/55")."""
        return self._last[: -len(digits)] + digits if self._last else None

    def _with_area(self, local: str) -> str | None:
        plan = _plan()
        if not self._area:
            return None
        full = self._area + _eighth_digit(self._area, local)
        return f"+84{full}" if plan.landline.fullmatch(full) or plan.network.fullmatch(full) else None

    def _vietnamese(self, national: str, printed: str, is_fax: bool, is_mobile: bool) -> Dialled:
        plan = _plan()
        if plan.network.fullmatch(national) or plan.service.fullmatch(national):
            return Dialled(f"+84{national}")
        if plan.landline.fullmatch(national):
            return self._landline(national)
        if (moved := plan.mobiles.get(national[:3])) and len(national) == 10:
            return Dialled(f"+84{moved}{national[3:]}")
        old = _old_landline(national)
        if not plan.mobile.fullmatch(national):
            return self._landline(old) if old else Dialled(None)
        if old is None or is_mobile:
            return Dialled(f"+84{national}")
        is_landline = is_fax or _code_stands_apart(printed, national, old) or self._is_landline(national, old)
        if is_landline is None:
            return Dialled(None, AMBIGUOUS)
        return self._landline(old) if is_landline else Dialled(f"+84{national}")

    def _is_landline(self, national: str, old: str) -> bool | None:
        """Which of two readings holds: by the date of the page, then by the provinces that it names."""
        plan = _plan()
        if self._date and self._date < plan.newer_mobiles.get(national[:2], plan.mobiles_changed):
            return True
        if self._date and self._date >= plan.mobiles_changed:
            return False
        if self._likely and not any(_province(old) in neighbours(name, self._date) for name in self._likely):
            return False
        return None

    def _landline(self, national: str) -> Dialled:
        """A landline, unless its area code contradicts every office of the footer: then it is a typing error."""
        if self._offices and ELSEWHERE not in self._offices:
            province = _province(national)
            if not any(province in neighbours(name, self._date) for name in self._offices):
                return Dialled(None, MISMATCH)
        return Dialled(f"+84{national}")


def _old_landline(national: str) -> str | None:
    """A number with an area code from before 2017 as it is today; None where no old code fits.

    One digit short is a number from before 2008, when every landline got a leading 3, unless it begins with 3: then a
    digit was lost.
    """
    plan = _plan()
    for length in (3, 2, 1):
        if known := plan.old_codes.get(national[:length]):
            subscriber = _eighth_digit(known[0], national[length:])
            full = known[0] + subscriber
            if subscriber[:1] in "234567" and plan.landline.fullmatch(full):
                return full
    return None


def _eighth_digit(area: str, subscriber: str) -> str:
    usual = {"80": 5, "69": 6}.get(area, 8 if area in _LONG_CODES else 7)
    return f"3{subscriber}" if len(subscriber) == usual - 1 > 5 and subscriber[0] != "3" else subscriber


def _code_stands_apart(printed: str, national: str, old: str) -> bool | None:
    """Whether print itself shows an old area code: in brackets, or 08 alone, which no mobile is grouped like."""
    code = re.match(r"\s*(\()?\s*0(\d{1,3})\s*(?(1)\)|[\s.-])", printed)
    if code is None or _plan().old_codes.get(code[2], ("",))[0] not in (old[:2], old[:3]):
        return None
    return True if code[1] or len(code[2]) == 1 else None


def _area(e164: str | None) -> str:
    if e164 is None or not e164.startswith(("+842", "+8480", "+8469")):
        return ""
    return e164[3 : 5 if e164[3:5] in (*_LONG_CODES, "80", "69") else 6]


def _province(national: str) -> str | None:
    provinces = _plan().provinces
    return provinces.get(national[:2]) or provinces.get(national[:3])


def _foreign(number: str) -> str | None:
    """E.164 of another country's number, checked by libphonenumber (a heavy import, and rarely needed)."""
    if not 7 <= len(number) <= 16:
        return None
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
