"""The way from one page of a listing to the next: numbered links, "next" links, ASP.NET postbacks; all as printed.

A pager of numbers leads on by the link to the current number and one; which number is current the address says, else
the pager itself, by the number that it prints without a link.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from scraper.discovery.listing import Request
from scraper.discovery.markup import Markup, words

MAX_FIELDS = 1_000
"""Hidden fields of a form; a page with more is not posted back."""
MAX_FORM = 8_000_000
"""Characters in them, view state included."""

_NUMBERED = re.compile(
    r"([?&](?:page|page_?index|page_?no|page_?number|trang|pg|cur_?page|current_?page)=|/PhanTrang/[^/?]{1,200}/"
    r"|/(?:page|trang)[/-])([0-9]{1,6})(?=[&/.?]|$)",
    re.IGNORECASE,
)
_NEXT = re.compile(
    r"(?:trang )?(?:sau|tiếp|tiếp theo|kế tiếp|kế)(?: trang)?|next(?: page)?|older(?: posts)?|[>›»→]{1,2}|\.{3}|…",
    re.IGNORECASE,
)
_TRIM = re.compile(r"[\s>›»→]+$")
_POSTBACK = re.compile(
    r"(?:__doPostBack|PostBackOptions)\(\s{0,9}[\"']([^\"']{1,400})[\"']\s{0,9},\s{0,9}[\"']([^\"']{0,200})[\"']"
)
_PAGE_ARGUMENT = re.compile(r"(?:Page\$)?([0-9]{1,6})")
_ACTIVE = re.compile(r"(?:^|[\s_-])(?:active|current|selected|hientai)", re.IGNORECASE)
_PER_PAGE = re.compile(r"[?&]RowPerPage=([1-9][0-9]{0,3})(?=&|$)", re.IGNORECASE)
_PAGE_OR_NONE = re.compile(r"([?&]page=)([0-9]{0,6})(?=&|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Step:
    """One link of a pager. number: the page it leads to, None where only words say so.  key: what its pager is."""

    key: str
    number: int | None
    text: str
    el: etree._Element
    url: str = ""
    target: str = ""
    argument: str = ""

    @property
    def leads_on(self) -> bool:
        """Whether its words say "next"."""
        return _NEXT.fullmatch(self.text) is not None or _NEXT.fullmatch(_TRIM.sub("", self.text)) is not None


def next_page(markup: Markup, listed: int) -> Request | None:
    """The request for the page behind this one; None where there is none. listed: entries on this page.

    A fragment that states its page and its rows (`?Page=2&RowPerPage=50`) and prints no pager leads on to the next
    number while it is full.
    """
    steps = list(_linked(markup))
    if (url := _stated(markup)) or (url := _next_number(markup, steps)):
        return Request(url)
    posts = list(_posted(markup))
    if (step := _next_post(posts)) is not None:
        return _post(markup, step)
    return None if steps or posts else _next_fragment(markup, listed)


def has_pager(markup: Markup) -> bool:
    """Whether a page is one of several: it, or its address, says so."""
    pages = (*islice(_linked(markup), 1), *islice(_posted(markup), 1))
    return bool(pages) or _NUMBERED.search(markup.url) is not None


def _stated(markup: Markup) -> str | None:
    """`rel=next` in head or body."""
    for el in markup.root.iter("link", "a"):
        if "next" in (el.get("rel") or "").lower().split() and (url := markup.own(el.get("href") or "")):
            return url if url != markup.url else None
    return None


def _linked(markup: Markup) -> Iterator[_Step]:
    for el, href in markup.anchors():
        if _NUMBERED.search(href) and (url := markup.address(href)) and (match := _last_number(url)):
            yield _Step(_key(url, match), int(match[2]), words(el), el, url)


def _last_number(url: str) -> re.Match[str] | None:
    found = list(islice(_NUMBERED.finditer(url), 20))
    return found[-1] if found else None


def _key(url: str, match: re.Match[str]) -> str:
    return (url[: match.start(2)] + "#" + url[match.end() :]).casefold()


def _next_number(markup: Markup, steps: list[_Step]) -> str | None:
    """The link to the current page's number and one, in the pager that fits the page's own address best."""
    pagers: dict[str, list[_Step]] = {}
    for step in steps:
        if markup.own(step.url) is not None:
            pagers.setdefault(step.key, []).append(step)
    own = _last_number(markup.url)
    own_key = _key(markup.url, own) if own else ""
    path = markup.url.partition("?")[0].casefold()

    def fits(key: str) -> tuple[bool, bool, int]:
        return key == own_key, key.partition("?")[0] == path, len(pagers[key])

    for key in sorted(pagers, key=fits, reverse=True):
        pager = pagers[key]
        same_path = key.partition("?")[0] == path or key == own_key
        if not same_path and not any(step.text.isdecimal() or step.leads_on for step in pager):
            continue
        current = int(own[2]) if own and (key == own_key or same_path) else 1 + _offset(pager)
        following = [step for step in pager if (step.number or 0) > current]
        best = next((step for step in following if step.number == current + 1), None)
        words_ = [step for step in following if step.leads_on]
        if best is None and words_:
            best = min(words_, key=lambda step: step.number or 0)
        if best is not None:
            return best.url
        if same_path:
            return None  # its own pager ends here
    return None


def _offset(pager: Iterable[_Step]) -> int:
    """What the address counts less than the pager prints: 0, or -1 where the first page is number 0."""
    found = Counter((step.number or 0) - int(step.text) for step in pager if _is_number(step.text))
    return -1 if found and found.most_common(1)[0][0] == -1 else 0


def _posted(markup: Markup) -> Iterator[_Step]:
    """Links of pagers that post back: `Page$2` of a grid, a number as argument, or a number as the link's text."""
    for el, href in markup.anchors() if "PostBack" in markup.text else ():
        match = _POSTBACK.search(href) or _POSTBACK.search(el.get("onclick") or "")
        if match is None:
            continue
        target, argument, text = match[1], match[2], words(el)
        stated = _PAGE_ARGUMENT.fullmatch(argument)
        shown = int(text) if _is_number(text) else None
        if argument.startswith("Page$"):
            yield _Step(target, int(stated[1]) if stated else None, text, el, "", target, argument)
        elif stated and (shown == int(stated[1]) or (shown is None and _NEXT.fullmatch(text))):
            yield _Step(target, int(stated[1]), text, el, "", target, argument)
        elif not argument and (shown is not None or _NEXT.fullmatch(text)):
            yield _Step(re.sub(r"[0-9]+", "#", target).rpartition("$")[0], shown, text, el, "", target, argument)


def _next_post(steps: list[_Step]) -> _Step | None:
    pagers: dict[str, list[_Step]] = {}
    for step in steps:
        pagers.setdefault(step.key, []).append(step)
    for pager in sorted(pagers.values(), key=len, reverse=True):
        numbers = {step.number for step in pager if step.number is not None}
        current = _current(pager, numbers) if numbers else None
        for step in pager:
            if current is not None and step.number == current + 1:
                return step
        for step in pager:
            if step.number is None and (step.argument == "Page$Next" or (not step.argument and step.leads_on)):
                return step
    return None


def _current(pager: list[_Step], numbers: set[int]) -> int:
    """The page shown: printed beside the links without one, marked as active, or missing among the numbers."""
    linked = {step.el for step in pager}
    for up in islice(pager[0].el.iterancestors(), 4):
        for el in islice(up.iter("span", "b", "strong", "em", "font", "td", "li", "a"), 300):
            text = (el.text or "").strip()
            if _is_number(text) and el not in linked and not len(el) and int(text) not in numbers:
                return int(text)
    for step in pager:
        above = step.el.getparent()
        names = f"{step.el.get('class') or ''} {above.get('class') or '' if above is not None else ''}"
        if step.number is not None and _ACTIVE.search(names[:500]):
            return step.number
    first, last = min(numbers), max(numbers)
    if first > 1:
        return first - 1
    missing = next((number for number in range(first, min(last, first + 1_000)) if number not in numbers), None)
    return missing if missing is not None else first


def _post(markup: Markup, step: _Step) -> Request | None:
    """The form with all its hidden fields, in order, and the pager's target and argument."""
    form = next(step.el.iterancestors("form"), None)
    if form is None:
        form = next(markup.root.iter("form"), None)
    if form is None:
        return None
    hidden = (el for el in form.iter("input") if (el.get("type") or "").lower() == "hidden" and el.get("name"))
    fields = [(el.get("name") or "", el.get("value") or "") for el in islice(hidden, MAX_FIELDS + 1)]
    set_ = {"__EVENTTARGET": step.target, "__EVENTARGUMENT": step.argument}
    missing = [pair for pair in set_.items() if pair[0] not in dict(fields)]
    fields = missing + [(name, set_.get(name, value)) for name, value in fields]
    if len(fields) > MAX_FIELDS or sum(len(name) + len(value) for name, value in fields) > MAX_FORM:
        return None
    url = markup.own(form.get("action") or markup.url)
    return Request(url, tuple(fields)) if url is not None else None


def _next_fragment(markup: Markup, listed: int) -> Request | None:
    rows, page = _PER_PAGE.search(markup.url), _PAGE_OR_NONE.search(markup.url)
    if rows is None or page is None or listed < int(rows[1]):
        return None
    number = int(page[2] or 1) + 1
    return Request(f"{markup.url[: page.start(2)]}{number}{markup.url[page.end() :]}")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 6
