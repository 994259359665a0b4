"""What the tests of the whole program share: an article page, ways to save, keep and read it, ways to run it all."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import luutru
from scraper.errors import NotAnArticle
from scraper.models import Capture, CaptureInfo, CaptureSource
from scraper.pipeline import extract_checked

ROOT = Path(__file__).resolve().parents[1]
TITLE = "Chợ nổi Vàm Sáo họp lại sau mùa nước"
DYKE = "Đê bao Cồn Én đắp xong"
POWER = "Lịch cắt điện tuần tới"
ENV = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "80"}
# What terminals obey, line breaks aside.
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def article(
    title: str = TITLE, *, author: str = "Lục Thị Nhạn", day: str = "14/02/2019", word: str = "", more: str = ""
) -> str:
    """A small article page. word: put everywhere.  more: markup after the last paragraph."""
    prose = "".join(
        f"<p>Sáng {n} tháng Giêng, ghe hàng {word} từ rạch ra vàm, ghe khóm đậu bến trên, ghe khoai đậu bến dưới.</p>"
        for n in ("mười", "mười một", "mười hai")
    )
    return (
        f'<html><head><meta charset="utf-8"><title>Vàm Sáo {word}</title></head><body><div class="news">'
        f'<h1 class="title">{title} {word}</h1><p class="date">{day} | {author}</p>{prose}{more}'
        f'<p><img src="/anh/ghe{word}.jpg" alt="{word}"></p><p><i>Ghe khóm {word} (Ảnh: {author})</i></p>'
        f'<p><a href="/tep/lich{word}.pdf">Lịch họp chợ {word}</a></p></div>'
        f"<footer><p>Cơ quan chủ quản: Ủy ban nhân dân xã Vàm Sáo {word}</p><p>Địa chỉ: Số 4, đường Bờ Kè {word},"
        f" xã Vàm Sáo, tỉnh Bến Tre</p><p>Điện thoại: 02753 811 066</p></footer></body></html>"
    )


def capture(content: bytes, source: CaptureSource = "file") -> Capture:
    """A capture of bytes with an address."""
    return Capture(content, CaptureInfo(source=source, final_url="http://xa.example/tin?ItemID=7"), "page")


def extracted(content: bytes, source: CaptureSource = "file") -> str:
    """Title of the record, or the reason why there is none; anything but NotAnArticle is a fault."""
    try:
        return extract_checked(capture(content, source)).title or ""
    except NotAnArticle as refusal:
        return refusal.reason


def save(folder: Path, name: str = "page.html", **facts: str) -> Path:
    """An article page as a file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(article(**facts), "utf-8")
    return path


def objects(text: str) -> list[dict[str, Any]]:
    """The JSON objects of an output, one a line."""
    return [json.loads(line) for line in text.splitlines()]


def start(
    *arguments: str | Path, cwd: Path, env: dict[str, str] | None = None, **streams: Any
) -> subprocess.Popen[bytes]:
    """A run that goes on while the test does something."""
    command = [sys.executable, "-m", "luutru", *map(str, arguments)]
    return subprocess.Popen(command, cwd=cwd, env=ENV | (env or {}), **streams)


def killed(process: subprocess.Popen[bytes], when: Callable[[], bool], *, seconds: float = 30) -> bool:
    """Kill a run that leads a session, and all that it started, once `when` holds; False if it ended before."""
    until = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < until and not when():
        time.sleep(0.005)
    is_running = process.poll() is None
    if is_running:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.2)  # the kernel ends the children with their parent
    return is_running


def on_terminal(
    *arguments: str | Path, cwd: Path, stdout: Any = None, env: dict[str, str] | None = None
) -> tuple[int, str]:
    """A run whose stdout (unless given) and stderr are a terminal of 80 columns; exit code, and what it showed."""
    ours, theirs = pty.openpty()
    process = start(*arguments, cwd=cwd, env=env, stdout=stdout or theirs, stderr=theirs)
    os.close(theirs)
    shown = drained(ours)
    return process.wait(60), shown


def drained(terminal: int) -> str:
    """All that is written to a terminal until its other side is closed."""
    shown = b""
    with contextlib.suppress(OSError):  # how Linux says that it is closed
        while piece := os.read(terminal, 65_536):
            shown += piece
    os.close(terminal)
    return shown.decode("utf-8")


def keep(folder: Path, url: str | None = None, **facts: str) -> None:
    """Put an article into the archive of a test's folder, without a process of its own."""
    with luutru.open(folder / "archive") as kept:
        assert kept.put(luutru.extract(article(**facts).encode(), url=url)).kind == "new"


def keep_three(folder: Path) -> Path:
    """Make an archive of three articles, two of them of portals of their own; its folder."""
    keep(folder, "https://xa.vamsao.example/tin?ItemID=7")
    keep(folder, "http://conen.example/b", title=DYKE, author="Tô Văn Dậu", day="02/11/2020")
    keep(folder, title=POWER, day="20/12/2020")
    return folder / "archive"
