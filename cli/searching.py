"""`luutru search`: articles by their words, best first."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_ARCHIVE, AgencyText, ArchiveDir, AsJson, NoColor, Portal, Since, Until, with_color

if TYPE_CHECKING:
    from storage.search import Hit

SEARCH_EXAMPLES = """\b
Examples:
  luutru search ben tre                  (both words; also finds "Bến Tre")
  luutru search '"Đồng Khởi"' --since 2018 --until 2019
  luutru search 'cau* -pha' --field title --portal portal.example
"""


def register(app: typer.Typer) -> None:
    """Put the command on the app."""
    app.command("search", epilog=SEARCH_EXAMPLES)(search)


def search(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="WORDS", help='Words that must all be there; "a phrase", begin*, -without (in shell quotes).'
        ),
    ],
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    field: Annotated[
        str | None,
        typer.Option(
            "--field",
            metavar="NAME",
            help="Only words in this field: title, summary, body, section, author, agency, tags or captions.",
        ),
    ] = None,
    portal: Portal = None,
    agency: AgencyText = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", min=1, help="At most N articles.")] = 20,
    as_json: AsJson = False,
    no_color: NoColor = False,
) -> int:
    """Search the articles for words: the best first, with the place where they stand.

    Words typed without tone marks find them with any. Once there is a tone mark or a đ, every word counts as typed.
    """
    from cli.render import print_json, say
    from cli.wiring import open_for_reading

    text = " ".join(words)
    with open_for_reading(archive) as kept:
        hits = list(kept.search(text, field=field, portal=portal, agency=agency, since=since, until=until, limit=limit))
    if not hits:
        say(f"nothing found for {text}{_advice(text)}")
    elif as_json:
        for hit in hits:
            print_json({name: getattr(hit, name) for name in _FIELDS}, indent=None)
    else:
        _draw(hits, color=with_color(no_color))
    return 0


_FIELDS = ("id", "score", "published_at", "portal", "title", "snippet")


def _advice(text: str) -> str:
    from scraper.text import fold, key

    return "" if fold(text) == key(text) else f" (typed without tone marks, it finds any: {fold(text)})"


def _draw(hits: Iterable[Hit], *, color: bool) -> None:
    """Per hit the line that `list` gives, and below it the snippet with the finds in bold."""
    from rich.text import Text

    from cli.render import clip, console, safe, width

    screen, columns = console(color=color), width() if sys.stdout.isatty() else 10_000
    for hit in hits:
        line = Text()
        line.append(f"{safe(hit.id)}  ", style="cyan")
        line.append(f"{safe(hit.published_at or '-')[:10]:<10}  ", style="green")
        line.append(f"{clip(hit.portal or '-', 28):<28}  ", style="dim")
        line.append(clip(hit.title or "", max(20, columns - line.cell_len)))
        screen.print(line)
        below = Text("    ")
        for piece, found in hit.snippet:
            below.append(_safe_piece(piece), style="bold" if found else "")
        screen.print(below)


def _safe_piece(piece: str) -> str:
    """As `safe`, but the blanks at its ends stay."""
    from cli.render import safe

    return f"{' ' * piece.startswith(' ')}{safe(piece)}{' ' * (piece.endswith(' ') and len(piece) > 1)}"
