"""Web addresses: one tidy form to fetch, one to keep, one to show, and the list item that an address names. Pure.

Rules come from RFC 3986 (dot segments, percent-encoding), from the WHATWG URL standard where browsers are more lenient
(backslashes, blanks in a path), and from SharePoint's own address shapes.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote, unquote_plus, urljoin

from scraper.errors import InputError
from scraper.text import tidy

MAX_LENGTH = 16_384
"""Longest address accepted, in characters; servers refuse far shorter ones."""

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(?P<port>[0-9]{0,5}))?")
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC_HOST = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})?")
_NOT_IN_PATH = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]+")
_NOT_IN_QUERY = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]+")
_ESCAPED_LETTERS = re.compile("(?:%[89A-F][0-9A-F])+")
_CREDENTIALS = re.compile(r"(?<=//)[^/?#\\]*@")

# What says how a reader came, not what is read.
_NOISE = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|[gw]braid|msclkid|yclid|igshid|mc_[ce]id|_g[al]|zarsrc|gidzl"
    r"|jsessionid|phpsessid|asp\.net_sessionid|aspsessionid\w*|session_?id"
    r"|isdlg|contenttypeid",
    re.IGNORECASE,
)
_FORM_NOISE = frozenset({"rootfolder", "source"})
_ITEM_FORM = re.compile(r"/(?:disp|edit|list)form\.aspx$", re.IGNORECASE)
_PATH_SESSION = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
_SEGMENT_SESSION = re.compile(r"/(?:\((?:[AFSX]\([^()/]{16,}\))+\)(?:/|$))+")  # cookieless sessions of ASP.NET

_REPLAY = re.compile(r"(?:(?:https?:)?//[^/]+)?/(?:web|wayback)/\d{4,14}(?:[a-z]{2}_)?/(https?):/+", re.IGNORECASE)
_OPAQUE = re.compile(r"[a-z][a-z0-9+.-]+:(?!/)", re.IGNORECASE)
_ORIGIN = re.compile(r"(?:[a-z][a-z0-9+.-]+:)?//[^/]*", re.IGNORECASE)
_LIST = re.compile(r"((?:/.*)?/Lists/[^/]+)(?:/Attachments/0*([1-9][0-9]{0,9})/|/|$)", re.IGNORECASE)
_LIBRARY = re.compile(r"((?:/.*)?/[^/]+)/Forms/[^/]+\.aspx", re.IGNORECASE)
_GUID = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?", re.IGNORECASE)
_ITEM_ID = re.compile(r"\s*0*([1-9][0-9]{0,9})\s*")
_PARAMETER = re.compile(r"(?:^|[?&])(id|itemid|list|listid|urllistprocess|rootfolder|sourcedoc)=([^&]*)", re.IGNORECASE)


class _Parts(NamedTuple):
    """origin: scheme, host and port, all ASCII.  host: without brackets.  path, query: tidied, without their marks."""

    origin: str
    host: str
    path: str
    query: str


def request_url(url: str) -> str:
    """The form to send to a server: ASCII, tidily escaped, without fragment; nothing that the server reads is dropped.

    Blanks in path and query are escaped as browsers do. Raises InputError: not http(s), no host, a user name, control
    characters, a host that cannot exist.
    """
    parts = _split(url)
    return parts.origin + parts.path + ("?" + parts.query if parts.query else "")


def clean_url(url: str) -> str:
    """The form to keep: `request_url` without tracking, session and SharePoint navigation parameters. Idempotent.

    Dropped: utm_* and click ids, session ids (in path or query), IsDlg, ContentTypeId, Source where it holds an
    address, and on item forms RootFolder and Source. Order and spelling of the rest stay. Raises as `request_url`.
    """
    origin, _, path, query = _split(url)
    if ";" in path:
        path = _PATH_SESSION.sub("", path)
    if "/(" in path:
        path = _SEGMENT_SESSION.sub("/", path)
    path = _resolved(path)
    if query:
        on_form = _ITEM_FORM.search(path) is not None
        query = "&".join(part for part in query.split("&") if part and not _is_noise(part, on_form))
    return origin + path + ("?" + query if query else "")


def readable_url(url: str) -> str:
    """The form to show to a person: the host in its own script and escaped letters as letters.

    Raises as `request_url`. `request_url(readable_url(x)) == request_url(x)`.
    """
    plain = request_url(url)
    scheme, _, rest = plain.partition("://")
    host, slash, tail = rest.partition("/")
    shown = f"{scheme}://{_readable_host(host)}{slash}{_ESCAPED_LETTERS.sub(_letters, tail)}"
    try:
        return shown if request_url(shown) == plain else plain
    except InputError:
        return plain


def shown(url: str, limit: int = 300) -> str:
    """An address, good or bad, as messages quote it: one line, clipped, no control characters, no credentials."""
    text = tidy(_CREDENTIALS.sub("…@", url.encode("utf-8", "replace").decode()))
    return text if len(text) <= limit else text[:limit] + "…"


def join_url(base: str, link: str) -> str:
    """The address that `link`, found on the page at `base`, leads to, in the form of `request_url`. Raises the same."""
    try:
        return request_url(urljoin(base, link))
    except ValueError as error:
        raise _bad(link, "not an address") from error


def original_url(url: str) -> str:
    """The address that a web archive's replay address (`…/web/20180312211947/http://…`) stands for, else `url`."""
    return _REPLAY.sub(r"\1://", url, count=1) if _REPLAY.match(url) else url


def portal_host(url: str) -> str:
    """The host, ASCII and lower case, without `www.` and port; of a replayed page the original's. Raises InputError."""
    return _split(original_url(url)).host.removeprefix("www.")


def is_private(host: str) -> bool:
    """Whether an IP address is not a public one, or a name is `localhost`; other names are taken for public."""
    import ipaddress

    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return not (getattr(ip, "ipv4_mapped", None) or ip).is_global


def is_public(url: str) -> bool:
    """Whether an address can be that of a public page: its host has a dot and is no private one. Raises InputError."""
    host = _split(url).host
    return ("." in host or ":" in host) and not is_private(host)


def file_name_of(url: str) -> str | None:
    """The last path part of an address or link, percent-decoded and safe as a name: no separators, nothing invisible.

    None where there is none (a folder, `data:` and the like). Never raises.
    """
    path = re.split("[?#]", url.strip(), maxsplit=1)[0]
    if len(path) > MAX_LENGTH or _OPAQUE.match(path):
        return None
    name = unquote(re.split(r"[/\\]", _ORIGIN.sub("", path, count=1))[-1])
    name = tidy(re.split(r"[/\\]", _PATH_SESSION.sub("", name))[-1])
    return None if name in ("", ".", "..") else name


def item_identity(url: str) -> tuple[str | None, int | None]:
    """(list path, item id) as far as a SharePoint address or link names them. Never raises.

    The list is known from `/Lists/<name>/…`, `<library>/Forms/x.aspx`, `UrlListProcess`, `RootFolder`, `sourcedoc`, or
    else from `ListId`/`List`, then written `{guid}` in lower case; a path is decoded, in NFC, letter case as printed
    (SharePoint ignores it). The item is the attachment folder's number or `ItemID`; plain `ID` counts only where the
    address names its list, since elsewhere it may be anything.
    """
    return _item_identity(url) if len(url) <= MAX_LENGTH else (None, None)


@lru_cache(maxsize=256)
def _item_identity(url: str) -> tuple[str | None, int | None]:
    """Remembered, since several fields ask for the page's own."""
    address, _, query = original_url(url).partition("#")[0].partition("?")
    given = {name.lower(): unquote_plus(value) for name, value in reversed(_PARAMETER.findall(query))}
    place, item = _place_in(address if "%" not in address else unquote(address))
    if place is None and given:
        place, item = _place_of_parameters(given)
    if item is None:
        names = ("itemid",) if place is None else ("id", "itemid")
        item = next((found for found in (_item_id(given[name]) for name in names if name in given) if found), None)
    return place, item


@lru_cache(maxsize=256)
def _split(url: str) -> _Parts:
    """Remembered, since several fields ask for the page's own; what is too long raises and is not."""
    text = url.strip()
    if len(text) > MAX_LENGTH:
        raise _bad(url, f"longer than {MAX_LENGTH} characters")
    if _CONTROL.search(text):
        raise _bad(url, "it holds control characters")
    before, _, query = text.partition("#")[0].partition("?")
    scheme, colon, rest = before.replace("\\", "/").partition(":")
    scheme = scheme.lower()
    if not colon or "/" in scheme:
        raise _bad(url, "not a web address", hint="write it in full, with https:// or http:// in front")
    if scheme not in _DEFAULT_PORTS:
        raise _bad(url, "only http and https addresses can be fetched")
    authority, _, path = rest[2:].partition("/") if rest.startswith("//") else ("", "", "")
    host, port = _host_and_port(url, authority)
    netloc = f"[{host}]" if ":" in host else host
    if port and port != _DEFAULT_PORTS[scheme]:
        netloc += ":" + port
    try:
        path = _resolved("/" + _escaped(path, _NOT_IN_PATH))
        query = _escaped(query, _NOT_IN_QUERY)
    except UnicodeEncodeError as error:
        raise _bad(url, "it holds characters that have no encoding") from error
    return _Parts(f"{scheme}://{netloc}", host, path, query)


def _host_and_port(url: str, authority: str) -> tuple[str, str]:
    """Lower-case ASCII host (no brackets) and port (no leading zeros, "" if none) of the part between `//` and `/`."""
    if "@" in authority:
        raise _bad(url, "it holds a user name", hint="only public pages are archived, without logging in")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise _bad(url, "it names no host" if authority.strip(":") == "" else "its host is malformed")
    host, port = match["host"], (match["port"] or "").lstrip("0")
    if match["port"] and not 0 < int(port or 0) < 65_536:
        raise _bad(url, "its port is impossible")
    try:
        return _plain_host(host.lower()), port
    except ValueError as error:
        raise _bad(url, "its host is malformed") from error


def _plain_host(host: str) -> str:
    """A host name in punycode, or an IP address in its usual spelling without brackets. Raises ValueError."""
    if len(host) > 254:
        raise ValueError("a host name has at most 253 letters")
    if not host.isascii():
        host = host.encode("idna").decode("ascii").lower()
    host = host.removesuffix(".")
    if host.startswith("[") or _NUMERIC_HOST.fullmatch(host):
        import ipaddress

        return str(ipaddress.ip_address(host.strip("[]")))
    if not _HOST.fullmatch(host):
        raise ValueError("not a host name")
    return host


def _escaped(text: str, illegal: re.Pattern[str]) -> str:
    """Percent-encoding in its normal form (RFC 3986, 6.2.2): needless escapes decoded, missing ones made."""
    if "%" in text:
        text = _ESCAPE.sub(_normal_escape, text)
    return illegal.sub(lambda run: quote(run[0], safe=""), text)


def _normal_escape(match: re.Match[str]) -> str:
    if not match[1]:
        return "%25"
    char = chr(int(match[1], 16))
    return char if char in _UNRESERVED else match[0].upper()


def _resolved(path: str) -> str:
    """`.` and `..` segments resolved (RFC 3986, 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _is_noise(parameter: str, on_form: bool) -> bool:
    name, _, value = parameter.partition("=")
    if _NOISE.fullmatch(name):
        return True
    name = name.lower()
    return (on_form and name in _FORM_NOISE) or (name == "source" and ("/" in value or "%2F" in value))


def _readable_host(host: str) -> str:
    if "xn--" not in host:
        return host
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:
        return host


def _letters(match: re.Match[str]) -> str:
    """Escapes as letters where they are UTF-8 and visible."""
    text = unquote(match[0], errors="replace")
    return text if text.isprintable() and "\ufffd" not in text else match[0]


def _place_in(address: str) -> tuple[str | None, int | None]:
    """List or library path, and the attachments folder's item, of a decoded address."""
    path = _resolved(_ORIGIN.sub("", address, count=1))
    if found := _LIST.match(path):
        return (None, None) if found[1].lower().endswith(".aspx") else (_tidy_path(found[1]), _item_id(found[2] or ""))
    library = _LIBRARY.fullmatch(path)
    return (_tidy_path(library[1]) if library else None), None


def _place_of_parameters(given: dict[str, str]) -> tuple[str | None, int | None]:
    listed = given.get("urllistprocess", "")
    if "/" in listed and (path := _tidy_path(_ORIGIN.sub("", listed, count=1)).strip("/")):  # else it is encrypted
        return "/" + path, None
    for name in ("rootfolder", "sourcedoc"):
        place, item = _place_in(given.get(name, ""))
        if place:
            return place, item
    for name in ("listid", "list"):
        if guid := _GUID.fullmatch(given.get(name, "")):
            return "{" + guid[1].lower() + "}", None
    return None, None


def _tidy_path(path: str) -> str:
    return unicodedata.normalize("NFC", tidy(path)).rstrip("/")


def _item_id(text: str) -> int | None:
    match = _ITEM_ID.fullmatch(text)
    return int(match[1]) if match else None


def _bad(url: str, cause: str, *, hint: str = "") -> InputError:
    return InputError(shown(url), cause, hint=hint)
