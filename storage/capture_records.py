"""A capture as WARC records, and back. Pure, but for the names of records.

    response   what HTTP answered, body without transfer and content coding     (each redirect before it likewise)
    resource   a saved page or text: no HTTP was seen
    revisit    the payload is that of an earlier capture of the same address (profile identical-payload-digest)
    request    what was sent
    metadata   after these: what WARC has no field for, so that the capture comes back as it was

    metadata   alone: the answer differs from an earlier capture in noise alone, and is not kept a second time

The first record of such a group is the capture's place. `luutru-capture` in the metadata is JSON: `info` (a
CaptureInfo), `name`, and `set_aside`, the headers that the record does not hold as received: [place, name, value].
"""

from __future__ import annotations

import http
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from scraper.models import Capture, CaptureInfo, Hop, Sent, WarcPlace, to_dict
from storage.noise import content_digest
from storage.warc_format import Fields, WarcRecord, as_uri, checked, digest_of, lines_of, new_id, pairs_of

PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
"""WARC 1.1, 6.7.2."""
CONTENT_DIGEST = "Luutru-Content-Digest"
"""Field of a page: SHA-256 without noise (`storage.noise`)."""
REFERS_FILE, REFERS_OFFSET = "WARC-Refers-To-Filename", "WARC-Refers-To-File-Offset"
"""Fields of a revisit, as Heritrix names them: where the capture with the payload lies."""
_RESPONSE, _REQUEST, _FIELDS = (
    "application/http;msgtype=response",
    "application/http;msgtype=request",
    "application/warc-fields",
)
_MOST_NOISE = 2_000_000
_CODED = frozenset(["transfer-encoding", "content-encoding", "content-length", "trailer"])
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_VALUE = re.compile(r"[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?|")
_MEDIA = re.compile(r"[!-~]+/[ -~]+")
_PAGE = re.compile(r"text/|application/(?:xhtml|xml|json)|\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Original:
    """An earlier capture: its place, record, address and WARC-Date; payload and noiseless digests."""

    place: WarcPlace
    url: str
    date: str
    payload: str
    content: str | None = None


def address_of(capture: Capture) -> str:
    """What stands in WARC-Target-URI; for bytes without an address a name by their digest (RFC 6920)."""
    known = capture.info.final_url or capture.info.requested_url
    return as_uri(known) if known and known.strip() else f"ni:///sha1;{digest_of(capture.content)[5:]}"


def date_of(info: CaptureInfo, now: datetime) -> str:
    """WARC-Date: when the bytes were received, to the second, else now."""
    try:
        moment = datetime.fromisoformat(info.fetched_at or "")
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = now.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def is_http(capture: Capture) -> bool:
    """Whether it is an HTTP answer."""
    status = capture.info.status
    return status is not None and 100 <= status <= 999 and urlsplit(address_of(capture)).scheme in ("http", "https")


def content_digest_of(capture: Capture) -> str | None:
    """The digest without noise, of pages alone; of megabytes it is not worth its time."""
    if not 0 < len(capture.content) <= _MOST_NOISE or not _PAGE.match(capture.info.content_type or ""):
        return None
    return content_digest(capture.content)


def records_of(capture: Capture, now: datetime, original: Original | None = None) -> Iterator[list[WarcRecord]]:
    """Groups of records: one for each redirect, the last for the capture itself, its place the first of the group.

    original: an earlier capture of the address that says the same, byte by byte or but for noise.
    """
    date = date_of(capture.info, now)
    for hop in capture.hops:
        if urlsplit(as_uri(hop.url)).scheme not in ("http", "https"):
            continue
        head = _head(hop.status, hop.headers, 0)[0]
        fields = (*_common(date, as_uri(hop.url), _RESPONSE), ("WARC-Truncated", "unspecified"))
        yield [_digested(WarcRecord("response", fields, head), b"")]
    main, aside = _main(capture, date, original)
    about = {"info": to_dict(replace(capture.info, warc=None)), "name": capture.name}
    if aside:
        about["set_aside"] = aside
    if capture.hops:
        about["hops"] = [to_dict(hop) for hop in capture.hops]
    if main.kind == "metadata":
        main = replace(main, block=main.block + _told(about))
        yield [_digested(main, None)]
    else:
        yield _group(main, date, address_of(capture), capture.sent, about)


def _main(capture: Capture, date: str, original: Original | None) -> tuple[WarcRecord, list[Any]]:
    """The record of the capture itself, and the headers that it does not hold as received."""
    url, payload, content = address_of(capture), digest_of(capture.content), content_digest_of(capture)
    extra: list[tuple[str, str]] = [(CONTENT_DIGEST, content)] if content else []
    refers: list[tuple[str, str]] = []
    if original is not None:
        refers = [("WARC-Refers-To-Target-URI", original.url), ("WARC-Refers-To-Date", original.date)]
        refers += [(REFERS_FILE, original.place.file), (REFERS_OFFSET, str(original.place.offset))]
    head, aside = _head(capture.info.status or 0, capture.headers, len(capture.content))
    if original is not None and original.payload != payload:
        fields = [*_common(date, url, _FIELDS), *refers]
        every = [[place, name, value] for place, (name, value) in enumerate(capture.headers)]
        return WarcRecord("metadata", tuple(fields), lines_of([("same-but-for-noise", original.url)])), every
    if not is_http(capture):
        media = capture.info.content_type or ""
        fields = [*_common(date, url, media if _MEDIA.fullmatch(media) else "application/octet-stream"), *extra]
        every = [[place, name, value] for place, (name, value) in enumerate(capture.headers)]
        return _digested(WarcRecord("resource", tuple(fields), capture.content), capture.content), every
    if original is not None:
        fields = [*_common(date, url, _RESPONSE), ("WARC-Profile", PROFILE), *refers, *extra]
        return _digested(WarcRecord("revisit", tuple(fields), head), capture.content), aside
    fields = [*_common(date, url, _RESPONSE), *extra]
    return _digested(WarcRecord("response", tuple(fields), head + capture.content), capture.content), aside


def _group(main: WarcRecord, date: str, url: str, sent: Sent | None, about: dict[str, Any]) -> list[WarcRecord]:
    """A record with its request and its metadata."""
    name = main.field("WARC-Record-ID") or ""
    group = [main]
    if sent is not None:
        asked = (*_common(date, url, _REQUEST), ("WARC-Concurrent-To", name))
        group.append(_digested(WarcRecord("request", asked, _asked(url, sent)), None))
    fields = (*_common(date, url, _FIELDS), ("WARC-Refers-To", name), ("WARC-Concurrent-To", name))
    group.append(_digested(WarcRecord("metadata", fields, _told(about)), None))
    return group


def capture_of(group: Sequence[WarcRecord], payload: bytes | None = None) -> Capture:
    """The capture of its group. payload: of the earlier capture that a revisit or noise refers to.

    Of an answer that differed in noise alone, the earlier bytes come back with its own facts, digest and size theirs.
    Raises ValueError where the records are not what `records_of` makes.
    """
    main = group[0]
    about = about_of(group)
    head, content = split_http(main)
    if payload is not None:
        content = payload
    headers = [] if main.kind in ("resource", "metadata") else list(_parsed(head)[:-1])
    for place, name, value in about.get("set_aside", ()):
        headers.insert(place, (name, value))
    info = _info(about["info"])
    if main.kind == "metadata" and payload is not None:
        import hashlib

        info = replace(info, sha256=hashlib.sha256(payload).hexdigest(), bytes=len(payload))
    sent = next((_sent(one.block) for one in group if one.kind == "request"), None)
    hops = tuple(
        Hop(hop["url"], hop["status"], tuple((name, value) for name, value in hop["headers"]))
        for hop in about.get("hops", ())
    )
    return Capture(content, info, about["name"], tuple(headers), hops, sent)


def about_of(group: Sequence[WarcRecord]) -> dict[str, Any]:
    """What the metadata of a group tells. Raises ValueError where it tells nothing."""
    told = next((pairs_of(one.block).get("luutru-capture") for one in reversed(group) if one.kind == "metadata"), None)
    about = json.loads(told or "null")
    if not isinstance(about, dict) or not isinstance(about.get("info"), dict):
        raise ValueError("its metadata does not tell of a capture")
    return about


def split_http(record: WarcRecord) -> tuple[bytes, bytes]:
    """Head and payload of a response, with the blank line on the head's side; of anything else the block is payload."""
    if record.kind not in ("response", "revisit"):
        return b"", record.block if record.kind == "resource" else b""
    end = record.block.find(b"\r\n\r\n")
    if end < 0:
        raise ValueError("its HTTP head does not end")
    return record.block[: end + 4], record.block[end + 4 :]


def fault_of(record: WarcRecord) -> str:
    """What is wrong with a record's digests or its HTTP head, or ""."""
    try:
        _, payload = split_http(record)
    except ValueError as error:
        return str(error)
    return checked(record, payload if record.kind in ("response", "resource") else None)


def original_place(record: WarcRecord) -> WarcPlace | None:
    """Where the payload lies that a revisit, or a metadata record in a capture's place, refers to."""
    file, offset = record.field(REFERS_FILE), record.field(REFERS_OFFSET) or ""
    return WarcPlace(file, int(offset)) if file and re.fullmatch("[0-9]{1,15}", offset) else None


def index_facts(record: WarcRecord) -> dict[str, Any] | None:
    """What a CDXJ line says of a record, but for its place; None for one that cannot be replayed."""
    if record.kind not in ("response", "revisit", "resource"):
        return None
    digest = (record.field("WARC-Payload-Digest") or "").removeprefix("sha1:")
    if record.kind == "resource":
        mime, status = record.field("Content-Type") or "", "200"
    else:
        head = split_http(record)[0]
        named = {name.lower(): value for name, value in _parsed(head)}
        status = head.split(b" ", 2)[1].decode("latin-1")
        mime = "warc/revisit" if record.kind == "revisit" else named.get("content-type", "")
    mime = mime.partition(";")[0].strip().lower().replace(" ", "") or "unk"
    content = record.field(CONTENT_DIGEST)
    return {"mime": mime, "status": status, "digest": digest} | ({"content": content} if content else {})


def _common(date: str, url: str, media: str) -> tuple[tuple[str, str], ...]:
    return (
        ("WARC-Record-ID", new_id()),
        ("WARC-Date", date),
        ("WARC-Target-URI", url),
        ("Content-Type", media),
    )


def _digested(record: WarcRecord, payload: bytes | None) -> WarcRecord:
    """With the digests of its block and, where it has one, of its payload."""
    digests = [("WARC-Payload-Digest", digest_of(payload))] if payload is not None else []
    return replace(record, fields=(*record.fields, *digests, ("WARC-Block-Digest", digest_of(record.block))))


def _told(about: dict[str, Any]) -> bytes:
    return lines_of([("luutru-capture", json.dumps(about, ensure_ascii=True))])


def _head(status: int, headers: Fields, length: int) -> tuple[bytes, list[Any]]:
    """The HTTP head for a body of that length, and the headers that it does not hold as received."""
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    lines, aside = [f"HTTP/1.1 {status} {phrase}"], []
    for place, (name, value) in enumerate(headers):
        if name.lower() in _CODED or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            aside.append([place, name, value])
        else:
            lines.append(f"{name}: {value}")
    lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), aside


def _parsed(head: bytes) -> list[tuple[str, str]]:
    lines = head.decode("latin-1").split("\r\n")[1:-2]
    return [(name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines)]


def _asked(url: str, sent: Sent) -> bytes:
    """A request as it goes over the wire; headers that cannot stand there are left out."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    method = sent.method if _NAME.fullmatch(sent.method) else "GET"
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}"]
    lines += [f"{name}: {value}" for name, value in sent.headers if _NAME.fullmatch(name) and _VALUE.fullmatch(value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + sent.body


def _sent(block: bytes) -> Sent:
    head, _, body = block.partition(b"\r\n\r\n")
    return Sent(head.split(b" ", 1)[0].decode("latin-1"), tuple(_parsed(head + b"\r\n\r\n")[1:]), body)


def _info(data: dict[str, Any]) -> CaptureInfo:
    names = CaptureInfo.__dataclass_fields__.keys() - {"warc"}
    return CaptureInfo(**{name: value for name, value in data.items() if name in names})
