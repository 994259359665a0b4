"""`luutru reextract`: today's rules over the captures that the archive keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.bundles import bundled
from cli.options import DEFAULT_ARCHIVE, ArchiveDir, AsJson, NoColor, PortalFolders, Quiet, with_color
from cli.selection import Selection
from scraper.errors import InputError, LuutruError
from scraper.models import Outcome

if TYPE_CHECKING:
    from scraper.portals import Portal
    from storage.archive import Archive

Json = dict[str, Any]
EXAMPLES = """\b
Examples:
  luutru reextract --dry-run                   (what today's rules would change)
  luutru reextract --portal portal.example
  luutru reextract --dry-run --json | jq -r .changes[].field | sort | uniq -c
"""
_BATCH = 256


def register(app: typer.Typer) -> None:
    """Put the command on the app."""
    app.command("reextract", epilog=EXAMPLES)(bundled(reextract))


def reextract(
    selection: Selection,
    archive: ArchiveDir = DEFAULT_ARCHIVE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show field by field what would change; store nothing.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="With --dry-run, also what makes no revision: HTML, evidence, problems.")
    ] = False,
    portals: PortalFolders = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Make the records anew from kept captures, by today's rules.

    An article whose content differs gets a new revision that says so; all else that is read better is replaced. Nothing
    is fetched, no time is moved. Only the latest state of each article is read again; one without a kept capture stays
    as it is. Prints one line per article that changes.
    """
    from cli.exits import exit_code_of_batch
    from cli.render import complain, outcome_lines, say, warn
    from cli.wiring import known_portals
    from storage.archive import Archive

    run = _Run(known_portals(portals))
    with Archive.open(_there(archive), mode="r" if dry_run else "w") as kept:
        if dry_run:
            _show(run, kept, selection, everything=everything, as_json=as_json, color=with_color(no_color))
        else:
            wanted = (one for one in run.stored(kept, selection) if as_json or one.kind != "unchanged")
            for _ in outcome_lines(wanted, as_json=as_json, color=with_color(no_color)):
                pass
        for error in run.errors:
            complain(error)
        for notice in kept.notices:
            warn(notice)
    say(run.told(dry_run=dry_run), quiet=quiet)
    return exit_code_of_batch(run.errors, run.counts.total() - run.counts["failed"])


class _Run:
    """Reads articles again. counts: what became of them."""

    def __init__(self, portals: tuple[Portal, ...]) -> None:
        self.counts: Counter[str] = Counter()
        self.fields: Counter[str] = Counter()
        self.errors: list[LuutruError] = []
        self._portals = portals

    def readings(self, kept: Archive, selection: Selection) -> Iterator[tuple[Json, Json]]:
        """Stored and new dict of each selected article that says something else now."""
        from storage.decide import is_reading

        for stored in selection.find(kept):
            if not isinstance((stored.get("capture") or {}).get("warc"), dict):
                self.counts["without a capture"] += 1
                continue
            try:
                new = self._reading(kept, stored)
            except LuutruError as error:
                self.errors.append(error)
                self.counts["failed"] += 1
                continue
            if is_reading(stored, new):
                self.counts["unchanged"] += 1
            else:
                yield stored, new

    def stored(self, kept: Archive, selection: Selection) -> Iterator[Outcome]:
        """The outcomes of those, each given once it is on disk."""
        batch: list[Json] = []
        for _, new in self.readings(kept, selection):
            batch.append(new)
            if len(batch) == _BATCH:
                yield from self._put(kept, batch)
                batch = []
        yield from self._put(kept, batch)

    def told(self, *, dry_run: bool) -> str:
        """The run in one line."""
        counts = ", ".join(f"{number} {kind}" for kind, number in self.counts.items()) or "nothing to read again"
        fields = ", ".join(f"{name} {number}" for name, number in self.fields.most_common())
        return counts + (f"; fields that {'would differ' if dry_run else 'differ'}: {fields}" if fields else "")

    def _put(self, kept: Archive, batch: list[Json]) -> Iterator[Outcome]:
        if not batch:
            return
        for outcome in kept.put_batch(batch):
            if outcome.kind == "failed":
                self.errors.append(InputError(what=outcome.reason, hint=outcome.hint))
            kind = "read better" if outcome.kind == "unchanged" else outcome.kind
            self.counts[kind] += 1
            yield replace(outcome, reason="same content, read better") if outcome.kind == "unchanged" else outcome

    def _reading(self, kept: Archive, stored: Json) -> Json:
        """The record of the stored one's capture by today's rules. Raises LuutruError where there is none."""
        from scraper.models import WarcPlace, to_dict
        from scraper.pipeline import extract_checked

        place = stored["capture"]["warc"]
        if not (isinstance(place.get("file"), str) and isinstance(place.get("offset"), int)):
            raise InputError(str(stored.get("id")), "its capture's place is none", what="cannot read it again")
        capture = kept.captures.read(WarcPlace(place["file"], place["offset"]))
        try:
            new: Json = to_dict(extract_checked(capture, self._portals))
        except LuutruError:
            raise
        except Exception as error:
            fault = LuutruError(capture.name, f"{type(error).__name__}: {error}", what="a bug", hint="please report it")
            raise fault from error
        capture_facts = stored["capture"] | {"charset": new["capture"]["charset"]}
        return new | _of_the_capture(stored, new) | {"capture": capture_facts, "aliases": stored.get("aliases")}


def _of_the_capture(stored: Json, new: Json) -> Json:
    """Evidence and problems, with what does not stand on the page: where the capture came from, that it was cut."""
    origin = (stored.get("evidence") or {}).get("capture")
    cut = [one for one in stored.get("problems") or () if isinstance(one, dict) and one.get("code") == "truncated"]
    evidence = new["evidence"] | ({} if origin is None else {"capture": origin})
    return {"evidence": evidence, "problems": [*new["problems"], *cut]}


def _show(run: _Run, kept: Archive, selection: Selection, *, everything: bool, as_json: bool, color: bool) -> None:
    """Print what would change, article by article."""
    from cli.comparing import draw_changes
    from cli.render import print_json
    from storage.differences import as_data, differences

    for stored, new in run.readings(kept, selection):
        shown = {**new, **_lasting(stored, new), "id": stored["id"], "revision": "today's rules"}
        changes = differences(stored, shown, everything=everything)
        names = {change.field.partition(".")[0] for change in changes}
        run.fields.update(names)
        run.counts["would change" if names else "read better"] += 1
        if as_json and changes:
            numbers = {"id": stored["id"], "url": stored.get("url"), "from": stored.get("revision")}
            print_json(numbers | {"changes": [as_data(change) for change in changes]}, indent=None)
        elif changes:
            draw_changes(stored, shown, changes, context=8, color=color)


def _lasting(stored: Json, new: Json) -> Json:
    """What a reading never wipes."""
    from storage.decide import MOVING_FIELDS

    return {name: stored.get(name) for name in MOVING_FIELDS if new.get(name) is None}


def _there(archive: Any) -> Any:
    """The archive's folder. Raises ArchiveError where there is none."""
    from cli.upkeep import refuse_absent

    refuse_absent(archive)
    return archive
