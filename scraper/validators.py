"""Validators: what a server gave with a page, to ask it later whether the page has changed (RFC 9110, 13)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scraper.models import Capture

_FIT = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class Validators:
    """An answer's `ETag` and `Last-Modified`, as received; false where there is neither.

    What no header can carry, or is longer than 512 characters, counts as absent.
    """

    etag: str | None = None
    last_modified: str | None = None

    def __post_init__(self) -> None:
        for name in ("etag", "last_modified"):
            if not _FIT.fullmatch(getattr(self, name) or ""):
                object.__setattr__(self, name, None)

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)

    @classmethod
    def of(cls, capture: Capture) -> Validators:
        """Those that a fetched page came with."""
        given = {name.lower(): value.strip() for name, value in reversed(capture.headers)}
        return cls(given.get("etag"), given.get("last-modified"))

    def headers(self) -> dict[str, str]:
        """The conditions of a request that is answered 304 where nothing has changed."""
        given = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in given.items() if value}
