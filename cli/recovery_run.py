"""One portal's recovery in its own process: web archives, ledger and archive brought together, and the answer."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.archivist import RemoteArchive
from cli.crew import Voice
from cli.desk import Desk
from cli.order import Order
from cli.recovered_files import RecoveredFiles
from cli.watching import Watch, telling
from scraper.errors import LuutruError

if TYPE_CHECKING:
    from scraper.models import Capture


def recover(order: Order, avoid: dict[str, str], voice: Voice) -> None:
    """Recover one portal and say how it went; see `telling`."""
    telling(voice, order.settings.name, lambda: _recover(order, avoid, voice))


def _recover(order: Order, avoid: dict[str, str], voice: Voice) -> tuple[dict[str, Any], list[LuutruError]]:
    from scraper.harvest.stopping import Stopping
    from scraper.memento.archive import Hops, WebArchive
    from scraper.memento.recovery import Job, Recovery, nothing_found
    from scraper.memento.summary import items_of, places_of
    from scraper.pipeline import extract_checked
    from scraper.portals import load_portals
    from storage.capture_ledger import CaptureLedger
    from storage.captures import CaptureStore
    from storage.file_store import FileStore

    watch, settings = Watch(voice), order.settings
    portals = load_portals(order.portals)
    options = dict(order.job)
    with_files = options.pop("files")
    job = Job(settings.name, settings.start, settings.hosts, avoid=avoid, **options)
    started = _stamp()
    with contextlib.ExitStack() as stack:
        stopping = Stopping(order.time_left(voice.spent), beat=watch.beat)
        stack.callback(stopping.close)
        stack.enter_context(stopping.signals())
        ledger = CaptureLedger(order.archive, f"recover {settings.name}", now=started)
        stack.callback(ledger.close)
        captures = CaptureStore(order.archive) if order.captures else None
        if captures is not None:
            stack.callback(lambda: list(map(watch.warn, captures.notices)))
            stack.callback(captures.close)
        keep = _unkept if captures is None else captures.keep
        archives, desks = [], []
        for one in order.archives:
            hops = Hops()
            desk = Desk(
                replace(order, settings=one), ledger, stopping.pause, watch.beat, watch.warn, observe=hops, replays=True
            )
            desks.append(stack.enter_context(desk))
            archives.append(WebArchive(one.start[0], desk.fetcher, hops))
        by_endpoint = {one.endpoint: one for one in archives}
        files = RecoveredFiles(by_endpoint, ledger, FileStore(order.archive), lambda: watch.beat(0, ""), keep)
        recovery = Recovery(
            job,
            archives=archives,
            extract=lambda capture: extract_checked(keep(capture), portals),
            keeps=RemoteArchive(voice, captures),
            ledger=ledger,
            watch=watch,
            stopping=stopping,
            clock=_now,
            enclosed=files.of if with_files else None,
        )
        try:
            recovery.run()
        finally:
            for desk in desks:
                ledger.note("robots", {origin: asdict(text) for origin, text in desk.manners.robots_seen.items()})
        tally = recovery.tally
        items = list(items_of(ledger.items()))
        report: dict[str, Any] = {
            "portal": settings.name,
            "started": started,
            "ended": _stamp(),
            "resumed": ledger.resumed,
            "stopped": tally.stopped,
            "outcomes": dict(tally.outcomes),
            "skipped": dict(tally.skipped),
            "failed": dict(tally.failed),
            "requests": sum(desk.requests for desk in desks),
            "archives": tally.archives,
            "places": places_of(settings.start[0], _by(tally.archives), items),
            "troubles": tally.troubles,
        }
        errors = recovery.errors
        if not errors and tally.stopped is None and not any(item["fetched"] for item in items):
            error = nothing_found(job, archives, dict(tally.skipped))
            watch.trouble(error, again=False)
            errors = [error]
        ledger.end(_stamp(), report, whole=tally.stopped is None)
    return report | {"items": items}, errors


def _by(archives: dict[str, dict[str, Any]]) -> str:
    return ", ".join(sorted({one["by"] for one in archives.values()}))


def _unkept(capture: Capture) -> Capture:
    return capture


def _now() -> datetime:
    return datetime.now(UTC)


def _stamp() -> str:
    return _now().isoformat(timespec="seconds")
