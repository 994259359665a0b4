"""What a harvest must do: everything with every door shut in turn, kills, changes, throughput, memory.

    python -m benchmarks.harvest ladder [ITEMS]      all items, each once, with each door shut, and down to the last one
    python -m benchmarks.harvest kills [KILLS]       killed at random points and run again: the same archive
    python -m benchmarks.harvest changes             edits, deletions, additions between runs; a run without changes
    python -m benchmarks.harvest throughput [PAGES]  eight hosts, against requests, extraction and storage alone
    python -m benchmarks.harvest memory              20,000 pages against 1,000

The portals are the tests' fake ones, each in a process of its own, on loopback; pauses between requests are off.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from storage.archive import Archive

ROOT = Path(__file__).resolve().parents[1]
DOORS = ("api", "odata", "feed", "view", "owssvr", "sitemap", "section")
LISTS = {"TinTuc": 3, "ThongBao": 2, "VanBan": 1}


class Portal:
    """A fake portal in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakeportal", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.base = self._process.stdout.readline().strip().rstrip("/")

    def order(self, *words: object) -> Any:
        """What the portal answers to an order."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> Portal:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def command(folder: Path, *arguments: str, files: bool = False) -> list[str]:
    """A harvest into folder/archive."""
    given = ["--archive", str(folder / "archive"), "--summary", str(folder / "summary.json"), "--delay", "0", "--quiet"]
    keep = "--files" if files else "--no-files"
    return [sys.executable, "-m", "luutru", "harvest", *arguments, *given, keep]


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "LUUTRU_STATE": str(folder / "state")}


def harvest(folder: Path, *arguments: str, files: bool = False) -> tuple[int, dict[str, Any], resource.struct_rusage]:
    """Exit code, summary, and what the process and its children used."""
    process = subprocess.Popen(
        command(folder, *arguments, files=files), cwd=ROOT, env=environment(folder), stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, json.loads((folder / "summary.json").read_text("utf-8")), used


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def items_kept(folder: Path) -> list[tuple[str, int]]:
    """(list, item) of what is in the archive and not gone."""
    with Archive.open(folder / "archive", mode="r") as archive:
        return sorted((one["list_path"], one["item_id"]) for one in archive.find() if one["gone_at"] is None)


def ladder(items: int = 6_000) -> None:
    """Every door shut in turn, then all but one of those that list everything."""
    counts = {name: items * share // 6 for name, share in LISTS.items()}
    wanted = sorted((f"/Lists/{name}", number + 1) for name, count in counts.items() for number in range(count))
    for version, open_doors in _openings():
        given = ",".join(f"{name}={count}" for name, count in counts.items())
        with (
            scratch() as folder,
            Portal("--version", version, "--lists", given, "--doors", ",".join(open_doors)) as portal,
        ):
            sections = not {"api", "odata", "view", "owssvr"} & set(open_doors)
            starts = [
                portal.base + (f"/{slug}.aspx" if sections else f"/Lists/{name}")
                for name, slug in zip(counts, ("tin-tuc", "thong-bao", "van-ban"), strict=True)
            ]
            if open_doors[0] == "owssvr" and len(open_doors) == 3:
                starts = [f"{portal.base}/Lists/{name}/DispForm.aspx?ID=1" for name in counts]
            code, summary, _ = harvest(folder, *starts)
            kept = items_kept(folder)
            places = [place for one in summary["portals"] for place in one.get("places", ())]
            proof = ", ".join(f"{p['door']} {p['collected']}/{p['total']} {p['complete']}" for p in places)
            shut = ", ".join(sorted(set(DOORS) - set(open_doors)))
            verdict = "all, once" if kept == wanted else f"MISSED: {len(kept)} of {len(wanted)}"
            requests = portal.order("requests")
            print(
                f"{version} shut: {shut or 'none':<40} exit {code}  {verdict}  {requests} requests  [{proof}]",
                flush=True,
            )


def _openings() -> Iterator[tuple[str, list[str]]]:
    forms = ["forms", "pages"]
    yield "2013", [*DOORS, *forms]
    for door in DOORS:
        yield "2013", [*(one for one in DOORS if one != door), *forms]
    for number in range(1, len(DOORS)):
        yield "2013", [*DOORS[number:], *forms]
    for door in ("view", "owssvr"):
        yield "2013", [door, *forms]
    yield "2010", [*DOORS, *forms]
    yield "2010", ["view", *forms]
    yield "2019", ["view", *forms]


def kills(times: int = 100, items: int = 400) -> None:
    """Kill and run again; then compare with an archive that nobody killed."""
    chance = random.Random(5)
    with scratch() as folder, scratch() as whole, Portal("--lists", f"TinTuc={items}") as portal:
        start, again, twice = f"{portal.base}/Lists/TinTuc", 0, 0
        stored: dict[int, int] = {}
        while again < times:
            process = subprocess.Popen(
                command(folder, start), cwd=ROOT, env=environment(folder), stdout=subprocess.DEVNULL
            )
            time.sleep(chance.uniform(0.3, 1.2))
            process.kill()
            process.wait()
            again += 1
            if (folder / "archive" / "articles.json").exists():
                now = {number: 0 for _, number in items_kept(folder)}
                for number in now:
                    now[number] = portal.order("count", f"/Lists/TinTuc/DispForm.aspx?ID={number}")
                    twice += number in stored and now[number] != stored[number]
                stored = now
            if len(stored) == items:
                for number in range(1, items, 7):
                    portal.order("edit", "TinTuc", number)
                portal.order("publish", "TinTuc", 20)
                items += 20
                stored = {}
        harvest(folder, start)
        harvest(folder, start)
        harvest(whole, start)
        same = _words(folder) == _words(whole)
        print(f"{times} kills: {twice} pages fetched again after they were stored; {'equal' if same else 'DIFFERENT'}")


def _words(folder: Path) -> dict[str, tuple[Any, ...]]:
    with Archive.open(folder / "archive", mode="r") as archive:
        return {one["id"]: (one["title"], one["content_hash"], one["gone_at"]) for one in archive.find()}


def changes() -> None:
    """50 edits, 20 deletions, 30 additions between two runs; then a run in which nothing changed."""
    for doors in ("api", "odata", "view", "owssvr"):
        with scratch() as folder, Portal("--lists", "TinTuc=2000", "--doors", f"{doors},forms,pages") as portal:
            start = portal.base + ("/Lists/TinTuc/DispForm.aspx?ID=2" if doors == "owssvr" else "/Lists/TinTuc")
            harvest(folder, start)
            for number in range(1, 51):
                portal.order("edit", "TinTuc", number * 6)
            for number in range(1, 21):
                portal.order("delete", "TinTuc", number * 60 + 1)
            portal.order("publish", "TinTuc", 30)
            _, summary, _ = harvest(folder, start)
            before = portal.order("requests")
            _, quiet, _ = harvest(folder, start)
            pages = quiet["portals"][0]["places"][0]["pages"]
            asked = portal.order("requests") - before
            print(
                f"{doors}: {summary['outcomes']}; unchanged: {quiet['outcomes']}, "
                f"{asked} requests, {pages} listing pages",
                flush=True,
            )


def throughput(pages: int = 3_200) -> None:
    """CPU of a harvest of eight hosts against that of its three parts alone, and how busy the cores were."""
    each = pages // 8
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch())
        portals = [
            stack.enter_context(Portal("--lists", f"TinTuc={each}", "--host", f"127.0.0.{n}")) for n in range(2, 10)
        ]
        starts = [f"{portal.base}/Lists/TinTuc" for portal in portals]
        addresses = [[f"{p.base}/Lists/TinTuc/DispForm.aspx?ID={n}" for n in range(1, each + 1)] for p in portals]
        parts = {
            "requests threads": _cpu(lambda: _fetch_all(addresses, folder)),
            "extraction": _cpu(lambda: _extract_all(folder)),
            "storage": _cpu(lambda: _store_all(folder)),
        }
        alone = sum(parts.values())
        told = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in parts.items())
        print(f"{pages} pages of 8 hosts: {told}")
        for given in ("--no-captures", "--captures"):
            with scratch() as fresh:
                began = time.monotonic()
                code, summary, used = harvest(fresh, *starts, given)
            wall, cpu = time.monotonic() - began, used.ru_utime + used.ru_stime
            print(
                f"harvest {given}: exit {code}, {summary['outcomes']}; {cpu:.1f} s of CPU in {wall:.1f} s "
                f"({cpu / wall:.2f} cores, the portals beside it); {cpu / alone:.2f} x the parts"
            )


def _cpu(work: Callable[[], None]) -> float:
    """CPU seconds of a function in a process of its own."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    _, _, used = os.wait4(child, 0)
    return used.ru_utime + used.ru_stime


def _fetch_all(addresses: list[list[str]], folder: Path) -> None:
    import requests

    def fetch(host: int, urls: list[str]) -> None:
        with requests.Session() as session:
            for number, url in enumerate(urls):
                (folder / f"{host}-{number}.html").write_bytes(session.get(url).content)

    threads = [threading.Thread(target=fetch, args=pair) for pair in enumerate(addresses)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _extract_all(folder: Path) -> None:
    import luutru

    with (folder / "records.jsonl").open("w") as out:
        for page in sorted(folder.glob("*.html")):
            url = (
                f"http://host{page.name.split('-')[0]}.example/Lists/TinTuc/DispForm.aspx?ID={page.stem.split('-')[1]}1"
            )
            out.write(json.dumps(luutru.extract(page.read_bytes(), url=url)) + "\n")


def _store_all(folder: Path) -> None:
    with (folder / "records.jsonl").open() as lines, Archive.open(folder / "alone") as archive:
        for _ in archive.put_many(map(json.loads, lines), batch_records=64):
            pass


def memory() -> None:
    """Peak memory of the largest process of a harvest of 1,000 and of 20,000 pages."""
    peaks = {}
    for count in (1_000, 20_000):
        with scratch() as folder, Portal("--lists", f"TinTuc={count}") as portal:
            _, summary, used = harvest(folder, f"{portal.base}/Lists/TinTuc")
            peaks[count] = used.ru_maxrss / 1024
            print(f"{count} pages: {summary['outcomes']}, peak {peaks[count]:.0f} MB", flush=True)
    print(f"ratio {peaks[20_000] / peaks[1_000]:.2f}")


def main() -> None:
    name, *numbers = sys.argv[1:] or [""]
    known: dict[str, Callable[..., None]] = {
        "ladder": ladder,
        "kills": kills,
        "changes": changes,
        "throughput": throughput,
        "memory": memory,
    }
    if name not in known:
        sys.exit(__doc__)
    known[name](*map(int, numbers))


if __name__ == "__main__":
    main()
