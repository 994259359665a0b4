"""Progress of several things at once, for people at a terminal."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import Any

_REFRESH = 0.1  # seconds between two drawings


class Lines:
    """One moving line a portal on stderr, where that is a terminal. Drawn by hand: no thread may run while we fork."""

    def __init__(self, *, wanted: bool) -> None:
        self._progress: Any = None
        self._tasks: dict[str, Any] = {}
        self._counts: dict[str, Counter[str]] = {}
        self._drawn = 0.0
        if wanted and sys.stderr.isatty():
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            from cli.render import console

            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}"),
                TextColumn("{task.fields[said]}"),
                TimeElapsedColumn(),
            )
            self._progress = Progress(
                *columns,
                console=console(stderr=True),
                transient=True,
                auto_refresh=False,
                redirect_stdout=sys.stdout.isatty(),
            )

    def __enter__(self) -> Lines:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def count(self, name: str, kind: str) -> None:
        """One more outcome of a portal."""
        if self._progress is None:
            return
        from cli.render import safe

        counts = self._counts.setdefault(name, Counter())
        counts[kind] += 1
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(safe(name), total=None, said="")
        self._progress.update(self._tasks[name], said=", ".join(f"{n} {kind}" for kind, n in counts.items()))
        if time.monotonic() - self._drawn >= _REFRESH:
            self._drawn = time.monotonic()
            self._progress.refresh()

    def done(self, name: str) -> None:
        """A portal is over."""
        if (task := self._tasks.pop(name, None)) is not None:
            self._progress.remove_task(task)
