"""What a process of a harvest or a recovery is to do: plain data that passes from one process to another."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scraper.settings import PortalSettings


@dataclass(frozen=True, slots=True)
class Order:
    """What one process is to do. job: options of the work's `Job`.  fetching: options of FetchOptions.

    seconds: given to the portal, None for no end.  until: `time.monotonic()` at which the whole run ends.
    log: file for the requests, appended to.  captures: keep all that is received.
    archives: of a recovery, the web archives, their start the endpoint.
    """

    settings: PortalSettings
    job: dict[str, Any]
    fetching: dict[str, Any]
    archive: Path = Path("archive")
    contact: str | None = None
    portals: tuple[str, ...] = ()
    seconds: float | None = None
    until: float | None = None
    log: Path | None = None
    captures: bool = True
    archives: tuple[PortalSettings, ...] = ()

    def time_left(self, spent: float = 0.0) -> float | None:
        """Seconds until the portal's time, or the run's, is over. spent: by earlier attempts at the portal."""
        of_run = None if self.until is None else self.until - time.monotonic()
        of_portal = None if self.seconds is None else self.seconds - spent
        return min((max(0.0, left) for left in (of_portal, of_run) if left is not None), default=None)
