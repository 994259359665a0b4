"""Portals and products as data: one TOML each, built in or in a folder of the user's own.

    name = "vanban"                         # a word, unique
    about = "law database of …"
    family = "sharepoint-2013"              # the product behind it
    hosts = ["vanban.example"]              # these hosts and their subdomains
    # markers = ["VBQPPL_UserControls"]     # all of these stand in the page's source; only where there are no hosts
    from = 2014-01-01                       # captures from this day on (a redesign: a second file or a later block)

    [[rules]]                               # only what the general rules get wrong
    field = "title"
    xpath = "//div[@class='box-map']//li[last()]"
    count = 1                               # how many nodes it must meet

    [[drop]]                                # never part of an article
    xpath = "//div[@class='vbInfo']"

A portal matches by host; one that names no hosts, by all of its markers. Its rules stand before the general ones and
take nothing away: what they do not find, the general rules do. A rule that meets nodes, but another number than it
states, finds nothing: the record tells it as the problem `rule_count`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from lxml import etree

from scraper.errors import InputError

FIELDS = ("title", "subtitle", "section", "summary", "author", "source", "published_at", "updated_at", "body", "views")
_COUNTS = re.compile(
    r"(?<!\))\[\s*\d|\[\s*(?:count|sum|number|floor|ceiling|round|string-length)\b|\b(?:last|position)\b"
)
_LITERALS = re.compile(r"""("[^"]*"|'[^']*')""")
_ID_CALL = re.compile(r"(?<![\w.:-])id\s*\(")
_ANYWHERE = re.compile(r"//(?=(?:\*|[A-Za-z][\w.-]*)(?![\w.:(-]))")
# Letters of a page's source in which most pages name their product.
HEAD = 10_000
KEYS = frozenset(["name", "about", "family", "hosts", "markers", "from", "until", "history", "rules", "drop"])


@dataclass(frozen=True, slots=True)
class PortalRule:
    """Where one field stands on this portal's pages. count: nodes that the XPath must meet, None for any number > 0."""

    field: str
    xpath: str
    count: int | None = 1

    def nodes(self, root: etree._Element) -> list[etree._Element]:
        """The elements that it meets on a page."""
        found = _compiled(self.xpath)(root)
        return [node for node in found if isinstance(node, etree._Element)] if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class Portal:
    """What is known of one portal or product."""

    name: str
    about: str = ""
    family: str = ""
    hosts: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    history: str = ""
    rules: tuple[PortalRule, ...] = ()
    drop: tuple[str, ...] = ()
    origin: str = ""

    def holds_on(self, day: date | None) -> bool:
        """Whether it speaks of captures of that day; an unknown day counts as today's portal."""
        if day is None:
            return self.until is None
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def dropped(self, root: etree._Element) -> list[etree._Element]:
        """The elements of a page that are never part of an article."""
        return [node for xpath in self.drop for node in PortalRule("drop", xpath, None).nodes(root)]


@lru_cache(maxsize=512)
def _compiled(xpath: str) -> Any:
    """The expression, with `//name` as the descendant axis where that means the same: it is some times faster.

    It does not where a predicate counts (`//li[1]`, `//li[last()]`), unless the whole is counted (`(//li)[1]`).
    """
    if not _COUNTS.search(xpath):
        parts = _LITERALS.split(xpath)
        parts[::2] = [_ANYWHERE.sub("/descendant::", part) for part in parts[::2]]
        xpath = "".join(parts)
    return etree.XPath(xpath)


def parse_portal(text: str, origin: str) -> Portal:
    """A portal from its TOML. Raises InputError with what is wrong and where."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(origin, str(error), what="cannot read this portal file") from error
    if unknown := table.keys() - KEYS:
        raise _wrong(origin, f"unknown key {sorted(unknown)[0]!r}")
    if not isinstance(table.get("name"), str) or not (table.get("hosts") or table.get("markers")):
        raise _wrong(origin, "a name and hosts or markers are needed")
    return Portal(
        name=table["name"],
        about=str(table.get("about", "")),
        family=str(table.get("family", "")),
        hosts=tuple(host.lower().removeprefix("www.") for host in _words(table, "hosts", origin)),
        markers=_words(table, "markers", origin),
        since=_day(table, "from", origin),
        until=_day(table, "until", origin),
        history=str(table.get("history", "")),
        rules=tuple(_rule(entry, origin) for entry in _entries(table, "rules", origin)),
        drop=tuple(_checked(entry.get("xpath"), origin) for entry in _entries(table, "drop", origin)),
        origin=origin,
    )


def _wrong(origin: str, cause: str) -> InputError:
    return InputError(origin, cause, what="cannot use this portal file")


def _words(table: dict[str, Any], key: str, origin: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise _wrong(origin, f"{key} must be a list of words")
    return tuple(value)


def _entries(table: dict[str, Any], key: str, origin: str) -> list[dict[str, Any]]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _wrong(origin, f"{key} must be written as [[{key}]] tables")
    return value


def _day(table: dict[str, Any], key: str, origin: str) -> date | None:
    value = table.get(key)
    if value is not None and type(value) is not date:
        raise _wrong(origin, f"{key} must be a date like 2019-06-30")
    return value


def _rule(rule: dict[str, Any], origin: str) -> PortalRule:
    field, count = rule.get("field"), rule.get("count", 1)
    if field not in FIELDS:
        raise _wrong(origin, f"field {field!r}; known are {', '.join(FIELDS)}")
    if type(count) is not int or count < 0:
        raise _wrong(origin, f"count {count!r} is no number of nodes")
    return PortalRule(field, _checked(rule.get("xpath"), origin), count or None)


def _checked(xpath: Any, origin: str) -> str:
    """An XPath that compiles, runs, and gives nodes."""
    if not isinstance(xpath, str) or not xpath:
        raise _wrong(origin, "an xpath is needed")
    try:
        found = _compiled(xpath)(etree.Element("html"))
    except etree.XPathError as error:
        raise _wrong(origin, f"xpath {xpath!r}: {error}") from error
    if not isinstance(found, list):
        raise _wrong(origin, f"xpath {xpath!r} gives no nodes")
    if _ID_CALL.search("".join(_LITERALS.split(xpath)[::2])):
        raise _wrong(origin, f"xpath {xpath!r}: pages have no index of ids; write //div[@id='…'] for id('…')")
    return xpath


@lru_cache(maxsize=1)
def built_in() -> tuple[Portal, ...]:
    """The portals that ship with luutru."""
    folder = files("scraper.portals")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(parse_portal(folder.joinpath(name).read_text("utf-8"), name) for name in names)


@lru_cache(maxsize=8)
def load_portals(folders: tuple[str, ...] = ()) -> tuple[Portal, ...]:
    """The user's portals, then those built in; one of the same name replaces the built-in one. Raises InputError."""
    own: list[Portal] = []
    for folder in folders:
        path = Path(folder)
        if not path.is_dir():
            raise InputError(folder, "no such folder", what="cannot read portals")
        for file in sorted(path.glob("*.toml")):
            try:
                own.append(parse_portal(file.read_text("utf-8"), str(file)))
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(str(file), str(error), what="cannot read this portal file") from error
    names = {portal.name for portal in own}
    return (*own, *(portal for portal in built_in() if portal.name not in names))


def match_portal(
    portals: Sequence[Portal], host: str, source: str, day: date | None = None
) -> tuple[Portal, str] | None:
    """(portal, why) for a page: the first whose hosts cover its host, else one whose markers all stand in it.

    Among several of those, one with rules comes first, else the one that the page names first.
    """
    current = [portal for portal in portals if portal.holds_on(day)]
    for portal in current:
        if host and any(host == own or host.endswith(f".{own}") for own in portal.hosts):
            return portal, f"host {host}"
    marked = [portal for portal in current if portal.markers and not portal.hosts]
    marked.sort(key=lambda p: (not p.rules, -sum(map(len, p.markers))))
    found = next((p for p in marked if p.rules and all(marker in source for marker in p.markers)), None)
    for end in (HEAD, len(source)):
        for portal in marked if found is None else ():
            places = [source.find(marker, 0, end) for marker in portal.markers]
            if min(places) >= 0 and max(places) < end:
                found, end = portal, max(places)
    return (found, f"markers {', '.join(found.markers)}") if found is not None else None


def rules_for(portal: Portal, field: str) -> Iterable[PortalRule]:
    """The portal's rules of one field, in their order."""
    return (rule for rule in portal.rules if rule.field == field)
