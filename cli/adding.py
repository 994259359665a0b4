"""`luutru add`: read sources, extract, store; one line per outcome."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, TypeVar

import typer

from cli.bundles import bundled
from cli.exits import exit_code_of_batch
from cli.options import (
    DEFAULT_ARCHIVE,
    ArchiveDir,
    AsJson,
    Captures,
    Fetching,
    Lists,
    NoColor,
    PortalFolders,
    Quiet,
    Url,
    with_color,
)
from scraper.errors import LuutruError

T = TypeVar("T")

EXAMPLES = """\b
Examples:
  luutru add https://portal.example/Lists/News/DispForm.aspx?ID=7
  luutru add saved-pages/ --archive ben-tre
  luutru add page.html --url https://portal.example/tin-tuc?ItemID=7
  luutru add --from addresses.txt --json
"""


def register(app: typer.Typer) -> None:
    """Put the command on the app."""
    app.command("add", epilog=EXAMPLES)(bundled(add))


def add(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE...", help="Address, saved page, text rendering, folder, list of addresses, or -."
        ),
    ] = None,
    lists: Lists = None,
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    url: Url = None,
    portals: PortalFolders = None,
    captures: Captures = True,
    as_json: AsJson = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
    *,
    fetching: Fetching,
) -> int:
    """Fetch or read pages, extract their articles, store them.

    Prints one line per page: new, changed, unchanged or gone, with id and title; failures go to stderr. Running it
    again is safe: what is known and the same stays as it is, what changed becomes a new revision. An article of the
    archive whose address answers 404 or 410 is gone: it stays, with the day.
    """
    from cli.render import complain, outcome_lines, say, warn
    from cli.wiring import LazyFetcher, known_portals, store
    from scraper.pipeline import read_all
    from scraper.sources import expand
    from storage.archive import Archive

    if not sources and not lists:
        raise typer.BadParameter("name at least one SOURCE, or --from FILE", param_hint="SOURCE")
    if url is not None and (lists or len(sources or ()) != 1):
        raise typer.BadParameter("it says where one saved page was published; name that page alone", param_hint="--url")
    errors: list[LuutruError] = []
    counts: Counter[str] = Counter()
    with LazyFetcher(fetching.contact, **fetching.limits()) as fetcher, Archive.open(archive) as kept:
        readings = read_all(
            with_progress(expand(sources or (), lists=lists or (), url=url), wanted=not quiet and with_color(no_color)),
            fetcher,
            portals=known_portals(portals),
        )

        def note(error: LuutruError) -> None:
            errors.append(error)
            complain(error)

        outcomes = store(readings, kept, note, captures=captures)
        for outcome in outcome_lines(outcomes, as_json=as_json, color=with_color(no_color)):
            counts[outcome.kind] += 1
        for notice in kept.notices:
            warn(notice)
    if sum(counts.values()) > 1:
        say(", ".join(f"{number} {kind}" for kind, number in counts.items()), quiet=quiet)
    return exit_code_of_batch(errors, sum(counts.values()) - counts["failed"])


def with_progress(items: Iterable[T], *, wanted: bool) -> Iterator[T]:
    """Pass items on; show on stderr, where that is a terminal, how many have passed."""
    if not wanted or not sys.stderr.isatty():
        yield from items
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from cli.render import console

    columns = (SpinnerColumn(), TextColumn("{task.completed} read"), TimeElapsedColumn())
    # Lines on the same terminal go above the moving one; data on its way to a file or pipe stays out of its reach.
    with Progress(
        *columns, console=console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()
    ) as progress:
        task = progress.add_task("reading", total=None)
        for item in items:
            yield item
            progress.advance(task)
