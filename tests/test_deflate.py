"""gzip members by ISA-L and by zlib: each reads the other's, and damage is damage to both."""

from __future__ import annotations

import importlib
import sys
import zlib
from collections.abc import Iterator
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper import deflate

_BYTES = st.binary(max_size=3_000) | st.text("ab ", max_size=3_000).map(lambda text: text.encode() * 20)


@pytest.fixture(name="without")
def _without() -> Iterator[ModuleType]:
    """The module as it is where ISA-L is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "isal", None)
        yield importlib.reload(deflate)
    importlib.reload(deflate)


def _packed(data: bytes) -> bytes:
    deflater = deflate.gzip_deflater()
    return deflater.compress(data) + deflater.flush()


def _inflated(data: bytes, step: int) -> tuple[bytes, bool, bytes]:
    """What is in it, whether it ended, what stands behind it. Raises DeflateError."""
    inflater, out = deflate.gzip_inflater(), b""
    while data and not inflater.eof:
        piece = inflater.decompress(data, step)
        out += piece
        data = inflater.unconsumed_tail
    return out, inflater.eof, inflater.unused_data


def test_isal_is_used() -> None:
    pytest.importorskip("isal", reason="no wheel of isal for this machine")
    assert deflate.codec.__name__ == "isal.isal_zlib"


def test_without_isal(without: ModuleType) -> None:
    assert without.codec is zlib
    assert _inflated(_packed(b"portal" * 500) + b"next", 100) == (b"portal" * 500, True, b"next")


@given(_BYTES, st.integers(1, 5_000))
def test_zlib_reads_it_and_it_reads_zlib(data: bytes, step: int) -> None:
    assert zlib.decompress(_packed(data), 31) == data
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    packed = packer.compress(data) + packer.flush()
    assert _inflated(packed + b"next", step) == (data, True, b"next")


@given(_BYTES, st.lists(st.tuples(st.integers(0), st.integers(1, 255)), max_size=3), st.integers(0))
def test_damage_is_found_as_zlib_finds_it(data: bytes, flips: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(zlib.compress(data, 6, 31))
    for place, change in flips:
        damaged[place % len(damaged)] ^= change
    damaged[3] &= 0x1F  # the reserved flags of a header: zlib refuses them, ISA-L does not look
    del damaged[cut % (len(damaged) + 1) :]
    known = zlib.decompressobj(31)
    try:
        expected = known.decompress(bytes(damaged))
        whole = known.eof
    except zlib.error:
        expected, whole = b"", False
    try:
        found, ended, _ = _inflated(bytes(damaged), 1 << 20)
    except deflate.DeflateError:
        found, ended = b"", False
    assert ended == whole
    assert not whole or found == expected
