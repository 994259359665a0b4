"""`luutru import` as a whole: what comes into the archive, from what, and what is told."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest

from scraper.containers import DamagedMember, Member, members
from scraper.containers.folders import address_by_path
from tests.conftest import Run
from tests.containers import http, record, written
from tests.running import DYKE, POWER, TITLE, article, killed, objects, start

NO_ARTICLE = b"<html><body><ul><li><a href='/a'>A</a></li></ul></body></html>"
SHOWN = {"capture", "url", "id", "aliases", "first_seen", "last_seen", "list_path", "item_id", "evidence"}


def tin(number: int, *, host: str = "xa.example", title: str = TITLE, date: str = "2019-03-01T02:03:04Z") -> bytes:
    """A record of an article."""
    return record(
        http(article(f"{title} {number}").encode()), f"http://{host}/Lists/Tin/DispForm.aspx?ID={number}", date=date
    )


def listed(run: Run) -> list[dict[str, Any]]:
    """What the archive holds."""
    return objects(run("export", "--format", "jsonl").out)


def test_the_seed_within_a_wet_file(run: Run, tmp_path: Path, shared: Path) -> None:
    """The same record as from seed.txt, with address and time from the WET header."""
    text = (shared / "seed" / "seed.txt").read_bytes()
    address = "http://tpbentre.example/Lists/ThongTinChung/DispForm.aspx?ID=512"
    others = [
        record(
            "Tin khác\n\nMột dòng".encode(), f"http://other.example/{n}", kind="conversion", content_type="text/plain"
        )
        for n in range(3)
    ]
    info = record(b"Software-Info: ia-web-commons\r\n", None, kind="warcinfo", content_type="application/warc-fields")
    seed = record(
        text,
        address,
        "WARC-Identified-Content-Language: vie",
        kind="conversion",
        content_type="text/plain",
        date="2018-12-11T04:05:06Z",
    )
    path = written(tmp_path / "CC-MAIN-20181210-00000.warc.wet.gz", [info, *others, seed])
    ran = run("import", path, "--host", "tpbentre.example")
    assert (ran.code, ran.out.split()[0]) == (0, "new")
    (stored,) = listed(run)
    plain = json.loads(run("extract", shared / "seed" / "seed.txt").out)
    assert {name: stored[name] for name in plain if name not in SHOWN} == {
        name: value for name, value in plain.items() if name not in SHOWN
    }
    assert (stored["url"], stored["list_path"], stored["item_id"]) == (address, "/Lists/ThongTinChung", 512)
    capture = stored["capture"]
    assert (capture["source"], capture["fetched_at"]) == ("wet", "2018-12-11T04:05:06+00:00")
    assert capture["sha256"] == plain["capture"]["sha256"]


def test_a_warc_into_the_archive_and_again(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc.gz", [tin(1), record(http(NO_ARTICLE), "http://xa.example/"), tin(2)])
    ran = run("import", path)
    assert (ran.code, [line.split()[0] for line in ran.out.splitlines()]) == (0, ["new", "new"])
    assert ran.err == f"{path}: 2 new; 3 pages among 3 members; 1 without an article\n"
    again = run("import", path)
    assert (again.code, again.out, again.err) == (0, "", f"{path}: imported before\n")
    anew = run("import", path, "--again")
    assert (anew.code, anew.out, anew.err.split("; ")[0]) == (0, "", f"{path}: 2 unchanged")
    assert len(listed(run)) == 2


def test_outcomes_as_json(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc.gz", [tin(1), record(http(NO_ARTICLE), "http://xa.example/"), record(b"junk")])
    ran = run("import", path, "--json", "--quiet")
    found = {one["kind"]: one for one in objects(ran.out)}
    assert set(found) == {"new", "skipped", "failed"}
    assert found["new"]["source"] == f"{path}@0"
    assert (found["skipped"]["code"], found["skipped"]["url"]) == ("not_an_article", "http://xa.example/")
    assert found["failed"]["code"] == "damaged"
    assert found["failed"]["source"].startswith(f"{path}@")


def test_a_file_that_has_grown_is_read_from_where_it_ended(run: Run, tmp_path: Path) -> None:
    whole = [gzip.compress(tin(number)) for number in range(1, 4)]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(whole[0] + whole[1][:200])  # a download under way
    first = run("import", path)
    assert (first.code, first.out.count("new")) == (7, 1)
    assert f"a damaged member: {path}@{len(whole[0])}: the file ends in the middle of it" in first.err
    path.write_bytes(b"".join(whole))
    then = run("import", path)
    assert (then.code, then.out.count("new")) == (0, 2)
    assert "2 pages among 2 members" in then.err


def test_a_file_that_has_changed_is_read_once_more(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc.gz", [tin(1)])
    assert run("import", path).code == 0
    written(path, [tin(2, title=DYKE), tin(3, title=POWER)])
    ran = run("import", path)
    assert (ran.code, ran.out.count("new")) == (0, 2)
    assert f"{path} has changed since it was imported: read once more" in ran.err


def test_other_hosts_of_the_same_file_are_another_import(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc.gz", [tin(1), tin(2, host="conen.example")])
    assert run("import", path, "--host", "xa.example").out.count("new") == 1
    assert run("import", path, "--host", "conen.example").out.count("new") == 1
    assert run("import", path, "--host", "conen.example").err == f"{path}: imported before\n"


def test_damage_is_named_and_passed_over(run: Run, tmp_path: Path) -> None:
    pieces = [bytearray(gzip.compress(tin(number))) for number in range(1, 5)]
    pieces[1][100:140] = b"\0" * 40
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"".join(pieces))
    ran = run("import", path)
    assert (ran.code, ran.out.count("new")) == (7, 3)
    assert f"luutru: a damaged member: {path}@{len(pieces[0])}: its gzip data are damaged" in ran.err
    assert "1 failed, 1 of them damaged" in ran.err


def test_nothing_is_no_success(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc.gz", [record(http(NO_ARTICLE), "http://xa.example/")])
    ran = run("import", path)
    assert (ran.code, ran.err.splitlines()[0]) == (5, f"luutru: no article: {path}: none of its 1 pages holds one")
    ran = run("import", path, "--host", "conen.example")
    assert (ran.code, ran.err.splitlines()[0]) == (
        3,
        f"luutru: nothing to import: {path}: no page of conen.example in it",
    )
    assert run("import", tmp_path / "absent.warc").code == 3
    assert "no such file or folder" in run("import", tmp_path / "absent.warc").err
    assert run("import", path, "--kind", "soup").code == 2
    assert run("import", path, "--host", "a b").code == 3
    empty = tmp_path / "empty.warc.gz"
    empty.write_bytes(b"")
    assert run("import", empty).code == 3
    assert not (tmp_path / "archive" / "articles.json").exists()


def test_only_what_sharepoint_made(run: Run, tmp_path: Path) -> None:
    other = record(http(article(DYKE).encode()), "http://conen.example/tin/de-bao-7.html")
    path = written(tmp_path / "a.warc.gz", [tin(1), other])
    assert [line.split(None, 2)[2] for line in run("import", path, "--sharepoint").out.splitlines()] == [f"{TITLE} 1"]


def test_only_some_kinds_of_records(run: Run, tmp_path: Path) -> None:
    kept = record(article(DYKE).encode(), "http://conen.example/b", kind="resource", content_type="text/html")
    path = written(tmp_path / "a.warc.gz", [tin(1), kept])
    assert DYKE in run("import", path, "--kind", "resource").out
    assert len(listed(run)) == 1


def test_a_page_that_was_cut_says_so(run: Run, tmp_path: Path) -> None:
    cut = record(http(article().encode()), "http://xa.example/a", "WARC-Truncated: length")
    ran = run("import", written(tmp_path / "a.warc.gz", [cut]))
    assert (ran.code, ran.out.split()[-1]) == (0, "truncated")
    (stored,) = listed(run)
    assert ("truncated", "body_text") in [(one["code"], one["field"]) for one in stored["problems"]]
    assert run("reextract").err == "1 unchanged\n"


def test_an_error_page_of_sharepoint_is_no_article(run: Run, tmp_path: Path) -> None:
    soft = record(http(article().encode(), "SharePointError: 0"), "http://xa.example/a")
    assert run("import", written(tmp_path / "a.warc.gz", [soft])).code == 5


def test_an_older_capture_belongs_into_the_past(run: Run, tmp_path: Path) -> None:
    address = "http://xa.example/Lists/Tin/DispForm.aspx?ID=7"
    new = record(http(article("Bản mới").encode()), address, date="2020-01-01T00:00:00Z")
    old = record(http(article("Bản cũ").encode()), address, date="2019-01-01T00:00:00Z")
    run("import", written(tmp_path / "new.warc.gz", [new]))
    ran = run("import", written(tmp_path / "old.warc.gz", [old]))
    assert "an older capture" in ran.out
    (stored,) = listed(run)
    assert stored["title"] == "Bản mới"


def test_several_files_by_several_processes(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "crawl"
    folder.mkdir()
    for number in range(4):
        written(folder / f"{number}.warc.gz", [tin(10 * number + other) for other in range(10)])
    ran = run("import", folder, "--jobs", "3")
    assert (ran.code, len(listed(run))) == (0, 40)
    assert ran.err.count("10 new; 10 pages among 10 members") == 4
    assert run("verify").code == 0


def size_of(folder: Path) -> int:
    """Bytes of what is stored."""
    articles = folder / "archive" / "articles.json"
    return articles.stat().st_size if articles.exists() else 0


@pytest.mark.parametrize("shape", ["gz", "one", "plain"])
def test_killed_and_run_again(run: Run, tmp_path: Path, shape: str) -> None:
    """Killed as it goes, at whatever moment: nothing is lost, nothing twice."""
    path = written(tmp_path / "a.warc", [tin(number) for number in range(250)], shape)
    kills = 0
    for wait in (0.9, 0.6, 0.75, 0.85):
        size = size_of(tmp_path)
        process = start("import", path, cwd=tmp_path, start_new_session=True)

        def stored(size: int = size, wait: float = wait) -> bool:
            return size_of(tmp_path) > size and time.sleep(wait / 100) is None

        kills += killed(process, stored)
    assert kills >= 2
    assert run("import", path).code == 0
    stored = listed(run)
    assert len({one["item_id"] for one in stored}) == len(stored) == 250
    assert {one["revision"] for one in stored} == {1}
    assert run("verify").code == 0
    assert run("import", path).err == f"{path}: imported before\n"


def test_a_page_that_hangs_is_given_up(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc.gz", [tin(1), tin(2), tin(3)])
    hang = (
        "import time, cli.import_run as r, runpy\n"
        "true = r.extracted\n"
        "r.extracted = lambda c, p, cut: time.sleep(60) if c.name.endswith('=2') else true(c, p, cut)\n"
    )
    (tmp_path / "sitecustomize.py").write_text(hang)
    ran = run("import", path, "--stall", "2", env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[1]}"})
    assert (ran.code, len(listed(run))) == (7, 2)
    assert "a page was given up" in ran.err


# ── folders and pages ───────────────────────────────────────────────────────────────────────────────────────────────


def save(path: Path, text: str) -> None:
    """A file of a mirror."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def found(folder: Path) -> dict[str, tuple[str | None, str | None]]:
    """Name → address and time of a folder's pages."""
    whole = [one for one in members(folder) if isinstance(one, Member)]
    return {one.name: (one.url, one.date) for one in whole}


def test_a_mirror_by_wget(run: Run, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    save(mirror / "xa.example" / "tin.aspx?ItemID=7", article())
    save(mirror / "xa.example" / "tin" / "index.html", article(DYKE))
    save(mirror / "xa.example" / "robots.txt", "User-agent: *\n")
    save(mirror / "xa.example" / "style.css", "p {}")
    assert found(mirror) == {
        "xa.example/tin.aspx?ItemID=7": ("http://xa.example/tin.aspx?ItemID=7", None),
        "xa.example/tin/index.html": ("http://xa.example/tin/", None),
        "xa.example/style.css": ("http://xa.example/style.css", None),
    }
    assert run("import", mirror).out.count("new") == 2
    again = run("import", mirror)
    assert (again.code, again.out) == (0, "")
    save(mirror / "xa.example" / "dien.aspx?ItemID=8", article(POWER))
    assert POWER in run("import", mirror).out


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("xa.example/a/b.html", "http://xa.example/a/b.html"),
        ("xa.example/tin.aspx?ItemID=7.html", "http://xa.example/tin.aspx?ItemID=7"),
        ("xa.example/tin.aspx@ItemID=7.html", "http://xa.example/tin.aspx?ItemID=7"),
        ("xa.example/a.aspx.html", "http://xa.example/a.aspx"),
        ("xa.example:8080/a%20b#c.html", "http://xa.example:8080/a%2520b%23c.html"),
        ("https/xa.example/a.html", "http://xa.example/a.html"),
        ("a/b.html", None),
        ("b.html", None),
    ],
)
def test_addresses_by_path(tmp_path: Path, name: str, address: str | None) -> None:
    assert address_by_path(tmp_path / "mirror", name) == address
    assert address_by_path(tmp_path / "xa.example", "b.html") == "http://xa.example/b.html"


def test_a_mirror_by_httrack(run: Run, tmp_path: Path) -> None:
    comment = (
        "<!-- Mirrored from xa.example/tin.aspx?ItemID=7 by HTTrack Website Copier/3.x [XR&CO'2014],"
        " Mon, 03 Dec 2018 09:10:11 GMT -->"
    )
    save(tmp_path / "m" / "xa.example" / "tin2a1f.html", article().replace("<head>", f"\n{comment}\n<head>"))
    save(tmp_path / "m" / "index.html", "<html><!-- Mirror and index made by HTTrack Website Copier/3.49-2 --></html>")
    save(tmp_path / "m" / "hts-cache" / "old.html", article(DYKE))
    assert found(tmp_path / "m") == {
        "xa.example/tin2a1f.html": ("http://xa.example/tin.aspx?ItemID=7", "2018-12-03T09:10:11+00:00")
    }
    assert run("import", tmp_path / "m").out.count("new") == 1


def test_pages_that_browsers_saved(tmp_path: Path) -> None:
    saved = "<!-- saved from url=(0032)https://xa.example/tin?ItemID=7 -->\n"
    save(tmp_path / "m" / "a.html", saved + article())
    save(tmp_path / "m" / "a_files" / "frame.html", article(DYKE))
    single = (
        "<!--\n Page saved with SingleFile \n url: https://xa.example/b \n"
        " saved date: Mon Dec 03 2018 16:00:00 GMT+0700 (Indochina Time)\n-->"
    )
    save(tmp_path / "m" / "b.html", article().replace("<head>", single + "<head>"))
    save(tmp_path / "m" / "c.html", "<!-- saved from url=(0014)about:internet -->" + article())
    assert found(tmp_path / "m") == {
        "a.html": ("https://xa.example/tin?ItemID=7", None),
        "b.html": ("https://xa.example/b", "2018-12-03T09:00:00+00:00"),
        "c.html": (None, None),
    }


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    save(tmp_path / "secret.html", article())
    save(tmp_path / "m" / "a.html", article(DYKE))
    (tmp_path / "m" / "b.html").symlink_to(tmp_path / "secret.html")
    (tmp_path / "m" / "deep").symlink_to(tmp_path)
    assert list(found(tmp_path / "m")) == ["a.html"]


def test_single_pages(run: Run, tmp_path: Path) -> None:
    mhtml = (
        "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://xa.example/tin?ItemID=7\r\n"
        "Date: Mon, 3 Dec 2018 09:10:11 -0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/related; boundary="x"\r\n\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n'
        f"Content-Location: https://xa.example/tin?ItemID=7\r\n\r\n{article()}\r\n--x--\r\n"
    )
    (tmp_path / "a.mhtml").write_bytes(mhtml.encode())
    (tmp_path / "b.html.gz").write_bytes(gzip.compress(article(DYKE).encode()))
    ran = run("import", tmp_path / "a.mhtml", tmp_path / "b.html.gz")
    assert (ran.code, ran.out.count("new")) == (0, 2)
    first = next(one for one in listed(run) if one["url"])
    assert (first["url"], first["capture"]["fetched_at"]) == (
        "https://xa.example/tin?ItemID=7",
        "2018-12-03T09:10:11+00:00",
    )
    (tmp_path / "c.mhtml").write_bytes(b"MIME-Version: 1.0\r\n\r\n")
    assert run("import", tmp_path / "c.mhtml").code == 3


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a.html.gz").write_bytes(gzip.compress(b"<html>" * 99)[:-12])
    (one,) = members(tmp_path / "m")
    assert isinstance(one, DamagedMember) and one.cause == "the file ends in the middle"


def test_what_was_imported_is_kept_and_can_be_extracted_again(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc.gz", [tin(1), tin(2)])
    assert run("import", path).code == 0
    assert all(one["capture"]["warc"]["file"].startswith("captures/") for one in listed(run))
    assert run("verify").code == 0
    again = run("reextract")
    assert (again.code, "changed" in again.out) == (0, False)
    before = {(one["id"], one["content_hash"]) for one in listed(run)}
    (kept,) = (tmp_path / "archive" / "captures").glob("*.warc.gz")
    assert run("import", kept, "--archive", "other").code == 0
    other = objects(run("export", "--format", "jsonl", "--archive", "other").out)
    assert {(one["id"], one["content_hash"]) for one in other} == before


def test_without_captures(run: Run, tmp_path: Path) -> None:
    assert run("import", written(tmp_path / "a.warc.gz", [tin(1)]), "--no-captures").code == 0
    assert not (tmp_path / "archive" / "captures").exists()


def test_damage_does_not_hide_that_nothing_was_wanted(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "c.warc.gz"
    path.write_bytes(gzip.compress(tin(1)) + gzip.compress(tin(2))[:-40])
    ran = run("import", path, "--host", "nowhere.example")
    assert (ran.code, ran.out) == (3, "")
    assert "a damaged member" in ran.err and "no page of nowhere.example in it" in ran.err
