"""Before and after the rules: is this an article at all, and what should a person doubt about it.

`refuse_at_sight` refuses pages so poor in text that no rule could make an article of them, before any is asked.
`assess` refuses home pages, listings, empty forms, error, login and challenge pages, and plain content pages without a
trace of publication. A refusal is loud and typed; an empty record never comes out.
"""

from __future__ import annotations

import re

from scraper.blocks import Block
from scraper.errors import NotAnArticle
from scraper.fields.dates import day_in_address
from scraper.fields.structured import article_object
from scraper.headline import slug_words
from scraper.labels import labels
from scraper.lines.dates import DateReading
from scraper.models import Problem
from scraper.page import Page
from scraper.prose import weigh
from scraper.roles import rich_text_around
from scraper.sharepoint.client import count_rows
from scraper.sharepoint.forms import ItemForm
from scraper.text import caseless, fold, key
from scraper.view import Candidate, View

# Looked for in small letters.
_ERROR_WORDS = re.compile(
    r"sorry, something went wrong|correlation id|an unexpected error has occurred|truy cập bị từ chối|access denied"
    r"|page not found|không tìm thấy trang|server error in|runtime error|the resource cannot be found|file not found"
    r"|trang không tồn tại|bad gateway|service unavailable|đã xảy ra lỗi|404 not found|http error \d{3}"
)
_CHALLENGE_WORDS = re.compile(
    r"checking your browser|just a moment|enable javascript and cookies|verify you are human|captcha|ddos protection"
    r"|xác minh bạn (?:là|không phải)|đang kiểm tra trình duyệt|security check|are you a robot"
)
_REFUSING_WORDS = (
    (_ERROR_WORDS, "an error page", "soft_error"),
    (_CHALLENGE_WORDS, "a challenge page", "challenge"),
)
_ID_IN_QUERY = re.compile(r"[?&](?:item|news|tin|bai|article|post)?_?id=\d+", re.IGNORECASE)
# Links this long are headlines of other articles, not menu words.
HEADLINE_LINK = 28
# So many lines that are nothing but links, with hardly any prose, are a site map or an index.
LINK_LINES = 10
# A front page: this many headings, with fewer letters of prose for each than this.
FRONT_HEADINGS, FRONT_PROSE = 8, 150
# A page with this little visible text may be judged by its words alone.
SMALL_PAGE = 1500
# With this much prose (letters as scraper.prose weighs them), a headline and a date, a page is no error page.
ENOUGH_PROSE = 200


def refuse_at_sight(page: Page, form: ItemForm | None) -> None:
    """Raise NotAnArticle for a page without text, and for an error, login or challenge page that is `_bare`."""
    name = page.capture.name or page.url or ""
    if not page.blocks and not (form and form.filled):
        raise NotAnArticle(name, "the page shows no text", reason="empty")
    visible = _visible(page)
    if _bare(page, visible):
        _refuse_error_pages(page, name, visible, prose=0)


def _visible(page: Page) -> int:
    return sum([len(block.text) for block in page.blocks])


def _bare(page: Page, visible: int) -> bool:
    """Whether a page is small and has too little prose to be an article, whichever of its blocks belong to one."""
    return visible < SMALL_PAGE and sum([weigh(block, "other", None) for block in page.blocks]) < ENOUGH_PROSE


def assess(view: View, winners: dict[str, Candidate]) -> None:
    """Raise NotAnArticle, with its reason, unless the winners make an article. To be asked after `refuse_at_sight`."""
    name = view.page.capture.name or view.page.url or ""
    visible, prose = _visible(view.page), sum(view.zones.weights)
    sure = "published_at" in winners and "title" in winners and prose >= ENOUGH_PROSE
    if not sure and not _bare(view.page, visible):
        _refuse_error_pages(view.page, name, visible, prose)
    if count_rows(view.page) >= 2 and not (view.form and view.form.filled) and not prose:
        raise NotAnArticle(name, "a list view that the browser draws", reason="listing")
    if (
        view.form is not None
        and len(view.form.fields) >= 3
        and not view.form.filled
        and not _stands_without_form(view, winners)
    ):
        raise NotAnArticle(name, "a list form without values", reason="empty_form")
    if "title" not in winners and "body_text" not in winners:
        raise NotAnArticle(name, "neither a headline nor a body", reason=_kind_of_front(view))
    _refuse_listings(view, winners, name)
    if "title" not in winners:
        raise NotAnArticle(name, "no headline", reason="no_title")
    if not any(field in winners for field in ("body_text", "images", "attachments", "summary")):
        raise NotAnArticle(name, "a headline without body, picture or file", reason="no_body")
    if not article_signs(view, winners):
        raise NotAnArticle(name, "nothing on the page says when, where or by whom it was published", reason="not_dated")


def _refuse_error_pages(page: Page, name: str, visible: int, prose: float) -> None:
    if visible < SMALL_PAGE:
        words = " ".join([block.text for block in page.blocks[:60]])[:4000] + " " + page.title_tag
        small_letters = words.lower()
        for pattern, what, reason in _REFUSING_WORDS:
            if match := pattern.search(small_letters):
                raise NotAnArticle(name, f"{what} ({words[match.start() : match.end()]!r})", reason=reason)
    small = visible < 2 * SMALL_PAGE and prose < 400
    if page.root is not None and small and "assword" in page.source_text:
        fields = page.root.iter("input")
        if any((field.get("type") or "").lower() == "password" for field in fields):
            raise NotAnArticle(name, "a login form", reason="login")


def _stands_without_form(view: View, winners: dict[str, Candidate]) -> bool:
    """Whether the page shows an article beside its blank form."""
    return "title" in winners and "body_text" in winners and view.zones.title is not None


def _headline_links(view: View) -> list[Block]:
    """Links outside menus, footer and related lists that are long enough to be headlines of other articles."""
    marks = view.zones.marks
    return [
        block
        for block in view.page.blocks
        if block.links > 0.5 and len(block.text) >= HEADLINE_LINK and marks[block.index] in ("other", "body", "header")
    ]


def _refuse_listings(view: View, winners: dict[str, Candidate], name: str) -> None:
    """A page whose main part is links to articles, or teasers under such links."""
    if view.body_root is not None or (view.form is not None and view.form.get("body")):
        return
    if "list_path" in winners and "item_id" not in winners and "ms-listviewtable" in view.page.source_text:
        raise NotAnArticle(name, "a view of a list", reason="listing")
    first, last = view.zones.core or (0, -1)
    inside = [
        block
        for block in view.page.blocks[max(0, first - 2) : last + 1]
        if view.zones.marks[block.index] in ("body", "header", "related", "tools")
    ]
    links = [b for b in inside if b.links > 0.5 and len(b.text) >= HEADLINE_LINK]
    prose = [b for b in inside if view.zones.weights[b.index] > 0]
    words = sum(len(b.text) for b in prose)
    if len(links) >= 3 and len(links) >= 0.5 * len(prose):
        raise NotAnArticle(name, f"{len(links)} links to articles in its main part", reason=_kind_of_front(view))
    top = view.zones.title or 0
    below = [b for b in view.page.blocks[top + 1 :] if view.zones.marks[b.index] in ("body", "tools", "tail")]
    if sum(1 for b in below if b.links > 0.9) >= LINK_LINES and words < 400:
        raise NotAnArticle(name, "its main part is a list of links", reason=_kind_of_front(view))
    headings = sum(1 for b in below if 0 < b.heading <= 3)
    if headings >= FRONT_HEADINGS and words < FRONT_PROSE * headings:
        raise NotAnArticle(name, f"{headings} headings with little under each", reason=_kind_of_front(view))
    title = view.title_block
    if title is not None and title.links > 0.9 and len(_headline_links(view)) >= 4 and words < 2000:
        raise NotAnArticle(name, "its headline is one of several links to articles", reason=_kind_of_front(view))
    if words < 400 and len(_headline_links(view)) >= 8 and not _dated(winners):
        raise NotAnArticle(name, "more links to articles than words of its own", reason=_kind_of_front(view))


def _kind_of_front(view: View) -> str:
    path = re.sub(r"https?://[^/]+", "", view.page.url or "").lower().rstrip("/")
    is_home = path in ("", "/pages/default.aspx", "/default.aspx", "/index.html", "/pages/home.aspx", "/trang-chu")
    return "home" if is_home else "listing"


def _dated(winners: dict[str, Candidate]) -> bool:
    return "published_at" in winners


def article_signs(view: View, winners: dict[str, Candidate]) -> list[str]:
    """What says that this is a published article rather than a page of the site: each sign by name."""
    signs = []
    published = winners.get("published_at")
    if published is not None:
        signs.append("date")
    signs.extend(field for field in ("author", "source", "views", "item_id") if field in winners)
    if view.form is not None and view.form.filled:
        signs.append("list form")
    if article_object(view.page) or view.page.meta.get("og:type") == "article":
        signs.append("stated as article")
    url = view.page.url
    if day_in_address(url) or (url and _ID_IN_QUERY.search(url)):
        signs.append("address")
    title = view.title_block
    if title is not None and slug_words(url) and len(slug_words(url) & set(fold(title.text).split())) >= 3:
        signs.append("headline in the address")
    section = winners.get("section")
    if section is not None and _names_news(section) and title and rich_text_around(title.frame) is None:
        signs.append("section above the headline")
    return signs


def _names_news(section: Candidate) -> bool:
    """Whether the section is one that the portal's file names, or a heading above the headline that speaks of news."""
    if section.rule.startswith("portal"):
        return True
    words = f" {caseless(str(section.value))} "
    return section.rule == "line_above" and any(f" {word} " in words for word in labels().news_words)


def doubts(view: View, winners: dict[str, Candidate]) -> list[Problem]:
    """Problems of a record that was accepted."""
    found = []
    published = winners.get("published_at")
    if published is not None and isinstance(published.value, DateReading):
        reading = published.value
        if reading.alternative:
            found.append(Problem("ambiguous_date", "published_at", f"could also be {reading.alternative}"))
        day = day_in_address(view.page.url)
        if day and reading.value[:10] != day:
            found.append(Problem("date_differs_from_address", "published_at", f"the address says {day}"))
        fetched = view.page.capture.info.fetched_at
        if fetched and view.page.capture.info.source == "http" and reading.value[:10] > fetched[:10]:
            found.append(Problem("date_in_future", "published_at", f"after the day of capture, {fetched[:10]}"))
    elif view.header.page_clock is not None:
        found.append(Problem("clock_only", "published_at", "the only date near the article is the page's clock"))
    if not winners.get("body_text"):
        found.append(Problem("no_body", "body_text", "the article has pictures or files but no text"))
    title = winners.get("title")
    if title is not None and view.zones.candidates and winners.get("body_text") and key(str(title.value)) == "":
        found.append(Problem("odd_title", "title", "the headline has no letters"))
    return found
