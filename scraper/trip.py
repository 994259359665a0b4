"""A trip: one try at a page with its limits, and what is learnt about the servers on the way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scraper.addresses import is_private
from scraper.answers import failure
from scraper.errors import FetchError, NetworkError, TooLarge

if TYPE_CHECKING:
    from scraper.fetch import FetchOptions
    from scraper.models import Hop

_HEADROOM = 1_000_000


class Trip:
    """The limits of one try at a page, redirects included, and what is learnt on the way.

    source: how messages call the page.  tls: state of the last hop's TLS, None for plain HTTP throughout.
    answers: what closes the hop's answers, also those that urllib3 gave up half-read.
    address: of the hop.  sent: whether a server may have received anything.
    from_public: whether one of the servers was public.  hops: the redirects so far.
    """

    def __init__(self, source: str, options: FetchOptions, *, from_public: bool = False) -> None:
        self.source = source
        self.tls: str | None = None
        self.answers = contextlib.ExitStack()
        self._options = options
        self._deadline = time.monotonic() + options.total_timeout
        self._host = ""
        self.address = ""
        self.sent = False
        self.from_public = from_public
        self.hops: list[Hop] = []

    def timeouts(self, address: str) -> tuple[float, float]:
        """Begin a hop; seconds to connect and seconds between two bytes, within the deadline."""
        self.address = address
        self._host = urlsplit(address).hostname or ""
        if self.tls and address.startswith("http:") and not self.tls.endswith("plain http"):
            self.tls += ", then plain http"
        return min(self._options.connect_timeout, self.remaining()), self.patience()

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Time that passes inside does not count: waiting for one's turn."""
        start = time.monotonic()
        try:
            yield
        finally:
            self._deadline += time.monotonic() - start

    def remaining(self) -> float:
        """Seconds left; raises NetworkError when there are none."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise failure(NetworkError, self.source, f"not complete after {self._options.total_timeout:g} s")
        return left

    def patience(self) -> float:
        """Seconds to wait for the next bytes."""
        return min(self._options.read_timeout, self.remaining())

    def count(self, received: int) -> None:
        """Check the raw bytes of one answer; its framing may double the body."""
        if received > 2 * self._options.max_bytes + _HEADROOM:
            raise self.too_large()

    def too_large(self) -> TooLarge:
        return TooLarge(
            self.source, f"more than {self._options.max_bytes / 1e6:g} MB", hint="raise the limit if need be"
        )

    def admit(self, connection: Any) -> None:
        """Look at who is at the other end before anything is sent: no way from a public site into a private network."""
        peer = self._host if connection.proxy else connection.sock.getpeername()[0]
        private = is_private(peer) or is_private(self._host)
        if private and self.from_public and not self._options.allow_private:
            raise FetchError(
                self.source,
                f"a public site redirects to {self._host} in a private network",
                hint="allow private addresses if that is intended",
            )
        self.from_public |= not private
        self.sent = True
        if connection.facts is not None:
            self.tls = connection.facts.state
