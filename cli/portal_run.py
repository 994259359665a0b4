"""One portal's harvest in its own process: the fetcher, the ledger and the archive brought together, and the answer."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cli.archivist import RemoteArchive
from cli.crew import Voice
from cli.exits import ExitCode, exit_code_of
from scraper.errors import (
    AccessDenied,
    FetchError,
    InputError,
    LoginPage,
    LuutruError,
    NetworkError,
    NotFound,
    OutOfTime,
    RateLimited,
    SoftError,
)
from scraper.models import Outcome, Record
from scraper.settings import PortalSettings

if TYPE_CHECKING:
    from scraper.discovery.listing import Place, Request
    from scraper.fetch import Fetcher
    from scraper.models import Capture
    from scraper.politeness import Asked, Manners
    from storage.captures import CaptureStore
    from storage.ledger import Ledger


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
_NO_ITEM = 2_147_480_000  # SharePoint counts items in 32 bits; no list has come so far


@dataclass(frozen=True, slots=True)
class Order:
    """What one process is to do. job: options of `scraper.harvest.job.Job`.  fetching: options of FetchOptions.

    seconds: given to the portal, None for no end.  until: `time.monotonic()` at which the whole run ends.
    log: file for the requests, appended to.  captures: keep all that is received.
    """

    settings: PortalSettings
    job: dict[str, Any]
    fetching: dict[str, Any]
    archive: Path = Path("archive")
    contact: str | None = None
    portals: tuple[str, ...] = ()
    seconds: float | None = None
    until: float | None = None
    log: Path | None = None
    captures: bool = True

    def time_left(self) -> float | None:
        """Seconds until the portal's time, or the run's, is over."""
        left = None if self.until is None else max(0.0, self.until - time.monotonic())
        return min((value for value in (self.seconds, left) if value is not None), default=None)


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
    """Harvest one portal and say how it went; the last word is ("done", report, exit codes of what failed)."""
    codes: Counter[int] = Counter()
    try:
        report, errors = _harvest(order, avoid, voice)
        codes.update(int(exit_code_of(error)) for error in errors)
    except LuutruError as error:
        voice.say("trouble", str(error), error.hint, False)
        codes[int(exit_code_of(error))] += 1
        report = {"portal": order.settings.name, "troubles": [{"what": str(error), "code": error.code}]}
    except Exception as error:
        if os.environ.get("LUUTRU_DEBUG"):
            raise
        told = f"a bug: {order.settings.name}: {type(error).__name__}: {error}"
        voice.say("trouble", told, "run again with LUUTRU_DEBUG=1 and report it", False)
        codes[int(ExitCode.BUG)] += 1
        report = {"portal": order.settings.name, "troubles": [{"what": told, "code": "error"}]}
    voice.say("done", report, dict(codes))


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

    watch = _Watch(voice)
    job = Job(order.settings.name, order.settings.start, avoid=avoid, **order.job)
    with contextlib.ExitStack() as stack:
        stopping = Stopping(order.time_left(), beat=watch.beat)
        stack.callback(stopping.close)
        stack.enter_context(stopping.signals())
        ledger = stack.enter_context(Ledger(order.archive, order.settings.name, now=_stamp()))
        captures = CaptureStore(order.archive) if order.captures else None
        if captures is not None:
            stack.callback(lambda: list(map(watch.warn, captures.notices)))
            stack.callback(captures.close)
        desk = stack.enter_context(Desk(order, ledger, stopping.pause, watch.beat, watch.warn, captures))
        files = FileStore(order.archive)
        visitor = Visitor(
            desk.fetcher,
            load_portals(order.portals),
            _now,
            enclosed=(lambda record: desk.enclosed(record, files)) if job.files else None,
        )
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


class Desk:
    """What asks servers: the fetcher with its manners, for one portal. A context manager."""

    def __init__(
        self,
        order: Order,
        ledger: Ledger | None,
        pause: Callable[[float], None],
        beat: Callable[[float, str], None],
        warn: Callable[[str], None],
        captures: CaptureStore | None = None,
    ) -> None:
        from scraper.fetch import Fetcher, FetchOptions, user_agent
        from scraper.politeness import Manners
        from scraper.robots import RobotsText

        settings = order.settings
        self.requests = 0
        self._order, self._ledger, self._beat = order, ledger, beat
        self._log: TextIO | None = None
        self._start: dict[str, Capture] = {}
        known = {} if ledger is None else ledger.facts("robots")
        self.manners: Manners = Manners(
            settings.start,
            hosts=settings.hosts,
            delay=settings.delay,
            ignore=settings.ignore,
            reason=settings.reason,
            robots_known={origin: RobotsText(**text) for origin, text in known.items()},
            pause=pause,
            log=self._asked,
            warn=warn,
        )
        tls = {} if settings.tls is None else dict.fromkeys(settings.tls_hosts(), settings.tls)
        options = FetchOptions(user_agent=user_agent(order.contact), tls=tls, **order.fetching)
        keep = None if captures is None else captures.keep
        self.fetcher: Fetcher = Fetcher(options, manners=self.manners, keep=keep)

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        self.fetcher.close()
        if self._log is not None:
            self._log.close()

    def ask(self, request: Request) -> Capture:
        """The answer to a request of a door; the start page, once fetched, is not asked for again."""
        if request.form is None and (kept := self._start.pop(request.url, None)) is not None:
            return kept
        self._beat(0, request.url)
        return self.fetcher.fetch(request.url, form=request.form, accept=request.accept)

    def place(self, start: str) -> Place:
        """What is known of a start: from its address, from its page, from the settings.

        A start that is closed may still have open doors; without a server there are none: FetchError.
        """
        from scraper.discovery.place import place_of
        from scraper.discovery.told import place_in

        place = place_of(start)
        if self._order.settings.item is not None:
            place = replace(place, item=self._order.settings.item)
        self._start.clear()
        self._beat(0, start)
        try:
            capture = self.fetcher.fetch(start)
        except (OutOfTime, RateLimited):
            raise
        except FetchError as error:
            if error.code in ("network", "off_site"):
                raise
            return place
        self._start[start] = capture
        return place_in(capture, place)

    def lost(self, place: Place) -> Callable[[Capture], None]:
        """A check that raises SoftError for a page which says, with status 200, that there is no such item.

        It is known by what the server answers to a number that no item has; asked for with the first page.
        """
        from scraper.discovery.fingerprint import Fingerprint, fingerprint, fits
        from scraper.discovery.place import item_address

        prints: list[Fingerprint] = []
        address = item_address(place, _NO_ITEM)
        asked = address is None

        def check(capture: Capture) -> None:
            nonlocal asked
            if not asked and address is not None:
                asked = True
                with contextlib.suppress(NotFound, AccessDenied, LoginPage, SoftError, NetworkError):
                    prints.append(fingerprint(self.fetcher.fetch(address)))
            if any(fits(one, capture) for one in prints):
                raise SoftError(capture.name, "its page is the one of an item that does not exist")

        return check

    def enclosed(self, record: Record, files: Any) -> list[dict[str, Any]]:
        """The record's files: fetched and kept unless they are; what became of each."""
        from scraper.enclosures import files_of, reading
        from scraper.models import to_dict

        told: list[dict[str, Any]] = []
        for url in files_of(record):
            kept = None if self._ledger is None else self._ledger.fact("file", url)
            if kept is not None and kept["sha256"] in files:
                told.append(kept)
                continue
            self._beat(0, "")
            answer: Capture | LuutruError
            try:
                answer = self.fetcher.fetch(url, accept="*/*")
            except (OutOfTime, RateLimited):
                raise
            except (FetchError, InputError) as error:
                answer = error
            read = reading(url, answer, asked_at=_stamp())
            data = to_dict(read.file)
            if read.content is not None:
                data["path"] = files.put(read.content)
                if self._ledger is not None:
                    self._ledger.note("file", {url: data})
            told.append(data)
        return told

    def _asked(self, asked: Asked) -> None:
        self.requests += 1
        if self._order.log is None:
            return
        if self._log is None:
            try:
                self._log = self._order.log.open("a", encoding="utf-8", buffering=1)
            except OSError as error:
                raise InputError(
                    str(self._order.log), (error.strerror or str(error)).lower(), what="cannot write"
                ) from error
        line = {"portal": self._order.settings.name, **asdict(asked)}
        self._log.write(json.dumps(line, ensure_ascii=True) + "\n")


class _Watch:
    """Tells the process that started this one how it goes."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def beat(self, seconds: float, doing: str) -> None:
        """What comes next may take so long."""
        self._voice.say("beat", seconds, doing)

    def outcome(self, outcome: Outcome) -> None:
        """Something became of an article."""
        self._voice.say("outcome", outcome)

    def trouble(self, error: LuutruError, *, again: bool) -> None:
        """Something failed."""
        self._voice.say("trouble", str(error), error.hint, again)

    def warn(self, message: str) -> None:
        """Something that a person should know."""
        self._voice.say("warning", message)

    def recovered(self, what: str) -> None:
        """What had failed works again."""
        self._voice.say("warning", f"works again: {what}")


def _now() -> datetime:
    return datetime.now(UTC)


def _stamp() -> str:
    return _now().isoformat(timespec="seconds")
