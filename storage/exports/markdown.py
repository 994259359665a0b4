"""A folder of Markdown files, one per article, with the fields as YAML front matter.

The body is the article's text (`body_text`), paragraph by paragraph, with whatever Markdown would obey escaped, so that
it reads as printed; its tables, links and emphasis are not carried over. Pictures and attachments follow as lists of
links, never as pictures to load. Front matter values are JSON, which YAML reads alike.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from scraper.text import fold, tidy
from storage.exports.citation import Citation, citation, line, web_address
from storage.exports.texts import dumps

FRONT = (
    "id revision url title subtitle section summary author source published_at published_precision updated_at language "
    "tags views content_type list_path item_id images attachments first_seen last_seen gone_at content_hash"
).split()
FRONT_AGENCY = ("portal_name", "managing_agency", "operating_unit", "website")
"""Fields of the front matter, in this order, as the record and its agency hold them; empty ones are left out."""

_NAME_CHARACTERS = 60
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_INLINE = re.compile(r"[\\`*_{}\[\]|~$#]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BLOCK = re.compile("[+=:-]|[0-9]{1,9}[.)]")
"""What begins a list, a heading or a rule at a line's start; its last character is the one to escape."""
_NOT_YAML = re.compile("[\ufeff\ufffe\uffff]")


def write(records: Iterable[dict[str, Any]], folder: Path) -> int:
    """Write the files into an empty folder and give their number. Names are `<day>-<words of the title>-<id>.md`.

    Names are of a-z, 0-9 and hyphens, fit for every file system. A file that is there already is never opened.
    """
    count = 0
    for count, record in enumerate(records, 1):
        cited = citation(record, count)
        descriptor = os.open(folder / _name(cited), _FLAGS, 0o666)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
            out.writelines(_page(record, cited))
    return count


def is_name(name: str) -> bool:
    """Whether `write` could have given a file that name."""
    return re.fullmatch(r"[a-z0-9-]+-(?:[a-z2-7]{12}|record-[0-9]+)\.md", name) is not None


def _name(cited: Citation) -> str:
    day = "-".join(f"{part:02}" for part in cited.published_day) or "undated"
    words = re.sub("[^a-z0-9]+", "-", fold(cited.title or ""))[:_NAME_CHARACTERS].strip("-")
    return "-".join(filter(None, [day, words, cited.id])) + ".md"


def _page(record: dict[str, Any], cited: Citation) -> Iterator[str]:
    yield "---\n"
    agency = record.get("agency")
    for holder, names in ((record, FRONT), (agency if isinstance(agency, dict) else {}, FRONT_AGENCY)):
        for name in names:
            if holder.get(name) not in (None, "", [], {}):
                value = _NOT_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", dumps(holder[name]))
                yield f"{name}: {value}\n"
    yield "---\n"
    if cited.title:
        yield f"\n# {_inline(cited.title)}\n"
    for mark, text in (("*", cited.subtitle), ("**", cited.summary)):
        if text:
            yield f"\n{mark}{_inline(text)}{mark}\n"
    body = record.get("body_text")
    for paragraph in re.split(r"\n\s*\n", body if isinstance(body, str) else ""):
        if rows := [tidy(row) for row in paragraph.splitlines() if tidy(row)]:
            yield "\n" + "\\\n".join(map(escaped, rows)) + "\n"
    for heading, field in (("Images", "images"), ("Attachments", "attachments")):
        items = record.get(field)
        if links := [link for link in map(_link, items if isinstance(items, list) else ()) if link]:
            yield f"\n## {heading}\n\n" + "".join(f"- {link}\n" for link in links)


def escaped(text: str) -> str:
    """One line of text as Markdown that shows just that text."""
    text = _inline(text)
    found = _BLOCK.match(text)
    return text if found is None else f"{text[: found.end() - 1]}\\{text[found.end() - 1 :]}"


def _inline(text: str) -> str:
    text = re.sub("[&<>]", lambda found: _ENTITIES[found[0]], text)
    return _INLINE.sub(lambda found: f"\\{found[0]}", text)


def _link(item: Any) -> str:
    if not isinstance(item, dict):
        return ""
    label = line(item, "caption") or line(item, "label") or line(item, "alt") or line(item, "file_name") or ""
    address = web_address(item, "url")
    return f"[{_inline(label or address)}](<{address.replace('&', '&amp;')}>)" if address else escaped(label)
