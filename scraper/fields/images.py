"""Pictures of the article."""

from __future__ import annotations

from scraper.models import Image
from scraper.view import Candidate, View


def in_body(view: View) -> Candidate | None:
    """The pictures that stand in the article, with the captions under them (scraper.body)."""
    figures = view.plan.figures
    if not figures:
        return None
    raw = ", ".join(f.image.file_name or "?" for f in figures)
    return Candidate(tuple(f.image for f in figures), raw, figures[0].node)


def form_picture(view: View) -> Candidate | None:
    """The picture column of a filled list form, with its caption column."""
    column = view.form.get("image") if view.form is not None else None
    if column is None or column.el is None:
        return None
    picture = next(column.el.iter("img"), None)
    url = view.absolute(picture.get("src")) if picture is not None else None
    if url is None or picture is None:
        return None
    from scraper.addresses import file_name_of
    from scraper.lines.captions import split_caption

    caption = view.form.get("image_caption") if view.form is not None else None
    words = caption.value if caption else None
    image = Image(url, file_name_of(url), picture.get("alt") or None, words, split_caption(words)[1] if words else None)
    return Candidate((image,), url, column.node)


IMAGES = (in_body, form_picture)
