"""`luutru list` and `show`: what the archive holds. Neither loads HTTP, HTML or XML machinery."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from cli.bundles import bundled
from cli.options import DEFAULT_ARCHIVE, ArchiveDir, AsJson, NoColor, RecordId, with_color
from cli.selection import Selection

LIST_EXAMPLES = """\b
Examples:
  luutru list --portal portal.example --since 2018-01
  luutru list --author "Minh Khôi" --json
"""
SHOW_EXAMPLES = """\b
Examples:
  luutru show 3f2a9c            (the first letters of an id are enough)
  luutru show https://portal.example/tin?ItemID=7 --json
"""


def register(app: typer.Typer) -> None:
    """Put the commands on the app."""
    app.command("list", epilog=LIST_EXAMPLES)(list_)
    app.command("show", epilog=SHOW_EXAMPLES)(show)


@bundled
def list_(
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    selection: Selection = Selection(),  # noqa: B008 - immutable
    limit: Annotated[int | None, typer.Option("--limit", "-n", metavar="N", min=1, help="At most N records.")] = None,
    as_json: AsJson = False,
    no_color: NoColor = False,
) -> int:
    """List the archive's records: id, day, portal and title.

    An article that is no longer published says so at the end of its line, with the day it was noted.
    """
    from itertools import islice

    from cli.render import print_json
    from cli.wiring import open_for_reading

    with open_for_reading(archive) as kept:
        records = islice(selection.find(kept), limit)
        if as_json:
            for record in records:
                print_json({name: record.get(name) for name in _LIST_FIELDS}, indent=None)
        else:
            _print_table(records, color=with_color(no_color))
    return 0


_LIST_FIELDS = (
    "id",
    "revision",
    "published_at",
    "title",
    "section",
    "author",
    "url",
    "first_seen",
    "last_seen",
    "gone_at",
)


def show(
    record_id: RecordId,
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    revision: Annotated[
        int | None, typer.Option("--revision", "-r", metavar="N", min=1, help="An earlier state instead of the last.")
    ] = None,
    as_json: AsJson = False,
    no_color: NoColor = False,
) -> int:
    """Show one record: for people as a page, with --json as it is stored."""
    from cli.render import print_json
    from cli.showing import draw_record
    from cli.wiring import no_such_record, open_for_reading

    with open_for_reading(archive) as kept:
        record = kept.get(record_id)
        if record is not None and revision is not None:
            record = next((r for r in kept.history(record_id) if r.get("revision") == revision), None)
        if record is None:
            raise no_such_record(f"revision {revision} of {record_id}" if revision else record_id, archive)
    if as_json:
        print_json(record)
        return 0
    try:
        draw_record(record, color=with_color(no_color))
    except (AttributeError, TypeError):  # put from Python, and not of the record's shape
        print_json(record)
    return 0


def _print_table(records: Iterable[dict[str, Any]], *, color: bool) -> None:
    from rich.text import Text

    from cli.render import clip, console, safe, width
    from storage.identity import host_of

    screen, columns = console(color=color), width() if sys.stdout.isatty() else 10_000
    for record in records:
        host = host_of(str(record.get("url") or "")) or "-"
        line = Text()
        line.append(f"{record['id']}  ", style="cyan")
        line.append(f"{safe(record.get('published_at') or '')[:10]:<10}  ", style="green")
        line.append(f"{clip(host, 28):<28}  ", style="dim")
        mark = f"  [gone {safe(record['gone_at'])[:10]}]" if record.get("gone_at") else ""
        line.append(clip(record.get("title") or "", max(20, columns - line.cell_len - len(mark))))
        line.append(mark, style="magenta")
        screen.print(line)
