"""The command line: `luutru COMMAND …`. The one place where errors become exit codes."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Annotated

import typer

from cli import (
    adding,
    archive,
    discovering,
    doctoring,
    exporting,
    harvesting,
    history,
    importing,
    portals,
    reading,
    reextracting,
    searching,
    stats,
    upkeep,
)
from cli.exits import ExitCode, exit_code_of
from cli.render import complain, safe
from scraper.errors import InputError, LuutruError

# What writing to stdout can meet; every other OSError is translated where it arises.
_OUTPUT_FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})

app = typer.Typer(
    name="luutru",
    help="Archive SharePoint-style public portals: fetch a page, read the article and the agency behind it, "
    "keep a clean record.",
    epilog="Example: luutru add https://portal.example/Lists/News/DispForm.aspx?ID=7   "
    "Data goes to stdout, talk to stderr.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
adding.register(app)
harvesting.register(app)
importing.register(app)
discovering.register(app)
reading.register(app)
reextracting.register(app)
archive.register(app)
searching.register(app)
exporting.register(app)
history.register(app)
stats.register(app)
portals.register(app)
doctoring.register(app)
upkeep.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"luutru {version('luutru')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Run the command line and leave the process with an ExitCode."""
    _prepare_streams()
    try:
        code = app(prog_name="luutru", standalone_mode=False)
        sys.stdout.flush()
    except LuutruError as error:
        complain(error)
        code = exit_code_of(error)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        code = ExitCode.OK  # the reader of our output has seen enough: `luutru list | head`
    except SystemExit as leaving:
        if not isinstance(leaving.__context__, BrokenPipeError):  # which click and rich make a status of 1
            raise
        code = ExitCode.OK
    except Exception as error:
        code = _explain_crash(error)
    if code == ExitCode.INTERRUPTED:
        print("luutru: interrupted", file=sys.stderr)
    _leave(code if isinstance(code, int) else ExitCode.OK)


def _prepare_streams() -> None:
    """A closed stdout or stderr takes everything; one in an old encoding shows escapes for letters that it lacks."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115, PTH123 - as long as the process
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _explain_crash(error: Exception) -> int:
    """Usage errors are click's; anything else is a bug of ours, told in one line unless LUUTRU_DEBUG is set."""
    show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
    if callable(show) and isinstance(code, int):
        usage = io.StringIO()
        show(file=usage)
        print("".join(c for c in usage.getvalue() if c == "\n" or c.isprintable()), end="", file=sys.stderr)
        return code
    if type(error).__name__ in ("Abort", "Exit"):
        return ExitCode.INTERRUPTED if type(error).__name__ == "Abort" else code or ExitCode.OK
    if isinstance(error, OSError) and error.filename is None and error.errno in _OUTPUT_FAULTS:
        complain(InputError("standard output", os.strerror(error.errno).lower(), what="cannot write"))
        return ExitCode.INPUT
    if os.environ.get("LUUTRU_DEBUG"):
        raise error
    print(
        f"luutru: a bug: {type(error).__name__}: {safe(error)} (run again with LUUTRU_DEBUG=1 and report it)",
        file=sys.stderr,
    )
    return ExitCode.BUG


def _leave(code: int) -> None:
    """Exit without a second complaint about a stdout that is closed or full."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(int(code))


if __name__ == "__main__":
    main()
