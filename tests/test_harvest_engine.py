"""The harvest's engine over portals that are made up of words: listings that break off, marks, gaps, runs cut short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scraper.discovery.listing import DoorName, Listing, ListingEntry, Place, Request
from scraper.errors import LoginPage, LuutruError, NetworkError, NotFound, SoftError
from scraper.harvest.harvesting import Harvest
from scraper.harvest.job import Job, Report
from scraper.harvest.stopping import Interrupted, Stopping
from scraper.harvest.visiting import Visitor
from scraper.models import Capture, CaptureInfo, Outcome
from storage.archive import Archive
from storage.ledger import Ledger
from tests.running import article

HOST = "http://xa.example"
NIGHT = timedelta(days=1)


def address(number: int) -> str:
    return f"{HOST}/Lists/Tin/DispForm.aspx?ID={number}"


@dataclass
class FakeDoor:
    """Reads whatever the world says that an address lists."""

    world: World
    name: DoorName = "view"
    exhaustive: bool = True

    def knock(self, place: Place) -> tuple[Request, ...]:
        return tuple(Request(url) for url in self.world.beginnings.get((place.start, self.name), ()))

    def read(self, capture: Capture, place: Place) -> Listing:
        found = self.world.listings[capture.name]
        if isinstance(found, LuutruError):
            raise found
        return found


@dataclass
class World:
    """A portal, its archive and ledger. listings: address → what it lists.  pages: address → page, or an error.

    beginnings: (start, door) → addresses at which the door's listings begin.
    """

    folder: Path
    listings: dict[str, Listing | LuutruError] = field(default_factory=dict)
    pages: dict[str, bytes | LuutruError] = field(default_factory=dict)
    beginnings: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    doors: tuple[str, ...] = ("view",)
    reader: type[FakeDoor] = FakeDoor
    now: datetime = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    asked: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    stop_after: int | None = None

    def list_all(self, url: str, numbers: list[int], *, mark: str | None = "1", size: int = 10, **more: Any) -> None:
        """Let an address list these items over as many pages as it takes."""
        pieces = [numbers[at : at + size] for at in range(0, len(numbers), size)] or [[]]
        for at, piece in enumerate(pieces):
            following = Request(f"{url}?p={at + 1}") if at + 1 < len(pieces) else None
            here = url if at == 0 else f"{url}?p={at}"
            self.listings[here] = Listing(tuple(self.entry(n, mark) for n in piece), following, **more)
        for number in numbers:
            self.pages.setdefault(address(number), article(f"Tin số {number}", word=f"khóm {number}").encode())

    def entry(self, number: int, mark: str | None = "1", door: DoorName = "view") -> ListingEntry:
        return ListingEntry(address(number), door, f"Tin {number}", number, "/Lists/Tin", mark)

    def fetch(self, url: str) -> Capture:
        self.asked.append(url)
        if self.stop_after is not None and len(self.asked) > self.stop_after:
            raise Interrupted
        found = self.pages.get(url, NotFound(url, "404"))
        if isinstance(found, NotFound):
            found.status = 404
        if isinstance(found, LuutruError):
            raise found
        info = CaptureInfo(source="http", final_url=url, fetched_at=self.now.isoformat(timespec="seconds"))
        return Capture(found, info, url)

    def fetch_changed(self, url: str, validators: Any) -> Capture:
        return self.fetch(url)

    def ask(self, request: Request) -> Capture:
        self.asked.append(request.url)
        return Capture(b"", CaptureInfo(source="http", final_url=request.url), request.url)

    @property
    def visited(self) -> list[int]:
        """Items whose pages were asked for, in order."""
        return [int(url.rpartition("=")[2]) for url in self.asked if "DispForm" in url]

    def run(self, *starts: str, lost: Any = None, **job: Any) -> Report:
        """One night's harvest; the clock stands still in it."""
        self.asked, self.outcomes, self.troubles = [], [], []
        with self._parts() as (ledger, archive, stopping):
            harvest = Harvest(
                Job("xa", starts or (f"{HOST}/tin",), **job),
                places=Place,
                ask=self.ask,
                visitor=Visitor(self, None, lambda: self.now),
                doors=[self.reader(self, name) for name in self.doors],  # type: ignore[arg-type]
                walk=lambda *_: iter(()),
                lost=lost or (lambda place: lambda capture: None),
                archive=archive,
                ledger=ledger,
                watch=self,
                stopping=stopping,
                clock=lambda: self.now,
            )
            report = harvest.run()
            ledger.end(self.now.isoformat(timespec="seconds"), {}, whole=report.stopped is None)
        self.now += NIGHT
        return report

    @contextmanager
    def _parts(self) -> Iterator[tuple[Ledger, Archive, Stopping]]:
        stamp = self.now.isoformat(timespec="seconds")
        with (
            Ledger(self.folder, "xa", now=stamp) as ledger,
            Archive.open(self.folder, clock=lambda: self.now) as archive,
            closing(Stopping()) as stopping,
        ):
            yield ledger, archive, stopping

    def kept(self) -> dict[int, Any]:
        """Item → when it was gone, or None."""
        with Archive.open(self.folder, mode="r") as archive:
            return {one["item_id"]: one["gone_at"] for one in archive.find()}

    # ── told by the harvest ───────────────────────────────────────────────────────────────────────────────────────

    def beat(self, seconds: float, doing: str) -> None:
        """Signs of life."""

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def trouble(self, error: LuutruError, *, again: bool) -> None:
        self.troubles.append(str(error))

    def recovered(self, what: str) -> None:
        self.troubles.append(f"recovered {what}")


def world(folder: Path, **given: Any) -> World:
    """A portal with one start and one view."""
    made = World(folder / "archive", **given)
    made.beginnings[f"{HOST}/tin", "view"] = [f"{HOST}/view"]
    return made


def test_an_edit_that_a_run_was_about_to_visit_is_visited_when_it_goes_on(tmp_path: Path) -> None:
    portal = world(tmp_path)
    portal.list_all(f"{HOST}/view", list(range(1, 9)))
    assert portal.run().outcomes == {"new": 8}
    portal.list_all(f"{HOST}/view", list(range(1, 9)), mark="2")
    for number in range(1, 9):
        portal.pages[address(number)] = article(f"Tin số {number}", word="sửa").encode()
    portal.stop_after = 4
    assert portal.run().stopped == "interrupted" and len(portal.visited) == 4
    portal.stop_after = None
    assert portal.run().outcomes == {"changed": 5}
    assert portal.run().outcomes == {}


def test_an_edit_between_two_parts_of_a_run_is_found(tmp_path: Path) -> None:
    portal = world(tmp_path)
    portal.list_all(f"{HOST}/view", list(range(1, 9)))
    assert portal.run(limit=4).stopped == "limit"
    portal.list_all(f"{HOST}/view", list(range(1, 9)), mark="2")
    portal.pages[address(2)] = article("Tin số 2", word="sửa").encode()
    assert portal.run().outcomes == {"changed": 1, "unchanged": 3, "new": 4}


def test_a_page_that_failed_before_the_run_was_cut_off_is_tried_once_more_at_its_end(tmp_path: Path) -> None:
    portal = world(tmp_path)
    portal.list_all(f"{HOST}/view", list(range(1, 9)))
    page, portal.pages[address(2)] = portal.pages[address(2)], NetworkError(address(2), "reset")
    first = portal.run(limit=4)
    assert first.outcomes == {"new": 3, "failed": 1} and portal.visited == [1, 2, 3, 4]
    portal.pages[address(2)] = page
    assert portal.run().outcomes == {"new": 5} and portal.visited == [5, 6, 7, 8, 2]


def test_marks_of_another_door_do_not_hide_later_edits(tmp_path: Path) -> None:
    portal = world(tmp_path, doors=("api", "view"))
    portal.beginnings[f"{HOST}/tin", "api"] = [f"{HOST}/api"]
    portal.list_all(f"{HOST}/view", [1, 2, 3], mark="v1")
    portal.listings[f"{HOST}/api"] = Listing(tuple(portal.entry(n, "a1", "api") for n in (1, 2, 3)))
    assert portal.run().outcomes == {"new": 3}
    portal.now -= NIGHT / 2  # before anything is due
    portal.listings[f"{HOST}/api"] = NetworkError(f"{HOST}/api", "500")
    portal.run()
    assert portal.visited == []
    portal.now -= NIGHT
    portal.listings[f"{HOST}/view"] = Listing(tuple(portal.entry(n, f"v{n}") for n in (1, 2, 3)))
    portal.run()
    assert portal.visited == [2, 3]  # what is new at this door, against what it said before
    portal.now += 10 * NIGHT
    portal.run()
    assert portal.visited == [1]  # never compared since the doors changed, and due
    portal.now += 10 * NIGHT
    portal.run()
    assert portal.visited == []


def test_the_same_item_on_two_hosts_is_two_articles(tmp_path: Path) -> None:
    portal = world(tmp_path)
    other = "http://huyen.example/Lists/Tin/DispForm.aspx?ID=1"
    portal.list_all(f"{HOST}/view", [1])
    portal.beginnings["http://huyen.example/tin", "view"] = ["http://huyen.example/view"]
    portal.listings["http://huyen.example/view"] = Listing((ListingEntry(other, "view", "Tin", 1, "/Lists/Tin"),))
    portal.pages[other] = article("Tin của huyện").encode()
    assert portal.run(f"{HOST}/tin", "http://huyen.example/tin").outcomes == {"new": 2}


def test_two_starts_that_list_the_same_are_both_complete(tmp_path: Path) -> None:
    portal = world(tmp_path)
    starts = (f"{HOST}/tin", f"{HOST}/noi-bat")
    portal.beginnings[starts[1], "view"] = [f"{HOST}/noi-bat-view"]
    portal.list_all(f"{HOST}/view", list(range(1, 31)), total=30)
    portal.list_all(f"{HOST}/noi-bat-view", list(range(11, 31)), total=20)
    for _ in range(3):
        report = portal.run(*starts)
        assert [(place.complete, place.collected) for place in report.places] == [(True, 30), (True, 20)]
    # The first one fails for a night; the other takes nothing away from it.
    portal.listings[f"{HOST}/view"] = NetworkError(f"{HOST}/view", "reset")
    portal.run(*starts)
    portal.list_all(f"{HOST}/view", list(range(1, 31)))
    portal.list_all(f"{HOST}/noi-bat-view", list(range(11, 31)))
    for _ in range(2):
        report = portal.run(*starts)
        assert all(place.complete for place in report.places), report.places
        assert not [line for line in portal.troubles if "known" in line]


def test_what_one_start_lists_no_longer_but_another_does_is_not_looked_for(tmp_path: Path) -> None:
    portal = world(tmp_path)
    starts = (f"{HOST}/tin", f"{HOST}/noi-bat")
    portal.beginnings[starts[1], "view"] = [f"{HOST}/noi-bat-view"]
    portal.list_all(f"{HOST}/view", list(range(1, 31)))
    portal.list_all(f"{HOST}/noi-bat-view", [31])
    portal.run(*starts)
    portal.list_all(f"{HOST}/view", list(range(2, 31)))
    portal.list_all(f"{HOST}/noi-bat-view", [31, 1])
    portal.run(*starts)
    assert portal.visited == [] and portal.kept()[1] is None


def test_a_new_address_of_an_item_is_the_one_that_is_asked(tmp_path: Path) -> None:
    portal = world(tmp_path)
    portal.list_all(f"{HOST}/view", [1, 2, 3])
    portal.run()
    moved = f"{HOST}/Pages/tin.aspx?ItemID=2"
    entry = ListingEntry(moved, "view", "Tin 2", 2, "/Lists/Tin", "2")
    portal.listings[f"{HOST}/view"] = Listing((portal.entry(1), entry, portal.entry(3)))
    portal.pages[moved] = article("Tin số 2", word="sửa").encode()
    del portal.pages[address(2)]
    report = portal.run()
    assert "gone" not in report.outcomes and moved in portal.asked and address(2) not in portal.asked


def test_an_early_end_of_a_long_listing_is_not_taken_for_a_redesign(tmp_path: Path) -> None:
    portal = world(tmp_path)
    portal.list_all(f"{HOST}/view", list(range(90, 0, -1)))
    assert portal.run(whole_pages=2).places[0].complete
    report = portal.run(whole_pages=2)
    assert report.places[0].pages == 2 and not portal.troubles and report.outcomes == {}
    portal.now += 8 * NIGHT
    assert portal.run(whole_pages=2).places[0].complete


def test_rising_numbers_are_always_read_to_the_end(tmp_path: Path) -> None:
    portal = world(tmp_path)
    portal.list_all(f"{HOST}/view", list(range(1, 91)))
    portal.run(whole_pages=2)
    portal.list_all(f"{HOST}/view", list(range(1, 93)))
    assert portal.run(whole_pages=2).outcomes == {"new": 2}


def test_a_part_of_a_listing_that_cannot_be_read_is_missing(tmp_path: Path) -> None:
    portal = world(tmp_path)
    parts = (Request(f"{HOST}/folder1"), Request(f"{HOST}/folder2"))
    portal.list_all(f"{HOST}/view", [1, 2])
    portal.listings[f"{HOST}/view"] = Listing((portal.entry(1), portal.entry(2)), further=parts)
    portal.list_all(f"{HOST}/folder2", [7, 8])
    portal.listings[f"{HOST}/folder1"] = NetworkError(f"{HOST}/folder1", "reset")
    report = portal.run()
    assert not report.places[0].complete and "broke off" in report.places[0].why and report.troubles


def test_parts_without_end_have_an_end(tmp_path: Path) -> None:
    portal = world(tmp_path)
    portal.list_all(f"{HOST}/view", [1, 2])
    for number in range(200):
        here = f"{HOST}/view" if number == 0 else f"{HOST}/part{number}"
        more = (Request(f"{HOST}/part{number + 1}"),) if number < 199 else ()
        portal.listings[here] = Listing((portal.entry(1), portal.entry(2)), further=more)
    report = portal.run(max_pages=20)
    assert len(portal.asked) <= 25 and not report.places[0].complete and "20 pages" in report.places[0].why


def test_a_pager_that_posts_the_same_next_again_and_again_is_followed(tmp_path: Path) -> None:
    portal = world(tmp_path)
    numbers = list(range(50, 0, -1))
    portal.list_all(f"{HOST}/view", numbers)
    pages = [portal.listings[f"{HOST}/view" + (f"?p={at}" if at else "")] for at in range(5)]
    shown = iter(pages)

    class Posting(FakeDoor):
        def read(self, capture: Capture, place: Place) -> Listing:
            page = next(shown, pages[-1])
            form = (
                ("__VIEWSTATE", str(len(portal.asked))),
                ("__EVENTTARGET", "ctl00$lnkNext"),
                ("__EVENTARGUMENT", ""),
            )
            return Listing(page.entries, Request(f"{HOST}/view", form))  # type: ignore[union-attr]

    portal.reader = Posting
    report = portal.run()
    assert report.outcomes == {"new": 50} and report.places[0].pages <= 8


def test_a_portal_that_was_closed_for_a_night_is_read_the_next(tmp_path: Path) -> None:
    portal = world(tmp_path, doors=("api", "view", "section"))
    portal.list_all(f"{HOST}/view", [1, 2, 3])
    listed = portal.listings[f"{HOST}/view"]
    portal.run()
    portal.listings[f"{HOST}/view"] = LoginPage(f"{HOST}/view")
    assert portal.run().failed == {"login": 2} and portal.troubles
    portal.listings[f"{HOST}/view"] = listed
    report = portal.run()
    assert report.places[0].complete and not report.failed
    assert f"recovered {HOST}/tin" in portal.troubles


def test_a_section_that_shows_the_newest_only_is_no_redesign(tmp_path: Path) -> None:
    portal = world(tmp_path)
    for night in range(8):
        portal.list_all(f"{HOST}/view", list(range(10 * night + 20, 10 * night, -1)))
        portal.run()
        assert not portal.troubles, (night, portal.troubles)
    portal.list_all(f"{HOST}/view", list(range(90, 84, -1)))
    assert portal.run().failed == {"not_a_listing": 1}  # 6 where there were 20


def test_items_that_nobody_may_see_cost_no_further_doors_each_night(tmp_path: Path) -> None:
    portal = world(tmp_path, doors=("api", "view"))
    portal.beginnings[f"{HOST}/tin", "api"] = [f"{HOST}/api"]
    portal.list_all(f"{HOST}/view", list(range(1, 19)))
    portal.list_all(f"{HOST}/api", list(range(1, 19)), total=20)
    first = portal.run()
    assert f"{HOST}/view" in portal.asked and not first.places[0].complete
    second = portal.run()
    assert f"{HOST}/view" not in portal.asked and not second.places[0].complete
    assert "the server counts 20, 18 are listed" in second.places[0].why
    portal.list_all(f"{HOST}/view", list(range(3, 19)))
    portal.list_all(f"{HOST}/api", list(range(3, 19)), total=18)
    del portal.pages[address(1)]
    assert portal.run().outcomes == {"gone": 1, "unchanged": 1}
    portal.list_all(f"{HOST}/api", list(range(3, 15)), total=18)
    portal.run()
    assert f"{HOST}/view" in portal.asked  # four more are missing
    portal.now += 8 * NIGHT
    portal.list_all(f"{HOST}/api", list(range(3, 19)), total=18)
    portal.run()
    assert f"{HOST}/view" in portal.asked  # now and then


def test_an_article_that_failed_before_it_left_the_list_is_gone_in_the_archive(tmp_path: Path) -> None:
    portal = world(tmp_path)
    portal.list_all(f"{HOST}/view", [1, 2, 3])
    portal.run()
    portal.list_all(f"{HOST}/view", [1, 2, 3], mark="2")
    portal.pages[address(2)] = SoftError(address(2), "an error page")
    assert portal.run().failed == {"soft_error": 1}
    portal.list_all(f"{HOST}/view", [1, 3], mark="2")
    assert portal.run().outcomes == {"gone": 1} and portal.kept()[2] is not None


GATES = {
    "challenge": b"<html><head><title>Just a moment...</title></head><body><h1>Checking your browser</h1></body>",
    "login": b"<html><head><title>Log in</title></head><body><form><input type=password name=p></form></body></html>",
    "maintenance": "<html><title>Thông báo</title><body><p>Hệ thống đang bảo trì.</p></body></html>".encode(),
}


@pytest.mark.parametrize("gate", GATES)
def test_what_stands_before_all_pages_makes_none_of_them_gone(tmp_path: Path, gate: str) -> None:
    portal = world(tmp_path)
    portal.list_all(f"{HOST}/view", list(range(1, 9)))
    portal.run()
    pages = dict(portal.pages)
    portal.list_all(f"{HOST}/view", list(range(1, 7)))
    portal.pages.update(dict.fromkeys(pages, GATES[gate]))
    assert portal.run().outcomes == {"failed": 2}
    portal.pages = pages | {address(8): GATES["maintenance"]}
    assert portal.run().outcomes == {"unchanged": 1, "gone": 1}
    assert [number for number, gone in portal.kept().items() if gone] == [8]


def test_a_pager_that_never_showed_a_second_page_proves_nothing(tmp_path: Path) -> None:
    portal = world(tmp_path)
    portal.list_all(f"{HOST}/view", [1, 2, 3])
    for number in range(20):
        here = f"{HOST}/view" if number == 0 else f"{HOST}/view?p={number}"
        entries = tuple(portal.entry(n) for n in (1, 2, 3))
        portal.listings[here] = Listing(entries, Request(f"{HOST}/view?p={number + 1}"))
    report = portal.run()
    assert not report.places[0].complete and "circles" in report.places[0].why and report.places[0].pages < 6


def test_a_listing_of_one_page_whose_pager_leads_back_to_it_is_whole(tmp_path: Path) -> None:
    portal = world(tmp_path)
    portal.list_all(f"{HOST}/view", [1, 2, 3])
    portal.listings[f"{HOST}/view"] = Listing(tuple(portal.entry(n) for n in (1, 2, 3)), Request(f"{HOST}/view"))
    assert portal.run().places[0].complete
