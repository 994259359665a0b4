"""One record on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cli.render import console, safe


def draw_record(record: dict[str, Any], *, color: bool) -> None:
    """Print a stored record for people: headline, whether it is gone, facts, lead, body, lists, agency."""
    from rich.text import Text

    screen = console(color=color)
    screen.print(Text(safe(record.get("title") or "(no title)"), style="bold"))
    if record.get("subtitle"):
        screen.print(Text(safe(record["subtitle"]), style="italic"))
    if record.get("gone_at"):
        why = f": {safe(record['gone_reason'])}" if record.get("gone_reason") else ""
        screen.print(Text(f"no longer published, noted {safe(record['gone_at'])}{why}", style="bold magenta"))
    for label, value in _facts(record):
        screen.print(Text.assemble((f"{label:<11}", "cyan"), safe(value)))
    if record.get("summary"):
        screen.print()
        screen.print(Text(safe(record["summary"]), style="bold"))
    for paragraph in (record.get("body_text") or "").split("\n\n"):
        screen.print()
        screen.print(Text("\n".join(safe(line) for line in paragraph.split("\n"))))
    screen.print()
    for label, value in _lists(record):
        screen.print(Text.assemble((f"{label:<11}", "cyan"), safe(value)))


def _facts(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    named = {
        "id": f"{record.get('id')} (revision {record.get('revision')})",
        "published": record.get("published_at"),
        "updated": record.get("updated_at"),
        "section": record.get("section"),
        "author": record.get("author"),
        "source": record.get("source"),
        "address": record.get("url"),
        "views": record.get("views"),
        "tags": ", ".join(record.get("tags") or ()),
        "first seen": record.get("first_seen"),
    }
    for label, value in named.items():
        if value not in (None, ""):
            yield label, str(value)


def _lists(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for image in record.get("images") or ():
        caption = f": {image['caption']}" if image.get("caption") else ""
        yield "picture", f"{image.get('file_name') or (image.get('url') or '')[:80]}{caption}"
    for file in record.get("attachments") or ():
        yield "file", f"{file.get('label') or file.get('file_name')} <{file.get('url')}>"
    for file in record.get("files") or ():
        yield str(file.get("status")), _file_line(file)
    yield from agency_lines(record.get("agency") or {})
    for problem in record.get("problems") or ():
        yield "problem", f"{problem.get('code')}: {problem.get('message')}"


def _file_line(file: dict[str, Any]) -> str:
    """One kept, missing or refused file: its name, then what is known of it."""
    facts = [
        file.get("content_type"),
        f"{file['bytes']:,} bytes" if isinstance(file.get("bytes"), int) else None,
        f"since {file['missing_since']}" if file.get("missing_since") else None,
        file.get("error"),
    ]
    where = file.get("path") or f"<{file.get('url')}>"
    return f"{', '.join(filter(None, [file.get('file_name') or file.get('url'), *facts]))}: {where}"


def agency_lines(agency: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Label and value of each fact of an agency, in words for people."""
    for name in ("portal_name", "managing_agency", "operating_unit", "address"):
        if agency.get(name):
            yield "agency", str(agency[name])
    person = agency.get("responsible_person")
    if person:
        yield (
            "person",
            ", ".join(filter(None, [person.get("name"), *person.get("roles", ()), person.get("organisation")])),
        )
    for name, label in (("phones", "phone"), ("faxes", "fax"), ("hotlines", "hotline")):
        for phone in agency.get(name) or ():
            yield label, f"{phone.get('raw')}" + (f" = {phone['e164']}" if phone.get("e164") else "")
    for email in agency.get("emails") or ():
        yield "mail", f"{email.get('address')} ({email.get('label')})"
    license_ = agency.get("license") or {}
    if license_.get("number"):
        yield "licence", ", ".join(str(license_[key]) for key in ("number", "issued_on", "issuer") if license_.get(key))
    for name, label in (("copyright_notice", "copyright"), ("website", "website")):
        if agency.get(name):
            yield label, str(agency[name])
