"""What a person types into a search: read into wants, given to FTS5, and found again in printed text.

    ben tre      articles with both words            "ben tre"    with this phrase
    -pha         without this word or phrase         ca*          with a word that begins so

Everything else is a word, and nothing that is typed is an error of syntax. Tone marks matter only if the text has some
(đ counts as one), as in `storage.filters`: then all of its words must stand in the article as typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from scraper.errors import InputError
from scraper.text import fold, key, tidy, unmarked

LONGEST = 1000
"""Characters of a query."""
MOST_WANTS = 64

_CHUNK = re.compile(r'(-)?(?:"([^"]*)(?:"(\*)?|$)|([^\s"]+))')
_WORD = re.compile(r"(?:[^\W_][\u0300-\u036f]*)+")  # as FTS5 cuts it: a mark that fits no letter divides no word
_REST = re.compile(r"[^\W_]*")
_QUOTES = str.maketrans("“”„«»", '"""""')
# The two customs of placing a tone mark on a final pair of vowels: the same word, so that either finds the other.
_PLACES = dict(
    zip(
        "òa óa ỏa õa ọa òe óe ỏe õe ọe ùy úy ủy ũy ụy".split(),
        "oà oá oả oã oạ oè oé oẻ oẽ oẹ uỳ uý uỷ uỹ uỵ".split(),
        strict=True,
    )
)
_PLACES |= {new: old for old, new in _PLACES.items()}


@dataclass(frozen=True)
class Want:
    """A word or phrase that an article must have, or must not.

    words: each with its possible spellings, in lower case; without tone marks unless they matter (`exact`).
    prefix: the last word may go on.  negative: articles with it are left out.  fields: where to look, all if empty.
    """

    words: tuple[tuple[str, ...], ...]
    exact: bool = False
    prefix: bool = False
    negative: bool = False
    fields: tuple[str, ...] = ()

    @property
    def match(self) -> str:
        """The want in FTS5's language, tone marks aside. Quoted, so that nothing in it is an operator."""
        phrase = " ".join(unmarked(spellings[0]) for spellings in self.words)
        within = f"{{{' '.join(self.fields)}}} : " if self.fields else ""
        return f'{within}"{phrase}"{"*" if self.prefix else ""}'

    @cached_property
    def _printed(self) -> re.Pattern[str]:
        return self._expression(_as_typed if self.exact else _with_any_marks)

    @cached_property
    def _lowered(self) -> re.Pattern[str]:
        return self._expression(re.escape)

    def _expression(self, letter: Callable[[str], str]) -> re.Pattern[str]:
        """What begins with letters, not with a look behind, is searched several times faster: see `_at_words`."""
        words = ("|".join("".join(map(letter, word)) for word in spellings) for spellings in self.words)
        phrase = r"[\W_]+".join(f"(?:{word})" if "|" in word else word for word in words)
        return re.compile(phrase + (r"[^\W_]*" if self.prefix else r"(?![^\W_])"))

    def finds(self, text: str) -> Iterator[tuple[int, int]]:
        """Where printed text (NFC) says it: begin and end."""
        return _at_words(self._printed, text)

    def stands_in(self, lowered: str) -> bool:
        """Whether a text says it that went through `lower`. Quicker than `finds`, and only for exact wants."""
        return any(True for _ in _at_words(self._lowered, lowered))


@dataclass(frozen=True)
class Query:
    """All that is wanted; at least one want is no negative one."""

    wants: tuple[Want, ...]

    @property
    def match(self) -> str:
        """The query in FTS5's language. It finds too much where tone marks matter; then `holds` decides."""
        wanted = " AND ".join(want.match for want in self.wants if not want.negative)
        unwanted = " OR ".join(want.match for want in self.wants if want.negative and not want.exact)
        return f"({wanted}) NOT ({unwanted})" if unwanted else wanted

    @cached_property
    def exact(self) -> tuple[Want, ...]:
        """The wants whose tone marks matter; where there are some, `holds` must be asked."""
        return tuple(want for want in self.wants if want.exact)

    def holds(self, texts: Mapping[str, str]) -> bool:
        """Whether the exact wants are met. texts: field → printed text."""
        if not self.exact:
            return True
        lowered = lower("\n".join(texts.values()))
        return all(
            want.negative
            != want.stands_in(lower("\n".join(map(texts.__getitem__, want.fields))) if want.fields else lowered)
            for want in self.exact
        )


def read_query(text: str, *, field: str | None = None, agency: str | None = None) -> Query:
    """The query that was typed. field: where to look for its words.  agency: a phrase among the agency's facts.

    Raises InputError where it names nothing to look for, or too much.
    """
    if max(len(text), len(agency or "")) > LONGEST:
        raise _fault(text[:40] + "…", f"it is longer than {LONGEST} characters")
    wants = [want for want in _wants(text, (field,) if field else ()) if want.words]
    if len(wants) > MOST_WANTS:
        raise _fault(text[:40] + "…", f"it has more than {MOST_WANTS} words")
    if all(want.negative for want in wants):
        raise _fault(text, "it names no word that an article should have")
    if agency is not None:
        wants.append(Want(_words(agency, exact=_is_marked(agency)), exact=_is_marked(agency), fields=("agency",)))
        if not wants[-1].words:
            raise _fault(agency, "it names no word of an agency")
    return Query(tuple(wants))


def lower(text: str) -> str:
    """Lower case, with one letter for đ and ð."""
    return text.lower().replace("ð", "đ")


def _at_words(expression: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """The finds of an expression that begin where a word does; from one within a word it goes on to the next word."""
    at = 0
    while found := expression.search(text, at):
        begin, end = found.span()
        if text[max(begin - 1, 0) : begin].isalnum():
            rest = _REST.match(text, begin)
            end = rest.end() if rest else end
        else:
            yield begin, end
        at = max(end, begin + 1)


def _fault(text: str, cause: str) -> InputError:
    return InputError(text, cause, what="cannot search for this", hint='such as: "ben tre" cau* -pha')


def _is_marked(text: str) -> bool:
    return fold(text) != key(text)


def _wants(text: str, fields: tuple[str, ...]) -> Iterator[Want]:
    text = tidy(text).translate(_QUOTES)
    exact = _is_marked(text)
    for minus, phrase, star, word in _CHUNK.findall(text):
        yield Want(
            _words(phrase or word, exact=exact),
            exact=exact,
            prefix=bool(star) or word.endswith("*"),
            negative=bool(minus),
            fields=fields,
        )


def _words(text: str, *, exact: bool) -> tuple[tuple[str, ...], ...]:
    lowered = map(lower, _WORD.findall(tidy(text)))
    return tuple(_spellings(word) if exact else (unmarked(word),) for word in lowered)


def _spellings(word: str) -> tuple[str, ...]:
    """The word, and with its tone mark placed by the other custom where that is open."""
    other = _PLACES.get(word[-2:])
    return (word,) if other is None else (word, word[:-2] + other)


def _as_typed(letter: str) -> str:
    return _one_of("đĐðÐ" if letter == "đ" else letter + letter.upper())


def _with_any_marks(letter: str) -> str:
    return _one_of(letter + letter.upper() + _printed().get(letter, ""))


def _one_of(letters: str) -> str:
    return f"[{re.escape(letters)}]"


@lru_cache(maxsize=1)
def _printed() -> Mapping[str, str]:
    """Letter → all Latin letters that are it with marks."""
    found: dict[str, str] = {}
    for printed in map(chr, (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))):
        plain = unmarked(lower(printed))
        if len(plain) == 1 and plain != printed:
            found[plain] = found.get(plain, "") + printed
    return found
