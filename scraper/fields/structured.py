"""What a page states for machines: JSON-LD articles (schema.org) and Open Graph meta elements."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from scraper.page import Page
from scraper.text import tidy
from scraper.view import Candidate, View

_ARTICLE_TYPES = frozenset(["Article", "NewsArticle", "BlogPosting", "Report", "WebPage"])
MAX_JSON_LD = 500_000
_memo: WeakKeyDictionary[Page, dict[str, Any]] = WeakKeyDictionary()


def article_object(page: Page) -> dict[str, Any]:
    """The page's schema.org article as a dict, empty when there is none."""
    if page not in _memo:
        _memo[page] = next(_articles(page), {})
    return _memo[page]


def _articles(page: Page) -> Iterator[dict[str, Any]]:
    for kind, script in page.scripts:
        if "ld+json" not in kind or len(script) > MAX_JSON_LD:
            continue
        try:
            value = json.loads(script, strict=False)
        except (ValueError, RecursionError):
            continue
        members = value if isinstance(value, list) else value.get("@graph", [value]) if isinstance(value, dict) else []
        for member in members if isinstance(members, list) else []:
            kinds = member.get("@type") if isinstance(member, dict) else None
            named = {kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)}
            if named & _ARTICLE_TYPES and member.get("headline"):
                yield member


def stated(view: View, name: str, *metas: str) -> Candidate | None:
    """The JSON-LD property, else the first of the meta elements."""
    value = _words(article_object(view.page).get(name))
    if value:
        return Candidate(value, value, f"json-ld {name}")
    for meta in metas:
        if value := view.page.meta.get(meta):
            return Candidate(value, value, f"meta {meta}")
    return None


def _words(value: Any, depth: int = 0) -> str | None:
    """Names and strings of a JSON-LD value as words; what is nested deeper than people nest it is left out."""
    if isinstance(value, list) and depth < 3:
        return ", ".join(part for part in (_words(item, depth + 1) for item in value[:50]) if part) or None
    if isinstance(value, dict):
        value = value.get("name")
    return tidy(value) or None if isinstance(value, str) else None
