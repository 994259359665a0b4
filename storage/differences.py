"""What two states of an article say differently: texts by words, lists by items, objects key by key. Pure.

Values are compared by shape, not by field, in the comparing form of `decide`: white space, Unicode form, empty values
and schemes of addresses make no difference. The result is plain data; drawing it is the command line's business.

Laws (tests/test_differences.py): the new side of a difference's stretches is the new text, word by word; equal texts
have no difference; swapped sides give the mirrored difference.
"""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from storage.alignment import Block, Budget, align
from storage.decide import ADDED_FIELDS, CONTENT_FIELDS, MOVING_FIELDS, normal

VOLATILE_FIELDS = ("views", "body_html", "evidence", "problems", "capture")
"""What tells of one capture rather than of the article; compared only when asked for."""
FIELDS = tuple(name for name in (*CONTENT_FIELDS, *MOVING_FIELDS) if name not in VOLATILE_FIELDS)
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words of the old and of the new text; the same on both sides, or different."""

    old: Words
    new: Words

    @property
    def same(self) -> bool:
        """Whether both sides agree."""
        return self.old == self.new


@dataclass(frozen=True, slots=True)
class TextChange:
    """A text that differs, whole, as stretches. coarse: too different to be aligned everywhere (`alignment.STEPS`)."""

    field: str
    stretches: tuple[Stretch, ...]
    coarse: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list as it was and is, and its places, counted from 1.

    Removed if `new` is None, added if `old` is. Else it stands elsewhere among the rest, or, where `before` and `after`
    differ, is known by its `url` and says something else: a picture with another caption.
    """

    before: Any
    after: Any
    old: int | None
    new: int | None

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the item itself says differently, key by key."""
        both = isinstance(self.before, dict) and isinstance(self.after, dict)
        return tuple(_by_key("", self.before, self.after)) if both else ()


@dataclass(frozen=True, slots=True)
class ItemsChange:
    """A list that differs: items that do not stand in the same order on both sides, by old places, then the added."""

    field: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A number, truth value or a value of another shape: as it was and as it is; None where there was nothing."""

    field: str
    old: Any
    new: Any


Change = TextChange | ItemsChange | ValueChange


def differences(old: Mapping[str, Any], new: Mapping[str, Any], *, everything: bool = False) -> tuple[Change, ...]:
    """The fields that differ between two stored dicts, in the record's order; a key of an object is `agency.address`.

    everything: `VOLATILE_FIELDS` and unknown ones too. What the archive adds is never compared.
    """
    names = FIELDS
    if everything:
        names = tuple(dict.fromkeys((*FIELDS, *VOLATILE_FIELDS, *sorted({*old, *new}.difference(ADDED_FIELDS)))))
    return tuple(chain.from_iterable(_compared(name, name, old.get(name), new.get(name)) for name in names))


def mirrored(change: Change) -> Change:
    """The same change seen from the other side."""
    match change:
        case TextChange(field, stretches, coarse):
            return TextChange(field, tuple(Stretch(one.new, one.old) for one in stretches), coarse)
        case ItemsChange(field, items):
            return ItemsChange(field, _sorted(Item(item.after, item.before, item.new, item.old) for item in items))
        case ValueChange(field, before, after):
            return ValueChange(field, after, before)


def as_data(change: Change) -> dict[str, Any]:
    """A change as JSON data: `kind` is text, items or value; words joined by blanks, places counted from 1."""
    match change:
        case TextChange(field, stretches, coarse):
            added, removed = word_counts(change)
            parts = [_part(one) for one in stretches]
            counts = {"words_added": added, "words_removed": removed, "coarse": coarse}
            return {"field": field, "kind": "text", **counts, "stretches": parts}
        case ItemsChange(field, items):
            return {"field": field, "kind": "items", "items": list(map(_item_data, items))}
        case ValueChange(field, old, new):
            return {"field": field, "kind": "value", "from": old, "to": new}


def text_change(field: str, old: str, new: str) -> TextChange | None:
    """How two texts differ by words; None where they do not. Paragraphs that are equal are not looked into."""
    if (swapped := _later(old, new)) is not None:
        found = text_change(field, *swapped)
        change = None if found is None else mirrored(found)
        return change if isinstance(change, TextChange) else None
    before, after = _paragraphs(old), _paragraphs(new)
    old_words, new_words = _chained(before), _chained(after)
    if old_words == new_words:
        return None
    budget = Budget()
    old_starts, new_starts = _starts(before), _starts(after)
    blocks: list[Block] = []
    for a, b, c, d in align(before, after, budget):
        i, j, k, m = old_starts[a], old_starts[b], new_starts[c], new_starts[d]
        within = align(old_words[i:j], new_words[k:m], budget)
        blocks += [(i + w, i + x, k + y, k + z) for w, x, y, z in within]
    stretches = tuple(_stretches(old_words, new_words, blocks))
    return TextChange(field, stretches, budget.spent)


def items_change(field: str, old: list[Any], new: list[Any]) -> ItemsChange | None:
    """How two lists differ; None where they do not. Items are whole, but for those known by their `url`."""
    before, after = [_key(field, item) for item in old], [_key(field, item) for item in new]
    if _later(before, after) is None:
        blocks = align(before, after, Budget())
    else:
        blocks = [(a, b, c, d) for c, d, a, b in align(after, before, Budget())]
    gone = [place for a, b, _, _ in blocks for place in range(a, b)]
    come = [place for _, _, c, d in blocks for place in range(c, d)]
    pairs = _paired(gone, come, before, after)
    pairs += _paired(gone, come, list(map(_address, old)), list(map(_address, new)))
    items = [Item(old[x], new[y], x + 1, y + 1) for x, y in pairs]
    items += [Item(old[x], None, x + 1, None) for x in gone]
    items += [Item(None, new[y], None, y + 1) for y in come]
    return ItemsChange(field, _sorted(items)) if items else None


def _paired(gone: list[int], come: list[int], old: Sequence[Any], new: Sequence[Any]) -> list[tuple[int, int]]:
    """Take from `gone` and `come` the places of equal names, the first with the first. None is no name."""
    waiting: defaultdict[Any, deque[int]] = defaultdict(deque)
    for place in come:
        waiting[new[place]].append(place)
    pairs = [(x, waiting[old[x]].popleft()) for x in gone if old[x] is not None and waiting[old[x]]]
    lefts, rights = {x for x, _ in pairs}, {y for _, y in pairs}
    gone[:], come[:] = [x for x in gone if x not in lefts], [y for y in come if y not in rights]
    return pairs


def word_counts(change: TextChange) -> tuple[int, int]:
    """Numbers of words added and removed."""
    changed = [one for one in change.stretches if not one.same]
    return sum(len(one.new) for one in changed), sum(len(one.old) for one in changed)


def _compared(name: str, path: str, old: Any, new: Any) -> Iterator[Change]:
    """The changes of one value. name: its last key, by which the comparing form is chosen."""
    if old == new or normal(name, old) == normal(name, new):
        return
    change: Change | None
    if _are(dict, old, new):
        yield from _by_key(f"{path}.", old or {}, new or {})
        return
    if _are(list, old, new):
        change = items_change(path, old or [], new or [])
    elif _are(str, old, new):
        change = text_change(path, old or "", new or "")
    else:
        change = ValueChange(path, old, new)
    if change is not None:
        yield change


def _by_key(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for key in sorted({*old, *new}):
        yield from _compared(key, f"{path}{key}", old.get(key), new.get(key))


def _are(kind: type, *values: Any) -> bool:
    return all(value is None or isinstance(value, kind) for value in values)


def _part(stretch: Stretch) -> dict[str, str]:
    old, new = " ".join(stretch.old), " ".join(stretch.new)
    return {"same": new} if stretch.same else {"removed": old, "added": new}


def _item_data(item: Item) -> dict[str, Any]:
    value = item.before if item.new is None else item.after
    changes = [as_data(change) for change in item.changes]
    return {"value": value, "from": item.old, "to": item.new} | ({"changes": changes} if changes else {})


def _paragraphs(text: str) -> list[Words]:
    parts = unicodedata.normalize("NFC", text).split("\n")
    return [words for words in (tuple(part.split()) for part in parts) if words]


def _chained(paragraphs: list[Words]) -> Words:
    return tuple(chain.from_iterable(paragraphs))


def _starts(paragraphs: list[Words]) -> list[int]:
    """Where each paragraph begins among all words; one more entry for the end."""
    starts = [0]
    for words in paragraphs:
        starts.append(starts[-1] + len(words))
    return starts


def _stretches(old: Words, new: Words, blocks: Iterable[Block]) -> Iterator[Stretch]:
    x = y = 0
    for a, b, c, d in [*blocks, (len(old), len(old), len(new), len(new))]:
        if a > x:
            yield Stretch(old[x:a], new[y:c])
        if b > a or d > c:
            yield Stretch(old[a:b], new[c:d])
        x, y = b, d


def _later(old: Any, new: Any) -> tuple[Any, Any] | None:
    """The sides swapped, where the old one is the longer or later: each pair is aligned one way round only.

    So swapped sides give the mirrored difference, whatever an alignment prefers among equals.
    """
    return (new, old) if (len(new), new) < (len(old), old) else None


def _key(field: str, item: Any) -> str:
    return json.dumps(normal(field, item), sort_keys=True)


def _address(item: Any) -> str | None:
    url = item.get("url") if isinstance(item, dict) else None
    return normal("url", url) if isinstance(url, str) else None


def _sorted(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda item: (item.old is None, item.old or 0, item.new or 0)))
