"""General extractors in the form that benchmarks.accuracy scores, for the columns of --peers.

Only those that are installed take part: `pip install --group peers`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

Record = dict[str, Any]
_EMPTY: Record = {
    "title": None,
    "author": None,
    "source": None,
    "section": None,
    "summary": None,
    "published_at": None,
    "views": None,
    "body_text": "",
    "images": [],
    "agency": None,
}


def trafilatura(content: bytes, url: str | None) -> Record | None:
    """trafilatura with metadata; None when it returns nothing."""
    from trafilatura import bare_extraction

    found = bare_extraction(content, url=url, with_metadata=True, include_comments=False)
    if found is None:
        return None
    data = found.as_dict()
    return _EMPTY | {
        "title": data.get("title"),
        "author": data.get("author"),
        "summary": data.get("description"),
        "published_at": data.get("date"),
        "body_text": (data.get("text") or "").replace("\n", "\n\n"),
        "images": [{"url": data["image"], "caption": None}] if data.get("image") else [],
    }


def newspaper(content: bytes, url: str | None) -> Record | None:
    """newspaper4k on the given HTML; None when it finds no text."""
    from newspaper import Article

    article = Article(url or "http://page.example/")
    article.download(input_html=content.decode("utf-8", "replace"))
    article.parse()
    if not article.text:
        return None
    return _EMPTY | {
        "title": article.title,
        "author": ", ".join(article.authors) or None,
        "summary": article.meta_description or None,
        "published_at": article.publish_date.date().isoformat() if article.publish_date else None,
        "body_text": article.text,
        "images": [{"url": article.top_image, "caption": None}] if article.top_image else [],
    }


def readability(content: bytes, url: str | None) -> Record | None:
    """readability-lxml: title and body only."""
    from lxml import html
    from readability import Document

    document = Document(content.decode("utf-8", "replace"), url=url)
    body = html.fromstring(document.summary())
    text = "\n\n".join(" ".join(p.text_content().split()) for p in body.iter("p", "li", "h2", "h3", "td"))
    return _EMPTY | {"title": document.short_title(), "body_text": text} if text else None


_KNOWN: dict[str, tuple[str, Callable[[bytes, str | None], Record | None]]] = {
    "trafilatura": ("trafilatura", trafilatura),
    "newspaper4k": ("newspaper", newspaper),
    "readability": ("readability", readability),
}
PEERS = {name: run for name, (module, run) in _KNOWN.items() if find_spec(module) is not None}
