"""luutru as a library, and `python -m luutru`.

    import luutru

    record = luutru.extract(html_bytes, url="https://portal.example/tin?ItemID=7")
    with luutru.open("archive") as archive:
        archive.put(record)

Records are the dicts of docs/record.md. Errors are subclasses of `LuutruError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from scraper.errors import (
    AccessDenied,
    ArchiveError,
    Corrupt,
    Disallowed,
    ExtractError,
    FetchError,
    InputError,
    Locked,
    LoginPage,
    LuutruError,
    NetworkError,
    NoSpace,
    NotAListing,
    NotAnArticle,
    NotFound,
    OffSite,
    OutOfTime,
    RateLimited,
    RuleCountError,
    SchemaTooNew,
    SoftError,
    Threshold,
    TooLarge,
)

if TYPE_CHECKING:
    from pathlib import Path

    from storage.archive import Archive

__all__ = [
    "AccessDenied",
    "ArchiveError",
    "Corrupt",
    "Disallowed",
    "ExtractError",
    "FetchError",
    "InputError",
    "Locked",
    "LoginPage",
    "LuutruError",
    "NetworkError",
    "NoSpace",
    "NotAListing",
    "NotAnArticle",
    "NotFound",
    "OffSite",
    "OutOfTime",
    "RateLimited",
    "RuleCountError",
    "SchemaTooNew",
    "SoftError",
    "Threshold",
    "TooLarge",
    "extract",
    "open",
]


def extract(content: bytes, *, url: str | None = None, content_type: str = "text/html") -> dict[str, Any]:
    """The record of a page's bytes. Raises NotAnArticle when the page holds none.

    content_type: as a server would send it, charset included; `text/plain` for a text rendering.
    """
    import hashlib

    from scraper.models import Capture, CaptureInfo, to_dict
    from scraper.pipeline import extract_checked

    info = CaptureInfo(
        requested_url=url,
        final_url=url,
        content_type=content_type,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        source="text" if content_type.lower().startswith("text/plain") else "file",
    )
    record: dict[str, Any] = to_dict(extract_checked(Capture(content, info, url or "")))
    return record


def open(path_or_url: str | Path, *, mode: Literal["r", "w"] = "w") -> Archive:
    """The archive in a folder, as a context manager: put, put_many, get, find, history, tables, len.

    Raises ArchiveError; in mode "r" also where there is no archive.
    """
    from storage.archive import Archive

    return Archive.open(path_or_url, mode=mode)


if __name__ == "__main__":
    from cli.app import main

    main()
