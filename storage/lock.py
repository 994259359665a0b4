"""One writer at a time: an advisory `flock` on a file of the archive's folder (POSIX systems).

The kernel drops the lock with the process, however it ends, so a lock file that is left behind means nothing. The file
holds one line of JSON about its last holder, for the message that others get.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from scraper.errors import ArchiveError, Locked
from scraper.text import tidy
from storage.faults import translated

LOCK = "luutru.lock"
"""Its file's name in an archive's folder."""

_LONGEST_PAUSE = 0.2
_LONGEST_NOTE = 1000
_NOTE_LENGTH = 200
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class WriterLock:
    """The lock on `path`. Its file is made with the first `held`, in a folder that must be there.

    timeout: seconds to wait for another holder.  since: time stamp for others: when this run began.
    is_held: whether this run holds it now.
    """

    def __init__(self, path: Path, *, timeout: float, since: str) -> None:
        self._path = path
        self._timeout = timeout
        self._since = since
        self._fd = -1
        self._identity = (0, 0)  # device and inode of the file that was opened
        self._notes: dict[str, bytes] = {}
        self.is_held = False

    @contextlib.contextmanager
    def held(self, task: str) -> Iterator[None]:
        """Hold the lock within the block. As `take`."""
        self.take(task)
        try:
            yield
        finally:
            self.release()

    def take(self, task: str) -> None:
        """Hold the lock until `release`. task: what for, in a word, for the message that others get.

        Raises Locked (with task, pid, host and since) after the wait; ArchiveError where the file cannot be used, or is
        no longer the one that was first opened: the folder was moved, replaced or deleted.
        """
        with translated(self._path):
            if self._fd < 0:
                self._open()
            self._wait(time.monotonic() + self._timeout)
        self.is_held = True
        try:
            self._check()
            self._leave_note(task)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let others write."""
        import fcntl

        self.is_held = False
        fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        self._fd = os.open(self._path, _FLAGS, 0o644)
        mine = os.fstat(self._fd)
        self._identity = (mine.st_dev, mine.st_ino)

    def _check(self) -> None:
        with translated(self._path):
            there = os.lstat(self._path)
        if (there.st_dev, there.st_ino) != self._identity:
            raise ArchiveError(str(self._path), "the folder was replaced while it was open")

    def _wait(self, deadline: float) -> None:
        import fcntl

        pause = 0.01
        while True:
            with contextlib.suppress(BlockingIOError):
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
            task, pid, host, since = (tidy(str(note[name]))[:100] for name in ("task", "pid", "host", "since"))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return "by another process"
        return f"by process {pid} on {host}, {task}, running since {since}"

    def _leave_note(self, task: str) -> None:
        """Courtesy only: the lock holds without it, so a full disk is no reason to fail. It may stay behind."""
        line = self._notes.get(task)
        if line is None:
            note = {"task": task, "pid": os.getpid(), "host": os.uname().nodename, "since": self._since}
            line = self._notes[task] = json.dumps(note).ljust(_NOTE_LENGTH).encode("utf-8") + b"\n"
        with contextlib.suppress(OSError):
            if os.pread(self._fd, _LONGEST_NOTE, 0) != line:
                os.ftruncate(self._fd, 0)
                os.pwrite(self._fd, line, 0)
