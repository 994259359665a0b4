"""Forms and lists that the browser draws (SharePoint 2013 on): values that stand in script objects, not in the page.

`WPQ2FormCtx = {"ListData": {…}, "ListSchema": {…}}` holds one item, `WPQ2ListData = {"Row": [{…}], …}` the rows of a
view. The object is read with a JSON decoder from its first brace, never by a pattern to its end. Columns that hold
people (editors' names, logins, addresses) are dropped here and reach nothing behind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from lxml import etree

from scraper.addresses import item_identity
from scraper.blocks import read_flow
from scraper.labels import internal_names, labels
from scraper.language import day_first_of
from scraper.page import Page
from scraper.sharepoint.forms import FormField, ItemForm, is_login, joined, value_of
from scraper.text import key, tidy

# The letters come first, so that the search for them is one for a plain string.
_OBJECT = re.compile(r"WPQ(?<!\wWPQ)\d{1,6}(FormCtx|ListData)\s*=\s*(?=\{)")
_PEOPLE = frozenset(["User", "UserMulti", "SPFieldUser", "SPFieldUserMulti"])
# Columns of every list that name people or hold machinery, not content (MS-WSSTS built-in fields).
_BUILT_IN = frozenset(
    "Author Editor Created Modified Created_x0020_By Modified_x0020_By AppAuthor AppEditor CheckoutUser"
    " owshiddenversion _UIVersion _UIVersionString ContentTypeId PermMask FSObjType UniqueId GUID InstanceID"
    " Order ScopeId".split()
)
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LOOKUP = re.compile(r"^\d+;#")
_TAGS = re.compile(r"<[a-zA-Z!/]")
MAX_OBJECT = 5_000_000
MAX_OBJECTS = 40
_memo: WeakKeyDictionary[Page, list[tuple[str, dict[str, Any]]]] = WeakKeyDictionary()


def script_objects(page: Page) -> list[tuple[str, dict[str, Any]]]:
    """(`FormCtx` or `ListData`, object) for each script object of the page that decodes."""
    if page not in _memo:
        _memo[page] = list(objects_in(script for _, script in page.scripts))
    return _memo[page]


def objects_in(scripts: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same of the texts of script elements."""
    decoder = json.JSONDecoder()
    found = ((script, match) for script in scripts if "WPQ" in script for match in _OBJECT.finditer(script))
    for script, match in islice(found, MAX_OBJECTS):
        try:
            value, _ = decoder.raw_decode(script[match.end() : match.end() + MAX_OBJECT])
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield match.group(1), value


def read_script_form(page: Page) -> ItemForm | None:
    """The item that the page's scripts draw: a form, or the row of a view that the address asks for."""
    wanted = item_identity(page.url)[1] if page.url else None
    for name, value in script_objects(page):
        if name == "FormCtx":
            row, schema = value.get("ListData"), value.get("ListSchema")
            if isinstance(row, dict) and isinstance(schema, dict):
                return _form(row, schema)
        elif (form := _row_form(value.get("Row"), wanted)) is not None:
            return form
    return None


def count_rows(page: Page) -> int:
    """Rows of the longest view that the page's scripts draw."""
    rows = [value.get("Row") for name, value in script_objects(page) if name == "ListData"]
    return max((len(row) for row in rows if isinstance(row, list)), default=0)


def _form(row: dict[str, Any], schema: dict[str, Any]) -> ItemForm:
    """A form of the columns that the schema names, people left out."""
    columns: list[FormField] = []
    files: list[tuple[str, str]] = []
    locale: str | None = None
    for name, about in schema.items():
        if not isinstance(about, dict):
            continue
        locale = locale or (str(about["LocaleId"]) if "LocaleId" in about else None)
        kind = str(about.get("FieldType") or about.get("Type") or "")
        if name in _BUILT_IN or kind in _PEOPLE:
            continue
        label = tidy(str(about.get("Title") or unescape_name(name)))
        canonical = internal_names().get(name, "") or labels().form.get(key(label), "")
        if kind == "Attachments":
            files = list(_files(row.get(name)))
            columns.append(
                FormField(label, "; ".join(file for _, file in files) or None, canonical, f"script: {label}")
            )
        else:
            columns.append(_column(label, canonical, row.get(name)))
    return ItemForm(
        tuple(columns),
        "script",
        content_type=_text(row.get("ContentType")),
        item_id=_number(row.get("ID")),
        day_first=None if locale is None else day_first_of(locale),
        files=tuple(files),
    )


def _row_form(rows: Any, wanted: int | None) -> ItemForm | None:
    """The one row of a view that is the page's item, when it holds a body; None for a listing.

    A blog shows its author's display name as the byline; nothing else of that account is read.
    """
    if not isinstance(rows, list):
        return None
    row = next((r for r in rows if isinstance(r, dict) and wanted and _number(r.get("ID")) == wanted), None)
    row = row or (rows[0] if len(rows) == 1 and isinstance(rows[0], dict) else None)
    if row is None:
        return None
    named = {name: canonical for name in row if (canonical := internal_names().get(name, "")) and name not in _BUILT_IN}
    columns = [_column(unescape_name(name), canonical, row[name]) for name, canonical in named.items()]
    author = row.get("Author")
    shown = author[0].get("title") if isinstance(author, list) and author and isinstance(author[0], dict) else None
    if isinstance(shown, str) and shown.strip() and not is_login(shown):
        columns.append(FormField("Author", tidy(shown), "author", "script: Author"))
    form = ItemForm(tuple(columns), "row", item_id=_number(row.get("ID")))
    return form if form.get("body") else None


def _files(value: Any) -> Iterator[tuple[str, str]]:
    """(address, file name) of each file in an attachments column."""
    if isinstance(value, dict) and isinstance(value.get("Attachments"), list):
        prefix = str(value.get("UrlPrefix") or "")
        for file in value["Attachments"]:
            if isinstance(file, dict) and file.get("FileName"):
                yield prefix + quote(str(file["FileName"])), tidy(str(file["FileName"]))


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 and int(text) > 0 else None


def _column(label: str, canonical: str, raw: Any) -> FormField:
    text = _text(raw)
    element = None
    if text and _TAGS.search(text):
        element = etree.fromstring(f"<div>{text}</div>", parser=etree.HTMLParser(encoding="utf-8", no_network=True))
        text = joined(read_flow(element).blocks) if element is not None else None
    else:
        text = tidy(text) if text else None
    return FormField(label, value_of(text or ""), canonical, f"script: {label}", element)


def _text(raw: Any) -> str | None:
    """A column's printed value: lookups `1;#text` and choices `;#a;#b;#` as words; lists joined by `; `."""
    if isinstance(raw, list):
        parts = [
            part.get("lookupValue") or part.get("Label") or "" if isinstance(part, dict) else str(part) for part in raw
        ]
        return "; ".join(str(part) for part in parts if part) or None
    if isinstance(raw, dict) or raw is None:
        return None
    text = str(raw)
    if text.startswith(";#"):
        return "; ".join(part for part in text.split(";#") if part) or None
    return _LOOKUP.sub("", text) or None


def unescape_name(name: str) -> str:
    """An internal column name without its `_xHHHH_` escapes."""
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), name)
