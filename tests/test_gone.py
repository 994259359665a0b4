"""Pages that are published no longer: `add` notes known articles as gone, `list`, `show` and `history` say so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.loopback import Answer, Loopback
from tests.running import TITLE, article, objects, save


@pytest.fixture
def address(run: Run, portal: Loopback) -> str:
    """The address of an article that the archive holds."""
    portal.on("/tin?ItemID=7", Answer(body=article()))
    assert run("add", portal.url("/tin?ItemID=7")).code == 0
    return portal.url("/tin?ItemID=7")


@pytest.mark.parametrize("status", [404, 410])
def test_a_known_article_whose_address_answers_so_is_gone(
    run: Run, portal: Loopback, address: str, status: int
) -> None:
    portal.on("/tin?ItemID=7", Answer(status))
    gone = run("add", address)
    assert (gone.code, gone.err) == (0, "")
    kind, name, *rest = gone.out.split()
    assert kind == "gone" and " ".join(rest) == f"{TITLE} [no longer published]"
    since = json.loads(run("show", address, "--json").out)["gone_at"]

    (again,) = objects(run("add", address, "--json").out)
    assert again["kind"] == "gone" and again["source"] == address and again["id"] == name
    assert again["reason"] == f"no longer published since {since}"
    assert json.loads(run("show", address, "--json").out)["gone_at"] == since


def test_list_and_show_say_so_and_columns_stay(run: Run, portal: Loopback, address: str) -> None:
    before, shown = run("list").out, run("show", address).out
    portal.on("/tin?ItemID=7", Answer(404))
    run("add", address)
    stored = json.loads(run("show", address, "--json").out)
    assert run("list").out == before.rstrip("\n") + f"  [gone {stored['gone_at'][:10]}]\n"
    head, *rest = shown.split("\n")
    assert run("show", address).out.split("\n") == [head, f"no longer published, noted {stored['gone_at']}", *rest]
    assert objects(run("list", "--json").out)[0]["gone_at"] == stored["gone_at"]


def test_a_page_that_comes_back_is_published_again(run: Run, portal: Loopback, address: str) -> None:
    portal.on("/tin?ItemID=7", Answer(410))
    run("add", address)
    portal.on("/tin?ItemID=7", Answer(body=article()))
    (back,) = objects(run("add", address, "--json").out)
    assert (back["kind"], back["reason"]) == ("unchanged", "same content; published again")
    (row,) = json.loads(run("history", address, "--json").out)
    assert row["gone_at"] is None and [sorted(absence) for absence in row["absences"]] == [["back_at", "gone_at"]]
    assert "gone" not in run("list").out and "no longer" not in run("show", address).out


def test_what_the_archive_does_not_know_is_a_failure(run: Run, portal: Loopback, address: str) -> None:
    alone = run("add", portal.url("/none"))
    assert alone.code == 4 and alone.err.startswith("luutru: not found: ")
    portal.on("/tin?ItemID=7", Answer(404))
    portal.on("/moi", Answer(body=article("Lịch phát thuốc tháng Ba", day="01/03/2019")))
    sources = [portal.url("/moi"), address, portal.url("/none"), portal.url("/moi")]
    mixed = run("add", *sources, "--json")
    assert mixed.code == 7 and "1 new, 1 gone, 1 failed, 1 unchanged" in mixed.err
    assert [(o["kind"], o["source"]) for o in objects(mixed.out)] == list(
        zip(["new", "gone", "failed", "unchanged"], sources, strict=True)
    )
    only = run("add", address, portal.url("/none"))
    assert only.code == 7


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500),
        Answer(503, headers={"Retry-After": "1"}),
        Answer(403),
        Answer(body="<h1>Sorry, something went wrong</h1><p>Correlation ID: 1f2e</p>"),
        Answer(body="<title>Lỗi</title>", headers={"SharePointError": "2"}),
        Answer(302, headers={"Location": "/404.html"}),
        Answer(302, headers={"Location": "/_layouts/15/Authenticate.aspx"}),
        Answer(reset=True),
    ],
    ids=["500", "503", "403", "error page", "SharePointError", "redirect to 404.html", "login", "reset"],
)
def test_no_other_answer_means_gone(run: Run, portal: Loopback, address: str, answer: Answer) -> None:
    portal.on("/tin?ItemID=7", answer)
    failed = run("add", address, "--retries", "0")
    assert failed.code in (4, 5) and failed.out == ""
    assert json.loads(run("show", address, "--json").out)["gone_at"] is None


def test_a_redirect_to_the_final_address_that_is_missing_counts(run: Run, portal: Loopback, address: str) -> None:
    portal.redirect("/tin?ItemID=7", "/tin/7")
    assert run("add", address).out.startswith("gone ")


def test_nothing_is_made_where_there_is_no_archive(run: Run, portal: Loopback) -> None:
    assert run("add", portal.url("/none")).code == 4
    assert run("list").code == 6


def test_a_missing_file_makes_nothing_gone(run: Run, tmp_path: Path) -> None:
    save(tmp_path, "tin.html")
    run("add", "tin.html", "--url", "http://xa.example/tin.html")
    (tmp_path / "tin.html").unlink()
    assert run("add", "tin.html").code == 3
    assert objects(run("list", "--json").out)[0]["gone_at"] is None
