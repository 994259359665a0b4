"""One container's import in its own process: members to captures, captures to records, records to the archive."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.archivist import RemoteArchive
from cli.crew import Voice
from cli.exits import ExitCode, exit_code_of
from cli.import_batch import Batch, BatchStore
from cli.import_members import extracted, may_be_file, met_of
from scraper.errors import ExtractError, InputError, LuutruError, NotAnArticle, SoftError
from scraper.models import Outcome

if TYPE_CHECKING:
    from scraper.containers import DamagedMember, Member
    from scraper.models import Capture
    from scraper.portals import Portal
    from storage.captures import CaptureStore
    from storage.import_notes import ImportNote

_BEAT = 1.0
_COUNTED = ("members", "pages", "files", "articles", "skipped", "damaged", "failed")
_TOLD = 1_000
"""Damaged members and failures that are told one by one, of each container."""


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What one process is to import. hosts, sharepoint, kinds: which members.  again: even what was imported before.

    captures: keep what the records were read from.  files: note where their pictures and attachments may be.
    """

    container: Path
    archive: Path
    hosts: tuple[str, ...] = ()
    sharepoint: bool = False
    kinds: tuple[str, ...] = ()
    portals: tuple[str, ...] = ()
    again: bool = False
    captures: bool = True
    files: bool = True

    @property
    def choice(self) -> str:
        """What decides, beside the container, what is read."""
        chosen = [sorted(self.hosts), self.sharepoint, sorted(self.kinds)]
        return json.dumps(chosen if self.files else [*chosen, "no files"])


def import_container(order: ImportOrder, avoid: dict[str, str], voice: Voice) -> None:
    """Import one container and say how it went; the last word is ("done", report, exit codes of what failed)."""
    run = _Import(order, avoid, voice)
    try:
        run.run()
    except LuutruError as error:
        run.trouble(error)
    except BrokenPipeError:  # nobody listens any more
        raise
    except OSError as error:
        run.trouble(InputError(str(order.container), (error.strerror or str(error)).lower()))
    except Exception as error:
        if os.environ.get("LUUTRU_DEBUG"):
            raise
        run.trouble(_bug(str(order.container), error))
    voice.say("done", run.report(), dict(run.codes))


class _Import:
    def __init__(self, order: ImportOrder, avoid: dict[str, str], voice: Voice) -> None:
        self._order, self._avoid, self._voice = order, avoid, voice
        self._captures: CaptureStore | None = None
        self._batch = Batch()
        self._at = (0, 0)
        self._beaten = 0.0
        self._careful = False
        self._stopped = False
        self._seen: dict[str, tuple[int, int]] = {}
        self.state = "new"
        self.counts: Counter[str] = Counter()
        self.codes: Counter[int] = Counter()

    def report(self) -> dict[str, Any]:
        """What became of the container, as JSON data."""
        return {
            "container": str(self._order.container),
            "state": self.state,
            "stopped": self._stopped,
            **{name: self.counts[name] for name in _COUNTED},
        }

    def run(self) -> None:
        """Read from where the last run ended to the container's end."""
        from storage.file_places import FilePlaces
        from storage.import_notes import ImportNote

        with contextlib.ExitStack() as stack:
            if self._order.captures:
                self._captures = self._opened_captures(stack)
            archive = RemoteArchive(self._voice, self._captures)
            note = ImportNote(self._order.archive, self._order.container, self._order.choice)
            stack.callback(note.close)
            self.state = note.begin(again=self._order.again)
            if self.state == "done":
                return
            places, number = None, 0
            if self._order.files:
                places = stack.enter_context(FilePlaces(self._order.archive))
                fresh = note.at == (0, 0) and not note.files  # nothing of it is in the archive yet
                number = places.begin(note.path.stem, self._order.container, fresh=fresh)
            if self.state == "changed":
                self._voice.say("warning", f"{self._order.container} has changed since it was imported: read once more")
            self._at = note.at
            store = BatchStore(archive, note, places, number)
            with self._signals():
                self._read(note, store)
                self._flush(store)
            if not self._stopped:
                note.finish()
        if not self._stopped:
            self._judge()

    def _opened_captures(self, stack: contextlib.ExitStack) -> CaptureStore:
        from storage.captures import CaptureStore

        captures = CaptureStore(self._order.archive)
        stack.callback(lambda: list(map(partial(self._voice.say, "warning"), captures.notices)))
        stack.callback(captures.close)
        return captures

    def _read(self, note: ImportNote, store: BatchStore) -> None:
        from scraper.containers import DamagedMember, Mark, Member, members
        from scraper.containers.choice import host_filter
        from scraper.portals import load_portals

        portals = load_portals(self._order.portals)
        gc.freeze()  # what was loaded before stays; looking through it again and again is not needed
        # A process that hangs or dies is begun again with a batch: only then each page is announced, to find the one.
        self._careful = bool(self._avoid)
        self._beat(str(self._order.container))
        size = self._order.container.stat().st_size
        found = members(
            self._order.container,
            start=Mark(*note.at),
            wanted=host_filter(self._order.hosts),
            kinds=frozenset(self._order.kinds) or None,
            known=self._known(note),
        )
        for member in found:
            self.counts["members"] += 1
            if isinstance(member, DamagedMember):
                self._damaged(member)
                if member.after.offset >= size:
                    continue  # it may be whole once the file has grown
            elif member.capture is not None:
                self._page(member, member.capture, portals)
            if self._order.files and isinstance(member, Member) and (met := met_of(member)) is not None:
                self.counts["files"] += may_be_file(member)
                self._batch.met.append(met)
            if member.name:
                self._batch.read[member.name] = self._seen.pop(member.name, (0, 0))
            else:
                self._at = member.after.offset, member.after.inner
            self._beat("")
            if self._stopped or self._batch.is_full():
                self._flush(store)
            if self._stopped:
                return

    def _known(self, note: ImportNote) -> Any:
        def known(name: str, facts: os.stat_result) -> bool:
            stamp = facts.st_size, facts.st_mtime_ns
            self._seen[name] = stamp
            same = note.files.get(name) == stamp
            if same:
                self.counts["known"] += 1
            elif name in note.files:
                self._batch.changed.append(name)
            return same

        return known

    def _page(self, member: Member, capture: Capture, portals: tuple[Portal, ...]) -> None:
        """A page that may hold an article."""
        from scraper.containers.choice import is_sharepoint

        if self._order.sharepoint and not is_sharepoint(capture):
            return
        self.counts["pages"] += 1
        where = self._where(member)
        if where in self._avoid:
            self._failed(
                InputError(where, f"left out: {self._avoid[where]}", what="a page was given up"), where, member.url
            )
            return
        if self._careful:
            self._beat(where)
        try:
            record = extracted(capture, portals, member.cut)
        except (NotAnArticle, SoftError) as error:
            self.counts["skipped"] += 1
            reason = str(error)
            self._batch.others.append(Outcome("skipped", where, reason=reason, code=error.code, url=member.url))
            return
        except LuutruError as error:
            self._failed(error, where, member.url)
            return
        except Exception as error:
            self._failed(_bug(f"{where} {member.url or ''}", error), where, member.url)
            return
        from scraper.models import to_dict

        if self._captures is not None:
            record = replace(record, capture=replace(record.capture, warc=self._captures.append(capture)))
        self.counts["articles"] += 1
        self._batch.add(to_dict(record), where, member.url)

    def _flush(self, store: BatchStore) -> None:
        """Store what was read and tell of it."""
        batch, self._batch = self._batch, Batch()
        told = list(batch.others)
        for outcome in store.store(batch, self._at):
            told.append(outcome)
            if outcome.kind == "failed":
                self.codes[int(ExitCode.INPUT)] += 1
        self._voice.say("outcomes", told)

    def _damaged(self, member: DamagedMember) -> None:
        self.counts["damaged"] += 1
        where = self._where(member)
        of = f" ({member.url})" if member.url else ""
        cause = f"{member.cause}{of}; {member.length:,} bytes passed over" if member.length else f"{member.cause}{of}"
        self._failed(InputError(where, cause, what="a damaged member"), where, member.url, code="damaged")

    def _failed(self, error: LuutruError, where: str, url: str | None, *, code: str | None = None) -> None:
        self.counts["failed"] += 1
        self.codes[int(exit_code_of(error))] += 1
        if self.counts["failed"] <= _TOLD:
            outcome = Outcome("failed", where, reason=str(error), code=code or error.code, hint=error.hint, url=url)
            self._batch.others.append(outcome)
        elif self.counts["failed"] == _TOLD + 1:
            self._voice.say(
                "warning", f"{self._order.container}: more than {_TOLD:,} failures; the rest is only counted"
            )

    def trouble(self, error: LuutruError) -> None:
        """What ends the import of this container."""
        self._voice.say("trouble", error)
        self.codes[int(exit_code_of(error))] += 1

    def _judge(self) -> None:
        """Never success on nothing: a container read from its beginning that gave no article, nor what articles in
        another one may name."""
        if self.counts["articles"] or self.counts["known"] or self.state in ("resumed", "grown"):
            return
        if self.counts["files"] and not self.counts["pages"]:
            return
        name = str(self._order.container)
        if self.counts["pages"]:
            number = self.counts["pages"]
            error: LuutruError = ExtractError(name, f"none of its {number:,} pages holds one", what="no article")
        else:
            of_hosts = f" of {', '.join(self._order.hosts)}" if self._order.hosts else ""
            of_kind = " made by SharePoint" if self._order.sharepoint else ""
            error = InputError(name, f"no page{of_hosts}{of_kind} in it", what="nothing to import")
        self.trouble(error)

    def _where(self, member: Member | DamagedMember) -> str:
        """How messages call a member: the file and the byte at which it begins, or the file in its folder."""
        container = self._order.container
        if member.name:
            return str(container / member.name)
        if getattr(member, "kind", "") == "page":
            return str(container)
        return f"{container}@{member.offset}" + (f"+{member.inner}" if member.inner else "")

    def _beat(self, doing: str) -> None:
        """Say that this goes on, now and then, or with each page. doing: what may hang."""
        now = time.monotonic()
        if doing or now - self._beaten >= _BEAT:
            self._beaten = now
            self._voice.say("beat", 0, doing)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT end the run with the page at hand."""

        def heard(*_: object) -> None:
            self._stopped = True

        before = {number: signal.signal(number, heard) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _bug(source: str, error: Exception) -> LuutruError:
    fault = LuutruError(source, f"{type(error).__name__}: {error}", what="a bug", hint="please report it")
    fault.__cause__ = error
    return fault
