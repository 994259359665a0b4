"""Author and credited source."""

from __future__ import annotations

import re

from scraper.fields.structured import stated
from scraper.kinds import POSTED, is_named_byline
from scraper.view import Candidate, View

_BY = re.compile(r"^(?:by|written by|bởi|par)\s+", re.IGNORECASE)


def form_author(view: View) -> Candidate | None:
    """The author column of a filled list form (free text, never the SharePoint account)."""
    column = view.form.get("author") if view.form is not None else None
    return Candidate(column.value, column.value, column.node) if column else None


def header_author(view: View) -> Candidate | None:
    """The byline in the lines around the headline."""
    author = view.header.author
    return Candidate(author, author, view.header_node("author")) if author else None


def named_byline(view: View) -> Candidate | None:
    """A short line near the headline in an element that is called byline or author."""
    for block in view.header_blocks:
        if is_named_byline(block) and not view.has_date(block.text) and block.label is None:
            name = _BY.sub("", block.text)
            return Candidate(name, block.text, block.node) if name else None
    return None


def posted_by(view: View) -> Candidate | None:
    """ "Posted at 10:24 AM by …" below a blog post, as the SharePoint blog product prints it."""
    for block in view.zones.of(view.page, "tail"):
        if match := POSTED.match(block.text):
            return Candidate(match["name"].strip(), block.text, block.node)
    return None


def signature(view: View) -> Candidate | None:
    """A name or unit that signs the body: its last line, or the one after "./."."""
    return _from_end(view, "author")


def structured_author(view: View) -> Candidate | None:
    """`author` of JSON-LD, else the article:author or og:authorname meta element."""
    return stated(view, "author", "article:author", "og:authorname")


def form_source(view: View) -> Candidate | None:
    """The source column of a filled list form."""
    column = view.form.get("source") if view.form is not None else None
    return Candidate(column.value, column.value, column.node) if column else None


def header_source(view: View) -> Candidate | None:
    """A labelled source in the lines around the headline."""
    source = view.header.source
    return Candidate(source, source, view.header_node("source")) if source else None


def closing_source(view: View) -> Candidate | None:
    """ "Theo …", "(Nguồn: …)" at the end of the body."""
    return _from_end(view, "source")


def _from_end(view: View, name: str) -> Candidate | None:
    reading, blocks = view.closing
    value = getattr(reading, name)
    index = reading.lines.get(name)
    return Candidate(value, value, blocks[index].node if index is not None else None) if value else None


AUTHOR = (form_author, header_author, named_byline, posted_by, signature, structured_author)
SOURCE = (form_source, header_source, closing_source)
