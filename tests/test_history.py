"""`luutru history` and `luutru diff`, and the rows behind them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scraper.models import CaptureInfo, Image, to_dict
from storage.archive import Archive
from storage.timeline import timeline
from tests.conftest import Run
from tests.running import STEERING, objects, on_terminal
from tests.test_archive import sample

ADDRESS = "https://www.muoixa.example/Pages/tin.aspx?ItemID=1"
BODY = (
    "Sáng nay cầu Rạch Sậy được thông xe sau mười tháng thi công.\n\nCầu dài 42 mét, bắc qua rạch ở ấp Ba, "
    "thay cho cây cầu ván đã cũ. Bà con trong ấp góp 120 ngày công.\n\nBà con rất vui."
)
LATER = BODY.replace("42 mét", "45 mét").replace("ấp góp", "ấp và ấp Tư góp") + "\n\nXã cảm ơn bà con."


def at(day: int, **more: Any) -> CaptureInfo:
    return CaptureInfo(fetched_at=f"2024-03-{day:02}T07:30:00+07:00", source="http", final_url=ADDRESS, **more)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An article that changed twice, was gone in between and is gone now; beside it one of a single revision."""
    moments = iter(datetime(2024, 3, 1, 8, tzinfo=UTC) + timedelta(days=n) for n in range(99))
    with Archive.open(tmp_path / "archive", clock=lambda: next(moments)) as kept:  # the 1st goes for opening
        kept.put(sample(body_text=BODY, capture=at(2)))
        kept.put(sample(2, title="Lịch họp ấp Ba", capture=CaptureInfo()))
        kept.mark_gone(ADDRESS)
        kept.put(sample(body_text=BODY, views=11, capture=at(5)))
        kept.put(sample(body_text=LATER, author="Lò Văn Mây", capture=at(6)))
        kept.mark_gone(ADDRESS)
        images = (Image("https://www.muoixa.example/anh/moi.jpg", "moi.jpg", caption="Cầu mới"), *sample().images)
        kept.put(sample(body_text=LATER, author="Lò Văn Mây", images=images, tags=("cầu",), views=15, capture=at(8)))
        kept.mark_gone(ADDRESS)
    return tmp_path / "archive"


HISTORY = """\
Khánh thành cầu Rạch Sậy số 1
{id}  https://www.muoixa.example/Pages/tin.aspx?ItemID=1

revision 1  captured 2024-03-02 00:30 UTC, last seen 2024-03-05 08:00 UTC
  first seen
  gone 2024-03-04 08:00 UTC, published again 2024-03-05 08:00 UTC

revision 2  captured 2024-03-06 00:30 UTC, last seen 2024-03-06 08:00 UTC
  changed: author, body_text
  words of the body: 9 added, 1 removed
  gone 2024-03-07 08:00 UTC

revision 3  captured 2024-03-08 00:30 UTC, last seen 2024-03-08 08:00 UTC
  changed: images, tags; published again
  gone since 2024-03-09 08:00 UTC
"""


def test_history_tells_what_changed_when_and_why(run: Run, archive: Path) -> None:
    shown = run("history", ADDRESS)
    name = shown.out.splitlines()[1].split()[0]
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == HISTORY.format(id=name)
    assert max(map(len, shown.out.splitlines())) <= 80


def test_history_for_machines(run: Run, archive: Path) -> None:
    rows = json.loads(run("history", ADDRESS, "--json").out)
    assert [row["revision"] for row in rows] == [1, 2, 3]
    assert [row["changed"] for row in rows] == [[], ["author", "body_text"], ["images", "tags"]]
    assert [row["reason"] for row in rows][::2] == ["first seen", "changed: images, tags; published again"]
    assert [row["gone_at"] for row in rows] == [None, "2024-03-07T08:00:00+00:00", "2024-03-09T08:00:00+00:00"]
    assert {row["first_seen"] for row in rows} == {"2024-03-02T08:00:00+00:00"}
    assert rows[1]["captured_at"] == "2024-03-06T07:30:00+07:00"
    assert (rows[1]["words_added"], rows[1]["words_removed"]) == (9, 1)
    assert rows[0]["absences"] == [{"gone_at": "2024-03-04T08:00:00+00:00", "back_at": "2024-03-05T08:00:00+00:00"}]
    assert len({row["content_hash"] for row in rows}) == 3


def test_an_article_without_capture_time_is_dated_by_the_archive(run: Run, archive: Path) -> None:
    shown = run("history", "muoixa.example/Pages/tin.aspx?ItemID=2").out
    assert "\nrevision 1  first seen 2024-03-03 08:00 UTC, last seen 2024-03-03 08:00 UTC\n  first seen\n" in shown


def test_states_of_an_older_archive_have_no_reason_but_what_changed() -> None:
    old, new = to_dict(sample()), to_dict(sample(title="Khác", body_text="Sáng nay cầu được thông xe."))
    first, second = timeline([old | {"revision": 1}, new | {"revision": 2}])
    assert (first["reason"], first["changed"], first["absences"]) == (None, [], [])
    assert (second["changed"], second["words_added"], second["words_removed"]) == (["title", "body_text"], 0, 4)


DIFF = """\
{id}  revision 1 → 3
author
  Lò [-Thị-] {{+Văn+}} Mây
body_text
  … xe sau mười tháng thi công. Cầu dài [-42-] {{+45+}} mét, bắc qua rạch ở ấp Ba,
  thay … cầu ván đã cũ. Bà con trong ấp {{+và ấp Tư+}} góp 120 ngày công. Bà con
  rất vui. {{+Xã cảm ơn bà con.+}}
images
  1. {{+https://www.muoixa.example/anh/moi.jpg, moi.jpg, Cầu mới+}}
tags
  1. {{+cầu+}}
"""


def test_diff_shows_words(run: Run, archive: Path) -> None:
    shown = run("diff", ADDRESS, "--from", "1")
    name = shown.out.split()[0]
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == DIFF.format(id=name)
    last = run("diff", ADDRESS)
    assert last.out.splitlines()[0] == f"{name}  revision 2 → 3"
    assert [line for line in last.out.splitlines() if line[0] != " "][1:] == ["images", "tags"]
    back = run("diff", ADDRESS, "--from", "3", "--to", "2").out
    assert "  1. [-cầu-]\n" in back and f"{name}  revision 3 → 2\n" in back
    assert (
        "Cầu dài 42 mét" not in shown.out
        and "… [-42-] {+45+} …" in run("diff", ADDRESS, "--from", "1", "--context", "0").out
    )


def test_what_tells_of_a_capture_is_compared_only_when_asked_for(run: Run, archive: Path) -> None:
    few, all_ = (run("diff", ADDRESS, "--json", *option).out for option in ((), ("--all",)))
    fields = [change["field"] for change in json.loads(few)["changes"]]
    assert fields == ["images", "tags"]
    assert [change["field"] for change in json.loads(all_)["changes"]] == [*fields, "views", "capture.fetched_at"]
    assert "views\n  [-11-] {+15+}\n" in run("diff", ADDRESS, "--from", "1", "--all").out


def test_diff_for_machines(run: Run, archive: Path) -> None:
    found = json.loads(run("diff", ADDRESS, "--from", "1", "--to", "2", "--json").out)
    assert (found["from"], found["to"]) == (1, 2)
    author, body = found["changes"]
    assert author == {
        "field": "author",
        "kind": "text",
        "words_added": 1,
        "words_removed": 1,
        "coarse": False,
        "stretches": [{"same": "Lò"}, {"removed": "Thị", "added": "Văn"}, {"same": "Mây"}],
    }
    parts = body["stretches"]
    assert " ".join(filter(None, (p.get("same", p.get("added")) for p in parts))).split() == LATER.split()
    assert " ".join(filter(None, (p.get("same", p.get("removed")) for p in parts))).split() == BODY.split()
    (items, _) = json.loads(run("diff", ADDRESS, "--json").out)["changes"]
    assert (items["kind"], items["items"][0]["from"], items["items"][0]["to"]) == ("items", None, 1)


def test_one_revision_has_nothing_to_differ_from(run: Run, archive: Path) -> None:
    single = "muoixa.example/Pages/tin.aspx?ItemID=2"
    shown = run("diff", single)
    assert (shown.code, shown.err, shown.out.count("\n")) == (0, "revision 1 is the only one\n", 1)
    assert json.loads(run("diff", single, "--json").out)["changes"] == []
    assert run("diff", ADDRESS, "--from", "2", "--to", "2").err == "no difference\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("history", "zzzz"), "luutru: no such record: zzzz: not in archive (luutru list shows what there is)\n"),
        (("diff", "zzzz"), "luutru: no such record: zzzz: not in archive (luutru list shows what there is)\n"),
        (("diff", ADDRESS, "--to", "9"), f"luutru: no such revision: revision 9 of {ADDRESS}: known are 1, 2, 3\n"),
        (("diff", ADDRESS, "--from", "4"), f"luutru: no such revision: revision 4 of {ADDRESS}: known are 1, 2, 3\n"),
        (
            ("diff", ADDRESS, "--to", "1"),
            f"luutru: nothing to compare with: revision 1 of {ADDRESS}: it is the first (name one with --from)\n",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_not_there_is_told(run: Run, archive: Path, words: tuple[str, ...], told: str) -> None:
    ran = run(*words)
    assert (ran.code, ran.out, ran.err) == (3, "", told)


def test_colours_on_a_terminal_and_marks_everywhere(run: Run, archive: Path, tmp_path: Path) -> None:
    shown = on_terminal("diff", ADDRESS, "--from", "1", cwd=tmp_path)[1]
    assert "\x1b[9;31m[-Thị-]\x1b[0m" in shown and "\x1b[32m{+Văn+}\x1b[0m" in shown


HOSTILE = "\x1b[31mX\x1b]0;t\x07\x9b5m\u202egnp\u2066\x7f[link=http://x.example]y[/link]\u2028"


def test_no_state_steers_the_terminal(run: Run, tmp_path: Path) -> None:
    record = to_dict(sample())
    odd = {
        "title": HOSTILE,
        "url": "https://x.example/a",
        "body_text": f"một {HOSTILE} hai",
        "form": {f"nhãn{HOSTILE}": HOSTILE},
        "tags": [HOSTILE, {"a": HOSTILE}, 3],
        "images": HOSTILE,
        "item_id": [HOSTILE],
        "section": 7,
    }
    with Archive.open(tmp_path / "archive") as kept:
        assert kept.put(record | {"url": "https://x.example/a", "item_id": None, "list_path": None}).kind == "new"
        assert kept.put(odd).kind == "changed"
    for command in (("history", "x.example/a"), ("diff", "x.example/a"), ("diff", "x.example/a", "--all")):
        for ran in (run(*command), run(*command, "--json")):
            assert ran.code == 0 and ran.out and not STEERING.search(ran.out + ran.err), ran.err
    assert objects(run("list", "--json").out)[0]["title"] == HOSTILE
