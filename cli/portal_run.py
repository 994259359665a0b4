"""One portal's harvest in its own process: the fetcher, the ledger and the archive brought together, and the answer."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.archivist import RemoteArchive
from cli.crew import Voice
from cli.desk import Desk
from cli.enclosing import Enclosures
from cli.order import Order
from cli.watching import Watch, telling
from scraper.errors import (
    LuutruError,
)

if TYPE_CHECKING:
    pass


_SHARED = (
    "scraper.discovery.doors",
    "scraper.discovery.walk",
    "scraper.enclosures",
    "scraper.harvest.harvesting",
    "scraper.transfer",
    "storage.archive",
    "storage.captures",
    "storage.ledger",
)
_SPECIMEN = (
    "<html><head><title>Xã</title></head><body><div><h1>Xã họp đầu năm</h1><p>01/02/2019 08:30 | Văn phòng</p>"
    + "<p>Sáng nay xã họp với bà con các ấp về đường sá và nước sạch. Mọi người bàn việc chung.</p>" * 3
    + "</div><div>Cơ quan chủ quản: Ủy ban nhân dân xã. Địa chỉ: ấp 1. Điện thoại: 0275 3 811 066</div></body></html>"
).encode()


def prepare(portals: tuple[str, ...]) -> None:
    """Load what every harvest needs, so that processes begun from this one share it. Raises InputError (portal files).

    portals: folders of portal files.
    """
    from importlib import import_module

    from scraper.errors import NotAnArticle
    from scraper.models import Capture, CaptureInfo
    from scraper.pipeline import extract_checked
    from scraper.portals import load_portals

    for name in _SHARED:
        import_module(name)
    with contextlib.suppress(NotAnArticle):  # reads the word tables and compiles the patterns
        extract_checked(Capture(_SPECIMEN, CaptureInfo(content_type="text/html"), ""), load_portals(portals))


def harvest(order: Order, avoid: dict[str, str], voice: Voice) -> None:
    """Harvest one portal and say how it went; see `telling`."""
    telling(voice, order.settings.name, lambda: _harvest(order, avoid, voice))


def _harvest(order: Order, avoid: dict[str, str], voice: Voice) -> tuple[dict[str, Any], list[LuutruError]]:
    from scraper.discovery.doors import DOORS
    from scraper.discovery.walk import walk
    from scraper.harvest.harvesting import Harvest
    from scraper.harvest.job import Job, plain
    from scraper.harvest.stopping import Stopping
    from scraper.harvest.visiting import Visitor
    from scraper.portals import load_portals
    from storage.captures import CaptureStore
    from storage.file_store import FileStore
    from storage.ledger import Ledger

    watch = Watch(voice)
    job = Job(order.settings.name, order.settings.start, avoid=avoid, **order.job)
    with contextlib.ExitStack() as stack:
        stopping = Stopping(order.time_left(voice.spent), beat=watch.beat)
        stack.callback(stopping.close)
        stack.enter_context(stopping.signals())
        ledger = stack.enter_context(Ledger(order.archive, order.settings.name, now=_stamp()))
        captures = CaptureStore(order.archive) if order.captures else None
        if captures is not None:
            stack.callback(lambda: list(map(watch.warn, captures.notices)))
            stack.callback(captures.close)
        desk = stack.enter_context(Desk(order, ledger, stopping.pause, watch.beat, watch.warn, captures))
        files = Enclosures(desk.fetcher, ledger, FileStore(order.archive), watch.beat, recheck=job.recheck)
        visitor = Visitor(desk.fetcher, load_portals(order.portals), _now, enclosed=files.of if job.files else None)
        harvest = Harvest(
            job,
            places=desk.place,
            ask=desk.ask,
            visitor=visitor,
            doors=DOORS,
            walk=walk,
            lost=desk.lost,
            archive=RemoteArchive(voice, captures),
            ledger=ledger,
            watch=watch,
            stopping=stopping,
            clock=_now,
        )
        try:
            report = harvest.run()
        finally:
            ledger.note("robots", {origin: asdict(text) for origin, text in desk.manners.robots_seen.items()})
        report.requests = desk.requests
        data = plain(report)
        ledger.end(_stamp(), data, whole=report.stopped is None)
    return data, harvest.errors


def _now() -> datetime:
    return datetime.now(UTC)


def _stamp() -> str:
    return _now().isoformat(timespec="seconds")
