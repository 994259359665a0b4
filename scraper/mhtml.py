"""Pages saved as MHTML (RFC 2557): the HTML part, with the address and time that the container states."""

from __future__ import annotations

import hashlib
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import cast

from scraper.errors import InputError
from scraper.models import Capture, CaptureInfo


def read_mhtml(content: bytes, name: str, url: str | None = None) -> Capture:
    """The page in an MHTML file. Raises InputError when it holds no HTML part."""
    message = cast(EmailMessage, message_from_bytes(content, policy=policy.default))
    part = next((p for p in message.walk() if p.get_content_type() in ("text/html", "application/xhtml+xml")), None)
    if part is None:
        raise InputError(name, "this MHTML file holds no HTML page")
    html = part.get_payload(decode=True)
    if not isinstance(html, bytes):
        raise InputError(name, "the HTML part of this MHTML file cannot be decoded")
    address = url or _address(part) or _address(message)
    charset = part.get_content_charset()
    info = CaptureInfo(
        requested_url=address,
        final_url=address,
        fetched_at=_time(message),
        content_type=f"text/html; charset={charset}" if charset else "text/html",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        source="mhtml",
    )
    return Capture(html, info, name)


def _address(part: EmailMessage) -> str | None:
    for header in ("Content-Location", "Snapshot-Content-Location"):
        value = str(part.get(header, "")).strip()
        if value.lower().startswith(("http://", "https://")):
            return value
    return None


def _time(message: EmailMessage) -> str | None:
    try:
        return parsedate_to_datetime(str(message["Date"])).isoformat()
    except (TypeError, ValueError):
        return None
