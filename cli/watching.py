"""What a process of a harvest or a recovery says to the one that started it, and how its end is told."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from cli.crew import Voice
from cli.exits import ExitCode, exit_code_of
from scraper.errors import LuutruError
from scraper.models import Outcome


def telling(voice: Voice, name: str, work: Callable[[], tuple[dict[str, Any], list[LuutruError]]]) -> None:
    """Do the work for the portal of that name; the last word is ("done", report, exit codes of what failed).

    work: gives the report and what failed. What it raises is told, and is a report of its own.
    """
    codes: Counter[int] = Counter()
    try:
        report, errors = work()
        codes.update(int(exit_code_of(error)) for error in errors)
    except LuutruError as error:
        voice.say("trouble", str(error), error.hint, False)
        codes[int(exit_code_of(error))] += 1
        report = {"portal": name, "troubles": [{"what": str(error), "code": error.code}]}
    except Exception as error:
        if os.environ.get("LUUTRU_DEBUG"):
            raise
        told = f"a bug: {name}: {type(error).__name__}: {error}"
        voice.say("trouble", told, "run again with LUUTRU_DEBUG=1 and report it", False)
        codes[int(ExitCode.BUG)] += 1
        report = {"portal": name, "troubles": [{"what": told, "code": "error"}]}
    voice.say("done", report, dict(codes))


class Watch:
    """Tells the process that started this one how it goes."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def beat(self, seconds: float, doing: str) -> None:
        """What comes next may take so long."""
        self._voice.say("beat", seconds, doing)

    def outcome(self, outcome: Outcome) -> None:
        """Something became of an article."""
        self._voice.say("outcome", outcome)

    def trouble(self, error: LuutruError, *, again: bool) -> None:
        """Something failed."""
        self._voice.say("trouble", str(error), error.hint, again)

    def warn(self, message: str) -> None:
        """Something that a person should know."""
        self._voice.say("warning", message)

    def recovered(self, what: str) -> None:
        """What had failed works again."""
        self._voice.say("warning", f"works again: {what}")
