"""Other people's programs that the tests read our files with, where they are installed.

They are looked for beside this Python, on the PATH, and in the folders that LUUTRU_TOOLS names (`:` between them): pywb
and wacz bring many packages along, so they may live in an environment of their own
(`python -m venv tools && tools/bin/pip install pywb wacz`, LUUTRU_TOOLS=tools/bin).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

_SECONDS = 60


def tool(*names: str) -> str:
    """Path of the first of these programs that is there; else the test is skipped."""
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", ""), os.environ.get("LUUTRU_TOOLS", "")]
    for name in names:
        if found := shutil.which(name, path=os.pathsep.join(filter(None, places))):
            return str(Path(found).absolute())
    pytest.skip(f"{' or '.join(names)} is not installed (see tests/tools.py)")


def ran(*command: str | Path, cwd: Path) -> str:
    """What a program said, both streams; the test fails unless it ends well."""
    finished = subprocess.run(
        list(map(str, command)), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False
    )
    said = finished.stdout.decode("utf-8", "replace")
    assert finished.returncode == 0, f"{command}: {said[-3000:]}"
    return said


@contextlib.contextmanager
def replaying(folder: Path, file: Path) -> Iterator[str]:
    """pywb on loopback with that WARC or WACZ in a collection: the address of the collection."""
    manager, server = tool("wb-manager"), tool("wayback")
    folder.mkdir()
    ran(manager, "init", "c", cwd=folder)
    unpack = ["--unpack-wacz"] if file.suffix == ".wacz" else []
    ran(manager, "add", *unpack, "c", file, cwd=folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        command = [server, "--port", str(port), "--bind", "127.0.0.1"]
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/", process, folder / "log")
            yield f"http://127.0.0.1:{port}/c"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def got(url: str) -> bytes:
    """The body that a server on loopback gives."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        content: bytes = answer.read()
    return content


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            got(url)
            return
        time.sleep(0.2)
    pytest.fail(f"pywb did not start: {log.read_text('utf-8', 'replace')[-3000:]}")
