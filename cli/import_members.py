"""What an import makes of a member of a container: a record, or a note of an answer that articles may name. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from scraper.errors import SoftError

if TYPE_CHECKING:
    from scraper.containers import Member
    from scraper.models import Capture, Record
    from scraper.portals import Portal
    from storage.file_places import Met

_NO_FILE = re.compile(r"css|javascript|ecmascript|json|font|\.js$", re.IGNORECASE)
_NO_CONTENT = (206, 304)  # part of an answer; an answer that says that nothing has changed


def extracted(capture: Capture, portals: tuple[Portal, ...], cut: str | None) -> Record:
    """The record of a capture. cut: why it is not whole, which the record then says. Raises LuutruError."""
    from scraper.models import Problem
    from scraper.pipeline import extract_checked

    for name, value in capture.headers:
        if name.lower() == "sharepointerror":  # its error and access-denied pages answer 200
            raise SoftError(capture.name, f"SharePointError: {value[:40]}")
    record = extract_checked(capture, portals)
    if cut is None:
        return record
    doubt = Problem("truncated", "body_text", f"only its beginning was kept: {cut[:100]}")
    return replace(record, problems=(*record.problems, doubt))


def met_of(member: Member) -> Met | None:
    """What is noted of a member that is what a server answered, or a saved file: it may be a picture or attachment."""
    from storage.file_places import Met

    if member.url is None or member.kind == "page":
        return None
    if member.refers is not None:
        return Met(member.url, *member.place, date=member.date, told={"as": list(member.refers)})
    is_file = member.kind in ("resource", "file") and (member.kind == "file" or member.content_type is not None)
    is_answer = member.status is not None and member.status not in _NO_CONTENT and member.status >= 200
    return Met(member.url, *member.place, member.name, member.date) if is_file or is_answer else None


def may_be_file(member: Member) -> bool:
    """Whether a member that is no page may well be a picture or an attachment: no error, style sheet or script."""
    is_good = member.status is None or 200 <= member.status < 300
    return is_good and member.capture is None and not _NO_FILE.search(member.content_type or member.url or "")
