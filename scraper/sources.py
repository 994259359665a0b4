"""Whatever the user typed, as an iterable of sources; nothing behind this module knows where a page came from.

https://…            an address                        page.html .htm .xhtml .aspx   a saved page
page.mhtml .mht      a page saved with its pictures    page.txt                      a text rendering
folder/              every page in it, sorted          addresses.txt                 a list: one address a line
-                    standard input, HTML or text by its look
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from scraper.errors import InputError
from scraper.models import Capture, CaptureInfo

HTML_SUFFIXES = frozenset([".html", ".htm", ".xhtml", ".shtml", ".aspx", ".asp", ".php"])
MHTML_SUFFIXES = frozenset([".mhtml", ".mht"])
TEXT_SUFFIXES = frozenset([".txt", ".text"])
_PAGES = HTML_SUFFIXES | MHTML_SUFFIXES | TEXT_SUFFIXES
MAX_FILE = 100_000_000
_ADDRESS = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*:(?!\d+(?:/|$))")  # a scheme; not a host with its port
_WEB = re.compile(r"^https?://", re.IGNORECASE)
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|div|p|table|meta|span|form|title|br|h[1-6])\b", re.IGNORECASE)

Kind = Literal["url", "file", "stdin"]


class Fetches(Protocol):
    """What a source needs to load an address."""

    def fetch(self, url: str) -> Capture:
        """The capture of an address; raises FetchError or InputError."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read. name: as messages call it.  url: the address that the page was published at, when known."""

    kind: Kind
    name: str
    url: str | None = None

    def load(self, fetcher: Fetches | None = None, stdin: BinaryIO | None = None) -> Capture:
        """The source's bytes. Raises InputError, or FetchError for an address."""
        if self.kind == "url":
            if fetcher is None:
                raise InputError(self.name, "addresses cannot be fetched here")
            return fetcher.fetch(self.name)
        content = _read_stdin(stdin) if self.kind == "stdin" else _read_file(Path(self.name))
        return capture_of(content, self.name, self.url, suffix=Path(self.name).suffix.lower())


def capture_of(content: bytes, name: str, url: str | None = None, *, suffix: str = "") -> Capture:
    """A capture of bytes that did not come over HTTP; text renderings are told from HTML by suffix, else by look."""
    if suffix in MHTML_SUFFIXES:
        from scraper.mhtml import read_mhtml

        return read_mhtml(content, name, url)
    is_text = suffix in TEXT_SUFFIXES or (suffix not in HTML_SUFFIXES and not _has_markup(content[:100_000]))
    info = CaptureInfo(
        requested_url=url,
        final_url=url,
        content_type="text/plain" if is_text else "text/html",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        source="text" if is_text else "file",
    )
    return Capture(content, info, name)


def _has_markup(head: bytes) -> bool:
    return _MARKUP.search(head.replace(b"\x00", b"")) is not None  # UTF-16, too


def expand(
    arguments: Iterable[str], *, lists: Iterable[Path] = (), url: str | None = None
) -> Iterator[Source | InputError]:
    """The sources behind the arguments; one that cannot be used comes out as an InputError value, not as an exception.

    lists: files with one address a line (`#` starts a comment).  url: published address of a single saved page.
    """
    url = url or None
    for path in lists:
        yield from _from_list(path)
    for argument in arguments:
        yield from _expand_one(argument, url)


def _expand_one(argument: str, url: str | None) -> Iterator[Source | InputError]:
    if argument == "-":
        yield Source("stdin", "-", url)
    elif not argument.strip():
        yield InputError(cause="an empty name", hint="give an address, a file or a folder")
    elif _WEB.match(argument):
        yield Source("url", argument)
    elif _ADDRESS.match(argument) and not Path(argument).exists():
        scheme = argument.split(":", 1)[0].lower()
        yield InputError(
            argument, f"{scheme}: addresses are not read", hint="use http:// or https://, or a file's path"
        )
    else:
        yield from _expand_path(argument, url)


def _expand_path(argument: str, url: str | None) -> Iterator[Source | InputError]:
    path = Path(argument)
    try:
        if path.is_dir() and url is None:
            yield from _from_folder(path)
        elif path.is_dir():
            yield InputError(argument, "a folder has no address of its own", hint="leave --url out, or name one page")
        elif not path.exists():
            looks_like_host = re.match(r"[^/\s]*[^/\s.]\.[^/\s.]", argument) and path.suffix.lower() not in _PAGES
            hint = f"for a web address write https://{argument}" if looks_like_host else "check the name"
            yield InputError(argument, "no such file or folder", hint=hint)
        elif path.suffix.lower() in TEXT_SUFFIXES and path.is_file() and _is_address_list(path):
            yield from _from_list(path)
        else:
            yield Source("file", argument, url)
    except (OSError, ValueError) as error:
        yield InputError(argument, _reason(error))


def _from_folder(folder: Path) -> Iterator[Source | InputError]:
    found = False
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if Path(name).suffix.lower() in _PAGES:
                found = True
                yield Source("file", str(Path(root) / name))
    if not found:
        yield InputError(str(folder), "no pages in this folder", hint="pages end in .html, .htm, .mhtml or .txt")


def _is_address_list(path: Path) -> bool:
    """Whether at least half of the lines of a text file that say anything are web addresses."""
    with path.open("rb") as file:
        head = file.read(65_536)
    lines = [line.strip() for line in head.decode("utf-8-sig", "replace").splitlines()]
    said = [line for line in lines if line and not line.startswith("#")]
    if len(head) == 65_536:
        said = said[:-1]
    return bool(said) and 2 * sum(1 for line in said if _WEB.match(line)) >= len(said)


def _from_list(path: Path) -> Iterator[Source | InputError]:
    try:
        text = _read_file(path).decode("utf-8-sig", "replace")
    except InputError as error:
        yield error
        return
    found = False
    for line in text.splitlines():
        address = line.strip()
        if address and not address.startswith("#"):
            found = True
            yield from (
                _expand_one(address, None)
                if _ADDRESS.match(address)
                else iter([InputError(address[:200], "not an address", hint=f"one http(s) address a line in {path}")])
            )
    if not found:
        yield InputError(str(path), "no addresses in this list", hint="write one http(s) address a line")


def _read_file(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise InputError(str(path), "not a regular file" if path.exists() else "no such file or folder")
        if (size := path.stat().st_size) > MAX_FILE:
            raise InputError(str(path), f"{size:,} bytes; a page may have {MAX_FILE:,}")
        return path.read_bytes()
    except OSError as error:
        raise InputError(str(path), _reason(error)) from error


def _read_stdin(stdin: BinaryIO | None) -> bytes:
    content = (stdin or sys.stdin.buffer).read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise InputError("-", f"standard input is longer than {MAX_FILE:,} bytes")
    return content


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
