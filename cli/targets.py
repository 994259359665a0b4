"""Where an export goes: stdout, or a file or folder that appears whole or not at all."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from scraper.errors import InputError

_FAULT = "cannot write"


@contextmanager
def stream(output: Path | None, *, force: bool) -> Iterator[BinaryIO]:
    """Stdout for None, else a file that takes its name when the block ends well.

    Raises InputError where the file exists (unless force) or cannot be written.
    """
    if output is None:
        yield sys.stdout.buffer
        return
    if os.path.lexists(output) and not force:
        raise InputError(str(output), "the file exists", hint="--force overwrites it", what=_FAULT)
    partial = _beside(output)
    with _translated(output):
        try:
            with partial.open("xb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            partial.replace(output)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def folder(output: Path, *, force: bool, ours: Callable[[str], bool]) -> Iterator[Path]:
    """An empty folder that takes its name when the block ends well.

    A folder of that name must be empty; with force, its files are replaced if `ours` says of each name that an export
    wrote it: a folder with anything else in it is never touched. Raises InputError for that, and where it cannot be
    written. Killed in the moment of replacing, it leaves the old files in a hidden folder beside the new one.
    """
    partial, aside = _beside(output), _beside(output)
    with _translated(output):
        old = _files_to_replace(output, force=force, ours=ours)
        try:
            partial.mkdir()
            yield partial
            os.sync()
            if old:
                output.rename(aside)
            partial.rename(output)
        finally:
            _remove(partial)
            if aside.exists() and not output.exists():
                aside.rename(output)
        _remove(aside, old)


def _files_to_replace(output: Path, *, force: bool, ours: Callable[[str], bool]) -> list[str]:
    """Names of the files in a folder that an export may replace; none where there is no folder."""
    if not os.path.lexists(output):
        return []
    if output.is_symlink() or not output.is_dir():
        raise InputError(
            str(output), "something else than a folder stands there", hint="choose another name", what=_FAULT
        )
    with os.scandir(output) as entries:
        found = {entry.name: entry.is_file(follow_symlinks=False) for entry in entries}
    if found and not force:
        raise InputError(
            str(output), "the folder is not empty", hint="--force replaces an earlier export in it", what=_FAULT
        )
    for name, is_file in found.items():
        if not is_file or not ours(name):
            raise InputError(
                str(output),
                f"the folder holds what no export wrote ({name})",
                hint="choose another folder",
                what=_FAULT,
            )
    return list(found)


def _beside(output: Path) -> Path:
    return output.with_name(f".{output.name}.{secrets.token_hex(6)}.part")


def _remove(place: Path, names: list[str] | None = None) -> None:
    """Remove a folder of files, all of them or those named; nothing where it is not there."""
    if place.is_dir():
        for file in list(place.iterdir()) if names is None else [place / name for name in names]:
            file.unlink(missing_ok=True)
        place.rmdir()


@contextmanager
def _translated(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(str(output), (error.strerror or str(error)).lower(), what=_FAULT) from error
