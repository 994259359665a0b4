"""`luutru history` and `diff`: how an article came to say what it says. Both read the archive alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import DEFAULT_ARCHIVE, ArchiveDir, AsJson, NoColor, RecordId, with_color

HISTORY_EXAMPLES = """\b
Examples:
  luutru history 3f2a9c
  luutru history https://portal.example/tin?ItemID=7 --json | jq -r .[].reason
"""
DIFF_EXAMPLES = """\b
Examples:
  luutru diff 3f2a9c                    (the last two revisions)
  luutru diff 3f2a9c --from 1 --to 4
  luutru diff 3f2a9c --from 1 --json | jq .changes[].field
"""


def register(app: typer.Typer) -> None:
    """Put the commands on the app."""
    app.command("history", epilog=HISTORY_EXAMPLES)(history)
    app.command("diff", epilog=DIFF_EXAMPLES)(diff)


def history(
    record_id: RecordId,
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    as_json: AsJson = False,
    no_color: NoColor = False,
) -> int:
    """Show an article's revisions: when, what changed, why.

    The oldest comes first. An article whose address answered 404 or 410 was gone: from when, and until when.
    """
    from cli.comparing import draw_timeline
    from cli.render import print_json
    from storage.timeline import timeline

    states = _states(archive, record_id)
    rows = list(timeline(states))
    if as_json:
        print_json(rows)
    else:
        draw_timeline(states[-1], rows, color=with_color(no_color))
    return 0


def diff(
    record_id: RecordId,
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    from_: Annotated[
        int | None,
        typer.Option("--from", metavar="N", min=1, help="Revision to start from; the one before --to unless told."),
    ] = None,
    to: Annotated[
        int | None, typer.Option("--to", metavar="M", min=1, help="Revision to end with; the last one unless told.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what tells of a capture: views, HTML, evidence, problems.")
    ] = False,
    context: Annotated[
        int, typer.Option("--context", metavar="N", min=0, help="Unchanged words shown around a change.")
    ] = 8,
    as_json: AsJson = False,
    no_color: NoColor = False,
) -> int:
    """Show what two revisions say differently, word by word.

    Texts show [-removed-] and {+added+} words, lists their items and places, objects each key. White space and the
    scheme of an address make no difference.
    """
    from cli.comparing import draw_changes
    from cli.render import print_json, say
    from storage.differences import as_data, differences

    states = _states(archive, record_id)
    old, new = _two(states, record_id, from_, to)
    changes = differences(old, new, everything=everything)
    if as_json:
        numbers = {"id": new.get("id"), "from": old.get("revision"), "to": new.get("revision")}
        print_json(numbers | {"changes": [as_data(change) for change in changes]})
    else:
        draw_changes(old, new, changes, context=context, color=with_color(no_color))
        if len(states) == 1:
            say(f"revision {new.get('revision')} is the only one")
        elif not changes:
            say("no difference")
    return 0


def _states(archive: Path, record_id: str) -> list[dict[str, Any]]:
    """All states of an article, oldest first. Raises InputError where it is unknown."""
    from cli.wiring import no_such_record, open_for_reading

    with open_for_reading(archive) as kept:
        states = kept.history(record_id)
    if not states:
        raise no_such_record(record_id, archive)
    return states


def _two(
    states: list[dict[str, Any]], record_id: str, from_: int | None, to: int | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The states to compare; the same one twice where there is but one. Raises InputError."""
    from scraper.errors import InputError

    places = {state.get("revision"): place for place, state in enumerate(states)}
    for number in (from_, to):
        if number is not None and number not in places:
            known = ", ".join(map(str, places))
            raise InputError(f"revision {number} of {record_id}", f"known are {known}", what="no such revision")
    end = len(states) - 1 if to is None else places[to]
    start = places[from_] if from_ is not None else end - 1
    if start < 0 and len(states) > 1:
        raise InputError(
            f"revision {to} of {record_id}",
            "it is the first",
            what="nothing to compare with",
            hint="name one with --from",
        )
    return states[max(start, 0)], states[end]
