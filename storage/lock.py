"""One writer at a time: an advisory `flock` on a file of the archive's folder (POSIX systems).

The kernel drops the lock with the process, however it ends, so a lock file that is left behind means nothing. The file
holds one line of JSON about the holder, for the message that others get.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path

from scraper.errors import ArchiveError, Locked
from scraper.text import tidy
from storage.faults import translated

_LONGEST_PAUSE = 0.2
_LONGEST_NOTE = 1000


class WriterLock:
    """The lock on `path`, held from construction to `release`.

    timeout: seconds to wait for another holder.  since: time stamp noted for others.
    Raises Locked (with pid, host and start of the holder) after the wait, ArchiveError where the file cannot be used.
    """

    def __init__(self, path: Path, *, timeout: float, since: str) -> None:
        self._path = path
        with translated(path):
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
        try:
            self._wait(time.monotonic() + timeout)
            self.check()
            note = {"pid": os.getpid(), "host": os.uname().nodename, "since": since}
            self._write_note(json.dumps(note) + "\n")
        except BaseException:
            os.close(self._fd)
            raise

    def check(self) -> None:
        """Raise ArchiveError if the folder no longer holds the file that was locked: moved, replaced or deleted."""
        mine = os.fstat(self._fd)
        with translated(self._path):
            there = self._path.lstat()
        if (mine.st_dev, mine.st_ino) != (there.st_dev, there.st_ino):
            raise ArchiveError(str(self._path), "the folder was replaced while it was open")

    def release(self) -> None:
        """Let others write."""
        self._write_note("")
        os.close(self._fd)

    def _wait(self, deadline: float) -> None:
        import fcntl

        pause = 0.01
        while True:
            with translated(self._path), contextlib.suppress(BlockingIOError):
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            left = deadline - time.monotonic()
            if left <= 0:
                raise Locked(str(self._path.parent), self._holder(), hint="wait for it to end, or stop it")
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _holder(self) -> str:
        try:
            note = json.loads(os.pread(self._fd, _LONGEST_NOTE, 0))
            pid, host, since = (tidy(str(note[name]))[:100] for name in ("pid", "host", "since"))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return "by another process"
        return f"by process {pid} on {host} since {since}"

    def _write_note(self, note: str) -> None:
        """Courtesy only: the lock holds without it, so a full disk is no reason to fail."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, note.encode("utf-8"), 0)
