"""Pages as they come: broken, deep, long, full of NULs. Reading never raises, and costs bounded time and memory."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scraper.extract import FIELDS, explain
from scraper.page import read_page
from scraper.prose import weigh
from tests.running import ROOT, TITLE, article, capture, extracted

PIECES = (
    "< > </ /> <p> </p> <div <td> <table> <script> </script> <!-- --> <![CDATA[ ]]> <br> <h1> </h1> <svg> <form>"
    " <title> <template> <plaintext> <frameset> <style> <a|href= <base|href='//'> <meta|charset=utf-16> <img|src=x>"
    " <iframe|srcdoc=' <input|type=password> <script|type='application/ld+json'> <body|onload= |class=\" ' \" http://["
    " &#0; &#27; &#xD800; &#x110000; &amp; &nbsp \x00 \ufeff \u202e \ud7ff \U0010ffff é 14/02/2019|08:30 Tác|giả:"
    ' Điện|thoại:|02753|811|066 Lượt|xem:|12 WPQ2FormCtx={ {"@type":"Article","headline":"\\ud800"} | ||||||||||||'
).split(" ")
SAYINGS = (
    "Just a moment, checking your browser.",
    "404 Not Found",
    "Truy cập bị TỪ CHỐI",
    "<h1 class=title>Nước lên ở vàm Sáo</h1>",
    "<p>Ghe hàng từ rạch ra vàm, ghe khóm đậu bến trên, ghe khoai đậu bến dưới, nước lên từng ngày.</p>",
    "<nav>Ghe hàng từ rạch ra vàm, ghe khóm đậu bến trên, ghe khoai đậu bến dưới, nước lên từng ngày.</nav>",
)
PIECE = st.sampled_from([piece.replace("|", " ") for piece in PIECES])


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_make_a_page(content: bytes) -> None:
    for source in ("file", "text"):
        assert isinstance(read_page(capture(content, source)).blocks, list)
        extracted(content, source)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECE | st.text(max_size=12), max_size=60).map("".join))
@example('<script type=\'application/ld+json\'>{"@type":"Article","headline":"\\ud800"}</script>')
@example("<base href='http://['><p>" + "Nước lên. " * 90 + "<a href='http://]'>x</a>")
def test_any_markup_makes_a_page(markup: str) -> None:
    content = markup.encode("utf-8", "replace")
    for source in ("file", "text"):
        for block in read_page(capture(content, source)).blocks:
            assert block.text == block.text.strip() and block.text
        extracted(content, source)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECE | st.sampled_from(SAYINGS), max_size=40).map(" ".join))
@example(f"<p>{SAYINGS[0]}<input type=password>")
@example(f"<p>{SAYINGS[1]}")
def test_what_is_refused_at_sight_every_rule_would_refuse(markup: str) -> None:
    """No zoning finds more prose than the look at sight allows for; `explain` tells all rules, and the same end."""
    for source in ("file", "text"):
        page = capture(markup.encode("utf-8", "replace"), source)
        story = explain(page)
        end = story.record.title if story.record is not None else story.refusal.reason if story.refusal else ""
        assert extracted(page.content, source) in (end, "binary")
        assert {attempt.field for attempt in story.attempts} == set(FIELDS)
        most = sum(weigh(block, "other", None) for block in story.view.page.blocks)
        assert sum(story.view.zones.weights) <= most + 1e-6


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 30), PIECE), max_size=8))
def test_damaged_articles(damages: list[tuple[int, int, str]]) -> None:
    text = article()
    for place, gap, piece in damages:
        text = text[:place] + piece + text[place + gap :]
    extracted(text.encode("utf-8", "replace"))


def test_nul_and_invisible_characters_do_not_matter() -> None:
    text = article()
    for noise in ("\x00", "\u200b", "\ufeff", "\u00ad"):
        assert extracted(text.replace("ợ", f"ợ{noise}").encode()) == TITLE


HOSTILE: dict[str, Callable[[], bytes]] = {
    "deep divs": lambda: b"<div>" * 100_000 + b"x",
    "deep inline": lambda: b"<b><i>" * 50_000 + b"x",
    "deep tables": lambda: b"<table><tr><td>" * 20_000 + b"x",
    "deep lists": lambda: b"<ul><li>x" * 30_000,
    "unclosed quotes": lambda: b"<a href='" * 100_000,
    "brothers": lambda: b"<i></i>" * 1_000_000,
    "paragraphs": lambda: b"<p>x" * 100_000,
    "lines of br": lambda: b"<p>" + b"x<br>" * 100_000,
    "links": lambda: b"<a href=/x>Xem tin nay nhe cac ban oi</a>\n" * 20_000,
    "one line": lambda: b"<h1>Tin</h1><p>" + b"nuoc len " * 2_300_000,
    "one word": lambda: b"<h1>Tin</h1><p>" + b"x" * 20_000_000,
    "blanks": lambda: b"<p>" + b" " * 5_000_000 + b"x",
    "digits": lambda: b"<footer><p>Dien thoai: " + b"0275 " * 200_000,
    "dates": lambda: b"<h1>Tin moi</h1><p>" + b"14/02/2019 " * 100_000,
    "labels": lambda: "<p>Tác giả: </p>".encode() * 60_000,
    "attributes": lambda: b"<p " + b"a=1 " * 300_000 + b">x",
    "classes": lambda: b"<p class='" + b"a " * 500_000 + b"'>x",
    "comments": lambda: b"<!-- x -->" * 300_000,
    "entities": lambda: b"<p>" + b"&amp;" * 500_000,
    "NUL": lambda: b"<p>x" + b"\x00" * 5_000_000,
    "scripts": lambda: b"<script>WPQ2FormCtx = {" + b"{" * 500_000 + b"</script>",
    "ld+json": lambda: b"<script type='application/ld+json'>" + b"[" * 300_000 + b"</script>",
    "metas": lambda: b"<meta name=a content=b>" * 100_000,
    "mail": lambda: b"<footer><p>Email: " + b"a." * 300_000,
    "marks": lambda: b"<h1>Tin</h1><p>a" + "\u0301".encode() * 500_000,
}


PROBE = """
import pathlib, resource, sys
from tests.running import article, extracted
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
resource.setrlimit(resource.RLIMIT_AS, (2_000_000_000, 2_000_000_000))
content = pathlib.Path(sys.argv[1]).read_bytes()
for page in (content, article(more="@").encode().replace(b"@", content)):
    print(extracted(page), extracted(page, "text"))
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_cost_bounded_time_and_memory(name: str, tmp_path: Path) -> None:
    """Alone and within an article, as HTML and as text: 30 s and 2 GB for what at most takes a few seconds."""
    (tmp_path / "page").write_bytes(HOSTILE[name]())
    command = [sys.executable, "-c", PROBE, tmp_path / "page"]
    started = time.monotonic()
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{ran.returncode} after {time.monotonic() - started:.0f} s: {ran.stderr[-400:]}"
