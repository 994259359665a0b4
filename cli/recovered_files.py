"""Pictures and attachments of a recovered article: from the same web archive, captured about when the page was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from scraper.errors import FetchError, InputError, LuutruError, NotFound, OutOfTime, RateLimited

if TYPE_CHECKING:
    from scraper.memento.archive import WebArchive
    from scraper.memento.captures import Row
    from scraper.models import Capture, Record
    from storage.capture_ledger import CaptureLedger
    from storage.file_store import FileStore

_MOST_ABSENT = 50_000


class NotCaptured(FetchError):
    """The web archive has no capture of a file, which says nothing of the portal."""

    what = "not captured"
    code = "not_captured"


class RecoveredFiles:
    """Fetches the files of records, once each. beat: told before each.  keep: given each, before anybody else."""

    def __init__(
        self,
        archives: Mapping[str, WebArchive],
        ledger: CaptureLedger,
        files: FileStore,
        beat: Callable[[], None],
        keep: Callable[[Capture], Capture],
    ) -> None:
        self._archives, self._ledger, self._files, self._beat, self._keep = archives, ledger, files, beat, keep
        self._absent: set[str] = set()

    def of(self, record: Record, page: Row) -> list[dict[str, Any]]:
        """What became of each file of a record. page: the capture that the record was read from.

        Raises RateLimited, OutOfTime.
        """
        from scraper.enclosures import files_of, reading
        from scraper.models import to_dict

        told: list[dict[str, Any]] = []
        for url in files_of(record):
            kept = self._ledger.fact("file", url)
            if kept is not None and kept["sha256"] in self._files:
                told.append(kept)
                continue
            read = reading(url, self._answer(url, page), asked_at=page.at)
            data = to_dict(read.file)
            if read.content is not None:
                data["path"] = self._files.put(read.content)
                self._ledger.note("file", {url: data})
            elif len(self._absent) < _MOST_ABSENT:
                self._absent.add(url)
            told.append(data)
        return told

    def _answer(self, url: str, page: Row) -> Capture | LuutruError:
        from scraper.addresses import request_url
        from scraper.memento.captures import Row

        if url in self._absent:
            return NotCaptured(url)
        self._beat()
        try:
            row = Row(request_url(url), page.moment, archive=page.archive)
            return self._keep(self._archives[page.archive].replay(row, lambda address: True).capture)
        except (OutOfTime, RateLimited):
            raise
        except NotFound as error:
            return NotCaptured(url, error.cause)
        except (FetchError, InputError) as error:
            return error
