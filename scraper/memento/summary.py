"""What a recovery found, article by article, and which item numbers no archive has captured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from scraper.addresses import item_identity
from scraper.memento.captures import Known
from scraper.memento.rows import redirects, versions

Json = dict[str, Any]
MAX_RANGES = 1_000


def items_of(articles: Iterable[tuple[str, list[Known]]]) -> Iterator[Json]:
    """One line for each article: captures listed, different versions among them, versions stored, and why not more."""
    for _, captures in articles:
        url = captures[-1].row.url
        list_path, number = item_identity(url)
        found = versions(captures)
        led = redirects(captures)
        stored = [next((one for one in version if one.state == "stored"), None) for version in found]
        stored += [one for one in led if one.state == "stored"]
        kept = [one for one in stored if one is not None]
        settled = [one for one in captures if one.state in ("passed", "failed")]
        yield {
            "url": url,
            "list_path": list_path,
            "item_id": number,
            "captures": len(captures),
            "versions": len(found),
            "redirects": len(led),
            "fetched": len(kept),
            "first": captures[0].row.at,
            "last": captures[-1].row.at,
            "record": kept[-1].record if kept else None,
            "why": "" if kept or not settled else settled[-1].reason,
            "article": bool(kept) or number is not None,
        }


def places_of(start: str, by: str, items: Sequence[Json]) -> list[Json]:
    """The lists that the articles stand in, or the start where there are none, in the form of a harvest's places."""
    lists: dict[str, list[Json]] = {}
    for item in items:
        if item["article"]:
            lists.setdefault((item["list_path"] or "").casefold(), []).append(item)
    places = []
    for key, members in sorted(lists.items()) or [("", [])]:
        named = [item for item in members if key and item["item_id"] is not None]
        numbers = sorted({item["item_id"] for item in named if item["versions"] or item["redirects"]})
        fetched = sum(item["fetched"] for item in members)
        found = sum(max(item["versions"], item["fetched"], 1 if item["redirects"] else 0) for item in members)
        why = f"{fetched:,} of {found:,} versions fetched"
        missing = gaps(numbers)
        if missing:
            count = sum(last - first + 1 for first, last in missing)
            why += f"; {count:,} of {numbers[-1]:,} item numbers not captured: {_ranges(missing[:8])}"
            why += ", …" if len(missing) > 8 else ""
        places.append(
            {
                "start": start,
                "list_path": next((item["list_path"] for item in members if item["list_path"]), None),
                "door": by,
                "total": None,
                "collected": len(members),
                "complete": False,
                "why": why,
                "versions": found,
                "fetched": fetched,
                "articles": sum(1 for item in members if item["fetched"]),
                "gaps": {
                    "numbers": numbers[-1] if numbers else 0,
                    "captured": len(numbers),
                    "only errors captured": len(named) - len(numbers),
                    "without capture": sum(last - first + 1 for first, last in missing),
                    "ranges": [list(one) for one in missing[:MAX_RANGES]],
                },
            }
        )
    return places


def gaps(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """The spans (both ends included) between 1 and the last of sorted numbers that are not among them."""
    spans = []
    before = 0
    for number in numbers:
        if number > before + 1:
            spans.append((before + 1, number - 1))
        before = number
    return spans


def _ranges(spans: Sequence[tuple[int, int]]) -> str:
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in spans)
