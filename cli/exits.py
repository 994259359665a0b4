"""Exit codes: what a script learns from a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import IntEnum

from scraper.errors import ArchiveError, ExtractError, FetchError, InputError, Locked, LuutruError


class ExitCode(IntEnum):
    """The process's answer. Each code has a test in tests/test_exit_codes.py."""

    OK = 0
    """Done; also "nothing new"."""
    BUG = 1
    """An error that luutru did not expect: please report it."""
    USAGE = 2
    """The command line was wrong."""
    INPUT = 3
    """A source or the configuration cannot be used."""
    FETCH = 4
    """Nothing could be fetched."""
    EXTRACT = 5
    """No article on any of the pages."""
    ARCHIVE = 6
    """The archive cannot be read or written."""
    PARTIAL = 7
    """Some sources failed, or all did for different causes."""
    LOCKED = 8
    """Another run holds the archive's lock."""
    INTERRUPTED = 130
    """Ctrl-C."""


_KINDS: tuple[tuple[type[LuutruError], ExitCode], ...] = (
    (Locked, ExitCode.LOCKED),
    (ArchiveError, ExitCode.ARCHIVE),
    (FetchError, ExitCode.FETCH),
    (ExtractError, ExitCode.EXTRACT),
    (InputError, ExitCode.INPUT),
)


def exit_code_of(error: LuutruError) -> ExitCode:
    """The code of one error."""
    return next((code for kind, code in _KINDS if isinstance(error, kind)), ExitCode.BUG)


def exit_code_of_batch(errors: Iterable[LuutruError], succeeded: int) -> ExitCode:
    """The code of a batch: 0 without errors, the common code when all failed alike, else PARTIAL."""
    codes = {exit_code_of(error) for error in errors}
    if not codes:
        return ExitCode.OK
    if succeeded == 0 and len(codes) == 1:
        return codes.pop()
    return ExitCode.PARTIAL


def exit_code_of_run(codes: Collection[int], succeeded: int) -> ExitCode:
    """The code of a run over portals or containers, by the codes of what failed: as that of a batch.

    Where nothing failed but the archive, or its lock, that is told although some records were stored before.
    """
    if len(codes) == 1 and (succeeded == 0 or set(codes) <= {ExitCode.ARCHIVE, ExitCode.LOCKED}):
        return ExitCode(next(iter(codes)))
    return ExitCode.PARTIAL if codes else ExitCode.OK
