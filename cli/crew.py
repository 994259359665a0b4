"""Harvests in processes of their own: several portals at once, none of which can hang or bring down the others.

    tasks → one process each, at most N at a time → messages: beat, call, and what the caller understands, at last done

A process that says nothing for longer than it announced is ended, and begun again without the page that it had in hand;
so is one that died. What ends this process ends them all: a signal is passed on, and the kernel kills them with it
(Linux's parent-death signal; elsewhere the next message fails).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, Generic, TypeVar

Task = TypeVar("Task")
Message = tuple[Any, ...]
Call = tuple[str, tuple[Any, ...]]
"""What is asked, and its details."""
_RESTARTS = 5
_KILL_AFTER = 15.0  # seconds from SIGTERM to SIGKILL
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1  # prctl(2)


class Voice:
    """What a process says to the one that started it. Raises BrokenPipeError where nobody listens any more."""

    def __init__(self, connection: Connection, spent: float = 0.0) -> None:
        self._connection = connection
        self.spent = spent
        """Seconds that earlier attempts at the task took."""

    def say(self, kind: str, *details: Any) -> None:
        """Send a message."""
        self._connection.send((kind, *details))

    def ask(self, what: str, *details: Any) -> Any:
        """What the other process answers to a call; an exception that it answers is raised here."""
        self._connection.send(("call", what, details))
        try:
            answer = self._connection.recv()
        except EOFError as error:
            raise BrokenPipeError from error
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass(slots=True)
class _Worker(Generic[Task]):
    task: Task
    process: BaseProcess
    avoid: dict[str, str]
    restarts: int
    began: float
    deadline: float
    doing: str = ""
    done: bool = False
    ending: float | None = None


@dataclass(slots=True)
class Crew(Generic[Task]):
    """Runs `work(task, avoid, voice)` for each task in a process of its own, at most `size` at once.

    serve: answers what processes `ask`, all calls that are there at once; an exception among the answers is raised
    where the call came from.
    avoid: what an earlier attempt of the task was doing when it was ended or died → why.
    patience: seconds beyond the announced ones until a process counts as stalled.
    """

    work: Callable[[Task, dict[str, str], Voice], None]
    size: int
    serve: Callable[[list[Call]], list[Any]]
    patience: float = 300.0
    interrupted: bool = False
    _running: dict[Connection, _Worker[Task]] = field(default_factory=dict)

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Message]]:
        """The messages of all, as they come; at the end of each task ("ended", what its process died of or None)."""
        waiting = deque(tasks)
        with self._signals():
            try:
                while self._running or (waiting and not self.interrupted):
                    while waiting and len(self._running) < self.size and not self.interrupted:
                        self._start(waiting.popleft(), {}, 0)
                    yield from self._listen()
            finally:
                self._end_all()

    def _listen(self) -> Iterator[tuple[Task, Message]]:
        """Messages that are there, or come before the next deadline; then the stalled are seen to."""
        now = time.monotonic()
        nearest = min(worker.ending or worker.deadline for worker in self._running.values())
        calls: dict[Connection, Call] = {}
        for connection in wait(list(self._running), timeout=max(0.0, min(nearest - now, 60.0))):
            assert isinstance(connection, Connection)  # noqa: S101 - `wait` gives what it was given
            worker = self._running[connection]
            try:
                message: Message = connection.recv()
            except (EOFError, OSError):
                yield from self._ended(connection)
                continue
            if message[0] == "call":
                calls[connection] = message[1], message[2]
            elif message[0] == "beat":
                worker.deadline = time.monotonic() + message[1] + self.patience
                worker.doing = message[2] or worker.doing
            else:
                worker.done |= message[0] == "done"
                yield worker.task, message
        self._answer(calls)
        for connection, worker in self._running.items():
            self._see_to(connection, worker)

    def _answer(self, calls: dict[Connection, Call]) -> None:
        if not calls:
            return
        began = time.monotonic()
        for connection, answer in zip(calls, self.serve(list(calls.values())), strict=True):
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it died meanwhile
                connection.send(answer)
        for worker in self._running.values():  # nobody was listened to meanwhile
            worker.deadline += time.monotonic() - began

    def _see_to(self, connection: Connection, worker: _Worker[Task]) -> None:
        """End a stalled process: first kindly. One whose words wait to be heard is not stalled, we are."""
        now = time.monotonic()
        if worker.ending is not None:
            if now >= worker.ending:
                worker.process.kill()
        elif now >= worker.deadline and not connection.poll():
            worker.process.terminate()
            worker.ending = now + _KILL_AFTER

    def _ended(self, connection: Connection) -> Iterator[tuple[Task, Message]]:
        """A process is over: well, or it is begun again without what it was doing."""
        worker = self._running.pop(connection)
        connection.close()
        worker.process.join()
        code = worker.process.exitcode
        worker.process.close()
        if worker.done and worker.ending is None:
            yield worker.task, ("ended", None)
            return
        how = "it took too long" if worker.ending is not None else f"it died ({_death(code)})"
        if worker.doing and worker.restarts < _RESTARTS and not self.interrupted and worker.doing not in worker.avoid:
            self._start(worker.task, worker.avoid | {worker.doing: how}, worker.restarts + 1, worker.began)
            return
        yield worker.task, ("ended", how)

    def _start(self, task: Task, avoid: dict[str, str], restarts: int, began: float | None = None) -> None:
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        parent = os.getpid()
        inherited, now = [*self._running, ours], time.monotonic()
        began = now if began is None else began
        voice = Voice(theirs, now - began)
        process = context.Process(target=_begin, args=(self.work, task, avoid, voice, inherited, parent))
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # until the process has its own answer to them
        try:
            process.start()
            theirs.close()
            self._running[ours] = _Worker(task, process, avoid, restarts, began, now + self.patience)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        if self.interrupted:  # by a signal that came before it could be passed on
            process.terminate()

    def _end_all(self) -> None:
        """No process outlives the crew. Nobody answers them any more: who asks has to end."""
        for connection, worker in self._running.items():
            worker.process.terminate()
            connection.close()
        until = time.monotonic() + _KILL_AFTER
        for worker in self._running.values():
            worker.process.join(max(0.0, until - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._running.clear()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM are passed on; each process finishes its page."""

        def heard(number: int, frame: FrameType | None) -> None:
            self.interrupted = True
            for worker in list(self._running.values()):
                with contextlib.suppress(OSError, ValueError):
                    if worker.process.pid is not None:
                        os.kill(worker.process.pid, signal.SIGTERM)

        before = {name: signal.signal(name, heard) for name in _SIGNALS}
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)


def _begin(
    work: Callable[[Any, dict[str, str], Voice], None],
    task: Any,
    avoid: dict[str, str],
    voice: Voice,
    inherited: list[Connection],
    parent: int,
) -> None:
    """The beginning of a process: a group of its own, so that a terminal's Ctrl-C comes once, through the parent."""
    for name in _SIGNALS:
        signal.signal(name, signal.SIG_DFL)
    os.setpgid(0, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    _die_with(parent)
    for other in inherited:
        other.close()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        try:
            work(task, avoid, voice)
        except KeyboardInterrupt:
            os._exit(128 + signal.SIGINT)


def _die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends, however that happens."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
