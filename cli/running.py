"""A run over several portals as people and scripts see it: lines while it goes on, a summary and an exit code."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.archivist import Archivist
from cli.crew import Crew, Message, Voice
from cli.exits import ExitCode
from cli.order import Order
from scraper.models import Outcome

SUMMARY_VERSION = 1
_REFRESH = 0.1  # seconds between two drawings of the progress lines


@dataclass(slots=True)
class Run:
    """Runs orders in a crew. work: what each process does."""

    work: Callable[[Order, dict[str, str], Voice], None]
    archive: Path
    quiet: bool = False
    color: bool = True
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: Counter[int] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    interrupted: bool = False
    started: str = field(default_factory=lambda: _stamp())

    def outcomes(self, orders: Sequence[Order], size: int, stall: float) -> Iterator[Outcome]:
        """The outcomes of all portals as they come; everything else is told on stderr."""
        from cli.render import warn

        with Archivist(self.archive) as archivist, _Lines(wanted=not self.quiet and self.color) as lines:
            crew = Crew(self.work, size, archivist.answer, patience=stall)
            for order, message in crew.run(orders):
                name = order.settings.name
                if message[0] == "outcome":
                    self.counts[message[1].kind] += 1
                    lines.count(name, message[1].kind)
                    yield message[1]
                else:
                    self._heard(name, message)
                    if message[0] == "ended":
                        lines.done(name)
            self.interrupted = crew.interrupted
            for notice in archivist.notices:
                warn(notice)

    def exit_code(self) -> ExitCode:
        """What a script learns: the code that all failures share if nothing succeeded, else 7."""
        if self.interrupted or any(report.get("stopped") == "interrupted" for report in self.reports.values()):
            return ExitCode.INTERRUPTED
        if not self.codes:
            return ExitCode.OK
        stored = sum(self.counts.values()) - self.counts["failed"]
        if len(self.codes) == 1 and (stored == 0 or set(self.codes) <= {ExitCode.ARCHIVE, ExitCode.LOCKED}):
            return ExitCode(next(iter(self.codes)))
        return ExitCode.PARTIAL

    def summary(self) -> dict[str, Any]:
        """The whole run as JSON data."""
        return {
            "version": SUMMARY_VERSION,
            "started": self.started,
            "ended": _stamp(),
            "exit_code": int(self.exit_code()),
            "outcomes": dict(self.counts),
            "portals": list(self.reports.values()),
        }

    def _heard(self, name: str, message: Message) -> None:
        from cli.render import say, warn

        kind, *details = message
        if kind == "trouble":
            text, hint, again = details
            if not again:
                warn(f"{text} ({hint})" if hint else text)
        elif kind == "warning":
            warn(details[0])
        elif kind == "done":
            report, codes = details
            self.reports[name] = report
            self.codes.update(codes)
            say(_line(name, report), quiet=self.quiet)
        elif kind == "ended" and details[0] is not None:
            if not self.interrupted:
                warn(f"the harvest of {name} broke down: {details[0]}; run it again, it goes on where it was")
                self.codes[int(ExitCode.BUG)] += 1
            self.reports[name] = self.reports.get(name, {"portal": name}) | {"stopped": details[0]}


def _line(name: str, report: dict[str, Any]) -> str:
    """A portal's run in one line: outcomes, then what is known of completeness."""
    counts = [f"{number} {kind}" for kind, number in report.get("outcomes", {}).items()]
    idle = "failed" if report.get("troubles") else "nothing new"
    nothing = idle if report.get("places") else "nothing could be done"
    parts = [", ".join(counts) or nothing]
    files = report.get("files", {})
    if lacking := [f"{files[kind]} {kind}" for kind in ("missing", "refused", "failed") if files.get(kind)]:
        parts.append(f"of the files {', '.join(lacking)}")
    for place in report.get("places", ()):
        of = f" of {place['total']:,}" if place["total"] is not None else ""
        by = f" by {place['door']}" if place["door"] else ""
        parts.append(f"{place['collected']:,}{of} listed{by}, {'complete' if place['complete'] else place['why']}")
    if report.get("stopped"):
        parts.append(f"stopped: {report['stopped']}")
    return f"{name}: " + "; ".join(parts)


class _Lines:
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

    def __enter__(self) -> _Lines:
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


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
