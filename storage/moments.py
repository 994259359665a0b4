"""Time stamps of records, compared as moments. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def moment_of(stamp: Any) -> datetime | None:
    """A time stamp (ISO 8601), in UTC where it names no zone; None where it is none."""
    try:
        moment = datetime.fromisoformat(stamp if isinstance(stamp, str) else "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
