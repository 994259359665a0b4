"""WARC 1.1: the captures of the records, copied byte by byte, and the records themselves.

For each article, in this order: every capture of its addresses with request and metadata, those of its pictures and
attachments, and for revisits what they repeat; a `resource` for each kept file that no capture holds; and for each of
its states a `resource` with the address `urn:luutru:<id>`, the record as JSON. A record without a capture is there in
that form alone: its `body_html` is luutru's own and must not stand at the page's address as if a server had sent it.
https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/
"""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from scraper.text import tidy
from storage.exports import cdxj
from storage.exports.holdings import (
    Holdings,
    Json,
    Place,
    addresses,
    file_addresses,
    kept_contents,
    place_of,
    sha1,
    software,
    utc,
)
from storage.exports.members import CAPTURES, OFFSETS, Member
from storage.exports.texts import dumps

RIGHTS = (
    "The pages were published by the bodies named in them, and the rights in them stay with those bodies and their "
    "authors. Whoever made this file keeps copies and cannot grant a licence to them."
)
NO_CAPTURE = "records without a capture, there as JSON alone"
NO_ORIGINAL = "captures that repeat what is not kept"
UNREADABLE = "captures that are damaged"
NO_FILE = "files that are missing or damaged"
GONE = "records whose capture is not where they say"

_REPEATS = ("revisit", "metadata")
"""Kinds that stand in a capture's place because the content is kept already; metadata: but for noise."""
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:; ?[\w.-]+=[\w.-]+)*", re.ASCII)


def write(records: Iterable[Json], out: BinaryIO, holdings: Holdings) -> int:
    """Write the file and give the number of records."""
    warc, count = Warc(out, holdings, holdings.name), 0
    for count, record in enumerate(records, 1):  # noqa: B007 - it is the result
        for _ in warc.added(record):
            pass
    return count


class Warc:
    """A WARC file in the making. name: how records call it (`capture.warc.file`), and its index.

    out: a binary stream, which need not seek.  offset: bytes written so far.  indexed: collect lines of CDXJ in the
    scratch table `lines`.
    """

    def __init__(self, out: BinaryIO, holdings: Holdings, name: str, *, indexed: bool = False) -> None:
        from warcio.warcwriter import WARCWriter

        self.offset = 0
        self._out, self._holdings, self._name, self._indexed = out, holdings, name, indexed
        self._writer = WARCWriter(self, gzip=True, warc_version="1.1")
        self._created = utc(holdings.created) or ""
        self._head()

    def write(self, piece: bytes) -> int:
        """What the writer of single members calls."""
        self._out.write(piece)
        self.offset += len(piece)
        return len(piece)

    def flush(self) -> None:
        """As for `write`: nothing to do before the file is closed."""

    def added(self, record: Json) -> Iterator[tuple[Json, Member | None]]:
        """Write all that belongs to an article; its states, oldest first, each with the member that shows its page.

        `capture.warc` of these states is the place in this file, or not there.
        """
        states, places, captured = [*self._holdings.earlier_states(record), record], [], False
        for state in states:
            place = place_of(state)
            places.append((place, self._copied(place) if place else None))
            if place and places[-1][1] is None:
                self._holdings.lacking(GONE, str(state.get("id")))
        for state in states:
            captured = self._all_copied(addresses(state)) or captured
            self._all_copied(file_addresses(state))
            self._files(state)
        if not captured and all(there is None for _, there in places):
            self._holdings.lacking(NO_CAPTURE, str(record.get("id")))
        for state, (place, there) in zip(states, places, strict=True):
            placed = self._placed(state, there)
            self._state(placed)
            yield placed, None if place is None or there is None else self._shown(place)

    def _all_copied(self, urls: Iterable[str]) -> bool:
        """Copy every capture of these addresses; whether there was one that is whole."""
        found = False
        for place in self._holdings.captures_of(urls):
            if self._copied(place) is None:
                self._holdings.lacking(UNREADABLE, f"{place[0]} at byte {place[1]}")
            else:
                found = True
        return found

    def _copied(self, place: Place) -> int | None:
        """Copy the capture there, unless it was, after what it repeats; its offset here. None for no whole capture."""
        if place[1] not in OFFSETS:
            return None
        if (there := self._noted(*place)) is not None:
            return there
        member = self._holdings.members.at(*place)
        if member is None or member.kind not in (*CAPTURES, *_REPEATS):
            return None
        if member.kind in _REPEATS:
            original = self._holdings.original_of(member)
            if original is None or original == place or self._copied(original) is None:
                self._holdings.lacking(NO_ORIGINAL, member.url)
        there = self._note(*place)
        if member.kind in CAPTURES:
            self._index(member, there)
        for part in self._holdings.members.group(member):
            for piece in self._holdings.members.copied(part):
                self.write(piece)
        return there

    def _shown(self, place: Place) -> Member | None:
        """The member that replay tools show for a capture: for one that is metadata alone, the earlier one."""
        member = self._holdings.members.at(*place)
        if member is None or member.kind in CAPTURES:
            return member
        original = self._holdings.original_of(member)
        return self._holdings.members.at(*original) if original else None

    def _files(self, state: Json) -> None:
        """Kept contents of pictures and attachments that no capture holds."""
        for url, sha256, kept in kept_contents(state):
            if self._noted("", f"{url} {sha256}") is not None:
                continue
            self._note("", f"{url} {sha256}")
            stream = self._holdings.file(sha256)
            if stream is None:
                self._holdings.lacking(NO_FILE, url)
                continue
            with stream:
                if not self._holdings.is_written(url, sha1(stream)):
                    self._resource(url, stream, str(kept.get("content_type") or ""), kept.get("fetched_at"))

    def _noted(self, file: str, offset: int | str) -> int | None:
        """Where something stands here that was written before."""
        asked = "SELECT there FROM written WHERE file = ? AND offset = ?"
        found = self._holdings.scratch.execute(asked, [file, offset]).fetchone()
        return found[0] if found else None

    def _note(self, file: str, offset: int | str) -> int:
        self._holdings.scratch.execute("INSERT INTO written VALUES (?, ?, ?)", [file, offset, self.offset])
        return self.offset

    def _state(self, state: Json) -> None:
        capture = state.get("capture")
        moments = [capture.get("fetched_at") if isinstance(capture, dict) else None, state.get("last_seen")]
        moment = next(filter(None, map(utc, moments)), None)
        content = io.BytesIO(dumps(state).encode("utf-8", "backslashreplace"))
        self._resource(f"urn:luutru:{state.get('id')}", content, "application/json", moment)

    def _placed(self, state: Json, there: int | None) -> Json:
        """The state with its capture's place in this file instead of the archive's."""
        capture = state.get("capture")
        if not isinstance(capture, dict):
            return state
        plain = {name: value for name, value in capture.items() if name != "warc"}
        place = {} if there is None else {"warc": {"file": self._name, "offset": there}}
        return {**state, "capture": {**plain, **place}}

    def _head(self) -> None:
        facts = {
            "software": software(),
            "format": "WARC File Format 1.1",
            "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "description": RIGHTS,
            "luutru-selection": dumps(dict(self._holdings.selection)),
        }
        content = "".join(f"{name}: {value}\r\n" for name, value in facts.items()).encode("utf-8", "backslashreplace")
        headers = self._headers(f"warcinfo {self._created}", self._created) | {
            "WARC-Type": "warcinfo",
            "WARC-Filename": tidy(self._name.rpartition("/")[2]),
        }
        self._write("warcinfo", None, io.BytesIO(content), "application/warc-fields", headers)

    def _resource(self, url: str, content: BinaryIO, media_type: str, moment: Any) -> None:
        """A record that holds the content itself, without what a server said of it."""
        date = utc(moment) or self._created
        digest = sha1(content)  # type: ignore[arg-type]
        media_type = media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"
        headers = self._headers(f"{url} {digest} {self.offset}", date) | {"WARC-Type": "resource"}
        there, address = self.offset, re.sub(r"\s", lambda found: f"%{ord(found[0]):02X}", url)
        self._write("resource", address, content, media_type, headers)
        facts = {"warc-type": "resource", "warc-target-uri": address, "warc-date": date, "warc-payload-digest": digest}
        self._index(Member(self._name, there, self.offset - there, facts, media_type.partition(";")[0]), there)

    def _headers(self, of: str, date: str) -> dict[str, str]:
        """Id and date of a record of our own; the same export gives the same ids."""
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"urn:luutru:warc:{self._created}:{self._name}:{of}")
        return {"WARC-Record-ID": f"<urn:uuid:{name}>", "WARC-Date": date}

    def _write(self, kind: str, url: str | None, content: BinaryIO, media_type: str, headers: dict[str, str]) -> None:
        size = content.seek(0, io.SEEK_END)
        content.seek(0)
        record = self._writer.create_warc_record(
            url, kind, payload=content, length=size, warc_content_type=media_type, warc_headers_dict=headers
        )
        self._writer.write_record(record)

    def _index(self, member: Member, there: int) -> None:
        if self._indexed:
            row = cdxj.line(member, there, self._name.rpartition("/")[2])
            self._holdings.scratch.execute("INSERT INTO lines VALUES (?)", [row])
