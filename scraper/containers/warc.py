"""WARC and WET files (ISO 28500:2017), plain or in gzip members, as a stream of members.

One record after the other, each passed over by its stated length and checked at its end, in memory that does not grow
with the file. Whether a record is wanted is decided by its WARC-Target-URI; the body of any other is inflated as far as
its gzip member demands, and not looked at. What cannot be read comes out as a DamagedMember, and reading goes on with
the next member that can be found behind it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, cast, get_args

from scraper.containers import http_block
from scraper.containers.digests import holds
from scraper.containers.http_block import MOST_BODY
from scraper.containers.member import START, DamagedMember, Kind, Mark, Member
from scraper.containers.streams import GZIP, Damage, Inflated, Plain, Reader, Window, find_member, find_record
from scraper.models import Capture, CaptureInfo
from scraper.text import tidy

Wanted = Callable[[bytes], bool]
"""Whether the record of an address (as the WARC writes it) is wanted."""

_MOST_HEAD = 262_144
_HTTP_HEAD = 16_384
_END = re.compile(rb"\r?\n\r?\n")
_LINE_BREAKS = 16
_BLOCK_DIGEST = re.compile(rb"^WARC-Block-Digest[ \t]*:", re.IGNORECASE | re.MULTILINE)
_LONG = 65_536
_FIELDS = re.compile(rb"^(WARC-Type|WARC-Target-URI|Content-Length)[ \t]*:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_FOLD = re.compile(r"\r?\n[ \t]+")
_VERSION = (b"WARC/1.", b"WARC/0.")
_KINDS = frozenset(get_args(Kind)) - {"page", "other"}
_WITH_BODY = frozenset([b"response", b"resource", b"conversion"])
_PAGES = ("text/html", "application/xhtml", "text/plain", "application/xml", "text/xml", "multipart/related")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?Z")
_STEERING = re.compile(rb"[\x00-\x1f\x7f]")
_WASTE = 1 << 30
"""Bytes inflated for nothing after which a search goes on behind what was read, not behind where it began."""


class _Record(NamedTuple):
    """A record's place within its stream and what it states."""

    place: int
    kind: bytes
    url: bytes
    length: int
    head: bytes


class _Wrong(Exception):
    """A record that is not what it claims to be, in a stream that can be read on. lost: its end is not known."""

    def __init__(self, cause: str, record: _Record | None, place: int, *, lost: bool = False) -> None:
        super().__init__(cause)
        self.cause, self.record, self.place, self.lost = cause, record, place, lost


def warc_members(
    path: Path, *, start: Mark = START, wanted: Wanted | None = None, kinds: frozenset[str] | None = None
) -> Iterator[Member | DamagedMember]:
    """The members of a WARC or WET file from `start` (a member's `after`) on. Raises OSError.

    wanted: for which addresses a capture is made; for all if None.  kinds: of which record types; of all if None.
    """
    with path.open("rb", buffering=0) as file:
        yield from _Walk(Window(file.fileno()), path.name, wanted, kinds).run(start)


def warc_members_at(path: Path, places: Sequence[Mark]) -> Iterator[tuple[Mark, Member | DamagedMember | None]]:
    """The members at these places, which are in order, with captures whatever their media type and status; None where
    none is. Each gzip member is inflated once. Raises OSError."""
    with path.open("rb", buffering=0) as file:
        walk = _Walk(Window(file.fileno()), path.name, None, None, pages=False)
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
    """pages: captures are made of what may be a page alone."""

    def __init__(
        self,
        window: Window,
        name: str,
        wanted: Wanted | None,
        kinds: frozenset[str] | None,
        *,
        pages: bool = True,
    ) -> None:
        self._window, self._name, self._wanted, self._pages = window, name, wanted, pages
        kept = _WITH_BODY if kinds is None else {kind.encode() for kind in kinds} & _WITH_BODY
        self._kinds = frozenset(kept)
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
                found = self._record(reader)
                if found is None:
                    continue
                if isinstance(found, _Wrong) and found.lost:
                    reader.skip(1 if reader.place == found.place else 0)
                    reader.skip_to_record()
                ended = not reader.peek(1)  # whether its checksum holds shows here, before anything is given
                end = stream.reached
                mark = Mark(end) if ended else Mark(offset, reader.place)
                if isinstance(found, _Wrong):
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
            found = self._record(reader)
            if found is None:
                continue
            if isinstance(found, _Wrong) and found.lost:
                # Its length is wrong: what follows is looked for behind its head, not behind that length.
                behind = max(found.place + 1, begun + 1)
                self._next = self._following(behind)
                yield self._wrong(found, found.place, self._next - found.place, Mark(self._next))
                return
            after = Mark(reader.place)
            if isinstance(found, _Wrong):
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

    def _wrong(self, wrong: _Wrong, offset: int, length: int, after: Mark) -> DamagedMember:
        inner = wrong.place if self._in_gzip else 0
        url = _text(wrong.record.url) if wrong.record else None
        return DamagedMember(offset, length, after, wrong.cause, inner, url)

    # ── one record ────────────────────────────────────────────────────────────────────────────────────────────────

    def _record(self, reader: Reader) -> Member | _Wrong | None:
        """The next record, read to its end; None where only line breaks were left. Raises Damage (of the stream)."""
        while reader.peek(1) in (b"\r", b"\n"):
            reader.skip(1)
        if not reader.peek(1):
            return None
        found: Member | _Wrong
        try:
            record = _head(reader)
            if not self._in_gzip:
                self._look_ahead(reader, record)
            found = self._content(reader, record)
        except _Wrong as wrong:
            if wrong.lost or wrong.record is None:
                return wrong
            record, found = wrong.record, wrong
        try:
            looked_into = isinstance(found, Member) and found.capture is not None
            reader.skip(_check_end(record, reader.peek(_LINE_BREAKS), proven=not looked_into))
        except _Wrong as wrong:
            return wrong
        return found

    def _look_ahead(self, reader: Reader, record: _Record) -> None:
        """Raise _Wrong, before a long block of a plain file is read, where its length cannot be right."""
        if record.length <= _LONG:
            return
        end = reader.place + record.length
        if end > self._window.size:
            raise _short(record, self._window.size - reader.place)
        _check_end(record, self._window.glance(end, _LINE_BREAKS))

    def _content(self, reader: Reader, record: _Record) -> Member:
        kind = record.kind.decode("ascii", "replace").lower()
        member = Member(record.place, 0, Mark(), cast(Kind, kind if kind in _KINDS else "other"), _text(record.url))
        is_wanted = self._wanted is None or self._wanted(record.url)
        if is_wanted and record.kind == b"revisit" and b"response" in self._kinds:
            member = _revisit(member, _all_fields(record.head))
        if record.kind not in self._kinds or not is_wanted:
            _skip(reader, record, record.length)
            return member
        fields = _all_fields(record.head)
        member = member._replace(date=_date(fields.get("warc-date", "")), cut=fields.get("warc-truncated"))
        content_type = fields.get("content-type", "")
        is_http = not content_type or content_type.lower().startswith("application/http")
        if record.kind == b"response" and is_http:
            return self._answer(reader, record, member, fields)
        member = member._replace(content_type=content_type or None)
        if self._pages and (record.kind == b"response" or not may_be_page(content_type)):
            _skip(reader, record, record.length)
            return member
        block = _block(reader, record, fields)
        return member._replace(capture=self._capture(member, block, content_type))

    def _answer(self, reader: Reader, record: _Record, member: Member, fields: dict[str, str]) -> Member:
        """An HTTP answer; its body is read where it may be a page."""
        start = reader.peek(min(record.length, _HTTP_HEAD))
        try:
            answer = http_block.read_head(start)
        except Damage as damage:
            _skip(reader, record, record.length)
            raise _Wrong(damage.cause, record, record.place) from damage
        content_type = tidy(answer.header("content-type"))[:200]
        member = member._replace(status=answer.status, content_type=content_type or None)
        is_page = 200 <= answer.status < 300 and answer.status != 206 and may_be_page(content_type)
        if self._pages and not is_page:
            _skip(reader, record, record.length)
            return member
        block = _block(reader, record, fields)
        try:
            if answer.size >= len(start):
                answer = http_block.read_head(block)
            raw = block[answer.size :]
            body = http_block.read_body(answer, raw)
            _check_payload(fields.get("warc-payload-digest", ""), (raw, body.plain, body.content))
        except Damage as damage:
            raise _Wrong(damage.cause, record, record.place) from damage
        return member._replace(
            cut=member.cut or body.cut,
            capture=self._capture(member, body.content, content_type, answer),
        )

    def _capture(
        self, member: Member, content: bytes, content_type: str, answer: http_block.Answer | None = None
    ) -> Capture:
        from scraper.answers import charset_of

        info = CaptureInfo(
            requested_url=member.url,
            final_url=member.url,
            fetched_at=member.date,
            status=member.status,
            content_type=content_type or None,
            charset=charset_of(content_type),
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            source="wet" if member.kind == "conversion" else "warc",
        )
        return Capture(content, info, member.url or self._name, answer.headers if answer else ())


def may_be_page(content_type: str) -> bool:
    """Whether a Content-Type is that of a page or of a text, or not stated."""
    plain = content_type.strip().lower()
    return not plain or plain.startswith(_PAGES)


def _head(reader: Reader) -> _Record:
    """Version line and named fields. Raises _Wrong."""
    place = reader.place
    if not reader.peek(7).startswith(_VERSION):
        raise _Wrong("here begins no WARC record", None, place, lost=True)
    head = reader.until(_END, _MOST_HEAD)
    if head is None:
        raise _Wrong(f"its header has no end within {_MOST_HEAD:,} bytes", None, place, lost=True)
    stated: dict[bytes, bytes] = {}
    doubled = False
    for name, value in _FIELDS.findall(head):
        value = value.strip(b" \t")
        doubled |= stated.setdefault(name.lower(), value) != value
    length = stated.get(b"content-length", b"")
    url = stated.get(b"warc-target-uri", b"").removeprefix(b"<").removesuffix(b">")
    if not length.isdigit() or len(length) > 15 or doubled:
        cause = "its header states two lengths, types or addresses" if doubled else "its header states no length"
        raise _Wrong(cause, None, place, lost=True)
    record = _Record(place, stated.get(b"warc-type", b"").lower(), url, int(length), head)
    if _STEERING.search(url):
        _skip(reader, record, record.length)
        raise _Wrong("its address holds control characters", record, place)
    return record


def _revisit(member: Member, fields: dict[str, str]) -> Member:
    refers = tidy(fields.get("warc-refers-to-target-uri", "")).strip("<>") or member.url
    return member._replace(
        date=_date(fields.get("warc-date", "")), refers=(refers, _date(fields.get("warc-refers-to-date", "")))
    )


def _skip(reader: Reader, record: _Record, size: int) -> None:
    if (there := reader.skip(size)) < size:
        raise _short(record, record.length - size + there)


def _block(reader: Reader, record: _Record, fields: dict[str, str]) -> bytes:
    """The record's block, its digest being right. Raises _Wrong."""
    if record.length > MOST_BODY:
        _skip(reader, record, record.length)
        raise _Wrong(f"it is {record.length:,} bytes long; a page may have {MOST_BODY:,}", record, record.place)
    block = reader.take(record.length)
    if len(block) < record.length:
        raise _short(record, len(block))
    if fields.get("warc-segment-number"):
        raise _Wrong("it is one segment of several, which are not read", record, record.place)
    if not holds(fields.get("warc-block-digest", ""), (block,)):
        raise _Wrong("its block digest is wrong", record, record.place)
    return block


def _short(record: _Record, there: int) -> _Wrong:
    cause = f"its header states {record.length:,} bytes, but only {there:,} follow"
    return _Wrong(cause, record, record.place, lost=True)


def _check_end(record: _Record, behind: bytes, *, proven: bool = False) -> int:
    """How many line breaks stand behind a record. Raises _Wrong where that shows a wrong length.

    proven: nothing depends on the length. Otherwise, and without a digest, the next record or the end must follow; else
    two line breaks are enough, and what follows them is damage of its own.
    """
    breaks = len(behind) - len(behind.lstrip(b"\r\n"))
    rest = behind[breaks:]
    enough = behind.startswith(b"\r\n\r\n") and (proven or _BLOCK_DIGEST.search(record.head) is not None)
    if rest and not enough and not rest.startswith((b"WARC/"[: len(rest)], GZIP[: len(rest)])):
        cause = f"its length is wrong: behind the {record.length:,} bytes stands no record"
        raise _Wrong(cause, record, record.place, lost=True)
    return breaks


def _all_fields(head: bytes) -> dict[str, str]:
    """All named fields, names in lower case; the first of each name."""
    found: dict[str, str] = {}
    for line in _FOLD.sub(" ", head.decode("utf-8", "replace")).split("\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), tidy(value))
    return found


def _date(text: str) -> str | None:
    """A WARC-Date (W3CDTF in UTC) to the second; None where it states no time."""
    match = _DATE.fullmatch(text)
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}") if match else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC).isoformat(timespec="seconds") if moment else None


def _text(url: bytes) -> str | None:
    return tidy(url.decode("utf-8", "replace")) or None


def _check_payload(stated: str, forms: tuple[bytes, ...]) -> None:
    """Raise Damage where a payload digest fits no form: writers take it before or after undoing codings."""
    if not holds(stated, forms):
        raise Damage("its payload digest is wrong")
