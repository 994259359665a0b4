"""What an element is for, judged by its tag, role attribute, class and id.

Names are hints, not verdicts: a role lowers the weight of the text in it, and only a frame that does not enclose the
article's core can turn its blocks into chrome (`noindex`, for one, is no hint at all: SharePoint puts it on articles).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

from scraper.blocks import MAX_NAMES, Block, Frame

# Tags that settle it; of "" the names are no hint.
_TAG_ROLES = {"nav": "nav", "footer": "footer", "aside": "aside", "menu": "nav"} | dict.fromkeys(
    ("address", "form", "body", "html"), ""
)
# A token is a run of letters of one case, or a capital and what follows: `leftNav`, `ms-quickLaunch`, `TinKhac_box`.
_TOKEN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
# Role → how tokens that hint at it begin; `=` marks a whole token. Two-word names stand as their telling word.
_HINTS = {
    "chrome": "ribbon suite suitebar siteactions skip =search srch =srsb signin =sign login contextmenu =context notif"
    " currentdate =tp clock marquee maquee weather thoitiet banner =logo =ipp statusbar",
    "nav": "nav menu breadcrumb quicklaunch =launch topnav pager paging pagination phantrang lienket linkweb sitemap",
    "footer": "footer =foot =ft copyright",
    "comments": "comment binhluan =respond disqus",
    "related": "related tinkhac =khac tinlienquan lienquan othernews =other recent tinmoi tinlq",
    "tools": "share sharing social toolbar addthis fontsize rating",
    "aside": "sidebar aside widget rightcol leftcol advert quangcao =poll hitcount =hit truycap thongke counter gallery"
    " slide carousel",
}
_NAV_ROLES = frozenset(["navigation", "menu", "menubar", "search", "banner"])
_PREFIXES = {h: role for role, hints in _HINTS.items() for h in hints.split() if not h.startswith("=")}
_PREFIX = re.compile("|".join(_PREFIXES))
_WHOLE = {hint[1:]: role for role, hints in _HINTS.items() for hint in hints.split() if hint.startswith("=")}
_RICH_TEXT = re.compile(r"(?:^|\s)(?:ms-rtestate-field|ExternalClass[0-9A-Fa-f]{32})(?:\s|$)|_RichHtmlField\b")

WEIGHT = {
    "": 1.0,
    "aside": 0.3,
    "footer": 0.1,
    "related": 0.1,
    "nav": 0.1,
    "chrome": 0.0,
    "comments": 0.1,
    "tools": 0.2,
}


class Roles(dict[Frame, str]):
    """The role of each frame, found when it is asked for; a role is inherited by everything inside.

    An element that holds half of the page's blocks has no role, whatever its names say: unclosed banners swallow
    whole pages.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        super().__init__()
        early, late = (blocks[len(blocks) * part // 4].frame if blocks else None for part in (1, 3))
        if early is not None and late is not None:
            around = set(late.ancestors())
            self.update((frame, "") for frame in early.ancestors() if frame in around)

    def __missing__(self, frame: Frame) -> str:
        role = self[frame] = own_role(frame) or (self[frame.up.block] if frame.up is not None else "")
        return role

    def outermost(self, frame: Frame, role: str) -> Frame:
        """The outermost frame around `frame` that bears the role in an unbroken chain."""
        found = frame
        for around in frame.ancestors():
            if self[around] != role:
                break
            found = around
        return found


def own_role(frame: Frame) -> str:
    """The role that the element's own tag and names give it, "" for none."""
    if (role := _TAG_ROLES.get(frame.tag)) is not None:
        return role
    if (frame.classes or frame.id) and (role := role_of_names(frame.classes[:MAX_NAMES], frame.id[:MAX_NAMES])):
        return role
    return "nav" if frame.el.get("role") in _NAV_ROLES else ""


@lru_cache(maxsize=8192)
def role_of_names(classes: str, own_id: str) -> str:
    """The role that class and id hint at; remembered, since the pages of a portal repeat their names."""
    tokens = chain(_TOKEN.findall(classes), _TOKEN.findall(own_id))
    return next((role for token in tokens if (role := role_of_token(token))), "")


@lru_cache(maxsize=4096)
def role_of_token(token: str) -> str:
    """The role that one word of a class or id hints at, "" for none."""
    token = token.lower()
    hint = _PREFIX.match(token)
    return _WHOLE.get(token) or (_PREFIXES[hint[0]] if hint else "")


def is_rich_text(frame: Frame) -> bool:
    """Whether the element is the value of a SharePoint rich-text field (what an editor typed, not the template)."""
    return _calls_rich_text(frame.names[:MAX_NAMES])


@lru_cache(maxsize=4096)
def _calls_rich_text(names: str) -> bool:
    """Whether class and id call an element such a field; remembered, since the pages of a portal repeat them."""
    return _RICH_TEXT.search(names) is not None


def rich_text_around(frame: Frame | None) -> Frame | None:
    """The outermost rich-text field around a frame, None outside of any."""
    found = None
    if frame is not None:
        for around in frame.ancestors():
            if is_rich_text(around):
                found = around
    return found
