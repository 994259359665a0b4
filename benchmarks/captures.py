"""What kept captures cost: writing them, and making all records anew from them when nothing has changed.

    python -m benchmarks.captures [CAPTURES]         10,000 unless told; some minutes

The pages are the bundled fixtures in turn, each under an address and with words of its own. Processor time of child
processes. `reextract` is the whole command; its floor is reading the same captures and extracting them, in one process.
"""

from __future__ import annotations

import hashlib
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from scraper.errors import NotAnArticle
from scraper.models import Capture, CaptureInfo, Record
from scraper.pipeline import extract_checked
from storage.archive import Archive
from storage.captures import CaptureStore
from tests.fixture_pages import load_fixtures

ROOT = Path(__file__).resolve().parents[1]


def captures(count: int) -> Iterator[Capture]:
    """Captures of articles, each of an item of its own."""
    fixtures = [one for one in load_fixtures() if b"</body>" in one.content and not one.is_refusal]
    pages = [re.sub(rb"rel=.canonical.|og:url", b"", one.content) for one in fixtures]
    for number in range(1, count + 1):
        content = pages[number % len(pages)].replace(b"</body>", b"<p>%d</p></body>" % number)
        url = f"https://xa{number % 40}.example/Lists/Tin/DispForm.aspx?ID={number}"
        info = CaptureInfo(
            requested_url=url,
            final_url=url,
            fetched_at=f"2024-05-{number % 28 + 1:02}T07:08:09+00:00",
            status=200,
            content_type="text/html; charset=utf-8",
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            source="http",
        )
        yield Capture(content, info, url, (("Content-Type", "text/html; charset=utf-8"),))


def fill(folder: Path, count: int) -> int:
    """An archive of so many captures and their records; how many records."""
    stored = 0
    with Archive.open(folder) as archive:

        def records() -> Iterator[Record]:
            for capture in captures(count):
                kept = archive.captures.keep(capture)
                try:
                    yield extract_checked(kept)
                except NotAnArticle:
                    continue

        for outcome in archive.put_many(records()):
            stored += outcome.kind == "new"
    return stored


def read_and_extract(folder: Path) -> None:
    """The floor."""
    for _, capture in CaptureStore(folder, writable=False).walk():
        try:
            extract_checked(capture)
        except NotAnArticle:
            continue


def cpu(work: Callable[[], object]) -> float:
    """Seconds of processor time that `work` takes in a child."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "archive"
        made = list(captures(min(count, 1000)))
        writing = cpu(lambda: CaptureStore(Path(name) / "alone").put(made))
        size = sum(len(one.content) for one in made)
        print(
            f"writing {len(made):,} captures of {size / len(made):,.0f} bytes: {1000 * writing / len(made):.2f} ms each"
        )
        began = time.perf_counter()
        stored = fill(folder, count)
        print(f"{stored:,} records of {count:,} captures, made in {time.perf_counter() - began:.0f} s")
        command = [sys.executable, "-m", "luutru", "reextract", "--archive", str(folder)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}

        def reextract() -> None:
            ran = subprocess.run(command, cwd=name, env=environment, capture_output=True, text=True, check=True)
            assert ran.stdout == "", ran.stdout[:500]
            print(f"luutru reextract: {ran.stderr.strip()}", flush=True)

        floor = cpu(lambda: read_and_extract(folder))
        whole = cpu(reextract)
        print(f"reading and extraction alone: {floor:.1f} s of processor time; luutru reextract: {whole:.1f} s")
        print(f"ratio: {whole / floor:.2f} (aim: at most 1.5)")


if __name__ == "__main__":
    main()
