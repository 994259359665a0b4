"""The wire: one HTTP exchange within a deadline and a byte limit, strictly verified, its failures translated.

It imports requests, so `scraper.fetch` imports it only when a Fetcher is made. Two hooks into http.client give what
requests does not promise: a connection presents its socket to the Trip before it sends a byte, and every byte received
passes a `_Meter`, so that headers and bodies that are slow or endless stop at the Trip's limits.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import io
import itertools
import socket
import ssl
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.util import create_urllib3_context

from scraper.answers import failure
from scraper.errors import InputError, NetworkError
from scraper.faults import translated
from scraper.text import tidy
from scraper.trip import Trip

if TYPE_CHECKING:
    from scraper.fetch import FetchOptions

_PIECE = 65_536
_HEADERS = 100
_HEADER_CHARACTERS = 65_536
_COOKIES = 100
_WBITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_ACCEPT = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "vi,en;q=0.5",
    "Accept-Encoding": "gzip, deflate",
}
_TRIP: ContextVar[Trip] = ContextVar("trip")


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, open until its `exchange` ends."""

    _response: requests.Response
    _trip: Trip
    _limit: int

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in any letter case."""
        return self._response.headers

    @property
    def location(self) -> str | None:
        """Where a redirect points, as the server spells it."""
        location = self.headers.get("Location")
        return location and _as_utf8(location)

    @property
    def header_list(self) -> tuple[tuple[str, str], ...]:
        """As received, repeated names side by side, as far as they are of decent number and length."""
        kept: list[tuple[str, str]] = []
        left = _HEADER_CHARACTERS
        for name, value in itertools.islice(self._response.raw.headers.iteritems(), _HEADERS):
            left -= len(name) + len(value)
            if left < 0:
                break
            kept.append((name, value))
        return tuple(kept)

    def body(self) -> bytes:
        """The whole body, content coding undone. Raises TooLarge, or NetworkError (in `Again` where it may pass)."""
        length = self.headers.get("Content-Length", "")
        if length.isdecimal() and int(length[:20]) > self._limit:
            raise self._trip.too_large()
        content = self.beginning(self._limit + 1)
        if len(content) > self._limit:
            raise self._trip.too_large()
        return content

    def beginning(self, size: int) -> bytes:
        """The body as far as `size` bytes, however long it is; the rest is not read. Raises as `body`."""
        pieces: list[bytes] = []
        left = size
        with translated(self._trip.source):
            for piece in self._decoded(self._response.raw.stream(min(_PIECE, size), decode_content=False)):
                pieces.append(piece[:left])
                left -= len(pieces[-1])
                if left == 0:
                    break
        return b"".join(pieces)

    def _decoded(self, raw: Iterable[bytes]) -> Iterable[bytes]:
        coding = self.headers.get("Content-Encoding", "").strip().lower()
        if coding in ("", "identity"):
            return raw
        if coding not in _WBITS:
            raise failure(NetworkError, self._trip.source, f"unknown content coding {tidy(coding)[:40]!r}")
        return _inflated(raw, _WBITS[coding])


class Client:
    """A requests Session under this project's rules: no netrc, no redirects of its own, guarded connections."""

    def __init__(self, options: FetchOptions) -> None:
        self._options = options
        self._session = _Session()
        self._session.headers = requests.structures.CaseInsensitiveDict({"User-Agent": options.user_agent, **_ACCEPT})
        self._session.auth = _no_auth
        adapter = _Adapter(options.extra_ca)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        self._session.close()

    @contextlib.contextmanager
    def exchange(
        self, address: str, trip: Trip, *, form: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[Answer]:
        """Ask for `address` (in the form of `request_url`). Raises NetworkError, inside `Again` where it may pass.

        form: fields to post, encoded.  headers: further ones, or others than usual.
        """
        headers = dict(headers or {})
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        token = _TRIP.set(trip)
        try:
            timeouts = trip.timeouts(address)
            with trip.answers:
                with translated(trip.source):
                    response = self._session.request(
                        "GET" if form is None else "POST",
                        address,
                        data=form,
                        headers=headers,
                        stream=True,
                        allow_redirects=False,
                        timeout=timeouts,
                    )
                trip.answers.callback(response.close)
                if "Set-Cookie" in response.headers and len(self._session.cookies) > _COOKIES:
                    self._session.cookies.clear()
                yield Answer(response, trip, self._options.max_bytes)
        finally:
            _TRIP.reset(token)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: the Fetcher follows by hand. (requests would read a redirect's whole body to look ahead.)"""
        return None


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An authentication that adds nothing; with none set, requests sends what it finds in ~/.netrc."""
    return request


class _Adapter(HTTPAdapter):
    def __init__(self, extra_ca: str | None) -> None:
        self._context = _context(extra_ca) if extra_ca else None
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **kwargs, **self._trust())
        _guard(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **kwargs, **self._trust())
        if not known:
            _guard(manager)
        return manager

    def _trust(self) -> dict[str, Any]:
        return {"ssl_context": self._context} if self._context else {}


def _context(extra_ca: str) -> ssl.SSLContext:
    """Strict TLS settings that trust the certificates of a PEM file besides the usual ones, which requests adds."""
    context = create_urllib3_context()
    try:
        context.load_verify_locations(extra_ca)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise InputError(
            extra_ca, "no usable certificates in it", hint="give a file of certificates in PEM form"
        ) from error
    return context


def _guard(manager: Any) -> None:
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
        trip = _TRIP.get()
        trip.answers.callback(self.close)
        self._meter = _Meter(self.fp.detach(), sock, trip)
        self.fp = io.BufferedReader(self._meter)

    def begin(self) -> None:
        """Read status and headers; http.client would take an end of the stream for the end of the headers."""
        super().begin()
        if self._meter.ended:
            raise http.client.IncompleteRead(b"")


class _Guarded(http.client.HTTPConnection):
    response_class = _Response

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _TRIP.get().admit(self)
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


def _inflated(raw: Iterable[bytes], wbits: int) -> Iterator[bytes]:
    """Pieces of at most _PIECE bytes. `deflate` may come without its zlib wrapper; gzip may hold several members."""
    inflater = None
    for data in raw:
        while data:
            if inflater is None or inflater.eof:
                if inflater is not None and not (wbits == 31 and data[0] == 0x1F):
                    return  # padding
                bare = wbits == 15 and data[0] & 0x0F != 8  # no zlib header begins so (RFC 1950, 2.2)
                inflater = zlib.decompressobj(-15 if bare else wbits)
            yield inflater.decompress(data, _PIECE)
            data = inflater.unconsumed_tail or inflater.unused_data
    while inflater is not None and not inflater.eof:
        piece = inflater.decompress(b"", _PIECE)
        if not piece:
            raise http.client.IncompleteRead(b"")
        yield piece


def _as_utf8(header: str) -> str:
    """A header's text where the server sent UTF-8, which http.client reads as Latin-1."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header
