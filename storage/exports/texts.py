"""What the text formats share: one way to write to either kind of stream, values by their path, JSON that is safe."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Protocol, TextIO, cast

from scraper.text import STEERING

_UNSAFE = re.compile(f"[{STEERING}\ud800-\udfff]")


class Sink(Protocol):
    """Anything that takes text."""

    def write(self, text: str, /) -> object: ...


def sink(out: TextIO | BinaryIO) -> Sink:
    """What writes text to `out`, in UTF-8 where `out` takes bytes."""
    if isinstance(out, io.TextIOBase):
        return cast(TextIO, out)
    return codecs.getwriter("utf-8")(cast(BinaryIO, out), "backslashreplace")


def values(value: Any, path: Sequence[str], *, gaps: bool = False) -> Iterator[Any]:
    """Every value that is not None at the path's end; a step into a list takes every element's.

    gaps: an element without a value gives None, so that columns made from one list keep step with each other.
    """
    if isinstance(value, list):
        for item in value:
            found = list(values(item, path, gaps=gaps))
            yield from found or ([None] if gaps else [])
    elif path:
        if isinstance(value, dict):
            yield from values(value.get(path[0]), path[1:], gaps=gaps)
    elif value is not None:
        yield value


def dumps(value: Any, *, indent: int | None = None) -> str:
    """JSON data, as one line unless it is to be indented.

    Beyond what JSON asks for, the characters that steer terminals (C1 controls) or that other programs take for line
    breaks (U+0085, U+2028, U+2029) are escaped, and so are lone surrogates, which UTF-8 cannot hold.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
