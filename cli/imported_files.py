"""Pictures and attachments of imported articles, taken from the containers that hold them, in a process of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.archivist import RemoteArchive
from cli.crew import Voice
from cli.watching import Watch, telling
from scraper.errors import FetchError, InputError, LuutruError, NetworkError

if TYPE_CHECKING:
    from scraper.containers import Member
    from scraper.models import Capture
    from storage.file_places import FilePlace, FilePlaces
    from storage.file_store import FileStore

_BATCH = 32
_HOPS = 5
_MOST_ANSWERS = 50
"""Answers of one address that are read, the last ones met."""
_REMEMBERED = 10_000


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


def _keep_files(order: FilesOrder, avoid: dict[str, str], voice: Voice) -> tuple[dict[str, Any], list[LuutruError]]:
    from scraper.harvest.stopping import Interrupted, Stopping
    from storage.captures import CaptureStore
    from storage.file_places import FilePlaces
    from storage.file_store import FileStore

    watch, stopping = Watch(voice), Stopping()
    captures = CaptureStore(order.archive) if order.captures else None
    archive = RemoteArchive(voice, captures)
    keep = _unkept if captures is None else captures.keep
    report: Counter[str] = Counter()
    try:
        with stopping.signals(), FilePlaces(order.archive) as places:
            files = ImportedFiles(places, FileStore(order.archive), keep, watch.beat, avoid)
            last, found = places.last(), {}
            for article in places.pending():
                stopping.check()
                found[article] = files.of(archive.history(article))
                if len(found) >= _BATCH:
                    _store(archive, places, found, last, report)
            _store(archive, places, found, last, report)
    except Interrupted:
        report["stopped"] = 1
    finally:
        if captures is not None:
            captures.close()
            for notice in captures.notices:
                watch.warn(notice)
    return {"files": dict(report)}, []


def _store(
    archive: RemoteArchive, places: FilePlaces, found: dict[str, list[dict[str, Any]]], last: int, report: Counter[str]
) -> None:
    archive.mark_files({article: files for article, files in found.items() if files})
    places.looked((article, last) for article in found)
    report.update(one["status"] for files in found.values() for one in files)
    report["articles"] += sum(bool(files) for files in found.values())
    found.clear()


class ImportedFiles:
    """Reads the files of records from the places that were noted, and keeps them.

    keep: given each answer, before anybody else.  beat: told of each place before it is read.  avoid: places not to
    read, as they were told to `beat`.
    """

    def __init__(
        self,
        places: FilePlaces,
        files: FileStore,
        keep: Callable[[Capture], Capture],
        beat: Callable[[float, str], None],
        avoid: dict[str, str],
    ) -> None:
        self._places, self._files, self._keep, self._beat, self._avoid = places, files, keep, beat, avoid
        self._read: dict[int, dict[str, Any]] = {}
        """Number of a place → what was kept of it: articles share pictures."""

    def of(self, states: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What became of each file that an article's states name, in the shape of `KeptFile`: one for each answer, none
        where no container has one."""
        from scraper.enclosures import files_of

        return [
            {**kept, "url": url}
            for url in dict.fromkeys(url for state in states for url in files_of(state))
            for place in self._places.of(url)[-_MOST_ANSWERS:]
            if (kept := self._kept(url, place)) is not None
        ]

    def _kept(self, url: str, place: FilePlace) -> dict[str, Any] | None:
        from scraper.enclosures import reading
        from scraper.models import to_dict

        if place.number in self._read:
            return self._read[place.number]
        found = self._answer(url, place)
        if found is None:
            return None
        member, answer = found
        read = reading(url, answer, asked_at=member.date)
        kept: dict[str, Any] = to_dict(read.file)
        if read.content is not None:
            kept["path"] = self._files.put(read.content)
        if len(self._read) >= _REMEMBERED:
            self._read.clear()
        self._read[place.number] = kept
        return kept

    def _answer(self, url: str, place: FilePlace, hops: int = 0) -> tuple[Member, Capture | LuutruError] | None:
        """What a server once answered for an address, redirects followed within the containers; None where the place
        holds it no more."""
        from requests.structures import CaseInsensitiveDict

        from scraper.addresses import join_url
        from scraper.answers import REDIRECTS, Again, check_answer, check_redirect

        member = self._member(url, place)
        if member is None or member.capture is None:
            return None
        if member.status is None:
            return member, self._keep(member.capture)
        headers = CaseInsensitiveDict(member.capture.headers)
        try:
            if member.status in REDIRECTS and "Location" in headers:
                target = join_url(url, headers["Location"])
                check_redirect(url, url, target)
                onward = self._places.of(target) if hops < _HOPS else []
                return self._answer(target, onward[-1], hops + 1) if onward else None
            check_answer(url, member.status, headers, datetime.now(UTC))
        except Again as again:
            return member, again.error
        except (FetchError, InputError) as error:
            return member, error
        if member.cut is not None:
            return member, NetworkError(url, f"only its beginning was kept: {member.cut[:100]}")
        return member, self._keep(member.capture)

    def _member(self, url: str, place: FilePlace) -> Member | None:
        """The member at a place, if it is the address's; places are noted by a digest, and files change."""
        from scraper.containers import DamagedMember, Mark, member_at
        from storage.identity import address_key

        where = f"{place.container}@{place.offset}" if not place.name else f"{place.container}/{place.name}"
        if where in self._avoid:
            return None
        self._beat(0, where)
        try:
            member = member_at(Path(place.container), Mark(place.offset, place.inner), place.name)
        except OSError:  # moved away since
            return None
        if member is None or isinstance(member, DamagedMember):
            return None
        return member if address_key(member.url or "") == address_key(url) else None


def _unkept(capture: Capture) -> Capture:
    return capture
