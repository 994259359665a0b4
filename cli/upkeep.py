"""`luutru verify`, `compact` and `agencies`: the archive as a whole."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.options import DEFAULT_ARCHIVE, ArchiveDir, AsJson, NoColor, Portal, Quiet, with_color

VERIFY_EXAMPLES = """\b
Examples:
  luutru verify                 (exit code 6 if anything is wrong)
  luutru verify --repair
"""
COMPACT_EXAMPLES = """\b
Example:
  luutru compact --archive archive
"""
AGENCIES_EXAMPLES = """\b
Examples:
  luutru agencies --portal portal.example --at 2018
  luutru agencies --json | jq -r '[.portal, .first_seen, .agency.responsible_person.name] | @tsv'
"""


def register(app: typer.Typer) -> None:
    """Put the commands on the app."""
    app.command("verify", epilog=VERIFY_EXAMPLES)(verify)
    app.command("compact", epilog=COMPACT_EXAMPLES)(compact)
    app.command("agencies", epilog=AGENCIES_EXAMPLES)(agencies)


def verify(
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Write damaged records anew, set damaged files aside; no byte is thrown away."),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Read everything that the archive keeps and name each fault, where it is, and its repair.

    What is harmless is named too, and does not count as a fault.
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from cli.exits import ExitCode
    from cli.render import print_json, safe, say
    from storage import integrity
    from storage.archive import LOCK_SECONDS

    if repair:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for line in integrity.repair(archive.absolute(), lock_timeout=LOCK_SECONDS, now=now):
            say(f"repaired {line}", quiet=quiet)
    tally, faults = integrity.Tally(), 0
    for fault in integrity.verify(archive.absolute(), tally):
        faults += not fault.harmless
        if as_json:
            print_json(asdict(fault), indent=None)
        else:
            where = (
                f"{fault.file}:{'' if fault.at is None else f' byte {fault.at}:'}{f' {fault.id}:' if fault.id else ''}"
            )
            typer.echo(safe(f"{where} {fault.message}; {fault.repair}"))
    counts = {table: tally.documents(table) for table in tally.numbers} | (
        {"files": tally.files} if tally.files else {}
    )
    read = ", ".join(f"{name} {count}" for name, count in counts.items())
    if tally.captures:
        read += f", captures {tally.captures} ({tally.unnamed} that no record names)"
    say(f"{read}: {f'{faults} faults' if faults > 1 else '1 fault' if faults else 'all whole'}", quiet=quiet)
    return ExitCode.ARCHIVE if faults else ExitCode.OK


def compact(archive: ArchiveDir = DEFAULT_ARCHIVE, quiet: Quiet = False) -> int:
    """Give back the room of what later writes have superseded. Every revision stays."""
    from cli.render import say, warn
    from storage.archive import Archive

    refuse_absent(archive)
    with Archive.open(archive) as kept:
        for name, (before, after) in kept.compact().items():
            say(f"{name}: {before:,} bytes, now {after:,}", quiet=quiet)
        for notice in kept.notices:
            warn(notice)
    return 0


def agencies(
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    portal: Portal = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="DATE", help="As pages of that year, month or day state it.")
    ] = None,
    as_json: AsJson = False,
    no_color: NoColor = False,
) -> int:
    """Who published the portals, and when that was seen."""
    from cli.render import print_json
    from cli.wiring import open_for_reading

    with open_for_reading(archive) as kept:
        for state in kept.agencies(portal=portal, at=at):
            if as_json:
                print_json(state, indent=None)
            else:
                _draw(state, color=with_color(no_color))
    return 0


def _draw(state: dict[str, Any], *, color: bool) -> None:
    from rich.text import Text

    from cli.render import console, safe
    from cli.showing import agency_lines

    screen = console(color=color)
    days = " to ".join(dict.fromkeys([state["first_seen"], state["last_seen"]]))
    screen.print(Text.assemble((safe(state["portal"]), "bold"), f"  seen {days}"))
    for label, value in agency_lines(state["agency"]):
        screen.print(Text.assemble((f"  {label:<10}", "cyan"), safe(value)))


def refuse_absent(archive: Any) -> None:
    """Raise ArchiveError where there is no archive to work on."""
    from scraper.errors import ArchiveError

    if not any((archive / name).exists() for name in ("articles.json", "luutru.json")):
        raise ArchiveError(str(archive), what="there is no archive", hint="`luutru add` makes one")
