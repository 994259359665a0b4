"""Helpers of the fetching tests: a Fetcher with a still clock that never sleeps, and errors checked for fitness."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings

from scraper.errors import FetchError
from scraper.fetch import Fetcher, FetchOptions
from scraper.models import Capture

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
PAGE = "<html><body><h1>Thông báo</h1><p>" + "Nước sạch cho thôn Đoài. " * 400 + "</p></body></html>"
STEADY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
"""For laws that are tried on a busy machine, in folders of one test."""
UNFIT_FOR_A_TERMINAL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")


class Pauses(list[float]):
    """Stands in for time.sleep: notes and returns."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def fetch(url: str, pauses: Pauses | None = None, **options: object) -> Capture:
    settings: dict[str, object] = {"retries": 0, "read_timeout": 2.0, "total_timeout": 5.0, **options}
    with Fetcher(
        FetchOptions(**settings),  # type: ignore[arg-type]
        sleep=Pauses() if pauses is None else pauses,
        clock=lambda: NOW,
        jitter=lambda: 0.0,
    ) as fetcher:
        return fetcher.fetch(url)


def failure(kind: type[FetchError], url: str, **options: object) -> FetchError:
    """The error of that very kind; its message is fit to print and says what, to what, and what next."""
    with pytest.raises(kind) as caught:
        fetch(url, **options)
    error = caught.value
    assert type(error) is kind
    assert not UNFIT_FOR_A_TERMINAL.search(str(error))
    assert str(error).startswith(f"{kind.what}: http")
    assert error.cause
    return error
