"""Pictures and attachments of imported articles, taken from the containers that hold them, in a process of its own."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.archivist import RemoteArchive
from cli.crew import Voice
from cli.watching import Watch, telling
from scraper.errors import FetchError, InputError, LuutruError, NetworkError

if TYPE_CHECKING:
    from scraper.containers import DamagedMember, Member
    from scraper.harvest.stopping import Stopping
    from scraper.models import Capture
    from storage.captures import CaptureStore
    from storage.file_places import Answer, Due, FilePlaces
    from storage.file_store import FileStore

Json = dict[str, Any]

_PIECE = 5_000
_BATCH = 64
_FACTS = 2_000
_BATCH_SECONDS = 5.0
_HOPS = 5
_TOLD = 1_000
"""Faults that are told one by one."""
_DAMAGED = "damaged"
"""`error` of a file whose answer a container holds, but not as it was received."""


@dataclass(frozen=True, slots=True)
class FilesOrder:
    """For which archive, and whether the answers are kept as captures, too."""

    archive: Path
    captures: bool = True

    @property
    def container(self) -> str:
        """How the run calls it."""
        return "pictures and attachments"


def keep_files(order: FilesOrder, avoid: dict[str, str], voice: Voice) -> None:
    """Keep what the imported containers hold of articles' files; the last word as of `telling`."""
    telling(voice, order.container, lambda: _keep_files(order, avoid, voice))


def _keep_files(order: FilesOrder, avoid: dict[str, str], voice: Voice) -> tuple[Json, list[LuutruError]]:
    from scraper.harvest.stopping import Interrupted, Stopping
    from storage.captures import CaptureStore
    from storage.file_places import FilePlaces
    from storage.file_store import FileStore

    watch, stopping = Watch(voice), Stopping()
    captures = CaptureStore(order.archive) if order.captures else None
    report: Counter[str] = Counter()
    errors: list[LuutruError] = []
    try:
        with stopping.signals(), FilePlaces(order.archive) as places:
            if left_out := places.pass_over():
                watch.warn(f"{left_out:,} answers of addresses that have very many are left out")
            reading = FileReading(places, FileStore(order.archive), captures, watch, avoid)
            while reading.some(stopping):  # what a redirect leads to may have become due
                pass
            errors += reading.errors
            _tell(RemoteArchive(voice, captures), places, watch, stopping, report)
    except Interrupted:
        report["stopped"] = 1
    finally:
        stopping.close()
        if captures is not None:
            captures.close()
            for notice in captures.notices:
                watch.warn(notice)
    return {"files": dict(report)}, errors


def _tell(archive: RemoteArchive, places: FilePlaces, watch: Watch, stopping: Stopping, report: Counter[str]) -> None:
    """Tell the articles that are queued what was learned of their files."""
    from scraper.enclosures import files_of

    told: dict[int, tuple[str, list[Json]]] = {}

    def store() -> None:
        archive.mark_files({article: files for article, files in told.values() if files})
        places.settle(told)
        told.clear()

    for stamp, article in places.queued():
        if stopping.asked:
            break
        watch.beat(0, "")
        urls = dict.fromkeys(url for state in archive.history(article) for url in files_of(state))
        found = [answers for url in urls if (answers := resolved(places, url))]
        report.update(answers[-1]["status"] for answers in found)
        report["articles"] += bool(found)
        told[stamp] = article, [one for answers in found for one in answers]
        if len(told) >= _BATCH or sum(len(files) for _, files in told.values()) >= _FACTS:
            store()
    store()
    stopping.check()


class FileReading:
    """Reads the answers that are due, container by container, and keeps what they are.

    captures: where the answers are kept, too, if at all.  avoid: places not to read, as they were told to `watch`.
    errors: what could not be read, the first _TOLD of them.
    """

    def __init__(
        self,
        places: FilePlaces,
        files: FileStore,
        captures: CaptureStore | None,
        watch: Watch,
        avoid: dict[str, str],
    ) -> None:
        self._places, self._files, self._captures, self._watch, self._avoid = places, files, captures, watch, avoid
        self._told: list[tuple[int, Json]] = []
        self._since = time.monotonic()
        self._absent: set[str] = set()
        self._many = False
        self.errors: list[LuutruError] = []

    def some(self, stopping: Stopping) -> int:
        """Read what is due now; how many answers that were."""
        count = 0
        for due, member in self._due():
            self._told.append((due.number, self._what(due, member)))
            count += 1
            if len(self._told) >= _BATCH or time.monotonic() - self._since >= _BATCH_SECONDS:
                self._store()
            stopping.check()
        self._store()
        return count

    def _due(self) -> Iterator[tuple[Due, Member | DamagedMember | None]]:
        """Each answer that is due with what stands at its place now."""
        for (container, name), group in groupby(self._places.due(), key=lambda due: (due.container, due.name)):
            while piece := list(islice(group, _PIECE)):
                yield from self._members(container, name, piece)

    def _members(
        self, container: str, name: str, group: list[Due]
    ) -> Iterator[tuple[Due, Member | DamagedMember | None]]:
        """Each of a container's answers with what stands there now."""
        from scraper.containers import DamagedMember, Mark, members_at

        by_place: dict[Mark, list[Due]] = {}
        for due in group:
            if (how := self._avoid.get(_where(due))) is not None:
                yield due, DamagedMember(due.offset, 0, Mark(), f"left out: {how}", url=due.url)
            else:
                by_place.setdefault(Mark(due.offset, due.inner), []).append(due)
        found = members_at(Path(container), list(by_place), name)
        pending = iter(by_place.items())
        try:
            for place, here in pending:
                self._watch.beat(0, _where(here[0]))
                at, member = next(found, (place, None))
                yield from ((due, member if at == place else None) for due in here)
        except (OSError, InputError) as error:
            cause = error.cause if isinstance(error, InputError) else error.strerror or str(error)
            self._lost(container, name, cause.lower())
            yield from ((due, None) for _, rest in [(place, here), *pending] for due in rest)

    def _lost(self, container: str, name: str, cause: str) -> None:
        """Say, once, that what was noted of a container, or of a file in its folder, cannot be read any more."""
        lost = f"{container}/{name}" if name and Path(container).exists() else container
        if lost not in self._absent:
            self._absent.add(lost)
            cause = f"{cause}: what it holds of pictures and attachments is not kept"
            self._fault(InputError(lost, cause, hint="once it is back: luutru import --again"))

    def _what(self, due: Due, member: Member | DamagedMember | None) -> Json:
        """What an answer is, as of `FilePlaces.tell`."""
        from scraper.containers import DamagedMember
        from scraper.enclosures import reading
        from scraper.models import KeptFile, to_dict
        from storage.identity import address_key

        if isinstance(member, DamagedMember):
            self._fault(InputError(_where(due), f"{member.cause} ({due.url})", what="a damaged member"))
            return {"file": to_dict(KeptFile(due.url, "failed", fetched_at=due.date, error=_DAMAGED))}
        if member is None or member.capture is None or address_key(member.url or "") != address_key(due.url):
            self._lost(due.container, due.name, "it has changed since it was imported")
            return {}
        answer = _answer(due.url, member, member.capture)
        if isinstance(answer, str):
            self._keep(member.capture)
            return {"to": answer}
        read = reading(due.url, answer, asked_at=member.date)
        kept: Json = to_dict(read.file)
        if read.content is not None:
            kept["path"] = self._files.put(read.content)
            self._keep(member.capture)
        return {"file": kept}

    def _keep(self, capture: Capture) -> None:
        if self._captures is not None and capture.info.fetched_at is not None:  # else it would come back with a time
            self._captures.append(capture)

    def _store(self) -> None:
        if self._captures is not None:
            self._captures.sync()
        self._places.tell(self._told)
        self._told.clear()
        self._since = time.monotonic()

    def _fault(self, error: LuutruError) -> None:
        if len(self.errors) < _TOLD:
            self.errors.append(error)
            self._watch.trouble(error, again=False)
        elif not self._many:
            self._many = True
            self._watch.warn(f"more than {_TOLD:,} pictures and attachments cannot be read; the rest is not named")


def resolved(places: FilePlaces, url: str) -> list[Json]:
    """What the answers of an address were, oldest first, in the shape of `KeptFile`: redirects and answers that repeat
    an earlier one by what they lead to."""
    answers = lru_cache(maxsize=None)(places.answers)  # repeated answers ask for the same ones again and again
    found = [file for answer in answers(url) if (file := _resolved(answers, answer, _HOPS)) is not None]
    return [{**file, "url": url} for file in sorted(found, key=lambda file: file["fetched_at"] or "")]


def _resolved(answers: Callable[[str], list[Answer]], answer: Answer, hops: int) -> Json | None:
    if "file" in answer.told:
        file: Json = answer.told["file"]
        return file
    repeats = answer.told.get("as")
    url, moment = repeats or (answer.told.get("to"), None)
    if url is None or not hops:
        return None
    others = [one for one in answers(url) if one is not answer and (not repeats or "as" not in one.told)]
    if repeats and moment is not None:  # only the very answer that it repeats: another may have been of other content
        others = [one for one in others if one.date == moment]
    elif repeats and answer.date is not None:
        others = [one for one in others if (one.date or "") <= answer.date]
    nearest = _nearest(others, answer.date)
    leads_to = None if nearest is None else _resolved(answers, nearest, hops - 1)
    if leads_to is None or (repeats and leads_to["status"] != "stored"):
        return None
    return {**leads_to, "fetched_at": answer.date} if repeats else leads_to


def _nearest(answers: list[Answer], date: str | None) -> Answer | None:
    """The answer of about that time; the last one where it is not known."""
    if date is None or not answers:
        return answers[-1] if answers else None
    return min(answers, key=lambda one: abs(_seconds(one.date) - _seconds(date)))


def _seconds(date: str | None) -> float:
    return datetime.fromisoformat(date).timestamp() if date else 0.0


def _answer(url: str, member: Member, capture: Capture) -> Capture | LuutruError | str:
    """What a server once answered, as a fetcher would have it; the address that it redirects to."""
    from requests.structures import CaseInsensitiveDict

    from scraper.addresses import join_url
    from scraper.answers import REDIRECTS, Again, check_answer, check_redirect

    if member.status is None:
        return capture
    headers = CaseInsensitiveDict(capture.headers)
    try:
        if member.status in REDIRECTS and "Location" in headers:
            target = join_url(url, headers["Location"])
            check_redirect(url, url, target)
            return target
        check_answer(url, member.status, headers, datetime.now(UTC))
    except Again as again:
        return again.error
    except (FetchError, InputError) as error:
        return error
    if member.cut is not None:
        return NetworkError(url, f"only its beginning was kept: {member.cut[:100]}")
    return capture


def _where(due: Due) -> str:
    """How messages call a place."""
    if due.name:
        return f"{due.container}/{due.name}"
    return f"{due.container}@{due.offset}" + (f"+{due.inner}" if due.inner else "")
