"""Connections within a Trip's limits, by two hooks into http.client that give what requests does not promise.

A connection presents its socket to the Trip before it sends a byte, and every byte received passes a `_Meter`, so that
headers and bodies that are slow or endless stop at the Trip's limits.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
from contextvars import ContextVar
from typing import Any

from urllib3.connectionpool import HTTPConnectionPool

from scraper.tls import TlsFacts, facts_of
from scraper.trip import Trip

TRIP: ContextVar[Trip] = ContextVar("trip")
"""The trip under way: whose limits hold for what is sent and received now."""


def guard(manager: Any) -> None:
    """Make a pool manager, direct or of a proxy, open guarded connections only."""
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _guarded(pool) for scheme, pool in pools.items()}


@functools.cache
def _guarded(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    connection = type("Guarded" + pool.ConnectionCls.__name__, (_Guarded, pool.ConnectionCls), {})
    return type("Guarded" + pool.__name__, (pool,), {"ConnectionCls": connection})


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        trip = TRIP.get()
        trip.answers.callback(self.close)
        self._meter = _Meter(self.fp.detach(), sock, trip)
        self.fp = io.BufferedReader(self._meter)

    def begin(self) -> None:
        """Read status and headers; http.client would take an end of the stream for the end of the headers."""
        super().begin()
        if self._meter.ended:
            raise http.client.IncompleteRead(b"")


class _Guarded(http.client.HTTPConnection):
    """connected: whether what is sent goes to the host, and not to a proxy that is asked for a tunnel.

    facts: what the TLS handshake with the host showed, None for plain HTTP.
    """

    response_class = _Response
    connected = False
    facts: TlsFacts | None = None

    def connect(self) -> None:
        self.connected, self.facts = False, None
        super().connect()
        self.connected, self.facts = True, facts_of(self)
        if self.facts is not None:
            self.is_verified = True  # as its policy wants it; urllib3 would warn of what is on record already

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        TRIP.get().admit(self)
        super().send(data)


class _Meter(io.RawIOBase):
    """Bytes of one answer as they arrive: waits within the Trip's limits and counts.  ended: whether no more come."""

    def __init__(self, raw: Any, sock: socket.socket, trip: Trip) -> None:
        self._raw = raw
        self._sock = sock
        self._trip = trip
        self._received = 0
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._trip.patience())
        try:
            got = int(self._raw.readinto(buffer) or 0)
        except TimeoutError:
            self._trip.remaining()
            raise
        self._received += got
        self._trip.count(self._received)
        self.ended = got == 0
        return got

    def close(self) -> None:
        self._raw.close()
        super().close()
