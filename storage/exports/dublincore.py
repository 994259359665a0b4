"""Dublin Core as XML: an `oai_dc:dc` element per record inside one `records` element.

The elements are the fifteen of the Dublin Core element set (https://www.dublincore.org/specifications/dublin-core/dces/)
in the form that OAI-PMH gives them; `records` is ours. Characters that XML 1.0 forbids are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, BinaryIO, TextIO

from storage.exports.citation import Citation, citations
from storage.exports.texts import sink

ELEMENTS = (
    ("title", "title"),
    ("title", "subtitle"),
    ("creator", "author"),
    ("subject", "tags"),
    ("subject", "section"),
    ("description", "summary"),
    ("publisher", "publisher"),
    ("date", "published"),
    ("identifier", "url"),
    ("identifier", "id"),
    ("source", "source"),
    ("language", "language"),
    ("relation", "portal"),
    ("rights", "rights"),
)
"""Element → part of the citation, in the order of writing."""

_IN_WORDS = frozenset(["title", "subtitle", "tags", "section", "summary"])
"""Parts in the article's language."""
_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<records xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">
"""
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(records: Iterable[dict[str, Any]], out: TextIO | BinaryIO) -> int:
    """Write the document and give the number of its records."""
    target, count = sink(out), 0
    target.write(_HEAD)
    for count, cited in enumerate(citations(records), 1):  # noqa: B007 - the last number is the answer
        target.write("".join(["<oai_dc:dc>\n", *_elements(cited), "</oai_dc:dc>\n"]))
    target.write("</records>\n")
    return count


def _elements(cited: Citation) -> Iterator[str]:
    for name, part in ELEMENTS:
        value = getattr(cited, part)
        language = f' xml:lang="{cited.language}"' if cited.language and part in _IN_WORDS else ""
        for text in value if isinstance(value, tuple) else (value,):
            if text:
                yield f"  <dc:{name}{language}>{escape(_FORBIDDEN.sub('', text), quote=False)}</dc:{name}>\n"
    yield "  <dc:type>Text</dc:type>\n"
