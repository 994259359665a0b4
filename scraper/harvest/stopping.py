"""When a harvest has to end: at its deadline, or when it is told to. Waits end with it, a page in hand does not."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from scraper.errors import OutOfTime


class Interrupted(BaseException):
    """The harvest was told to stop, in a pause or between two pages."""


class Stopping:
    """A deadline and a flag. seconds: until the deadline, None for none.

    `pause` sleeps for the politeness of a Fetcher; it and `check` raise OutOfTime, or Interrupted after `ask`.
    beat: told before each longer pause, in seconds.
    """

    def __init__(self, seconds: float | None = None, *, beat: Callable[[float, str], None] | None = None) -> None:
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._seconds = seconds
        self._beat = beat
        self._asked = False
        self._wakes, self._waker = os.pipe()
        os.set_blocking(self._waker, False)

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._wakes)
        os.close(self._waker)

    @property
    def asked(self) -> bool:
        """Whether it was told to stop."""
        return self._asked

    def ask(self) -> None:
        """Stop soon. Safe in a signal handler."""
        self._asked = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._waker, b"x")

    def check(self) -> None:
        """Raise if it is time to end."""
        if self._asked:
            raise Interrupted
        if self._deadline is not None and time.monotonic() >= self._deadline:
            raise OutOfTime("", f"the {_span(self._seconds)} given to this run are over")

    def pause(self, seconds: float) -> None:
        """Sleep, or raise at once where the deadline comes before the end of it."""
        self.check()
        if self._deadline is not None and time.monotonic() + seconds > self._deadline:
            raise OutOfTime(
                "", f"a pause of {_span(seconds)} would end after the {_span(self._seconds)} given to this run"
            )
        if seconds > 1 and self._beat is not None:
            self._beat(seconds, "")
        if seconds > 0:
            select.select([self._wakes], [], [], seconds)
        self.check()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Within: SIGTERM and SIGINT stop at the next page, a second one at once (KeyboardInterrupt)."""

        def heard(number: int, frame: FrameType | None) -> None:
            if self._asked:
                raise KeyboardInterrupt
            self.ask()

        before = {name: signal.signal(name, heard) for name in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)


def _span(seconds: float | None) -> str:
    return f"{seconds or 0.0:,.0f} s" if (seconds or 0.0) >= 10 else f"{seconds or 0.0:.1f} s"
