"""Headline and second headline."""

from __future__ import annotations

from scraper.fields.structured import stated
from scraper.headline import split_headline
from scraper.kinds import is_meta_line
from scraper.labels import form_label
from scraper.text import key, tidy
from scraper.view import Candidate, View


def form_title(view: View) -> Candidate | None:
    """The Title column of a filled list form."""
    column = view.form.get("title") if view.form is not None else None
    return Candidate(column.value, column.value, column.node) if column else None


def headline(view: View) -> Candidate | None:
    """The block that the headline's signs point to (scraper.headline)."""
    block = view.title_block
    if block is None:
        return None
    best = view.zones.candidates[0]
    return Candidate(split_headline(block)[0], block.text, block.node, best.told())


def structured_title(view: View) -> Candidate | None:
    """`headline` of the page's JSON-LD article, else og:title."""
    return stated(view, "headline", "og:title")


def form_subtitle(view: View) -> Candidate | None:
    """The second-headline column of a filled list form."""
    column = view.form.get("subtitle") if view.form is not None else None
    return Candidate(column.value, column.value, column.node) if column else None


def heading_below(view: View) -> Candidate | None:
    """A lower heading directly below the headline, in the element that holds it, outside of the body."""
    title = view.title_block
    if title is None or not title.heading or title.index + 1 >= len(view.page.blocks):
        return None
    below = view.page.blocks[title.index + 1]
    if below.frame is None or title.frame is None or not title.heading < below.heading <= title.heading + 2:
        return None
    same_holder = below.frame.up is title.frame.up
    if not same_holder or below in view.article_blocks or is_meta_line(below) or key(below.text) == key(title.text):
        return None
    return Candidate(tidy(below.text), below.text, below.node)


TITLE = (form_title, headline, structured_title)
SUBTITLE = (form_subtitle, heading_below)


def plausible_title(value: object) -> str:
    """Why a title is refused, "" when it is fine."""
    text = str(value)
    if not 3 <= len(text) <= 500:
        return f"{len(text)} characters"
    if form_label(text):
        return "a form label"
    return "" if any(c.isalpha() for c in text) else "no letters"
