"""What people see: data on stdout, talk on stderr, and no letter of a page that a terminal could obey.

Everything that comes from outside goes through `safe`. `rich` is loaded only where something is drawn.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from scraper.errors import LuutruError
from scraper.text import tidy

if TYPE_CHECKING:
    from rich.console import Console

    from scraper.models import Outcome

# What JSON leaves as it is but terminals obey: DEL and C1 controls, line and direction marks; and what is no character.
_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_STYLES = {
    "new": "green",
    "changed": "yellow",
    "unchanged": "dim",
    "skipped": "dim",
    "failed": "red",
    "gone": "magenta",
}


def safe(text: object) -> str:
    """One line without control, escape and direction characters."""
    return tidy(str(text))


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """JSON without a letter that a terminal obeys."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False, indent=indent))


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """JSON on stdout: UTF-8, or escaped where the terminal's encoding could not show it; nothing a terminal obeys."""
    text = json_text(value, indent=indent)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, ensure_ascii=True, indent=indent)
    sys.stdout.write(text + "\n")


def console(*, stderr: bool = False, color: bool = True) -> Console:
    """A console that interprets no markup; colours only on a terminal, never with NO_COLOR or --no-color."""
    from rich.console import Console

    return Console(
        stderr=stderr,
        markup=False,
        highlight=False,
        emoji=False,
        no_color=not color or None,
        force_terminal=False if not color else None,
        soft_wrap=True,
    )


def counted(number: int, noun: str) -> str:
    """A number of things, `noun` being one of them: `1 page`, `2,000 pages`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def say(message: str, *, quiet: bool = False) -> None:
    """One line of talk on stderr."""
    if not quiet:
        print(safe(message), file=sys.stderr)


def complain(error: LuutruError) -> None:
    """An error as one line on stderr: what, which source, cause, and what to do next; a bug in full, if asked for."""
    if error.__cause__ is not None and type(error) is LuutruError and os.environ.get("LUUTRU_DEBUG"):
        from traceback import print_exception

        print_exception(error.__cause__)
    hint = f" ({safe(error.hint)})" if error.hint else ""
    print(f"luutru: {safe(error)}{hint}", file=sys.stderr)


def warn(text: str) -> None:
    """Something that a person should know though nothing failed, as one line on stderr."""
    print(f"luutru: {safe(text)}", file=sys.stderr)


def outcome_lines(outcomes: Iterable[Outcome], *, as_json: bool, color: bool) -> Iterator[Outcome]:
    """Pass outcomes on, printing each: `kind  id  title` for people, one JSON object a line for machines."""
    if as_json:
        from scraper.models import to_dict

        for outcome in outcomes:
            print_json(to_dict(outcome), indent=None)
            yield outcome
        return
    from rich.text import Text

    screen = console(color=color)
    for outcome in outcomes:
        if outcome.kind != "failed":
            line = Text(f"{outcome.kind:<10}", style=_STYLES.get(outcome.kind, ""))
            line.append(f" {outcome.id or '':<16} ", style="cyan")
            line.append(safe(outcome.title or outcome.source))
            if outcome.kind in ("changed", "gone"):
                line.append(f"  [{safe(outcome.reason)}]", style="dim")
            if outcome.problems:
                line.append(f"  ! {', '.join(map(safe, outcome.problems))}", style="yellow")
            with screen.capture() as drawn:
                screen.print(line)
            sys.stdout.write(drawn.get())  # where progress is shown, this puts the line above it
        yield outcome


def width() -> int:
    """Columns of the terminal, 80 where there is none."""
    try:
        return max(40, os.get_terminal_size(sys.stdout.fileno()).columns)
    except (OSError, ValueError):
        return 80


def clip(text: str, columns: int) -> str:
    """A line cut to a number of columns with an ellipsis; its indentation stays."""
    indent = " " * (len(text) - len(text.lstrip(" ")))
    text = indent + safe(text)
    return text if len(text) <= columns else text[: max(1, columns - 1)] + "…"
