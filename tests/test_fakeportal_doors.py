"""Every door of the fake portal gives every item once, and the list view threshold strikes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest
import requests
from lxml import html

from tests.fakeportal import FakePortal
from tests.fakeportal.reading import (
    LIGHT,
    LISTS,
    VERBOSE,
    VERSIONS,
    Version,
    api_answer,
    down,
    flat,
    get,
    hidden_inputs,
    pages,
    record,
    teasers,
    view_link,
    view_rows,
)


@pytest.fixture(params=VERSIONS)
def site(request: pytest.FixtureRequest) -> Iterator[FakePortal]:
    with FakePortal(request.param, LISTS) as portal:
        yield portal


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


def test_paging_goes_on_when_its_anchor_is_deleted(site: FakePortal) -> None:
    first = get(site.start)
    following = view_link(first)
    site.delete("TinTuc", view_rows(first)[-1])
    assert view_rows(get(following or "")) == list(range(130, 30, -1))


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
