"""How far containers were imported: one small file of JSON lines per container in the archive's folder `imports/`.

It saves work and holds nothing that the archive does not: where it is lost, the container is read once more and its
records are found unchanged. A line is written after the records that it speaks of are on disk.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from storage.faults import translated

FOLDER = "imports"
VERSION = 1
State = Literal["new", "resumed", "grown", "changed", "done"]
_ENDS = 65_536
_LONGEST_LINE = 70_000


class ImportNote:
    """What is noted of one container, read under one choice of its members. Raises ArchiveError.

    choice: what else decides what is read; another choice has a note of its own.
    """

    def __init__(self, archive: Path, container: Path, choice: str) -> None:
        self._container = container.resolve()
        name = hashlib.sha256(f"{VERSION}\n{self._container}\n{choice}".encode("utf-8", "surrogateescape")).hexdigest()
        self.path = archive / FOLDER / f"{name[:24]}.jsonl"
        self._head = {"version": VERSION, "container": str(self._container), "choice": choice}
        self._facts: dict[str, Any] = {}
        self._fd = -1
        self.at = (0, 0)
        """Where reading goes on: byte of the file, byte within its gzip member."""
        self.files: dict[str, tuple[int, int]] = {}
        """Files of a folder that were imported → size and time of change in nanoseconds."""

    def begin(self, *, again: bool = False) -> State:
        """Read the note, or begin one; `at` and `files` then say what was imported. again: as if there were none."""
        with translated(self.path):
            facts = self._container.stat()
        self._facts = {"size": facts.st_size, "mtime_ns": facts.st_mtime_ns}
        state = "new" if again else self._state()
        if state in ("new", "changed"):
            self.at, self.files = (0, 0), {}
        if state != "done":
            self._open(fresh=state in ("new", "changed", "grown"))
        return state

    def advance(self, at: tuple[int, int], files: dict[str, tuple[int, int]] | None = None) -> None:
        """All before `at`, and these files, are in the archive."""
        lines: list[dict[str, Any]] = [
            {"file": name, "size": size, "mtime_ns": mtime} for name, (size, mtime) in (files or {}).items()
        ]
        self.files.update(files or {})
        if at != self.at:
            self.at = at
            lines.append({"at": list(at), "print": self._print(at[0])})
        self._append(lines)

    def finish(self) -> None:
        """The container was read to its end."""
        self._append([{"done": True}])

    def close(self) -> None:
        """Let go of the file; what was not finished goes on next time."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _state(self) -> State:
        head: dict[str, Any] = {}
        last: dict[str, Any] = {}
        done = False
        for line in self._lines():
            if not head:
                head = line
            elif "file" in line:
                self.files[str(line["file"])] = (line["size"], line["mtime_ns"])
            elif "at" in line:
                last = line
            done |= bool(line.get("done"))
        if not head or any(head.get(name) != value for name, value in self._head.items()):
            return "new"
        if self._container.is_dir():
            return "resumed"  # each file is compared
        known = {name: head.get(name) for name in self._facts}
        offset, inner = last.get("at", (0, 0))
        self.at = (int(offset), int(inner))
        if known == self._facts:
            return "done" if done else "resumed"
        grown = self._facts["size"] > known["size"] and self.at[0] <= self._facts["size"]
        if grown and last and last.get("print") == self._print(self.at[0]):
            return "grown"
        return "changed"

    def _lines(self) -> Iterator[dict[str, Any]]:
        """The whole lines of the note, up to the first that cannot be read."""
        try:
            with self.path.open("rb") as file:
                for line in iter(lambda: file.readline(_LONGEST_LINE), b""):
                    value = json.loads(line) if line.endswith(b"\n") else None
                    if not isinstance(value, dict):
                        return
                    yield value
        except FileNotFoundError:
            return
        except ValueError:
            return

    def _open(self, *, fresh: bool) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        with translated(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, flags | (os.O_TRUNC if fresh else 0), 0o644)
            self._cut_torn_line()
        if fresh:
            lines: list[dict[str, Any]] = [self._head | self._facts]
            if self.at != (0, 0):
                lines.append({"at": list(self.at), "print": self._print(self.at[0])})
            self._append(lines)

    def _cut_torn_line(self) -> None:
        size = os.fstat(self._fd).st_size
        tail = os.pread(self._fd, _LONGEST_LINE, max(0, size - _LONGEST_LINE))
        if tail and not tail.endswith(b"\n"):
            os.ftruncate(self._fd, size - len(tail) + tail.rfind(b"\n") + 1)

    def _append(self, lines: list[dict[str, Any]]) -> None:
        if lines:
            text = "".join(json.dumps(line) + "\n" for line in lines).encode("ascii")
            with translated(self.path):
                os.write(self._fd, text)

    def _print(self, offset: int) -> str:
        """What tells that the file is still the same up to there: a digest of its beginning and of what lies before."""
        digest = hashlib.sha256()
        with translated(self._container), self._container.open("rb") as file:
            digest.update(file.read(min(offset, _ENDS)))
            file.seek(max(0, offset - _ENDS))
            digest.update(file.read(min(offset, _ENDS)))
        return digest.hexdigest()[:32]
