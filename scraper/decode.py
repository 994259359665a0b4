"""Bytes to text: BOM, then the HTTP charset, then the document's own declaration, then detection.

The order is that of the WHATWG encoding standard, with one exception observed on portals: bytes that are valid UTF-8
and hold multi-byte letters are UTF-8 whatever a header claims (a false label then raises a problem). Nothing is
repaired: mojibake and legacy Vietnamese fonts are reported, never converted.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from scraper.models import Problem

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META = re.compile(rb"""<meta\b[^>]{0,400}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml\b[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.:-]{2,40})""")
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_MARKUP = re.compile(rb"<(?:!doctype|\?xml|html|head|meta|body|title)\b", re.IGNORECASE)
_SNIFF = 4096
# What browsers read for these labels (WHATWG encoding standard, "names and labels").
_BROWSER_NAMES = {"iso8859-1": "cp1252", "latin-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254"}
# Encodings of Python's own, and one that the standard forbids.
_NEVER = frozenset(
    ["idna", "mbcs", "oem", "palmos", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"]
)
# What a detector may name: the single-byte and East Asian encodings of the standard; others are wild guesses.
_GUESSES = re.compile(
    r"cp125\d|iso8859-\d+|koi8-[ru]|cp866|cp874|gb18030|gbk|gb2312|big5|euc_jp|shift_jis|euc_kr|utf-16"
)
# Doubly encoded UTF-8: the lead bytes of Vietnamese letters seen as Latin letters.
_MOJIBAKE_LEADS = ("áº", "á»", "Ã", "Æ°", "Ä\u0091")
_MOJIBAKE = re.compile("áº[\u0080-\u00bf]|á»[\u0080-\u00bf]|Ã[\u0080-\u00bf]|Æ°|Ä\u0091")
# TCVN3 (.VnTime) text read as Latin-1: signs that Vietnamese never puts between letters.
_TCVN3 = re.compile("[A-Za-z][µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞãßáâä«åèæçé¬êíëìîïóñòô-õúùûüþ][A-Za-z ]")
_TCVN3_MARKS = "µ¸¶·¹¨¾¼½®«¬þ÷×"
_LATIN_MARKS = re.compile(f"[A-Za-z][{_TCVN3_MARKS}][A-Za-z]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """text: the document without BOM and NUL characters.  charset: what it was decoded with (a Python codec name).

    utf8: the same as UTF-8 bytes, for parsers.
    """

    text: str
    charset: str
    utf8: bytes
    problems: tuple[Problem, ...] = ()


def decode(content: bytes, content_type: str | None = None) -> Decoded:
    """Decode a document; never raises. Undecodable bytes become U+FFFD and raise the problem `bad_bytes`."""
    for bom, name in _BOMS:
        if content.startswith(bom):
            return _decoded(content[len(bom) :], name, name)
    header = _HEADER.search(content_type or "")
    declared = _codec(header.group(1)) if header else None
    if declared is None:
        meta = _META.search(content, 0, _SNIFF) or _XML.search(content, 0, _SNIFF)
        declared = _codec(meta.group(1).decode("ascii")) if meta else None
    if declared and declared.startswith(("utf-16", "utf-32")):
        if not meta_readable(content):
            return _decoded(content, declared, declared)
        declared = "utf-8"  # readable markup cannot stand in UTF-16
    utf8 = _as_utf8(content)
    if utf8 is not None and (declared is None or declared == "utf-8" or not content.isascii()):
        return _decoded(content, "utf-8", declared, utf8)
    return _decoded(content, declared or _detect(content), declared)


def meta_readable(content: bytes) -> bool:
    """Whether the document's start is written in single ASCII bytes."""
    return _MARKUP.search(content, 0, _SNIFF) is not None


def _as_utf8(content: bytes) -> str | None:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _codec(label: str) -> str | None:
    """The Python codec of an encoding's label; None for what is no encoding of documents ("hex", "idna", "utf-7")."""
    try:
        codec = codecs.lookup(label)
    except LookupError:
        return None
    if codec.name in _NEVER or not codec._is_text_encoding:
        return None
    return _BROWSER_NAMES.get(codec.name, codec.name)


def _detect(content: bytes) -> str:
    """Guess by the detector that ships with BeautifulSoup; windows-1252 as browsers do when it has no opinion."""
    from bs4.dammit import EncodingDetector

    for guess in EncodingDetector(content[:200_000], is_html=True).encodings:
        name = _codec(guess)
        if name and _GUESSES.fullmatch(name):
            return name
    return "cp1252"


def _decoded(content: bytes, charset: str, declared: str | None, text: str | None = None) -> Decoded:
    problems = []
    if text is None:
        text = content.decode(charset, "replace")
        if "\ufffd" in text:
            problems.append(Problem("bad_bytes", None, f"some bytes are not {charset}"))
    if declared and declared != charset:
        problems.append(Problem("charset_mismatch", None, f"declared as {declared}, decoded as {charset}"))
    if (b"\x00" in content) if charset == "utf-8" else ("\x00" in text):
        text = text.replace("\x00", "")
    elif charset == "utf-8" and not problems:
        return Decoded(text, charset, content)
    return Decoded(text, charset, text.encode("utf-8", "replace"), tuple(problems))


def doubts_of_text(text: str) -> tuple[Problem, ...]:
    """Problems that the words themselves show: doubly encoded UTF-8, or a legacy Vietnamese font behind Latin-1."""
    problems = []
    if any(lead in text for lead in _MOJIBAKE_LEADS) and len(_MOJIBAKE.findall(text, 0, 50_000)) >= 3:
        problems.append(Problem("mojibake", "body_text", "the text looks like UTF-8 that was decoded twice"))
    elif any(mark in text for mark in _TCVN3_MARKS) and _looks_like_tcvn3(text[:20_000]):
        problems.append(Problem("legacy_encoding", "body_text", "the text looks like a legacy Vietnamese font (TCVN3)"))
    return tuple(problems)


def _looks_like_tcvn3(text: str) -> bool:
    marks = len(_LATIN_MARKS.findall(text))
    return marks >= 3 and len(_TCVN3.findall(text)) >= max(5, len(text) // 60)
