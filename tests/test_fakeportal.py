"""The fake portal fails and changes as SharePoint does, and luutru can read what it serves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import luutru
from scraper.errors import AccessDenied, LoginPage, NotFound, SoftError
from tests import loopback_tls
from tests.conftest import ROOT
from tests.fakeportal import ALL, CANARY, RECOMMENDED_ROBOTS, FakePortal
from tests.fakeportal.reading import (
    LISTS,
    VERBOSE,
    VERSIONS,
    flat,
    get,
    pages,
    record,
    view_link,
    view_rows,
)
from tests.fakeportal.routes import find
from tests.fetching import failure
from tests.loopback import Answer, Request

PRINTER = "/UserControls/Publishing/News/BinhLuan/pFormPrint.aspx"
PREFIXES = (
    "/",
    "/Lists/TinTuc/DispForm.aspx?ID=7&x=",
    "/Lists/TinTuc/AllItems.aspx?Paged=TRUE&p_ID=",
    "/Lists/TinTuc/Attachments/7/anh-7.png?",
    "/Pages/tin.aspx?ItemID=",
    "/tin-tuc.aspx?Page=",
    "/tin-tuc-grid.aspx?",
    "/_api/web/lists/getbytitle('Tin%20t%E1%BB%A9c')/items?$top=",
    "/_api/web/lists/getbytitle('Tin%20t%E1%BB%A9c')/items?$filter=",
    "/_vti_bin/ListData.svc/TinT%E1%BB%A9c?$skip=",
    "/_layouts/listfeed.aspx?List=",
    "/sitemap",
)


@pytest.fixture(params=VERSIONS)
def site(request: pytest.FixtureRequest) -> Iterator[FakePortal]:
    with FakePortal(request.param, LISTS) as portal:
        yield portal


@pytest.fixture(scope="module")
def still() -> Iterator[FakePortal]:
    """One for all, for tests that change nothing."""
    with FakePortal(2013, {"TinTuc": 30}) as portal:
        portal.validators = True
        yield portal


# What it serves can be read.


@pytest.mark.parametrize("number", [1, 77, 230])
def test_every_page_of_an_item_gives_the_same_article(number: int) -> None:
    found = []
    for version in VERSIONS:
        with FakePortal(version, LISTS) as portal:
            printer = f"{PRINTER}?UrlListProcess=/Lists/TinTuc&ItemID={number}"
            other = portal.url(f"/Pages/tin-tuc.aspx?ItemID={number}")
            forms = []
            for portal.forms in ("server", "client"):
                forms.append(record(portal.article_url("TinTuc", number)))
            found += [*forms, record(portal.page_url("TinTuc", number)), record(other), record(portal.url(printer))]
    told = [(one["title"], one["summary"], one["body_text"], one["published_at"][:10], one["author"]) for one in found]
    assert len(told) == 15 and set(told) == {told[0]}
    assert {(one["list_path"], one["item_id"]) for one in found} == {("/Lists/TinTuc", number)}
    assert len(told[0][2].split("\n\n")) >= 4 and f"đợt {number}" in told[0][0]
    assert not any(one["problems"] for one in found)
    for one in found:
        assert one["images"][0]["file_name"] == f"anh-{number}.png"
        assert one["attachments"][0]["file_name"] == f"tai-lieu-{number}.pdf"


def test_the_agency_stands_in_the_footer_and_editors_stay_out(site: FakePortal) -> None:
    for address in (site.article_url("ThongBao", 3), site.page_url("ThongBao", 3)):
        found = record(address)
        assert found["agency"]["managing_agency"] == "UBND thị xã Cồn Nhạn"
        assert CANARY not in json.dumps(found)
    shown = site.url("/_layouts/listfeed.aspx?List=" + site.lists["ThongBao"].guid)
    assert CANARY in get(shown).text


def test_articles_differ_and_answers_differ_but_articles_stay(site: FakePortal) -> None:
    titles = {record(site.page_url(name, number))["title"] for name in LISTS for number in range(1, 11)}
    assert len(titles) == 20
    one, two = (get(site.page_url("TinTuc", 5)).text for _ in range(2))
    states = [re.findall('name="__VIEWSTATE" .*?value="(.*?)"', text) for text in (one, two)]
    assert states[0] != states[1] and one != two
    with FakePortal(site.version, {"TinTuc": 9}) as again:
        a, b = (record(portal.page_url("TinTuc", 5)) for portal in (site, again))
        for words in ("title", "body_text", "published_at", "author"):
            assert a[words] == b[words]


def test_files_are_there_and_have_validators(site: FakePortal) -> None:
    found = record(site.page_url("TinTuc", 7))
    picture, paper = get(found["images"][0]["url"]), get(found["attachments"][0]["url"])
    assert picture.content.startswith(b"\x89PNG") and picture.headers["Content-Type"] == "image/png"
    assert paper.content.startswith(b"%PDF") and paper.headers["Content-Type"] == "application/pdf"
    again = requests.get(picture.url, headers={"If-None-Match": picture.headers["ETag"]}, timeout=10)
    assert again.status_code == 304 and not again.content
    assert get(site.url("/Lists/TinTuc/Attachments/7/khac.pdf")).status_code == 404
    assert get(site.url("/Lists/TinTuc/Attachments/999/anh-999.png")).status_code == 404
    papers = [get(site.url(f"/Lists/TinTuc/Attachments/{n}/tai-lieu-{n}.pdf")).content for n in (5, 10, 11)]
    assert papers[0] == papers[1] != papers[2]


# What changes between two runs.


def test_editions_deletions_and_additions_show_everywhere(site: FakePortal) -> None:
    before = record(site.article_url("TinTuc", 7))
    assert site.publish("TinTuc", 3) == [231, 232, 233]
    site.edit("TinTuc", 7)
    site.delete("TinTuc", 233)
    assert site.publish("TinTuc") == [234]  # an ID is never used again
    site.delete("TinTuc", 100)
    assert site.items("TinTuc") == sorted({*range(1, 233), 234} - {100})
    assert flat(map(view_rows, pages(site.start, view_link))) == site.items("TinTuc")[::-1]
    after = record(site.article_url("TinTuc", 7))
    assert after["title"] == before["title"] and after["body_text"].startswith(before["body_text"])
    assert after["body_text"] != before["body_text"]
    assert record(site.page_url("TinTuc", 234))["item_id"] == 234


# What is not an article, and how it fails.


def test_a_deleted_item(site: FakePortal) -> None:
    site.delete("TinTuc", 7)
    form = get(site.article_url("TinTuc", 7))
    if site.version == 2019:
        assert form.status_code == 404 and failure(NotFound, form.url)
    else:
        assert form.status_code == 200 and form.headers["SharePointError"] == "0"
        assert failure(SoftError, form.url)
    page = get(site.page_url("TinTuc", 7))
    assert page.status_code == 200 and "SharePointError" not in page.headers
    with pytest.raises(luutru.NotAnArticle):
        luutru.extract(page.content, url=page.url)


def test_a_forbidden_item_is_counted_but_not_listed(site: FakePortal) -> None:
    site.forbid("TinTuc", 230)
    site.forbid("TinTuc", 229, listed=True)
    assert view_rows(get(site.start))[0] == 229 and 230 in site.items("TinTuc")
    for address in (site.article_url("TinTuc", 230), site.page_url("TinTuc", 230)):
        assert "AccessDenied.aspx" in get(address, allow_redirects=False).headers["Location"]
        assert failure(AccessDenied, address)
    site.refusal = "login"
    assert failure(LoginPage, site.page_url("TinTuc", 229))


def test_a_broken_item_answers_without_an_article(site: FakePortal) -> None:
    site.break_item("TinTuc", 230)
    assert view_rows(get(site.start))[0] == 230
    for address in (site.article_url("TinTuc", 230), site.page_url("TinTuc", 230)):
        answer = get(address)
        assert answer.status_code == 200 and "SharePointError" not in answer.headers
        with pytest.raises(luutru.NotAnArticle):
            luutru.extract(answer.content, url=address)


def doors_of(portal: FakePortal) -> dict[str, str]:
    guid = portal.lists["TinTuc"].guid
    return {
        "api": portal.url("/_api/web/lists"),
        "odata": portal.url("/_vti_bin/ListData.svc/TinTức"),
        "owssvr": portal.url(f"/_vti_bin/owssvr.dll?Cmd=Display&List={guid}&Query=*&XMLDATA=TRUE"),
        "view": portal.url("/Lists/TinTuc/AllItems.aspx"),
        "feed": portal.url(f"/_layouts/listfeed.aspx?List={guid}"),
        "sitemap": portal.url("/sitemap.xml"),
        "section": portal.url("/tin-tuc.aspx"),
        "forms": portal.url("/Lists/TinTuc/DispForm.aspx?ID=7"),
        "pages": portal.url("/Pages/tin.aspx?ItemID=7"),
    }


@pytest.mark.parametrize("closed", sorted(ALL))
def test_a_closed_door_is_closed_alone(site: FakePortal, closed: str) -> None:
    absent = {"api", "sitemap"} if site.version == 2010 else set()
    site.doors.discard(closed)
    for name, address in doors_of(site).items():
        wanted = 404 if name in absent or name == closed == "sitemap" else 401 if name == closed else 200
        assert get(address).status_code == wanted, name
    if closed == "odata":
        assert "-2147024891" in get(doors_of(site)["odata"], VERBOSE).text
    site.refusal = "login"
    if closed not in absent | {"sitemap"}:
        assert failure(LoginPage, doors_of(site)[closed])
    site.doors.add(closed)
    assert get(doors_of(site)[closed]).status_code == (404 if closed in absent else 200)


def test_closed_forms_leave_the_web_part_pages() -> None:
    with FakePortal(2013, LISTS, doors=ALL - {"forms"}) as portal:
        assert portal.article_url("ThongBao", 4) == portal.url("/Pages/thong-bao.aspx?ItemID=4")
        assert record(portal.article_url("ThongBao", 4))["list_path"] == "/Lists/ThongBao"
    with pytest.raises(ValueError, match="no such doors: kitchen"):
        FakePortal(doors={"kitchen"})


@pytest.mark.parametrize("gate", ["login", "form", "challenge"])
def test_a_gate_stands_before_everything(site: FakePortal, gate: str) -> None:
    site.gate = gate
    if gate == "login":
        assert failure(LoginPage, site.start)
    else:
        for address in (site.start, site.article_url("TinTuc", 7)):
            answer = get(address)
            assert answer.status_code == 200
            with pytest.raises(luutru.NotAnArticle) as caught:
                luutru.extract(answer.content, url=address)
            assert caught.value.reason == {"form": "login"}.get(gate, gate)
    assert get(site.url("/robots.txt")).status_code == 200
    site.gate = None
    assert record(site.article_url("TinTuc", 7))["item_id"] == 7


def test_a_site_moves(site: FakePortal) -> None:
    with FakePortal(2019, LISTS) as new:
        site.gate = new.base
        answer = get(site.page_url("TinTuc", 7))
        assert answer.url == new.page_url("TinTuc", 7) and answer.history[0].status_code == 301


@given(st.text(st.characters(codec="ascii", min_codepoint=33), max_size=60), st.sampled_from(PREFIXES))
def test_no_address_upsets_it(still: FakePortal, tail: str, prefix: str) -> None:
    for method in ("GET", "POST"):
        request = Request(method, prefix + tail, {"accept": tail, "if-modified-since": tail}, tail.encode(), 0.0, 1)
        assert find(still, request).status in (200, 301, 302, 304, 400, 401, 404, 406, 500)


# Courtesy and the log.


def test_throttling_health_and_robots(site: FakePortal) -> None:
    site.throttle(2, status=503, retry_after=7)
    answers = [get(site.start, allow_redirects=False) for _ in range(3)]
    assert [one.status_code for one in answers] == [503, 503, 302]
    assert [one.headers.get("Retry-After") for one in answers] == ["7", "7", None]
    site.health = lambda number: 9 if number == 3 else None
    scores = [get(site.url("/robots.txt")).headers.get("X-SharePointHealthScore") for _ in range(2)]
    assert scores == ["9", None] and answers[0].headers["X-SharePointHealthScore"] == "0"
    assert all(one.headers["SPRequestGuid"] for one in answers)
    site.robots = None
    assert get(site.url("/robots.txt")).status_code == 404
    site.robots = RECOMMENDED_ROBOTS
    assert "Disallow: /Lists/" in get(site.url("/robots.txt")).text
    site.robots = Answer(503)
    assert get(site.url("/robots.txt")).status_code == 503


def test_validators_are_the_item_s(site: FakePortal) -> None:
    for address in (site.article_url("TinTuc", 7), site.page_url("TinTuc", 7)):
        assert "ETag" not in get(address).headers
        site.validators = True
        tag, moment = (get(address).headers[name] for name in ("ETag", "Last-Modified"))
        asked = [{"If-None-Match": tag}, {"If-Modified-Since": moment}]
        assert [requests.get(address, headers=one, timeout=10).status_code for one in asked] == [304, 304]
        site.edit("TinTuc", 7)
        assert [requests.get(address, headers=one, timeout=10).status_code for one in asked] == [200, 200]
        tag = get(address).headers["ETag"]
        site.break_item("TinTuc", 7)
        assert requests.get(address, headers={"If-None-Match": tag}, timeout=10).status_code == 200
        site.lists["TinTuc"].mark(7, "open", listed=True)
        site.validators = False


def test_the_log_counts_and_overrides_win(site: FakePortal) -> None:
    site.on("/Lists/TinTuc/AllItems.aspx", Answer(500), Answer(body="x" * 10, reset=True))
    assert get(site.start).status_code == 500
    assert site.count("/Lists/TinTuc") == 1 and site.count("/Lists/TinTuc/AllItems.aspx") == 1
    assert [one.target for one in site.requests] == ["/Lists/TinTuc", "/Lists/TinTuc/AllItems.aspx"]
    assert site.requests[0].method == "GET" and site.requests[0].at <= site.requests[1].at
    site.latency = 0.05
    assert get(site.page_url("TinTuc", 7)).elapsed.total_seconds() >= 0.05


def test_two_portals_and_https_at_once(authority_file: str) -> None:
    before = set(threading.enumerate())
    with FakePortal(host="127.0.0.3") as one, FakePortal(certificate=loopback_tls.CURRENT) as two:
        assert one.url("/").startswith("http://127.0.0.3:") and one.host == "127.0.0.3"
        assert get(one.start).status_code == 200
        with requests.Session() as session:
            assert session.get(two.start, verify=authority_file, timeout=10).status_code == 200
        assert two.start.startswith("https://")
    assert set(threading.enumerate()) <= before


def test_as_its_own_process() -> None:
    command = [sys.executable, "-m", "tests.fakeportal", "--version", "2010", "--lists", "TinTuc=12,ThongBao=3"]
    with subprocess.Popen(
        [*command, "--host", "127.0.0.2", "--doors", "view,forms"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin and process.stdout

        def order(line: str) -> Any:
            process.stdin.write(line + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            return json.loads(process.stdout.readline())  # type: ignore[union-attr]

        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.2:")
        assert get(f"{address}/tin-tuc.aspx").status_code == 401
        assert record(f"{address}/Lists/TinTuc/DispForm.aspx?ID=12")["item_id"] == 12
        assert order("publish TinTuc 2") == [13, 14] and order("items ThongBao") == [1, 2, 3]
        assert order("delete TinTuc 1") is None and order("requests") == 2 and order("count /tin-tuc.aspx") == 1
        assert order("delete TinTuc 1").startswith("KeyError") and order("stop").startswith("no such order")
        process.stdin.close()
        assert process.wait(timeout=10) == 0
