"""Importing WARC files: CPU against the parts alone, memory, kills, a million tiny records.

    python -m benchmarks.containers bar [MEGABYTES]   CPU against warcio's reading plus extraction of what is wanted;
                                                      memory against a tenth of the file
    python -m benchmarks.containers kills [KILLS]     killed at random moments and run again: the same archive
    python -m benchmarks.containers tiny [RECORDS]    that many records of a few bytes, against warcio

The WARC is made of the bundled pages on twenty hosts, one of them wanted, and of pictures (random bytes), as a crawl
has; it is written by warcio, one gzip member a record.
"""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HOST = "xa3.vamsao.example"
_PICTURE = 60_000
_HOSTS = 20


def pages() -> list[bytes]:
    """The bundled pages that hold an article."""
    found = [page.read_bytes() for page in sorted(ROOT.glob("fixtures/*/*/page.html")) if "refusal" not in str(page)]
    return [page for page in found if len(page) > 8_000]


def make(path: Path, megabytes: float) -> None:
    """A WARC file of at least that size."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    known, chance = pages(), random.Random(6)
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        number = 0
        while file.tell() < megabytes * 1_000_000:
            number += 1
            is_picture = number % 5 < 2
            host = "anh.example" if is_picture else f"xa{number % _HOSTS}.vamsao.example"
            address = (
                f"http://{host}/anh/{number}.jpg"
                if is_picture
                else f"http://{host}/Lists/Tin/DispForm.aspx?ID={number}"
            )
            page = known[chance.randrange(len(known))].replace(b"</h1>", b" %d</h1>" % number, 1)
            body = chance.randbytes(_PICTURE) if is_picture else page
            kind = "image/jpeg" if is_picture else "text/html"
            head = StatusAndHeaders("200 OK", [("Content-Type", kind)], protocol="HTTP/1.1")
            writer.write_record(
                writer.create_warc_record(address, "response", payload=io.BytesIO(body), http_headers=head)
            )


def tiny(path: Path, records: int) -> None:
    """A WARC file of records without content, one gzip member each."""
    import gzip

    with path.open("wb") as file:
        for number in range(records):
            head = (
                b"WARC/1.0\r\nWARC-Type: metadata\r\nWARC-Target-URI: http://%d.example/\r\nContent-Length: 2\r\n\r\n"
            )
            file.write(gzip.compress(head % number + b"ab\r\n\r\n", 1))


def read_by_warcio(path: Path) -> int:
    """warcio's iterator over the whole file."""
    from warcio.archiveiterator import ArchiveIterator

    with path.open("rb") as file:
        return sum(1 for _ in ArchiveIterator(file))


def read_by_us(path: Path) -> int:
    """Our reader over the whole file, nothing wanted."""
    from scraper.containers import members

    return sum(1 for _ in members(path, wanted=lambda url: False))


def extract_wanted(path: Path) -> int:
    """The extraction of the wanted pages; what reading them costs is counted too, and told apart by `cost`."""
    from scraper.containers import DamagedMember, members
    from scraper.containers.choice import host_filter
    from scraper.errors import NotAnArticle
    from scraper.pipeline import extract_checked

    found = members(path, wanted=host_filter([HOST]))
    captures = [one.capture for one in found if not isinstance(one, DamagedMember) and one.capture is not None]
    began = time.process_time()
    articles = 0
    for capture in captures:
        try:
            extract_checked(capture)
            articles += 1
        except NotAnArticle:
            pass
    print(json.dumps({"seconds": time.process_time() - began, "pages": len(captures), "articles": articles}))
    return articles


PARTS: dict[str, Callable[[Path], int]] = {
    "warcio": read_by_warcio,
    "ours": read_by_us,
    "extraction": extract_wanted,
}


def part(name: str, path: Path) -> tuple[float, int, str]:
    """CPU seconds and peak memory (KB) of a part in a process of its own, and what it printed."""
    return measured([sys.executable, "-m", "benchmarks.containers", "part", name, str(path)])


def measured(command: list[str]) -> tuple[float, int, str]:
    """CPU seconds, peak memory in KB of the largest process, output: of a command and all that it starts."""
    wrapper = (
        "import json, resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss, done.returncode,"
        " done.stdout.decode()[-2000:], done.stderr.decode()[-2000:]]))"
    )
    ran = subprocess.run([sys.executable, "-c", wrapper, *command], cwd=ROOT, capture_output=True, check=True)
    seconds, memory, code, out, err = json.loads(ran.stdout)
    assert code == 0, (code, out, err)
    return seconds, memory, out


def command(folder: Path, path: Path) -> list[str]:
    """An import into folder/archive."""
    given = ["--archive", str(folder / "archive"), "--host", HOST, "--quiet"]
    return [sys.executable, "-m", "luutru", "import", str(path), *given]


def bar(folder: Path, megabytes: float) -> None:
    """CPU and memory of the import of one large file."""
    small, large = folder / "small.warc.gz", folder / "large.warc.gz"
    make(small, megabytes / 10)
    make(large, megabytes)
    print(f"{large.stat().st_size / 1e6:,.0f} MB, {read_by_us(large):,} records", flush=True)
    warcio, _, _ = part("warcio", large)
    ours, _, _ = part("ours", large)
    print(f"reading: warcio {warcio:.1f} s, ours {ours:.1f} s", flush=True)
    _, _, told = part("extraction", large)
    extraction = json.loads(told.splitlines()[0])
    seconds = extraction["seconds"]
    print(
        f"extraction of {extraction['pages']:,} pages: {seconds:.1f} s ({extraction['articles']:,} articles)",
        flush=True,
    )
    whole, memory, _ = measured(command(folder / "large", large))
    _, less, _ = measured(command(folder / "small", small))
    print(f"import: {whole:.1f} s CPU, {whole / (warcio + seconds):.2f} × the parts alone (bar 1.3)")
    print(f"memory: {memory / 1024:.0f} MB; {less / 1024:.0f} MB for a tenth of the file: {memory / less:.2f} ×")


def kills(folder: Path, times: int) -> None:
    """An import that is killed again and again gives the archive of one that is not."""
    path = folder / "crawl.warc.gz"
    make(path, 60)
    began = time.monotonic()
    subprocess.run(command(folder / "whole", path), cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    patience = time.monotonic() - began
    chance, killed = random.Random(6), 0
    for _ in range(times):
        process = subprocess.Popen(
            command(folder / "killed", path), cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            process.wait(0.5 + chance.random() * patience / 2)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
    subprocess.run(command(folder / "killed", path), cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    one, other = (sorted(states(folder / name / "archive")) for name in ("whole", "killed"))
    assert one == other, "the archives differ"
    print(f"killed {killed} times: the same {len(one):,} records, each once")


def states(archive: Path) -> Iterator[tuple[Any, ...]]:
    """What must be equal of each record: identity, content, revision."""
    from storage.archive import Archive

    with Archive.open(archive, mode="r") as kept:
        for record in kept.find():
            yield record["id"], record["content_hash"], record["revision"], record["capture"]["sha256"]


def many(folder: Path, records: int) -> None:
    """Tiny records."""
    path = folder / "tiny.warc.gz"
    tiny(path, records)
    ours, memory, _ = part("ours", path)
    warcio, other, _ = part("warcio", path)
    print(
        f"{records:,} records: ours {ours:.1f} s, {memory / 1024:.0f} MB; warcio {warcio:.1f} s, {other / 1024:.0f} MB"
    )


def main() -> None:
    """Run what is named."""
    what, *rest = sys.argv[1:] or ["bar"]
    if what == "part":
        PARTS[rest[0]](Path(rest[1]))
        return
    number = int(rest[0]) if rest else {"bar": 1_000, "kills": 20, "tiny": 1_000_000}[what]
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        {"bar": bar, "kills": kills, "tiny": many}[what](Path(folder), number)


if __name__ == "__main__":
    main()
