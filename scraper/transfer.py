"""The wire: one HTTP exchange within a deadline and a byte limit, strictly verified, its failures translated.

It imports requests, so `scraper.fetch` imports it only when a Fetcher is made. `scraper.guard` keeps every connection
within the Trip's limits, `scraper.adapter` within the TLS policy of its host.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from scraper.adapter import Adapter, Glance, Handshake
from scraper.answers import failure
from scraper.errors import NetworkError
from scraper.faults import translated
from scraper.guard import TRIP
from scraper.models import Sent
from scraper.text import tidy
from scraper.tls import TlsFacts
from scraper.trip import Trip

if TYPE_CHECKING:
    from scraper.fetch import FetchOptions

_PIECE = 65_536
_HEADERS = 100
_HEADER_CHARACTERS = 65_536
_COOKIES = 100
_SECRET = frozenset(["authorization", "proxy-authorization", "cookie"])
_WBITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_ACCEPT = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "vi,en;q=0.5",
    "Accept-Encoding": "gzip, deflate",
}


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

    @property
    def sent(self) -> Sent:
        """The request that is answered, without what lets others pass for us."""
        request = self._response.request
        headers = [(str(name), _text(value)) for name, value in request.headers.items() if name.lower() not in _SECRET]
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode("utf-8")
        return Sent(request.method or "GET", tuple(headers), body)

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
        adapter = Adapter(options)
        self.trust = adapter.trust
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        self._session.close()

    def handshake(self, address: str, source: str) -> TlsFacts | None:
        """Connect and shake hands under the host's TLS policy, and hang up: nothing is asked. None for plain HTTP.

        Raises NetworkError, inside `Again` where it may pass.
        """
        try:
            with self.exchange(address, Glance(source, self._options)):
                raise AssertionError("a glance was answered")
        except Handshake as ended:
            return ended.facts

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
        token = TRIP.set(trip)
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
            TRIP.reset(token)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: the Fetcher follows by hand. (requests would read a redirect's whole body to look ahead.)"""
        return None


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An authentication that adds nothing; with none set, requests sends what it finds in ~/.netrc."""
    return request


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


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _as_utf8(header: str) -> str:
    """A header's text where the server sent UTF-8, which http.client reads as Latin-1."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header
