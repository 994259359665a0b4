"""Captions and picture credits: `… (Ảnh: X)`, `Ảnh: X/TTXVN`, `Photo by X`; "Ảnh minh họa" credits nobody."""

from __future__ import annotations

import re

from scraper.lines.byline import clean_name, labelled
from scraper.lines.names import is_foreign_name, is_person, is_unit

_FILE_NAME = re.compile(r"[^/\\:*?\"<>|\n]{1,200}\.(?:jpe?g|png|gif|bmp|webp|tiff?|jfif|heic|svg)", re.IGNORECASE)
# Without a colon: "(Ảnh Đặng Vân)", "Photo by Jane Roe", "Ảnh của Đặng Vân", "Ảnh do Đặng Vân cung cấp".
_NO_COLON = re.compile(
    r"(?:^|[(\[.!?]\s*|\s[-–—]\s)"
    r"(?:(?:ảnh|hình)\s(?:của\s|do\s)?|(?:photo|picture|image)s?\s(?:by|courtesy of|credit)?\s?)"
    r"(?P<who>[A-ZĐÀ-Ỹ][^()\[\]:]{1,60}?)(?:\s(?:cung cấp|chụp))?[)\].]*$",
    re.IGNORECASE,
)


def split_caption(text: str) -> tuple[str | None, str | None]:
    """(caption as printed, credit included; credit) of a tidied line. None for the caption of a mere credit."""
    found = [label for label in labelled(text) if label.kinds & {"credit", "source"}]
    found.sort(key=lambda label: "credit" not in label.kinds)
    if not found:
        return text or None, _without_colon(text)
    alone = not text[: found[0].start].strip(" ([-–—*")
    return (None if alone else text), found[0].value


def _without_colon(text: str) -> str | None:
    match = _NO_COLON.search(text[-120:])
    who = clean_name(match["who"]) if match else None
    return who if who and who[0].isupper() and (is_person(who) or is_unit(who) or is_foreign_name(who)) else None


def is_file_name(line: str) -> bool:
    """Whether a line is the name of a picture file and nothing else, as text renderings print it."""
    return _FILE_NAME.fullmatch(line.strip()) is not None
