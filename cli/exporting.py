"""`luutru export`: records in other programs' formats. It loads no HTTP, HTML or XML machinery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.bundles import bundled
from cli.options import DEFAULT_ARCHIVE, ArchiveDir, Quiet
from cli.selection import Selection
from storage.exports import FORMATS

if TYPE_CHECKING:
    from storage.archive import Archive

EXPORT_EXAMPLES = """\b
Examples:
  luutru export --format csv --output articles.csv
  luutru export --format jsonl --since 2018 | gzip > articles.jsonl.gz
  luutru export --format bibtex --id f3zn --id gjky
  luutru export --format markdown --output articles/
  luutru export --format csv --package --output dataset/
  luutru export --format wacz --portal xa.example --output xa.wacz
"""
_NAMES = ", ".join(name + (" (an extra)" if kind.extra else "") for name, kind in FORMATS.items())


def register(app: typer.Typer) -> None:
    """Put the command on the app."""
    app.command("export", epilog=EXPORT_EXAMPLES)(export)


@bundled
def export(
    format_: Annotated[str, typer.Option("--format", metavar="NAME", help=f"{_NAMES}.")] = "json",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write to FILE (markdown, bagit: a folder) instead of stdout."
        ),
    ] = None,
    package: Annotated[
        bool, typer.Option("--package", help="Write a data package: a folder of the file and its description.")
    ] = False,
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    selection: Selection = Selection(),  # noqa: B008 - immutable
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE, or an earlier export in a folder.")] = False,
    quiet: Quiet = False,
) -> int:
    """Export records: the whole archive or a selection, one by one as they are read."""
    from cli.render import counted, say
    from cli.wiring import open_for_reading
    from scraper.errors import InputError
    from storage.exports import format_of

    into = "folder" if package else format_of(format_).into
    if package and format_of(format_).into == "folder":
        raise typer.BadParameter(f"{format_} is a folder by itself", param_hint="--package")
    if package and format_of(format_).holdings:
        raise typer.BadParameter(f"{format_} describes itself", param_hint="--package")
    if output is None and into != "stream":
        raise typer.BadParameter(f"this goes to a {into}; name it", param_hint="--output")
    if output is not None and output.absolute().parent.resolve() == archive.resolve():
        raise InputError(str(output), "that is the archive's folder", what="cannot export to it")
    with open_for_reading(archive) as kept:
        notices: list[str] = []
        if format_of(format_).holdings and output is not None:
            number, notices = _hand_over(kept, format_, output, selection, force=force)
        elif format_ == "jsonl" and not package and not selection.given():
            number = _pass_on(kept, output, force=force)
        else:
            number = _write(selection.find(kept), format_, output, selection, package=package, force=force)
    for notice in notices:
        say(notice)
    say(f"{counted(number, 'record')} exported" + (f" to {output}" if output else ""), quiet=quiet)
    return 0


def _pass_on(kept: Archive, output: Path | None, *, force: bool) -> int:
    """Write all records as the archive keeps them, which is a line of JSON each: several times as fast."""
    from cli import targets
    from storage.exports import jsonl

    texts = kept.texts()
    with targets.stream(output, force=force) as out:
        return jsonl.write_texts(texts, out)


def _hand_over(
    kept: Archive, format_: str, output: Path, selection: Selection, *, force: bool
) -> tuple[int, list[str]]:
    """Write records with what the archive keeps besides them; their number, and what was lacking."""
    from datetime import UTC, datetime

    from cli import targets
    from storage.exports import file_names, writer
    from storage.exports.holdings import Holdings

    is_folder, about = FORMATS[format_].into == "folder", selection.given()
    with Holdings(kept, created=datetime.now(UTC), name=output.name, selection=about) as holdings:
        found = selection.find(kept)
        place = (
            targets.folder(output, force=force, ours=file_names(format_))
            if is_folder
            else targets.stream(output, force=force)
        )
        with place as out:
            number = writer(format_)(found, out, holdings)
        return number, holdings.notices()


def _write(
    found: Iterator[dict[str, Any]],
    format_: str,
    output: Path | None,
    selection: Selection,
    *,
    package: bool,
    force: bool,
) -> int:
    """Write the records to where they go and give their number."""
    from cli import targets
    from storage.exports import file_names, writer

    if package and output:
        from datetime import UTC, datetime

        from storage.exports import package as packages

        with targets.folder(output, force=force, ours=packages.is_name) as place:
            return packages.write(found, place, format_, selection=selection.given(), created=datetime.now(UTC))
    if FORMATS[format_].into == "folder" and output:
        with targets.folder(output, force=force, ours=file_names(format_)) as place:
            return writer(format_)(found, place)
    with targets.stream(output, force=force) as out:
        return writer(format_)(found, out)
