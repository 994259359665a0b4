"""What every test shares: no network beyond loopback, and one way to run the command line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
pytest_plugins = ["tests.loopback", "tests.harvests"]
_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A connection to anything but loopback fails the test at the socket."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(_LOOPBACK):
            raise AssertionError(f"a test tried to reach {address!r}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    yield


@dataclass(frozen=True)
class Ran:
    """A finished run of the command line."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """run("add", "page.html", stdin=b"…", env={…}) in a fresh folder, as its own process, with a clean environment."""

    def call(
        *arguments: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> Ran:
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        finished = subprocess.run(
            [sys.executable, "-m", "luutru", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            cwd=cwd or tmp_path,
            env=keep
            | {"LUUTRU_STATE": str(tmp_path / "state"), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "COLUMNS": "80"}
            | (env or {}),
            timeout=120,
            check=False,
        )
        return Ran(finished.returncode, finished.stdout.decode("utf-8"), finished.stderr.decode("utf-8"))

    return call


@pytest.fixture
def shared() -> Path:
    """The folder of reference material beside the checkout; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("no reference material beside this checkout")
    return SHARED
