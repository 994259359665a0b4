"""A stream that counts and digests what passes through it, for formats that list their own parts."""

from __future__ import annotations

import hashlib
from typing import BinaryIO


class Digested:
    """A binary stream for writing. size: bytes so far.  algorithms: names that hashlib knows."""

    def __init__(self, out: BinaryIO, *algorithms: str) -> None:
        self.size = 0
        self._out = out
        self._digests = {name: hashlib.new(name) for name in algorithms}

    def write(self, piece: bytes, /) -> int:
        """Pass a piece on."""
        self._out.write(piece)
        for digest in self._digests.values():
            digest.update(piece)
        self.size += len(piece)
        return len(piece)

    def flush(self) -> None:
        """Pass on what waits."""
        self._out.flush()

    def hexdigest(self, algorithm: str) -> str:
        """The digest of what has passed."""
        return self._digests[algorithm].hexdigest()
