"""List forms: the columns of the SharePoint item behind a page.

Three printings, one reading:
- rendered forms (2007 to 2019): a value cell whose comment names FieldName, FieldInternalName and FieldType, or at
  least `td.ms-formlabel` beside `td.ms-formbody`;
- forms drawn by script (2013 on): `WPQnFormCtx` and one-row `WPQnListData`, read in scraper.sharepoint.client;
- label lines of a text rendering or a custom view, blank or filled.
A label without a value is null: a label that follows a label is never its value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from scraper.blocks import Block, Frame
from scraper.labels import internal_names, labels
from scraper.page import Page
from scraper.text import key, tidy

_COMMENT = re.compile(r'FieldName="([^"]{0,300})"\s+FieldInternalName="([^"]{1,100})"\s+FieldType="SPField(\w+)"')
# Cells that a form's values may stand in; those of other tables are told apart by the comment's text.
_VALUE_CELLS: Any = etree.XPath("descendant::td[contains(@class, 'ms-formbody') or comment()]")
_CONTENT_TYPE = re.compile(r"^(?:Content Type|Kiểu nội dung)\s*[:：]\s*(.*)$", re.IGNORECASE)
_TRAILER = re.compile(
    r"^(?:Created at|Last modified at|Tạo lúc|Được tạo lúc|Sửa đổi lần cuối lúc|Sửa đổi lần cuối|Créé|Erstellt)\b",
    re.IGNORECASE,
)
_TRAILER_STARTS = (
    "content type", "kiểu nội dung", "created at", "last modified at", "tạo lúc", "được tạo lúc", "sửa đổi lần cuối",
    "créé", "erstellt",
)  # fmt: skip
_MODIFIED = re.compile(r"^(?:Last modified at|Sửa đổi lần cuối(?: lúc)?)\s+(.*?)(?:\s+(?:by|bởi)\b.*)?$", re.IGNORECASE)
# Template placeholders that an unfilled form leaves behind.
# Claims and domain logins as people columns leak them: `i:0#.w|domain\\name`, `DOMAIN\\name`.
_LOGIN = re.compile(r"i:0[#)]|^\s*\w[\w.-]*\\\w[\w.-]*")
_PLACEHOLDER = re.compile(r"^\$\{\w+\}$")


@dataclass(frozen=True, slots=True)
class FormField:
    """One column. canonical: what it holds (`title`, `body`, …) or "".  el: the value's element, for rich text.

    place: where it stands, as an element or in words.
    """

    label: str
    value: str | None
    canonical: str = ""
    place: Frame | Block | str | None = None
    el: etree._Element | None = None

    @property
    def node(self) -> str | None:
        """Where it stands, for evidence."""
        place = self.place
        return place.path() if isinstance(place, Frame) else place.node if isinstance(place, Block) else place


@dataclass(frozen=True, slots=True)
class ItemForm:
    """A list form as printed.

    kind: `rendered`, `script`, `row` (of a view: no form is shown) or `lines`.  blocks: indices of the page's blocks in
    it.  modified: raw text of the last-modified trailer.  day_first: as the form's own locale says.  files: (address,
    file name) of attachments that stand in a script.
    """

    fields: tuple[FormField, ...]
    kind: str
    blocks: frozenset[int] = frozenset()
    content_type: str | None = None
    modified: str | None = None
    item_id: int | None = None
    day_first: bool | None = None
    files: tuple[tuple[str, str], ...] = ()

    def get(self, *canonical: str) -> FormField | None:
        """The first column of these kinds that has a value."""
        for name in canonical:
            for column in self.fields:
                if column.canonical == name and column.value:
                    return column
        return None

    @property
    def filled(self) -> bool:
        """Whether any column has a value."""
        return any(column.value for column in self.fields)

    def as_dict(self) -> dict[str, str | None]:
        """Label → printed value, null where the label stands alone."""
        return {column.label: column.value for column in self.fields} if self.kind != "row" else {}


@dataclass(slots=True)
class _Trailer:
    content_type: str | None = None
    modified: str | None = None
    blocks: set[int] = field(default_factory=set)


def read_form(page: Page) -> ItemForm | None:
    """The page's list form, None when it shows none."""
    if page.root is not None:
        from scraper.sharepoint.client import read_script_form  # it reads this module's types

        form = read_script_form(page) or _rendered(page)
        if form is not None:
            return form
    return read_form_lines(page.blocks)


def _rendered(page: Page) -> ItemForm | None:
    assert page.root is not None  # noqa: S101 - the caller checked
    columns: list[FormField] = []
    inside: set[int] = set()
    for cell in _VALUE_CELLS(page.root):
        comment = next(
            (_COMMENT.search((c.text or "")[:2000]) for c in cell.iterchildren() if not isinstance(c.tag, str)), None
        )
        if comment is None and "ms-formbody" not in (cell.get("class") or ""):
            continue
        if comment is not None and comment.group(3) in ("User", "UserMulti"):
            continue  # a person's account, not content
        label_cell = cell.getprevious()
        label = tidy("".join(map(str, label_cell.itertext()))) if label_cell is not None else ""
        label = label.rstrip(" *:") or (tidy(comment.group(1)) if comment else "")
        if not label:
            continue
        internal = comment.group(2) if comment else _bookmark(label_cell)
        blocks = page.flow.within(cell)
        canonical = internal_names().get(internal or "", "") or labels().form.get(key(label), "")
        columns.append(FormField(label, value_of(joined(blocks)), canonical, page.flow.frame_of(cell), cell))
        inside.update(block.index for block in blocks)
        if label_cell is not None:
            inside.update(block.index for block in page.flow.within(label_cell))
    if not columns:
        return None
    trailer = _trailer(page.blocks)
    inside |= trailer.blocks
    return ItemForm(tuple(columns), "rendered", frozenset(inside), trailer.content_type, trailer.modified)


def joined(blocks: Iterable[Block]) -> str:
    """The text of a value, its paragraphs parted by a blank line."""
    return "\n\n".join(block.text.replace("\n", "\n\n") for block in blocks)


def _bookmark(label_cell: etree._Element | None) -> str | None:
    """The internal name in the label cell's `SPBookmark_<InternalName>` anchor."""
    if label_cell is not None:
        for anchor in label_cell.iter("a"):
            name = anchor.get("name") or ""
            if name.startswith("SPBookmark_"):
                return name[len("SPBookmark_") :]
    return None


def _trailer(blocks: Sequence[Block]) -> _Trailer:
    """Content type and last-modified lines below a form, in any of the languages met."""
    trailer = _Trailer()
    for block in blocks:
        if len(block.text) > 200 or not block.head.startswith(_TRAILER_STARTS):
            continue
        if match := _CONTENT_TYPE.match(block.text):
            trailer.content_type = match.group(1).strip() or trailer.content_type
            trailer.blocks.add(block.index)
        elif _TRAILER.match(block.text):
            trailer.blocks.add(block.index)
            if (changed := _MODIFIED.match(block.text)) and any(c.isdigit() for c in changed.group(1)):
                trailer.modified = changed.group(1)
    return trailer


def read_form_lines(blocks: Sequence[Block]) -> ItemForm | None:
    """A form printed as lines: `label`, `label: value`, or a label with its value on the next lines.

    It starts at two known labels in a row (three in all) and ends at the last label or trailer; a long value may hold
    several lines, up to the next label.
    """
    found = [block.label for block in blocks]
    start = next((i for i in range(len(blocks) - 2) if found[i] and found[i + 1] and any(found[i + 2 : i + 5])), None)
    trailer = _trailer(blocks)
    if start is None:
        return (
            None
            if not trailer.blocks
            else ItemForm((), "lines", frozenset(trailer.blocks), trailer.content_type, trailer.modified)
        )
    end = _end_of_lines(blocks, found, start)
    columns: list[FormField] = []
    for index in range(start, end):
        label = found[index]
        text = blocks[index].text
        if index in trailer.blocks:
            continue
        if label is not None:
            columns.append(FormField(label[0], value_of(label[2]), label[1], blocks[index]))
        elif columns and blocks[index].head not in labels().chrome:
            last = columns[-1]
            columns[-1] = FormField(
                last.label, f"{last.value}\n{text}" if last.value else text, last.canonical, last.place
            )
    inside = frozenset(range(start, end)) | trailer.blocks
    return ItemForm(tuple(columns), "lines", inside, trailer.content_type, trailer.modified)


def _end_of_lines(blocks: Sequence[Block], found: Sequence[tuple[str, str, str] | None], start: int) -> int:
    end = start + 1
    for index in range(start, len(blocks)):
        if found[index] or blocks[index].head.startswith(_TRAILER_STARTS):
            end = index + 1
        elif key(blocks[index].text[:80]).startswith(labels().footer_headings) or index - end > 40:
            break
    return end


def is_login(text: str) -> bool:
    """Whether a name is an account rather than a person's name."""
    return _LOGIN.search(text[:200]) is not None or "@" in text


def value_of(text: str) -> str | None:
    """A printed value; None for blanks, for a template's placeholder, and for an editor's login."""
    return text if text and not _PLACEHOLDER.match(text) and not _LOGIN.search(text[:200]) else None
