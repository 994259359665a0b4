"""Web addresses that a footer prints."""

from __future__ import annotations

import re

_SITE = re.compile(
    r"""https?://[^\s"'“”‘’<>(),;]{3,200}
    |(?<![\w@./-])(?:[a-z0-9-]{1,63}\.){1,6}(?:vn|com|net|org|info|edu|gov|asia|eu)(?![\w@-])(?:/[^\s"'“”‘’<>(),;]{0,150})?
    |(?<=["'“‘])(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,10}(?=["'”’])""",
    re.VERBOSE | re.IGNORECASE,
)
_ELSEWHERE = re.compile(r"(?:facebook|fb|youtube|youtu|twitter|zalo|tiktok|instagram|gmail|yahoo)\.", re.IGNORECASE)


def read_website(text: str) -> str | None:
    """The first web address in `text` as printed, or None. Addresses on social networks are not the portal's."""
    if "." not in text:
        return None
    for match in _SITE.finditer(text):
        site = match.group().rstrip("./") if not match.group().endswith("/") else match.group().rstrip(".")
        if not _ELSEWHERE.search(site):
            return site
    return None
