"""What an element is for, judged by its tag, role attribute, class and id.

Names are hints, not verdicts: a role lowers the weight of the text in it, and only a frame that does not enclose the
article's core can turn its blocks into chrome (`noindex`, for one, is no hint at all: SharePoint puts it on articles).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from scraper.page import Block, Frame

_TAG_ROLES = {"nav": "nav", "footer": "footer", "aside": "aside", "menu": "nav", "address": ""}
# A token is a run of letters bounded by anything else or by a change of case (`leftNav`, `ms-quickLaunch`, `tin_khac`).
_NAMES = re.compile(
    r"""(?:^|[^A-Za-z]|(?<=[a-z])(?=[A-Z]))(?:
    (?P<chrome>[Rr]ibbon|ms-cui|suite[Bb]ar|ms-site[Aa]ctions|ms-[Ss]kip|s4-skip|s4-notif|status[Bb]ar|page[Ss]tatus|
        Search|search|srch|SRSB|[Ss]ign[Ii]n|[Ll]ogin|ms-[Ss]rv[Mm]enu|context[Mm]enu|context-menu|ms-social|
        [Cc]urrent[Dd]ate|tP\b|clock|[Mm]arquee|ma[rq]?quee|weather|thoitiet|ms-[Ww]eb[Pp]art-title|ms-core-pageTitle|
        [Bb]anner|logo|wm-ipp)
   |(?P<nav>[Nn]av|NAV|[Mm]enu|MENU|[Bb]readcrumb|[Bb]read[Cc]rumbs|[Qq]uick[Ll]aunch|topnav|[Pp]ager|[Pp]aging|
        [Pp]agination|[Pp]han[Tt]rang|[Ll]ien[Kk]et|[Ll]ink[Ww]eb|[Ss]itemap|wp-pagenavi)
   |(?P<footer>[Ff]ooter|FOOTER|[Ff]oot(?![a-z])|[Cc]opyright|ft(?![A-Za-z]))
   |(?P<comments>[Cc]omment|[Bb]inh[Ll]uan|respond(?![a-z])|disqus)
   |(?P<related>[Rr]elated|[Tt]in[Kk]hac|[Tt]in[Ll]ien[Qq]uan|[Oo]ther[Nn]ews|[Oo]ther(?![a-z])|[Rr]ecent|lienquan|
        tinlq|tin-khac|tin-lien-quan|tin-moi|[Tt]in[Mm]oi)
   |(?P<tools>[Ss]hare|[Ss]haring|[Ss]ocial|[Tt]oolbar|addthis|[Ff]ont[Ss]ize|fontsize|[Rr]ating|print(?![A-Za-z]))
   |(?P<aside>[Ss]ide[Bb]ar|[Aa]side|[Ww]idget|[Rr]ight[Cc]ol|[Ll]eft[Cc]ol|col-?right|col-?left|[Aa]dvert|quangcao|
        [Pp]oll|[Hh]it[Cc]ount|HitCount|[Tt]ruy[Cc]ap|[Tt]hong[Kk]e|[Cc]ounter|gallery|[Ss]lide|carousel)
    )""",
    re.VERBOSE,
)
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


class Roles:
    """Memo of the role of each frame; a role is inherited by everything inside.

    An element that holds half of the page's blocks has no role, whatever its names say: unclosed banners swallow
    whole pages.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._memo: dict[Frame, str] = {}
        early, late = (blocks[len(blocks) * part // 4].frame if blocks else None for part in (1, 3))
        if early is not None and late is not None:
            around = set(late.ancestors())
            self._memo.update((frame, "") for frame in early.ancestors() if frame in around)

    def __getitem__(self, frame: Frame) -> str:
        role = self._memo.get(frame)
        if role is None:
            role = self._memo[frame] = own_role(frame) or (self[frame.up.block] if frame.up is not None else "")
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
    if frame.tag in ("form", "body", "html"):
        return ""
    names = frame.names
    if len(names) > 1:
        match = _NAMES.search(names)
        if match and match.lastgroup:
            return match.lastgroup
    return "nav" if frame.el.get("role") in ("navigation", "menu", "menubar", "search", "banner") else ""


def is_rich_text(frame: Frame) -> bool:
    """Whether the element is the value of a SharePoint rich-text field (what an editor typed, not the template)."""
    return _RICH_TEXT.search(frame.names) is not None


def rich_text_around(frame: Frame | None) -> Frame | None:
    """The outermost rich-text field around a frame, None outside of any."""
    found = None
    if frame is not None:
        for around in frame.ancestors():
            if is_rich_text(around):
                found = around
    return found
