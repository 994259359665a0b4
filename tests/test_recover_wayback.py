"""`luutru recover` against archives in the Internet Archive's manner, well and badly behaved, faked on loopback."""

from __future__ import annotations

import itertools
import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import luutru
from cli.exits import ExitCode
from scraper.memento.stripping import is_rewritten, stripped
from tests.conftest import Ran, Run
from tests.loopback import Answer, Loopback, Request
from tests.running import article
from tests.webarchive import Warc, replayed

HOST = "http://thixa.example"
LIST = f"{HOST}/Lists/ThongBao"
HEADER = ["timestamp", "original", "mimetype", "statuscode", "digest"]


def form(number: int) -> str:
    return f"{LIST}/DispForm.aspx?ID={number}"


class FakeArchive:
    """An archive in the Internet Archive's manner. rows: of its index.  page: rows in one answer.

    replies: path of a replay (`20180101000000id_/http://…`) → answer.
    """

    def __init__(self, server: Loopback) -> None:
        self.server = server
        self.rows: list[list[str]] = []
        self.page = 2
        self.replies: dict[str, Answer] = {}
        server.fallback = self.answer

    @property
    def url(self) -> str:
        return self.server.url("").rstrip("/")

    def has(self, number: int, moment: str, title: str, digest: str = "", modifier: str = "id_", **more: Any) -> None:
        """A capture of an item, with its page."""
        self.rows.append([moment, form(number), "text/html", "200", digest or f"D{len(self.rows)}"])
        self.replies[f"{moment}{modifier}/{form(number)}"] = Answer(body=article(title), **more)

    def answer(self, request: Request) -> Answer:
        if request.path == "/cdx/search/cdx":
            key = re.search("resumeKey=([0-9]+)", request.target)
            first = int(key[1]) if key else 0
            rows = [HEADER, *self.rows[first : first + self.page]]
            if first + self.page < len(self.rows):
                rows += [[], [str(first + self.page)]]
            return Answer(body=json.dumps(rows), content_type="application/json")
        return self.replies.get(request.target.removeprefix("/web/"), Answer(404, body="<p>not archived</p>"))


@pytest.fixture
def archive() -> Iterator[FakeArchive]:
    with Loopback() as server:
        yield FakeArchive(server)


def recover(run: Run, folder: Path, *endpoints: str, target: str = LIST, more: tuple[str, ...] = ()) -> tuple[Ran, Any]:
    summary = folder / "summary.json"
    places = [word for endpoint in endpoints for word in ("--from-archive", endpoint)]
    ran = run("recover", target, *places, "--delay", "0", "--summary", summary, *more)
    return ran, json.loads(summary.read_text("utf-8"))["portals"][0]


def titles(folder: Path, number: int) -> list[str]:
    with luutru.open(folder / "archive", mode="r") as kept:
        return [state["title"] for state in kept.history(form(number))]


def test_the_index_is_read_to_its_end_and_versions_become_revisions(
    run: Run, tmp_path: Path, archive: FakeArchive
) -> None:
    for number in range(1, 6):
        archive.has(number, "20160101000000", f"Tin số {number}")
        archive.has(number, "20170101000000", f"Tin số {number}, sửa")
    ran, told = recover(run, tmp_path, archive.url)
    assert ran.code == 0, ran.err
    assert told["outcomes"] == {"new": 5, "changed": 5} and told["archives"][archive.url]["listed"] == 10
    assert titles(tmp_path, 3) == ["Tin số 3", "Tin số 3, sửa"]
    assert len([one for one in archive.server.requests if one.path == "/cdx/search/cdx"]) == 5
    assert all(one.headers["user-agent"].startswith("luutru/") for one in archive.server.requests)


def test_an_archive_that_asks_for_rest_gets_it(run: Run, tmp_path: Path, archive: FakeArchive) -> None:
    archive.has(1, "20160101000000", "Tin một")
    place = f"/web/20160101000000id_/{form(1)}"
    answers = [Answer(429, headers={"Retry-After": "1"}), Answer(503, headers={"Retry-After": "1"})]
    archive.server.on(place, *answers, archive.replies[place.removeprefix("/web/")])
    ran, _ = recover(run, tmp_path, archive.url)
    assert ran.code == 0, ran.err
    times = [one.at for one in archive.server.requests if one.target == place]
    assert len(times) == 3 and all(later - earlier >= 1 for earlier, later in itertools.pairwise(times))


def test_an_archive_that_asks_for_too_much_rest_ends_the_run_and_the_next_goes_on(
    run: Run, tmp_path: Path, archive: FakeArchive
) -> None:
    archive.page = 9
    for number in (1, 2, 3):
        archive.has(number, "20160101000000", f"Tin số {number}")
    place = f"/web/20160101000000id_/{form(2)}"
    answer = archive.replies[place.removeprefix("/web/")]
    archive.server.on(place, Answer(429, headers={"Retry-After": "4000"}), answer)
    ran, told = recover(run, tmp_path, archive.url)
    assert ran.code == ExitCode.PARTIAL and told["stopped"] == "server in trouble"
    assert "the server asks to slow down" in ran.err and "4000 s" in ran.err
    assert titles(tmp_path, 1) == ["Tin số 1"] and titles(tmp_path, 3) == []
    for file in (tmp_path / "state").iterdir():  # the pause is over
        file.unlink()
    before = len(archive.server.requests)
    ran, told = recover(run, tmp_path, archive.url)
    assert ran.code == 0 and told["resumed"] and titles(tmp_path, 2) and titles(tmp_path, 3)
    asked = [one.path for one in archive.server.requests[before:]]
    assert not [path for path in asked if path == "/cdx/search/cdx"]


def test_redirects_to_the_nearest_capture_and_of_the_original(run: Run, tmp_path: Path, archive: FakeArchive) -> None:
    archive.has(1, "20160101000000", "Tin một")
    near = archive.replies.pop(f"20160101000000id_/{form(1)}")
    archive.replies[f"20160101000000id_/{form(1)}"] = Answer(
        302, headers={"Location": f"{archive.url}/web/20160102030405id_/{form(1)}"}
    )
    archive.replies[f"20160102030405id_/{form(1)}"] = near
    archive.rows.append(["20170101000000", form(2), "text/html", "301", "R"])
    moved = "https://thixa.example/tin/hai.aspx"
    archive.replies[f"20170101000000id_/{form(2)}"] = Answer(
        301, headers={"Location": f"/web/20170101000000id_/{moved}"}
    )
    archive.replies[f"20170101000000id_/{moved}"] = Answer(body=article("Tin hai"))
    ran, _ = recover(run, tmp_path, archive.url)
    assert ran.code == 0, ran.err
    with luutru.open(tmp_path / "archive", mode="r") as kept:
        one, two = kept.get(form(1)), kept.get(moved)
        assert one is not None and one["capture"]["fetched_at"] == "2016-01-02T03:04:05+00:00"
        assert one["capture"]["replay_url"].endswith(f"/web/20160102030405id_/{form(1)}")
        assert two is not None and two["title"] == "Tin hai" and form(2) in two["aliases"]


def test_what_one_capture_lacks_another_of_the_same_digest_has(run: Run, tmp_path: Path, archive: FakeArchive) -> None:
    archive.has(1, "20160101000000", "Tin một", digest="SAME")
    archive.has(1, "20170101000000", "Tin một", digest="SAME")
    archive.has(1, "20180101000000", "Trang lỗi", headers={"x-archive-orig-SharePointError": "0"})
    archive.replies[f"20160101000000id_/{form(1)}"] = Answer(404)
    ran, told = recover(run, tmp_path, archive.url)
    assert ran.code == 0, ran.err
    assert titles(tmp_path, 1) == ["Tin một"] and told["outcomes"] == {"new": 1}
    assert told["items"][0]["versions"] == 2 and told["items"][0]["fetched"] == 1


def test_a_damaged_archive_does_not_hide_what_another_has(run: Run, tmp_path: Path, archive: FakeArchive) -> None:
    archive.has(1, "20160101000000", "Tin một")
    with Loopback() as bad:
        bad.fallback = Answer(body="<!DOCTYPE html><p>Xin lỗi</p>")
        ran, told = recover(run, tmp_path, bad.url("/kho"), archive.url)
    assert ran.code == ExitCode.PARTIAL and titles(tmp_path, 1) == ["Tin một"]
    assert "no listing" in ran.err and "the answer is a page, no index" in ran.err
    assert told["troubles"][0]["code"] == "not_a_listing"


def test_nothing_but_damaged_archives_is_a_failure(run: Run, tmp_path: Path) -> None:
    with Loopback() as bad:
        bad.fallback = Answer(404)
        ran, _ = recover(run, tmp_path, bad.url("/kho"))
        gone = bad.url("/kho")
    assert ran.code == ExitCode.EXTRACT and "give the address of a collection" in ran.err
    ran, _ = recover(run, tmp_path, gone, more=("--retries", "0"))
    assert ran.code == ExitCode.FETCH and "network failure" in ran.err


def test_nobody_but_the_archive_is_asked(run: Run, tmp_path: Path, archive: FakeArchive) -> None:
    with Loopback() as other:
        archive.rows.append(["20160101000000", form(1), "text/html", "200", "A"])
        away = f"{other.url()}secret"
        archive.replies[f"20160101000000id_/{form(1)}"] = Answer(302, headers={"Location": away})
        ran, _ = recover(run, tmp_path, archive.url)
        assert ran.code == ExitCode.FETCH and "leads away from the portal" in ran.err
        archive.server.on("/cdx/search/cdx", Answer(302, headers={"Location": away}))
        ran, _ = recover(run, tmp_path, archive.url, target=f"{HOST}/tin")
        assert ran.code == ExitCode.FETCH and "leads away from the portal" in ran.err
        assert other.requests == []


def test_robots_txt_of_the_archive_is_obeyed(run: Run, tmp_path: Path, archive: FakeArchive) -> None:
    archive.has(1, "20160101000000", "Tin một")
    archive.server.on("/robots.txt", Answer(body="User-agent: *\nDisallow: /web/\n", content_type="text/plain"))
    ran, _ = recover(run, tmp_path, archive.url)
    assert ran.code == ExitCode.FETCH and "robots.txt disallows it" in ran.err
    (tmp_path / "p.toml").write_text(
        f'[[portal]]\nname = "kho"\nstart = "{archive.url}"\n[portal.robots]\nignore = ["/web/"]\nreason = "letter"\n'
    )
    ran, _ = recover(run, tmp_path, archive.url, more=("--config", str(tmp_path / "p.toml"), "--archive", "other"))
    assert ran.code == 0, ran.err


def test_timemaps_where_there_is_no_index(run: Run, tmp_path: Path) -> None:
    with Loopback() as server:
        collection = server.url("/kho")
        links = [f'<{form(1)}>; rel="original"']
        for year in (2016, 2018):
            links.append(
                f'<{collection}/{year}0101000000mp_/{form(1)}>; rel="memento"; '
                f'datetime="Fri, 01 Jan {year} 00:00:00 GMT"'
            )
            server.on(f"/kho/{year}0101000000id_/{form(1)}", Answer(body=article(f"Tin năm {year}")))
        server.on(
            f"/kho/timemap/link/{form(1)}", Answer(body=",\n".join(links), content_type="application/link-format")
        )
        ran, told = recover(run, tmp_path, collection, target=form(1))
    assert ran.code == 0, ran.err
    assert titles(tmp_path, 1) == ["Tin năm 2016", "Tin năm 2018"]
    assert told["archives"][collection]["by"] == "timemap" and told["places"][0]["door"] == "timemap"


def test_pictures_and_attachments_come_from_the_archive(run: Run, tmp_path: Path, archive: FakeArchive) -> None:
    archive.page = 9
    for number in (1, 2):
        archive.has(number, "20160101000000", f"Tin số {number}")
    picture = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(60)
    archive.replies[f"20160101000000id_/{HOST}/anh/ghe.jpg"] = Answer(body=picture, content_type="image/jpeg")
    ran, told = recover(run, tmp_path, archive.url)
    assert ran.code == 0, ran.err
    with luutru.open(tmp_path / "archive", mode="r") as kept:
        records = list(kept.find())
    for record in records:
        files = {file["url"]: file for file in record["files"]}
        assert set(files) == {f"{HOST}/anh/ghe.jpg", f"{HOST}/tep/lich.pdf"}
        kept_file, absent = files[f"{HOST}/anh/ghe.jpg"], files[f"{HOST}/tep/lich.pdf"]
        assert kept_file["status"] == "stored" and (tmp_path / "archive" / kept_file["path"]).read_bytes() == picture
        assert (absent["status"], absent["error"], absent["missing_since"]) == ("failed", "not_captured", None)
    for name in ("anh/ghe.jpg", "tep/lich.pdf"):  # each is asked for once
        assert archive.server.count(f"/web/20160101000000id_/{HOST}/{name}") == 1
    assert told["outcomes"] == {"new": 2}


def test_no_files_where_none_are_wanted(run: Run, tmp_path: Path, archive: FakeArchive) -> None:
    archive.has(1, "20160101000000", "Tin một")
    ran, _ = recover(run, tmp_path, archive.url, more=("--no-files",))
    assert ran.code == 0 and not [one for one in archive.server.requests if "/anh/" in one.target]


def test_many_damaged_captures_do_not_end_the_run_while_the_index_answers(
    run: Run, tmp_path: Path, archive: FakeArchive
) -> None:
    archive.page = 99
    for number in range(1, 9):
        archive.has(number, "20160101000000", f"Tin số {number}")
        if number < 7:
            archive.replies[f"20160101000000id_/{form(number)}"] = Answer(500)
    more = ("--retries", "0", "--no-files")
    ran, told = recover(run, tmp_path, archive.url, more=more)
    assert ran.code == ExitCode.PARTIAL and told["stopped"] is None
    assert told["outcomes"] == {"new": 2, "failed": 6}
    archive.replies[f"20160101000000id_/{form(1)}"] = Answer(body=article("Tin số 1"))
    ran, told = recover(run, tmp_path, archive.url, more=more)
    assert told["outcomes"] == {"new": 1, "failed": 5} and titles(tmp_path, 1) == ["Tin số 1"]


def test_an_archive_that_breaks_down_ends_the_run(run: Run, tmp_path: Path, archive: FakeArchive) -> None:
    archive.page = 99
    for number in range(1, 9):
        archive.has(number, "20160101000000", f"Tin số {number}")
    index = archive.answer
    asked = iter([True])
    archive.server.fallback = lambda request: (
        index(request) if request.path == "/cdx/search/cdx" and next(asked, False) else Answer(500)
    )
    archive.server.on("/robots.txt", Answer(404))
    archive.server.on("/cdx", Answer(404))
    ran, told = recover(run, tmp_path, archive.url, more=("--retries", "0"))
    assert ran.code == ExitCode.FETCH and told["stopped"] == "server in trouble"
    assert "the web archive is in trouble" in ran.err and told["outcomes"] == {"failed": 4}


def test_another_capture_in_the_place_of_a_damaged_one_is_not_taken_for_it(
    run: Run, tmp_path: Path, archive: FakeArchive
) -> None:
    archive.has(1, "20160101000000", "Tin một")
    archive.has(1, "20170101000000", "Tin một, sửa")
    away = {"Location": f"{archive.url}/web/20170101000000id_/{form(1)}"}
    archive.replies[f"20160101000000id_/{form(1)}"] = Answer(302, headers=away)
    ran, told = recover(run, tmp_path, archive.url)
    assert ran.code == 0 and titles(tmp_path, 1) == ["Tin một, sửa"]
    assert told["items"][0]["versions"] == 2 and told["items"][0]["fetched"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), ExitCode.USAGE, "HOST|URL"),
        (("thixa.example", "--since", "hôm qua"), ExitCode.USAGE, "is no date"),
        (("thixa.example", "--until", "2018-02-30"), ExitCode.USAGE, "is no date"),
        (("ftp://thixa.example",), ExitCode.INPUT, "only http and https"),
        (("thixa.example", "--from-archive", "http://u:p@kho.example"), ExitCode.INPUT, "user name"),
    ],
)
def test_what_cannot_be_asked_for(run: Run, arguments: tuple[str, ...], code: ExitCode, said: str) -> None:
    ran = run("recover", *arguments)
    assert ran.code == code and said in ran.err


def wayback_page(page: str, prefix: str) -> str:
    """What the Internet Archive's replay makes of a page."""
    head = (
        '<script type="text/javascript" src="https://web-static.archive.org/_static/js/bundle-playback.js"></script>\n'
        '<script type="text/javascript">\n  __wm.init("https://web.archive.org/web");\n</script>\n'
        '<link rel="stylesheet" type="text/css" href="https://web-static.archive.org/_static/css/banner.css" />\n'
        "<!-- End Wayback Rewrite JS Include -->\n"
    )
    bar = (
        "<!-- BEGIN WAYBACK TOOLBAR INSERT -->\n<div id='wm-ipp'>42 captures</div>\n<!-- END WAYBACK TOOLBAR INSERT -->"
    )
    rewritten = re.sub('(href|src)="/', f'\\1="{prefix}20180312211947im_/{HOST}/', page)
    rewritten = rewritten.replace("<head>", "<head>" + head).replace("<body>", "<body>" + bar)
    return (
        rewritten
        + "\n<!--\n     FILE ARCHIVED ON 21:19:47 Mar 12, 2018 AND RETRIEVED FROM THE\n     INTERNET ARCHIVE -->"
    )


def test_an_archive_without_raw_pages_is_stripped_of_its_banner(run: Run, tmp_path: Path, archive: FakeArchive) -> None:
    archive.rows.append(["20180312211947", form(1), "text/html", "200", "A"])
    page = wayback_page(article("Tin một"), f"{archive.url}/web/")
    archive.replies[f"20180312211947/{form(1)}"] = Answer(body=page)
    ran, _ = recover(run, tmp_path, archive.url)
    assert ran.code == 0, ran.err
    with luutru.open(tmp_path / "archive", mode="r") as kept:
        record = kept.get(form(1))
    assert record is not None and record["title"] == "Tin một"
    assert [image["url"] for image in record["images"]] == [f"{HOST}/anh/ghe.jpg"]
    record["capture"].pop("warc")
    assert "captures" not in json.dumps(record) and "/web/2018" not in record["body_html"]


def test_the_banner_goes_and_the_page_stays() -> None:
    page = article("Tin một")
    absolute = re.sub('(href|src)="/', f'\\1="{HOST}/', page)
    for prefix in ("https://web.archive.org/web/", "//web.archive.org/web/", "/web/"):
        replayed_page = wayback_page(page, prefix).encode()
        assert is_rewritten(replayed_page)
        plain = stripped(replayed_page, "https://web.archive.org/web/").decode()
        assert re.sub(r"\n\s*", "", plain) == absolute
    assert not is_rewritten(page.encode())
    hostile = (
        b"<!-- BEGIN WAYBACK TOOLBAR INSERT -->" * 20_000 + b"<script" * 20_000 + b"<!--" * 20_000 + b" " * 200_000
    )
    assert stripped(hostile, "https://web.archive.org/web/")


def test_a_page_as_pywb_rewrites_it_reads_like_the_original(tmp_path: Path) -> None:
    warc = Warc()
    warc.response(form(1), "2018-01-01", article("Tin một"))
    with (
        replayed(tmp_path / "pywb", warc) as endpoint,
        urllib.request.urlopen(f"{endpoint}/20180101000000mp_/{form(1)}") as answer,
    ):
        page = answer.read()
    assert is_rewritten(page)
    plain = stripped(page, f"{endpoint}/")
    assert b"wombat" not in plain and b"wbinfo" not in plain and endpoint.encode() not in plain
    one, other = luutru.extract(plain, url=form(1)), luutru.extract(article("Tin một").encode(), url=form(1))
    same = [name for name in other if name not in ("capture", "evidence")]
    assert {name: one[name] for name in same} == {name: other[name] for name in same}
