"""The words around an article, from data/labels.toml, as sets that lines are looked up in.

Every comparison is of a whole line (or its first words) in the form of `scraper.text.key`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from scraper.text import caseless, key

# No label is longer than this.
LABEL_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Labels:
    """form: key of a list-form label → canonical name.  internal: internal column name → canonical name.

    Others: keys of lines, or first words of lines (`…_starts`).
    """

    form: dict[str, str]
    internal: dict[str, str]
    chrome: frozenset[str]
    tools: frozenset[str]
    related_starts: tuple[str, ...]
    notice_starts: tuple[str, ...]
    news_words: tuple[str, ...]
    attachment_starts: tuple[str, ...]
    tags_starts: tuple[str, ...]
    comments_starts: tuple[str, ...]
    counter_starts: tuple[str, ...]
    footer_starts: tuple[str, ...]
    footer_headings: tuple[str, ...]


def load_table(name: str) -> dict[str, Any]:
    """A TOML table that ships with the package (scraper/data/<name>.toml)."""
    return tomllib.loads(files("scraper.data").joinpath(f"{name}.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def labels() -> Labels:
    """The table, read once per process."""
    table = load_table("labels")

    def lines(section: str) -> frozenset[str]:
        return frozenset(map(key, table[section]["lines"]))

    def starts(section: str, name: str = "starts") -> tuple[str, ...]:
        return tuple(key(text) or text for text in table[section][name])

    return Labels(
        form={key(label): name for label, name in table["form"].items()},
        internal=dict(table["internal"]),
        chrome=lines("chrome"),
        tools=lines("tools"),
        related_starts=starts("related"),
        notice_starts=starts("notices"),
        news_words=starts("news", "words"),
        attachment_starts=starts("attachments"),
        tags_starts=starts("tags"),
        comments_starts=starts("comments"),
        counter_starts=starts("site_counters"),
        footer_starts=starts("footer"),
        footer_headings=starts("footer", "headings"),
    )


def internal_names() -> dict[str, str]:
    """Internal column name → canonical name."""
    return labels().internal


def undouble(text: str) -> str:
    """A label that a control printed twice (label and alternative text run together), once: `AbcAbc` → `Abc`."""
    middle = (len(text) + 1) // 2
    first, second = text[:middle].strip(), text[len(text) - middle :].strip()
    return first if first == second and len(first) >= 3 else text


def form_label(line: str, head: str | None = None) -> tuple[str, str, str] | None:
    """(label, canonical name, value) when a tidy line is a list-form label, alone or with `: value` behind it.

    head: `caseless` of its first 80 letters, where the caller has it.
    """
    known = labels().form
    head = caseless(line[:80]) if head is None else head
    if len(line) <= LABEL_LENGTH:
        if (name := known.get(head)) is not None:
            return line.strip(" :"), name, ""
        if (once := undouble(line)) is not line and (name := known.get(caseless(once))) is not None:
            return once, name, ""
    label, colon, _ = line[:LABEL_LENGTH].partition(":")
    if colon and (name := known.get(caseless(label))) is not None:
        return label.strip(), name, line[len(label) + 1 :].strip()
    return None
