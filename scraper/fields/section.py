"""The section that the article stands in, and its keywords."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from scraper.blocks import MAX_NAMES, Block
from scraper.fields.structured import stated
from scraper.kinds import is_meta_line
from scraper.labels import labels
from scraper.text import key, tidy
from scraper.view import Candidate, View

_CRUMB_SEPARATOR = re.compile(r"\s*(?:[»›>/|]|[\ue000-\uf8ff]|::|→)\s*")
_CRUMB_MARK = re.compile(r"[»›>\ue000-\uf8ff→]|::|\s/\s")
_CRUMB_NAME = re.compile(r"readcrumb|duong-?dan|sitemappath|box-map", re.IGNORECASE)
_LAST_PUNCTUATION = ".!?:;,"
SECTION_WORDS = 12
# Blocks below the body in which a line of tags is looked for.
TAGS_REACH = 25
_POSTED_IN = re.compile(r"^(?:by|bởi|par)\b.*\d.*?\s(?:in|trong|dans)\s+([^|\d]{2,60})$", re.IGNORECASE)
_DAY_ALONE = re.compile(r"^\d{1,2}\s+\S+(?:\s\S+)?$")
_PART = re.compile(r"\s*[,;|]\s*")


def form_category(view: View) -> Candidate | None:
    """The category column of a filled list form."""
    column = view.form.get("category") if view.form is not None else None
    return Candidate(column.value, column.value, column.node) if column else None


def line_above(view: View) -> Candidate | None:
    """The nearest short line above the headline that is neither date nor byline: the heading of the web part."""
    title = view.title_block
    for block in reversed(view.header_blocks):
        above = title is None or (block.index < title.index and block.head != title.head)
        if above and _may_name_section(view, block):
            steps = [step for step in _CRUMB_SEPARATOR.split(block.text) if step]
            return Candidate(tidy(steps[-1]), block.text, block.node) if steps else None
    return None


def breadcrumb(view: View) -> Candidate | None:
    """The last step of the breadcrumb that is not the headline itself."""
    title = view.title_block
    end = title.index if title is not None else len(view.page.blocks)
    for block in reversed(view.page.blocks[:end]):
        if block.frame is None or len(block.text) > 200:
            continue
        steps = _steps(view, block)
        if steps and len(steps[-1].split()) <= SECTION_WORDS and not view.has_date(block.text):
            return Candidate(steps[-1], block.text, block.node)
    return None


def _steps(view: View, block: Block) -> list[str]:
    """The steps of a breadcrumb printed in one block, the headline left out; empty when it is none."""
    around = islice(block.frame.ancestors(), 5) if block.frame is not None else ()
    named = any(_calls_crumb(frame.names[:MAX_NAMES]) for frame in around if frame.classes or frame.id)
    if not named and len(_CRUMB_MARK.findall(block.text)) < 1 + ("/" in block.text):
        return []
    parts = _CRUMB_SEPARATOR.split(block.text)
    if len(parts) < 2 and named:  # steps parted by styling alone: one link each
        parts = [run.text for run in block.runs]
    title = key(view.title_block.text) if view.title_block else ""
    steps = [tidy(part) for part in parts if tidy(part) and key(part) != title]
    below = view.page.blocks[block.index + 1] if block.index + 1 < len(view.page.blocks) else None
    follows = (
        below is not None and below.frame is not None and block.frame is not None and below.frame.up is block.frame.up
    )
    if len(steps) < 2 and not (named and (len(parts) > 1 or block.tag == "li")):
        return []
    if follows and below is not None and block.tag == "li" and key(below.text) != title:
        return []  # an earlier step of a list of steps
    return steps


@lru_cache(maxsize=4096)
def _calls_crumb(names: str) -> bool:
    """Whether class and id call an element a breadcrumb; remembered, since the pages of a portal repeat them."""
    return _CRUMB_NAME.search(names) is not None


def structured_section(view: View) -> Candidate | None:
    """`articleSection` of JSON-LD, else article:section."""
    return stated(view, "articleSection", "article:section")


def _may_name_section(view: View, block: Block) -> bool:
    text = block.text
    return (
        len(text.split()) <= SECTION_WORDS
        and text[-1] not in _LAST_PUNCTUATION
        and any(c.isalpha() for c in text)
        and not is_meta_line(block)
        and not view.has_date(text)
        and not _DAY_ALONE.match(text)
        and block.head not in labels().tools
        and block not in view.told_blocks
    )


def tags(view: View) -> Candidate | None:
    """The words after a tags label below the body, whichever element holds it."""
    end = view.zones.core[1] if view.zones.core else 0
    for block in view.page.blocks[end : end + TAGS_REACH]:
        if len(block.text) > 400 or not block.head.startswith(labels().tags_starts):
            continue
        head, _, rest = block.text.partition(":")
        if key(head).startswith(labels().tags_starts):
            found = _PART.split(rest.strip()) if rest.strip() else _lines_below(view, block)
            if found := [tidy(tag) for tag in found if tidy(tag)]:
                return Candidate(tuple(dict.fromkeys(found)), block.text, block.node)
    return None


def _lines_below(view: View, block: Block) -> list[str]:
    found = []
    for below in view.page.blocks[block.index + 1 : block.index + 21]:
        if below.frame is None or block.frame is None or below.links < 0.8 or len(below.text) > 60:
            break
        found.append(below.text)
    return found


def structured_tags(view: View) -> Candidate | None:
    """`keywords` of JSON-LD, or the article:tag meta element."""
    found = stated(view, "keywords", "article:tag")
    if found is None:
        return None
    return Candidate(tuple(dict.fromkeys(t for t in _PART.split(found.value) if t)), found.raw, found.node)


def posted_in(view: View) -> Candidate | None:
    """The category in a blog post's "by … at … in …" line, or after "Category:" below the post."""
    for block in view.zones.of(view.page, "tail"):
        if block.label is not None and block.label[1] == "category" and block.label[2]:
            return Candidate(block.label[2], block.text, block.node)
        if len(block.text) <= 200 and (match := _POSTED_IN.search(block.text)):
            return Candidate(match.group(1).strip(), block.text, block.node)
    return None


SECTION = (form_category, posted_in, line_above, breadcrumb, structured_section)
TAGS = (tags, structured_tags)
