"""The fake portal behaves as SharePoint does, and luutru can read what it serves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Literal
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

import luutru
from scraper.errors import AccessDenied, LoginPage, NotFound, SoftError
from tests import loopback_tls
from tests.conftest import ROOT
from tests.fakeportal import ALL, RECOMMENDED_ROBOTS, FakePortal
from tests.fakeportal.routes import find
from tests.fetching import failure
from tests.loopback import Answer, Request

Version = Literal[2010, 2013, 2019]
VERSIONS: tuple[Version, ...] = (2010, 2013, 2019)
LISTS = {"TinTuc": 230, "ThongBao": 45}
PRINTER = "/UserControls/Publishing/News/BinhLuan/pFormPrint.aspx"
LIGHT, VERBOSE = "application/json;odata=nometadata", "application/json;odata=verbose"
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
ATOM = {"a": "http://www.w3.org/2005/Atom", "d": "http://schemas.microsoft.com/ado/2007/08/dataservices"}


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


def get(address: str, accept: str | None = None, **more: Any) -> requests.Response:
    return requests.get(address, headers={"Accept": accept} if accept else None, timeout=10, **more)


def record(address: str) -> dict[str, Any]:
    answer = get(address)
    return luutru.extract(answer.content, url=address, content_type=answer.headers["Content-Type"])


def flat(parts: Iterable[list[Any]]) -> list[Any]:
    return list(chain.from_iterable(parts))


def down(first: int) -> list[int]:
    return list(range(first, 0, -1))


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
        assert "dmhung" not in json.dumps(found)


def test_articles_differ_and_answers_differ_but_articles_stay(site: FakePortal) -> None:
    titles = {record(site.page_url(name, number))["title"] for name in LISTS for number in range(1, 11)}
    assert len(titles) == 20
    one, two = (get(site.page_url("TinTuc", 5)).text for _ in range(2))
    states = [re.findall('name="__VIEWSTATE" .*?value="(.*?)"', text) for text in (one, two)]
    assert states[0] != states[1] and one != two
    with FakePortal(site.version, {"TinTuc": 9}) as again:
        base = site.base.encode(), again.base.encode()
        a, b = (record(portal.page_url("TinTuc", 5)) for portal in (site, again))
        for words in ("title", "body_text", "published_at", "author"):
            assert a[words] == b[words]
        assert base[0] != base[1]


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


# Every door gives every item once.


def pages(
    start: str, following: Callable[[requests.Response], str | None], limit: int = 60
) -> Iterator[requests.Response]:
    """Answers from `start` on, each leading to the next."""
    address: str | None = start
    for _ in range(60):
        if address is None:
            return
        answer = get(address)
        assert answer.status_code == 200 and "SharePointError" not in answer.headers
        yield answer
        address = following(answer)
    raise AssertionError("paging without an end")


def view_rows(answer: requests.Response) -> list[int]:
    if "WPQ2ListData" in answer.text:
        return [int(row["ID"]) for row in list_data(answer)["Row"]]
    assert answer.text.count("DispForm.aspx?ID=") == answer.text.count('class="ms-vb itx"')
    return [int(number) for number in re.findall(r'<div class="ms-vb itx" id="(\d+)"', answer.text)]


def list_data(answer: requests.Response) -> dict[str, Any]:
    start = re.search(r"WPQ2ListData = (?=\{)", answer.text)
    assert start is not None
    found: dict[str, Any] = json.JSONDecoder().raw_decode(answer.text[start.end() :])[0]
    return found


def view_link(answer: requests.Response, word: str = "NextHref", icon: str = "next") -> str | None:
    if "WPQ2ListData" in answer.text:
        link = list_data(answer).get(word)
        return urljoin(answer.url, link) if link else None
    links = html.fromstring(answer.text).xpath(f"//a[img[contains(@src, '{icon}.gif')]]")
    if not links:
        return None
    script = re.search(r'RefreshPageTo\(event, "(.*?)"\)', links[0].get("onclick"))
    assert script is not None and script[1].replace("\\u0026", "&") == links[0].get("href")
    return urljoin(answer.url, links[0].get("href"))


def test_a_list_view_pages_through_all(site: FakePortal) -> None:
    answers = list(pages(site.start, view_link))
    rows = [view_rows(answer) for answer in answers]
    assert [len(one) for one in rows] == [100, 100, 30] and flat(rows) == down(230)
    back = get(view_link(answers[2], "PrevHref", "prev") or "")
    assert view_rows(back) == rows[1]
    assert answers[0].url.endswith("/Lists/TinTuc/AllItems.aspx")
    site.newest_first, site.page_size = False, 15
    assert flat(map(view_rows, pages(site.starts[1], view_link))) == list(range(1, 46))


def test_a_page_of_a_view_is_reached_by_its_link_only(site: FakePortal) -> None:
    built = get(site.url("/Lists/TinTuc/AllItems.aspx?Paged=TRUE&p_ID=131&PageFirstRow=101"))
    assert built.headers["SharePointError"] == "0" and "Correlation ID" in built.text


def test_an_unpaged_view_stops_without_a_sign(site: FakePortal) -> None:
    answer = get(site.url("/Lists/TinTuc/Top.aspx"))
    assert view_rows(answer) == down(230)[:30] and view_link(answer) is None


@pytest.mark.parametrize("version", [2013, 2019])
@pytest.mark.parametrize("accept", [LIGHT, VERBOSE, "application/atom+xml", None])
@pytest.mark.parametrize(("query", "sizes"), [("", [100, 100, 30]), ("?$top=150&$orderby=Id desc&$skip=99", [150, 80])])
def test_the_api_pages_through_all(version: Version, accept: str | None, query: str, sizes: list[int]) -> None:
    with FakePortal(version, LISTS) as portal:
        guid = portal.lists["TinTuc"].guid
        address: str | None = portal.url(f"/_api/web/lists(guid'{guid}')/items{query}")
        found = []
        while address:
            rows, address = api_answer(get(address, accept))
            found.append(rows)
    assert [len(one) for one in found] == sizes
    assert flat(found) == (down(230) if query else list(range(1, 231)))


def api_answer(answer: requests.Response) -> tuple[list[int], str | None]:
    """(IDs, next address) in any of the formats."""
    assert answer.status_code == 200
    if "json" not in answer.headers["Content-Type"]:
        root = ElementTree.fromstring(answer.content)
        link = root.find("a:link[@rel='next']", ATOM)
        return [int(one.text or "") for one in root.findall(".//d:Id", ATOM)], link.get(
            "href"
        ) if link is not None else None
    body = answer.json()
    if "d" in body:
        return [row["Id"] for row in body["d"]["results"]], body["d"].get("__next")
    return [row["Id"] for row in body["value"]], body.get("odata.nextLink")


@pytest.mark.parametrize("accept", [LIGHT, VERBOSE])
def test_the_api_names_the_lists(accept: str) -> None:
    with FakePortal(2013, LISTS) as portal:
        portal.forbid("TinTuc", 9)
        portal.delete("TinTuc", 10)
        query = "$select=Id,Title,ItemCount,Hidden,RootFolder/ServerRelativeUrl&$expand=RootFolder"
        body = get(portal.url(f"/_api/web/lists?{query}"), accept).json()
        rows = body["d"]["results"] if "d" in body else body["value"]
        news = next(row for row in rows if row["RootFolder"]["ServerRelativeUrl"] == "/Lists/TinTuc")
        assert news["ItemCount"] == 229 == len(portal.items("TinTuc")) and news["Id"] == portal.lists["TinTuc"].guid
        assert any(row["Hidden"] for row in rows) and "BaseTemplate" not in news
        one = get(portal.url(f"/_api/web/lists(guid'{news['Id']}')?$select=ItemCount"), LIGHT).json()
        assert one == {"ItemCount": 229}
        items = portal.url("/_api/web/lists/getbytitle('Tin tức')/items")
        everything = get(items + "?$select=Id,Modified&$top=5000", LIGHT).json()["value"]
        assert [row["Id"] for row in everything] == portal.listed("TinTuc")
        assert len(everything) == 228 and set(everything[0]) == {"Id", "Modified"}
        assert get(items.replace("Tin", "Toan"), LIGHT).status_code == 404


def test_an_early_api_speaks_verbose_only() -> None:
    with FakePortal(2013, LISTS) as portal:
        portal.json_light = False
        assert get(portal.url("/_api/web/lists"), LIGHT).status_code == 406
        assert "d" in get(portal.url("/_api/web/lists"), f"{LIGHT}, {VERBOSE};q=0.5").json()


@pytest.mark.parametrize("accept", [VERBOSE, "application/json", None])
def test_list_data_pages_through_all(site: FakePortal, accept: str | None) -> None:
    site.publish("TinTuc", 1_000)
    service = get(site.url("/_vti_bin/ListData.svc"), accept)
    assert "TinTức" in (service.json()["d"]["EntitySets"] if accept else service.text)
    address: str | None = site.url(
        "/_vti_bin/ListData.svc/TinTức?$orderby=Id&$inlinecount=allpages&$select=Id,Modified"
    )
    found: list[int] = []
    while address:
        answer = get(address, accept)
        rows, address = api_answer(answer)
        assert (answer.json()["d"]["__count"] == "1230") if accept else ("<m:count>1230<" in answer.text)
        found += rows
    assert found == list(range(1, 1_231))
    first = get(site.url("/_vti_bin/ListData.svc/TinTức?$top=7&$skip=3"), accept)
    assert api_answer(first) == (list(range(4, 11)), None)
    if accept:
        assert re.fullmatch(r"/Date\(\d{13}\)/", first.json()["d"]["results"][0]["Modified"])


def test_owssvr_gives_all_rows_at_once(site: FakePortal) -> None:
    guid = site.lists["ThongBao"].guid.upper()
    address = site.url(f"/_vti_bin/owssvr.dll?Cmd=Display&List={{{guid}}}&Query=*&XMLDATA=TRUE")
    rows = ElementTree.fromstring(get(address).content).findall(".//{#RowsetSchema}row")
    assert [int(row.attrib["ows_ID"]) for row in rows] == list(range(1, 46))
    assert rows[6].attrib["ows_FileRef"] == "7;#Lists/ThongBao/7_.000"
    site.threshold = 44
    refused = get(address)
    assert refused.status_code == 500 and "-2147024860" in refused.text


def test_the_feed_has_the_25_that_changed_last(site: FakePortal) -> None:
    site.edit("TinTuc", 3)
    guid = site.lists["TinTuc"].guid
    for layouts in ("/_layouts/", "/_layouts/15/"):
        answer = get(site.url(f"{layouts}listfeed.aspx?List=%7B{guid.upper()}%7D"))
        links = [one.text for one in ElementTree.fromstring(answer.content).findall(".//item/link")]
        numbers = [3, *range(230, 206, -1)]
        assert links == [site.url(f"/Lists/TinTuc/DispForm.aspx?ID={number}") for number in numbers]
    page = get(site.page_url("TinTuc", 7)).text
    assert f"listfeed.aspx?List=%7B{guid.upper()}%7D" in page  # as pages advertise it


def test_the_sitemap_has_all_and_an_index_where_it_is_long() -> None:
    with FakePortal(2013, LISTS) as portal:
        wanted = [portal.page_url(name, number) for name, count in LISTS.items() for number in range(1, count + 1)]
        assert re.findall("<loc>(.*?)</loc>", get(portal.url("/sitemap.xml")).text) == wanted
        portal.sitemap_size = 100
        parts = re.findall("<sitemap><loc>(.*?)</loc>", get(portal.url("/sitemap.xml")).text)
        assert len(parts) == 3
        assert flat(re.findall("<url><loc>(.*?)</loc>", get(part).text) for part in parts) == wanted
        assert get(portal.url("/sitemap3.xml")).status_code == 404


@pytest.mark.parametrize("path", ["/tin-tuc.aspx", "/Pages/tin-tuc.aspx"])
def test_a_section_pages_through_all(site: FakePortal, path: str) -> None:
    def following(answer: requests.Response) -> str | None:
        links = html.fromstring(answer.text).xpath("//div[@class='pager']/a[text()='>']/@href")
        return urljoin(answer.url, links[0]) if links else None

    answers = list(pages(site.url(path), following))
    assert len(answers) == 12 and flat(map(teasers, answers)) == down(230)
    assert teasers(get(site.url(f"{path}?Page=400"))) == teasers(answers[-1])  # past the end: the last page again
    first = html.fromstring(answers[0].text).xpath("//div[@class='cn-tin']//a/@href")[0]
    assert record(urljoin(answers[0].url, first))["item_id"] == 230


def teasers(answer: requests.Response) -> list[int]:
    return [int(number) for number in re.findall(r'<div class="cn-tin"><h3><a href=".*?ItemID=(\d+)"', answer.text)]


def hidden_inputs(answer: requests.Response) -> dict[str, str]:
    return {one.get("name"): one.get("value") for one in html.fromstring(answer.text).xpath("//input[@type='hidden']")}


def test_a_grid_pages_by_postback(site: FakePortal) -> None:
    address = site.url("/thong-bao-grid.aspx")
    site.section_size = 4
    answer, found = get(address), []
    for page in range(2, 14):
        found += teasers(answer)
        if f"'Page${page}'" not in answer.text:
            break
        posted = hidden_inputs(answer) | {"__EVENTTARGET": "ctl00$grid", "__EVENTARGUMENT": f"Page${page}"}
        answer = requests.post(address, posted, timeout=10)
    assert found == down(45)
    for missing in ("__VIEWSTATE", "__EVENTVALIDATION"):
        refused = requests.post(address, {k: v for k, v in posted.items() if k != missing}, timeout=10)
        assert refused.headers["SharePointError"] == "0" and not teasers(refused)
    delta = requests.post(address, posted | {"__ASYNCPOST": "true"}, timeout=10)
    length, kind, name, rest = delta.text.split("|", 3)
    assert (kind, name) == ("updatePanel", "ctl00_panel") and rest[int(length) :].startswith("|")
    assert teasers(delta) == down(45)[-1:] and "|hiddenField|__VIEWSTATE|" in rest[int(length) :]
    stale = hidden_inputs(get(address))["__EVENTVALIDATION"]
    assert "SharePointError" in requests.post(address, posted | {"__EVENTVALIDATION": stale}, timeout=10).headers


def test_the_front_page_leads_to_sections_and_views(site: FakePortal) -> None:
    text = get(site.url("/")).text
    assert (
        '"/tin-tuc.aspx"' in text and '"/Lists/ThongBao/AllItems.aspx"' in text and "/Pages/tin.aspx?ItemID=230" in text
    )


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


def test_paging_goes_on_when_its_anchor_is_deleted(site: FakePortal) -> None:
    first = get(site.start)
    following = view_link(first)
    site.delete("TinTuc", view_rows(first)[-1])
    assert view_rows(get(following or "")) == list(range(130, 30, -1))


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


@pytest.mark.parametrize("accept", [LIGHT, VERBOSE, None])
def test_the_list_view_threshold(accept: str | None) -> None:
    with FakePortal(2013, {"TinTuc": 5_001}) as portal:
        items = portal.url(f"/_api/web/lists(guid'{portal.lists['TinTuc'].guid}')/items")
        for query in ("$orderby=Modified desc", "$filter=Modified gt datetime'2020-01-01T00:00:00Z'", "$top=5001"):
            refused = get(f"{items}?{query}", accept)
            assert refused.status_code == 500 and "-2147024860" in refused.text
        for query in ("$orderby=Id desc&$top=5000&$select=Id", "$filter=Id gt 1&$top=5000&$select=Id"):
            rows, following = api_answer(get(f"{items}?{query}", accept))
            assert len(rows) == 5_000 and (following is None) == ("gt" in query)
        portal.delete("TinTuc", 5_001)
        assert get(f"{items}?$top=5001&$select=Id", accept).status_code == 200


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
