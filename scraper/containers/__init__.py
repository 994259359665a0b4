"""What others have kept, as a stream of captures: WARC and WET files, MHTML, folders of pages, single pages.

for member in members(path, wanted=host_filter(["portal.example"])):
    member.capture or member.cause
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from scraper.containers.member import START, DamagedMember, Mark, Member

Shape = Literal["warc", "folder", "page"]

__all__ = ["START", "DamagedMember", "Mark", "Member", "Shape", "members", "members_at", "shape_of"]


def shape_of(path: Path) -> Shape:
    """What a path is, by its first bytes; a folder may hold containers of its own. Raises OSError."""
    from scraper.containers.streams import GZIP, inflated_start

    if path.is_dir():
        return "folder"
    with path.open("rb") as file:
        head = file.read(65_536)
    start = inflated_start(head) if head.startswith(GZIP) else head
    named = any(part in path.name.lower() for part in (".warc", ".wet", ".wat"))
    is_warc = start.lstrip(b"\r\n").startswith((b"WARC/1.", b"WARC/0."))
    return "warc" if is_warc or named else "page"


def members(
    path: Path,
    *,
    start: Mark = START,
    wanted: Callable[[bytes], bool] | None = None,
    kinds: frozenset[str] | None = None,
    known: Callable[[str, os.stat_result], bool] | None = None,
) -> Iterator[Member | DamagedMember]:
    """What a container holds, in its order. Raises OSError.

    start: a WARC's member's `after`.  wanted: whether the page of an address is to be read.  kinds: record types that
    captures are made of, all that hold pages if None.  known: of a folder's files, which need not be read again.
    """
    shape = shape_of(path)
    if shape == "warc":
        from scraper.containers.warc import warc_members

        yield from warc_members(path, start=start, wanted=wanted, kinds=kinds)
    elif shape == "folder":
        from scraper.containers.folders import folder_members

        yield from folder_members(path, wanted=wanted, known=known)
    elif start == START:
        from scraper.containers.folders import page_members

        yield from page_members(path, wanted=wanted)


def members_at(
    path: Path, places: Sequence[Mark], name: str = ""
) -> Iterator[tuple[Mark, Member | DamagedMember | None]]:
    """What a container holds at members' places, which are in order, with captures whatever their kind and media type;
    None where nothing is. name: of the file, in a folder. Raises OSError."""
    if not name and shape_of(path) == "warc":
        from scraper.containers.warc import warc_members_at

        yield from warc_members_at(path, places)
    else:
        from scraper.containers.folders import saved_members

        for number, member in saved_members(path, name, [place.inner for place in places]):
            yield Mark(0, number), member
