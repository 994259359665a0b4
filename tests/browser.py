"""A real browser for the tests of replay: Chromium without a window, told what to do over two pipes.

It speaks the Chrome DevTools Protocol (https://chromedevtools.github.io/devtools-protocol/): JSON objects, each ended
by a zero byte, on the descriptors 3 and 4. It resolves no name and reaches nothing but 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.tools import tool

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-pipe"
).split()
_ONLY_LOOPBACK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


class Browser:
    """A running browser with one tab."""

    def __init__(self, to: int, of: int) -> None:
        self._to, self._of, self._waiting = to, of, b""
        self._numbers = itertools.count(1)
        tab = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]

    def ask(self, method: str, *, session: str | None = None, seconds: float = 30, **given: Any) -> dict[str, Any]:
        """The result of a command."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": given} | ({"sessionId": session} if session else {})
        os.write(self._to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + seconds
        while (answer := self._next(end)).get("id") != number:
            pass
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def visit(self, url: str) -> None:
        """Begin to load a page."""
        self.ask("Page.navigate", session=self._session, url=url)

    def evaluated(self, script: str) -> Any:
        """The value of an expression in the page, as JSON."""
        given = {"expression": script, "returnByValue": True}
        return self.ask("Runtime.evaluate", session=self._session, **given)["result"].get("value")

    def until(self, script: str, *, seconds: float = 30) -> Any:
        """The expression's value as soon as it is true; the last one at the end of the time."""
        end = time.monotonic() + seconds
        while not (value := self.evaluated(script)) and time.monotonic() < end:
            time.sleep(0.1)
        return value

    def _next(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._waiting:
            ready, _, _ = select.select([self._of], [], [], max(0, end - time.monotonic()))
            piece = os.read(self._of, 1 << 16) if ready else b""
            assert piece, "the browser does not answer"
            self._waiting += piece
        message, _, self._waiting = self._waiting.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with a profile of its own in a folder; the test is skipped where there is none."""
    program = tool("chromium", "chromium-browser", "google-chrome")
    command = [program, *_FLAGS, _ONLY_LOOPBACK, f"--user-data-dir={folder}", "about:blank"]
    theirs_in, to = _pipe()
    of, theirs_out = _pipe()

    def take_places() -> None:
        os.dup2(theirs_in, 3)
        os.dup2(theirs_out, 4)

    process = subprocess.Popen(
        command,
        pass_fds=(3, 4),
        preexec_fn=take_places,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "HOME": str(folder)},
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Browser(to, of)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the group that was started here, and no other
        process.wait(10)
        os.close(to)
        os.close(of)


def _pipe() -> tuple[int, int]:
    """Both ends of a pipe, on descriptors above those that the browser wants."""
    low = os.pipe()
    read, write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
    for end in low:
        os.close(end)
    return read, write
