"""SharePoint's health score: `X-SharePointHealthScore`, from 0, idle, to 10, overloaded (MS-WSSHP). Pure.

Microsoft asks clients to slow down as it rises; how much is this project's choice.
"""

from __future__ import annotations

import re

BUSY = 9
"""From this score on the server is left alone for a while."""
PAUSE = 60.0
PAUSES = 3
"""How long such a pause is, in seconds, and how many in a row are worthwhile."""
_LEAST = 0.5
"""What the delay counts for, at least, where a score multiplies it, in seconds."""
_SCORE = re.compile(r"\s*(10|[0-9])\s*")


def health_score(value: str | None) -> int | None:
    """The score that a header states; None for anything but a number from 0 to 10."""
    match = _SCORE.fullmatch(value or "")
    return int(match[1]) if match else None


def slowed(delay: float, score: int) -> float:
    """Seconds between two requests at a score: the delay for 0 to 2, twice for 3 to 5, four times above.

    Where it is multiplied, a delay counts as half a second at least, so that a run without delays slows down as well.
    """
    factor = 1 if score < 3 else 2 if score < 6 else 4
    return delay if factor == 1 else max(delay, _LEAST) * factor
