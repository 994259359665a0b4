"""A harvest that dies before and after every single step of its ledger, its archive and its fetching, and runs
again."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scraper.discovery.listing import Listing
from storage.archive import Archive
from storage.ledger import Ledger
from tests.running import article
from tests.test_harvest_engine import HOST, World, address, world

STEPS = (
    (Archive, ("put_batch", "mark_gone", "mark_seen")),
    (Ledger, ("listed", "settle", "note", "end", "_begin")),
    (World, ("fetch", "ask")),
)


@contextmanager
def dying(patch: pytest.MonkeyPatch, at: int) -> Iterator[None]:
    """Within: the process ends before or after its step number `at`, with nothing put in order."""
    count = itertools.count()

    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **more: Any) -> Any:
            if next(count) == at:
                os._exit(9)
            done = plain(*given, **more)
            if next(count) == at:
                os._exit(9)
            return done

        return step

    with patch.context() as here:
        for kind, names in STEPS:
            for name in names:
                here.setattr(kind, name, wrapped(getattr(kind, name)))
        yield


def died(patch: pytest.MonkeyPatch, portal: World, at: int, **job: Any) -> tuple[bool, list[int]]:
    """Run in a process that dies at a step; whether it did, and the items that it asked for."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        plain = World.fetch

        def fetch(self: World, url: str) -> Any:
            os.write(tell, f"{url.rpartition('=')[2]} ".encode())
            return plain(self, url)

        patch.setattr(World, "fetch", fetch)
        with dying(patch, at):
            portal.run(**job)
        os._exit(0)
    os.close(tell)
    with os.fdopen(told, encoding="ascii") as lines:
        asked = [int(number) for number in lines.read().split()]
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9, asked


def words(folder: Path) -> dict[int, tuple[Any, ...]]:
    with Archive.open(folder, mode="r") as archive:
        return {one["item_id"]: (one["content_hash"], one["revision"], one["gone_at"]) for one in archive.find()}


def fetched(folder: Path) -> dict[int, str]:
    if not (folder / "articles.json").exists():
        return {}
    with Archive.open(folder, mode="r") as archive:
        return {one["item_id"]: one["capture"]["fetched_at"] for one in archive.find()}


def test_it_ends_as_if_it_had_not_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    portal = world(tmp_path)
    portal.list_all(f"{HOST}/view", [1, 2, 3, 4, 5], size=3)
    portal.run(batch_records=2)
    portal.list_all(f"{HOST}/view", [6, 1, 2, 3, 7], size=3)
    for number in (1, 3):  # edited
        portal.pages[address(number)] = article(f"Tin số {number}", word="sửa").encode()
    for url, page in portal.listings.items():
        assert isinstance(page, Listing)
        edited = (portal.entry(one.item_id or 0, "2") if one.item_id in (1, 3) else one for one in page.entries)
        portal.listings[url] = replace(page, entries=tuple(edited))
    del portal.pages[address(4)]  # and 5 is listed no longer, but still published
    before, night = portal.folder, portal.now
    whole = tmp_path / "whole"
    shutil.copytree(before, whole)
    portal.folder = whole
    portal.run(batch_records=2)
    assert sorted(portal.visited) == [1, 3, 4, 5, 6, 7]
    wanted = words(whole)
    assert [number for number, (_, _, gone) in wanted.items() if gone] == [4]
    for at in itertools.count():
        folder = tmp_path / "killed"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(before, folder)
        portal.folder, portal.now = folder, night
        died_there, asked = died(monkeypatch, portal, at, batch_records=2)
        stored = {number for number, when in fetched(folder).items() if when == night.isoformat(timespec="seconds")}
        portal.now = night
        portal.run(batch_records=2)
        assert words(folder) == wanted, at
        assert not stored & set(portal.visited) & set(asked), (at, stored, portal.visited)
        portal.run(batch_records=2)
        assert portal.visited in ([], [5]) and words(folder) == wanted, at
        if not died_there:
            break
    assert at > 50
