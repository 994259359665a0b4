"""The record and everything it is made of: immutable data, no behaviour beyond conversion.

Each public field carries its meaning in `doc(...)`; docs/record.md and the JSON Schema are generated from here.
Strings are NFC with layout white space tidied; words are as printed. Absent means None (or an empty tuple), never "".
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from typing import Any, Literal

SCHEMA_VERSION = 1

Precision = Literal["second", "minute", "day", "month"]
CaptureSource = Literal["http", "file", "text", "warc", "wet", "mhtml"]
EmailLabel = Literal["contact", "submissions", "other"]
FileStatus = Literal["stored", "missing", "refused", "failed"]
OutcomeKind = Literal["new", "changed", "unchanged", "gone", "skipped", "failed"]


def doc(meaning: str, **options: Any) -> Any:
    """A dataclass field with its meaning attached (metadata key `doc`); options as for `dataclasses.field`."""
    return field(metadata={"doc": meaning}, **options)


@dataclass(frozen=True, slots=True)
class Image:
    """One picture of the article, in reading order."""

    url: str | None = doc("absolute address, null when only a file name is known (text renderings)")
    file_name: str | None = doc("last part of the address, percent-decoded", default=None)
    alt: str | None = doc("alternative text", default=None)
    caption: str | None = doc("caption as printed, credit included", default=None)
    credit: str | None = doc("photographer or agency named in the caption", default=None)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that the article offers."""

    url: str = doc("absolute address")
    file_name: str | None = doc("last part of the address, percent-decoded", default=None)
    label: str | None = doc("link text as printed", default=None)


@dataclass(frozen=True, slots=True)
class EarlierFile:
    """What a file's address gave before its content changed; kept beside the newer content."""

    sha256: str = doc("SHA-256 of the content, hexadecimal")
    bytes: int | None = doc("size of the content", default=None)
    path: str | None = doc("where the content is kept, relative to the archive's folder", default=None)
    fetched_at: str | None = doc("ISO 8601: when it was received", default=None)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """What became of one picture or attachment of an article. The facts about content are those of the kept one."""

    url: str = doc("address, as in `images` or `attachments`")
    status: FileStatus = doc(
        "`stored`; `missing`: its address answers 404 or 410, an earlier content may be kept; `refused`: not wanted by "
        "type, size, host or robots.txt; `failed`: not received, which may pass"
    )
    sha256: str | None = doc("SHA-256 of the content, hexadecimal", default=None)
    bytes: int | None = doc("size of the content", default=None)
    content_type: str | None = doc("media type that the content shows, else the one that was declared", default=None)
    file_name: str | None = doc("name as offered, made safe for any file system", default=None)
    path: str | None = doc("where the content is kept, relative to the archive's folder", default=None)
    fetched_at: str | None = doc("ISO 8601: when the content was received, or else last asked for", default=None)
    error: str | None = doc("code of the fault of the last attempt, null where there was none", default=None)
    missing_since: str | None = doc("ISO 8601: when its address was first found to give nothing", default=None)
    earlier: tuple[EarlierFile, ...] = doc("other contents that the address gave before, latest first", default=())


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone or fax number of the agency."""

    raw: str = doc("the number as printed, without extension")
    e164: str | None = doc("E.164 form, null where the number is doubtful or not dialable", default=None)
    label: str | None = doc("nearest printed label", default=None)


@dataclass(frozen=True, slots=True)
class Email:
    """A mail address of the agency."""

    address: str = doc("plain form in lower case")
    label: EmailLabel = doc("what the address is for", default="contact")
    raw: str | None = doc("the printed form where it differs from `address`", default=None)


@dataclass(frozen=True, slots=True)
class AddressParts:
    """An office address in parts, words as printed; no part is rewritten to today's units."""

    street: str | None = doc("house, street, hamlet", default=None)
    ward: str | None = doc("xã, phường or thị trấn", default=None)
    district: str | None = doc("huyện or quận", default=None)
    city: str | None = doc("city or town, centrally run or under a province", default=None)
    province: str | None = doc("tỉnh", default=None)


@dataclass(frozen=True, slots=True)
class Person:
    """Who answers for the portal's content."""

    name: str = doc("name without honorific")
    roles: tuple[str, ...] = doc("role label and post, in printed order", default=())
    organisation: str | None = doc("where the post is held", default=None)


@dataclass(frozen=True, slots=True)
class License:
    """The press or portal licence printed in the footer."""

    number: str | None = doc("number with its printed blanks and dashes", default=None)
    issued_on: str | None = doc("ISO date", default=None)
    issuer: str | None = doc("licensing authority as printed", default=None)
    raw: str | None = doc("the whole printed line", default=None)


@dataclass(frozen=True, slots=True)
class Agency:
    """Who publishes the portal, from the page's footer."""

    portal_name: str | None = doc("unlabelled heading of the footer", default=None)
    managing_agency: str | None = doc("value after 'Cơ quan chủ quản' and the like", default=None)
    operating_unit: str | None = doc("value after 'Đơn vị vận hành' and the like; several joined by '; '", default=None)
    address: str | None = doc("first office address, as printed, without the final full stop", default=None)
    address_parts: AddressParts | None = doc("the same in parts; null for foreign addresses", default=None)
    responsible_person: Person | None = doc("person answering for the content", default=None)
    phones: tuple[Phone, ...] = doc("telephones in order of print", default=())
    faxes: tuple[Phone, ...] = doc("fax numbers", default=())
    hotlines: tuple[Phone, ...] = doc("hotlines and 1800/1900 numbers", default=())
    emails: tuple[Email, ...] = doc("mail addresses", default=())
    license: License | None = doc("licence", default=None)
    copyright_notice: str | None = doc("copyright and 'Ghi rõ nguồn' sentences, joined by a line break", default=None)
    website: str | None = doc("only when the footer prints one", default=None)
    raw_text: str | None = doc("the footer's text, line by line", default=None)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a field has its value."""

    rule: str = doc("name of the rule that won")
    raw: str | None = doc("what it read, before normalisation", default=None)
    node: str | None = doc("where: an element's path, `line N` of a text, `url`, …", default=None)


@dataclass(frozen=True, slots=True)
class Problem:
    """A doubt that a person should see."""

    code: str = doc("`ambiguous_date`, `clock_only`, `legacy_encoding`, …")
    field: str | None = doc("the record field in doubt", default=None)
    message: str = doc("one sentence", default="")


@dataclass(frozen=True, slots=True)
class WarcPlace:
    """Where a capture is kept in an archive."""

    file: str = doc("WARC file, relative to the archive's folder")
    offset: int = doc("byte at which its record begins")


@dataclass(frozen=True, slots=True)
class CaptureInfo:
    """How and when the bytes were received."""

    requested_url: str | None = doc("address asked for", default=None)
    final_url: str | None = doc("address that answered, after redirects", default=None)
    fetched_at: str | None = doc("ISO 8601 with offset", default=None)
    status: int | None = doc("HTTP status", default=None)
    content_type: str | None = doc("Content-Type as received", default=None)
    charset: str | None = doc("character encoding that the text was decoded with", default=None)
    sha256: str | None = doc("SHA-256 of the bytes, hexadecimal", default=None)
    bytes: int | None = doc("number of bytes, after content decoding", default=None)
    source: CaptureSource = doc("where the bytes came from", default="file")
    robots: str | None = doc("robots.txt verdict, where HTTP was used", default=None)
    tls: str | None = doc("TLS version and whether the chain was verified, where HTTPS was used", default=None)
    warc: WarcPlace | None = doc("where the archive keeps these bytes; left out where it does not", default=None)


@dataclass(frozen=True, slots=True)
class Record:
    """One article as the archive keeps it and as every command prints it."""

    schema: int = doc("version of this record's meaning", default=SCHEMA_VERSION)
    url: str | None = doc(
        "address that the page was published at: canonical link or cleaned final address", default=None
    )
    title: str | None = doc("headline", default=None)
    subtitle: str | None = doc("second headline", default=None)
    section: str | None = doc("section that the article stands in", default=None)
    summary: str | None = doc("lead (sapo), where the page sets it apart from the body", default=None)
    author: str | None = doc("byline as printed, without its label", default=None)
    source: str | None = doc("paper or agency credited", default=None)
    published_at: str | None = doc("ISO 8601 with offset, or a bare date when the page gives no time", default=None)
    published_precision: Precision | None = doc("how much of it the page states", default=None)
    updated_at: str | None = doc("as published_at, only where the page prints it", default=None)
    language: str | None = doc("BCP 47 tag of the article's text", default=None)
    body_text: str = doc("the article's words as printed, paragraphs joined by a blank line", default="")
    body_html: str = doc("the same as clean and safe HTML", default="")
    images: tuple[Image, ...] = doc("pictures in reading order", default=())
    attachments: tuple[Attachment, ...] = doc("files offered", default=())
    tags: tuple[str, ...] = doc("keywords", default=())
    views: int | None = doc("the page's read counter at capture time", default=None)
    content_type: str | None = doc("SharePoint content type", default=None)
    list_path: str | None = doc("path of the SharePoint list: half of the article's identity", default=None)
    item_id: int | None = doc("item number in that list", default=None)
    form: dict[str, str | None] = doc(
        "list-form label → printed value, null where the label stands alone", default_factory=dict
    )
    agency: Agency | None = doc("who publishes, from the footer", default=None)
    evidence: dict[str, Evidence] = doc("field → rule, raw text and node that gave it", default_factory=dict)
    problems: tuple[Problem, ...] = doc("doubts that a person should see", default=())
    capture: CaptureInfo = doc("how the bytes were received", default_factory=CaptureInfo)


@dataclass(frozen=True, slots=True)
class Hop:
    """An answer that led elsewhere. Its body is not read."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it was sent; headers without credentials."""

    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Capture:
    """Bytes as received, with what is known of their journey. Only the fetcher and the file readers make one."""

    content: bytes
    info: CaptureInfo
    name: str = ""
    """How messages call it: the address or file name that the user gave."""
    headers: tuple[tuple[str, str], ...] = ()
    """Those of the answer as received, repeated names side by side (at most 100, 64 KB); no part of the record."""
    hops: tuple[Hop, ...] = ()
    """The redirects that led here, in order; no part of the record."""
    sent: Sent | None = None
    """The request that was answered, where HTTP was used; no part of the record."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source; errors are values here, so that a batch never stops for one page."""

    kind: OutcomeKind
    source: str
    id: str | None = None
    title: str | None = None
    revision: int | None = None
    reason: str = ""
    """Why the decision fell so: `first seen`, `same content`, `changed: title, views`, or the error's text."""
    code: str | None = None
    """Error code (`LuutruError.code`) of a failed source."""
    hint: str = ""
    url: str | None = None
    problems: tuple[str, ...] = ()


LEFT_OUT: dict[type, str] = {Email: "raw", CaptureInfo: "warc"}
"""Fields that a record's JSON form lacks when there is nothing to say."""


def to_dict(value: Any) -> Any:
    """Plain JSON data of a model object: dataclasses to dicts, tuples to lists; LEFT_OUT holds for what is None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        out = {f.name: to_dict(getattr(value, f.name)) for f in dataclasses.fields(value)}
        if (name := LEFT_OUT.get(type(value))) is not None and out[name] is None:
            del out[name]
        return out
    if isinstance(value, tuple | list):
        return [to_dict(item) for item in value]
    if isinstance(value, dict):
        return {key: to_dict(item) for key, item in value.items()}
    return value


def record_from_dict(data: dict[str, Any]) -> Record:
    """The record of its JSON form. Unknown keys (what the archive adds) are ignored.

    Raises TypeError or ValueError where a value has the wrong shape.
    """
    return typing.cast(Record, _build(Record, data))


def _build(kind: Any, value: Any) -> Any:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        return _build(next(arg for arg in args if arg is not type(None)), value)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise TypeError(f"{kind.__name__}: an object was expected, not {type(value).__name__}")
        hints = typing.get_type_hints(kind)
        names = {f.name for f in dataclasses.fields(kind)}
        return kind(**{key: _build(hints[key], item) for key, item in value.items() if key in names})
    if origin is tuple:
        return tuple(_build(args[0], item) for item in value)
    if origin is dict:
        return {key: _build(args[1], item) for key, item in value.items()}
    return value
