"""The body as text and as clean HTML, written from the plan's blocks.

The HTML is generated, not copied: only the tags below can come out, every letter is escaped, every address is checked;
`nh3` has the last word on every piece that carries an address or a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from scraper.blocks import Block, Frame
from scraper.body import BodyPlan, Figure
from scraper.text import tidy
from scraper.view import View

if TYPE_CHECKING:
    from lxml import etree

INLINE_TAGS = {"a": "a", "b": "strong", "strong": "strong", "i": "em", "em": "em", "sup": "sup", "sub": "sub", "u": "u"}
ALLOWED_TAGS = set(
    "p h1 h2 h3 h4 h5 h6 ul ol li table tbody tr td th a strong em sup sub u br figure img figcaption".split()
)
ALLOWED_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
ALLOWED_SCHEMES = {"http", "https", "mailto"}
# A cell longer than this on average marks a table that only lays out a page.
DATA_CELL = 120
# Character references in one piece of HTML beyond which it is kept as generated, without the second look.
MOST_REFERENCES = 20_000


def body_text(plan: BodyPlan, places: Places) -> str:
    """Paragraphs joined by a blank line; a data table's row is one paragraph, its cells parted by a tab."""
    return "\n\n".join(_paragraph_texts(plan.paragraphs, places))


def _paragraph_texts(blocks: Sequence[Block], places: Places) -> Iterator[str]:
    pending = ""
    last_line = 0
    for table, group in groupby(blocks, key=places.table):
        if table is not None:
            if pending:
                yield pending
                pending = ""
            for _, row in groupby(group, key=lambda b: places.of(b)[1]):
                yield "\t".join(
                    " ".join(block.text.replace("\n", " ") for block in inside)
                    for _, inside in cells_of(places, list(row))
                )
            continue
        for block in group:
            wrapped = block.line and block.line - last_line == 1 and block.text[:1].islower() and pending
            if wrapped:
                pending = f"{pending} {block.text}"  # a hard line break in mid-sentence
            else:
                if pending:
                    yield pending
                pending = block.text.replace("\n", " " if block.heading else "\n\n")
            last_line = block.line
    if pending:
        yield pending


_NOWHERE: tuple[Frame | None, ...] = (None,) * 5


class Places:
    """For each block, the nearest table, row, cell, list and list item around it; shared by text and HTML."""

    _KINDS: ClassVar[dict[str, int]] = {"table": 0, "tr": 1, "td": 2, "th": 2, "ul": 3, "ol": 3, "li": 4}

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._memo: dict[Frame, tuple[Frame | None, ...]] = {}
        self._of: dict[Block, tuple[Frame | None, ...]] = {}
        cells: dict[Frame, list[Block]] = {}
        for block in blocks:
            place = self._of[block] = self._place(block.frame) if block.frame is not None else _NOWHERE
            if (table := place[0]) is not None:
                cells.setdefault(table, []).append(block)
        self._data = {table for table, inside in cells.items() if self._is_data(inside)}

    def of(self, block: Block) -> tuple[Frame | None, ...]:
        """(table, row, cell, list, item) around a block, each None where there is none."""
        return self._of[block]

    def table(self, block: Block) -> Frame | None:
        """The data table that the block stands in; None for text and for tables that only lay out a page."""
        table = self._of[block][0]
        return table if table in self._data else None

    def _place(self, frame: Frame) -> tuple[Frame | None, ...]:
        place = self._memo.get(frame)
        if place is None:
            place = self._place(frame.up) if frame.up is not None else _NOWHERE
            kind = self._KINDS.get(frame.tag)
            if kind is not None:
                place = (*place[:kind], frame, *place[kind + 1 :]) if kind else (frame, *_NOWHERE[1:])
            self._memo[frame] = place
        return place

    def _is_data(self, inside: Sequence[Block]) -> bool:
        rows = {self.of(block)[1] for block in inside}
        columns = {self.of(block)[2] for block in inside}
        mean = sum(len(block.text) for block in inside) / len(inside)
        return len(rows) >= 2 and len(columns) >= 2 * len(rows) - 1 and mean <= DATA_CELL


def body_html(view: View, plan: BodyPlan, places: Places) -> str:
    """The same as safe HTML, pictures in their places."""
    figures = {n: list(group) for n, group in groupby(plan.figures, key=lambda f: f.before)}
    pieces: list[str] = []
    numbered = list(enumerate(plan.paragraphs))
    for (kind, holder), group in groupby(numbered, key=lambda pair: _shape(pair[1], places)):
        members = list(group)
        for number, _ in members if figures else ():
            pieces.extend(_figure(figure) for figure in figures.pop(number, ()))
        blocks = [block for _, block in members]
        if kind == "table":
            pieces.append(_table(view, places, blocks))
        elif kind == "list" and holder is not None:
            pieces.append(_list(view, places, holder, blocks))
        else:
            pieces.extend(f"<{(tag := _tag(b))}>{_inline(view, b)}</{tag}>" for b in blocks)
    pieces.extend(_figure(figure) for group in figures.values() for figure in group)
    runs = groupby(pieces, key=_carries_more)
    return "\n".join(_cleaned(list(run)) if more else "\n".join(run) for more, run in runs)


def _carries_more(html: str) -> bool:
    """Whether a piece holds more than bare tags around escaped words: addresses, or what a parser completes (`tbody`).

    Words are escaped: a `<` begins a tag of our own.
    """
    return "<a" in html or "<figure" in html or "<table" in html


def _cleaned(pieces: Sequence[str]) -> str:
    """What `nh3` leaves of some pieces.

    Its time grows with the square of the references in one text, so a monster goes without.
    """
    import nh3

    html = "\n".join(pieces)
    if html.count("&") > MOST_REFERENCES:
        return html if len(pieces) == 1 else "\n".join(_cleaned([piece]) for piece in pieces)
    return nh3.clean(
        html,
        tags=ALLOWED_TAGS,
        attributes=ALLOWED_ATTRIBUTES,
        url_schemes=ALLOWED_SCHEMES,
        link_rel=None,
    )


def _shape(block: Block, places: Places) -> tuple[str, Frame | None]:
    if (table := places.table(block)) is not None:
        return "table", table
    holder, item = places.of(block)[3:]
    return ("list", holder) if holder is not None and item is not None else ("text", None)


def _tag(block: Block) -> str:
    return f"h{block.heading}" if block.heading else "p"


def _list(view: View, places: Places, holder: Frame, blocks: Sequence[Block]) -> str:
    items = []
    for _, group in groupby(blocks, key=lambda b: places.of(b)[4]):
        items.append("<li>" + "<br>".join(_inline(view, block) for block in group) + "</li>")
    return f"<{holder.tag}>" + "".join(items) + f"</{holder.tag}>"


def cells_of(places: Places, row: Sequence[Block]) -> Iterator[tuple[etree._Element | None, list[Block]]]:
    """(cell, its lines) for every cell of a row, the empty ones too, so that values stay under their headings."""
    holder = places.of(row[0])[1]
    lines: dict[etree._Element | None, list[Block]] = {}
    for block in row:
        cell = places.of(block)[2]
        lines.setdefault(cell.el if cell is not None else None, []).append(block)
    if holder is None or None in lines:
        yield from lines.items()
        return
    for element in holder.el:
        if element.tag in ("td", "th"):
            yield element, lines.get(element, [])


def _table(view: View, places: Places, blocks: Sequence[Block]) -> str:
    rows = []
    for _, row in groupby(blocks, key=lambda b: places.of(b)[1]):
        cells = []
        for cell, inside in cells_of(places, list(row)):
            tag = "th" if cell is not None and cell.tag == "th" else "td"
            spans = "".join(
                f' {name}="{value}"'
                for name in ("colspan", "rowspan")
                if cell is not None and (value := cell.get(name) or "").isdigit() and value != "1"
            )
            cells.append(f"<{tag}{spans}>" + "<br>".join(_inline(view, block) for block in inside) + f"</{tag}>")
        rows.append("<tr>" + "".join(cells) + "</tr>")
    return "<table>" + "".join(rows) + "</table>"


def _figure(figure: Figure) -> str:
    image = figure.image
    caption = f"<figcaption>{escape(image.caption)}</figcaption>" if image.caption else ""
    if image.url is None or image.url.startswith("data:"):
        return f"<figure>{caption}</figure>" if caption else ""
    alt = f' alt="{escape(image.alt)}"' if image.alt else ""
    return f'<figure><img src="{escape(image.url)}"{alt}>{caption}</figure>'


def _inline(view: View, block: Block) -> str:
    """The block's runs with links and emphasis."""
    dresses = [_dress(run.frame, block) for run in block.runs]
    if not any(dresses):
        return escape(block.text, quote=False).replace("\n", "<br>")
    out: list[str] = []
    opened: list[Frame] = []
    for run, dress in zip(block.runs, dresses, strict=True):
        shared = 0
        while shared < min(len(opened), len(dress)) and opened[shared] is dress[shared]:
            shared += 1
        out.extend(f"</{INLINE_TAGS[f.tag]}>" for f in reversed(opened[shared:]))
        if run.line:
            out.append("<br>")
        elif run.gap:
            out.append(" ")
        out.extend(_open(view, frame) for frame in dress[shared:])
        out.append(escape(_clean(run.text), quote=False))
        opened = dress
    out.extend(f"</{INLINE_TAGS[f.tag]}>" for f in reversed(opened))
    return "".join(out).strip()


def _dress(frame: Frame, block: Block) -> list[Frame]:
    """The elements around a run that its HTML keeps, from the block inwards; a heading keeps its links alone."""
    kept: list[Frame] = []
    around: Frame | None = frame
    while around is not None and around is not block.frame:
        if around.tag in INLINE_TAGS and (around.tag == "a" or not block.heading):
            kept.append(around)
        around = around.up
    return kept[::-1]


def _open(view: View, frame: Frame) -> str:
    if frame.tag != "a":
        return f"<{INLINE_TAGS[frame.tag]}>"
    href = view.absolute(frame.el.get("href"))
    return f'<a href="{escape(href)}">' if href and not href.startswith("data:") else "<a>"


def _clean(text: str) -> str:
    """A run tidied, but for the blanks at its ends, which part it from its neighbours."""
    tidied = tidy(text)
    return f"{' ' if text[:1].isspace() else ''}{tidied}{' ' if tidied and text[-1:].isspace() else ''}"
