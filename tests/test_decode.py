"""Bytes to text: what was encoded and rightly declared comes back; nothing raises."""

from __future__ import annotations

import codecs
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scraper.decode import decode, doubts_of_text

calm = settings(deadline=None)
WORDS = "Đồng Khởi, xã Mỹ Thạnh: ngày mưa, đường ướt; giữ nước ngọt cho lúa"
CP1258_TONES = "\u0300\u0309\u0303\u0301\u0323"
# Characters that documents hold: no controls, which parsers drop, and no surrogates, which are none.
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200)
LABELS = st.sampled_from(sorted(set(codecs.__dict__) | {"utf-8", "x-user-defined", "hex", "idna", "utf-7", "rot13"}))


def same(one: str, other: str) -> bool:
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def semicomposed(text: str) -> str:
    """Text as windows-1258 writes it: base letters composed, the five tone marks on their own."""
    out = []
    for char in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", char)
        tones = "".join(mark for mark in parts if mark in CP1258_TONES)
        out.append(unicodedata.normalize("NFC", "".join(part for part in parts if part not in CP1258_TONES)) + tones)
    return "".join(out)


@calm
@given(TEXT)
@example(WORDS)
def test_declared_by_the_header(text: str) -> None:
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be"):
        read = decode(text.encode(encoding), f"text/html; charset={encoding}")
        if not text.startswith("\ufeff"):
            assert read.text == text, encoding
        assert read.utf8.decode("utf-8") == read.text


@calm
@given(TEXT)
def test_a_byte_order_mark_beats_every_declaration(text: str) -> None:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        read = decode(mark + text.encode(encoding), "text/html; charset=windows-1252")
        assert (read.text, read.charset) == (text, encoding)
        assert decode(mark).text == ""


@calm
@given(st.sampled_from(["cp1252", "cp1258", "cp1250", "iso8859-15", "koi8-r", "big5", "gb18030", "shift_jis"]), TEXT)
@example("cp1258", WORDS)
@example("cp1252", "Ã©")
def test_legacy_encodings_come_back(encoding: str, text: str) -> None:
    text = semicomposed(text) if encoding == "cp1258" else text
    content = text.encode(encoding, "ignore")
    text = content.decode(encoding)
    for read in (
        decode(content, f'text/html; charset="{encoding.upper()}"'),
        decode(f"<meta charset={encoding}>".encode() + content),
        decode(f'<meta http-equiv="Content-Type" content="text/html; charset={encoding}">'.encode() + content),
        decode(f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + content),
    ):
        said = read.text[read.text.rfind(">", 0, len(read.text) - len(text)) + 1 :] if read.charset != "utf-8" else ""
        if read.charset == "utf-8":  # these very bytes are letters in UTF-8 as well
            assert content.decode("utf-8") in read.text
            assert content.isascii() or [problem.code for problem in read.problems] == ["charset_mismatch"]
        else:
            assert same(said, text)


def test_vietnamese_in_windows_1258_with_separate_tones() -> None:
    content = semicomposed(WORDS).encode("cp1258")
    assert len(content) > len(WORDS)
    assert same(decode(content, "text/html; charset=windows-1258").text, WORDS)


@calm
@given(st.binary(max_size=400), st.one_of(st.none(), st.text(max_size=40), LABELS.map("text/html; charset={}".format)))
@example(b"\xff", "text/html; charset=idna")
@example(b"\xff", "text/html; charset=punycode")
@example(b"x\xff", "text/html; charset=undefined")
@example(b"x\xff", "text/html; charset=rot13")
@example(b"\\N{BELL}\xff", "text/html; charset=unicode_escape")
@example(b"<meta charset=zlib>\xff", None)
@example(b"\x00<\x00m\xff", "text/html; charset=utf-16")
def test_any_bytes_are_read(content: bytes, content_type: str | None) -> None:
    read = decode(content, content_type)
    assert "\x00" not in read.text
    assert read.utf8.decode("utf-8") == read.text.encode("utf-8", "replace").decode("utf-8")
    codecs.lookup(read.charset)


@pytest.mark.parametrize(
    ("content", "content_type", "charset", "codes"),
    [
        (WORDS.encode(), "text/html", "utf-8", []),
        (WORDS.encode(), "text/html; charset=iso-8859-1", "utf-8", ["charset_mismatch"]),
        (b"plain", "text/html; charset=iso-8859-1", "cp1252", []),
        (WORDS.encode() + b"\xff", "text/html; charset=utf-8", "utf-8", ["bad_bytes"]),
        ("“mưa”".encode("cp1258"), "text/html; charset=windows-1258", "cp1258", []),
        (b"\x93quoted\x94", "text/html; charset=us-ascii", "cp1252", []),
        (b"<meta charset='utf-16'>plain", None, "utf-8", []),
    ],
)
def test_what_wins(content: bytes, content_type: str | None, charset: str, codes: list[str]) -> None:
    read = decode(content, content_type)
    assert (read.charset, [problem.code for problem in read.problems]) == (charset, codes)


def test_text_that_was_decoded_wrongly_elsewhere_is_reported_and_left_alone() -> None:
    twice = WORDS.encode().decode("cp1252", "replace")
    assert [problem.code for problem in doubts_of_text(WORDS * 20)] == []
    assert [problem.code for problem in doubts_of_text(twice * 5)] == ["mojibake"]
    # The same sentence in the byte order of .VnTime fonts, as Latin-1 shows it.
    legacy = "®ång ruéng, ®­êng ­ít; gi÷ n­íc ngät cho lóa, mïa kh« h¹n mÆn, bµ con xuèng gièng muén h¬n mäi n¨m. "
    assert [problem.code for problem in doubts_of_text(legacy * 9)] == ["legacy_encoding"]
    assert (
        doubts_of_text("« L'été où le père Noël naît à Zürich », écrit-elle : £3 ± 1 µm, ½ kg, «ça va» ? " * 30) == ()
    )


@pytest.mark.parametrize(
    "content",
    [
        b"\xff" * 3_000_000,
        b"<meta " * 500_000,
        b"<meta charset=" + b"a" * 1_000_000,
        b" " * 1_000_000 + b"\xff",
        ("Tiếng Việt " * 200_000).encode() + b"\xff",
        b"\x00" * 3_000_000,
    ],
    ids=["one byte", "metas", "long label", "blanks", "nearly UTF-8", "NUL"],
)
def test_large_hostile_documents(content: bytes) -> None:
    assert len(decode(content).text) <= len(content)
