"""What an archive's replay puts into a page, taken out again: banners, scripts, rewritten links. Pure, linear in time.

Only for archives that do not give the original bytes; what is left reads like the original, byte for byte it need not.
"""

from __future__ import annotations

import re

_MARKS = re.compile(
    rb"BEGIN WAYBACK TOOLBAR INSERT|End Wayback Rewrite JS Include|WB Insert -->|wombat\.js|__wm\.(?:init|wombat|bt)"
    rb"|wbinfo\.(?:url|timestamp)\s*=|FILE ARCHIVED ON [0-9:]+",
)
# (beginning, end) of what replays insert, ends included. The first two are the Internet Archive's, the third pywb's.
_INSERTS = (
    (b"<!-- BEGIN WAYBACK TOOLBAR INSERT -->", b"<!-- END WAYBACK TOOLBAR INSERT -->"),
    (b"<!-- Begin Wayback Rewrite JS Include -->", b"<!-- End Wayback Rewrite JS Include -->"),
    (b"<!-- WB Insert -->", b"<!-- End WB Insert -->"),
)
_HEAD_END = b"<!-- End Wayback Rewrite JS Include -->"
_OURS = re.compile(rb"/_static/|/static/wombat|archive\.org/includes/|__wm\.|wombat|wbinfo|_wm\.", re.IGNORECASE)
_SCRIPT = re.compile(rb"<(script|style)\b[^>]{0,2000}>", re.IGNORECASE)
_LINK = re.compile(rb"<link\b[^>]{0,2000}/_static/[^>]{0,500}>\s*", re.IGNORECASE)
_REPLAYED = rb"[0-9]{1,14}(?:[a-z]{2}_)?/((?:https?|ftp):(?://|\\/\\/)|mailto:|javascript:)"
_NOTE = re.compile(rb"<!--\s{0,200}(?:FILE ARCHIVED ON [0-9:]+|playback timings)[^<>]{0,4000}-->", re.IGNORECASE)


def is_rewritten(content: bytes) -> bool:
    """Whether a page bears the marks of a replay."""
    return _MARKS.search(content) is not None


def stripped(content: bytes, prefix: str) -> bytes:
    """A replayed page without what the replay put in.

    prefix: what precedes the time stamp in the archive's replay addresses: `https://web.archive.org/web/`.
    """
    for beginning, end in _INSERTS:
        content = _cut(content, beginning, end)
    content = _NOTE.sub(b"", _LINK.sub(b"", _without_scripts(content)))
    content = content.replace(_HEAD_END, b"")
    host, slash, path = prefix.partition("://")[2].partition("/")
    own, place = re.escape(host).encode(), re.escape(slash + path).encode()
    links = re.compile(rb"(?:(?:https?:)?//%s)?%s%s" % (own, place, _REPLAYED), re.IGNORECASE)
    return links.sub(rb"\1", content)


def _cut(content: bytes, beginning: bytes, end: bytes) -> bytes:
    kept: list[bytes] = []
    at = 0
    while (start := content.find(beginning, at)) >= 0:
        stop = content.find(end, start)
        if stop < 0:
            break
        kept.append(content[at:start])
        at = stop + len(end)
        at += content[at : at + 1] == b"\n"
    return b"".join([*kept, content[at:]])


def _without_scripts(content: bytes) -> bytes:
    """Without scripts of the archive's own."""
    kept: list[bytes] = []
    at = looked = 0
    lower = content.lower()
    while match := _SCRIPT.search(content, looked):
        closing = b"</" + match[1].lower() + b">"
        stop = lower.find(closing, match.end())
        if stop < 0:
            break
        looked = stop + len(closing)
        if _OURS.search(match[0]) or (stop - match.end() < 20_000 and _OURS.search(content, match.end(), stop)):
            kept.append(content[at : match.start()])
            at = looked
    return b"".join([*kept, content[at:]])
