"""How an explanation looks: the page's zones in short, then per field the rules in order with what each saw."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from cli.render import clip, console, safe, width
from scraper.extract import Attempt, Story
from scraper.lines.dates import DateReading
from scraper.models import to_dict

_MARKS = {"won": ("✓", "green"), "found nothing": ("·", "dim")}


def draw(story: Story, only: Iterable[str] | None, *, color: bool) -> None:
    """Print a story for people, within the terminal's width."""
    from rich.text import Text

    screen, columns = console(color=color), width()
    wanted = set(only or ())
    if not wanted:
        screen.print(Text(_overview(story), style="dim"))
    for field, attempts in groupby(story.attempts, key=lambda a: a.field):
        if wanted and field not in wanted:
            continue
        screen.print(Text(field, style="bold"))
        for attempt in attempts:
            mark, style = _MARKS.get(attempt.verdict, ("✗", "yellow"))
            for line in _lines(attempt, columns):
                screen.print(Text(line.replace("@", mark, 1) if line.startswith("  @") else line, style=style))
    if not wanted or "title" in wanted:
        _draw_headlines(story, screen, columns)
    if (not wanted or "agency" in wanted) and story.record is not None:
        screen.print(Text("agency", style="bold"))
        for name, evidence in story.record.evidence.items():
            if name.startswith("agency"):
                line = f"  ✓ {name[7:]} by {evidence.rule}, {evidence.node}: {evidence.raw or ''}"
                screen.print(Text(clip(line, columns), style="green"))
    if story.record is not None and story.record.problems:
        screen.print(Text("problems", style="bold"))
        for problem in story.record.problems:
            screen.print(
                Text(clip(f"  ! {problem.code} ({problem.field}): {problem.message}", columns), style="yellow")
            )


def _overview(story: Story) -> str:
    counts: dict[str, int] = {}
    for mark in story.view.zones.marks:
        counts[mark] = counts.get(mark, 0) + 1
    zones = ", ".join(f"{number} {mark}" for mark, number in sorted(counts.items(), key=lambda p: -p[1]))
    page = story.view.page
    return f"{safe(page.capture.name or page.url or 'page')}: {page.charset}, {len(page.blocks)} blocks: {zones}"


def _lines(attempt: Attempt, columns: int) -> list[str]:
    head = f"  @ {attempt.rule}"
    if attempt.candidate is None:
        return [f"{head}: {attempt.verdict}"]
    verdict = "" if attempt.verdict == "won" else f" ({attempt.verdict})"
    lines = [clip(f"{head}{verdict}: {shown(attempt.candidate.value)}", columns)]
    if attempt.candidate.node:
        lines.append(clip(f"      at {attempt.candidate.node}", columns))
    if attempt.candidate.note:
        lines.append(clip(f"      {attempt.candidate.note}", columns))
    return lines


def _draw_headlines(story: Story, screen: Any, columns: int) -> None:
    from rich.text import Text

    candidates = story.view.zones.candidates[:4]
    if candidates:
        screen.print(Text("headline candidates", style="bold"))
    for scored in candidates:
        text = story.view.page.blocks[scored.index].text
        screen.print(Text(clip(f"  {scored.score:5.2f} {text}", columns)))
        screen.print(Text(clip(f"        {scored.told()}", columns), style="dim"))


def shown(value: object) -> str:
    """A candidate's value in one line."""
    if isinstance(value, DateReading):
        return f"{value.value} ({value.precision}) from {value.raw!r}"
    if isinstance(value, tuple):
        return f"{len(value)}: " + "; ".join(_shown_item(item) for item in value)
    return safe(value)


def _shown_item(item: object) -> str:
    if isinstance(item, str):
        return item
    data = to_dict(item)
    return " | ".join(safe(part) for part in data.values() if part)[:200]


def story_as_json(story: Story, only: Iterable[str] | None) -> dict[str, Any]:
    """A story for machines."""
    wanted = set(only or ())
    return {
        "source": story.view.page.capture.name,
        "refused": str(story.refusal) if story.refusal else None,
        "attempts": [
            {
                "field": a.field,
                "rule": a.rule,
                "verdict": a.verdict,
                "value": to_dict(a.candidate.value) if a.candidate else None,
                "node": a.candidate.node if a.candidate else None,
                "note": a.candidate.note if a.candidate else None,
            }
            for a in story.attempts
            if not wanted or a.field in wanted
        ],
        "zones": [
            {"zone": mark, "text": block.text[:200]}
            for mark, block in zip(story.view.zones.marks, story.view.page.blocks, strict=True)
        ],
    }
