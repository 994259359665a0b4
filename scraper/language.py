"""The language of a text, from letters and the commonest little words; enough to tell a portal's handful apart."""

from __future__ import annotations

import re
from itertools import islice
from math import ceil
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml import etree

# Letters that, among languages written in Latin script, only Vietnamese uses (Unicode block Latin Extended Additional
# U+1EA0..U+1EF9, and ơ ư đ ă).
_VIETNAMESE = re.compile("[\u1ea0-\u1ef9ơưđăƠƯĐĂ]")
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("km", re.compile("[\u1780-\u17ff]")),
    ("lo", re.compile("[\u0e80-\u0eff]")),
)
_OTHER_SCRIPT = re.compile("[\u0400-\u1cff\u2e80-\ud7af]")  # what all of these lie in
_LITTLE_WORDS = {
    "en": frozenset("the of and to in is that for on with as by at from this are was has be".split()),
    "fr": frozenset("le la les des du de et une est dans pour que qui sur au par avec".split()),
    "es": frozenset("el la los las del de y una es en para que por con se al como".split()),
    "pt": frozenset("o a os as do da dos das e uma é em para que por com se ao como".split()),
    "de": frozenset("der die das und ist von zu den mit für im auf ein eine nicht dem".split()),
    "it": frozenset("il la i le di del della e un una è in per che con da nel al".split()),
    "nl": frozenset("de het een en van in is dat op te voor met zijn niet aan".split()),
}


# Windows language ids (MS-LCID) whose short dates put the month first: English of the United States, the Philippines.
_MONTH_FIRST = frozenset(["1033", "13321"])


def day_first_of(lcid: str) -> bool:
    """Whether the culture behind a Windows language id writes the day before the month."""
    return lcid not in _MONTH_FIRST


def language_of(text: str, root: etree._Element | None = None) -> str | None:
    """BCP 47 tag of the text; falls back on the page's declared language for a text too short to tell, else None."""
    enough = max(10, ceil(0.06 * len(text)))
    vietnamese = len(list(islice(_VIETNAMESE.finditer(text), enough)))
    if vietnamese == enough:
        return "vi"  # whatever the number of letters
    words = _WORD.findall(text.lower())
    letters = sum(map(len, words))
    if letters >= 10:
        if vietnamese >= 0.06 * letters:
            return "vi"
        for tag, script in _SCRIPTS if _OTHER_SCRIPT.search(text) else ():
            if len(script.findall(text)) > 0.3 * letters:
                return tag
        best, hits = max(
            ((tag, sum(map(little.__contains__, words))) for tag, little in _LITTLE_WORDS.items()),
            key=itemgetter(1),
        )
        if hits >= max(3, 0.12 * len(words)):
            return best
    declared = (
        (root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang")) if root is not None else None
    )
    return _tag(declared)


def _tag(declared: str | None) -> str | None:
    if declared and re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}", declared.strip()):
        return declared.strip().split("-")[0].lower()
    return None
