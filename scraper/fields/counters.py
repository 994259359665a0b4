"""The page's read counter."""

from __future__ import annotations

from scraper.lines.counters import read_views
from scraper.view import Candidate, View


def form_views(view: View) -> Candidate | None:
    """The counter column of a filled list form."""
    column = view.form.get("views") if view.form is not None else None
    if column is None or column.value is None:
        return None
    digits = "".join(c for c in column.value.split(",00")[0] if c.isdigit())
    return Candidate(int(digits), column.value, column.node) if 0 < len(digits) <= 12 else None


def header_counter(view: View) -> Candidate | None:
    """The counter in the lines around the headline."""
    views = view.header.views
    return Candidate(views, str(views), view.header_node("views")) if views is not None else None


def printed_counter(view: View) -> Candidate | None:
    """A labelled counter near the article (header, below the body); site counters are never read."""
    blocks = view.zones.of(view.page, "header", "tail", "tools") + view.article_blocks[-2:]
    for block in blocks:
        views = read_views(block.text)
        if views is not None:
            return Candidate(views, block.text, block.node)
    return None


VIEWS = (form_views, header_counter, printed_counter)
