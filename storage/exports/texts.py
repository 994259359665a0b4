"""What the text formats share: one way to write to either kind of stream, and JSON that is safe to look at."""

from __future__ import annotations

import codecs
import io
import json
import re
from typing import Any, BinaryIO, Protocol, TextIO, cast

_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Sink(Protocol):
    """Anything that takes text."""

    def write(self, text: str, /) -> object: ...


def sink(out: TextIO | BinaryIO) -> Sink:
    """What writes text to `out`, in UTF-8 where `out` takes bytes."""
    if isinstance(out, io.TextIOBase):
        return cast(TextIO, out)
    return codecs.getwriter("utf-8")(cast(BinaryIO, out), "backslashreplace")


def dumps(record: dict[str, Any]) -> str:
    """The record as one line of JSON.

    Beyond what JSON asks for, the characters that steer terminals (C1 controls) or that other programs take for line
    breaks (U+0085, U+2028, U+2029) are escaped, and so are lone surrogates, which UTF-8 cannot hold.
    """
    line = json.dumps(record, ensure_ascii=False, allow_nan=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", line)
