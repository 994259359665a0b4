"""The command line: `luutru COMMAND …`. The one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from cli import adding, archive, portals, reading
from cli.exits import ExitCode, exit_code_of
from cli.render import complain
from scraper.errors import LuutruError

app = typer.Typer(
    name="luutru",
    help="Archive SharePoint-style public portals: fetch a page, read the article and the agency behind it, keep a clean record.",
    epilog="Example: luutru add https://portal.example/Lists/News/DispForm.aspx?ID=7   Data goes to stdout, talk to stderr.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
adding.register(app)
reading.register(app)
archive.register(app)
portals.register(app)


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
    try:
        code = app(standalone_mode=False)
        _flush()
        sys.exit(code if isinstance(code, int) else ExitCode.OK)
    except LuutruError as error:
        complain(error)
        _leave(exit_code_of(error))
    except KeyboardInterrupt:
        print("luutru: interrupted", file=sys.stderr)
        _leave(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        _leave(ExitCode.OK)  # the reader of our output has seen enough: `luutru list | head`
    except Exception as error:
        _explain_crash(error)


def _explain_crash(error: Exception) -> None:
    """Usage errors are click's; anything else is a bug of ours, told in one line unless LUUTRU_DEBUG is set."""
    show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
    if callable(show) and isinstance(code, int):
        show()
        _leave(code)
    if type(error).__name__ in ("Abort", "Exit"):
        _leave(ExitCode.INTERRUPTED if type(error).__name__ == "Abort" else code or ExitCode.OK)
    if os.environ.get("LUUTRU_DEBUG"):
        raise error
    print(
        f"luutru: a bug: {type(error).__name__}: {error} (run again with LUUTRU_DEBUG=1 and report it)", file=sys.stderr
    )
    _leave(ExitCode.BUG)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _leave(ExitCode.OK)


def _leave(code: int) -> None:
    """Exit without a second complaint about a closed stdout."""
    try:
        sys.stdout.flush()
    except (BrokenPipeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(int(code))


if __name__ == "__main__":
    main()
