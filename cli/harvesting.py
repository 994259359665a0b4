"""`luutru harvest`: discover what is new on portals and add it; made for cron."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from cli.bundles import bundled
from cli.options import (
    DEFAULT_ARCHIVE,
    ArchiveDir,
    AsJson,
    Captures,
    Fetching,
    NoColor,
    PortalFolders,
    Quiet,
    Running,
    Settings,
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
    app.command("harvest", epilog=EXAMPLES)(bundled(harvest))


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
    accept_fewer: Annotated[
        bool, typer.Option("--accept-fewer", help="Believe a listing that is much shorter than the last one.")
    ] = False,
    files: Annotated[bool, typer.Option("--files/--no-files", help="Keep images and attachments.")] = True,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=1, help="Portals at a time.")] = 8,
    max_time: Annotated[
        float | None, typer.Option("--max-time", metavar="SECONDS", min=1, help="Longest time for one portal.")
    ] = None,
    stall: Annotated[
        float, typer.Option("--stall", metavar="SECONDS", min=1, help="A page that takes longer is given up.")
    ] = 300.0,
    portal_files: PortalFolders = None,
    captures: Captures = True,
    as_json: AsJson = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
    *,
    running: Running,
    fetching: Fetching,
) -> int:
    """Find what is new on portals, fetch only that, and store it.

    Prints one line per article that is new, changed or gone; what failed goes to stderr, with one line at the end for
    each portal. A failure that stays the same is told once; the exit code tells it in each run that meets it.
    robots.txt is obeyed, each host gets one request at a time with a pause between two, and a server that asks for rest
    gets it. A run that was broken off goes on where it was.
    """
    from cli.order import Order
    from cli.portal_run import harvest as harvest_one
    from cli.running import carry_out
    from scraper.settings import choose, read_settings

    if not portals and config is None:
        raise typer.BadParameter("name at least one PORTAL or URL, or --config FILE", param_hint="PORTAL|URL")
    chosen = choose(portals or (), read_settings(config) if config is not None else ())
    job = {"limit": limit, "full": full, "recheck": recheck, "accept_fewer": accept_fewer}
    orders = [
        Order(
            one if running.delay is None else replace(one, delay=running.delay),
            archive=archive,
            job=job | {"walk": walk or one.walk, "files": files and one.files},
            fetching=fetching.limits(),
            contact=fetching.contact,
            portals=tuple(portal_files or ()),
            seconds=max_time,
            until=running.until(),
            log=running.log,
            captures=captures,
        )
        for one in chosen
    ]
    return carry_out(
        harvest_one, orders, running, size=jobs, stall=stall, as_json=as_json, quiet=quiet, color=with_color(no_color)
    )
