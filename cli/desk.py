"""What asks servers in a harvest or a recovery: the fetcher with its manners, and the log of requests."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, TextIO

from cli.order import Order
from scraper.errors import (
    AccessDenied,
    FetchError,
    InputError,
    LoginPage,
    NetworkError,
    NotFound,
    OutOfTime,
    RateLimited,
    SoftError,
)

if TYPE_CHECKING:
    from scraper.discovery.listing import Place, Request
    from scraper.fetch import Fetcher
    from scraper.models import Capture
    from scraper.politeness import Asked, Manners
    from storage.captures import CaptureStore
    from storage.ledger import Ledger

_NO_ITEM = 2_147_480_000  # SharePoint counts items in 32 bits; no list has come so far


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
        *,
        observe: Callable[[str, int, Mapping[str, str]], None] | None = None,
        replays: bool = False,
    ) -> None:
        """observe: as the Fetcher's.  replays: the host is a web archive, as `Manners` has it."""
        from scraper.fetch import Fetcher, FetchOptions, user_agent
        from scraper.politeness import Manners
        from scraper.robots import RobotsText

        settings = order.settings
        self.requests = 0
        self._order, self._ledger, self._beat = order, ledger, beat
        self._log: TextIO | None = None
        self._logs, self._warn = order.log is not None, warn
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
            replays=replays,
        )
        tls = {} if settings.tls is None else dict.fromkeys(settings.tls_hosts(), settings.tls)
        options = FetchOptions(user_agent=user_agent(order.contact), tls=tls, **order.fetching)
        keep = None if captures is None else captures.keep
        self.fetcher: Fetcher = Fetcher(options, manners=self.manners, keep=keep, observe=observe)

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        self.fetcher.close()
        if self._log is not None:
            with contextlib.suppress(OSError):
                self._log.close()

    def ask(self, request: Request) -> Capture:
        """The answer to a request of a door; the start page, once fetched, is not asked for again."""
        if request.form is None and (kept := self._start.pop(request.url, None)) is not None:
            return kept
        self._beat(0, request.url)
        return self.fetcher.fetch(request.url, form=request.form, accept=request.accept)

    def place(self, start: str) -> Place:
        """What is known of a start: from its address, from its page, from the settings.

        A start that is closed may still have open doors; without a server there are none, and a list or section that
        is not there lists nothing: FetchError.
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
            if isinstance(error, NotFound) and error.status and start in (*place.views, *place.sections):
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

    def _asked(self, asked: Asked) -> None:
        self.requests += 1
        if self._order.log is None or not self._logs:
            return
        if self._log is None:
            try:
                self._log = self._order.log.open("a", encoding="utf-8", buffering=1)
            except OSError as error:
                raise InputError(
                    str(self._order.log), (error.strerror or str(error)).lower(), what="cannot write"
                ) from error
        line = {"portal": self._order.settings.name, **asdict(asked)}
        try:
            self._log.write(json.dumps(line, ensure_ascii=True) + "\n")
        except OSError as error:  # a full disk: articles matter more
            self._logs = False
            self._warn(f"cannot write: {self._order.log}: {(error.strerror or str(error)).lower()}; no requests logged")
