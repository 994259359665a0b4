"""What differs between two answers of an ASP.NET page that say the same: states, digests, correlation ids, clocks.

Two captures whose bytes differ in nothing else are the `same_content`. Only what is listed here counts as noise; text
that a reader sees does not, but for the ticking clock in a page's header and the portal's counters of visitors (not
those of an article's readers, which a record holds).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache

_STATES = rb"__VIEWSTATE(?:\d+|ENCRYPTED)?|__EVENTVALIDATION|__PREVIOUSPAGE|__REQUESTDIGEST|__RequestVerificationToken"
_GUID = rb"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_SAID = rb"[\"']?\s{0,9}[:=]\s{0,9}[\"']?)\{?" + _GUID
_DIGEST = rb"0x[0-9A-Fa-f]{16,},\d\d? \w{3} \d{4} \d\d:\d\d:\d\d [-+]\d{4}"
_CLOCK = re.compile(rb"(?:.*[_$])?(?:currentdate|current-?time|clock|dong-?ho|tP)", re.DOTALL)

_COUNTED = (
    "(?:(?:Tổng s|S)ố |Tổng )?[Ll]ượt truy cập|Tổng truy cập|Đang (?:truy cập|online|trực tuyến)"
    "|(?:Khách t|T)rực tuyến|Visitors"
).encode()


def _still(found: re.Match[bytes]) -> bytes:
    """An element without its text, if its id is that of a clock."""
    return found[1] if _CLOCK.fullmatch(found[2]) else found[0]


# Every repetition is bounded or ends at the next tag, so that no page takes more than linear time.
_NOISE: tuple[tuple[re.Pattern[bytes], bytes | Callable[[re.Match[bytes]], bytes]], ...] = (
    # <input type="hidden" name="__VIEWSTATE" id="…" value="…">, whatever the order of what stands in it
    (
        re.compile(rb"<input\b(?=[^<>]{0,300}?\bname=[\"']?(?:" + _STATES + rb")[\"'\s])[^<>]*+>", re.IGNORECASE),
        b"<input>",
    ),
    # "formDigestValue":"0x…,24 Nov 2026 14:09:26 -0000"
    (re.compile(_DIGEST), b""),
    # var g_correlationId = '…';  "CorrelationId":"…";  SPRequestGuid: …  (literal beginnings are what makes it fast)
    (re.compile(rb"(orrelation_?[iI]d" + _SAID), rb"\1"),
    (re.compile(rb"(equest_?[gG]uid" + _SAID), rb"\1"),
    # <span id="currentdate">Thứ ba, 24/11/2026 14:09:26</span>
    (
        re.compile(
            rb"(<(?:span|div|td|p)\b[^<>]{0,300}?\bid=[\"']?([\w$-]{1,100}+)(?:[\"'\s][^<>]{0,300}+)?>)[^<]{1,100}+(?=<)"
        ),
        _still,
    ),
    # <p>Số lượt truy cập: <b>2.114.907</b></p>, with nothing else in it: an article may count visitors in a sentence
    (
        re.compile(
            rb"(>\s{0,9}(?:"
            + _COUNTED
            + rb")\s{0,9}:?\s{0,9}(?:<[^<>]{1,100}+>\s{0,9}){0,3})[0-9][0-9.,]{0,20}+(?=\s{0,9}<)"
        ),
        rb"\1",
    ),
)


def without_noise(content: bytes) -> bytes:
    """The bytes less their noise; for comparing, not for reading."""
    for pattern, instead in _NOISE:
        content = pattern.sub(instead, content)
    return content


def same_content(one: bytes, other: bytes) -> bool:
    """Whether two answers differ in noise alone."""
    return one == other or without_noise(one) == without_noise(other)


@lru_cache(maxsize=2)
def content_digest(content: bytes) -> str:
    """SHA-256, hexadecimal, of the bytes less their noise: equal where `same_content` is true."""
    return hashlib.sha256(without_noise(content)).hexdigest()
