"""Lead, body and language."""

from __future__ import annotations

from scraper.compose import body_html, body_text
from scraper.text import tidy_lines
from scraper.view import Candidate, View


def form_summary(view: View) -> Candidate | None:
    """The summary column of a filled list form."""
    column = view.form.get("summary") if view.form is not None else None
    return Candidate(column.value, column.value, column.node) if column else None


def lead(view: View) -> Candidate | None:
    """The lead (sapo) that the template sets apart from the body (scraper.body)."""
    blocks = view.plan.lead
    if not blocks:
        return None
    text = "\n".join(block.text for block in blocks)
    return Candidate(tidy_lines(text), text, blocks[0].node)


def form_body(view: View) -> Candidate | None:
    """The body column of a filled list form."""
    if view.form is None or not (column := view.form.get("body")):
        return None
    text = body_text(view.plan, view.places) if view.body_root is not None else column.value
    return Candidate(text, (text or "")[:200], column.node)


def article_zone(view: View) -> Candidate | None:
    """The paragraphs of the article zone (scraper.zones)."""
    text = body_text(view.plan, view.places)
    if not text:
        return None
    return Candidate(text, text[:200], view.plan.paragraphs[0].node)


def written(view: View) -> Candidate | None:
    """The same paragraphs as clean HTML, pictures in their places."""
    if view.form is not None and view.body_root is None and (column := view.form.get("body")):
        from html import escape

        return Candidate("\n".join(f"<p>{escape(line, quote=False)}</p>" for line in (column.value or "").split("\n")))
    return Candidate(body_html(view, view.plan, view.places)) if view.plan.paragraphs or view.plan.figures else None


def letters(view: View) -> Candidate | None:
    """Told from the letters and little words of headline and body; the declared language only for very short texts."""
    return Candidate(view.language) if view.language else None


SUMMARY = (form_summary, lead)
BODY_TEXT = (form_body, article_zone)
BODY_HTML = (written,)
LANGUAGE = (letters,)
