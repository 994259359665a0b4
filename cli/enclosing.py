"""The pictures and attachments of a portal's articles: fetched, kept by content, and told in the record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scraper.errors import FetchError, InputError, LuutruError, OutOfTime, RateLimited
from scraper.harvest.stopping import Interrupted

if TYPE_CHECKING:
    from scraper.fetch import Fetcher, Validators
    from scraper.models import Capture, Record
    from storage.file_store import FileStore
    from storage.ledger import Ledger

FILE_DAYS = 30
"""After so many days a kept file is asked for again, when its article is visited."""


class Enclosures:
    """The files of one portal. recheck: ask for all of them again, each once."""

    def __init__(
        self, fetcher: Fetcher, ledger: Ledger, store: FileStore, beat: Callable[[float, str], None], *, recheck: bool
    ) -> None:
        self._fetcher, self._ledger, self._store, self._beat, self._recheck = fetcher, ledger, store, beat, recheck
        self._failed: dict[str, dict[str, Any]] = {}  # files that this run could not keep: not asked for again
        self._renewed: set[int] = set()  # files that this run asked for
        self._resting: dict[str, RateLimited] = {}  # hosts whose files are not asked for any more

    def of(self, record: Record) -> list[dict[str, Any]]:
        """The record's files: fetched and kept unless they are, each once a run; what became of each.

        One that is kept is asked for again, with its validators, when its article is visited after FILE_DAYS, or on
        request: it may have been replaced, or be gone.
        """
        from scraper.enclosures import files_of

        told = []
        for url in files_of(record):
            kept = self._failed.get(url) or self._kept(url)
            if kept["status"] != "stored":
                self._failed[url] = kept
            told.append(kept)
        return told

    def _kept(self, url: str) -> dict[str, Any]:
        from scraper.enclosures import reading
        from scraper.fetch import Validators
        from scraper.models import to_dict

        fact: dict[str, Any] = self._ledger.fact("file", url) or {}
        kept: dict[str, Any] = fact["file"] if fact and fact["file"]["sha256"] in self._store else {}
        if kept and not self._is_due(url, kept["fetched_at"]):
            return kept
        self._renewed.add(hash(url))
        validators = Validators(*fact["validators"]) if kept else Validators()
        self._beat(0, "")
        answer = self._file(url, validators)
        if answer is None:
            kept = kept | {"fetched_at": _now().isoformat(timespec="seconds")}
        else:
            read = reading(url, answer, asked_at=_now().isoformat(timespec="seconds"))
            kept = to_dict(read.file)
            if read.content is None or isinstance(answer, LuutruError):
                return kept
            kept["path"], validators = self._store.put(read.content), Validators.of(answer)
        note = {"file": kept, "validators": [validators.etag, validators.last_modified]}
        self._ledger.note("file", {url: note})
        return kept

    def _is_due(self, url: str, stamp: str | None) -> bool:
        """Whether a file that was last asked for then is to be asked for again."""
        if self._recheck:
            return hash(url) not in self._renewed
        return stamp is None or _now() - datetime.fromisoformat(stamp) > timedelta(days=FILE_DAYS)

    def _file(self, url: str, validators: Validators) -> Capture | LuutruError | None:
        """The answer for one file, None where it is the same. What ends the run, or closes its host for today, is met
        by the next request, too: the article is not lost for it."""
        site = urlsplit(url).netloc
        try:
            return self._resting.get(site) or self._fetcher.fetch_changed(url, validators, accept="*/*")
        except RateLimited as error:
            return self._resting.setdefault(site, error)
        except (FetchError, InputError, OutOfTime) as error:
            return error
        except Interrupted:
            return OutOfTime(url, "the run was told to stop")


def _now() -> datetime:
    return datetime.now(UTC)
