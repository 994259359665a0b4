"""An archive with captures, as the tests of the hand-over need it.

Two articles with captures, of which one has changed, been redirected to, and has an image (later a revisit) and an
attachment that is kept as a file alone; one article without any capture; and a capture that belongs to no record.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

import luutru
from tests.running import DYKE, POWER, article

PAGE, MOVED, IMAGE, PDF = (
    f"http://xa.vamsao.example/{path}" for path in ("tin?ItemID=7", "cu", "anh/ghe.png", "tep/lich.pdf")
)
OTHER, FOREIGN, UNCAPTURED = "http://conen.example/b", "http://khac.example/x", "http://dien.example/lich"
FIRST, SECOND, THIRD = "2024-03-01T08:00:00Z", "2024-04-02T09:30:00Z", "2024-05-03T10:00:00Z"
PDF_CONTENT = b"%PDF-1.4 lich hop cho"


class Place(NamedTuple):
    """Where a capture was written: what `capture.warc` holds, and what a revisit refers to."""

    file: str
    offset: int
    record_id: str
    digest: str


class WarcFile:
    """A WARC file in the folder `captures` of an archive: per capture a response or revisit, a request, metadata."""

    def __init__(self, archive: Path, name: str) -> None:
        self.name = f"captures/{name}"
        (archive / "captures").mkdir(parents=True, exist_ok=True)
        self._file = (archive / self.name).open("wb")
        self._writer = WARCWriter(self._file, gzip=True, warc_version="1.1")
        self._writer.write_record(self._writer.create_warcinfo_record(name, {"software": "a test"}))

    def __enter__(self) -> WarcFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(
        self,
        url: str,
        content: bytes,
        date: str,
        *,
        media_type: str = "text/html; charset=utf-8",
        status: str = "200 OK",
        repeats: Place | None = None,
        **headers: str,
    ) -> Place:
        """Write a capture. repeats: what a revisit refers to."""
        fields = [("Content-Type", media_type), ("Content-Length", str(len(content))), *headers.items()]
        http, offset = StatusAndHeaders(status, fields, protocol="HTTP/1.1"), self._file.tell()
        if repeats is None:
            main = self._record(url, "response", date, content, http)
        else:
            main = self._writer.create_revisit_record(url, repeats.digest, url, FIRST, http_headers=http)
            main.rec_headers.replace_header("WARC-Date", date)
            main.rec_headers.add_header("WARC-Refers-To", repeats.record_id)
        self._writer.write_record(main)
        of = main.rec_headers.get_header("WARC-Record-ID")
        asked = StatusAndHeaders(f"GET {url} HTTP/1.1", [("User-Agent", "luutru")], is_http_request=True)
        self._writer.write_record(self._record(url, "request", date, b"", asked, **{"WARC-Concurrent-To": of}))
        extra = {"WARC-Concurrent-To": of, "Content-Type": "application/warc-fields"}
        self._writer.write_record(self._record(url, "metadata", date, b"fetchTimeMs: 9\r\n", None, **extra))
        return Place(self.name, offset, of, main.rec_headers.get_header("WARC-Payload-Digest"))

    def noise(self, url: str, date: str, *, of: str) -> dict[str, Any]:
        """Write what stands in place of a capture that differs from that of the date `of` in noise alone."""
        offset = self._file.tell()
        refers = {
            "WARC-Refers-To-Target-URI": url,
            "WARC-Refers-To-Date": of,
            "Content-Type": "application/warc-fields",
        }
        told = f"same-but-for-noise: {url}\r\n".encode()
        self._writer.write_record(self._record(url, "metadata", date, told, None, **refers))
        return {"file": self.name, "offset": offset}

    def _record(self, url: str, kind: str, date: str, content: bytes, http: Any, **headers: str) -> Any:
        return self._writer.create_warc_record(
            url,
            kind,
            payload=io.BytesIO(content),
            length=len(content),
            warc_content_type=headers.pop("Content-Type", ""),
            http_headers=http,
            warc_headers_dict={"WARC-Date": date, **headers},
        )


def png(width: int = 40, height: int = 30) -> bytes:
    """A red picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\xff\0\0" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def page(**facts: str) -> bytes:
    """The article's page, with the image and attachment that are kept."""
    return article(**facts).replace("/anh/ghe.jpg", "/anh/ghe.png").encode()


def captured(folder: Path) -> Path:
    """Make the archive in `folder`/archive; its folder."""
    archive = folder / "archive"
    with WarcFile(archive, "luutru-20240301080000-1-1.warc.gz") as warc:
        first = warc.put(PAGE, page(), FIRST)
        image = warc.put(IMAGE, png(), FIRST, media_type="image/png")
        other = warc.put(OTHER, article(title=DYKE).encode(), FIRST)
        warc.put(FOREIGN, b"<p>x</p>", FIRST)
    with WarcFile(archive, "luutru-20240402093000-1-1.warc.gz") as warc:
        warc.put(MOVED, b"", SECOND, status="302 Found", Location=PAGE)
        second = warc.put(PAGE, page(more="<p>Chợ dời vào bãi bồi.</p>"), SECOND)
        warc.put(IMAGE, png(), THIRD, media_type="image/png", repeats=image)
        again = warc.put(OTHER, article(title=DYKE).encode(), THIRD, repeats=other)
    with luutru.open(archive) as kept:
        kept.files.put(PDF_CONTENT)
        kept.files.put(png())
        files = [stored(PDF, PDF_CONTENT, "application/pdf"), stored(IMAGE, png(), "image/png")]
        put(kept, page(), PAGE, FIRST, first, files=files)
        put(kept, page(more="<p>Chợ dời vào bãi bồi.</p>"), PAGE, SECOND, second, MOVED)
        put(kept, article(title=DYKE).encode(), OTHER, THIRD, again)
        put(kept, article(title=POWER).encode(), UNCAPTURED, FIRST)
    return archive


def put(
    kept: Any,
    content: bytes,
    url: str,
    date: str,
    place: Place | None = None,
    asked: str | None = None,
    files: list[dict[str, Any]] | None = None,
) -> None:
    """Store a page's record, which points to its capture."""
    record = luutru.extract(content, url=url)
    record["capture"] |= {"fetched_at": date, "source": "http", "requested_url": asked or url}
    if place:
        record["capture"]["warc"] = {"file": place.file, "offset": place.offset}
    outcome = kept.put(record | ({"files": files} if files else {}))
    assert outcome.kind in ("new", "changed"), outcome


def stored(url: str, content: bytes, media_type: str) -> dict[str, Any]:
    """A file of a record whose content the archive has."""
    import hashlib

    digest = hashlib.sha256(content).hexdigest()
    return {"url": url, "status": "stored", "sha256": digest, "content_type": media_type, "fetched_at": FIRST}
