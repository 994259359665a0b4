"""WARC and WET files (ISO 28500:2017), plain or in gzip members, as a stream of members.

One record after the other, each passed over by its stated length and checked at its end, in memory that does not grow
with the file. Whether a record is wanted is decided by its WARC-Target-URI; the body of any other is inflated as far as
its gzip member demands, and not looked at. What cannot be read comes out as a DamagedMember, and reading goes on with
the next member that can be found behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from scraper.containers.member import START, DamagedMember, Mark, Member
from scraper.containers.streams import GZIP, Damage, Inflated, Plain, Reader, Window, find_member, find_record
from scraper.containers.warc_record import RecordReader, Wanted, Wrong, text_of

_WASTE = 1 << 30
"""Bytes inflated for nothing after which a search goes on behind what was read, not behind where it began."""


def warc_members(
    path: Path, *, start: Mark = START, wanted: Wanted | None = None, kinds: frozenset[str] | None = None
) -> Iterator[Member | DamagedMember]:
    """The members of a WARC or WET file from `start` (a member's `after`) on. Raises OSError.

    wanted: for which addresses a capture is made; for all if None.  kinds: of which record types; of all if None.
    """
    with path.open("rb", buffering=0) as file:
        yield from _Walk(Window(file.fileno()), RecordReader(path.name, wanted, kinds)).run(start)


def warc_members_at(path: Path, places: Sequence[Mark]) -> Iterator[tuple[Mark, Member | DamagedMember | None]]:
    """The members at these places, which are in order, with captures whatever their media type and status; None where
    none is. Each gzip member is inflated once. Raises OSError."""
    with path.open("rb", buffering=0) as file:
        walk = _Walk(Window(file.fileno()), RecordReader(path.name, None, None, pages=False))
        for offset, group in groupby(places, key=lambda place: place.offset):
            inners = [place.inner for place in group]
            yield from _at(offset, inners, walk.run(Mark(offset, inners[0])))


def _at(
    offset: int, inners: list[int], found: Iterator[Member | DamagedMember]
) -> Iterator[tuple[Mark, Member | DamagedMember | None]]:
    """Of the members that begin at an offset, those that begin there within it."""
    member = next(found, None)
    for inner in inners:
        while isinstance(member, Member) and member.offset == offset and member.inner < inner:
            member = next(found, None)
        is_there = member is not None and member.offset == offset
        passed = isinstance(member, Member) and member.inner != inner
        yield Mark(offset, inner), member if is_there and not passed else None


class _Walk:
    def __init__(self, window: Window, records: RecordReader) -> None:
        self._window, self._reader = window, records
        self._in_gzip = window.starts_with(0, GZIP)
        self._next = 0
        self._wasted = 0

    def run(self, start: Mark) -> Iterator[Member | DamagedMember]:
        self._next = start.offset
        inner = start.inner
        while self._window.piece(self._next, 1):
            if self._window.starts_with(self._next, GZIP):
                yield from self._member(self._next, inner)
            elif self._window.piece(self._next, 1) in (b"W", b"\r", b"\n"):
                yield from self._records(self._next)
            else:
                yield from self._hole(self._next, self._next, "here begins neither a gzip member nor a WARC record")
            inner = 0

    def _member(self, offset: int, after: int) -> Iterator[Member | DamagedMember]:
        """The records of one gzip member, from the inflated byte `after` on."""
        stream = Inflated(self._window, offset)
        reader = Reader(stream.more)
        try:
            reader.skip(after)
            while reader.peek(1):
                found = self._reader.read(reader, None)
                if found is None:
                    continue
                if isinstance(found, Wrong) and found.lost:
                    reader.skip(1 if reader.place == found.place else 0)
                    reader.skip_to_record()
                ended = not reader.peek(1)  # whether its checksum holds shows here, before anything is given
                end = stream.reached
                mark = Mark(end) if ended else Mark(offset, reader.place)
                if isinstance(found, Wrong):
                    yield self._wrong(found, offset, end - offset, mark)
                else:
                    yield found._replace(offset=offset, inner=found.offset, length=end - offset, after=mark)
            self._next = stream.reached
        except Damage as damage:
            self._wasted += stream.total
            far = damage.bomb or self._wasted > _WASTE + 8 * offset
            yield from self._hole(offset, stream.reached if far else offset + 1, damage.cause)

    def _records(self, offset: int) -> Iterator[Member | DamagedMember]:
        """The records of a plain file from there on, up to its end or to damage."""
        stream = Plain(self._window, offset)
        reader = Reader(stream.more, offset, stream.jump)
        while reader.peek(1):
            if reader.peek(3) == GZIP:
                break
            begun = reader.place
            found = self._reader.read(reader, None if self._in_gzip else self._window)
            if found is None:
                continue
            if isinstance(found, Wrong) and found.lost:
                # Its length is wrong: what follows is looked for behind its head, not behind that length.
                behind = max(found.place + 1, begun + 1)
                self._next = self._following(behind)
                yield self._wrong(found, found.place, self._next - found.place, Mark(self._next))
                return
            after = Mark(reader.place)
            if isinstance(found, Wrong):
                yield self._wrong(found, found.place, reader.place - found.place, after)
            else:
                yield found._replace(length=reader.place - found.offset, after=after)
        self._next = reader.place

    def _hole(self, offset: int, behind: int, cause: str) -> Iterator[DamagedMember]:
        """Damage from `offset` on; reading goes on with what is found from `behind` on."""
        self._next = self._following(behind)
        at_end = self._next == self._window.size
        if at_end and not self._window.piece(offset, 1 << 16).strip(b"\0") and self._next - offset < 1 << 16:
            return  # padding at the end
        yield DamagedMember(offset, self._next - offset, Mark(self._next), cause)

    def _following(self, behind: int) -> int:
        """Where the next member begins that can be found; the file's end where there is none."""
        found = (find_member if self._in_gzip else find_record)(self._window, behind)
        return self._window.size if found is None else found

    def _wrong(self, wrong: Wrong, offset: int, length: int, after: Mark) -> DamagedMember:
        inner = wrong.place if self._in_gzip else 0
        url = text_of(wrong.record.url) if wrong.record else None
        return DamagedMember(offset, length, after, wrong.cause, inner, url)
