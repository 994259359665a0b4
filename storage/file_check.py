"""What `verify` says of the files of an archive: those that records name, and those that are there."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

from storage.decide import Json
from storage.file_store import FileStore, place_of
from storage.kept_files import digests


class FileCheck:
    """Records first (`told_by`), then the files (`faults`). Memory: eight bytes for each file that a record names.

    count: how many files were read.
    """

    def __init__(self, folder: Path) -> None:
        self._store = FileStore(folder, writable=False)
        self._named = array("Q")
        self.count = 0

    def told_by(self, document: Json) -> Iterator[tuple[str, str, str]]:
        """Code, message and repair for each kept file that a stored record names and that is not there."""
        for path, sha256 in digests(document):
            try:
                right = place_of(sha256) if isinstance(sha256, str) else None
            except ValueError:
                right = None
            if right is None or path != right:
                yield "wrong_path", "the path of a file does not fit its digest", "restore the record from a backup"
                continue
            self._named.append(int(sha256[:16], 16))
            if sha256 not in self._store:
                yield "lost_file", f"the file {path} is missing", "restore it from a backup"

    def faults(self) -> Iterator[tuple[str, str, str, str, bool]]:
        """Name, code, message, repair and whether it is harmless, for what stands in the folder; its files are read."""
        named = array("Q", sorted(self._named))
        for found in self._store.walk():
            if found.kind == "unfinished":
                message, repair = (
                    "a file in the making, or left behind by a run that was killed",
                    "`--repair` clears old ones",
                )
                yield found.name, "unfinished_file", message, repair, True
            elif found.kind == "stranger":
                yield found.name, "stranger", "luutru did not put it there", "move it away", True
            elif found.kind == "content":
                self.count += 1
                if cause := self._store.fault_of(found.sha256):
                    repair = "`luutru verify --repair` sets it aside; restore it from a backup"
                    yield found.name, "damaged_file", cause, repair, False
                elif not _within(named, int(found.sha256[:16], 16)):
                    message = "no record names it: a run was stopped before it wrote the record, or is about to"
                    yield found.name, "orphan_file", message, "nothing needs to be done", True


def repair_files(folder: Path) -> Iterator[str]:
    """Set files aside that do not fit their names, delete what killed runs left half written; a line for each."""
    store = FileStore(folder)
    for found in store.walk():
        if found.kind == "content" and (cause := store.fault_of(found.sha256)):
            yield f"{found.name}: {cause}; it is now {store.set_aside(found.sha256)}"
        elif found.kind == "unfinished" and store.remove_left_over(found):
            yield f"{found.name}: deleted, a killed run had left it half written"


def _within(numbers: array[int], number: int) -> bool:
    place = bisect_left(numbers, number)
    return place < len(numbers) and numbers[place] == number
