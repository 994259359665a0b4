"""Revisions and their differences on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.render import console, safe
from storage.differences import Change, Item, ItemsChange, Stretch, TextChange, ValueChange

if TYPE_CHECKING:
    from rich.text import Text

REMOVED, ADDED = "red strike", "green"


def draw_timeline(current: dict[str, Any], rows: Sequence[dict[str, Any]], *, color: bool) -> None:
    """Print an article's revisions for people, oldest first, after its name."""
    from rich.text import Text

    screen = console(color=color)
    screen.print(Text(safe(current.get("title") or "(no title)"), style="bold"))
    screen.print(Text(f"{current.get('id')}  {safe(current.get('url') or '')}".rstrip(), style="dim"))
    for row in rows:
        is_last = row is rows[-1]
        screen.print()
        screen.print(Text.assemble((f"revision {row['revision']}", "bold cyan"), "  ", _moments(row)))
        for line, style in _story(row, is_last=is_last):
            screen.print(Text(f"  {line}", style=style))


def draw_changes(
    old: dict[str, Any], new: dict[str, Any], changes: Sequence[Change], *, context: int, color: bool
) -> None:
    """Print what two states say differently, wrapped to the terminal. context: unchanged words around a change."""
    from rich.text import Text

    screen = console(color=color)
    screen.print(Text(f"{new.get('id')}  revision {old.get('revision')} → {new.get('revision')}", style="dim"))
    for change in changes:
        screen.print(Text(safe(change.field), style="bold"))
        for line in _lines(change, context):
            for row in line.wrap(screen, max(20, screen.width - 2), overflow="fold"):
                row.rstrip()
                screen.print(Text("  ") + row)


def _moments(row: dict[str, Any]) -> str:
    """When the state was captured and last seen; where no capture has a time, when the article was first seen."""
    is_dated = row["captured_at"] or row["changed"]
    named = {"captured": row["captured_at"], "first seen": None if is_dated else row["first_seen"]}
    named["last seen"] = row["last_seen"]
    return ", ".join(f"{name} {_minute(moment)}" for name, moment in named.items() if moment)


def _story(row: dict[str, Any], *, is_last: bool) -> Iterator[tuple[str, str]]:
    """Lines below a revision, each with its style."""
    reason = row["reason"] or (f"changed: {', '.join(row['changed'])}" if row["changed"] else "")
    if reason:
        yield safe(reason), ""
    if row["words_added"] or row["words_removed"]:
        yield f"words of the body: {row['words_added']} added, {row['words_removed']} removed", ""
    for absence in row["absences"]:
        if isinstance(absence, dict):
            back = f"gone {_minute(absence.get('gone_at'))}, published again {_minute(absence.get('back_at'))}"
            yield back + _because(absence.get("reason")), "magenta"
    if row["gone_at"]:
        yield f"gone {'since ' if is_last else ''}{_minute(row['gone_at'])}{_because(row['gone_reason'])}", "magenta"


def _because(reason: Any) -> str:
    return f": {safe(reason)}" if reason else ""


def _minute(moment: Any) -> str:
    """A time stamp in UTC for people; as it stands where it is none."""
    try:
        return datetime.fromisoformat(str(moment)).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError):
        return safe(moment)


def _lines(change: Change, context: int) -> Iterator[Text]:
    from rich.text import Text

    match change:
        case TextChange(stretches=stretches, coarse=coarse):
            yield Text(" ").join(_pieces(stretches, context))
            if coarse:
                yield Text("(too different to be compared word by word throughout)", style="dim")
        case ItemsChange(items=items):
            for item in items:
                yield _item_line(item)
                yield from (_within(change, context) for change in item.changes)
        case ValueChange(old=old, new=new):
            yield Text(" ").join(
                _marked(_short(old) if old is not None else "", _short(new) if new is not None else "")
            )


def _pieces(stretches: Sequence[Stretch], context: int) -> Iterator[Text]:
    """Changed words whole, unchanged ones only near them."""
    from rich.text import Text

    last = len(stretches) - 1
    for place, stretch in enumerate(stretches):
        if not stretch.same:
            yield from _marked(_spoken(stretch.old), _spoken(stretch.new))
            continue
        words = stretch.new
        head = 0 if place == 0 else context
        tail = 0 if place == last else context
        if len(words) > head + tail + 1:
            words = (*words[:head], "…", *words[len(words) - tail :])
        yield Text(_spoken(words))


def _marked(old: str, new: str) -> Iterator[Text]:
    from rich.text import Text

    if old:
        yield Text(f"[-{old}-]", style=REMOVED)
    if new:
        yield Text(f"{{+{new}+}}", style=ADDED)


def _item_line(item: Item) -> Text:
    from rich.text import Text

    if item.new is None:
        return Text.assemble(f"{item.old}. ", *_marked(_short(item.before), ""))
    if item.old is None:
        return Text.assemble(f"{item.new}. ", *_marked("", _short(item.after)))
    place = f"{item.old}." if item.old == item.new else f"{item.old}. → {item.new}."
    return Text.assemble((place, "" if item.old == item.new else "yellow"), f" {_named(item.after)}")


def _within(change: Change, context: int) -> Text:
    """A change of one key of an item, in one line below it."""
    from rich.text import Text

    return Text("   ").append(f"{safe(change.field)}: ").append(Text(" ").join(_lines(change, context)))


def _named(item: Any) -> str:
    """What an item that stays is called: pictures and files by their file's name."""
    name = item.get("file_name") or item.get("url") if isinstance(item, dict) else None
    return safe(name) if isinstance(name, str) else _short(item)


def _spoken(words: Sequence[str]) -> str:
    return " ".join(filter(None, map(safe, words)))


def _short(value: Any) -> str:
    """A value in one line: of an object its plain values, each once."""
    if isinstance(value, dict):
        plain = [str(item) for item in value.values() if isinstance(item, str | int) and not isinstance(item, bool)]
        value = ", ".join(dict.fromkeys(plain)) or json.dumps(value, ensure_ascii=False)
    return safe(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
