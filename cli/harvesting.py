"""`luutru harvest`: discover what is new on portals and add it; made for cron."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from cli.options import (
    DEFAULT_ARCHIVE,
    AllowPrivate,
    ArchiveDir,
    AsJson,
    Captures,
    Contact,
    MaxBytes,
    NoColor,
    PortalFolders,
    Quiet,
    Retries,
    Settings,
    Timeout,
    with_color,
)

EXAMPLES = """\b
Examples:
  luutru harvest https://portal.example/Lists/ThongTinChung
  luutru harvest https://portal.example/tin-tuc.aspx --limit 20
  luutru harvest --config portals.toml --quiet --summary last-night.json
  luutru harvest thixa --config portals.toml --full
"""


def register(app: typer.Typer) -> None:
    """Put the command on the app."""
    app.command("harvest", epilog=EXAMPLES)(harvest)


def harvest(
    portals: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PORTAL|URL", help="Portals of the settings file, or addresses; all of the file if none."
        ),
    ] = None,
    config: Settings = None,
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="Visit at most N articles of each portal.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read every listing to its end, however long it is.")] = False,
    recheck: Annotated[bool, typer.Option("--recheck", help="Visit the known articles, too.")] = False,
    walk: Annotated[bool, typer.Option("--walk", help="Also ask for the item numbers that no listing names.")] = False,
    files: Annotated[bool, typer.Option("--files/--no-files", help="Keep images and attachments.")] = True,
    delay: Annotated[
        float | None,
        typer.Option("--delay", metavar="SECONDS", min=0, help="Pause between requests to one host (else 2 s)."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=1, help="Portals at a time.")] = 8,
    max_time: Annotated[
        float | None, typer.Option("--max-time", metavar="SECONDS", min=1, help="Longest time for one portal.")
    ] = None,
    run_time: Annotated[
        float | None, typer.Option("--run-time", metavar="SECONDS", min=1, help="Longest time for the whole run.")
    ] = None,
    stall: Annotated[
        float, typer.Option("--stall", metavar="SECONDS", min=1, help="A page that takes longer is given up.")
    ] = 300.0,
    summary: Annotated[
        Path | None, typer.Option("--summary", metavar="FILE", help="Write what became of the run to FILE (JSON).")
    ] = None,
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="Append each request to FILE (JSON lines).")
    ] = None,
    portal_files: PortalFolders = None,
    captures: Captures = True,
    as_json: AsJson = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
    contact: Contact = None,
    timeout: Timeout = 120.0,
    max_bytes: MaxBytes = 50_000_000,
    retries: Retries = 3,
    allow_private: AllowPrivate = False,
) -> int:
    """Find what is new on portals, fetch only that, and store it.

    Prints one line per article that is new, changed or gone; what failed goes to stderr, with one line at the end for
    each portal. Where a failure stays the same, it is told once, not every night; the exit code tells it each time.
    robots.txt is obeyed, each host gets one request at a time with a pause between two, and a server that asks for rest
    gets it. A run that was broken off goes on where it was.
    """
    from cli.order import Order
    from cli.portal_run import harvest as harvest_one
    from cli.portal_run import prepare
    from cli.render import json_text, outcome_lines
    from cli.running import Run
    from cli.targets import check, check_log, stream
    from scraper.settings import choose, read_settings

    if not portals and config is None:
        raise typer.BadParameter("name at least one PORTAL or URL, or --config FILE", param_hint="PORTAL|URL")
    chosen = choose(portals or (), read_settings(config) if config is not None else ())
    if summary is not None:
        check(summary)
    if log is not None:
        check_log(log)
    fetching = {"total_timeout": timeout, "max_bytes": max_bytes, "retries": retries, "allow_private": allow_private}
    until = None if run_time is None else time.monotonic() + run_time
    orders = [
        Order(
            one if delay is None else replace(one, delay=delay),
            archive=archive,
            job={
                "limit": limit,
                "full": full,
                "recheck": recheck,
                "walk": walk or one.walk,
                "files": files and one.files,
            },
            fetching=fetching,
            contact=contact,
            portals=tuple(portal_files or ()),
            seconds=max_time,
            until=until,
            log=log,
            captures=captures,
        )
        for one in chosen
    ]
    prepare(tuple(portal_files or ()))
    run = Run(harvest_one, archive, quiet=quiet, color=with_color(no_color))
    outcomes = (one for one in run.outcomes(orders, jobs, stall) if as_json or one.kind != "unchanged")
    for _ in outcome_lines(outcomes, as_json=as_json, color=with_color(no_color)):
        pass
    if summary is not None:
        with stream(summary, force=True) as file:
            file.write(json_text(run.summary()).encode("utf-8") + b"\n")
    return run.exit_code()
