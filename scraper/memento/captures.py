"""Captures as indexes list them and as the ledger keeps them: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from scraper.harvest.states import PASSING

State = Literal["seen", "stored", "passed", "failed"]


@dataclass(frozen=True, slots=True)
class Row:
    """One capture as an index lists it.

    url: the original address, in the form of `request_url`.  moment: UTC as 14 digits, `20180312211947`.
    status: of the answer; None where the index does not say (a revisit, a TimeMap).  mime: media type, "" if unknown.
    digest: SHA-1 of the payload in Base32, "" if unknown.  archive: the endpoint that has it.
    """

    url: str
    moment: str
    status: int | None = None
    mime: str = ""
    digest: str = ""
    archive: str = ""

    @property
    def at(self) -> str:
        """`moment` as ISO 8601."""
        return datetime.strptime(self.moment, "%Y%m%d%H%M%S").replace(tzinfo=UTC).isoformat()


@dataclass(frozen=True, slots=True)
class Known:
    """One capture as the ledger keeps it.

    item: `item_key` of the article.  state: `stored`: its record is in the archive; `passed`: it shows no article;
    `failed`: the web archive did not give it.  code, reason: of the state.  record: id in the archive.
    """

    item: str
    row: Row
    state: State = "seen"
    code: str | None = None
    reason: str = ""
    record: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is worth asking for."""
        return self.state == "seen" or (self.state == "failed" and self.code in PASSING)
