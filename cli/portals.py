"""`luutru portals list|check|new`: what is known of portals, whether it still holds, and a start for a new one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, NoColor, PortalFolders, with_color

if TYPE_CHECKING:
    from scraper.portals import Portal
    from scraper.view import View

EXAMPLES = """\b
Examples:
  luutru portals list
  luutru portals check saved-pages/
  luutru portals new page1.html page2.html page3.html --name conbac > portals/conbac.toml
"""

Addresses = Annotated[
    list[str] | None,
    typer.Option("--url", metavar="URL", help="Address of each saved page, in order (repeatable)."),
]
portals_app = typer.Typer(
    help="Portals as data: list the known ones, check their rules on saved pages, propose a file for a new one.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Put the group on the app."""
    app.add_typer(portals_app, name="portals")


@portals_app.command("list")
def list_(portals: PortalFolders = None, as_json: AsJson = False, no_color: NoColor = False) -> int:
    """List the portals and products that luutru knows, the user's own first."""
    from cli.render import clip, console, print_json, width
    from cli.wiring import known_portals

    found = known_portals(portals)
    if as_json:
        for portal in found:
            print_json(_as_dict(portal), indent=None)
        return 0
    from rich.text import Text

    screen, columns = console(color=with_color(no_color)), width()
    for portal in found:
        told_by = ", ".join(portal.hosts or portal.markers)
        line = f"{portal.name:<12} {len(portal.rules)} rules, {len(portal.drop)} drops  {told_by}  {portal.about}"
        screen.print(Text(clip(line, columns)))
    return 0


def _as_dict(portal: Portal) -> dict[str, Any]:
    return {
        "name": portal.name,
        "about": portal.about,
        "family": portal.family,
        "hosts": list(portal.hosts),
        "markers": list(portal.markers),
        "rules": [{"field": rule.field, "xpath": rule.xpath, "count": rule.count} for rule in portal.rules],
        "drop": list(portal.drop),
        "origin": portal.origin,
    }


@portals_app.command("check")
def check(
    pages: Annotated[list[str], typer.Argument(metavar="PAGE...", help="Saved pages or folders of them.")],
    portals: PortalFolders = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Only this portal.")] = None,
    url: Addresses = None,
) -> int:
    """Run portals' rules on saved pages: which fired, which met another number of nodes, which never fired."""
    from cli.exits import ExitCode
    from cli.render import print_json
    from cli.wiring import known_portals
    from scraper.errors import InputError

    known = [portal for portal in known_portals(portals) if name in (None, portal.name)]
    if not known:
        raise InputError(str(name), "luutru portals list shows the known ones", what="no such portal")
    tally: dict[tuple[str, str, str], list[int]] = {}
    seen = 0
    for view in _views(pages, url, known):
        seen += 1
        if view.portal is None or view.page.root is None:
            continue
        for rule in view.portal.rules:
            count = tally.setdefault((view.portal.name, rule.field, rule.xpath), [0, 0, 0])
            met = len(rule.nodes(view.page.root))
            count[0 if met and met == (rule.count or met) else 1 if met else 2] += 1
    if not tally:
        raise InputError(", ".join(pages), f"{seen} pages, none of a portal that has rules", what="nothing to check")
    silent = 0
    for (portal, field, xpath), (fired, wrong, none) in sorted(tally.items()):
        verdict = "fired" if fired else "never fired"
        silent += not fired
        print_json(
            {
                "portal": portal,
                "field": field,
                "xpath": xpath,
                "fired": fired,
                "wrong_count": wrong,
                "none": none,
                "verdict": verdict,
            },
            indent=None,
        )
    return ExitCode.PARTIAL if silent else ExitCode.OK


@portals_app.command("new")
def new(
    pages: Annotated[list[str], typer.Argument(metavar="PAGE...", help="Two or more article pages of one portal.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the portal.")] = "new",
    url: Addresses = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="DIR", help="Write DIR/NAME.toml instead of printing it.")
    ] = None,
) -> int:
    """Propose a portal file from several of its pages: what repeats is chrome, what varies is a field."""
    import sys

    from cli.render import say
    from cli.wiring import known_portals
    from scraper.errors import InputError
    from scraper.portals.learn import learn

    views = list(_views(pages, url, known_portals(None)))
    if len(views) < 2:
        raise InputError(", ".join(pages), "at least two pages of one portal are needed", what="cannot learn a portal")
    text = learn(views).toml(name)
    if write is None:
        sys.stdout.write(text)
        return 0
    target = write / f"{name}.toml"
    if not name.replace("-", "").replace("_", "").isalnum():
        raise InputError(name, "letters, digits, - and _ only", what="cannot use this portal name")
    if target.exists():
        raise InputError(str(target), "the file exists", what="cannot write")
    try:
        write.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(str(target), (error.strerror or str(error)).lower(), what="cannot write") from error
    say(f"wrote {target}")
    return 0


def _views(pages: list[str], urls: list[str] | None, known: Any) -> list[View]:
    """The readable pages as views; what cannot be read is complained about and left out."""
    from cli.render import complain
    from scraper.errors import LuutruError
    from scraper.extract import view_of
    from scraper.sources import expand

    views: list[View] = []
    addresses = iter(urls or ())
    for source in (found for page in pages for found in expand([page], url=next(addresses, None))):
        if isinstance(source, LuutruError):
            complain(source)
            continue
        try:
            views.append(view_of(source.load(), known))
        except LuutruError as error:
            complain(error)
    return views
