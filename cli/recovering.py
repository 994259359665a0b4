"""`luutru recover`: find a portal's pages in web archives and add their articles, version by version."""

from __future__ import annotations

import calendar
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scraper.settings import PortalSettings

EXAMPLES = """\b
Examples:
  luutru recover portal.example/Lists/ThongBao
  luutru recover portal.example --since 2015 --until 2018-06 --limit 50
  luutru recover portal.example --from-archive https://archive.example/collection --from-archive https://web.archive.org
"""
DEFAULT_ENDPOINT = "https://web.archive.org"
_PATIENT = {"max_redirects": 0, "max_pause": 900.0, "backoff": 2.0}
"""Fetching from web archives: redirects are looked up there, and they ask for pauses of minutes."""
_STALL = 180.0  # seconds beyond one transfer without a sign of life
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def register(app: typer.Typer) -> None:
    """Put the command on the app."""
    app.command("recover", epilog=EXAMPLES)(bundled(recover))


def recover(
    portals: Annotated[
        list[str],
        typer.Argument(metavar="HOST|URL...", help="Lost hosts, lists, sections or pages; or portals of --config."),
    ],
    endpoints: Annotated[
        list[str] | None,
        typer.Option(
            "--from-archive",
            metavar="URL",
            help=f"Web archive with a CDX server or TimeMaps (repeatable; else {DEFAULT_ENDPOINT}).",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Captured on DATE or later (2018, 2018-12, 2018-12-03)."),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="Captured on DATE or earlier.")] = None,
    config: Settings = None,
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="Ask for at most N articles of each portal.")
    ] = None,
    files: Annotated[bool, typer.Option("--files/--no-files", help="Recover images and attachments, too.")] = True,
    captures: Captures = True,
    portal_files: PortalFolders = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
    *,
    running: Running,
    fetching: Fetching,
) -> int:
    """Find the captures of a lost portal in web archives, fetch each version of its articles, and store them.

    Versions come oldest first and become revisions, each with the day on which it was captured and the address that it
    came from. Redirects are followed within the archive; error pages, logins and captures without an article are
    passed over. One line per article that is new or changed; at the end how many versions of each list were found, and
    which item numbers nobody captured. A run that was broken off goes on where it was.
    """
    from cli.order import Order
    from cli.recovery_run import recover as recover_one
    from cli.running import carry_out
    from scraper.settings import read_settings

    known = read_settings(config) if config is not None else ()
    between = {"since": _moment(since, "--since", last=False), "until": _moment(until, "--until", last=True)}
    archives = _archives(endpoints or [DEFAULT_ENDPOINT], known, running.delay)
    orders = [
        Order(
            one,
            archive=archive,
            job=between | {"limit": limit, "files": files},
            fetching=fetching.limits() | _PATIENT,
            contact=fetching.contact,
            portals=tuple(portal_files or ()),
            until=running.until(),
            log=running.log,
            captures=captures,
            archives=archives,
        )
        for one in dict.fromkeys(_lost(name, known) for name in portals)
    ]
    return carry_out(
        recover_one,
        orders,
        running,
        size=1,
        stall=fetching.timeout + _STALL,
        as_json=as_json,
        quiet=quiet,
        color=with_color(no_color),
    )


def _lost(name: str, known: Sequence[PortalSettings]) -> PortalSettings:
    """The portal behind what the user typed: a name of the settings file, a host, an address. Raises InputError.

    Its starts are widened to the lists that they are views of.
    """
    from scraper.settings import choose

    if not any(one.name == name for one in known) and "://" not in name:
        name = f"http://{name}"
    (portal,) = choose([name], known)
    return replace(portal, start=tuple(map(_widened, portal.start)))


def _widened(start: str) -> str:
    """Of a list's view the list; of a replayed page the original."""
    from urllib.parse import quote

    from scraper.addresses import item_identity, original_url, request_url
    from scraper.discovery.place import parts_of

    address = request_url(original_url(start))
    list_path, number = item_identity(address)
    origin, path, _ = parts_of(address)
    if number is None and list_path is not None and path.casefold().startswith(list_path.casefold()):
        return request_url(origin + quote(list_path))
    return address


def _archives(
    endpoints: Sequence[str], known: Sequence[PortalSettings], delay: float | None
) -> tuple[PortalSettings, ...]:
    """The web archives as portals: each with the settings that its host has in the settings file, if it has any."""
    from scraper.memento.layouts import endpoint_of
    from scraper.settings import choose

    chosen = [choose([endpoint_of(one)], known)[0] for one in endpoints]
    starts = [replace(one, start=(endpoint_of(text),)) for one, text in zip(chosen, endpoints, strict=True)]
    return tuple(dict.fromkeys(one if delay is None else replace(one, delay=delay) for one in starts))


def _moment(text: str | None, option: str, *, last: bool) -> str | None:
    """The first or last moment of a year, month or day, in 14 digits."""
    if text is None:
        return None
    match = _DATE.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        year, month = int(match[1]), int(match[2] or (12 if last else 1))
        end = calendar.monthrange(year, month)[1]
        day = int(match[3] or (end if last else 1))
        if not 1 <= day <= end:
            raise ValueError
    except (ValueError, IndexError) as error:
        raise typer.BadParameter(f"{text!r} is no date such as 2018, 2018-12, 2018-12-03", param_hint=option) from error
    return f"{year:04d}{month:02d}{day:02d}" + ("235959" if last else "000000")
