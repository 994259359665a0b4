"""The settings file: the portals that someone harvests, and what each of them needs that others do not. TOML.

    [[portal]]
    name = "thixa"                               # a word, unique
    start = ["https://thixa.example/Lists/TinKinhTe"]
    hosts = ["media.thixa.example"]              # further hosts that belong to it
    delay = 2.0                                  # seconds between two requests to one host
    item = "https://thixa.example/tin.aspx?ItemID={id}"   # where an item is read, if not on its list form
    files = true                                 # keep images and attachments
    walk = false                                 # also ask for the item numbers that no listing names
    [portal.robots]
    ignore = ["/Lists/"]                         # path prefixes that are fetched although robots.txt disallows them
    reason = "letter of the provincial office, 2026-03-01"
    [portal.tls]
    extra_ca = "ca.pem"                          # relative to this file; see `scraper.tls` for the rest

`[defaults]` may hold `delay`, `files`, `walk` for all.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scraper.addresses import portal_host, request_url
from scraper.errors import InputError
from scraper.tls import TlsPolicy

DELAY = 2.0
"""Seconds between two requests to one host, unless told."""
LONGEST_DELAY = 3600.0
_KEYS = frozenset(["name", "start", "hosts", "delay", "item", "files", "walk", "robots", "tls"])
_DEFAULTS = frozenset(["delay", "files", "walk"])
_NAME = re.compile(r"\w[\w.-]{0,63}")


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """One portal as the settings file has it, or as a bare address gives it.

    ignore, reason: robots.txt overridden for these path prefixes, and why.  tls: for the portal's hosts.
    """

    name: str
    start: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    delay: float = DELAY
    item: str | None = None
    files: bool = True
    walk: bool = False
    ignore: tuple[str, ...] = ()
    reason: str = ""
    tls: TlsPolicy | None = None

    def all_hosts(self) -> frozenset[str]:
        """Every host of the portal, without `www.` and port."""
        return frozenset(map(portal_host, (*self.start, *(f"http://{host}/" for host in self.hosts))))

    def tls_hosts(self) -> frozenset[str]:
        """The hosts that `tls` speaks of: all of the portal, with and without `www.`."""
        return frozenset(name for host in self.all_hosts() for name in (host, f"www.{host}"))


def read_settings(path: Path) -> tuple[PortalSettings, ...]:
    """The portals of a settings file, in its order. Raises InputError with what is wrong and where."""
    try:
        table = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise InputError(str(path), cause.lower() if isinstance(error, OSError) else cause, what=_WHAT) from error
    _refuse_unknown(table, {"portal", "defaults"}, str(path))
    defaults = _table(table, "defaults", str(path))
    _refuse_unknown(defaults, _DEFAULTS, f"{path}: defaults")
    entries = table.get("portal", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _wrong(str(path), "portals are written as [[portal]] tables")
    portals = tuple(_portal({**defaults, **entry}, path, number) for number, entry in enumerate(entries, 1))
    if not portals:
        raise _wrong(str(path), "there is no [[portal]] in it")
    names = [portal.name for portal in portals]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise _wrong(str(path), f"two portals are called {twice!r}")
    return portals


def choose(names: Sequence[str], known: Sequence[PortalSettings]) -> tuple[PortalSettings, ...]:
    """The portals behind what the user typed: names of the settings file or addresses; all of the file for nothing.

    An address that is a portal's start is that portal; one on a known portal's host shares its settings but for the
    starts. Raises InputError for a name that the file does not have.
    """
    if not names:
        return tuple(known)
    return tuple({portal.name: portal for portal in (_chosen(name, known) for name in names)}.values())


def _chosen(name: str, known: Sequence[PortalSettings]) -> PortalSettings:
    if (found := next((portal for portal in known if portal.name == name), None)) is not None:
        return found
    if "://" not in name:
        hint = f"for an address write https://{name}" if "." in name else "name one of the settings file, or an address"
        raise InputError(name, "no portal of that name in the settings", what="unknown portal", hint=hint)
    address = request_url(name)
    if (found := next((portal for portal in known if address in portal.start), None)) is not None:
        return found
    parts = urlsplit(address)
    title = f"{parts.netloc}{parts.path.rstrip('/')}" + (f"?{parts.query}" if parts.query else "")
    host = portal_host(address)
    shared = next((portal for portal in known if host in portal.all_hosts()), None)
    return PortalSettings(title, (address,)) if shared is None else replace(shared, name=title, start=(address,))


_WHAT = "cannot use these settings"


def _portal(table: Mapping[str, Any], path: Path, number: int) -> PortalSettings:
    where = f"{path}: portal {table.get('name', number)}"
    _refuse_unknown(table, _KEYS, where)
    name = table.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _wrong(where, "a name is needed: a word of letters, digits, dots and dashes")
    robots = _table(table, "robots", where)
    _refuse_unknown(robots, {"ignore", "reason"}, f"{where}: robots")
    ignore, reason = _words(robots, "ignore", where), robots.get("reason", "")
    if not isinstance(reason, str) or (ignore and not reason.strip()):
        raise _wrong(where, "robots.ignore needs a reason: say who permits it; it is recorded")
    if wrong := next((prefix for prefix in ignore if not prefix.startswith("/")), None):
        raise _wrong(where, f"robots.ignore {wrong!r}: write the beginning of a path, such as /Lists/")
    tls = _table(table, "tls", where)
    return PortalSettings(
        name,
        _starts(table, where),
        hosts=_hosts(table, where),
        delay=_delay(table, where),
        item=_item(table, where),
        files=_flag(table, "files", True, where),
        walk=_flag(table, "walk", False, where),
        ignore=ignore,
        reason=str(reason),
        tls=TlsPolicy.from_table(tls, where, path.absolute().parent) if tls else None,
    )


def _starts(table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    value = table.get("start", [])
    starts = _words({"start": [value] if isinstance(value, str) else value}, "start", where)
    if not starts:
        raise _wrong(where, "start is needed: the address of a list or section, or several")
    try:
        return tuple(map(request_url, starts))
    except InputError as error:
        raise _wrong(where, f"start {error.source!r}: {error.cause}") from error


def _hosts(table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    hosts = tuple(host.strip().lower() for host in _words(table, "hosts", where))
    for host in hosts:
        try:
            fits = "/" not in host and request_url(f"http://{host}/").count("/") == 3
        except InputError:
            fits = False
        if not fits:
            raise _wrong(where, f"hosts {host!r}: write a host's name only, such as media.thixa.example")
    return hosts


def _item(table: Mapping[str, Any], where: str) -> str | None:
    value = table.get("item")
    if value is None:
        return None
    try:
        if isinstance(value, str) and value.count("{id}") == 1 and request_url(value.replace("{id}", "7")):
            return value
    except InputError:
        pass
    raise _wrong(where, "item must be an address with {id} where the item's number stands")


def _delay(table: Mapping[str, Any], where: str) -> float:
    value = table.get("delay", DELAY)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_DELAY:
        raise _wrong(where, f"delay must be a number of seconds from 0 to {LONGEST_DELAY:.0f}")
    return float(value)


def _flag(table: Mapping[str, Any], key: str, default: bool, where: str) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise _wrong(where, f"{key} must be true or false")
    return value


def _words(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise _wrong(where, f"{key} must be a list of words")
    return tuple(value)


def _table(table: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise _wrong(where, f"{key} must be a table")
    return value


def _refuse_unknown(table: Mapping[str, Any], known: set[str] | frozenset[str], where: str) -> None:
    if unknown := sorted(table.keys() - known):
        raise _wrong(where, f"unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")


def _wrong(where: str, cause: str) -> InputError:
    return InputError(where, cause, what=_WHAT)
