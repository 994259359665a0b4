"""Who answers for the content: a name, the posts beside it and the office they are held in.

The parts may come in any order and with any separator ("Ông A - Phó Giám đốc Sở B", "Giám đốc Sở B: Ông A"). A part is
judged by its first words: a post (data/agency_words.toml), an office, or else a name if it has the shape of one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from scraper.agency.words import fold, is_institution, is_portal, lower, stated, trie, vocabulary
from scraper.models import Person

_PARTS = re.compile(r"\s+[-–—]\s*|\s*[–—]\s+|\s*-\s+|\s*[,;()|]\s*")
_OF = re.compile(r"(?:of|at|in|to)\s+(?:the\s+)?|the\s+", re.IGNORECASE)
_LONGEST = 400


class _Words(NamedTuple):
    post: re.Pattern[str]
    post_inside: re.Pattern[str]
    honorific: re.Pattern[str]
    honorific_inside: re.Pattern[str]
    surnames: frozenset[str]


@lru_cache(maxsize=1)
def _words() -> _Words:
    table = vocabulary()
    posts = table["posts"]
    before, cores, after = (trie(map(fold, posts[name])) for name in ("before", "posts", "after"))
    post = rf"(?:{before}\b\.?\s+)*{cores}(?:\s+{after})?(?!\w)"
    title = rf"(?:{trie(table['people']['honorifics'])})(?![\w/])"
    return _Words(
        re.compile(post),
        re.compile(rf"(?<=\w\s){post}"),
        re.compile(rf"(?:{title}[.:\s]+)+"),
        re.compile(r"\s(?:ông|bà|đồng chí|đ/c|mr|mrs|ms)(?!\w)[.:]?\s"),
        frozenset(table["people"]["surnames"]),
    )


def is_post(text: str) -> bool:
    """Whether `text` begins with the name of a post."""
    return _words().post.match(fold(text)) is not None


def is_name(text: str) -> bool:
    """Whether `text` has the shape of a person's name, with or without honorific: two to six words in capitals."""
    bare = _without_honorific(text[:100])
    words = bare.split()
    if not (1 if bare != text else 2) <= len(words) <= 6:
        return False
    if not all(
        word[0].isupper() and word.replace("'", "").replace("-", "").replace(".", "").isalpha() for word in words
    ):
        return False
    return not is_post(bare) and not is_institution(bare)


def has_honorific(text: str) -> bool:
    """Whether `text` begins with Ông, Bà, a rank or a degree."""
    return _words().honorific.match(lower(text)) is not None


def _without_honorific(text: str) -> str:
    match = _words().honorific.match(lower(text))
    return text[match.end() :] if match else text


def read_person(value: str, role: str | None = None) -> Person | None:
    """The person of a labelled value, or None where it names none. `role` is the label where that is a post itself.

    Posts keep their printed order. Of "post, office - higher office" the whole of "post, office" is the post, since the
    border between the two is the reader's choice and this way no word is lost.
    """
    parts = [part for part in map(stated, _parts(value[:_LONGEST])) if _without_honorific(f"{part} ").strip()]
    at = next((i for i, part in enumerate(parts) if is_name(part)), None)
    if at is None:
        return None
    roles, organisation = _posts(parts[:at] + parts[at + 1 :])
    printed = (role,) if role else ()
    return Person(_without_honorific(parts[at]).rstrip(" ."), (*printed, *roles), organisation)


def _parts(value: str) -> list[str]:
    parts: list[str] = []
    for part in _PARTS.split(value.rstrip(" .")):
        parts += _split_run(part)
    return parts


def _split_run(part: str) -> list[str]:
    """A part that holds a name and a post with nothing between, as two."""
    words = _words()
    if inside := words.honorific_inside.search(lower(part)):
        return [part[: inside.start()], part[inside.start() :].strip()]
    small = fold(part)
    if post := words.post.match(small):
        rest = part[post.end() :].strip()
        return [part[: post.end()], rest] if _begins_with_surname(rest) and is_name(rest) else [part]
    if (post := words.post_inside.search(small)) and is_name(part[: post.start()].strip()):
        return [part[: post.start()].strip(), part[post.start() :]]
    return [part]


def _begins_with_surname(text: str) -> bool:
    first, _, rest = lower(text).partition(" ")
    return bool(rest) and first in _words().surnames


def _posts(parts: list[str]) -> tuple[list[str], str | None]:
    """Posts and the office: a post's own tail, or the part behind it."""
    roles: list[str] = []
    offices: list[str] = []
    for i, part in enumerate(parts):
        post = _words().post.match(fold(part))
        if post is None:
            if is_institution(part) or roles:
                offices.append(part)
            else:
                roles.append(part)
            continue
        end = _post_end(part, post.end())
        higher = i + 1 < len(parts) and is_institution(parts[i + 1]) and not is_post(parts[i + 1])
        office = part[end:].strip()
        if of := _OF.match(office):
            office = office[of.end() :]
        if higher or not office:
            roles.append(part)
        else:
            roles.append(part[:end].strip())
            offices.append(office)
    named = [office for office in offices if not is_portal(office)] or offices
    return roles, named[0].rstrip(" .") if named else None


def _post_end(part: str, end: int) -> int:
    """Where a post ends: small words behind it belong to it until an office or a capital letter begins; of a head of
    section ("Trưởng phòng Hành chính") capitals do too."""
    by_function = part[:end].rsplit(" ", 1)[-1].lower() in ("phòng", "ban", "khoa", "phận")
    for word in re.finditer(r"\S+", part[end:]):
        place = end + word.start()
        if is_institution(part[place:]) or (not by_function and (part[place].isupper() or _OF.match(part, place))):
            return place
    return len(part)
