"""A run over several portals as people and scripts see it: lines while it goes on, a summary and an exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.archivist import Archivist
from cli.crew import Crew, Message, Voice
from cli.exits import ExitCode, exit_code_of_run
from cli.options import Running
from cli.order import Order
from cli.progress import Lines
from scraper.models import Outcome

SUMMARY_VERSION = 1


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

        with Archivist(self.archive) as archivist, Lines(wanted=not self.quiet and self.color) as lines:
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
        return exit_code_of_run(self.codes, sum(self.counts.values()) - self.counts["failed"])

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


def carry_out(
    work: Callable[[Order, dict[str, str], Voice], None],
    orders: Sequence[Order],
    running: Running,
    *,
    size: int,
    stall: float,
    as_json: bool,
    quiet: bool,
    color: bool,
) -> ExitCode:
    """Do the work of all orders, print what becomes of articles, write the summary. Raises InputError.

    size: processes at a time.  stall: seconds after which a process that says nothing is given up.
    """
    from cli.portal_run import prepare
    from cli.render import json_text, outcome_lines
    from cli.targets import check, check_log, stream

    if not orders:
        return ExitCode.OK
    if running.summary is not None:
        check(running.summary)
    if running.log is not None:
        check_log(running.log)
    prepare(orders[0].portals)
    run = Run(work, orders[0].archive, quiet=quiet, color=color)
    outcomes = (one for one in run.outcomes(orders, size, stall) if as_json or one.kind != "unchanged")
    for _ in outcome_lines(outcomes, as_json=as_json, color=color):
        pass
    if running.summary is not None:
        with stream(running.summary, force=True) as file:
            file.write(json_text(run.summary()).encode("utf-8") + b"\n")
    return run.exit_code()


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


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
