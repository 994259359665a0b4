"""Pictures and attachments: which ones an article refers to, and what an answer to one of them is worth. Pure.

    files_of(record) → address → (fetched elsewhere) → reading(address, capture or error) → KeptFile and bytes to keep

What an answer is, its bytes say. A page that answers for a picture or a document is a soft error or a login, whatever
its status says, and is never kept in the file's place.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from scraper.addresses import file_name_of, request_url
from scraper.errors import Disallowed, InputError, LoginPage, LuutruError, NotFound, OffSite, SoftError, TooLarge
from scraper.media_types import HEAD, Family, MediaType, declared_type, ending, media_type
from scraper.models import Capture, FileStatus, KeptFile, Record
from scraper.text import tidy

REFUSED: frozenset[Family] = frozenset(["executable"])
"""What is not kept unless told otherwise."""
MAX_NAME_BYTES = 200
"""Longest file name, in UTF-8: file systems take 255 bytes, and programs add endings."""

UNWANTED_TYPE, EMPTY, NOT_THE_FILE = "unwanted_type", "empty", SoftError.code
"""Codes of `error` besides those of `LuutruError`: a type that is not kept; no bytes; a page in the file's place."""

_PROGRAMS = frozenset(
    "exe dll com scr bat cmd msi msp ps1 psm1 vbs vbe js jse wsf wsh hta cpl pif lnk reg jar apk app sh command "
    "appx msix gadget scf inf sys drv ocx xll".split()
)
_PAGES = frozenset("htm html xhtml shtml mht mhtml".split())
_BINARIES = frozenset(
    "jpg jpeg jpe jfif png gif bmp webp tif tiff ico pdf docx xlsx pptx odt ods odp zip rar 7z gz mp3 mp4 m4a wav wmv "
    "wma avi mov flv webm ogg epub djvu".split()
)
"""Endings that promise something other than text. Not .doc and .xls: programs write RTF, MHTML and tables so."""
_OFFICE = frozenset("doc xls ppt".split())
_OFFICE_PAGE = re.compile(rb"urn:schemas-microsoft-com:office|ProgId|Excel\.Sheet|Word\.Document", re.IGNORECASE)
_CLAIMS_BINARY = re.compile(r"image/(?!svg)|audio/|video/|application/pdf")
_PASSWORD = re.compile(rb"""<input[^>]{0,200}type\s*=\s*["']?password""", re.IGNORECASE)
_LOGIN_BYTES = 1 << 17
_REFUSALS = (TooLarge, OffSite, Disallowed, InputError)

_UNFIT = re.compile(r'[<>:"/\\|?*]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\.|$)", re.IGNORECASE)
_DISPOSITION = re.compile(r"""filename(\*?)\s*=\s*("(?:[^"\\]|\\.){0,500}"|[^;]{1,500})""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileReading:
    """What became of one file, and its bytes where they are to be kept: first the bytes, then the record."""

    file: KeptFile
    content: bytes | None = None


def files_of(record: Record | Mapping[str, Any]) -> tuple[str, ...]:
    """Addresses of a record's pictures, then attachments, each once, as written there; http and https alone."""
    found: dict[str, str] = {}
    for one in (*_items(record, "images"), *_items(record, "attachments")):
        url = one.get("url") if isinstance(one, Mapping) else getattr(one, "url", None)
        if isinstance(url, str):
            with contextlib.suppress(InputError):  # `data:`, `blob:`, a bare name
                found.setdefault(request_url(url), url)
    return tuple(found.values())


def reading(
    url: str, answer: Capture | LuutruError, *, asked_at: str | None = None, refuse: Collection[Family] = REFUSED
) -> FileReading:
    """What an answer means for the file at `url`. answer: what the fetcher gave, or the error that it raised.

    asked_at: ISO 8601, for a file that gave no capture.  refuse: families of media types that are not kept.
    """
    if isinstance(answer, LuutruError):
        file_name = safe_name(file_name_of(url))
        return FileReading(
            KeptFile(url, _status_of(answer), file_name=file_name, fetched_at=asked_at, error=answer.code)
        )
    name = name_of(url, answer)
    kind = media_type(answer.content, declared=answer.info.content_type, file_name=name)
    file = KeptFile(
        url,
        "stored",
        sha256=answer.info.sha256,
        bytes=len(answer.content),
        content_type=kind.name,
        file_name=name,
        fetched_at=answer.info.fetched_at or asked_at,
    )
    claim = declared_type(answer.info.content_type) or ""
    promised_binary = ending(name) in _BINARIES or bool(_CLAIMS_BINARY.match(claim))
    status, error = _judged(answer.content, kind, ending(name), promised_binary, refuse)
    if error is not None:
        return FileReading(dataclasses.replace(file, status=status, error=error, sha256=None, bytes=None))
    return FileReading(file, answer.content)


def name_of(url: str, capture: Capture) -> str | None:
    """The file's name, made safe: as Content-Disposition offers it (RFC 6266), else the last part of its address."""
    headers: Iterable[tuple[str, str]] = getattr(capture, "headers", ())
    offered = next((value for name, value in headers if name.lower() == "content-disposition"), "")
    names = [_offered_name(offered[:4000]), file_name_of(url), file_name_of(capture.info.final_url or "")]
    return next((name for name in map(safe_name, names) if name), None)


def safe_name(name: str | None) -> str | None:
    """A name that any file system takes and no shell or program obeys; None where nothing is left. Idempotent.

    No separators, control or invisible characters, none that Windows forbids, no device name of it, no leading dot or
    dash, no final dot or blank, at most MAX_NAME_BYTES with its ending kept.
    """
    seen = tidy("".join(char for char in tidy(name or "") if char.isprintable()))
    plain = _UNFIT.sub("_", seen).strip(" .")
    plain = re.sub(r"^[-~]", "_", plain)
    if _RESERVED.match(plain):
        plain = "_" + plain
    if len(plain.encode("utf-8")) > MAX_NAME_BYTES:
        stem, dot, last = plain.rpartition(".")
        kept = f".{last}" if dot and len(last.encode("utf-8")) <= 20 else ""
        head = (stem if kept else plain).encode("utf-8")[: MAX_NAME_BYTES - len(kept.encode("utf-8"))]
        plain = (head.decode("utf-8", "ignore").rstrip(" .") or "_") + kept
    return tidy(plain) or None


def _status_of(error: LuutruError) -> FileStatus:
    """Missing only where the server itself says so; refused where asking again is of no use; else it may pass."""
    if isinstance(error, NotFound) and error.status is not None:
        return "missing"
    return "refused" if isinstance(error, _REFUSALS) else "failed"


def _judged(
    content: bytes, kind: MediaType, suffix: str, promised_binary: bool, refuse: Collection[Family]
) -> tuple[FileStatus, str | None]:
    """Status and error of an answer that came whole; error None: it is what was asked for."""
    if not content:
        return "failed", EMPTY
    if kind.family in refuse or (suffix in _PROGRAMS and "executable" in refuse):
        return "refused", UNWANTED_TYPE
    if kind.family == "page":
        if _PASSWORD.search(content, 0, _LOGIN_BYTES):
            return "failed", LoginPage.code
        as_document = suffix in _OFFICE and _OFFICE_PAGE.search(content, 0, HEAD)
        if not as_document and suffix not in _PAGES:
            return "failed", NOT_THE_FILE
    if kind.family == "text" and promised_binary:
        return "failed", NOT_THE_FILE
    return "stored", None


def _offered_name(header: str) -> str | None:
    """`filename*` (RFC 8187) before `filename`, of a Content-Disposition header; only the last part of a path."""
    offers = {bool(star): value.strip().strip('"') for star, value in _DISPOSITION.findall(header)}
    extended = offers.get(True, "")
    charset, _, rest = extended.partition("'")
    if rest and charset.lower() in ("utf-8", "iso-8859-1"):
        text = unquote(rest.partition("'")[2], encoding=charset, errors="replace")
    else:
        text = unquote(offers.get(False, ""))  # some servers escape here too
        with contextlib.suppress(UnicodeError):  # or send UTF-8, which reaches us as Latin-1
            text = text.encode("latin-1").decode("utf-8")
    return re.split(r"[/\\]", text)[-1] or None


def _items(record: Record | Mapping[str, Any], name: str) -> Iterable[Any]:
    value = record.get(name) if isinstance(record, Mapping) else getattr(record, name)
    return value if isinstance(value, list | tuple) else ()
