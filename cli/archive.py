"""`luutru list`, `show` and `export`: what the archive holds. None of them loads HTTP, HTML or XML machinery."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

import typer

from cli.options import (
    DEFAULT_ARCHIVE,
    AgencyText,
    ArchiveDir,
    AsJson,
    Author,
    NoColor,
    Portal,
    Quiet,
    RecordId,
    Section,
    Since,
    Title,
    Until,
    with_color,
)

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
EXPORT_EXAMPLES = """\b
Examples:
  luutru export --format csv --output articles.csv
  luutru export --format jsonl --since 2018 | gzip > articles.jsonl.gz
"""


def register(app: typer.Typer) -> None:
    """Put the commands on the app."""
    app.command("list", epilog=LIST_EXAMPLES)(list_)
    app.command("show", epilog=SHOW_EXAMPLES)(show)
    app.command("export", epilog=EXPORT_EXAMPLES)(export)


def list_(
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    portal: Portal = None,
    title: Title = None,
    section: Section = None,
    author: Author = None,
    agency: AgencyText = None,
    since: Since = None,
    until: Until = None,
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
        found = _find(kept, portal, title, section, author, agency, since, until)
        records = islice(found, limit)
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
    else:
        draw_record(record, color=with_color(no_color))
    return 0


def export(
    format_: Annotated[str, typer.Option("--format", metavar="NAME", help="json, jsonl or csv.")] = "json",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE instead of stdout.")
    ] = None,
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    portal: Portal = None,
    title: Title = None,
    section: Section = None,
    author: Author = None,
    agency: AgencyText = None,
    since: Since = None,
    until: Until = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.")] = False,
    quiet: Quiet = False,
) -> int:
    """Export records: the whole archive or a selection, one by one as they are read."""
    from cli.render import say
    from cli.wiring import open_for_reading
    from storage.exports import writer

    write = writer(format_)
    with open_for_reading(archive) as kept:
        found = _find(kept, portal, title, section, author, agency, since, until)
        with _target(output, force) as out:
            number = write(found, out)
    say(f"{number} records exported" + (f" to {output}" if output else ""), quiet=quiet)
    return 0


def _find(
    kept: Any,
    portal: str | None,
    title: str | None,
    section: str | None,
    author: str | None,
    agency: str | None,
    since: str | None,
    until: str | None,
) -> Iterator[dict[str, Any]]:
    found: Iterator[dict[str, Any]] = kept.find(
        portal=portal,
        title=title,
        section=section,
        author=author,
        agency=agency,
        published_from=since,
        published_to=until,
    )
    return found


def _print_table(records: Iterable[dict[str, Any]], *, color: bool) -> None:
    from rich.text import Text

    from cli.render import clip, console, safe, width
    from storage.identity import host_of

    screen, columns = console(color=color), width() if sys.stdout.isatty() else 10_000
    for record in records:
        host = host_of(record.get("url") or "") or "-"
        line = Text()
        line.append(f"{record['id']}  ", style="cyan")
        line.append(f"{safe(record.get('published_at') or '')[:10]:<10}  ", style="green")
        line.append(f"{clip(host, 28):<28}  ", style="dim")
        mark = f"  [gone {safe(record['gone_at'])[:10]}]" if record.get("gone_at") else ""
        line.append(clip(record.get("title") or "", max(20, columns - line.cell_len - len(mark))))
        line.append(mark, style="magenta")
        screen.print(line)


@contextmanager
def _target(output: Path | None, force: bool) -> Iterator[BinaryIO]:
    """Where an export goes: stdout, or a file that appears whole or not at all."""
    import os
    import tempfile

    from scraper.errors import InputError

    if output is None:
        yield sys.stdout.buffer
        return
    if output.exists() and not force:
        raise InputError(str(output), "the file exists", hint="--force overwrites it")
    partial: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=output.parent, prefix=f".{output.name}.", delete=False) as out:
            partial = Path(out.name)
            yield cast(BinaryIO, out)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(output)
    except OSError as error:
        raise InputError(str(output), (error.strerror or str(error)).lower(), what="cannot write") from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
