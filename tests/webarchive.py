"""A real pywb on loopback over WARC files that a test writes. `tests.tools` says where pywb is looked for.

warc = Warc(); warc.response("http://xa.example/tin?ItemID=7", "2018-03-12", page); warc.revisit(…); warc.redirect(…)
with replayed(folder, warc) as endpoint:      # http://127.0.0.1:<port>/c
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import socket
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

from tests.tools import tool

_MANAGER = "from pywb.manager.manager import main; import sys; main(sys.argv[1:])"
_SERVER = "from pywb.apps.cli import wayback; import sys; wayback(sys.argv[1:])"
_IDENTICAL = "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"


def python_with_pywb() -> str:
    """The interpreter that runs pywb: the one beside its program; the test is skipped where there is none."""
    return str(Path(tool("wayback")).with_name("python"))


def digest(payload: bytes) -> str:
    """SHA-1 in Base32, as WARC files have it."""
    return base64.b32encode(hashlib.sha1(payload).digest()).decode()


class Warc:
    """A WARC file in the making: one gzip member per record (WARC 1.1)."""

    def __init__(self) -> None:
        self.content = b""

    def response(
        self, url: str, day: str, body: str | bytes, status: str = "200 OK", headers: tuple[str, ...] = ()
    ) -> None:
        """A capture of `day` (an ISO date, at midnight UTC, or a date with time)."""
        payload = body.encode() if isinstance(body, str) else body
        self._add("response", url, day, _http(status, headers, len(payload)) + payload, payload)

    def redirect(self, url: str, day: str, location: str, status: str = "302 Found") -> None:
        """A capture of a redirect."""
        self.response(url, day, b"", status, (f"Location: {location}",))

    def revisit(self, url: str, day: str, body: str, of: str | None = None, first: str = "") -> None:
        """A capture that found the payload of an earlier one. of, first: address and day of that one."""
        more = [f"WARC-Profile: {_IDENTICAL}", f"WARC-Refers-To-Target-URI: {of or url}"]
        more += [f"WARC-Refers-To-Date: {_time(first)}"] if first else []
        self._add("revisit", url, day, _http("200 OK", (), len(body.encode())), body.encode(), more)

    def _add(self, kind: str, url: str, day: str, block: bytes, payload: bytes, more: list[str] | None = None) -> None:
        lines = [
            "WARC/1.1",
            f"WARC-Type: {kind}",
            f"WARC-Record-ID: <urn:uuid:{uuid.uuid4()}>",
            f"WARC-Target-URI: {url}",
            f"WARC-Date: {_time(day)}",
            f"WARC-Payload-Digest: sha1:{digest(payload)}",
            *(more or []),
            "Content-Type: application/http; msgtype=response",
            f"Content-Length: {len(block)}",
        ]
        self.content += gzip.compress("\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n")


def _http(status: str, headers: tuple[str, ...], length: int) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {length}"]
    if not any(line.lower().startswith("content-type") for line in headers):
        lines.insert(1, "Content-Type: text/html; charset=utf-8")
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _time(day: str) -> str:
    return f"{day}T00:00:00Z" if len(day) == 10 else f"{day}Z"


@contextlib.contextmanager
def replayed(folder: Path, *warcs: Warc) -> Iterator[str]:
    """A pywb that has the captures, as its collection `c`; the address of the collection."""
    python = python_with_pywb()
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([python, "-c", _MANAGER, "init", "c"], cwd=folder, check=True, capture_output=True)
    for number, warc in enumerate(warcs):
        (folder / f"{number}.warc.gz").write_bytes(warc.content)
        subprocess.run(
            [python, "-c", _MANAGER, "add", "c", f"{number}.warc.gz"], cwd=folder, check=True, capture_output=True
        )
    port = _free_port()
    with (folder / "pywb.log").open("wb") as log:
        server = subprocess.Popen(
            [python, "-c", _SERVER, "-p", str(port), "-b", "127.0.0.1"], cwd=folder, stdout=log, stderr=log
        )
    try:
        _await(f"http://127.0.0.1:{port}/c/cdx?url=http://nothing.example/", server)
        yield f"http://127.0.0.1:{port}/c"
    finally:
        server.terminate()
        server.wait(20)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            assert server.poll() is None and time.monotonic() < until, "pywb did not start"
            time.sleep(0.1)
