"""Where the article lives: canonical address, SharePoint list, item and content type."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from scraper.addresses import clean_url, is_public, item_identity, portal_host
from scraper.errors import InputError
from scraper.view import Candidate, View

_LIST_FILE = re.compile(r"/Lists/[^/]+/Attachments/(\d+)/", re.IGNORECASE)


def canonical_link(view: View) -> Candidate | None:
    """`<link rel=canonical>`, unless it names another host or a site's start page (observed on templates).

    On a page read without an address, unless it names an internal server.
    """
    href = view.absolute(view.page.canonical)
    if href is None or not href.startswith(("http://", "https://")):
        return None
    try:
        url = clean_url(href)
    except InputError:
        return None
    own = view.page.url
    if not own and not is_public(url):
        return None
    if own and (
        portal_host(url) != portal_host(own)
        or (urlsplit(url).path in ("", "/") and urlsplit(own).path not in ("", "/"))
    ):
        return None
    return Candidate(url, view.page.canonical, "link rel=canonical")


def final_address(view: View) -> Candidate | None:
    """The address that answered, without tracking and session parameters."""
    if not view.page.url:
        return None
    try:
        return Candidate(clean_url(view.page.url), view.page.url, "url")
    except InputError:
        return None


def og_url(view: View) -> Candidate | None:
    """The og:url meta element, where no address is known from elsewhere and it names no internal server."""
    value = view.page.meta.get("og:url", "")
    if not value.startswith("http"):
        return None
    try:
        url = clean_url(value)
    except InputError:
        return None
    return Candidate(url, value, "meta og:url") if is_public(url) else None


def address_list(view: View) -> Candidate | None:
    """The list path in the page's own address."""
    return _part(view, 0)


def attachment_list(view: View) -> Candidate | None:
    """The list under which the article's pictures and files lie: `/Lists/News/Attachments/<item>/…`."""
    found = _attachment_identity(view)
    return Candidate(found[0], found[2], "picture or file address") if found else None


def address_item(view: View) -> Candidate | None:
    """The item number in the page's own address."""
    return _part(view, 1)


def form_item(view: View) -> Candidate | None:
    """The ID column of a script-drawn form."""
    item = view.form.item_id if view.form is not None else None
    return Candidate(item, str(item), "script: ID") if item else None


def attachment_item(view: View) -> Candidate | None:
    """The item number in the addresses of the article's pictures and files."""
    found = _attachment_identity(view)
    return Candidate(found[1], found[2], "picture or file address") if found else None


def form_content_type(view: View) -> Candidate | None:
    """The content-type line below a list form."""
    value = view.form.content_type if view.form is not None else None
    return Candidate(value, value, "form trailer") if value else None


def _part(view: View, index: int) -> Candidate | None:
    for url in (view.page.url, view.page.canonical):
        if url and (value := item_identity(url)[index]) is not None:
            return Candidate(value, url, "url")
    return None


def _attachment_identity(view: View) -> tuple[str, int, str] | None:
    item = item_identity(view.page.url)[1] if view.page.url else None
    addresses = [figure.image.url or "" for figure in view.plan.figures]
    root, everywhere = view.article_root, "attachments" in (view.page.base or "").lower()
    for link in root.iter("a") if root is not None else ():
        href = link.get("href") or ""
        if everywhere or "attachments" in href.lower():
            addresses.append(view.absolute(href) or "")
    for address in addresses:
        if _LIST_FILE.search(address):
            path, number = item_identity(address)
            if path and number is not None and item in (None, number):
                return path, number, address
    return None


URL = (canonical_link, final_address, og_url)
LIST_PATH = (address_list, attachment_list)
ITEM_ID = (address_item, form_item, attachment_item)
CONTENT_TYPE = (form_content_type,)
