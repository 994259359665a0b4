"""BibTeX: one `@misc` per record, UTF-8.

Names and titles stand in double braces, which keep TeX from taking names apart and from changing capitals. Whatever TeX
would obey is replaced; braces become words, because BibTeX counts them even behind a backslash. Keys are `luutru-` and
the article's id. `url` is verbatim, as the url package and biblatex expect it; what could end an address is
percent-encoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, TextIO

from storage.exports.citation import Citation, citations
from storage.exports.texts import sink

FIELDS = {
    "author": "author",
    "title": "title",
    "subtitle": "subtitle",
    "howpublished": "portal",
    "publisher": "publisher",
    "abstract": "summary",
    "keywords": "tags",
    "language": "language",
}
"""Field → part of the citation, in the order of writing; dates, address and note follow."""

_WHOLE = frozenset(["author", "title", "subtitle", "publisher"])
"""Fields in double braces."""
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: f"\\{sign}" for sign in "#$%&_"},
    }
)


def write(records: Iterable[dict[str, Any]], out: TextIO | BinaryIO) -> int:
    """Write the entries and give their number."""
    target, count = sink(out), 0
    for count, cited in enumerate(citations(records), 1):  # noqa: B007 - the last number is the answer
        fields = ",\n".join(f"  {name} = {value}" for name, value in _fields(cited))
        target.write(f"@misc{{luutru-{cited.id},\n{fields}\n}}\n\n")
    return count


def _fields(cited: Citation) -> Iterator[tuple[str, str]]:
    for name, part in FIELDS.items():
        value = getattr(cited, part)
        text = ", ".join(value) if isinstance(value, tuple) else value
        if text:
            value = text.translate(_ESCAPES)
            yield name, f"{{{{{value}}}}}" if name in _WHOLE else f"{{{value}}}"
    year, month, day = (*cited.published_day, 0, 0, 0)[:3]
    if year:
        yield "year", f"{{{year:04}}}"
    if month:
        yield "month", _MONTHS[month - 1]
    if day:
        yield "day", f"{{{day}}}"
    if cited.url:
        yield "url", f"{{{cited.url}}}"
    if len(cited.accessed) == 3:
        yield "urldate", "{{{:04}-{:02}-{:02}}}".format(*cited.accessed)
    if cited.source:
        yield "note", f"{{Source: {cited.source.translate(_ESCAPES)}}}"
