"""Mail addresses, plain or disguised ("a[at]b.vn", "a @ b.vn", capitals)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scraper.models import Email, EmailLabel

# The sign is looked for first and its surroundings after that, so a long word without one costs a single pass.
_SIGN = re.compile(r"\s?@\s?|\s?[\[({<]\s?(?:@|at|a|a còng|a cong)\s?[\])}>]\s?|\s(?:at|a còng)\s", re.IGNORECASE)
_LOCAL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._+-]|\s?[\[({](?:dot|\.)[\])}]\s?)*$", re.IGNORECASE)
_DOT = r"(?:\.|\s?[\[({]\s?(?:dot|chấm|\.)\s?[\])}]\s?|\sdot\s)"
_DOMAIN = re.compile(
    rf"[A-Za-z0-9-]{{1,63}}(?:{_DOT}[A-Za-z0-9-]{{1,63}}){{0,8}}{_DOT}[A-Za-z]{{2,24}}(?![A-Za-z])", re.IGNORECASE
)
_DOTS = re.compile(_DOT, re.IGNORECASE)
_LOCAL_LONGEST, _DOMAIN_LONGEST = 64, 255


def read_emails(text: str, *, label: EmailLabel = "contact", labelled: bool = False) -> Iterator[Email]:
    """The addresses in `text`, in order. The bare word "at" is a sign only behind a label (`labelled`)."""
    if "@" not in text and "[" not in text and "(" not in text and "{" not in text and not labelled:
        return
    for sign in _SIGN.finditer(text):
        if sign.group().strip().isalpha() and not labelled:
            continue
        local = _LOCAL.search(text[max(0, sign.start() - _LOCAL_LONGEST) : sign.start()])
        domain = _DOMAIN.match(text[sign.end() : sign.end() + _DOMAIN_LONGEST])
        if local and domain:
            printed = local.group() + sign.group() + domain.group()
            address = _DOTS.sub(".", f"{local.group()}@{domain.group()}").lower()
            yield Email(address, label, printed if printed != address else None)
