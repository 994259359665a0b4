"""CDXJ: a sorted text index of captures by address and time, as pywb and other replay tools read it.

    com,example)/tin?itemid=7 20240506070809 {"url": …, "mime": …, "status": …, "digest": …, "length": …, "offset": …}

The key of an address is its SURT (sort-friendly form) as wayback machines make it: scheme, user, fragment and a leading
`www.` left out, path and query in lower case, parameters sorted, session numbers dropped, host reversed.
"""

from __future__ import annotations

import bisect
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

_SAFE = "!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~"
_PORTS = {"http": 80, "https": 443}
_WWW = re.compile(r"^www\d*\.")
_PATH_SESSION = re.compile(r"^(.*/)\((?:(?:[a-z]\([0-9a-z]{24}\))+|[0-9a-z]{24})\)/([^?]+\.aspx.*)$")
_QUERY_SESSIONS = tuple(
    re.compile(rf"^(.*){name}(?:&(.*))?$")
    for name in (
        "jsessionid=[0-9a-z]{32}",
        "phpsessid=[0-9a-z]{32}",
        "sid=[0-9a-z]{32}",
        "aspsessionid[a-z]{8}=[a-z]{24}",
        "cfid=[^&]+&cftoken=[^&]+",
    )
)


def key_of(url: str) -> str:
    """The SURT of a web address; anything else is its own key, without blanks."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
    except ValueError:
        return _unspaced(url)
    if scheme not in _PORTS or not host:
        return _unspaced(url)
    host = _WWW.sub("", _once(host).lower().replace("..", ".").strip("."), count=1)
    named = ",".join(reversed(host.split(".")))
    if port and port != _PORTS[scheme]:
        named += f":{port}"
    path, query = _path(parts.path), _query(parts.query)
    return _unspaced(f"{named}){path}" + (f"?{query}" if query else ""))


def line_of(url: str, date: str, facts: dict[str, Any]) -> bytes:
    """One line. date: as in WARC-Date, in UTC."""
    stamp = re.sub(r"\D", "", date)[:14]
    return f"{key_of(url)} {stamp} {json.dumps({'url': url} | facts, ensure_ascii=True)}\n".encode("utf-8", "replace")


def facts_of(line: bytes) -> dict[str, Any]:
    """The JSON part of a line, with its time as `timestamp`. Raises ValueError for what is no such line."""
    parts = line.decode("utf-8").split(" ", 2)
    facts = json.loads(parts[2]) if len(parts) == 3 else None
    if not isinstance(facts, dict):
        raise ValueError("no line of a CDXJ")
    return facts | {"timestamp": parts[1]}


class SortedLines:
    """A sorted file of lines, searched where it lies: no more than some blocks of it are read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def with_prefix(self, prefix: bytes) -> Iterator[bytes]:
        """The lines that begin so; none where there is no file."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        with os.fdopen(descriptor, "rb") as stream:
            size = os.fstat(descriptor).st_size
            start = bisect.bisect_left(range(size), prefix, key=lambda at: _line_from(stream, at))
            stream.seek(_line_start(stream, start))
            for line in stream:
                if not line.startswith(prefix):
                    return
                yield line


def _line_start(stream: Any, at: int) -> int:
    """Where the first line begins that begins at that byte or after it."""
    if at == 0:
        return 0
    stream.seek(at - 1)
    stream.readline()
    place: int = stream.tell()
    return place


def _line_from(stream: Any, at: int) -> bytes:
    """The first line that begins at that byte or after it; what sorts after every line at the end."""
    stream.seek(_line_start(stream, at))
    line: bytes = stream.readline()
    return line or b"\xff"


def _once(text: str) -> str:
    """Percent-encoding undone as often as it was done, then done once."""
    raw = text.encode("utf-8", "backslashreplace")
    while (plain := unquote_to_bytes(raw)) != raw:
        raw = plain
    return quote_from_bytes(raw, safe=_SAFE)


def _path(path: str) -> str:
    raw = path.encode("utf-8", "backslashreplace")
    while (plain := unquote_to_bytes(raw)) != raw:
        raw = plain
    kept: list[bytes] = []
    for part in raw.split(b"/")[1:]:
        if part == b".." and kept:
            kept.pop()
        elif part != b".":
            kept.append(part)
    inner = [part for part in kept[:-1] if part]
    text = quote_from_bytes(b"/" + b"/".join([*inner, *kept[-1:]]), safe=_SAFE).lower()
    if (found := _PATH_SESSION.match(text)) is not None:
        text = found[1] + found[2]
    return text[:-1] if text.endswith("/") and len(text) > 1 else text


def _query(query: str) -> str:
    text = _once(query).lower()
    for session in _QUERY_SESSIONS:
        if (found := session.match(text)) is not None:
            text = found[1] + (found[2] or "")
    return "&".join("=".join(pair) for pair in sorted(tuple(one.split("=", 1)) for one in text.split("&")))


def _unspaced(text: str) -> str:
    return re.sub(r"[^!-~]", lambda found: quote_from_bytes(found[0].encode("utf-8", "backslashreplace")), text)
