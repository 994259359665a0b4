"""What a container holds: members, those that are damaged, and the mark that says how far it was read."""

from __future__ import annotations

from typing import Literal, NamedTuple

from scraper.models import Capture

Kind = Literal[
    "response",
    "resource",
    "conversion",
    "revisit",
    "request",
    "metadata",
    "warcinfo",
    "continuation",
    "page",
    "file",
    "other",
]
"""The record types of WARC 1.1 (ISO 28500:2017, 6); `page` for a saved page, `file` for any other saved file, `other`
for an unknown type."""


class Mark(NamedTuple):
    """A place in a container.

    offset: byte of the file at which a gzip member, or in a plain file a record, begins.
    inner: byte within that gzip member, after inflating.
    """

    offset: int = 0
    inner: int = 0


START = Mark()


class Member(NamedTuple):
    """One thing that a container holds.

    offset, length: where it lies in the file, in bytes; records that share a gzip member share both.
    inner: where it lies in its gzip member, after inflating.
    after: where reading goes on behind it.
    url, date: as the container states them (date: ISO 8601 in UTC, to the second); None where it does not.
    capture: only where it was wanted and may be a page. It is complete: the gzip checksum and the stated digests hold.
    status, content_type: of an HTTP answer, where it was wanted.
    cut: why the one who kept it did not keep all ("length", "time", …), None for a whole one.
    name: path within a folder of pages.
    refers: of a revisit, address and date of the record whose content it repeats.
    """

    offset: int
    length: int
    after: Mark
    kind: Kind
    url: str | None = None
    date: str | None = None
    capture: Capture | None = None
    status: int | None = None
    content_type: str | None = None
    cut: str | None = None
    name: str = ""
    inner: int = 0
    refers: tuple[str | None, str | None] | None = None

    @property
    def place(self) -> Mark:
        """Where it begins."""
        return Mark(self.offset, self.inner)


class DamagedMember(NamedTuple):
    """A stretch of a container that cannot be read, or a record that is not what it claims to be.

    length: bytes up to where reading goes on (for records that share a gzip member: of that member).
    """

    offset: int
    length: int
    after: Mark
    cause: str
    inner: int = 0
    url: str | None = None
    name: str = ""
