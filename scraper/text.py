"""Text as the rules compare it and as the record keeps it.

Two forms, never mixed: `tidy` for what is kept (NFC, layout white space and invisible characters gone, words untouched)
and `key` for comparing labels (case folded, Đ and its look-alikes united). Observed on portals: semi-composed letters,
U+200B inside words, U+00D0 for U+0110, no-break spaces around colons.
"""

from __future__ import annotations

import re
import unicodedata

INVISIBLE = (
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
STEERING = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""Inside a regular expression's brackets: DEL and C1 controls, marks of direction, line and paragraph separators: what
steers terminals, turns text around or ends lines for some programs, though JSON may hold it raw."""
_INVISIBLE = re.compile(f"[{INVISIBLE}\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BLANKS = "\n\r\t\xa0"
_EDGES = " :.-–—|*•()[]"
_MARKS = re.compile("[\u0300-\u036f]+")


def tidy(text: str) -> str:
    """One line as the record keeps it: NFC, no control or invisible characters, runs of white space as one blank."""
    text = text.strip()
    if not text.isprintable():
        for blank in _BLANKS:
            text = text.replace(blank, " ")
        if not text.isprintable():  # rarer white space, or what nobody sees
            text = " ".join(_INVISIBLE.sub("", text).split())
    while "  " in text:
        text = text.replace("  ", " ")
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def tidy_lines(text: str) -> str:
    """Several lines tidied one by one; empty lines are dropped."""
    return "\n".join(line for line in map(tidy, text.splitlines()) if line)


def key(text: str) -> str:
    """The comparing form of a label: tidied, case folded, Ð/ð/Đ as đ, edge punctuation gone. Tone marks stay."""
    return caseless(tidy(text))


def caseless(tidied: str) -> str:
    """`key` of a text that is tidy already, as the text of every block is."""
    return tidied.casefold().replace("ð", "đ").strip(_EDGES)


def fold(text: str) -> str:
    """The searching form: like `key` but without tone marks and with d for đ, so `Đồng Khởi` is `dong khoi`."""
    return unmarked(key(text))


def unmarked(caseless_text: str) -> str:
    """`fold` of a text that is in the comparing form already."""
    return _MARKS.sub("", unicodedata.normalize("NFD", caseless_text)).replace("đ", "d")
