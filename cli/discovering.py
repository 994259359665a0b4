"""`luutru discover`: what a portal lists, by which doors, from one of its addresses."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.bundles import bundled
from cli.options import AsJson, Fetching, NoColor, Settings, with_color

if TYPE_CHECKING:
    from scraper.discovery.listing import Place
    from scraper.harvest.probing import Probe

EXAMPLES = """\b
Examples:
  luutru discover https://portal.example/Lists/ThongTinChung
  luutru discover 'https://portal.example/tin-tuc.aspx?ItemID=7'
  luutru discover thixa --config portals.toml --json
"""
_FACTS = (
    ("start", "start"),
    ("site", "web"),
    ("list", "list_path"),
    ("list id", "list_id"),
    ("article", "item"),
    ("views", "views"),
    ("feeds", "feeds"),
    ("sections", "sections"),
    ("print view", "print_view"),
)
_SOME = 3


def register(app: typer.Typer) -> None:
    """Put the command on the app."""
    app.command("discover", epilog=EXAMPLES)(bundled(discover))


def discover(
    portal: Annotated[str, typer.Argument(metavar="PORTAL|URL", help="A list, a section, an article; or a name.")],
    config: Settings = None,
    as_json: AsJson = False,
    no_color: NoColor = False,
    *,
    fetching: Fetching,
) -> None:
    """Show how a portal can be read: which list stands behind an address, and which doors are open.

    Asks the page itself and each door once, as politely as harvest does, and stores nothing. The first open door that
    lists everything is the one that harvest uses.
    """
    from cli.desk import Desk
    from cli.order import Order
    from cli.render import print_json, warn
    from scraper.discovery.doors import DOORS
    from scraper.harvest.probing import probe
    from scraper.settings import choose, read_settings

    (settings,) = choose([portal], read_settings(config) if config is not None else ())
    order = Order(settings, job={}, fetching=fetching.limits(), contact=fetching.contact)
    with Desk(order, None, time.sleep, lambda seconds, doing: None, warn) as desk:
        for start in settings.start:
            place = desk.place(start)
            probes = probe(place, desk.ask, DOORS)
            if as_json:
                print_json({"place": _facts(place), "doors": [_plain(one) for one in probes]})
            else:
                _draw(place, probes, color=with_color(no_color))


def _facts(place: Place) -> dict[str, Any]:
    return {name: getattr(place, name) for _, name in _FACTS}


def _plain(probe: Probe) -> dict[str, Any]:
    from dataclasses import asdict

    data = asdict(probe)
    error = probe.error
    return data | {"open": error is None and probe.asked is not None, "error": error and str(error)}


def _draw(place: Place, probes: Any, *, color: bool) -> None:
    from rich.text import Text

    from cli.render import console, safe

    screen = console(color=color)
    for label, name in _FACTS:
        value = getattr(place, name)
        for one in value if isinstance(value, tuple) else [value]:
            if one is not None:
                screen.print(Text.assemble((f"{label:<11}", "cyan"), safe(one)))
    screen.print()
    chosen = False
    for one in probes:
        line = Text(f"{one.door:<11}", style="bold" if one.error is None and one.asked else "dim")
        line.append(safe(_said(one)), style="" if one.error is None else "red")
        whole = one.exhaustive and one.error is None and one.entries and one.cut is None
        if whole and not chosen:
            chosen = True
            line.append("  ← harvest uses it", style="green")
        screen.print(line)
        for entry in one.entries[:_SOME]:
            screen.print(
                Text(f"           {safe(entry.mark or ''):<22.22} {safe(entry.title or entry.url)}", style="dim")
            )


def _said(probe: Probe) -> str:
    """One door's answer in words."""
    if probe.asked is None:
        return "nothing to ask: the place is not known well enough"
    if probe.error is not None:
        return f"closed: {probe.error.what}: {probe.error.cause}"
    counted = f" of {probe.total:,}" if probe.total is not None else ""
    more = " on the first page" if probe.more else ""
    cut = f" ({probe.cut.replace('_', ' ')})" if probe.cut else ""
    return f"{len(probe.entries):,}{counted} listed{more}{cut}"
