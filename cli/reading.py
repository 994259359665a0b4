"""`luutru extract` and `luutru explain`: read one source and show what the rules make of it; store nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.bundles import bundled
from cli.options import AsJson, Fetching, NoColor, PortalFolders, Url, with_color

if TYPE_CHECKING:
    from scraper.models import Capture

EXTRACT_EXAMPLES = """\b
Examples:
  luutru extract page.html --url https://portal.example/tin-tuc?ItemID=7
  curl -s https://portal.example/tin | luutru extract -
  luutru extract page.txt | jq .published_at
"""
EXPLAIN_EXAMPLES = """\b
Examples:
  luutru explain page.html
  luutru explain page.html --field published_at
"""
SourceArgument = Annotated[
    str,
    typer.Argument(metavar="SOURCE", help="Address, saved page (.html, .htm, .mhtml), text rendering (.txt), or -."),
]


def register(app: typer.Typer) -> None:
    """Put the commands on the app."""
    app.command("extract", epilog=EXTRACT_EXAMPLES)(bundled(extract))
    app.command("explain", epilog=EXPLAIN_EXAMPLES)(bundled(explain))


def extract(
    source: SourceArgument,
    url: Url = None,
    portals: PortalFolders = None,
    compact: Annotated[bool, typer.Option("--compact", help="One line instead of indented JSON.")] = False,
    *,
    fetching: Fetching,
) -> int:
    """Print the record of one page as JSON; store nothing."""
    from cli.render import print_json
    from cli.wiring import known_portals
    from scraper.models import to_dict
    from scraper.pipeline import extract_checked

    capture = _load(source, url, fetching)
    print_json(to_dict(extract_checked(capture, known_portals(portals))), indent=None if compact else 2)
    return 0


def explain(
    source: SourceArgument,
    url: Url = None,
    portals: PortalFolders = None,
    field: Annotated[
        list[str] | None, typer.Option("--field", metavar="NAME", help="Only this field (repeatable).")
    ] = None,
    as_json: AsJson = False,
    no_color: NoColor = False,
    *,
    fetching: Fetching,
) -> int:
    """Show, for every field, the rules tried, what each found, which won and why."""
    from cli.exits import exit_code_of
    from cli.explaining import draw, story_as_json
    from cli.render import complain, print_json
    from cli.wiring import known_portals
    from scraper.errors import InputError
    from scraper.extract import FIELDS
    from scraper.extract import explain as tell
    from scraper.pipeline import refuse_binary

    for name in field or ():
        if name not in FIELDS and name != "agency":
            raise InputError(name, f"known are {', '.join((*FIELDS, 'agency'))}", what="unknown field")
    capture = _load(source, url, fetching)
    refuse_binary(capture)
    story = tell(capture, known_portals(portals))
    if as_json:
        print_json(story_as_json(story, field))
    else:
        draw(story, field, color=with_color(no_color))
    if story.refusal is not None:
        complain(story.refusal)
        return exit_code_of(story.refusal)
    return 0


def _load(source: str, url: str | None, fetching: Fetching) -> Capture:
    """The capture of exactly one source."""
    from itertools import islice

    from cli.wiring import LazyFetcher
    from scraper.errors import InputError
    from scraper.sources import expand

    found = list(islice(expand([source], url=url), 2))
    if isinstance(found[0], InputError):
        raise found[0]
    if len(found) > 1:
        raise InputError(source, "this command reads one page", hint="luutru add takes folders and lists")
    with LazyFetcher(fetching.contact, **fetching.limits()) as fetcher:
        return found[0].load(fetcher)
