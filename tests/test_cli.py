"""The commands as their users meet them: what goes to stdout, what to stderr, and what the archive holds afterwards."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path

import pytest

import luutru
from tests.conftest import Run
from tests.loopback import Answer, Loopback
from tests.running import DYKE, POWER, ROOT, TITLE, article, keep_three, objects, save


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The folder of an archive of three articles."""
    return keep_three(tmp_path)


# add


def test_add_says_what_became_of_each_page(run: Run, tmp_path: Path) -> None:
    page = save(tmp_path)
    address = "--url", "http://xa.vamsao.example/tin?ItemID=7"
    first = run("add", page, *address)
    assert (first.code, first.err) == (0, "")
    kind, name, *title = first.out.split()
    assert kind == "new" and re.fullmatch("[a-z2-7]{12}", name) and " ".join(title) == TITLE

    again = run("add", page, *address)
    assert (again.code, again.err, again.out.split()[:2]) == (0, "", ["unchanged", name])

    save(tmp_path, author="Lục Văn Nhạn")
    changed = run("add", page, *address)
    assert changed.code == 0 and changed.out.split()[:2] == ["changed", name] and "author" in changed.out

    now = json.loads(run("show", name, "--json").out)
    before = json.loads(run("show", name, "--json", "--revision", "1").out)
    assert (now["revision"], now["author"]) == (2, "Lục Văn Nhạn")
    assert (before["revision"], before["author"]) == (1, "Lục Thị Nhạn")
    assert "Lục Thị Nhạn" in run("show", name, "--revision", "1").out


def test_add_takes_every_kind_of_source_in_one_run(run: Run, tmp_path: Path, portal: Loopback) -> None:
    for number in range(4):
        portal.on(f"/{number}", Answer(body=article(f"Bản tin số {number} của chợ nổi")))
    save(tmp_path, "folder/in/deep.htm", title="Trang trong thư mục")
    save(tmp_path, "folder/z.html", title="Trang sau cùng của thư mục")
    (tmp_path / "list.txt").write_text(f"# tin\n\n{portal.url('/1')}\n{portal.url('/2')}\n", "utf-8")
    (tmp_path / "more").write_text(f"{portal.url('/3')}\n", "utf-8")
    done = run(
        "add", portal.url("/0"), "folder", "list.txt", "-", "--from", "more", "--json",
        stdin=article("Trang từ đầu vào chuẩn").encode(),
    )  # fmt: skip
    assert done.code == 0, done.err
    outcomes = objects(done.out)
    assert {outcome["kind"] for outcome in outcomes} == {"new"}
    wanted = [portal.url("/3"), portal.url("/0"), "folder/z.html", "folder/in/deep.htm"]
    assert [o["source"] for o in outcomes] == [*wanted, portal.url("/1"), portal.url("/2"), "-"]
    assert done.err == "7 new\n"
    assert len(run("list").out.splitlines()) == 7


def test_add_json_has_an_object_a_line_for_failures_too(run: Run, tmp_path: Path) -> None:
    done = run("add", save(tmp_path), "missing.html", "--json")
    good, bad = objects(done.out)
    assert done.code == 7 and done.err.splitlines()[0].startswith("luutru: cannot use this source: missing.html")
    assert (good["kind"], good["title"], good["revision"], good["reason"]) == ("new", TITLE, 1, "first seen")
    assert (bad["kind"], bad["source"], bad["code"], bad["id"]) == ("failed", "missing.html", "input", None)


def test_quiet_leaves_only_errors_on_stderr(run: Run, tmp_path: Path) -> None:
    save(tmp_path, "two/a.html")
    save(tmp_path, "two/b.html", title="Trang thứ hai của bến")
    assert run("add", "two").err == "2 new\n"
    assert run("add", "two", "--quiet").err == ""
    assert run("add", "two", "missing", "--quiet").err.count("\n") == 1


def test_a_bug_on_one_page_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import scraper.pipeline as p\nreal = p.extract\n"
        "def broken(capture, *rest):\n"
        "    if b'Hai' in capture.content: raise KeyError('a\\nslip')\n"
        "    return real(capture, *rest)\n"
        "p.extract = broken\n"
    )
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    save(tmp_path, "p/1.html"), save(tmp_path, "p/2.html", title="Hai"), save(tmp_path, "p/3.html", title="Ba con rạch")
    done = run("add", "p", env=env)
    assert done.code == 7 and done.out.count("new ") == 2
    told, counted = done.err.splitlines()
    assert told.startswith("luutru: a bug: p/2.html: KeyError: ") and counted == "2 new, 1 failed"
    assert "Traceback" in run("add", "p/2.html", env=env | {"LUUTRU_DEBUG": "1"}).err


def test_contact_reaches_the_server(run: Run, portal: Loopback) -> None:
    portal.on("/tin", Answer(body=article()))
    assert run("add", portal.url("/tin"), "--contact", "luu.tru@vamsao.example").code == 0
    assert "luu.tru@vamsao.example" in portal.requests[0].headers["user-agent"]


# extract and explain


def test_extract_prints_the_record_and_nothing_else(run: Run, tmp_path: Path) -> None:
    page = save(tmp_path)
    done = run("extract", page, "--url", "http://xa.vamsao.example/tin?ItemID=7")
    record = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert (record["title"], record["author"], record["published_at"]) == (TITLE, "Lục Thị Nhạn", "2019-02-14")
    assert record["agency"]["managing_agency"] == "Ủy ban nhân dân xã Vàm Sáo"
    assert record["capture"]["source"] == "file" and not (tmp_path / "archive").exists()

    compact = run("extract", page, "--compact")
    assert compact.out.count("\n") == 1 and json.loads(compact.out)["title"] == TITLE
    piped = json.loads(run("extract", "-", stdin=page.read_bytes()).out)
    assert piped == json.loads(compact.out) | {"capture": piped["capture"]}


def test_extract_follows_a_list_of_one_address_but_takes_no_more(run: Run, tmp_path: Path, portal: Loopback) -> None:
    portal.on("/tin", Answer(body=article()))
    (tmp_path / "one.txt").write_text(portal.url("/tin"), "utf-8")
    assert json.loads(run("extract", "one.txt").out)["capture"]["requested_url"] == portal.url("/tin")
    (tmp_path / "one.txt").write_text(f"{portal.url('/tin')}\n{portal.url('/tin')}", "utf-8")
    done = run("extract", "one.txt")
    assert (done.code, done.out) == (3, "") and "luutru add" in done.err


def test_explain_shows_every_rule_of_a_field(run: Run, tmp_path: Path) -> None:
    page = save(tmp_path)
    done = run("explain", page, "--field", "title")
    assert (
        (done.code, done.err) == (0, "") and done.out.startswith("title\n") and "✓ headline: " + TITLE[:20] in done.out
    )
    assert "published_at" not in done.out
    assert max(map(len, run("explain", page).out.splitlines()[1:])) <= 80

    story = json.loads(run("explain", page, "--json", "--field", "author").out)
    assert {attempt["field"] for attempt in story["attempts"]} == {"author"}
    assert [a["value"] for a in story["attempts"] if a["verdict"] == "won"] == ["Lục Thị Nhạn"]


def test_explain_tells_why_a_page_was_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<h1>Sorry, something went wrong</h1><p>Correlation ID: 1f2e</p>", "utf-8")
    done = run("explain", "page.html")
    assert done.code == 5 and done.err.startswith("luutru: no article: page.html") and "title\n" in done.out


# list and show


@pytest.mark.parametrize(
    ("options", "titles"),
    [
        ((), "ABC"),
        (("--portal", "xa.vamsao.example"), "A"),
        (("--portal", "https://www.conen.example/"), "B"),
        (("--title", "de bao"), "B"),
        (("--title", "đê Bao"), "B"),
        (("--author", "nhan"), "AC"),
        (("--agency", "vàm sáo"), "ABC"),
        (("--since", "2020"), "BC"),
        (("--since", "2020-11-02", "--until", "2020-11"), "B"),
        (("--until", "2019-02-14"), "A"),
        (("--limit", "2"), "AB"),
        (("--title", "không có"), ""),
    ],
)
def test_list_filters(run: Run, archive: Path, options: tuple[str, ...], titles: str) -> None:
    names = {"A": TITLE, "B": DYKE, "C": POWER}
    done = run("list", *options, "--json")
    assert (done.code, done.err) == (0, "")
    assert [one["title"] for one in objects(done.out)] == [names[letter] for letter in titles]


def test_list_has_a_line_for_each_record(run: Run, archive: Path) -> None:
    first, second, third = run("list").out.splitlines()
    assert re.fullmatch(rf"[a-z2-7]{{12}}  2019-02-14  xa\.vamsao\.example +{TITLE}", first)
    assert "  conen.example  " in second and re.search(rf"  2020-12-20  - +{POWER}$", third)


def test_show_finds_a_record_by_id_beginning_and_address(run: Run, archive: Path) -> None:
    stored = objects(run("list", "--json", "--portal", "conen.example").out)[0]
    for reference in (stored["id"], stored["id"][:6].upper(), "http://conen.example/b", "conen.example/b"):
        assert json.loads(run("show", reference, "--json").out)["id"] == stored["id"]
    page = run("show", stored["id"]).out
    for part in (
        f"{DYKE}\n",
        "Tô Văn Dậu",
        "2020-11-02",
        "http://conen.example/b",
        "+842753811066",
        "ghe khóm",
    ):
        assert part in page
    missing = run("show", "zzzz")
    assert (missing.code, missing.out) == (3, "") and "luutru list" in missing.err
    assert run("show", stored["id"], "--revision", "2").code == 3


# export


def test_export_to_stdout(run: Run, archive: Path) -> None:
    whole = run("export")
    assert (whole.code, whole.err) == (0, "3 records exported\n")
    records = json.loads(whole.out)
    assert objects(run("export", "--format", "jsonl", "--quiet").out) == records
    table = list(csv.DictReader(io.StringIO(run("export", "--format", "csv").out, newline="")))
    assert [row["title"] for row in table] == [record["title"] for record in records]
    assert [r["title"] for r in json.loads(run("export", "--since", "2020-12").out)] == [POWER]


def test_export_to_a_file_is_whole_or_absent(run: Run, archive: Path, tmp_path: Path) -> None:
    done = run("export", "-o", "out.json")
    assert (done.code, done.out, done.err) == (0, "", "3 records exported to out.json\n")
    whole = (tmp_path / "out.json").read_bytes()
    assert len(json.loads(whole)) == 3

    refused = run("export", "-o", "out.json", "--title", "chợ")
    assert refused.code == 3 and "--force" in refused.err and (tmp_path / "out.json").read_bytes() == whole
    assert run("export", "-o", "out.json", "--title", "chợ", "--force").code == 0
    assert len(json.loads((tmp_path / "out.json").read_bytes())) == 1

    (tmp_path / "out.json").write_text("mine", "utf-8")
    (tmp_path / archive / "articles.json").write_text("{", "utf-8")
    assert run("export", "-o", "out.json", "--force").code == 6
    assert (tmp_path / "out.json").read_text("utf-8") == "mine"
    assert run("export", "-o", "nowhere/out.json").code != 0
    assert not list(tmp_path.rglob("*.part"))


def test_export_knows_its_formats(run: Run, archive: Path) -> None:
    done = run("export", "--format", "xlsx")
    assert (done.code, done.out) == (3, "") and "json, jsonl, csv" in done.err


# help


def test_every_command_explains_itself(run: Run) -> None:
    overview = run("--help").out
    commands = re.findall(r"^  ([a-z]+)  ", overview.partition("Commands:")[2], re.MULTILINE)
    assert {"add", "extract", "explain", "list", "show", "export", "history", "diff", "stats"} <= set(commands)
    for command in commands:
        page = run(command, "--help")
        assert (
            page.code == 0
            and f"Usage: luutru {command}" in page.out
            and f"luutru {command} " in page.out.partition("Example")[2]
        )
    assert re.fullmatch(r"luutru \d+\.\d+\S*\n", run("--version").out)


def test_a_record_of_another_shape_is_shown_as_it_is(run: Run, tmp_path: Path) -> None:
    with luutru.open(tmp_path / "archive") as kept:
        name = kept.put({"url": 5, "title": "Lạ", "agency": "x", "images": ["a"], "problems": ["x"]}).id
    assert run("list").code == 0
    shown = run("show", name or "")
    assert shown.code == 0 and '"agency": "x"' in shown.out
