"""Files that the article offers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, urlsplit

from lxml import etree

from scraper.addresses import file_name_of
from scraper.kinds import FILE_ENDING, FILE_LINK
from scraper.models import Attachment
from scraper.text import tidy
from scraper.view import Candidate, View

_ITEM_FILE = re.compile(r"/Attachments/\d+/[^/?#]+$", re.IGNORECASE)
_ENDING = re.compile(FILE_ENDING)
_QUERY_PARTS = re.compile(r"[=&]")
_QUOTED = re.compile(r"""['"]([^'"]+)['"]""")
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|bmp|webp|jfif|svg)(?:$|[?#])", re.IGNORECASE)


def linked_files(view: View) -> Candidate | None:
    """Links to documents in the article, below it, and in the form's attachments row."""
    found: dict[str, Attachment] = {}
    for address, name in view.form.files if view.form is not None else ():
        if url := view.absolute(address):
            found[url] = Attachment(url, file_name_of(url), name)
    paths = {urlsplit(url).path for url in found}
    everywhere = "attachments" in (view.page.base or "").lower()
    for anchor in _anchors(view):
        target = _target(anchor.get("href") or "").strip()
        if not everywhere and _is_plain(target.lower()):
            continue
        url = view.absolute(target)
        if url is None or url.startswith("data:") or url in found:
            continue
        names_file = FILE_LINK.search(url) or (_ITEM_FILE.search(url) and not _PICTURE.search(url))
        if names_file and not _is_viewer(url, paths):
            label = tidy("".join(map(str, anchor.itertext()))) or None
            found[url] = Attachment(url, file_name_of(url), label)
            paths.add(urlsplit(url).path)
    if not found:
        return None
    first = next(iter(found.values()))
    return Candidate(
        tuple(found.values()), ", ".join(a.file_name or a.url for a in found.values()), f"link {first.url}"
    )


def _is_plain(target: str) -> bool:
    """Whether a link's address in lower case, not made absolute yet, is seen at a glance to be no file's.

    A file's holds an ending or the folder, or nothing but what the page's own address adds to.
    """
    named = target.isascii() and target.isprintable() and target[:1] not in ("", "?", "#", ";")
    return named and "attachments" not in target and _ENDING.search(target) is None


def _is_viewer(url: str, paths: set[str]) -> bool:
    """Whether the address is a viewer of a file that is linked itself: `WopiFrame.aspx?sourcedoc=/a/b.doc`."""
    query = urlsplit(url).query
    return bool(query) and any(part in paths for part in _QUERY_PARTS.split(unquote(query)))


def _target(href: str) -> str:
    """The link's address; the file path in a script call such as `javascript:download('x','/a/b.pdf')`."""
    if href[:11].lower() == "javascript:":
        return next((path for path in _QUOTED.findall(href[:2000]) if "/" in path and FILE_LINK.search(path)), "")
    return href


def _anchors(view: View) -> Iterator[etree._Element]:
    roots: list[etree._Element] = []
    if view.article_root is not None:
        roots.append(view.article_root)
    if view.page.root is not None:
        roots.extend(el for el in view.page.root.iter("table") if el.get("id") == "idAttachmentsTable")
    if view.form is not None and (row := view.form.get("attachments")) and row.el is not None:
        roots.append(row.el)
    roots.extend(_tails(view))
    for root in roots:
        yield from root.iter("a")


def _tails(view: View) -> Iterable[etree._Element]:
    for block in view.zones.of(view.page, "tail"):
        if block.frame is not None and block.frame.el is not None:
            yield block.frame.el


ATTACHMENTS = (linked_files,)
