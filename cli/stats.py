"""`luutru stats`: what the archive holds, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from cli.bundles import bundled
from cli.options import DEFAULT_ARCHIVE, ArchiveDir, AsJson, NoColor, with_color
from cli.selection import Selection

if TYPE_CHECKING:
    from rich.text import Text

    from storage.stats import Range, Stats

EXAMPLES = """\b
Examples:
  luutru stats
  luutru stats --portal portal.example --by month
  luutru stats --json | jq -c '.lists[] | [.list, .absent]'
"""
_SHOWN = ("portal", "year", "section", "author", "language", "problem")
_NAME, _BAR, _LINE = 44, 20, 80


def register(app: typer.Typer) -> None:
    """Put the command on the app."""
    app.command("stats", epilog=EXAMPLES)(stats)


@bundled
def stats(
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="WHAT", help="One table, whole: portal, year, month, section, author, language or problem."
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", metavar="N", min=1, help="Lines of each table.")] = 10,
    selection: Selection = Selection(),  # noqa: B008 - immutable
    as_json: AsJson = False,
    no_color: NoColor = False,
) -> int:
    """Count what the archive holds, and what it lacks.

    Articles by portal, year, section, author, language and problem; those without a value as (none). Then, portal by
    portal, fields that articles lack and months without any; list by list, the item numbers not held between the lowest
    and the highest that is.
    """
    from cli.render import console, print_json
    from cli.wiring import open_for_reading
    from scraper.errors import InputError
    from storage.stats import DIMENSIONS, as_data, collect, table

    if by is not None and by not in DIMENSIONS:
        raise InputError(by, f"known are {', '.join(DIMENSIONS)}", what="cannot count by this")
    with open_for_reading(archive) as kept:
        found = selection.find(kept)
        counts = collect(found)
    if as_json:
        print_json(table(counts, by) if by else as_data(counts))
        return 0
    screen = console(color=with_color(no_color))
    for line in _counts(counts, by, None) if by else _everything(counts, top):
        screen.print(line)
    return 0


def _everything(counts: Stats, top: int) -> Iterator[Text]:
    from rich.text import Text

    from cli.render import counted

    revised, articles = counted(counts.revised, "article"), counted(counts.articles, "article")
    yield Text(f"{articles}, {counted(counts.revisions, 'revision')}, {revised} revised, {counts.gone} gone")
    for name in _SHOWN:
        if any(value is not None for value in counts.by[name]):
            yield Text()
            yield from _counts(counts, name, top)
    for part in (_missing(counts, top), _months(counts, top), _items(counts, top)):
        lines = list(part)
        if len(lines) > 1:
            yield Text()
            yield from lines


def _counts(counts: Stats, name: str, top: int | None) -> Iterator[Text]:
    """A table of values with a bar for each, measured by the largest. top: only so many, those with most articles."""
    from rich.text import Text

    from storage.stats import counted

    rows = counted(counts, name)
    yield _head(name, "articles")
    most = max((number for _, number in rows), default=1)
    shown = set(sorted(rows, key=lambda row: -row[1])[:top])
    for value, number in filter(shown.__contains__, rows):
        share = number / max(counts.articles, 1)
        line = Text.assemble((_cell(value), "cyan" if value is not None else "dim"), f"{number:>8}  {share:>4.0%}  ")
        line.append("█" * max(1, round(_BAR * number / most)), style="green")
        yield line
    yield from _more(len(rows), top)


def _missing(counts: Stats, top: int) -> Iterator[Text]:
    """Which fields articles lack, portal by portal."""
    from storage.stats import WATCHED, counted

    yield _head("missing fields", "articles")
    rows = [(name, portal) for name, _ in counted(counts, "portal") if (portal := counts.portals[name]).missing.total()]
    for name, portal in rows[:top]:
        yield _fact(name, portal.articles)
        lacking = [f"{field} {portal.missing[field]}" for field in WATCHED if portal.missing[field]]
        yield from _below(lacking)
    yield from _more(len(rows), top)


def _months(counts: Stats, top: int) -> Iterator[Text]:
    """Months without an article between a portal's first and last."""
    from storage.stats import absent, counted, month, size

    yield _head("months without articles", "months")
    rows = [
        (name, portal, ranges)
        for name, _ in counted(counts, "portal")
        if (ranges := absent((portal := counts.portals[name]).months))
    ]
    for name, portal, ranges in rows[:top]:
        yield _fact(name, size(ranges), f"  {month(min(portal.months))} … {month(max(portal.months))}")
        yield from _below(_ranges([(month(low), month(high)) for low, high in ranges], top))
    yield from _more(len(rows), top)


def _items(counts: Stats, top: int) -> Iterator[Text]:
    """Items of lists that the archive does not hold."""
    from storage.stats import absent, largest, size

    yield _head("list items not held", "items")
    rows = [(name, numbers, ranges) for name, numbers in largest(counts.items) if (ranges := absent(numbers))]
    for name, numbers, ranges in rows[:top]:
        yield _fact(name, size(ranges), f"  {min(numbers)} … {max(numbers)}")
        yield from _below(_ranges(ranges, top))
    yield from _more(len(rows), top)


def _head(name: str, what: str) -> Text:
    from rich.text import Text

    return Text(f"{name:<{_NAME}}{what:>8}", style="bold")


def _fact(name: str | None, number: int, more: str = "") -> Text:
    from rich.text import Text

    return Text.assemble((_cell(name), "cyan"), f"{number:>8}{more}")


def _below(parts: list[str]) -> Iterator[Text]:
    """Parts joined by commas, in lines of 80 columns."""
    from textwrap import wrap

    from rich.text import Text

    for line in wrap(", ".join(parts), _LINE - 4):
        yield Text(f"    {line}", style="dim")


def _ranges(ranges: Iterable[tuple[object, object]] | Iterable[Range], top: int) -> list[str]:
    """The first ranges in words, and how many more there are."""
    named = [f"{low}" if low == high else f"{low} to {high}" for low, high in ranges]
    return named if len(named) <= top else [*named[:top], f"… {len(named) - top} more"]


def _cell(value: str | None) -> str:
    """A value, cut or padded to the first column."""
    from rich.cells import cell_len, set_cell_size

    from cli.render import safe

    text = "(none)" if value is None else safe(value)
    return set_cell_size(text, _NAME) if cell_len(text) < _NAME else set_cell_size(text, _NAME - 2) + "… "


def _more(number: int, top: int | None) -> Iterator[Text]:
    from rich.text import Text

    if top is not None and number > top:
        yield Text(f"… {number - top} more", style="dim")
