"""What an address alone tells of a place: site, list, items, views and sections. Pure; no page is looked at.

/tin/Lists/ThongBao/AllItems.aspx       a view    /tin/Pages/tin.aspx?ItemID=7          an item, shown by another page
/tin/Lists/ThongBao/DispForm.aspx?ID=7  an item   /portal/Pages/2020-5-29/hop-bao.aspx  a page in a library
/tin/Lists/ThongBao/Attachments/7/a.pdf its file  /_layouts/listform.aspx?ListId={…}    a list known by its GUID
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from urllib.parse import quote, unquote

from scraper.addresses import clean_url, item_identity, original_url, request_url
from scraper.discovery.listing import Place

ITEM = "{id}"
"""What stands for the item's number in `Place.item` and `Place.print_view`; other braces are always escaped there."""

FORMS = re.compile(r"/(?:disp|edit|new)form\.aspx$|/_layouts/(?:1[56]/)?listform\.aspx$", re.IGNORECASE)
"""Paths of the forms that SharePoint makes for every list."""

_ORIGIN = re.compile(r"https?://[^/]*")
_OF_ONE_ITEM = re.compile(r"(?:item_?id|id|date|publisheddate|paged|p_id|pagefirstrow)(?:=|$)", re.IGNORECASE)
_DATE_FOLDER = re.compile(r"(.*/Pages)/[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}/[^/]+\.aspx", re.IGNORECASE)
_SITE_FOLDER = re.compile(r"/(?:Pages|SitePages|_layouts|_vti_bin|_api)(?:/|$)", re.IGNORECASE)
_WELCOME = re.compile(r"/|(/|/.*/)default\.aspx", re.IGNORECASE)
_LISTS = re.compile(r"/Lists/[^/]+$", re.IGNORECASE)


def place_of(url: str) -> Place:
    """The place that an address names, as far as it tells. Raises InputError for what is no web address.

    Of an article the list's form (`DispForm.aspx`) and views follow from the list's path; an article shown by another
    page (`tin.aspx?ItemID=7`) keeps that page as `item`, and the page without its item is its section.
    """
    start = request_url(original_url(url))
    origin, path, _ = parts_of(start)
    named, number = item_identity(start)
    list_id = named[1:-1] if named is not None and named.startswith("{") else None
    list_path = named if list_id is None else None
    if dated := _DATE_FOLDER.fullmatch(path) if named is None else None:
        list_path = dated[1]
    place = Place(start, _web(origin, path, list_path), list_path, list_id)
    place = replace(place, views=_views(place, path, number))
    template = item_template(start)
    if for_printing(path):
        return replace(place, item=item_of(place), print_view=template)
    if named is None:
        return replace(place, item=template, sections=() if dated else (_section(start),))
    return replace(place, item=item_of(place) if template is None or FORMS.search(path) else template)


def item_of(place: Place) -> str | None:
    """Address of an item's form with `{id}` for its number: `DispForm.aspx` of the list, else the form by GUID.

    None for a library, where an article is the file itself, and where the list is unknown.
    """
    if place.list_path is not None:
        if not _LISTS.search(place.list_path):
            return None
        return at(place, place.list_path + "/DispForm.aspx") + "?ID=" + ITEM
    if place.list_id is not None and place.web is not None:
        return f"{place.web}_layouts/listform.aspx?PageType=4&ListId=%7B{place.list_id}%7D&ID={ITEM}"
    return None


def item_address(place: Place, number: int) -> str | None:
    """The address of one item, in the form of `request_url`; None where the place has no form for it."""
    template = place.item or item_of(place)
    return template.replace(ITEM, str(number)) if template is not None else None


def item_template(url: str) -> str | None:
    """An item's address with `{id}` in place of its number in the query; None where the query names no item.

    What belongs to one item only (its date) is dropped, and of a list's form everything but the number.
    """
    base, _, query = clean_url(url).partition("?")
    named, number = item_identity(url)
    parts = [part for part in query.split("&") if part]
    shown = next((part for part in parts if number is not None and _names(part, number, named is not None)), None)
    if shown is None:
        return None
    kept = [] if base.lower().endswith("/dispform.aspx") else [part for part in parts if not _OF_ONE_ITEM.match(part)]
    return base + "?" + "&".join([*kept, shown.partition("=")[0] + "=" + ITEM])


def at(place: Place, path: str) -> str:
    """A server-relative, decoded path as an address on the place's host."""
    return request_url(parts_of(place.start)[0] + quote(path))


def parts_of(url: str) -> tuple[str, str, str]:
    """(origin, decoded path, query) of an address in the form of `request_url`."""
    before, _, query = url.partition("?")
    match = _ORIGIN.match(before)
    origin = match[0] if match else ""
    return origin, unquote(before[len(origin) :]), query


def web_of(list_path: str) -> str:
    """The path, with a final slash, of the site that a list or library lies in."""
    return _LISTS.sub("", list_path) + "/" if _LISTS.search(list_path) else list_path.rpartition("/")[0] + "/"


def for_printing(path: str) -> bool:
    """Whether a page's name says that it shows an article for printing."""
    return "print" in path.rpartition("/")[2].lower()


def same_list(path: str | None, other: str | None) -> bool:
    """Whether two list paths, decoded, are one; SharePoint ignores the case of letters."""
    return path is not None and other is not None and _folded(path) == _folded(other)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).strip("/").casefold()


def view_page(list_path: str) -> str:
    """Path of the view that SharePoint makes for every list or library."""
    return list_path + ("/AllItems.aspx" if _LISTS.search(list_path) else "/Forms/AllItems.aspx")


def _web(origin: str, path: str, list_path: str | None) -> str | None:
    if list_path is not None:
        return request_url(origin + quote(web_of(list_path)))
    folder = _SITE_FOLDER.search(path)
    welcome = None if folder else _WELCOME.fullmatch(path)
    before = path[: folder.start()] + "/" if folder else (welcome[1] or "/") if welcome else None
    return request_url(origin + quote(before)) if before is not None else None


def _names(part: str, number: int, in_list: bool) -> bool:
    """Whether a parameter names the item of this number; plain `ID` does so only where the address names its list."""
    name, _, value = part.partition("=")
    return name.lower() in (("id", "itemid") if in_list else ("itemid",)) and value.lstrip("0") == str(number)


def _section(start: str) -> str:
    """A page without the item that it shows."""
    base, _, query = start.partition("?")
    if item_identity(start)[1] is None:
        return start
    kept = [part for part in query.split("&") if part and not _OF_ONE_ITEM.match(part)]
    return base + ("?" + "&".join(kept) if kept else "")


def _views(place: Place, path: str, number: int | None) -> tuple[str, ...]:
    """The views to ask, the user's own first."""
    if place.list_path is None:
        return ()
    own = number is None and not FORMS.search(path) and path.casefold().startswith(place.list_path.casefold())
    in_folder = _DATE_FOLDER.fullmatch(path) is not None
    known = [at(place, view_page(place.list_path))]
    if _LISTS.search(place.list_path):
        known.append(at(place, place.list_path))
    if own and not in_folder:
        known.insert(0, place.start)
        known = [view for view in known if view.rstrip("/") != place.start.rstrip("/") or view == place.start]
    return tuple(dict.fromkeys(known))
