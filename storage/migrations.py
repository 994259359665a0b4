"""Archives of earlier formats, brought forward one format at a time; the old file stays as a backup.

Format 1: `luutru.json`, one JSON document of all tables with the SHA-256 of the rest in its first line,
replaced as a whole with every batch. Format 2: see `line_storage`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from scraper.errors import ArchiveError
from storage import agencies
from storage.faults import damaged, translated
from storage.files import content, free_name, synced
from storage.line_format import line_of

OLD = "luutru.json"
BACKUP = "luutru.format-1.json"
UNDER_WAY = "luutru.migrating"
_DIGEST = re.compile(rb'(?<="sha256": )(?:"[0-9a-f]{64}"|null)(?=\}\}[,}])')
_LONGEST_HEAD = 4096

Replace = Callable[[str, Iterator[bytes]], object]


def is_old(folder: Path) -> bool:
    """Whether the folder holds an archive of an earlier format, or one whose bringing forward was cut short."""
    return (folder / OLD).exists() and ((folder / UNDER_WAY).exists() or not (folder / "articles.json").exists())


def refuse_old(folder: Path) -> None:
    """Raise ArchiveError for an archive that only a writer can bring forward."""
    if is_old(folder):
        hint = f"`luutru compact` brings it forward; the old file stays as {BACKUP}"
        raise ArchiveError(
            str(folder / OLD), "format 1, needed is 2", what="the archive has an earlier format", hint=hint
        )


def migrate(folder: Path, replace: Replace) -> None:
    """Bring an archive forward, if it needs that. The caller holds the lock.

    A file marks that it is under way, and then what is half done is done again. An old file beside a new archive that
    did not come of it is refused. Raises Corrupt, ArchiveError.
    """
    old, marker = folder / OLD, folder / UNDER_WAY
    if not old.exists():
        return
    if not is_old(folder):
        hint = "two archives in one folder: move it away, or into a folder of its own"
        raise ArchiveError(str(old), "it stands beside an archive of the present format", hint=hint)
    with translated(old):
        tables = parse(content(old)[0], old)
        with synced(folder):
            marker.touch()
    states = {table: tables.get(table, {}) for table in ("revisions", "articles")}
    seen = agencies.gathered(state for table in states.values() for state in table.values())
    replace("agencies", (line_of(number, document) for number, document in seen.items()))
    for table, documents in states.items():
        replace(table, (line_of(int(number), document) for number, document in documents.items()))
    with translated(old), synced(folder):
        old.rename(free_name(folder / BACKUP))
        marker.unlink()


def parse(raw: bytes, source: Path) -> dict[str, dict[str, Any]]:
    """Tables of a format-1 file's bytes, checked against its digest. Raises Corrupt."""
    hint = (
        "nothing was overwritten; restore the file from a backup (luutru.json.bak is the state before the last write)"
    )
    try:
        tables = json.loads(raw.decode("utf-8"))
        version = tables["_meta"].get("1", tables["_meta"])["format"]
        if version != 1 or not all(isinstance(table, dict) for table in tables.values()):
            raise ValueError("not an archive's JSON")
        _check_digest(raw)
    except (KeyError, TypeError, AttributeError) as error:
        raise damaged(source, raw, ValueError("not an archive's JSON"), hint) from error
    except (ValueError, RecursionError) as error:
        raise damaged(source, raw, error, hint) from error
    return dict(tables)


def _check_digest(raw: bytes) -> None:
    found = _DIGEST.search(raw, 0, _LONGEST_HEAD)
    if found is None:
        raise ValueError("no checksum in the first line")
    digest = hashlib.sha256(raw[: found.start()])
    digest.update(memoryview(raw)[found.end() :])
    if found.group() not in (b"null", f'"{digest.hexdigest()}"'.encode()):
        raise ValueError("the content does not fit its checksum")
