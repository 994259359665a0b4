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
    from scraper.harvest.stopping import Stopping
    from scraper.memento.archive import WebArchive
    from scraper.memento.recovery import Tally
    from scraper.models import Capture
    from storage.capture_ledger import CaptureLedger


def recover(order: Order, avoid: dict[str, str], voice: Voice) -> None:
    """Recover one portal and say how it went; see `telling`."""
    telling(voice, order.settings.name, lambda: _recover(order, avoid, voice))


def _recover(order: Order, avoid: dict[str, str], voice: Voice) -> tuple[dict[str, Any], list[LuutruError]]:
    from scraper.harvest.stopping import Stopping
    from scraper.memento.recovery import Job, Recovery, nothing_found
    from scraper.memento.summary import items_of
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
        desks, archives = _archives(order, ledger, stopping, watch, stack)
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
        tally, errors = recovery.tally, recovery.errors
        items = list(items_of(ledger.items()))
        if not errors and tally.stopped is None and not any(item["fetched"] for item in items):
            errors = [nothing_found(job, archives, dict(tally.skipped))]
            watch.trouble(errors[0], again=False)
        facts = {"started": started, "resumed": ledger.resumed, "requests": sum(desk.requests for desk in desks)}
        report = _report(order, tally, items) | facts
        ledger.end(_stamp(), report, whole=tally.stopped is None)
    return report | {"items": items}, errors


def _archives(
    order: Order, ledger: CaptureLedger, stopping: Stopping, watch: Watch, stack: contextlib.ExitStack
) -> tuple[list[Desk], list[WebArchive]]:
    """The web archives of an order, each with a desk of its own, which the stack closes."""
    from scraper.memento.archive import Hops, WebArchive

    desks, archives = [], []
    for one in order.archives:
        hops, settings = Hops(), replace(order, settings=one)
        desk = Desk(settings, ledger, stopping.pause, watch.beat, watch.warn, observe=hops, replays=True)
        desks.append(stack.enter_context(desk))
        archives.append(WebArchive(one.start[0], desk.fetcher, hops))
    return desks, archives


def _report(order: Order, tally: Tally, items: list[dict[str, Any]]) -> dict[str, Any]:
    from scraper.memento.summary import places_of

    return {
        "portal": order.settings.name,
        "ended": _stamp(),
        "stopped": tally.stopped,
        "outcomes": dict(tally.outcomes),
        "skipped": dict(tally.skipped),
        "failed": dict(tally.failed),
        "archives": tally.archives,
        "places": places_of(order.settings.start[0], _by(tally.archives), items),
        "troubles": tally.troubles,
    }


def _by(archives: dict[str, dict[str, Any]]) -> str:
    return ", ".join(sorted({one["by"] for one in archives.values()}))


def _unkept(capture: Capture) -> Capture:
    return capture


def _now() -> datetime:
    return datetime.now(UTC)


def _stamp() -> str:
    return _now().isoformat(timespec="seconds")
