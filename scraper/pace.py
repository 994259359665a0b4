"""When a host may be asked again: one small file per host, shared by all processes of a user.

Who asks a host holds a lock on its file from before the request until the answer is read; so there is one request at a
time per host, whichever process makes it. The file holds the wall time before which no request may start. What the file
says is never trusted far: a clock that was set back, or a time that is absurd, makes no endless wait.

Where there can be no such file (a folder that cannot be written, a system without `flock`), the same is kept in memory,
for this process only, and that is said once.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

STATE_VARIABLE = "LUUTRU_STATE"
LONGEST_ASKED = 86_400.0
"""Longest pause that a server can impose, in seconds: a day."""
LONGEST_REST = 3_600.0
"""Longest pause between two requests of our own accord, in seconds."""
_TOO_SHORT = 0.002
"""Waits that are not worth a system call, in seconds."""
_LINE = 256
_POLLS = (0.005, 0.1)
"""Shortest and longest pause between two looks at a lock that another holds, in seconds."""


def state_folder() -> Path:
    """Where the files are: `LUUTRU_STATE`, else `luutru/hosts` in the user's state folder (XDG base directories)."""
    if given := os.environ.get(STATE_VARIABLE):
        return Path(given)
    base = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not base.is_absolute():  # the specification says to ignore such
        base = Path("~/.local/state").expanduser()
    return base / "luutru" / "hosts"


class Due(NamedTuple):
    """From when on a host may be asked.

    at, written: POSIX time, of the next request and of this note.  asked: whether the server asked for the wait.
    """

    at: float = 0.0
    written: float = 0.0
    asked: bool = False

    def at_most(self, now: float) -> Due:
        """The same within reason: no longer than its kind may be, and counted from now where the clock went back."""
        length, longest = self.at - self.written, LONGEST_ASKED if self.asked else LONGEST_REST
        if self.written <= now and length <= longest:
            return self
        start = min(self.written, now)
        return Due(start + min(length, longest), start, self.asked)


class TooLong(Exception):
    """The server asked for a longer wait than the caller has patience for; seconds: what is left of it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.0f} s")
        self.seconds = seconds


class Pace:
    """The turns of one host. `take` one, ask, and `give` it back; `push` makes the next wait longer.

    host: its name, for the file's.  folder: where the file lies, None to keep all in memory.
    pause, clock: as of `Manners`.  warn: told, at most once, why there is no file.
    """

    def __init__(
        self,
        host: str,
        folder: Path | None,
        *,
        pause: Callable[[float], None],
        clock: Callable[[], float],
        warn: Callable[[str], None],
    ) -> None:
        self._host = host
        self._path = folder and folder / hashlib.sha256(host.encode()).hexdigest()[:32]
        self._pause = pause
        self._clock = clock
        self._warn = warn
        self._file: int | None = None
        self._due = Due()

    def take(self, patience: float) -> float:
        """Wait until it is our turn, and hold it. Returns the seconds waited.

        Raises TooLong where the server asked for a wait of more than `patience` seconds, and what `pause` raises; the
        turn is not held then.
        """
        waited, served = 0.0, None
        while True:
            waited += self._lock()
            due = self._read()
            wait = due.at - self._clock()
            if wait <= _TOO_SHORT or due == served:
                return waited
            self._unlock()
            if due.asked and wait > patience:
                raise TooLong(wait)
            self._pause(wait)
            waited, served = waited + wait, due  # as long as nobody else came between, that was the wait

    def give(self, rest: float, *, asked: bool = False) -> None:
        """End the turn; the next may begin in `rest` seconds, or when an earlier note says, if that is later."""
        try:
            self._note(rest, asked)
        finally:
            self._unlock()

    def push(self, rest: float) -> None:
        """Between turns: the next may not begin before `rest` seconds have passed."""
        self._lock()
        self._read()
        self.give(rest)

    def close(self) -> None:
        """Close the file; a turn that is held ends."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _note(self, rest: float, asked: bool) -> None:
        now = self._clock()
        due = Due(now + rest, now, asked).at_most(now)
        if due.at > max(self._due.at, now + _TOO_SHORT):
            self._due = due
            self._write()

    def _lock(self) -> float:
        """Hold the file's lock; seconds spent waiting for another process."""
        waited, poll = 0.0, _POLLS[0]
        while self._path is not None:
            try:
                if self._locked(self._path):
                    break
            except (OSError, ImportError) as error:
                self._do_without(error)
                break
            self._pause(poll)
            waited, poll = waited + poll, min(2 * poll, _POLLS[1])
        return waited

    def _locked(self, path: Path) -> bool:
        """Try once. Raises OSError or ImportError where there can be no lock."""
        import fcntl

        if self._file is None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if os.fstat(self._file).st_nlink == 0:  # somebody tidied the folder: others lock another file now
            self.close()
            return self._locked(path)
        return True

    def _unlock(self) -> None:
        if self._file is not None:
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _do_without(self, error: Exception) -> None:
        path, self._path = self._path, None
        self.close()
        self._warn(f"the pace of {self._host} is kept by this process alone: {path}: {error}")

    def _read(self) -> Due:
        """What holds now, from the file where there is one."""
        now = self._clock()
        due = self._due
        if self._file is not None:
            try:
                due = _parsed(os.pread(self._file, _LINE, 0))
            except OSError as error:
                self._do_without(error)
        self._due = due.at_most(now)
        if self._due != due:
            self._write()
        return self._due

    def _write(self) -> None:
        if self._file is None:
            return
        kind = "asked" if self._due.asked else "rest"
        line = f"{self._due.at:.6f} {self._due.written:.6f} {kind} {self._host}"[: _LINE - 1].ljust(_LINE - 1) + "\n"
        try:
            os.pwrite(self._file, line.encode("ascii", "replace"), 0)
        except OSError as error:
            self._do_without(error)


def _parsed(line: bytes) -> Due:
    """A note as written; what is damaged says nothing."""
    with contextlib.suppress(ValueError):
        at, written, kind = line.split()[:3]
        due = Due(float(at), float(written), kind == b"asked")
        if 0 <= due.written <= due.at < math.inf:
            return due
    return Due()
