"""What reading a page costs: bytes to record against `lxml.html.fromstring` on the same bytes, in processor time.

    python -m benchmarks.extract [--corpus FOLDER] [--repeats N]

Pages are the HTML fixtures, and those of a corpus (NUMBER.html.gz with NUMBER.json) where one is given. Parser and
program take turns; the least of N repeats counts. Two readings: `warm` is a page of a portal that has been read before,
`cold` one whose lines the program has never seen (everything remembered between pages is forgotten; tables stay).
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import gzip
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import lxml.html

from scraper.errors import NotAnArticle
from scraper.models import Capture, CaptureInfo
from scraper.pipeline import extract_checked
from tests.fixture_pages import load_fixtures
from tests.golden import capture_of

BUDGET = 4.0


class Measured(NamedTuple):
    """Seconds of processor time for one page."""

    name: str
    size: int
    floor: float
    warm: float
    cold: float


def fixtures() -> Iterator[Capture]:
    """The bundled HTML pages that a parser can read."""
    for fixture in load_fixtures():
        if not fixture.is_text and b"<" in fixture.content[:2000] and not fixture.content.startswith(b"\x89"):
            yield capture_of(fixture)


def corpus(folder: Path) -> Iterator[Capture]:
    """The pages of a corpus with the address and header that their JSON gives."""
    for path in sorted(folder.glob("*.html.gz")):
        facts = json.loads(path.with_name(path.name.replace(".html.gz", ".json")).read_bytes())
        content = gzip.decompress(path.read_bytes())
        info = CaptureInfo(
            requested_url=facts.get("url"),
            final_url=facts.get("url"),
            content_type=facts.get("content_type") or "text/html",
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
        )
        yield Capture(content, info, path.name.removesuffix(".html.gz"))


def measure(capture: Capture, repeats: int) -> Measured:
    """The least cost of parsing alone, of reading a page again, and of reading it for the first time."""
    floor, warm, cold = [], [], []
    for _ in range(repeats):
        read(capture)
        floor.append(seconds(lambda: lxml.html.fromstring(capture.content)))
        warm.append(seconds(lambda: read(capture)))
        forget()
        cold.append(seconds(lambda: read(capture)))
        gc.collect()  # between the measurements, not in them
    return Measured(capture.name, len(capture.content), min(floor), min(warm), min(cold))


def read(capture: Capture) -> None:
    """Bytes to record; a refusal is an answer, too."""
    with contextlib.suppress(NotAnArticle):
        extract_checked(capture)


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one call."""
    started = time.process_time()
    work()
    return time.process_time() - started


@functools.cache
def memories() -> tuple[Any, ...]:
    """The caches of the program that remember pieces of pages. Small ones hold its tables."""
    found: dict[int, Any] = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "scraper":
            for value in vars(module).values():
                if isinstance(value, functools._lru_cache_wrapper) and (value.cache_parameters()["maxsize"] or 0) > 16:
                    found[id(value)] = value
    return tuple(found.values())


def forget() -> None:
    """Empty what is remembered of pages."""
    for memory in memories():
        memory.cache_clear()


def table(title: str, pages: list[Measured]) -> bool:
    """Print one line a page and the sums; whether the mean is within the budget."""
    print(f"{title:<40} {'KB':>6} {'parse':>7} {'warm':>7} {'cold':>7} ms   times the parser: warm, cold")
    for page in pages:
        times = " ".join(f"{1000 * cost:7.2f}" for cost in (page.floor, page.warm, page.cold))
        print(f"{page.name[:40]:<40} {page.size / 1000:6.1f} {times}      {'{:6.2f} {:6.2f}'.format(*_ratios(page))}")
    warm, cold = zip(*map(_ratios, pages), strict=True)
    for name, found in (("mean", statistics.mean), ("worst", max)):
        print(f"{name:<75}{found(warm):6.2f} {found(cold):6.2f}   budget {BUDGET:g}")
    print()
    return bool(statistics.mean(warm) <= BUDGET)


def _ratios(page: Measured) -> tuple[float, float]:
    return page.warm / page.floor, page.cold / page.floor


def main() -> int:
    """Measure and print; 0 when every table's mean is within the budget."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    sets = {"bundled pages": list(fixtures())}
    if options.corpus:
        sets["corpus"] = list(corpus(options.corpus))
    for captures in sets.values():
        for capture in captures:
            read(capture)
    gc.disable()
    fits = [table(title, [measure(one, options.repeats) for one in captures]) for title, captures in sets.items()]
    return int(not all(fits))


if __name__ == "__main__":
    sys.exit(main())
