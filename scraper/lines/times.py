"""Clock times as portals print them: `08:15`, `14h30`, `9 giờ 15 phút`, `4:00 PM`, `2:15 CH`, with or without a zone.

Conventions observed on portals: SA and CH are AM and PM; a 24-hour value keeps its hour whatever half of the day is
printed behind it; midnight is what a date column shows when nobody entered a time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from scraper.lines.words import one_of, table

LOCAL_OFFSET = 7 * 60
"""Minutes from UTC that a printed time has when no zone is printed: Việt Nam has used UTC+7 throughout since 1975."""

# For use in a VERBOSE | IGNORECASE pattern.
TIME = r"""(?P<hour>2[0-3]|[01]?\d)(?:
      \s?(?:h\s?:?|g|giờ|:)\s?(?P<minute>[0-5]?\d)(?!\d)(?:\s?:\s?(?P<second>[0-5]\d)(?:[.,]\d{1,7})?)?(?:\s?(?:phút|['’′]))?
    | \s?(?:h|giờ)(?!\w)
    | (?=\s?[ap]\.?m\b)
  )(?:\s?(?P<half>[ap]\.?\s?m\b\.?|(?:sa|ch|sáng|trưa|chiều|tối)(?!\w)))?"""
_AFTERNOON = frozenset({"pm", "ch", "chiều", "tối"})
_MORNING = frozenset({"am", "sa", "sáng"})


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day. offset: minutes from UTC when a zone is printed."""

    hour: int
    minute: int
    second: int | None
    offset: int | None

    def iso(self) -> str:
        """`T08:15:00+07:00`."""
        minutes = LOCAL_OFFSET if self.offset is None else self.offset
        sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
        second = self.second or 0
        return f"T{self.hour:02}:{self.minute:02}:{second:02}{sign}{minutes // 60:02}:{minutes % 60:02}"


@lru_cache(maxsize=1)
def zone_pattern() -> str:
    """Pattern of a printed zone (`GMT+7`, `(UTC +07:00)`, `Z`, `+07:00`, `EST`), groups off, stamp and zone."""
    return rf"""\s?[(\[]?(?:
        (?:gmt|utc)\s?(?P<off>[+\-−]\s?\d\d?(?::?[0-5]\d)?)(?!\d)
      | (?P<stamp>(?<=\d)z(?!\w)|\+(?:0\d|1[0-4]):?[0-5]\d(?![\d.])|(?<=\d)-(?:0\d|1[0-2]):?[03]0(?![\d.]))
      | (?P<zone>{one_of(table()["zones"])})(?!\w)
    )[)\]]?"""


def read_clock(time: re.Match[str] | None, zone: re.Match[str] | None) -> Clock | None:
    """The time that a match of TIME and one of `zone_pattern` state; None when it only fills an empty time of day."""
    if time is None:
        return None
    hour, minute = int(time["hour"]), int(time["minute"] or 0)
    second = int(time["second"]) if time["second"] else None
    offset = _offset(zone)
    if hour < 13 and time["half"]:
        half = re.sub(r"[.\s]", "", time["half"].casefold())
        if half in _AFTERNOON or (half == "trưa" and hour < 10):
            hour = hour % 12 + 12
        elif half in _MORNING:
            hour %= 12
    if hour == minute == 0 and not second and offset is None:
        return None
    return Clock(hour, minute, second, offset)


def _offset(zone: re.Match[str] | None) -> int | None:
    if zone is None:
        return None
    if name := zone["zone"]:
        return int(table()["zones"][name.casefold()]) * 60
    text = zone["off"] or zone["stamp"]
    if not text:
        return None
    digits = re.sub(r"\D", "", text)
    if not digits:
        return 0
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    return (-1 if text[0] in "-−" else 1) * (hours * 60 + minutes)
