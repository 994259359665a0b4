"""Which block is the headline.

No tag marks it reliably on these portals (h1 may be "Search", the site's name, or a second headline in the body), so
every block near the start of the prose is scored by independent signs, and `explain` shows the sums.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from scraper.blocks import MAX_NAMES, Block, Frame
from scraper.kinds import DATE_LIKE, is_letterhead, is_meta_line
from scraper.labels import labels
from scraper.page import Page
from scraper.roles import Roles
from scraper.text import caseless, fold, key, unmarked

# How far above the prose a headline may stand, and how far below its first line.
REACH_ABOVE, REACH_BELOW = 14, 3
SHORTEST, LONGEST = 4, 300
_TITLE_NAME = re.compile(r"title|tieu-?_?de|headline|heading|subject|entry-title", re.IGNORECASE)
_HOME_PATHS = frozenset(
    ["", "/", "/default.aspx", "/pages/default.aspx", "/index.html", "/index.aspx", "/pages/home.aspx", "/trang-chu"]
)
_BRACKETED = re.compile(r"\s*[(\[]([^()\[\]]{6,60})[)\]]$")
_SECTION_NAME = re.compile(r"folder|site|section|chuyenmuc|category|zone|other|breadcrumb|part-title", re.IGNORECASE)
_TITLE_PARTS = re.compile(r"\s+[|\-–»:]\s+")
_CRUMB_ENDS = "»›>→"
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Scored:
    """A block as a candidate for the headline: the sum of its signs and their names."""

    index: int
    score: float
    signs: dict[str, float]

    def told(self) -> str:
        """The signs in one line."""
        return ", ".join(f"{name} {points:+.1f}" for name, points in self.signs.items())


def split_headline(block: Block) -> tuple[str, str]:
    """(headline, date in brackets behind it): a template that prints the date inside the headline's own element.

    A bare date counts only when it stands in an element of its own; with a time or a label it cannot be the editor's.
    """
    text = block.text.replace("\n", " ")
    match = _BRACKETED.search(text)
    if match is None or not DATE_LIKE.search(match.group(1)):
        return text, ""
    own = len(block.runs) > 1 and block.runs[-1].frame is not block.runs[0].frame
    if own or ":" in match.group(1):
        return text[: match.start()].rstrip(), match.group(1)
    return text, ""


def slug_words(url: str | None) -> frozenset[str]:
    """Folded words of the last path segment of an address that is made of words, else empty."""
    if not url:
        return frozenset()
    segments = [part for part in urlsplit(url).path.split("/") if part and part.lower() not in ("index.html", "pages")]
    words = _WORD.findall(fold(unquote(segments[-1]).rsplit(".", 1)[0].replace("_", " "))) if segments else []
    return frozenset(words) if len(words) >= 3 else frozenset()


def stated_titles(page: Page) -> frozenset[str]:
    """Folded titles that the page's head states: og:title, `<title>` and its parts."""
    stated = {page.meta.get("og:title", ""), page.meta.get("twitter:title", ""), page.title_tag}
    stated.update(_TITLE_PARTS.split(page.title_tag))
    return frozenset(folded for text in stated if len(folded := fold(text)) >= 8)


def find_headline(
    page: Page, roles: Roles, usable: Iterable[int], first: int, known: str | None = None
) -> tuple[int | None, list[Scored]]:
    """The headline's block index (None when no candidate deserves it) and all candidates, best first.

    usable: indices of blocks that may be headlines, in order.  first: index of the first prose block.
    known: the title as a list form or script states it.
    """
    blocks = page.blocks
    slug, stated = slug_words(page.url), stated_titles(page)
    counts = Counter([block.text for block in blocks if len(block.text) < 100])
    known_key = key(known) if known else None
    places: dict[int, list[int]] = {}
    for block in blocks:
        if block.heading:
            places.setdefault(block.heading, []).append(block.index)
    levels = {level: len(found) for level, found in places.items()}
    scored = []
    for index in usable:
        block = blocks[index]
        above = first - index
        if not SHORTEST <= len(block.text) <= LONGEST or above < -REACH_BELOW:
            continue
        ends_crumbs = above > 0 and _ends_breadcrumb(blocks, index)
        if not (above <= REACH_ABOVE or ends_crumbs or block.tag in ("h1", "h2")) or is_meta_line(block):
            continue
        signs = _signs(block, roles, stated, slug, known_key)
        if ends_crumbs:
            signs["end of breadcrumb"] = 3.5
            signs.pop("link", None)
        signs["distance"] = max(-1.2, -0.08 * above) if above >= 0 else -1.0 + 0.3 * above
        if block.heading > 1 and levels[block.heading] - bisect_right(places[block.heading], index) >= 3:
            signs["one of several headings"] = -1.5
        if counts.get(block.text, 0) > 1 and len(block.text.split()) <= 6:
            signs["repeated"] = -2.0
        if index + 1 < len(blocks) and is_meta_line(blocks[index + 1]):
            signs["date below"] = 1.5
        scored.append(Scored(index, round(sum(signs.values()), 2), signs))
    scored.sort(key=lambda s: (-s.score, s.index))
    if not scored or scored[0].score <= 0:
        return None, scored
    return _nearest_printing(blocks, scored), scored


def _nearest_printing(blocks: Sequence[Block], scored: list[Scored]) -> int:
    """The headline's last printing as a heading or link: a page title above, the post's own headline below."""
    best = scored[0]
    again = [
        one.index
        for one in scored
        if one.index > best.index
        and blocks[one.index].text == blocks[best.index].text
        and (blocks[one.index].heading or blocks[one.index].links > 0.8)
    ]
    return max(again, default=best.index)


def _ends_breadcrumb(blocks: Sequence[Block], index: int) -> bool:
    """Whether the block is the last of a row of steps, each earlier one ending in a separator: `Home » News » This`."""
    block, before = blocks[index], blocks[index - 1]
    if not index or before.text[-1] not in _CRUMB_ENDS or block.text[-1] in _CRUMB_ENDS:
        return False
    if block.frame is None or before.frame is None or before.frame.up is not block.frame.up:
        return False
    return len(block.text.split()) >= 3


def _links_home(block: Block) -> bool:
    """Whether the line is a link to the site's start page: the site's name, not a headline."""
    link = next((f.el for f in block.runs[0].frame.ancestors() if f.tag == "a"), None) if block.runs else None
    href = (link.get("href") or "").strip() if link is not None else ""
    if not href or href.startswith(("#", "?")):
        return False
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    return not parts.query and parts.path.lower() in _HOME_PATHS


def _signs(
    block: Block, roles: Roles, stated: frozenset[str], slug: frozenset[str], known: str | None
) -> dict[str, float]:
    """What speaks for and against a block, by its own words and its element."""
    text = block.text
    small = caseless(text)
    signs = {"form title": 6.0} if known and small == known else {}
    if block.heading:
        signs[f"h{block.heading}"] = (3.0, 2.0, 1.5, 1.0, 0.5, 0.5)[block.heading - 1]
    elif block.bold:
        signs["bold"] = 1.0
    words = len(text.split(None, 3))
    if stated or slug:
        signs.update(_likeness(text, _unmarked(small), stated, slug if words > 2 else frozenset()))
    if block.frame is not None:
        signs.update(_named_around(block.frame))
        if role := roles[block.frame]:
            signs[f"in {role}"] = -4.0
    if words < 4:
        signs["short"] = -1.0
    if is_letterhead(block):
        signs["national motto"] = -6.0
    if ":" in text[:30] and text.index(":") < 0.5 * len(text):
        signs["label and value"] = -0.5
    if len(text) > 220:
        signs["long"] = -2.0
    if text[-1] in ".;:" and not text.endswith("..."):
        signs["sentence end"] = -1.0
    if block.links > 0.8:
        signs.update({"links home": -5.0} if _links_home(block) else {"link": -1.5})
    if block.label is not None or block.head in labels().tools or block.head in labels().chrome:
        signs["known label"] = -6.0
    return signs


@lru_cache(maxsize=2048)
def _unmarked(small: str) -> str:
    """Remembered, since the lines above a headline are those of every page of the portal."""
    return unmarked(small)


def _likeness(text: str, folded: str, stated: frozenset[str], slug: frozenset[str]) -> dict[str, float]:
    """The signs that come from other places where the headline is printed."""
    signs = {}
    if folded in stated:
        signs["stated in head"] = 3.0
    elif len(text) > 24 and any(folded in title or title in folded for title in stated):
        signs["partly stated in head"] = 1.5
    if 2 * sum(map(folded.__contains__, slug)) >= len(slug) > 0:
        own = frozenset(_WORD.findall(folded))
        likeness = len(own & slug) / len(own | slug)
        if likeness >= 0.5:
            signs["in the address"] = 6.0 * likeness * likeness
    return signs


def _named_around(frame: Frame) -> dict[str, float]:
    names = f"{frame.names} {frame.up.block.names}" if frame.up else frame.names
    return _named(names[:MAX_NAMES])


@lru_cache(maxsize=4096)
def _named(names: str) -> dict[str, float]:
    """What classes and ids say; remembered, since the pages of a portal repeat them."""
    title = {"named title": 1.5} if _TITLE_NAME.search(names) else {}
    return title | {"named section": -1.5} if _SECTION_NAME.search(names) else title
