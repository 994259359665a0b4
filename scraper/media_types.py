"""What bytes are, told from the bytes: the name and the Content-Type that a server gives are only claims. Pure.

Signatures are those of the formats' own specifications; how text and HTML are told follows WHATWG's MIME Sniffing
standard (sections 5.3 and 7.1), which is what browsers do. Only the first `HEAD` bytes are read.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

HEAD = 4096

Family = Literal["picture", "document", "archive", "sound", "film", "text", "page", "executable", "unknown"]


class MediaType(NamedTuple):
    """name: as in IANA's registry, None where the bytes do not say.  family: what it is good for."""

    name: str | None
    family: Family


UNKNOWN = MediaType(None, "unknown")
PAGE = MediaType("text/html", "page")
_OLE, _ZIP = MediaType("application/x-ole-storage", "document"), MediaType("application/zip", "archive")

# (where, bytes, type): the first that fits wins.
_SIGNATURES: tuple[tuple[int, bytes, MediaType], ...] = (
    (0, b"\xff\xd8\xff", MediaType("image/jpeg", "picture")),
    (0, b"\x89PNG\r\n\x1a\n", MediaType("image/png", "picture")),
    (0, b"GIF87a", MediaType("image/gif", "picture")),
    (0, b"GIF89a", MediaType("image/gif", "picture")),
    (8, b"WEBPVP8", MediaType("image/webp", "picture")),
    (0, b"II*\x00", MediaType("image/tiff", "picture")),
    (0, b"MM\x00*", MediaType("image/tiff", "picture")),
    (0, b"\x00\x00\x01\x00", MediaType("image/vnd.microsoft.icon", "picture")),
    (0, b"\xd7\xcd\xc6\x9a", MediaType("image/wmf", "picture")),
    (40, b" EMF", MediaType("image/emf", "picture")),
    (0, b"\x00\x00\x00\x0cjP  ", MediaType("image/jp2", "picture")),
    (0, b"\xff\x0a", MediaType("image/jxl", "picture")),
    (4, b"ftypavif", MediaType("image/avif", "picture")),
    (4, b"ftyphei", MediaType("image/heic", "picture")),
    (4, b"ftypmif1", MediaType("image/heif", "picture")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
    (0, b"{\\rtf", MediaType("application/rtf", "document")),
    (0, b"AT&TFORM", MediaType("image/vnd.djvu", "document")),
    (0, b"%!PS", MediaType("application/postscript", "document")),
    (0, b"PK\x03\x04", _ZIP),
    (0, b"PK\x05\x06", _ZIP),
    (0, b"Rar!\x1a\x07", MediaType("application/vnd.rar", "archive")),
    (0, b"7z\xbc\xaf\x27\x1c", MediaType("application/x-7z-compressed", "archive")),
    (0, b"\x1f\x8b\x08", MediaType("application/gzip", "archive")),
    (0, b"BZh", MediaType("application/x-bzip2", "archive")),
    (0, b"\xfd7zXZ\x00", MediaType("application/x-xz", "archive")),
    (257, b"ustar", MediaType("application/x-tar", "archive")),
    (0, b"OggS", MediaType("application/ogg", "sound")),
    (0, b"fLaC", MediaType("audio/flac", "sound")),
    (8, b"WAVE", MediaType("audio/wav", "sound")),
    (8, b"AVI ", MediaType("video/x-msvideo", "film")),
    (4, b"ftypM4A", MediaType("audio/mp4", "sound")),
    (4, b"ftypqt", MediaType("video/quicktime", "film")),
    (4, b"ftyp", MediaType("video/mp4", "film")),
    (0, b"\x1aE\xdf\xa3", MediaType("video/webm", "film")),
    (0, b"FLV\x01", MediaType("video/x-flv", "film")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", MediaType("video/x-ms-asf", "film")),
    (0, b"\x00\x00\x01\xba", MediaType("video/mpeg", "film")),
    (0, b"\x7fELF", MediaType("application/x-elf", "executable")),
    (0, b"\xca\xfe\xba\xbe", MediaType("application/java-vm", "executable")),
    (0, b"\xfe\xed\xfa\xce", MediaType("application/x-mach-binary", "executable")),
    (0, b"\xfe\xed\xfa\xcf", MediaType("application/x-mach-binary", "executable")),
    (0, b"\xce\xfa\xed\xfe", MediaType("application/x-mach-binary", "executable")),
    (0, b"\xcf\xfa\xed\xfe", MediaType("application/x-mach-binary", "executable")),
    (0, b"\x00asm", MediaType("application/wasm", "executable")),
    (0, b"dex\n", MediaType("application/x-dex", "executable")),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", MediaType("application/x-ms-shortcut", "executable")),
    (0, b"MSCF\x00\x00\x00\x00", MediaType("application/vnd.ms-cab-compressed", "archive")),
)
# Of formats whose first bytes are too common to be believed in what could be text.
_IN_BINARY: tuple[tuple[bytes, MediaType], ...] = (
    (b"MZ", MediaType("application/vnd.microsoft.portable-executable", "executable")),
    (b"BM", MediaType("image/bmp", "picture")),
    (b"ID3", MediaType("audio/mpeg", "sound")),
    (b"\xff\xfb", MediaType("audio/mpeg", "sound")),
    (b"\xff\xf3", MediaType("audio/mpeg", "sound")),
)
_PDF = MediaType("application/pdf", "document")
_SCRIPT = MediaType("text/x-shellscript", "executable")
_CONTAINERS: dict[MediaType, re.Pattern[str]] = {
    _ZIP: re.compile(
        r"application/(?:vnd\.openxmlformats-officedocument\.|vnd\.oasis\.opendocument\.|epub\+zip$"
        r"|vnd\.ms-(?:word|excel|powerpoint)\.|vnd\.google-earth\.kmz$)"
    ),
    _OLE: re.compile(r"application/(?:msword$|vnd\.ms-(?:excel|powerpoint|project|outlook)$|vnd\.visio$)"),
}
"""Types that are told from their container by name alone, so the server's word has to do."""
_BY_ENDING: dict[str, tuple[MediaType, str]] = {
    "docx": (_ZIP, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xlsx": (_ZIP, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "pptx": (_ZIP, "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    "odt": (_ZIP, "application/vnd.oasis.opendocument.text"),
    "ods": (_ZIP, "application/vnd.oasis.opendocument.spreadsheet"),
    "odp": (_ZIP, "application/vnd.oasis.opendocument.presentation"),
    "doc": (_OLE, "application/msword"),
    "xls": (_OLE, "application/vnd.ms-excel"),
    "ppt": (_OLE, "application/vnd.ms-powerpoint"),
}
# The beginnings that make a page of a text: MIME Sniffing, 7.1; each is followed by a blank or `>`.
_PAGE = re.compile(
    r"<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|meta|form)[\s>/]",
    re.IGNORECASE,
)
_XHTML = re.compile(r"<(?:!doctype html|html)[\s>]", re.IGNORECASE)
_SVG = re.compile(r"<(?:svg:)?svg[\s>]", re.IGNORECASE)
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_TOKEN = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,100}/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}")


def sniff(content: bytes) -> MediaType:
    """What the bytes themselves say."""
    head = content[:HEAD]
    for at, signature, kind in _SIGNATURES:
        if head.startswith(signature, at):
            return kind
    text = _text_of(head)
    kind = _kind_of_text(text) if text is not None else UNKNOWN
    if b"%PDF-" in head[:1024] and kind is not PAGE:  # readers accept what stands before it
        return _PDF
    if text is None:
        return next((kind for begin, kind in _IN_BINARY if head.startswith(begin)), UNKNOWN)
    return kind


def media_type(content: bytes, *, declared: str | None = None, file_name: str | None = None) -> MediaType:
    """What the bytes say, made precise by the name or the server's word where the bytes leave that open.

    declared: a Content-Type header.  file_name: its ending counts.
    """
    kind, claim = sniff(content), declared_type(declared)
    container, by_name = _BY_ENDING.get(ending(file_name), (None, ""))
    if kind in _CONTAINERS:
        if kind == container:
            return MediaType(by_name, "document")
        if claim and _CONTAINERS[kind].match(claim):
            return MediaType(claim, "document")
        return kind
    if kind.family == "text" and claim and claim.startswith("text/") and claim not in ("text/html", "text/plain"):
        return MediaType(claim, "text")
    return MediaType(claim or "application/octet-stream", "unknown") if kind is UNKNOWN else kind


def declared_type(header: str | None) -> str | None:
    """The media type that a Content-Type header names, in lower case, without parameters; None where it is none."""
    name = (header or "").partition(";")[0].strip().lower()
    return name if _TOKEN.fullmatch(name) else None


def ending(file_name: str | None) -> str:
    """The letters after a name's last full stop, in lower case; "" where there are none."""
    return (file_name or "").rpartition(".")[2].lower() if "." in (file_name or "") else ""


def _text_of(head: bytes) -> str | None:
    """The head as text, one character a byte where no byte order mark says more; None where it is binary."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace")
    return None if _BINARY.search(head) else head.decode("latin-1")


def _kind_of_text(text: str) -> MediaType:
    if text.startswith("#!"):
        return _SCRIPT
    text = text.lstrip()
    if not text.startswith("<"):
        return MediaType("text/plain", "text")
    is_xml = text.startswith("<?xml")
    begins = _XHTML if is_xml else _PAGE
    if (svg := _SVG.search(text)) and not begins.search(text, 0, svg.start()):
        return MediaType("image/svg+xml", "picture")
    if begins.search(text) if is_xml or text.startswith("<!--") else begins.match(text):
        return PAGE
    return MediaType("text/xml" if is_xml else "text/plain", "text")
