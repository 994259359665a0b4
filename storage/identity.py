"""Which article a record is about: stable names that do not depend on when or by which road it was reached.

An identity key says what makes the article itself, strongest first: SharePoint list and item on a host; page and item;
the address; and for a text without an address its own words. The same item opens under several sections of a portal
(observed), which is why the address comes after the list.

The document number is the first 60 bits of the key's SHA-256, and the id is that number in 12 letters and digits, so
either gives the other. Among a million articles the chance of any collision is about 4 in ten million; if it happens,
`number_of` is asked for its next attempt.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
"""Base 32 of RFC 4648 in lower case: no 0, 1, 8 or 9 to mistake for a letter."""
_DIGITS = {letter: value for value, letter in enumerate(_ALPHABET)}
ID_LENGTH = 12
_BITS = 5 * ID_LENGTH
_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(r"https?://([a-z0-9.-]+)(/[^\s?#]*)?(?:\?([^\s#]*))?")
"""Host, path and query of an address as nearly all are; what else an address may have, `_split` knows."""


def number_of(key: str, attempt: int = 0) -> int:
    """Document number of a key, 0 … 2**60 - 1; a higher attempt gives another number for the same key."""
    text = f"{key}\n{attempt}" if attempt else key
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - _BITS)


def id_of(number: int) -> str:
    """The id of a document number."""
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(_BITS - 5, -1, -5))


def numbers_with(prefix: str) -> range:
    """The document numbers whose id begins with `prefix`, in either case; empty where no id can."""
    letters = prefix.lower()
    if not 0 < len(letters) <= ID_LENGTH or not all(letter in _DIGITS for letter in letters):
        return range(0)
    value = 0
    for letter in letters:
        value = value << 5 | _DIGITS[letter]
    shift = _BITS - 5 * len(letters)
    return range(value << shift, (value + 1) << shift)


def keys(record: Mapping[str, Any], *, aliases: bool = True) -> tuple[str, ...]:
    """Identity keys of a record or stored dict, strongest first; at least one.

    Of a stored dict every alias counts, so an article keeps its name when its address or its list becomes known later.
    aliases: False for the keys that its own address alone gives it.
    """
    item, list_path = record.get("item_id"), record.get("list_path")
    listed = _path(list_path) if isinstance(list_path, str) else None
    of_list, of_page, of_address = [], [], []
    for address in _stated(record, aliases=aliases):
        if (place := _place(address)) is None:
            continue
        host, path, _ = place
        if isinstance(item, int):
            if listed is not None:
                of_list.append(f"list {host} {listed} {item}")
            of_page.append(f"page {host} {path} {item}")
        of_address.append(f"address {_joined(place)}")
    return tuple(dict.fromkeys(of_list + of_page + of_address)) or (f"words {_words(record)}",)


def addresses(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Every web address that leads to the record: its own first, then known aliases.

    For a fresh record only its own address counts here: where a request started may lead elsewhere tomorrow.
    """
    return tuple(address for address in _stated(record) if _place(address))


def _stated(record: Mapping[str, Any], *, aliases: bool = True) -> dict[str, None]:
    """What a record gives for its addresses, in order, as far as it is text."""
    known = record.get("aliases") if aliases else None
    candidates = (record.get("url"), *known) if isinstance(known, list) else (record.get("url"),)
    return {address: None for address in candidates if isinstance(address, str)}


def conflict(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether list or item prove that two records with the same address are different articles."""
    items = one.get("item_id"), other.get("item_id")
    lists = one.get("list_path"), other.get("list_path")
    if None not in items and items[0] != items[1]:
        return True
    return all(isinstance(path, str) for path in lists) and _path(str(lists[0])) != _path(str(lists[1]))


def address_key(address: str) -> str | None:
    """The comparing form of a web address; None for anything else.

    Scheme, `www.`, default port, fragment, order of parameters and a final slash do not matter, nor does case in the
    path (IIS, under every SharePoint, ignores it). Parameters keep their case: they hold opaque values.
    """
    place = _place(address)
    return _joined(place) if place else None


def host_of(address: str) -> str:
    """Host in lower case without `www.`, or "" where there is none."""
    place = _place(address)
    return place[0] if place else ""


@lru_cache(maxsize=4096)
def _place(address: str) -> tuple[str, str, str] | None:
    plain = _PLAIN.fullmatch(address)
    name, port, path, query = (plain[1], None, plain[2] or "", plain[3] or "") if plain else _split(address)
    host = name.removeprefix("www.").rstrip(".")
    if not host:
        return None
    return f"{host}:{port}" if port else host, _path(path), "&".join(sorted(filter(None, query.split("&"))))


def _split(address: str) -> tuple[str, int | None, str, str]:
    """Host, port unless it is the scheme's own, path and query of a web address; no host for anything else."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        return "", None, "", ""
    if parts.scheme not in _PORTS:
        return "", None, "", ""
    return parts.hostname or "", None if port == _PORTS[parts.scheme] else port, parts.path, parts.query


def _joined(place: tuple[str, str, str]) -> str:
    host, path, query = place
    return f"{host}{path}?{query}" if query else f"{host}{path}"


def _path(path: str) -> str:
    return "/" + unicodedata.normalize("NFC", unquote(path)).casefold().strip("/")


def _words(record: Mapping[str, Any]) -> str:
    return hashlib.sha256("\n".join(_spoken(record)).encode("utf-8", "backslashreplace")).hexdigest()


def _spoken(record: Mapping[str, Any]) -> Iterator[str]:
    for name in ("title", "published_at", "body_text"):
        yield " ".join(unicodedata.normalize("NFC", str(record.get(name) or "")).split())
