"""luutru as a library: what `import luutru` promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import luutru
from scraper import errors
from scraper.models import Outcome
from tests.conftest import ROOT
from tests.running import DYKE, TITLE, article

PLACE = "http://xa.vamsao.example/tin?ItemID=7"


def test_extract_gives_a_record_as_plain_data() -> None:
    record = luutru.extract(article().encode(), url=PLACE)
    assert (record["schema"], record["title"], record["url"]) == (1, TITLE, PLACE)
    assert record["capture"]["bytes"] == len(article().encode()) and record["capture"]["source"] == "file"
    assert luutru.extract(article().encode())["url"] is None


def test_extract_heeds_the_content_type() -> None:
    page = article().replace('<meta charset="utf-8">', "")
    assert luutru.extract(page.encode("utf-16-le"), content_type="text/html; charset=utf-16")["title"] == TITLE
    text = (
        f"{TITLE}\n14/02/2019 | Lục Thị Nhạn\n"
        + "Ghe khóm đậu bến trên, ghe khoai đậu bến dưới, nước lớn từ nửa đêm.\n" * 3
    )
    record = luutru.extract(text.encode(), content_type="text/plain; charset=utf-8")
    assert (record["title"], record["capture"]["source"], record["published_at"]) == (TITLE, "text", "2019-02-14")


def test_extract_refuses_what_is_no_article() -> None:
    for content in (b"", b"<p>x</p>", b"%PDF-1.7"):
        with pytest.raises(luutru.NotAnArticle) as refused:
            luutru.extract(content, url=PLACE)
        assert isinstance(refused.value, luutru.LuutruError) and refused.value.source == PLACE


def test_archive_puts_gets_and_remembers(tmp_path: Path) -> None:
    record = luutru.extract(article().encode(), url=PLACE)
    with luutru.open(tmp_path / "archive") as archive:
        first = archive.put(record)
        assert isinstance(first, Outcome) and (first.kind, first.title) == ("new", TITLE)
        assert archive.put(record).kind == "unchanged"
        changed = archive.put(record | {"author": "Lục Văn Nhạn"})
        assert (changed.kind, changed.id, changed.revision) == ("changed", first.id, 2)
        others = [record | {"url": f"http://xa.vamsao.example/{n}", "title": DYKE, "item_id": None} for n in range(3)]
        assert [outcome.kind for outcome in archive.put_many(others)] == ["new"] * 3
        assert len(archive) == 4

    with luutru.open(str(tmp_path / "archive"), mode="r") as archive:
        assert first.id is not None
        stored = archive.get(first.id)
        assert stored == archive.get(PLACE) == archive.get(first.id[:5]) and stored is not None
        assert (stored["author"], stored["revision"], archive.get("zzzz")) == ("Lục Văn Nhạn", 2, None)
        assert [state["author"] for state in archive.history(PLACE)] == ["Lục Thị Nhạn", "Lục Văn Nhạn"]
        assert [found["url"] for found in archive.find(title="vàm sáo")] == [PLACE]
        assert len(list(archive.find(portal="xa.vamsao.example", published_from="2019"))) == 4
        assert [d["title"] for d in archive.tables["articles"].search(lambda d: d["revision"] == 2)] == [TITLE]
        with pytest.raises(luutru.ArchiveError):
            archive.put(record)


def test_reading_an_archive_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(luutru.ArchiveError, match="there is no archive"):
        luutru.open(tmp_path / "archive", mode="r")
    assert list(tmp_path.iterdir()) == []


def test_every_name_is_there_and_every_error_has_a_name() -> None:
    for name in luutru.__all__:
        assert getattr(luutru, name).__doc__
    public = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert public == set(luutru.__all__) - {"extract", "open"}
    assert luutru.__all__ == sorted(luutru.__all__)


def test_the_module_runs_as_a_program() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "luutru", "--version"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout.split()[0]) == (0, "luutru")
