"""Files by content: each kept once, in the folder `files` of an archive, under the name of its SHA-256.

    files/ab/cdef…                   the bytes as received; `abcdef…` is their digest
    files/ab/.cdef….<pid>.<x>.new    being written, or left behind by a run that was killed
    files/ab/cdef….damaged           bytes that did not fit their name, set aside

No name from outside ever reaches the file system, and nothing here has an ending that a program would open by itself.
A file is written under another name, made durable, then renamed: it is whole or not there. It comes before the record
that names it, so a kill between the two leaves a file too many, never a record without its file. No lock is needed: two
processes that keep the same bytes write the same file.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scraper.errors import ArchiveError
from storage.faults import translated
from storage.files import make_folder, refuse_full_disk, write_all

FOLDER = "files"
LEFT_OVER_SECONDS = 3600
"""A file in the making that is older than this belongs to a run that was killed."""

_BLOCK = 1 << 20
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_THERE = frozenset([errno.ENOENT, errno.ENOTDIR, errno.ELOOP])
_DIGEST = re.compile("[0-9a-f]{64}")
_SHELF, _REST = re.compile("[0-9a-f]{2}"), re.compile("[0-9a-f]{62}")

FoundKind = Literal["content", "unfinished", "aside", "stranger"]
_KINDS: tuple[tuple[re.Pattern[str], FoundKind], ...] = (
    (_REST, "content"),
    (re.compile(r"\.[0-9a-f]{62}\.[0-9]+\.[0-9a-f]+\.new"), "unfinished"),
    (re.compile(r"[0-9a-f]{62}\.damaged(?:-[0-9]+)?"), "aside"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """Something in the folder. name: relative to the archive's folder.  sha256: of `content`, as its name says."""

    name: str
    kind: FoundKind
    sha256: str = ""


def place_of(sha256: str) -> str:
    """Where content with that digest is kept, relative to the archive's folder. Raises ValueError for no digest."""
    if not _DIGEST.fullmatch(sha256):
        raise ValueError("not a SHA-256 in lower-case hexadecimal")
    return f"{FOLDER}/{sha256[:2]}/{sha256[2:]}"


class FileStore:
    """The files of the archive in `archive_folder`. Raises ArchiveError, NoSpace where the disk is full.

    Links are never followed, below the archive's own folder; a writer makes that folder where there is none.
    """

    def __init__(self, archive_folder: Path, *, writable: bool = True) -> None:
        self._folder = archive_folder
        self._writable = writable

    def put(self, content: bytes) -> str:
        """Keep the bytes, durably, unless they are kept already; their path relative to the archive's folder.

        What does not fit its name (a damaged disk) is set aside and written anew.
        """
        if not self._writable:
            raise ArchiveError(str(self._folder), "opened for reading only")
        sha256 = hashlib.sha256(content).hexdigest()
        with translated(self.path(sha256)):
            make_folder(self._folder)
            with self._shelf(sha256, make=True) as shelf:
                if not _holds(shelf, sha256[2:], content):
                    _write(shelf, sha256[2:], content)
        return place_of(sha256)

    def path(self, sha256: str) -> Path:
        """Where content with that digest is, or would be. Raises ValueError for what is no digest."""
        return self._folder / place_of(sha256)

    def __contains__(self, sha256: object) -> bool:
        """Whether content with that digest is kept; its bytes are not looked at."""
        if not isinstance(sha256, str) or not _DIGEST.fullmatch(sha256):
            return False
        with translated(self.path(sha256)):
            try:
                with self._shelf(sha256) as shelf:
                    return stat.S_ISREG(os.stat(sha256[2:], dir_fd=shelf, follow_symlinks=False).st_mode)
            except OSError as error:
                if error.errno in _NOT_THERE:
                    return False
                raise

    def open(self, sha256: str) -> io.BufferedReader:
        """The content, for reading. Raises ArchiveError where it is not kept, ValueError for what is no digest."""
        with translated(self.path(sha256)), self._shelf(sha256) as shelf:
            return os.fdopen(_regular(shelf, sha256[2:]), "rb")

    def fault_of(self, sha256: str) -> str:
        """What is wrong with the content that is kept under that digest, or "". It is read in pieces."""
        try:
            with self.open(sha256) as stream:
                size = os.fstat(stream.fileno()).st_size
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except ArchiveError as error:
            return error.cause
        except OSError as error:
            return f"it cannot be read: {error.strerror}"
        return "" if digest == sha256 else f"its {size} bytes do not fit its name, which is their SHA-256"

    def walk(self) -> Iterator[Found]:
        """Everything in the folder, in the order of names; memory for the names of one of 256 subfolders."""
        for shelf in self._names():
            whole = f"{FOLDER}/{shelf}"
            try:
                names = self._names(shelf) if _SHELF.fullmatch(shelf) else None
            except ArchiveError as error:
                if not isinstance(error.__cause__, OSError) or error.__cause__.errno not in _NOT_THERE:
                    raise
                names = None
            if names is None:
                yield Found(whole, "stranger")
            for name in names or ():
                kind: FoundKind = next((kind for shape, kind in _KINDS if shape.fullmatch(name)), "stranger")
                yield Found(f"{whole}/{name}", kind, shelf + name if kind == "content" else "")

    def set_aside(self, sha256: str) -> str:
        """Move what stands under that digest out of the way, so that it can be put again; its new relative path."""
        with translated(self.path(sha256)), self._shelf(sha256) as shelf:
            return f"{FOLDER}/{sha256[:2]}/{_set_aside(shelf, sha256[2:])}"

    def remove_left_over(self, found: Found) -> bool:
        """Delete an `unfinished` file if it is older than LEFT_OVER_SECONDS; whether it was."""
        path = self._folder / found.name
        with translated(path), self._shelf(path.parent.name) as shelf:
            try:
                if time.time() - os.stat(path.name, dir_fd=shelf, follow_symlinks=False).st_mtime < LEFT_OVER_SECONDS:
                    return False
                os.unlink(path.name, dir_fd=shelf)
            except FileNotFoundError:  # it was another's, who is done now
                return False
        return True

    def _names(self, *below: str) -> list[str]:
        """Sorted names in the folder or one below it; none where it is absent. Raises ArchiveError for no folder."""
        with translated(self._folder.joinpath(FOLDER, *below)):
            try:
                with _folders(self._folder, (FOLDER, *below)) as descriptor, os.scandir(descriptor) as found:
                    return sorted(entry.name for entry in found)
            except FileNotFoundError:
                return []

    @contextlib.contextmanager
    def _shelf(self, sha256: str, *, make: bool = False) -> Iterator[int]:
        with _folders(self._folder, (FOLDER, sha256[:2]), make=make) as descriptor:
            yield descriptor


@contextlib.contextmanager
def _folders(root: Path, below: tuple[str, ...], *, make: bool = False) -> Iterator[int]:
    """A descriptor of root/below…; no link is followed below `root`. make: make what is missing, durably."""
    with contextlib.ExitStack() as stack:
        descriptor = os.open(root, _FOLDER_FLAGS)
        stack.callback(os.close, descriptor)
        for name in below:
            try:
                inner = _subfolder(name, descriptor)
            except FileNotFoundError:
                if not make:
                    raise
                with contextlib.suppress(FileExistsError):  # another process was faster
                    os.mkdir(name, dir_fd=descriptor)
                os.fsync(descriptor)
                inner = _subfolder(name, descriptor)
            stack.callback(os.close, inner)
            descriptor = inner
        yield descriptor


def _subfolder(name: str, within: int) -> int:
    """A descriptor of a folder in a folder. Raises OSError: ELOOP for a link, ENOTDIR for anything else."""
    try:
        return os.open(name, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=within)
    except NotADirectoryError:
        if stat.S_ISLNK(os.stat(name, dir_fd=within, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        raise


def _regular(shelf: int, name: str) -> int:
    """A descriptor of a regular file, for reading. Raises OSError, ArchiveError for anything else."""
    descriptor = os.open(name, _READ_FLAGS, dir_fd=shelf)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ArchiveError(name, "not a regular file")
    return descriptor


def _holds(shelf: int, name: str, content: bytes) -> bool:
    """Whether exactly these bytes stand there; others are set aside."""
    try:
        descriptor = _regular(shelf, name)
    except FileNotFoundError:
        return False
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        at, same = 0, os.fstat(descriptor).st_size == len(content)
        while same and (block := stream.read(_BLOCK)):
            same = content[at : at + len(block)] == block
            at += len(block)
    if not same or at != len(content):
        _set_aside(shelf, name)
        return False
    return True


def _write(shelf: int, name: str, content: bytes) -> None:
    new = f".{name}.{os.getpid()}.{secrets.token_hex(4)}.new"
    descriptor = os.open(new, _WRITE_FLAGS, 0o666, dir_fd=shelf)
    try:
        try:
            refuse_full_disk(descriptor, len(content))
            write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(new, name, src_dir_fd=shelf, dst_dir_fd=shelf)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(new, dir_fd=shelf)
        raise
    os.fsync(shelf)


def _set_aside(shelf: int, name: str) -> str:
    """Rename a file to the first free `….damaged`; nothing is overwritten."""
    number = 1
    while True:
        aside = f"{name}.damaged" + (f"-{number}" if number > 1 else "")
        try:
            os.link(name, aside, src_dir_fd=shelf, dst_dir_fd=shelf, follow_symlinks=False)
            break
        except FileExistsError:
            number += 1
    os.unlink(name, dir_fd=shelf)
    os.fsync(shelf)
    return aside
