"""What came in answer to a door's request: JSON or XML read within limits, or a typed error saying what came instead.

Answers are hostile: sizes and counts are bounded, document type declarations (and with them entities) are refused, and
nothing outside the bytes is ever looked at.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from scraper.addresses import shown
from scraper.answers import failure
from scraper.errors import AccessDenied, LuutruError, NotAListing, Threshold
from scraper.models import Capture

MAX_JSON = 8_000_000
"""Longest JSON answer, in bytes: 5,000 rows, the most that SharePoint gives, take about 2 MB."""
MAX_ELEMENTS = 1_000_000
"""Most elements of an XML answer: 100,000 rows with ten columns each."""

_HEAD = 8_192
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_PASSWORD = re.compile(rb"""<input\b[^>]{0,500}\btype\s*=\s*["']?password""", re.IGNORECASE)
# An error of SharePoint's interfaces: `odata.error`, `error` with a code, or `<m:error><m:code>`.
_ERROR = re.compile(rb"""["<](?:odata\.|@odata\.|m:)?error\b""", re.IGNORECASE)
_CODE = re.compile(rb"""code["']?\s*[>:]\s*["']?\s*(-?[0-9A-Za-z_.]{1,60})""", re.IGNORECASE)
# SPQueryThrottledException and UnauthorizedAccessException, in decimal and as the HRESULT that owssvr prints.
_CODES: tuple[tuple[re.Pattern[bytes], type[Threshold] | type[AccessDenied]], ...] = (
    (re.compile(rb"-2147024860\b|\b0x80070024\b", re.IGNORECASE), Threshold),
    (re.compile(rb"-2147024891\b|\b0x80070005\b", re.IGNORECASE), AccessDenied),
)
# What XML 1.0 (2.2) forbids and SharePoint prints all the same, raw or as references; UTF-16 is left as it is.
_FORBIDDEN = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]"
    rb"|&#(?:x0{0,6}(?:[0-8bcef]|1[0-9a-f]|d[89a-f][0-9a-f]{2}|fff[ef])|0{0,6}(?:[0-8]|1[124-9]|2[0-9]|3[01]));",
    re.IGNORECASE,
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")


def address_of(capture: Capture) -> str:
    """The address that answered, "" where the capture names none."""
    return capture.info.final_url or capture.info.requested_url or ""


def refusal(capture: Capture, cause: str = "") -> LuutruError:
    """The error that an answer of another shape means: Threshold, AccessDenied, else NotAListing saying what came.

    cause: what to say where the answer is neither an error of SharePoint's nor an HTML page.
    """
    source, head = shown(capture.name or address_of(capture)), capture.content[:_HEAD]
    error = _ERROR.search(head)
    page = _HTML.search(head, 0, 1_000)
    if error is not None or page is not None:
        for pattern, kind in _CODES:
            if found := pattern.search(head):
                return failure(kind, source, f"SharePoint's error {found[0].decode()}")
    return NotAListing(source, cause if cause and error is page is None else _what_came(capture.content, error))


def _what_came(content: bytes, error: re.Match[bytes] | None) -> str:
    """In words, the kind of an answer that lists nothing."""
    head = content[:_HEAD].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if not head:
        return "the answer is empty"
    if error is not None:
        code = _CODE.search(content, error.start(), _HEAD)
        return f"the server's error {code[1].decode()}" if code else "the server reports an error"
    if _HTML.search(head):
        return "a login form came instead" if _PASSWORD.search(content, 0, 500_000) else "an HTML page came instead"
    if head.startswith((b"{", b"[")):
        return "JSON of another shape came instead"
    return "XML of another kind came instead" if head.startswith(b"<") else "neither JSON nor XML"


def is_json(capture: Capture) -> bool:
    """Whether an answer starts as a JSON object or array does."""
    return capture.content[:200].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith((b"{", b"["))


def read_json(capture: Capture) -> Any:
    """The value of a JSON answer; broken letters become U+FFFD.

    Raises as `refusal` says where it is none, is longer than MAX_JSON or is nested beyond reason.
    """
    content = capture.content
    if len(content) > MAX_JSON:
        raise refusal(capture, f"its JSON is longer than {MAX_JSON:,} bytes")
    try:
        return json.loads(content.decode(json.detect_encoding(content), "replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise refusal(capture, "its JSON is broken" if is_json(capture) else "") from error


def outermost(capture: Capture, roots: frozenset[str], names: frozenset[str]) -> Iterator[etree._Element]:
    """Elements of an XML answer with these local names that lie in no other such, one by one; the next frees the last.

    roots: local names that the document's own element may have. The memory needed is that of the largest element.
    Raises as `refusal` says: no XML, another root, a document type declaration, broken or cut off, MAX_ELEMENTS.
    """
    content = capture.content
    if not content.startswith(_UTF16):
        content = _FORBIDDEN.sub(b"", content)
    events = etree.iterparse(
        io.BytesIO(content.lstrip()),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        yield from _outermost(capture, events, roots, names)
    except (etree.LxmlError, SyntaxError, ValueError, LookupError, AssertionError) as error:
        raise refusal(capture, "its XML is broken or cut off" if content.lstrip().startswith(b"<") else "") from error


def _outermost(capture: Capture, events: Any, roots: frozenset[str], names: frozenset[str]) -> Iterator[etree._Element]:
    around, count = 0, 0
    for event, element in events:
        name = local_name(element)
        if event == "start":
            if count == 0:
                if name not in roots:
                    raise refusal(capture)
                if element.getroottree().docinfo.doctype:
                    raise refusal(capture, "it declares a document type, which is refused")
            count += 1
            if count > MAX_ELEMENTS:
                raise refusal(capture, f"it has more than {MAX_ELEMENTS:,} elements")
            around += name in names
            continue
        around -= name in names
        if around:
            continue
        if name in names:
            yield element
        parent = element.getparent()
        while parent is not None and parent[0] is not element:
            del parent[0]


def local_name(element: etree._Element) -> str:
    """An element's name without its namespace; "" for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def text_of(element: etree._Element, *names: str) -> str | None:
    """The text of the first child with one of these local names, by their order; None where none has any."""
    for wanted in names:
        for child in element:
            if local_name(child) == wanted and child.text and child.text.strip():
                return child.text.strip()
    return None
