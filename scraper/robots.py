"""robots.txt by RFC 9309: what a host's file says to this robot. Pure, but for the function that is handed in to read.

protego matches paths; which group of lines speaks to us is decided here, by the whole product token (RFC 9309, 2.2.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scraper.errors import (
    AccessDenied,
    FetchError,
    LoginPage,
    NotFound,
    OutOfTime,
    RateLimited,
    SoftError,
)
from scraper.models import Capture

TOKEN = "luutru"  # noqa: S105 - no secret
"""The product token that robots.txt files address."""
ROBOTS_FILE = "robots.txt itself"
"""What it says to asking for it."""
MAX_BYTES = 512_000
"""How much of a file is read; RFC 9309 (2.5) asks for 500 KiB at least."""
MAX_REDIRECTS = 5
MAX_CRAWL_DELAY = 60.0
MAX_AGE = 86_400.0
"""Seconds for which a file may be remembered (RFC 9309, 2.4)."""

_AGENT = re.compile(r"[ \t]*user[- ]?agent[ \t]*[: \t][ \t]*([^#\r\n]*)", re.IGNORECASE)
_PRODUCT = re.compile(r"[A-Za-z_-]*")


@dataclass(frozen=True, slots=True)
class RobotsText:
    """A host's robots.txt as it was read: plain data, to be kept for a day.

    text: its rules; "" where there are none.  note: why there are none, such as `no robots.txt (404)`; "" where the
    text decides.  read_at: POSIX time.  unreachable: nobody knows what it says, so all is disallowed; `note` says why.
    """

    text: str = ""
    note: str = ""
    read_at: float = 0.0
    unreachable: bool = False


class _Parser(Protocol):
    def can_fetch(self, url: str, user_agent: str) -> bool: ...
    def crawl_delay(self, user_agent: str) -> float | None: ...


class Rules:
    """The rules of a RobotsText. crawl_delay: seconds that it asks for between two requests, within reason."""

    def __init__(self, robots: RobotsText) -> None:
        self.robots = robots
        self._parser: _Parser | None = None
        self.crawl_delay = 0.0
        if robots.text:
            from protego import Protego

            self._parser = Protego.parse(addressed(robots.text))
            self.crawl_delay = min(self._parser.crawl_delay(TOKEN) or 0.0, MAX_CRAWL_DELAY)

    def allow(self, address: str) -> bool:
        """Whether they let us ask for `address` (in the form of `request_url`)."""
        if self.robots.unreachable:
            return False
        return self._parser is None or self._parser.can_fetch(address, TOKEN)


def addressed(text: str) -> str:
    """The file with each group addressed to `*`, to us by our token, or to `other`.

    So no other robot's name that begins like ours is taken for it, and thousands of names cannot make the parser keep
    the rules thousands of times.
    """
    return "\n".join(_line(line) for line in text.removeprefix("\ufeff").splitlines())


def _line(line: str) -> str:
    match = _AGENT.match(line)
    if match is None:
        return line
    name = match[1].strip()
    if name.startswith("*"):
        return "User-agent: *"
    product = _PRODUCT.match(name)
    return f"User-agent: {TOKEN if product and product[0].lower() == TOKEN else 'other'}"


def read_robots(ask: Callable[[], Capture | None]) -> RobotsText:
    """What asking for a robots.txt brought.

    ask: gives the answer, also one of status 3xx (a redirect that was not followed) or 4xx. Errors that say nothing of
    the file are raised: RateLimited, OutOfTime and all that is no FetchError. When it was read is the caller's to say.
    """
    try:
        capture = ask()
    except (RateLimited, OutOfTime):
        raise
    except (LoginPage, AccessDenied, NotFound, SoftError):
        return RobotsText(note="no rules (an error page)")
    except FetchError as error:
        return RobotsText(note=error.cause or error.what, unreachable=True)
    if capture is None:
        return RobotsText(note="no rules (empty)")
    status = capture.info.status or 200
    if status >= 400:
        return RobotsText(note=f"no robots.txt ({status})")
    if status >= 300:
        return RobotsText(note=f"no rules (a redirect, {status})")
    text = capture.content[:MAX_BYTES].decode("utf-8", "replace")
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return RobotsText(note="no rules (an HTML page)")
    return RobotsText(text) if text.strip() else RobotsText(note="no rules (empty)")
