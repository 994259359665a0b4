"""CSL-JSON (https://citationstyles.org, schema 1.0.2): one JSON array of items of type `webpage`, an item to a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO, TextIO

from storage.exports.citation import Citation, citations
from storage.exports.json import write_array
from storage.exports.texts import sink


def write(records: Iterable[dict[str, Any]], out: TextIO | BinaryIO) -> int:
    """Write the array and give the number of its items."""
    return write_array(map(_item, citations(records)), sink(out))


def _item(cited: Citation) -> dict[str, Any]:
    notes = [f"{label}: {text}" for label, text in (("Subtitle", cited.subtitle), ("Source", cited.source)) if text]
    item = {
        "id": cited.id,
        "type": "webpage",
        "title": cited.title,
        "container-title": cited.portal,
        "author": [{"literal": cited.author}] if cited.author else None,
        "issued": {"date-parts": [list(cited.published_day)]} if cited.published_day else None,
        "accessed": {"date-parts": [list(cited.accessed)]} if cited.accessed else None,
        "publisher": cited.publisher,
        "section": cited.section,
        "abstract": cited.summary,
        "keyword": ", ".join(cited.tags),
        "language": cited.language,
        "URL": cited.url,
        "note": "; ".join(notes),
    }
    return {name: value for name, value in item.items() if value}
