"""`luutru doctor URL`: why a host cannot be fetched, and what to write into the settings file so that it can."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import ExitCode
from cli.options import AsJson, Contact, NoColor, Settings, Timeout, with_color

if TYPE_CHECKING:
    from scraper.doctor import Finding
    from scraper.fetch import FetchOptions
    from scraper.politeness import Manners

EXAMPLES = """\b
Examples:
  luutru doctor https://portal.example/Lists/News
  luutru doctor https://portal.example --json

Exit code: 0 when the host can be fetched, if need be with the settings that are printed; warnings do not change it.
4 when it cannot be fetched even so. 3 when URL is no web address.
"""
_STYLES = {"ok": "green", "warn": "yellow", "fail": "red", "skipped": "dim"}


def register(app: typer.Typer) -> None:
    """Put the command on the app."""
    app.command("doctor", epilog=EXAMPLES)(doctor)


def doctor(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of the portal or of a page of it.")],
    config: Settings = None,
    as_json: AsJson = False,
    contact: Contact = None,
    timeout: Timeout = 30.0,
    no_color: NoColor = False,
) -> int:
    """Examine a host: name, connection, TLS, answer, clock, robots.txt, SharePoint, walls, doors; and print what helps.

    TLS is tried strictly first, then rung by rung by handshakes alone; the page is asked for under the rung that works.
    With --config, the host is asked under the settings that it has there.
    """
    from cli.render import print_json, safe
    from scraper.doctor import OPTIONS, Patient, diagnose
    from scraper.fetch import user_agent

    options = replace(OPTIONS, user_agent=user_agent(contact), total_timeout=timeout)
    options = replace(options, connect_timeout=min(options.connect_timeout, timeout))
    patient = Patient(url.strip(), options)
    if config is not None:
        patient.options, patient.manners = _set(patient.url, options, config)
    if as_json:
        findings = list(diagnose(patient))
        print_json(
            {
                "url": patient.url,
                "fetchable": not patient.sick,
                "findings": [asdict(finding) for finding in findings],
                "settings": patient.settings or None,
            }
        )
    else:
        _draw(diagnose(patient), color=with_color(no_color))
        if patient.settings:
            print("\nFor the settings file, under the [[portal]] that this host belongs to:\n")
            print("\n".join(safe(line) for line in patient.settings.splitlines()))
    return ExitCode.FETCH if patient.sick else ExitCode.OK


def _set(url: str, options: FetchOptions, config: Path) -> tuple[FetchOptions, Callable[[], Manners]]:
    """The options, and the manners of the doors' requests, under the portal's settings."""
    from scraper.politeness import Manners
    from scraper.settings import choose, read_settings

    (own,) = choose([url], read_settings(config))
    tls = {} if own.tls is None else dict.fromkeys(own.tls_hosts(), own.tls)
    manners = partial(Manners, url, hosts=own.hosts, delay=own.delay, ignore=own.ignore, reason=own.reason)
    return replace(options, tls=tls), manners


def _draw(findings: Iterable[Finding], *, color: bool) -> None:
    """Each finding as it comes: verdict, check, detail; the advice below."""
    from rich.text import Text

    from cli.render import console, safe

    screen = console(color=color)
    for finding in findings:
        line = Text(f"{finding.verdict:<8}", style=_STYLES[finding.verdict])
        line.append(f" {safe(finding.name):<12} {safe(finding.detail)}", style="default")
        if finding.advice:
            line.append(f"\n{'':<22}→ {safe(finding.advice)}", style="default")
        screen.print(line)
