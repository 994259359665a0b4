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


@contextmanager
def stream(output: Path | None, *, force: bool) -> Iterator[BinaryIO]:
    """Stdout for None, else a file that takes its name when the block ends well.

    Raises InputError where the file exists (unless force), is none (a folder, a link, a device) or cannot be written.
    """
    if output is None:
        yield sys.stdout.buffer
        return
    _check_file(output, force=force)
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


def check(output: Path) -> None:
    """Raises InputError where `stream` could not write the file now: for what is written at the end of a long run."""
    _check_file(output, force=True)
    partial = _beside(output)
    with _translated(output):
        partial.touch(exist_ok=False)
        partial.unlink()


def check_log(output: Path) -> None:
    """Raises InputError where nothing can be added to a file now."""
    with _translated(output), output.open("ab"):
        pass


def _check_file(output: Path, *, force: bool) -> None:
    if os.path.lexists(output):
        if output.is_symlink() or not output.is_file():
            raise _refusal(output, "something else than a file stands there", hint="choose another name")
        if not force:
            raise _refusal(output, "the file exists", hint="--force overwrites it")


@contextmanager
def folder(output: Path, *, force: bool, ours: Callable[[str], bool]) -> Iterator[Path]:
    """An empty folder that takes its name when the block ends well.

    A folder of that name must be empty; with force, its files are replaced if `ours` says of each name that an export
    wrote it (below folders with strokes between, a folder's own with one at its end): a folder with anything else in
    it is never touched. Raises InputError for that, and where it cannot be written. Killed in the moment of replacing,
    it leaves the old files in a hidden folder beside the new one.
    """
    partial, aside = _beside(output), _beside(output)
    with _translated(output):
        old = _files_to_replace(output, force=force, ours=ours)
        place = _absolute(output)
        try:
            partial.mkdir()
            yield partial
            os.sync()
            if old:
                place.rename(aside)
            partial.rename(place)
        finally:
            _remove(partial)
            if aside.exists() and not place.exists():
                aside.rename(place)
        _remove(aside, old)


def _files_to_replace(output: Path, *, force: bool, ours: Callable[[str], bool]) -> list[str]:
    """Names of what is in a folder and may be replaced, as `ours` gets them; none where there is no folder."""
    if not os.path.lexists(output):
        return []
    if output.is_symlink() or not output.is_dir():
        raise _refusal(output, "something else than a folder stands there", hint="choose another name")
    found = []
    for name, is_plain in _within(output):
        if not force:
            raise _refusal(output, "the folder is not empty", hint="--force replaces an earlier export in it")
        if not is_plain or not ours(name):
            raise _refusal(output, f"it holds what no export wrote: {name}", hint="choose another folder")
        found.append(name)
    return found


def _within(folder: Path, above: str = "") -> Iterator[tuple[str, bool]]:
    """Names of what is in a folder, a stroke at the end of folders'; whether it is a file or folder, and no link."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield f"{above}{entry.name}/", True
            yield from _within(Path(entry.path), f"{above}{entry.name}/")
        else:
            yield above + entry.name, entry.is_file(follow_symlinks=False)


def _beside(output: Path) -> Path:
    """A name for what is not whole yet, in the same folder."""
    place = _absolute(output)
    if not place.name:
        raise _refusal(output, "it has no name", hint="choose another folder")
    return place.with_name(f".{place.name}.{secrets.token_hex(6)}.part")


def _absolute(output: Path) -> Path:
    """The path without dots, so that its last part is a name; links are not followed."""
    return Path(os.path.abspath(output))  # noqa: PTH100 - resolve() follows links


def _refusal(output: Path, cause: str, *, hint: str = "") -> InputError:
    return InputError(str(output), cause, what="cannot write", hint=hint)


def _remove(place: Path, names: list[str] | None = None) -> None:
    """Remove a folder with all that is in it, or with what is named; nothing where it is not there."""
    if place.is_dir():
        for name in sorted([name for name, _ in _within(place)] if names is None else names, reverse=True):
            if name.endswith("/"):
                (place / name).rmdir()
            else:
                (place / name).unlink(missing_ok=True)
        place.rmdir()


@contextmanager
def _translated(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _refusal(output, (error.strerror or str(error)).lower()) from error
