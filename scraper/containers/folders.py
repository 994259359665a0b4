"""Pages in a folder, as programs that save sites leave them: wget's and HTTrack's mirrors, a browser's "save as".

Where a page was published is told by the comment that HTTrack, browsers and SingleFile write at its beginning, else by
the path of a mirror whose folders are named by hosts. A path does not say whether it was http or https: http is
assumed, and identities do not differ by it. wget gives its files the times that the server states, so no time is taken
from a file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath

from scraper.containers.member import DamagedMember, Mark, Member
from scraper.containers.streams import GZIP
from scraper.errors import InputError, LuutruError
from scraper.mhtml import enclosures, enclosures_at
from scraper.models import Capture, CaptureInfo
from scraper.sources import HTML_SUFFIXES, MAX_FILE, MHTML_SUFFIXES, TEXT_SUFFIXES, capture_of

_PAGES = HTML_SUFFIXES | MHTML_SUFFIXES | TEXT_SUFFIXES
_COMMENTS = 16_384
_SAVED_FROM = re.compile(rb"<!--\s{0,9}saved from url=\(\d{1,9}\)([^\s>]{1,8000})\s{0,9}-->")
_MIRRORED = re.compile(
    rb"<!--\s{0,9}Mirrored from ([^\s>]{1,8000}) by HTTrack[^>]{0,300}?,\s([^,>]{3},[^>]{1,60}?)\s{0,9}-->"
)
_SINGLE_FILE = re.compile(
    rb"<!--\s{0,99}Page saved with SingleFile\s{1,99}url:\s{0,9}(\S{1,8000})\s{1,99}saved date:\s{0,9}([^\r\n(]{1,60})"
)
_HOST = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}(?:[:+]\d{1,5})?$", re.I
)
_DYNAMIC = re.compile(r"(.+\.(?:aspx?|php|jsp)(?:[?@].*)?|.+[?].*)\.html?$", re.IGNORECASE)
_WINDOWS = re.compile(r"\.(?:aspx?|php|jsp)@", re.IGNORECASE)
_STARTS = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,200}(?:<!--[^>]{0,2000}-->\s{0,200})?<(?:!doctype html|html|\?xml)", re.IGNORECASE
)
_NO_PAGES = re.compile(r"hts-log\.txt$|hts-cache$|robots\.txt$|backblue\.gif$|fade\.gif$", re.IGNORECASE)
_INDEX = b"<!-- Mirror and index made by HTTrack"


def folder_members(
    folder: Path,
    *,
    wanted: Callable[[bytes], bool] | None = None,
    known: Callable[[str, os.stat_result], bool] | None = None,
) -> Iterator[Member | DamagedMember]:
    """The pages of a folder, by name, and what else a mirror kept of an address, as `file` without a capture.

    `name` is the path within the folder. Links are not followed. Raises OSError.

    wanted: by address; a page whose address is not known is then not wanted.
    known: told each file's path and facts; whether it need not be read again.
    """
    for root, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = sorted(
            name for name in folders if not _NO_PAGES.search(name) and not _belongs(name, files, folders)
        )
        for file in sorted(files):
            path = Path(root) / file
            name = str(path.relative_to(folder))
            try:
                facts = path.lstat()
                is_file = (facts.st_mode & 0o170000) == 0o100000
                if not is_file or _NO_PAGES.search(file) or (known is not None and known(name, facts)):
                    continue
                url = address_by_path(folder, name)
                if not _looks_like_page(path, file):
                    if url is not None and (wanted is None or wanted(url.encode("utf-8", "replace"))):
                        yield Member(0, facts.st_size, Mark(facts.st_size), "file", url, name=name)
                    continue
            except OSError as error:
                yield DamagedMember(0, 0, Mark(), (error.strerror or str(error)).lower(), name=name)
                continue
            yield from page_members(path, name=name, url=url, wanted=wanted)


def page_members(
    path: Path, *, name: str = "", url: str | None = None, wanted: Callable[[bytes], bool] | None = None
) -> Iterator[Member | DamagedMember]:
    """A file that is a page, plain or gzipped, and what else an MHTML file holds; nothing for a mirror's own index.

    url: its address where the file does not state one.  name: as for Member.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise InputError(str(path), f"{size:,} bytes; a page may have {MAX_FILE:,}")
        content = path.read_bytes()
        suffixes = PurePosixPath(path.name).suffixes
        if content.startswith(GZIP):
            content, suffixes = _unzipped(content, path), suffixes[:-1]
        if _INDEX in content[:_COMMENTS]:
            return
        stated, date = _stated(content[:_COMMENTS])
        suffix = re.split("[?@]", "".join(suffixes[-1:]).lower())[0]
        capture = capture_of(content, stated or url or str(path), stated or url, suffix=suffix)
    except OSError as error:
        yield DamagedMember(0, 0, Mark(), (error.strerror or str(error)).lower(), name=name)
        return
    except LuutruError as error:
        yield DamagedMember(0, 0, Mark(), error.cause, name=name)
        return
    yield _member(capture, date, size, name, wanted)
    if capture.info.source == "mhtml":
        for number, address in enclosures(content):
            if wanted is None or wanted(address.encode("utf-8", "replace")):
                yield Member(0, size, Mark(size), "file", address, name=name, inner=number)


def saved_members(path: Path, name: str, numbers: Sequence[int]) -> Iterator[tuple[int, Member | DamagedMember | None]]:
    """What a saved file holds that is no page, with its capture: the parts of an MHTML file with these numbers, which
    are in order; else the file itself. name: where `path` is a folder, the file's in it. Raises OSError."""
    content = _content(path, name)
    if content.startswith(GZIP) and len(content) <= MAX_FILE:
        content = _unzipped(content, path)
    if len(content) > MAX_FILE:
        raise InputError(str(path / name), f"longer than {MAX_FILE:,} bytes")
    if not MHTML_SUFFIXES.isdisjoint(PurePosixPath(name or path.name.lower()).suffixes):
        for number, found in enclosures_at(content, frozenset(numbers)):
            yield number, None if found is None else _saved(found, name, number)
        return
    url = address_by_path(path, name) if name else None
    info = CaptureInfo(
        requested_url=url,
        final_url=url,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        source="file",
    )
    yield 0, _saved(Capture(content, info, url or str(path)), name, 0)


def _saved(capture: Capture, name: str, number: int) -> Member:
    address, date, size = capture.info.final_url, capture.info.fetched_at, len(capture.content)
    return Member(0, size, Mark(), "file", address, date, capture, name=name, inner=number)


def _content(path: Path, name: str) -> bytes:
    """The bytes of a regular file, up to one more than MAX_FILE; below `path`, no link is followed. Raises OSError."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # else a FIFO would wait for a writer
    descriptor = os.open(path, flags)
    try:
        for part in PurePosixPath(name).parts:
            above, descriptor = descriptor, os.open(part, flags | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(above)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_FILE + 1)
    finally:
        os.close(descriptor)


def _member(capture: Capture, date: str | None, size: int, name: str, wanted: Callable[[bytes], bool] | None) -> Member:
    info = capture.info
    if date and not info.fetched_at:
        info = replace(info, fetched_at=date)
    address = info.final_url
    is_wanted = wanted is None or wanted((address or "").encode("utf-8", "replace"))
    return Member(
        0,
        size,
        Mark(size),
        "page",
        address,
        info.fetched_at,
        replace(capture, info=info) if is_wanted else None,
        content_type=info.content_type,
        name=name,
    )


def address_by_path(folder: Path, name: str) -> str | None:
    """The address of a mirror's page whose folders are named by its host; None where they are not.

    As wget writes names: `?` or `@` before the query, `.html` added to what did not end so, `index.html` for a folder.
    """
    parts = list(PurePosixPath(name).parts)
    above = folder.resolve().name
    if _is_host(above):
        parts.insert(0, above)
    while len(parts) > 2 and not _is_host(parts[0]):
        if parts[0] not in ("http", "https") and not _is_host(parts[1]):
            return None
        del parts[0]
    if len(parts) < 2 or not _is_host(parts[0]):
        return None
    last = parts[-1]
    if dynamic := _DYNAMIC.match(last):
        last = dynamic[1]
    if "?" not in last and (mark := _WINDOWS.search(last)):
        last = f"{last[: mark.end() - 1]}?{last[mark.end() :]}"
    parts[-1] = "" if last.lower() in ("index.html", "index.htm") else last
    escaped = "/".join(part.replace("%", "%25").replace("#", "%23") for part in parts[1:])
    return f"http://{parts[0].replace('+', ':')}/{escaped}"


def _is_host(name: str) -> bool:
    return _HOST.match(name) is not None and PurePosixPath(name).suffix.lower() not in _PAGES


def _stated(head: bytes) -> tuple[str | None, str | None]:
    """Address and time that a comment at a page's beginning states."""
    if found := _SAVED_FROM.search(head):
        return _web(found[1]), None
    if found := _MIRRORED.search(head):
        return _web(b"http://" + found[1]), _time(found[2])
    if found := _SINGLE_FILE.search(head):
        return _web(found[1]), _time(found[2])
    return None, None


def _web(address: bytes) -> str | None:
    text = address.decode("utf-8", "replace").replace("&amp;", "&").replace("%2D%2D", "--")
    return text if text.lower().startswith(("http://", "https://")) else None


def _time(text: bytes) -> str | None:
    """An HTTP date, or JavaScript's `Mon Dec 03 2018 16:00:00 GMT+0700`, in UTC."""
    stamp = text.decode("ascii", "replace").strip().replace("GMT+", "+").replace("GMT-", "-")
    try:
        moment = datetime.strptime(stamp, "%a %b %d %Y %H:%M:%S %z")
    except ValueError:
        try:
            moment = parsedate_to_datetime(stamp)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _looks_like_page(path: Path, name: str) -> bool:
    """Whether a file is a page by its suffix, or else by its first bytes."""
    plain = re.split("[?@]", name)[0]
    if PurePosixPath(plain.removesuffix(".gz")).suffix.lower() in _PAGES:
        return True
    with path.open("rb") as file:
        return _STARTS.match(file.read(4_096)) is not None


def _belongs(name: str, files: list[str], folders: list[str]) -> bool:
    """Whether a folder holds the pictures and scripts of a page saved beside it."""
    stem = name.removesuffix("_files")
    return stem != name and any(f"{stem}{suffix}" in files for suffix in (".html", ".htm", ".aspx"))


def _unzipped(content: bytes, path: Path) -> bytes:
    import zlib

    inflater = zlib.decompressobj(31)
    try:
        page = inflater.decompress(content, MAX_FILE + 1)
    except zlib.error as error:
        raise InputError(str(path), "its gzip data are damaged") from error
    if len(page) > MAX_FILE:
        raise InputError(str(path), f"it inflates to more than {MAX_FILE:,} bytes")
    if not inflater.eof:
        raise InputError(str(path), "the file ends in the middle")
    return page


def _raise(error: OSError) -> None:
    raise error
