"""Differences between two states: their laws for any text and list, their look on known ones, their bounded cost."""

from __future__ import annotations

import random
import unicodedata
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.models import AddressParts, Agency, Attachment, Image, Phone, to_dict
from storage import alignment
from storage.alignment import Budget, align, rising
from storage.differences import (
    Item,
    ItemsChange,
    Stretch,
    TextChange,
    ValueChange,
    as_data,
    differences,
    items_change,
    mirrored,
    text_change,
    word_counts,
)
from tests.test_archive import sample

WORDS = st.lists(st.sampled_from(["bến", "chợ", "ghe", "khóm", "rạch", "vàm", "nước"]), max_size=25)
BLANKS = st.sampled_from([" ", "\n\n", "  ", "\n", "\t"])
TEXTS = st.builds(
    lambda words, blanks: "".join(w + b for w, b in zip(words, blanks, strict=False)),
    WORDS,
    st.lists(BLANKS, min_size=25),
)
PICTURES = st.fixed_dictionaries({"url": st.sampled_from([None, "u", "v"]), "alt": st.sampled_from("ab")})
ITEMS = st.lists(st.sampled_from("abcde") | PICTURES, max_size=9)
SIDES = st.lists(st.integers(0, 6), max_size=30)


def side(change: TextChange, name: str) -> list[str]:
    return [word for stretch in change.stretches for word in getattr(stretch, name)]


def rebuilt(old: list[Any], change: ItemsChange) -> list[Any]:
    """The new list, made of the old one and the change alone."""
    gone = {item.old for item in change.items}
    stays = iter([value for place, value in enumerate(old, 1) if place not in gone])
    comes = {item.new: item.after for item in change.items if item.new is not None}
    size = len(old) + sum(item.old is None for item in change.items) - sum(item.new is None for item in change.items)
    return [comes[place] if place in comes else next(stays) for place in range(1, size + 1)]


@given(SIDES, SIDES, st.sampled_from([0, 3, 40, alignment.STEPS]))
def test_what_lies_between_blocks_is_equal_whatever_the_budget(old: list[int], new: list[int], steps: int) -> None:
    blocks = [(0, 0, 0, 0), *align(old, new, Budget(steps)), (len(old), len(old), len(new), len(new))]
    for (_, b, _, d), (a, _, c, _) in pairwise(blocks):
        assert old[b:a] == new[d:c]
    assert all(old[a:b] != new[c:d] for a, b, c, d in blocks[1:-1])


@given(st.lists(st.integers(0, 2), max_size=9), st.lists(st.integers(0, 2), max_size=9))
def test_without_anchors_the_fewest_edits_are_found(old: list[int], new: list[int]) -> None:
    longest = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i, one in enumerate(old):
        for j, other in enumerate(new):
            longest[i + 1][j + 1] = longest[i][j] + 1 if one == other else max(longest[i][j + 1], longest[i + 1][j])
    edits = alignment._fewest(old, new, Budget())
    assert edits is not None
    assert len(edits) == len(old) + len(new) - 2 * longest[-1][-1]
    assert sorted({b - a + d - c for a, b, c, d in edits}) in ([], [1])


@given(st.lists(st.integers(0, 30), unique=True, max_size=12))
def test_a_longest_rising_run(numbers: list[int]) -> None:
    found = [numbers[index] for index in rising(numbers)]
    assert found == sorted(found)
    best: list[int] = []
    for place, number in enumerate(numbers):
        best.append(1 + max((best[n] for n in range(place) if numbers[n] < number), default=0))
    assert len(found) == max(best, default=0)


@settings(max_examples=300)
@given(TEXTS, TEXTS)
def test_a_difference_of_texts_gives_back_both_texts(old: str, new: str) -> None:
    change = text_change("body_text", old, new)
    if change is None:
        assert old.split() == new.split()
        return
    assert side(change, "old") == old.split()
    assert side(change, "new") == new.split()
    assert old.split() != new.split()
    assert all(one.same != other.same for one, other in pairwise(change.stretches))
    assert text_change("body_text", new, old) == mirrored(change)


@given(TEXTS, st.lists(BLANKS, min_size=30))
def test_white_space_and_unicode_form_are_no_difference(text: str, blanks: list[str]) -> None:
    laid_out = "".join(w + b for w, b in zip(text.split(), blanks, strict=False))
    assert text_change("body_text", text, unicodedata.normalize("NFD", laid_out)) is None


@settings(max_examples=300)
@given(ITEMS, ITEMS)
def test_a_difference_of_lists_gives_the_new_list(old: list[Any], new: list[Any]) -> None:
    change = items_change("tags", old, new)
    if change is None:
        assert old == new
        return
    assert rebuilt(old, change) == new
    assert items_change("tags", new, old) == mirrored(change)
    removed = [item.before for item in change.items if item.new is None]
    added = [item.after for item in change.items if item.old is None]
    assert not any(item in added for item in removed)
    for item in change.items:
        assert item.before == item.after or not (item.old and item.new) or item.changes


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "a b", "b\n\na"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)
STATES = st.dictionaries(st.sampled_from(["title", "body_text", "form", "tags", "views", "lạ", "revision"]), VALUES)


@settings(max_examples=300)
@given(STATES, STATES)
def test_states_of_any_shape_mirror_and_equal_ones_do_not_differ(old: dict[str, Any], new: dict[str, Any]) -> None:
    there, back = (differences(*pair, everything=True) for pair in ((old, new), (new, old)))
    assert tuple(map(mirrored, there)) == back
    assert differences(old, dict(old), everything=True) == ()
    assert not any(change.field.startswith("revision") for change in there)
    assert not any(change.field.startswith(("views", "lạ")) for change in differences(old, new))


def test_fields_of_a_record_each_in_its_way() -> None:
    cau, cho, ben = Image("https://x.example/cau.jpg"), Image("https://x.example/cho.jpg"), Image("https://x.example/b")
    old = to_dict(
        sample(
            tags=("cầu", "đường"),
            images=(cau, cho),
            agency=Agency(phones=(Phone("0203 111 222"),), address_parts=AddressParts(ward="xã Mười")),
        )
    )
    new = to_dict(
        sample(
            title="Khánh thành cầu Rạch Sậy lớn số 1",
            author=None,
            tags=("đường", "cầu"),
            images=(cau, ben),
            attachments=(Attachment("https://x.example/t.pdf"),),
            form={"Tiêu đề": None, "Số hiệu": "13/TB"},
            item_id=2,
            views=99,
            agency=Agency(phones=(Phone("0203 111 223"),), address_parts=AddressParts(ward="xã Chín")),
        )
    )
    found = {change.field: change for change in differences(old, new)}
    fields = "title author images attachments tags form.Số_hiệu item_id agency.address_parts.ward agency.phones"
    assert [field.replace(" ", "_") for field in found] == fields.split()
    assert found["title"] == TextChange(
        "title",
        (
            Stretch(("Khánh", "thành", "cầu", "Rạch", "Sậy"), ("Khánh", "thành", "cầu", "Rạch", "Sậy")),
            Stretch((), ("lớn",)),
            Stretch(("số", "1"), ("số", "1")),
        ),
    )
    assert found["author"] == TextChange("author", (Stretch(("Lò", "Thị", "Mây"), ()),))
    assert found["images"] == ItemsChange(
        "images", (Item(to_dict(cho), None, 2, None), Item(None, to_dict(ben), None, 2))
    )
    assert found["tags"] in (
        ItemsChange("tags", (Item("cầu", "cầu", 1, 2),)),
        ItemsChange("tags", (Item("đường", "đường", 2, 1),)),
    )
    assert found["item_id"] == ValueChange("item_id", 1, 2)
    assert found["form.Số hiệu"] == TextChange("form.Số hiệu", (Stretch(("12/TB",), ("13/TB",)),))
    assert [change.field for change in differences(old, new, everything=True)][-1] == "views"


def test_a_scheme_or_www_is_no_difference() -> None:
    old, new = {"url": "http://www.x.example/a"}, {"url": "https://x.example/a"}
    assert differences(old, new) == ()
    images = [{"images": [{"url": f"{scheme}://x.example/a.jpg"}]} for scheme in ("http", "https")]
    assert differences(*images) == ()


def test_a_picture_with_another_caption_is_the_same_picture() -> None:
    was = [{"url": "http://x.example/a.jpg", "caption": "Cầu cũ"}, {"url": "http://x.example/b.jpg", "caption": "Rạch"}]
    now = [
        {"url": "http://x.example/b.jpg", "caption": "Rạch"},
        {"url": "https://x.example/a.jpg", "caption": "Cầu mới"},
    ]
    change = items_change("images", was, now)
    assert change is not None and mirrored(change) == items_change("images", now, was)
    found = {(item.old, item.new): item.changes for item in change.items}
    caption = TextChange("caption", (Stretch(("Cầu",), ("Cầu",)), Stretch(("cũ",), ("mới",))))
    assert found[1, 2] == (caption,) and set(found) <= {(1, 2), (2, 1)}
    data = as_data(change)["items"]
    assert [row["changes"][0]["field"] for row in data if "changes" in row] == ["caption"]


def test_a_word_in_a_long_text_is_found_alone() -> None:
    paragraphs = [[f"{n}.{m}" if m % 7 == 0 else "từ" for m in range(60)] for n in range(300)]
    old = "\n\n".join(" ".join(words) for words in paragraphs)
    paragraphs[140][30] = "chữ"
    paragraphs.insert(20, ["một", "đoạn", "mới"])
    change = text_change("body_text", old, "\n\n".join(" ".join(words) for words in paragraphs))
    assert change is not None
    assert word_counts(change) == (4, 1)
    assert [one for one in change.stretches if not one.same] == [
        Stretch((), ("một", "đoạn", "mới")),
        Stretch(("từ",), ("chữ",)),
    ]
    assert not change.coarse


def test_changes_all_over_one_endless_paragraph_are_found() -> None:
    dice = random.Random(7)
    old = [f"từ{dice.randrange(500)}" for _ in range(20_000)]
    new = [word if n % 100 else "đổi" for n, word in enumerate(old)]
    change = text_change("body_text", " ".join(old), " ".join(new))
    assert change is not None and not change.coarse
    assert word_counts(change) == (200, 200)


def hostile(kind: str) -> tuple[str, str]:
    dice = random.Random(kind)
    size = 100_000
    if kind == "two words":
        texts = [[dice.choice("ab") for _ in range(size)] for _ in range(2)]
    elif kind == "one word":
        texts = [["a"] * size, ["a"] * (size // 2) + ["b"] + ["a"] * (size // 3)]
    elif kind == "shuffled":
        texts = [[str(n) for n in range(size)] for _ in range(2)]
        dice.shuffle(texts[1])
    elif kind == "reversed":
        texts = [[str(n) for n in range(size)], [str(n) for n in reversed(range(size))]]
    else:
        texts = [["b", "a"] * (size // 2), ["a", "c"] * (size // 2)]
    return tuple(("\n" if kind == "paragraphs" else " ").join(words) for words in texts)  # type: ignore[return-value]


@pytest.mark.parametrize("kind", ["two words", "one word", "shuffled", "reversed", "periods", "paragraphs"])
def test_hostile_texts_cost_no_more_than_the_budget(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0
    take = Budget.take

    def counted(self: Budget, steps: int) -> bool:
        nonlocal taken
        allowed = take(self, steps)
        taken += steps if allowed else 0
        return allowed

    monkeypatch.setattr(Budget, "take", counted)
    old, new = hostile(kind)
    change = text_change("body_text", old, new)
    assert change is not None
    assert side(change, "old") == old.split()
    assert side(change, "new") == new.split()
    assert taken <= alignment.STEPS
    assert change.coarse or kind not in ("two words", "periods", "paragraphs")
