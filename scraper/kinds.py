"""What a single line is, by its words alone: about the article, a byline, a control, the head of a document, a file.

Patterns say where they come from; the words themselves stand in data/labels.toml.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from scraper.blocks import Block
from scraper.labels import labels, undouble

DATE_LIKE = re.compile(
    r"\b\d{1,2}\s?[/.\-–]\s?\d{1,2}\s?[/.\-–]\s?(?:\d{4}|\d{2})\b|\b\d{4}-\d{2}-\d{2}\b|ngày\s+\d{1,2}\s+tháng\s+\d{1,2}"
    r"|\b(?:\d{1,2}(?:st|nd|rd|th)?\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2}?,?\s*\d{4}\b"
    r"|\btháng\s+\S+\s+\d{1,2},\s*\d{4}",
    re.IGNORECASE,
)
# Head of an administrative document (Decree 30/2020/NĐ-CP, annex I): national motto; place, then the signing date.
SIGNED = re.compile(r"[^\d,]{2,40},\s*ngày\s+\d{1,2}\s+tháng\s+\d{1,2}\s+năm\s+\d{4}$", re.IGNORECASE)
_LETTERHEAD = re.compile(
    r"(?:cộng ho[àaá]\S* xã hội chủ nghĩa việt nam|độc lập\s*[-–]\s*tự do\s*[-–]\s*hạnh phúc)\W*(?:$|\n)", re.IGNORECASE
)
_LETTERHEAD_STARTS = ("cộng ho", "độc lập")
_BYLINE_NAME = re.compile(r"byline|author|tac-?_?gia|nguoi-?_?viet", re.IGNORECASE)
POSTED = re.compile(
    r"(?:Posted\b.{0,40}?\bby|by|bởi|par|von)\s+(?P<name>[^|\d]{2,60}?)(?=\s*\||\s+(?:at|on|lúc|à|le|um)\s|$)",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_COUNT = re.compile(r"[\s(:]*\d*[\s):]*$")
SIGNATURE_MARK = re.compile(r"\(?\s*đã ký\s*\)?", re.IGNORECASE)
FILE_ENDING = r"\.(?:pdf|docx?|xlsx?|pptx?|odt|ods|odp|rtf|txt|csv|zip|rar|7z|xml|mp3|mp4|wmv|avi|dwg)(?:$|[?#'\"])"
FILE_LINK = re.compile(FILE_ENDING, re.IGNORECASE)


def is_letterhead(block: Block) -> bool:
    """Whether a line begins with the national motto, as an administrative document does."""
    return block.head.startswith(_LETTERHEAD_STARTS) and _LETTERHEAD.match(block.text) is not None


def is_meta_line(block: Block) -> bool:
    """Whether a line is about the article rather than of it: mostly a date, or a labelled author, source or counter."""
    return len(block.text) <= 160 and (block.label is not None or _is_date_line(block.text))


@lru_cache(maxsize=2048)
def _is_date_line(text: str) -> bool:
    """Whether a line is mostly a date; remembered for the rules that ask again."""
    if not _DIGIT.search(text):
        return False
    rest, dates = DATE_LIKE.subn(" ", text)
    return dates > 0 and len(rest.strip(" |,-–:()")) <= max(40, len(text) // 3)


def is_named_byline(block: Block) -> bool:
    """Whether a short line stands in an element whose class or id calls it byline or author."""
    if block.frame is None or len(block.text) > 80 or block.text[-1] in ".!?:":
        return False
    return _BYLINE_NAME.search(f"{block.frame.names} {block.runs[0].frame.names}") is not None


def is_posted(block: Block) -> bool:
    """Whether a line tells author, time and category of a blog post, as the SharePoint blog product prints below it."""
    return len(block.text) < 200 and POSTED.match(block.text) is not None and any(map(str.isdigit, block.text))


def links_a_file(block: Block) -> bool:
    """Whether the line is nothing but links to documents."""
    links = {f.el for run in block.runs for f in run.frame.ancestors() if f.tag == "a"}
    return bool(links) and all(FILE_LINK.search(link.get("href") or "") for link in links)


class _Words(NamedTuple):
    """What the first words of a line are: of the template, of its controls, of a counter of visitors."""

    chrome: bool
    tools: bool
    counter: bool


@lru_cache(maxsize=8192)
def _words(head: str) -> _Words:
    """Remembered, since the pages of a portal repeat their menus."""
    known = labels()
    return _Words(
        chrome=head in known.chrome or undouble(head) in known.chrome,
        tools=head in known.tools or head.startswith(known.notice_starts) or is_only_tools(head),
        counter=head.startswith(known.counter_starts),
    )


def is_only_tools(line: str) -> bool:
    """Whether a short line is made of nothing but names of tools, however they run together."""
    if len(line) > 60 or not line.startswith(_tool_names()):
        return False
    rest = line
    for name in _tool_names():
        if name in rest:
            rest = rest.replace(name, " ")
    return rest != line and not rest.strip(" |+-/·•a")


@lru_cache(maxsize=1)
def _tool_names() -> tuple[str, ...]:
    return (*sorted((name for name in labels().tools if len(name) > 1), key=len, reverse=True), "a+", "a-")


def kind_of_template_line(block: Block) -> str:
    """The mark of a line known from templates, "" for any other line.

    chrome: a menu's item, a form's button, a counter of the site's visitors.  tools: a control or a player's notice.
    """
    words = _words(block.head)
    if words.chrome or (words.counter and _is_site_counter(block)):
        return "chrome"
    in_cell = block.tag in ("td", "th") and block.links == 0  # a cell of a table may say "Chia sẻ" and mean it
    return "tools" if words.tools and not in_cell else ""


def _is_site_counter(block: Block) -> bool:
    """Whether a line that starts like a counter of visitors is one: the label alone, or with a number or colon."""
    if len(block.text) > 60:
        return False
    return block.head in labels().counter_starts or ":" in block.text or any(map(str.isdigit, block.text))


def is_related_label(block: Block) -> bool:
    """Whether a short line opens a list of other articles."""
    return len(block.text) < 60 and block.head.startswith(labels().related_starts)


def is_comments_label(block: Block) -> bool:
    """Whether a line is nothing but the heading of readers' comments, a count or colon aside."""
    starts = labels().comments_starts
    may_be = len(block.text) < 60 and block.links < 0.5 and block.head.startswith(starts)
    return may_be and _COUNT.sub("", block.head) in starts


def is_tail_label(block: Block) -> bool:
    """Whether a line below the first paragraph is a labelled fact: tags, counter, date, files."""
    words = labels()
    if len(block.text) < 300 and block.head.startswith(words.tags_starts):
        label = block.text[:30].partition(":")[1] or block.links > 0.3 or block.head in words.tags_starts
        return bool(label)
    if len(block.text) >= 120:
        return False
    if block.label is not None and block.label[1] in ("views", "published_at", "updated_at", "attachments", "category"):
        return True
    starts = block.head.startswith(words.attachment_starts)
    return starts and (
        block.text.rstrip().endswith(":") or ":" in block.text[:40] or block.head in words.attachment_starts
    )
