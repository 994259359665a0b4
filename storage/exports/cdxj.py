"""Lines of a CDXJ index: sort key, 14-digit time, and a JSON object, as pywb and WACZ readers use them.

The sort key is the address in SURT form: host parts reversed (`gov,xa)/tin?id=7`), so that what belongs together stands
together. These readers compute it from the address that is asked for, so it has to follow their rules: those of the
Internet Archive's `surt`, whose order of steps is percent-decoding, lower case, then sorting of the parameters.
Session numbers within addresses, which `surt` also strips, are left in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from storage.exports.members import OFFSETS, Member, bare
from storage.exports.texts import dumps

_PORTS = {"http": 80, "https": 443}
_KEPT = frozenset(range(0x21, 0x7F)) - frozenset(b"#%")
"""Bytes that stand for themselves in a sort key."""


class Line(NamedTuple):
    """What an export needs of a line. file: the last part of its name."""

    url: str
    time: str
    digest: str
    file: str
    offset: int
    revisit: bool


def surt(url: str) -> str:
    """The sort key of an address; what is no http address is its own, without white space."""
    try:
        parts = urlsplit(re.sub(r"[\t\r\n]", "", url.strip()))
        port, host = parts.port, parts.hostname or ""
        host = host if host.isascii() else host.encode("idna").decode()
    except (ValueError, UnicodeError):
        return _squeezed(url)
    if parts.scheme not in _PORTS or not host:
        return _squeezed(url)
    host = re.sub(r"^www\d*\.", "", host)
    place = host if ":" in host else ",".join(reversed(host.strip(".").split(".")))
    place += "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    path = _escaped(_without_dots(_decoded(parts.path.encode()))).lower()
    path = path.removesuffix("/") if len(path) > 1 else path
    pairs = sorted(tuple(pair.split("=", 1)) for pair in _escaped(_decoded(parts.query.encode())).lower().split("&"))
    query = "&".join("=".join(pair) for pair in pairs)
    return f"{place}){path}" + (f"?{query}" if query else "")


def line(member: Member, offset: int, file: str) -> str:
    """The line of a capture that stands at `offset` of `file`."""
    facts: dict[str, Any] = {
        "url": member.url,
        "mime": "warc/revisit" if member.kind == "revisit" else member.mime or "unk",
        "status": member.status,
        "digest": member.digest,
        "length": str(member.length),
        "offset": str(offset),
        "filename": file,
    }
    return f"{surt(member.url)} {member.timestamp} {dumps({name: fact for name, fact in facts.items() if fact})}\n"


def read(lines: Iterator[str]) -> Iterator[Line]:
    """What lines of other hands say; those that are none are passed over."""
    for text in lines:
        keys, brace, rest = text.partition(" {")
        try:
            facts = json.loads(brace[1:] + rest)
            name = re.sub(".*/", "", facts["filename"])
            offset = int(facts["offset"])
            digest, revisit = bare(str(facts.get("digest", ""))), facts.get("mime") == "warc/revisit"
            one = Line(str(facts["url"]), keys.rpartition(" ")[2], digest, name, offset, revisit)
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if offset in OFFSETS:
            yield one


def _squeezed(url: str) -> str:
    return re.sub(r"\s", "", url) or "-"


def _without_dots(path: bytes) -> bytes:
    """The path without `.`, `..` and empty steps."""
    steps: list[bytes] = []
    for step in path.split(b"/"):
        if step == b"..":
            steps = steps[:-1]
        elif step not in (b"", b"."):
            steps.append(step)
    return b"/" + b"/".join(steps) + (b"/" if path.endswith(b"/") and steps else b"")


def _decoded(text: bytes) -> bytes:
    """Without percent-encoding, however often it was applied."""
    while (plain := unquote_to_bytes(text)) != text:
        text = plain
    return text


def _escaped(text: bytes) -> str:
    return "".join(chr(byte) if byte in _KEPT else f"%{byte:02x}" for byte in text)
