"""`luutru import`: what others have kept, into the archive: WARC, WET, MHTML, folders of pages."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.exits import ExitCode, exit_code_of_run
from cli.options import DEFAULT_ARCHIVE, ArchiveDir, AsJson, Captures, NoColor, PortalFolders, Quiet, with_color
from scraper.errors import InputError
from scraper.models import Outcome

EXAMPLES = """\b
Examples:
  luutru import crawl.warc.gz --host portal.example
  luutru import CC-MAIN-*.warc.wet.gz --host gov.example --jobs 4
  luutru import mirror/ --archive ben-tre
  luutru import old/*.warc.gz --sharepoint --json
"""
_CONTAINERS = (".warc", ".warc.gz", ".wet", ".wet.gz")
_WITH_BODY = ("response", "resource", "conversion")


def register(app: typer.Typer) -> None:
    """Put the command on the app."""
    app.command("import", epilog=EXAMPLES)(import_files)


def import_files(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="WARC, WET, MHTML, a folder of pages, or a saved page.", show_default=False
        ),
    ],
    hosts: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="HOST", help="Only pages of HOST and of hosts below it (repeatable)."),
    ] = None,
    sharepoint: Annotated[bool, typer.Option("--sharepoint", help="Only pages that SharePoint made.")] = False,
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kind", metavar="KIND", help="Only records that are a response, resource or conversion (repeatable)."
        ),
    ] = None,
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=1, help="Files at a time.")] = 1,
    again: Annotated[bool, typer.Option("--again", help="Read files that were imported before once more.")] = False,
    stall: Annotated[
        float, typer.Option("--stall", metavar="SECONDS", min=1, help="A page that takes longer is given up.")
    ] = 300.0,
    portals: PortalFolders = None,
    captures: Captures = True,
    with_files: Annotated[
        bool, typer.Option("--files/--no-files", help="Keep images and attachments that are in the files, too.")
    ] = True,
    as_json: AsJson = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Read what others have kept: web archives, saved pages, mirrors; extract their articles, store them.

    Addresses and times come from the container. Prints one line per article that is new or changed; pages without an
    article are counted. What is damaged is named with its place and passed over, and reading goes on behind it. A run
    that was broken off goes on where it was, and what was imported before is not read again unless it has changed.
    """
    from cli.import_run import ImportOrder, import_container
    from cli.portal_run import prepare
    from cli.render import outcome_lines
    from scraper.containers.choice import host_filter

    for kind in kinds or ():
        if kind not in _WITH_BODY:
            raise typer.BadParameter(f"one of {', '.join(_WITH_BODY)}", param_hint="--kind")
    host_filter(hosts or ())
    run = ImportRun(archive, quiet=quiet, color=with_color(no_color))
    orders = [
        ImportOrder(
            path,
            archive=archive,
            hosts=tuple(hosts or ()),
            sharepoint=sharepoint,
            kinds=tuple(kinds or ()),
            portals=tuple(portals or ()),
            again=again,
            captures=captures,
            files=with_files,
        )
        for path in run.containers(files)
    ]
    prepare(tuple(portals or ()))
    shown = (
        one for one in run.outcomes(import_container, orders, jobs, stall) if as_json or one.kind in ("new", "changed")
    )
    for _ in outcome_lines(shown, as_json=as_json, color=with_color(no_color)):
        pass
    if with_files and not run.interrupted:
        run.keep_files(captures, stall)
    return run.exit_code()


@dataclass(slots=True)
class ImportRun:
    """A run over several containers as people and scripts see it."""

    archive: Path
    quiet: bool = False
    color: bool = True
    codes: Counter[int] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    interrupted: bool = False
    _of: dict[str, Counter[str]] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)

    def containers(self, files: Sequence[Path]) -> Iterator[Path]:
        """Each container once; a folder's WARC files stand for themselves, beside the folder's pages."""
        from cli.render import complain

        seen: set[Path] = set()
        for path in files:
            if not path.exists():
                error = InputError(str(path), "no such file or folder", hint="check the name")
                complain(error)
                self.codes[int(ExitCode.INPUT)] += 1
                continue
            for one in _within(path):
                if (real := one.resolve()) not in seen:
                    seen.add(real)
                    yield one

    def outcomes(self, work: Any, orders: Sequence[Any], size: int, stall: float) -> Iterator[Outcome]:
        """The outcomes of all containers as they come; everything else is told on stderr."""
        from cli.archivist import Archivist
        from cli.crew import Crew
        from cli.progress import Lines
        from cli.render import complain, warn

        with Archivist(self.archive) as archivist, Lines(wanted=not self.quiet and self.color) as lines:
            crew = Crew(work, size, archivist.answer, patience=stall)
            for order, message in crew.run(orders):
                name = str(order.container)
                if message[0] == "outcomes":
                    for outcome in message[1]:
                        self._count(name, outcome)
                        lines.count(name, outcome.kind)
                        yield outcome
                elif message[0] == "trouble":
                    complain(message[1])
                else:
                    self._heard(name, message)
                    if message[0] == "ended":
                        lines.done(name)
            self.interrupted = crew.interrupted
            for notice in archivist.notices:
                warn(notice)

    def keep_files(self, captures: bool, stall: float) -> None:
        """Keep what the containers, these and earlier ones, hold of articles' files; how it went is told on stderr."""
        from cli.archivist import Archivist
        from cli.crew import Crew
        from cli.imported_files import FilesOrder, keep_files
        from cli.render import say, warn
        from storage.file_places import is_idle

        if is_idle(self.archive):
            return
        with Archivist(self.archive) as archivist:
            crew = Crew(keep_files, 1, archivist.answer, patience=stall)
            for _, (kind, *details) in crew.run([FilesOrder(self.archive, captures)]):
                if kind == "done":
                    report, codes = details
                    self.codes.update(codes)
                    if report.get("files"):
                        say(_files_line(report["files"]), quiet=self.quiet)
                elif kind == "trouble":
                    warn(f"{details[0]} ({details[1]})" if details[1] else details[0])
                elif kind == "warning":
                    warn(details[0])
                elif kind == "ended" and details[0] is not None and not crew.interrupted:
                    warn(f"keeping pictures and attachments broke down: {details[0]}; run it again, it goes on")
                    self.codes[int(ExitCode.BUG)] += 1
            self.interrupted = crew.interrupted

    def exit_code(self) -> ExitCode:
        """What a script learns: the code that all failures share if nothing was stored, else 7."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        stored = self.counts["new"] + self.counts["changed"] + self.counts["unchanged"]
        return exit_code_of_run(self.codes, stored)

    def _count(self, name: str, outcome: Outcome) -> None:
        from cli.render import warn

        self.counts[outcome.kind] += 1
        self._of.setdefault(name, Counter())[outcome.kind] += 1
        if outcome.kind == "failed":
            warn(f"{outcome.reason} ({outcome.hint})" if outcome.hint else outcome.reason)

    def _heard(self, name: str, message: tuple[Any, ...]) -> None:
        from cli.render import say, warn

        kind, *details = message
        if kind == "warning":
            warn(details[0])
        elif kind == "done":
            report, codes = details
            self.codes.update(codes)
            self._ended.add(name)
            say(_line(name, report, self._of.get(name, Counter())), quiet=self.quiet)
        elif kind == "ended" and details[0] is not None and name not in self._ended and not self.interrupted:
            warn(f"the import of {name} broke down: {details[0]}; run it again, it goes on where it was")
            self.codes[int(ExitCode.BUG)] += 1


def _line(name: str, report: dict[str, Any], counts: Counter[str]) -> str:
    """A container's import in one line."""
    from cli.render import counted

    if report["state"] == "done":
        return f"{name}: imported before"
    stored = ", ".join(f"{counts[kind]:,} {kind}" for kind in ("new", "changed", "unchanged") if counts[kind])
    pages, members = counted(report["pages"], "page"), counted(report["members"], "member")
    parts = [stored or "nothing new", f"{pages} among {members}"]
    if report["files"] and not report["pages"]:
        parts.append(f"{counted(report['files'], 'answer')} noted that may be a picture or attachment")
    if report["skipped"]:
        parts.append(f"{report['skipped']:,} without an article")
    if report["failed"]:
        parts.append(f"{report['failed']:,} failed, {report['damaged']:,} of them damaged")
    if report["stopped"]:
        parts.append("stopped: run it again, it goes on from here")
    return f"{name}: " + "; ".join(parts)


def _files_line(report: dict[str, int]) -> str:
    """What became of pictures and attachments, in one line."""
    from cli.render import counted

    counts = {status: report.get(status, 0) for status in ("stored", "missing", "refused", "failed")}
    told = [f"{number:,} {status}" for status, number in counts.items() if number]
    articles = counted(report.get("articles", 0), "article")
    line = f"pictures and attachments of {articles}: {', '.join(told) or 'none found'}"
    return f"{line}; stopped: run it again, it goes on from here" if report.get("stopped") else line


def _within(path: Path) -> Iterator[Path]:
    """A folder's WARC files and then the folder itself; anything else is itself."""
    if not path.is_dir():
        yield path
        return
    found, others = [], False
    for root, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            if name.lower().endswith(_CONTAINERS):
                found.append(Path(root) / name)
            else:
                others = True
    yield from found
    if others or not found:
        yield path
