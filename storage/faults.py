"""The one place where faults of files and of JSON become the archive's own errors."""

from __future__ import annotations

import errno
import json
from pathlib import Path

from scraper.errors import ArchiveError, Corrupt, NoSpace

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CAUSES = {
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "no permission",
    errno.EPERM: "not permitted",
    errno.ENOENT: "the folder or a file in it has vanished",
    errno.ENOTDIR: "a file stands where a folder belongs",
    errno.EEXIST: "a file stands where a folder belongs",
    errno.EISDIR: "a folder stands where a file belongs",
    errno.ELOOP: "a symbolic link stands where the archive keeps a file, and links are not followed",
}

_HINTS = {
    errno.EROFS: "reading works; to write, use another --archive",
    errno.EACCES: "writing needs the right to write files in the archive's folder",
    errno.EPERM: "writing needs the right to write files in the archive's folder",
}


class translated:  # noqa: N801 - reads as a function, like contextlib.suppress; a generator would cost more than a write
    """Turn an OSError of the block into NoSpace or ArchiveError about `source`."""

    __slots__ = ("_source",)

    def __init__(self, source: Path) -> None:
        self._source = source

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise archive_error(error, self._source) from error


def archive_error(error: OSError, source: Path) -> ArchiveError:
    """The archive's word for an OSError."""
    if error.errno in _FULL:
        hint = "what was being written was taken back; free some space and run the command again"
        return NoSpace(str(source), error.strerror or "", hint=hint)
    hint = _HINTS.get(error.errno or 0, "")
    return ArchiveError(str(source), _CAUSES.get(error.errno or 0) or error.strerror or str(error), hint=hint)


def damaged(source: Path, content: bytes, error: Exception, hint: str) -> Corrupt:
    """Corrupt, with the byte at which reading `content` stopped where `error` (UTF-8, JSON, any other) tells it."""
    if not content:
        return Corrupt(str(source), "the file is empty", hint=hint)
    size = len(content)
    if isinstance(error, json.JSONDecodeError):
        at = len(error.doc[: error.pos].encode("utf-8"))
        if not error.doc[error.pos :].strip():
            return Corrupt(str(source), f"the file ends in the middle, after {size} bytes", hint=hint)
        return Corrupt(str(source), f"no JSON at byte {at} of {size}: {error.msg}", hint=hint)
    if isinstance(error, UnicodeDecodeError):
        return Corrupt(str(source), f"no UTF-8 at byte {error.start} of {size}", hint=hint)
    return Corrupt(str(source), f"{error or type(error).__name__} ({size} bytes)", hint=hint)
