"""A real HTTP server on 127.0.0.1 that behaves as well or as badly as a test tells it to.

    portal.on("/tin", Answer(body="<p>xin chào</p>"))
    portal.on("/busy", Answer(503, headers={"Retry-After": "2"}), Answer(body="at last"))   # the last one repeats
    portal.on("/slow", Answer(body="x" * 100, drip=(1, 0.05)))
    portal.redirect("/old", "/tin")
    portal.fallback = lambda request: Answer(body=f"you asked for {request.target}")
    assert portal.count("/tin") == 1 and portal.requests[0].headers["user-agent"].startswith("luutru/")

Targets are matched whole, then without their query. Every wait ends when the server stops; nothing outlives `stop`.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

import pytest

from tests import loopback_tls

UNSAID = -1
"""As `Answer.length`: no Content-Length; the body ends when the connection does."""


@dataclass(frozen=True)
class Request:
    """What arrived. method: "" if it was not HTTP.  headers: names in lower case.

    at: time.monotonic() of its arrival.  connection: its number.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float
    connection: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Answer:
    """What to send, well or badly.

    body: text in UTF-8, bytes, or a function that makes the pieces (they may have no end).
    coding: gzip, deflate, or bare (deflate without its zlib wrapper), applied and declared.
    chunk: send chunked, in chunks of so many bytes.  length: Content-Length to claim, true or not; UNSAID for none.
    pause: seconds before the first byte.  drip: (bytes, seconds) to send so much at a time, with such pauses between.
    drip_head: let headers drip too.  cut: close after so many bytes of the body as framed.  reset: close rudely.
    raw: send just this instead of everything, then close.
    """

    status: int = 200
    body: str | bytes | Callable[[], Iterable[bytes]] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = "text/html; charset=utf-8"
    coding: str | None = None
    chunk: int | None = None
    length: int | None = None
    pause: float = 0.0
    drip: tuple[int, float] | None = None
    drip_head: bool = False
    cut: int | None = None
    reset: bool = False
    raw: bytes | None = None

    @property
    def closes(self) -> bool:
        """Whether the connection is of no use afterwards."""
        return self.reset or self.raw is not None or self.cut is not None or self.length is not None

    def framed(self) -> tuple[bytes, Iterable[bytes]]:
        """Status line with headers, and the body as it goes over the wire."""
        headers = dict(self.headers)
        if self.content_type is not None:
            headers.setdefault("Content-Type", self.content_type)
        if self.coding:
            headers["Content-Encoding"] = "deflate" if self.coding == "bare" else self.coding
        body: Iterable[bytes]
        if callable(self.body):
            body, size = self.body(), UNSAID
        else:
            plain = self.body.encode() if isinstance(self.body, str) else self.body
            packed = compressed(plain, self.coding) if self.coding else plain
            body, size = [packed], len(packed)
        size = size if self.length is None else self.length
        if self.chunk:
            headers["Transfer-Encoding"] = "chunked"
            body = _chunks(body, self.chunk)
        elif size == UNSAID:
            headers["Connection"] = "close"
        else:
            headers["Content-Length"] = str(size)
        phrase = HTTPStatus(self.status).phrase if self.status in iter(HTTPStatus) else "Odd"
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode("utf-8"), body


Reply = Answer | Callable[[Request], Answer]


def compressed(data: bytes, coding: str) -> bytes:
    packer = zlib.compressobj(wbits={"gzip": 31, "deflate": 15, "bare": -15}[coding])
    return packer.compress(data) + packer.flush()


def endless_gzip() -> Iterator[bytes]:
    """A gzip member of zeros without end: about 1 KB on the wire for each MB unpacked."""
    packer = zlib.compressobj(wbits=31)
    zeros = bytes(1_000_000)
    yield packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH)  # needs nothing of what came before it
    yield from itertools.repeat(block)


class Loopback:
    """The server; a context manager. host: any loopback address.  certificate: PEM of loopback_tls to speak HTTPS."""

    def __init__(self, host: str = "127.0.0.1", certificate: str | None = None) -> None:
        self.requests: list[Request] = []
        self.fallback: Reply = Answer(404, body="no such page")
        self._replies: dict[str, list[Reply]] = {}
        self._tls = _server_context(certificate) if certificate else None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((host, 0))
        self.host, self.port = self._listener.getsockname()[:2]
        self._acceptor = threading.Thread(target=self._accept, name="loopback")
        self._acceptor.start()

    def __enter__(self) -> Loopback:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def on(self, target: str, *replies: Reply) -> None:
        """Answer requests for `target` with these in turn, then with the last for good."""
        self._replies[target] = list(replies)

    def redirect(self, source: str, location: str, status: int = 302) -> None:
        """Answer `source` with a redirect; `location` is sent as it is, UTF-8 where it is not ASCII."""
        self.on(source, Answer(status, headers={"Location": location}))

    def url(self, target: str = "/") -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}{target}"

    def count(self, target: str) -> int:
        """How often `target` was asked for."""
        return sum(target in (request.target, request.path) for request in self.requests)

    def stop(self) -> None:
        """Close all and wait for every thread."""
        self._stopping.set()
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port)):
            pass  # wakes the acceptor
        self._acceptor.join()
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        for number in itertools.count():
            connection, _ = self._listener.accept()
            if self._stopping.is_set():
                connection.close()
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(connection, number), name=f"loopback-{number}")
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), self._tracked(connection):
            if self._tls is None:
                self._converse(connection, number)
                return
            with self._tracked(self._tls.wrap_socket(connection, server_side=True)) as stream:
                self._converse(stream, number)

    @contextlib.contextmanager
    def _tracked(self, stream: socket.socket) -> Iterator[socket.socket]:
        """Known to `stop` while in use, closed afterwards."""
        with stream:
            with self._lock:
                if self._stopping.is_set():
                    raise OSError("stopping")
                self._open.add(stream)
            try:
                yield stream
            finally:
                with self._lock:
                    self._open.discard(stream)

    def _converse(self, stream: socket.socket, number: int) -> None:
        with stream.makefile("rb") as incoming:
            while (request := _read_request(incoming, number)) and not self._stopping.is_set():
                self.requests.append(request)
                reply = self._reply(request)
                answer = reply if isinstance(reply, Answer) else reply(request)
                self._send(stream, answer)
                if answer.reset:
                    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if answer.closes or (callable(answer.body) and not answer.chunk):
                    return

    def _reply(self, request: Request) -> Reply:
        if not request.method:
            return Answer(raw=b"HTTP/1.1 400 Bad Request\r\n\r\n")
        replies = self._replies.get(request.target) or self._replies.get(request.path)
        if not replies:
            return self.fallback
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def _send(self, stream: socket.socket, answer: Answer) -> None:
        self._stopping.wait(answer.pause)
        if answer.raw is not None:
            self._drip([answer.raw], stream, answer.drip)
            return
        head, body = answer.framed()
        self._drip([head], stream, answer.drip if answer.drip_head else None)
        self._drip(body if answer.cut is None else _first(body, answer.cut), stream, answer.drip)

    def _drip(self, pieces: Iterable[bytes], stream: socket.socket, drip: tuple[int, float] | None) -> None:
        for piece in pieces:
            size, wait = drip or (len(piece), 0.0)
            for start in range(0, len(piece), size or 1):
                if self._stopping.wait(wait) if wait else self._stopping.is_set():
                    return
                stream.sendall(piece[start : start + size])


def _chunks(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), size):
            part = piece[start : start + size]
            yield b"%x\r\n%b\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def _first(pieces: Iterable[bytes], count: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:count]
        count -= len(piece)
        if count <= 0:
            return


def _read_request(incoming: BinaryIO, number: int) -> Request | None:
    first, at = incoming.readline().decode("latin-1").split(), time.monotonic()
    if len(first) != 3:
        return Request("", " ".join(first), {}, b"", at, number) if first else None
    fields = (line.decode("latin-1").partition(":") for line in iter(lambda: incoming.readline().strip(), b""))
    headers = {name.lower(): value.strip() for name, _, value in fields}
    body = incoming.read(int(headers.get("content-length", 0)))
    return Request(first[0], first[1], headers, body, at, number)


def _server_context(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder, "chain.pem")
        chain.write_text(certificate + loopback_tls.KEY)
        context.load_cert_chain(chain)
    return context


@pytest.fixture(name="portal")
def portal_fixture() -> Iterator[Loopback]:
    """A fresh server for one test."""
    with Loopback() as server:
        yield server


@pytest.fixture(name="secure_portal")
def secure_portal_fixture() -> Iterator[Loopback]:
    """The same with HTTPS; `authority_file` makes it trusted."""
    with Loopback(certificate=loopback_tls.CURRENT) as server:
        yield server


@pytest.fixture(name="authority_file")
def authority_file_fixture(tmp_path: Path) -> str:
    """Path of the certificate file that vouches for `secure_portal`."""
    path = tmp_path / "authority.pem"
    path.write_text(loopback_tls.AUTHORITY)
    return str(path)


@pytest.fixture(name="no_proxies", autouse=True)
def no_proxies_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine's environment says of proxies and certificates does not reach the tests."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
