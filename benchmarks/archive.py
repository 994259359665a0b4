"""What the archive costs as it grows: storing one more record, showing one, exporting, verifying.

    python -m benchmarks.archive [RECORDS]          100,000 unless told; two minutes and a gigabyte of disk

The records are invented: a few hundred words, images, an agency in the footer, evidence. Everything is a ratio within
one run. Costs of a durable write are medians of wall time, taken in turn with what they are compared to, since a disk
is never the same twice; all else is processor time of the process or of a child. Memory is a child's peak.
"""

from __future__ import annotations

import io
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from storage.archive import Archive
from storage.exports import jsonl
from storage.line_format import line_of

ROOT = Path(__file__).resolve().parents[1]
FEW = 1000
PUTS = 300
WORDS = (
    "xã phường ủy ban nhân dân nông thôn mới đồng bào cấp nước đường cầu kênh lúa hội nghị tập huấn cán bộ năm ngày "
    "kế hoạch triển khai đầu tư công trình hoàn thành bàn giao trường học trạm y tế hộ nghèo vay vốn sản xuất tháng"
).split()


def records(count: int, first: int = 0) -> Iterator[dict[str, Any]]:
    """Invented records, the same ones in every run."""
    for number in range(first, first + count):
        chance = random.Random(number)
        host = f"xa{number % 40}.example"
        paragraphs = [" ".join(chance.choices(WORDS, k=80)) for _ in range(4)]
        address = f"https://{host}/Lists/TinTuc/DispForm.aspx?ID={number}"
        moment = f"{2010 + number % 15}-{number % 12 + 1:02}-{number % 28 + 1:02}T08:30:00+07:00"
        yield {
            "schema": 1,
            "url": address,
            "title": " ".join(chance.choices(WORDS, k=12)).capitalize(),
            "section": "Tin tức - Sự kiện",
            "author": "Lò Thị Mây",
            "published_at": moment,
            "published_precision": "minute",
            "language": "vi",
            "body_text": "\n\n".join(paragraphs),
            "body_html": "".join(f"<p>{text}</p>" for text in paragraphs),
            "images": [{"url": f"https://{host}/anh/{number}.jpg", "file_name": f"{number}.jpg", "caption": WORDS[3]}],
            "list_path": "/Lists/TinTuc",
            "item_id": number,
            "agency": {"portal_name": f"TRANG TIN {host}", "phones": [{"raw": "0203 111 222", "label": "ĐT"}]},
            "evidence": {"title": {"rule": "headline", "raw": "h1", "node": "div#main > h1"}},
            "problems": [],
            "capture": {"final_url": address, "fetched_at": "2026-01-05T01:00:00+00:00", "sha256": f"{number:064x}"},
        }


def fill(path: Path, count: int) -> Path:
    """An archive of so many records."""
    with Archive.open(path) as archive:
        for _ in archive.put_many(records(count)):
            pass
    return path


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def durable_writes(few: Path, many: Path, scratch: Path) -> None:
    """One more record into either archive, one more document into the storage, and the bare write of the same bytes."""
    took: dict[str, list[float]] = {"few": [], "many": [], "document": [], "bare": []}
    bare, at = os.open(scratch / "bare", os.O_RDWR | os.O_CREAT), 0

    def append(line: bytes) -> None:
        os.pwrite(bare, line, at)
        os.fdatasync(bare)

    with Archive.open(few) as small, Archive.open(many) as large, Archive.open(scratch / "documents") as plain:
        storage = plain._open_storage()

        def commit(number: int, document: dict[str, Any]) -> None:
            with storage.writing():
                storage.commit({"articles": {number: document}})

        for number, record in enumerate(records(PUTS, first=10**7), 1):
            line = line_of(number, record)
            took["bare"].append(seconds(lambda line=line: append(line)))  # type: ignore[misc]
            took["few"].append(seconds(lambda record=record: small.put(record)))  # type: ignore[misc]
            took["many"].append(seconds(lambda record=record: large.put(record)))  # type: ignore[misc]
            took["document"].append(seconds(lambda n=number, r=record: commit(n, r)))  # type: ignore[misc]
            at += len(line)
    os.close(bare)
    cost = {name: statistics.median(values) for name, values in took.items()}
    show("one durable record: many / few", cost["many"], cost["few"], 1.2)
    show("one durable document / bare append + fdatasync", cost["document"], cost["bare"], 1.5)
    show("one durable record, decided on / the same", cost["few"], cost["bare"], None)


CHILD = """
import atexit, pathlib, re, resource, sys
from cli.app import main

@atexit.register
def tell():
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text()).group(1)
    print(used.ru_utime + used.ru_stime, int(peak) / 1024, file=sys.stderr)

main()
"""


def child(arguments: list[str]) -> tuple[float, float]:
    """Processor seconds and peak memory (MB) of `luutru ARGUMENTS`; its own, not its parent's before `exec`."""
    command = [sys.executable, "-c", CHILD, *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    spent, peak = done.stderr.split()[-2:]
    return float(spent), float(peak)


def whole_commands(few: Path, many: Path) -> None:
    """`show` in either archive, and the memory of what goes through all records."""
    with Archive.open(many, mode="r") as archive:
        name = next(archive.find())["id"]
    cost = {
        path: statistics.median(child(["show", name, "-a", str(path)])[0] for _ in range(9)) for path in (few, many)
    }
    show("show ID, processor time: many / few", cost[many], cost[few], 1.3)
    for command in (["export", "--format", "jsonl"], ["export", "--format", "csv"], ["list"], ["verify"]):
        peak = {path: child([*command, "-a", str(path)])[1] for path in (few, many)}
        show(f"{' '.join(command)}, peak MB: many / few", peak[many], peak[few], 1.3)


def export_against_copy(many: Path, scratch: Path) -> None:
    """Processor time of exporting all as JSON Lines against copying the archive's bytes."""
    source, target = many / "articles.json", scratch / "copy"

    def copy() -> None:
        with source.open("rb") as whole, target.open("wb") as out:
            while block := whole.read(io.DEFAULT_BUFFER_SIZE * 16):
                out.write(block)

    def export() -> None:
        with Archive.open(many, mode="r") as archive, target.open("wb") as out:
            jsonl.write_texts(archive.texts(), out)

    cost = {work: min(processor(work) for _ in range(3)) for work in (copy, export)}
    show("export jsonl / copying the bytes", cost[export], cost[copy], 5.0)


def processor(work: Callable[[], object]) -> float:
    """Processor time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def show(what: str, ours: float, floor: float, budget: float | None) -> None:
    """One row of the table; times in milliseconds, memory in megabytes."""
    factor = 1 if "MB" in what else 1000
    bound = "" if budget is None else f"{budget:g}{'' if ours / floor <= budget else '  MISSED'}"
    print(f"{what:<48} {ours * factor:10.2f} {floor * factor:10.2f} {ours / floor:7.2f}  {bound}", flush=True)


def main(count: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        few, many = fill(scratch / "few", FEW), scratch / "many"
        took = seconds(lambda: fill(many, count))
        size = (many / "articles.json").stat().st_size
        print(f"{count} records, {size / 1e6:.0f} MB, put_many {took / count * 1000:.2f} ms each\n")
        print(f"{'':<48} {'ours':>10} {'floor':>10} {'ratio':>7}  budget")
        durable_writes(few, many, scratch)
        whole_commands(few, many)
        export_against_copy(many, scratch)
        print(f"peak of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
