"""The end of a body: the mark "./." and the signature."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scraper.lines.cells import is_tool
from scraper.lines.names import signer

_LINE_LIMIT = 90  # a longer line is no signature
_END_MARK = re.compile(r"(?P<mark>\.\s?/{1,2}\s?\.|(?<![\w/])/\.|(?<=\w)\./)(?P<rest>[^./]{0,80}\.?)$")
_SENTENCE_END = re.compile(r"[.!?…”\"»)]$")


def end_mark(line: str) -> tuple[str, str] | None:
    """("./.", the words behind it) where a tidied line ends with the mark that closes official texts, signed or not."""
    tail = line[-120:]
    match = _END_MARK.search(tail) if "/" in tail else None
    if match is None or "://" in tail.rsplit(" ", 1)[-1]:
        return None
    return match["mark"], match["rest"].strip(" *")


def signature(lines: Sequence[str]) -> tuple[str, int] | None:
    """(name, index of its line) of whoever signs a body: behind the end mark, or on a line of its own after a finished
    sentence. Short lines that are no sentence (source, counter, controls, another list's heading) may follow it."""
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        marked = end_mark(line)
        if marked is not None:
            name = signer(marked[1], sure=True)
            return (name, at) if name else None
        name = signer(line) if len(line) <= _LINE_LIMIT and not is_tool(line) else None
        if name and at > 0 and _SENTENCE_END.search(lines[at - 1]):
            return name, at
        if len(line) > _LINE_LIMIT or (line[-1] in ".!?…" and not name):
            return None
    return None
