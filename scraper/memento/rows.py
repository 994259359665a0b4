"""What an index says of an archive's captures, which of them may be articles, and which of one article differ. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from scraper.addresses import clean_url, item_identity, request_url
from scraper.discovery.place import parts_of
from scraper.errors import InputError
from scraper.memento.captures import Known, Row
from scraper.politeness import site

_MOMENT = re.compile(r"[0-9]{4,14}")
_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "unk", "-", "", "warc/revisit"})
_FILES = re.compile(
    r"\.(?:jpe?g|png|gif|bmp|ico|svg|webp|tiff?|css|js|mjs|map|woff2?|ttf|eot|otf|swf|xap|axd|ashx|asmx|svc|xml|rss|json"
    r"|pdf|docx?|xlsx?|pptx?|rtf|odt|zip|rar|7z|gz|mp[34]|m4[av]|flv|wm[av]|avi|mov|ogg|wav|exe|txt|dll)$",
    re.IGNORECASE,
)
_NO_ARTICLES = re.compile(
    r"/_(?:api|vti_\w+|catalogs|cts|trust|forms|login|windows)/|/_layouts/(?!(?:1[56]/)?listform\.aspx$)|/Attachments/"
    r"|/(?:AllItems|NewForm|EditForm|Upload|MyItems|WebFldr)\.aspx$|/(?:robots\.txt|favicon\.ico)$",
    re.IGNORECASE,
)


def moment_of(text: str) -> str | None:
    """A CDX time stamp, of 4 to 14 digits, as 14 that name a moment; None where it names none."""
    if not _MOMENT.fullmatch(text):
        return None
    whole = text + "00000101000000"[len(text) :]
    try:
        datetime.strptime(whole, "%Y%m%d%H%M%S")
    except ValueError:
        return None
    return whole


def row_of(url: str, moment: str, status: str, mime: str, digest: str, archive: str) -> Row | None:
    """The row of an index line's fields, `-` for unknown; None where there is no capture that could be asked for."""
    when = moment_of(moment)
    try:
        address = request_url(url)
    except InputError:
        return None
    if when is None:
        return None
    number = int(status) if re.fullmatch("[1-9][0-9]{2}", status) else None
    return Row(address, when, number, _plain(mime).lower(), _plain(digest).upper().removeprefix("SHA1:"), archive)


def may_be_article(row: Row) -> bool:
    """Whether the page may be an article's: neither a file, nor one of SharePoint's own pages, nor a list's view."""
    path = parts_of(row.url)[1]
    if _FILES.search(path) or _NO_ARTICLES.search(path):
        return False
    return row.mime.partition(";")[0] in _PAGE_TYPES or (row.status is not None and 300 <= row.status < 400)


def item_key(url: str) -> str:
    """What makes captures those of one article: host with list and item, else host, page and item, else the address.

    Scheme, port 80 or 443, `www.`, case of the path and tracking parameters make no difference. Keys sort by host,
    list and number.
    """
    url = request_url(url)
    host, (_, path, _) = site(url), parts_of(url)
    list_path, number = item_identity(url)
    if number is not None:
        return f"{host}{(list_path or path).casefold()}#{number:010d}"
    rest = clean_url(url).partition("://")[2].partition("?")
    query = "&".join(sorted(part for part in rest[2].split("&") if part))
    return f"{host}{path.casefold().rstrip('/')}" + (f"?{query}" if query else "")


def within(url: str, start: str) -> bool:
    """Whether an address lies at or below `start`: the same host, and a path that goes on where its ends.

    A start that names an item has the captures of that item only.
    """
    if site(url) != site(start):
        return False
    if item_identity(start)[1] is not None:
        return item_key(url) == item_key(start)
    (_, path, query), (_, top, wanted) = parts_of(url), parts_of(start)
    path, top = path.casefold(), top.casefold()
    below = path == top or path.startswith(top.rstrip("/") + "/")
    return below and (not wanted or set(wanted.split("&")) <= set(query.split("&")))


def versions(captures: Iterable[Known]) -> list[list[Known]]:
    """The captures of one article's pages as versions, oldest first: each the captures in a row that have one digest.

    A digest that returns after another is a version of its own: the article said so again. Left out: redirects and
    errors, and revisits of those.
    """
    ordered = sorted(captures, key=lambda one: (one.row.moment, one.row.status is None, one.row.url))
    said = {one.row.digest: one.row.status for one in ordered if one.row.status is not None}
    runs: list[list[Known]] = []
    for one in ordered:
        status = said.get(one.row.digest, 200) if one.row.status is None else one.row.status
        if not 200 <= status < 300 or status == 206:
            continue
        if runs and one.row.digest and runs[-1][-1].row.digest == one.row.digest:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def redirects(captures: Sequence[Known]) -> list[Known]:
    """The captures that are redirects, latest first."""
    found = [one for one in captures if one.row.status in (301, 302, 303, 307, 308)]
    return sorted(found, key=lambda one: one.row.moment, reverse=True)


def _plain(text: str) -> str:
    return "" if text == "-" else text
