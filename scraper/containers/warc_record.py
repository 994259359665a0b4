"""One record of a WARC or WET file (ISO 28500:2017): its header, what it holds, and whether its length is right."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple, cast, get_args

from scraper.containers import http_block
from scraper.containers.digests import holds
from scraper.containers.http_block import MOST_BODY
from scraper.containers.member import Kind, Mark, Member
from scraper.containers.streams import GZIP, Damage, Reader, Window
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
_KINDS = frozenset(get_args(Kind)) - {"page", "file", "other"}
_WITH_BODY = frozenset([b"response", b"resource", b"conversion"])
_PAGES = ("text/html", "application/xhtml", "text/plain", "application/xml", "text/xml", "multipart/related")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?Z")
_STEERING = re.compile(rb"[\x00-\x1f\x7f]")


class Record(NamedTuple):
    """A record's place within its stream and what it states."""

    place: int
    kind: bytes
    url: bytes
    length: int
    head: bytes


class Wrong(Exception):
    """A record that is not what it claims to be, in a stream that can be read on. lost: its end is not known."""

    def __init__(self, cause: str, record: Record | None, place: int, *, lost: bool = False) -> None:
        super().__init__(cause)
        self.cause, self.record, self.place, self.lost = cause, record, place, lost


class RecordReader:
    """Reads records. name: of the file.  wanted: for which addresses a capture is made; for all if None.

    kinds: of which record types; of all if None.  pages: captures are made of what may be a page alone.
    """

    def __init__(self, name: str, wanted: Wanted | None, kinds: frozenset[str] | None, *, pages: bool = True) -> None:
        self._name, self._wanted, self._pages = name, wanted, pages
        kept = _WITH_BODY if kinds is None else {kind.encode() for kind in kinds} & _WITH_BODY
        self._kinds = frozenset(kept)

    def read(self, reader: Reader, window: Window | None) -> Member | Wrong | None:
        """The next record, read to its end; None where only line breaks were left. Raises Damage (of the stream).

        window: of a plain file, in which the end of a long record is looked at before it is read.
        """
        while reader.peek(1) in (b"\r", b"\n"):
            reader.skip(1)
        if not reader.peek(1):
            return None
        found: Member | Wrong
        try:
            record = _head(reader)
            if window is not None:
                _look_ahead(reader, record, window)
            found = self._content(reader, record)
        except Wrong as wrong:
            if wrong.lost or wrong.record is None:
                return wrong
            record, found = wrong.record, wrong
        try:
            looked_into = isinstance(found, Member) and found.capture is not None
            reader.skip(_check_end(record, reader.peek(_LINE_BREAKS), proven=not looked_into))
        except Wrong as wrong:
            return wrong
        return found

    def _content(self, reader: Reader, record: Record) -> Member:
        kind = record.kind.decode("ascii", "replace").lower()
        member = Member(record.place, 0, Mark(), cast(Kind, kind if kind in _KINDS else "other"), text_of(record.url))
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

    def _answer(self, reader: Reader, record: Record, member: Member, fields: dict[str, str]) -> Member:
        """An HTTP answer; its body is read where it may be a page."""
        start = reader.peek(min(record.length, _HTTP_HEAD))
        try:
            answer = http_block.read_head(start)
        except Damage as damage:
            _skip(reader, record, record.length)
            raise Wrong(damage.cause, record, record.place) from damage
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
            raise Wrong(damage.cause, record, record.place) from damage
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


def _look_ahead(reader: Reader, record: Record, window: Window) -> None:
    """Raise Wrong, before a long block of a plain file is read, where its length cannot be right."""
    if record.length <= _LONG:
        return
    end = reader.place + record.length
    if end > window.size:
        raise _short(record, window.size - reader.place)
    _check_end(record, window.glance(end, _LINE_BREAKS))


def _head(reader: Reader) -> Record:
    """Version line and named fields. Raises Wrong."""
    place = reader.place
    if not reader.peek(7).startswith(_VERSION):
        raise Wrong("here begins no WARC record", None, place, lost=True)
    head = reader.until(_END, _MOST_HEAD)
    if head is None:
        raise Wrong(f"its header has no end within {_MOST_HEAD:,} bytes", None, place, lost=True)
    stated: dict[bytes, bytes] = {}
    doubled = False
    for name, value in _FIELDS.findall(head):
        value = value.strip(b" \t")
        doubled |= stated.setdefault(name.lower(), value) != value
    length = stated.get(b"content-length", b"")
    url = stated.get(b"warc-target-uri", b"").removeprefix(b"<").removesuffix(b">")
    if not length.isdigit() or len(length) > 15 or doubled:
        cause = "its header states two lengths, types or addresses" if doubled else "its header states no length"
        raise Wrong(cause, None, place, lost=True)
    record = Record(place, stated.get(b"warc-type", b"").lower(), url, int(length), head)
    if _STEERING.search(url):
        _skip(reader, record, record.length)
        raise Wrong("its address holds control characters", record, place)
    return record


def _revisit(member: Member, fields: dict[str, str]) -> Member:
    refers = tidy(fields.get("warc-refers-to-target-uri", "")).strip("<>") or member.url
    return member._replace(
        date=_date(fields.get("warc-date", "")), refers=(refers, _date(fields.get("warc-refers-to-date", "")))
    )


def _skip(reader: Reader, record: Record, size: int) -> None:
    if (there := reader.skip(size)) < size:
        raise _short(record, record.length - size + there)


def _block(reader: Reader, record: Record, fields: dict[str, str]) -> bytes:
    """The record's block, its digest being right. Raises Wrong."""
    if record.length > MOST_BODY:
        _skip(reader, record, record.length)
        raise Wrong(f"it is {record.length:,} bytes long; a page may have {MOST_BODY:,}", record, record.place)
    block = reader.take(record.length)
    if len(block) < record.length:
        raise _short(record, len(block))
    if fields.get("warc-segment-number"):
        raise Wrong("it is one segment of several, which are not read", record, record.place)
    if not holds(fields.get("warc-block-digest", ""), (block,)):
        raise Wrong("its block digest is wrong", record, record.place)
    return block


def _short(record: Record, there: int) -> Wrong:
    cause = f"its header states {record.length:,} bytes, but only {there:,} follow"
    return Wrong(cause, record, record.place, lost=True)


def _check_end(record: Record, behind: bytes, *, proven: bool = False) -> int:
    """How many line breaks stand behind a record. Raises Wrong where that shows a wrong length.

    proven: nothing depends on the length. Otherwise, and without a digest, the next record or the end must follow; else
    two line breaks are enough, and what follows them is damage of its own.
    """
    breaks = len(behind) - len(behind.lstrip(b"\r\n"))
    rest = behind[breaks:]
    enough = behind.startswith(b"\r\n\r\n") and (proven or _BLOCK_DIGEST.search(record.head) is not None)
    if rest and not enough and not rest.startswith((b"WARC/"[: len(rest)], GZIP[: len(rest)])):
        cause = f"its length is wrong: behind the {record.length:,} bytes stands no record"
        raise Wrong(cause, record, record.place, lost=True)
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


def text_of(url: bytes) -> str | None:
    return tidy(url.decode("utf-8", "replace")) or None


def _check_payload(stated: str, forms: tuple[bytes, ...]) -> None:
    """Raise Damage where a payload digest fits no form: writers take it before or after undoing codings."""
    if not holds(stated, forms):
        raise Damage("its payload digest is wrong")
