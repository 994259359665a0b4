"""Scores extraction against hand-made gold, per field and per site.

    python -m benchmarks.accuracy [--corpus DIR] [--json] [--misses] [--peers]

DIR holds NNN.html.gz with NNN.json, footers.jsonl and lines.jsonl; any of them may be missing. --peers sets
trafilatura, newspaper4k and readability-lxml beside luutru, where they are installed.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import scoring
from scraper.errors import NotAnArticle
from scraper.models import Capture, CaptureInfo, to_dict
from scraper.pipeline import extract_checked

DEFAULT_CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
Extractor = Callable[[bytes, str | None], dict[str, Any] | None]


@dataclass(slots=True)
class Tally:
    """Points and questions per field, per site, with a note for every miss."""

    fields: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))
    sites: dict[str, dict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    )
    worst_body: float = 1.0
    misses: list[str] = field(default_factory=list)

    def add(self, site: str, page: str, name: str, points: scoring.Points, note: str = "") -> None:
        """Count points for a field of a page."""
        for counter in (self.fields[name], self.sites[site][name]):
            counter[0] += points[0]
            counter[1] += points[1]
        if points[0] < points[1]:
            self.misses.append(f"{page} {name} {points[0]:.2f}/{points[1]:.0f} {note}")

    def ratios(self) -> dict[str, float]:
        """Field → share of points."""
        found = {name: round(got / asked, 4) for name, (got, asked) in sorted(self.fields.items()) if asked}
        if "body" in found:
            found["body_worst"] = round(self.worst_body, 4)
        return found


def pages(corpus: Path) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """(name, bytes, gold) of every page in a corpus folder."""
    for path in sorted(corpus.glob("*.html.gz")):
        gold = path.with_name(path.name.removesuffix(".html.gz") + ".json")
        if gold.exists():
            yield path.name.split(".")[0], gzip.decompress(path.read_bytes()), json.loads(gold.read_text("utf-8"))


def luutru(content: bytes, url: str | None) -> dict[str, Any] | None:
    """The project's own record of a page, None for a refusal."""
    info = CaptureInfo(final_url=url, sha256=hashlib.sha256(content).hexdigest(), source="file")
    try:
        record: dict[str, Any] = to_dict(extract_checked(Capture(content, info, url or "")))
        return record
    except NotAnArticle:
        return None


def score_pages(corpus: Path, extractor: Extractor = luutru) -> Tally:
    """Run an extractor over all pages of a corpus."""
    tally = Tally()
    for name, content, gold in pages(corpus):
        expect, site = gold["expect"], gold["site"]
        record = extractor(content, gold["page_url"])
        if expect["article"] is not None:
            right = (record is not None) == expect["article"]
            kind = "accepted" if expect["article"] else "refused"
            tally.add(site, name, kind, (float(right), 1.0), (record or {}).get("title") or "refused")
        if expect["article"] and record is not None:
            _score_article(tally, site, name, record, expect)
        elif expect["article"]:
            for lost in ("title", "published_at", "body"):
                tally.add(site, name, lost, (0.0, 1.0), "refused")
            tally.worst_body = 0.0
    return tally


def _score_article(tally: Tally, site: str, page: str, record: dict[str, Any], expect: dict[str, Any]) -> None:
    def add(name: str, points: scoring.Points, found: Any = "", want: Any = "") -> None:
        tally.add(site, page, name, points, f"{found!r} for {want!r}"[:300])

    for name in ("title", "author", "source", "section", "summary"):
        if name in expect:
            add(name, scoring.same_text(record.get(name), expect[name]), record.get(name), expect[name])
    if "published_at" in expect:
        found_at, gold_at = record["published_at"], expect["published_at"]
        add("published_at", scoring.same_instant(found_at, gold_at), found_at, gold_at)
    if "views" in expect:
        add("views", (float(record.get("views") == expect["views"]), 1.0), record.get("views"), expect["views"])
    gold_body, body = expect.get("body_text"), record["body_text"]
    if gold_body is not None:
        optional = expect.get("optional_text", ())
        if "summary" not in expect and record.get("summary"):
            body = f"{record['summary']}\n\n{body}"  # this gold keeps the lead in the body
        f1 = scoring.body_f1(body, gold_body, optional)
        tally.worst_body = min(tally.worst_body, f1)
        add("body", (f1, 1.0), body[:80], gold_body[:80])
    leaked = scoring.leaks(record["body_text"], expect.get("must_not_contain", ()), gold_body or "")
    add("no_leaks", (float(not leaked), 1.0), leaked)
    found, captions = scoring.pictures(record["images"], expect.get("images", []))
    if found[1]:
        add("images", found, [i["url"] for i in record["images"]], [i["src"] for i in expect["images"]])
    if captions[1]:
        add("captions", captions, [i["caption"] for i in record["images"]], [i["caption"] for i in expect["images"]])
    for name, points in scoring.agency_facts(record["agency"], expect.get("agency") or {}).items():
        agency = record["agency"]
        shown = agency and {k: v for k, v in agency.items() if k != "raw_text"}
        add(name, points, shown, expect["agency"])


def score_table(path: Path, module: str) -> dict[str, float]:
    """Ratios of a footers.jsonl or lines.jsonl, {} when the file is missing."""
    if not path.exists():
        return {}
    from importlib import import_module

    scored = import_module(f"benchmarks.{module}").score(path)
    return {name: round(right / asked, 4) for name, (right, asked) in scored.items() if asked}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--peers", action="store_true")
    options = parser.parse_args()
    tally = score_pages(options.corpus)
    result = {
        "pages": tally.ratios(),
        "footers": score_table(options.corpus / "footers.jsonl", "footers"),
        "lines": score_table(options.corpus / "lines.jsonl", "lines"),
    }
    if options.json:
        print(json.dumps(result, ensure_ascii=False, indent=2))
        return
    columns = {"luutru": result["pages"]}
    if options.peers:
        from benchmarks.peers import PEERS

        columns |= {name: score_pages(options.corpus, peer).ratios() for name, peer in PEERS.items()}
    _print_columns("pages", columns)
    for site, fields in tally.sites.items():
        missed = ((name, got / asked) for name, (got, asked) in sorted(fields.items()) if asked and got < asked)
        line = "  ".join(f"{name} {share:.2f}" for name, share in missed)
        print(f"  {site}: {line or 'all right'}")
    for table in ("footers", "lines"):
        _print_columns(table, {"luutru": result[table]})
    if options.misses:
        print("\n".join(tally.misses))


def _print_columns(title: str, columns: dict[str, dict[str, float]]) -> None:
    print(f"\n{title:<24}" + "".join(f"{name:>14}" for name in columns))
    for name in next(iter(columns.values())):
        cells = (f"{column[name]:.3f}" if name in column else "-" for column in columns.values())
        print(f"{name:<24}" + "".join(f"{cell:>14}" for cell in cells))


if __name__ == "__main__":
    main()
