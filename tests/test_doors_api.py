"""Doors `api` and `odata`: SharePoint's data services in the formats of 2010, 2013 and 2019."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from scraper.discovery.api import ApiDoor
from scraper.discovery.listing import ListingEntry, Place, Request
from scraper.discovery.odata import ODataDoor
from scraper.errors import AccessDenied, NotAListing, OffSite, Threshold
from tests.discovering import GUID, HOST, KNOWN, LIST, PLACE, assert_lawful, atom, capture, follow

API, ODATA = ApiDoor(), ODataDoor()
ITEMS = f"{HOST}/tin/_api/web/lists(guid'{GUID}')/items?$top=1000"
OTHER = "3f2504e0-4f89-11d3-9a0c-0305e82c3399"
ROW = {
    "FileSystemObjectType": 0,
    "Id": 7,
    "ID": 7,
    "Title": "Mở  đường\tliên thôn",
    "Modified": "2019-04-17T01:05:00Z",
    "FileRef": "/tin/Lists/TinKinhTe/7_.000",
    "OData__UIVersionString": "2.0",
    "Author": "THIXA\\lan",
    "EditorId": 9,
}
ENTRY = ListingEntry(
    url=f"{HOST}{LIST}/DispForm.aspx?ID=7",
    door="api",
    title="Mở đường liên thôn",
    item_id=7,
    list_path=LIST,
    mark="2019-04-17T01:05:00Z 2.0",
    modified="2019-04-17T01:05:00+00:00",
)


def listed(guid: str, path: str, count: int, title: str = "Tin") -> dict[str, Any]:
    return {
        "Id": guid, "Title": title, "ItemCount": count, "Hidden": False, "BaseTemplate": 100,
        "RootFolder": {"ServerRelativeUrl": path},
    }  # fmt: skip


LISTS = [listed(OTHER, "/tin/Lists/Khac", 3), listed(GUID.upper(), "/tin/lists/tinkinhte", 2500)]


def test_lists_are_asked_for_once_and_by_guid_where_it_is_known() -> None:
    (all_lists,), (one,) = API.knock(PLACE), API.knock(KNOWN)
    assert urlsplit(all_lists.url).path == "/tin/_api/web/lists"
    assert urlsplit(one.url).path == f"/tin/_api/web/lists(guid'{GUID}')"
    for request in (all_lists, one):
        assert "ItemCount" in request.url and "$expand=RootFolder" in request.url
        assert request.form is None and (request.accept or "").startswith("application/json;odata=nometadata")
        assert "verbose" in (request.accept or "") and "application/atom+xml" in (request.accept or "")


def test_nothing_is_asked_where_the_site_is_not_known() -> None:
    assert API.knock(Place(start=f"{HOST}/tin-tuc.aspx")) == ()
    (request,) = API.knock(Place(start=f"{HOST}/x", list_path="/tin/Lists/X"))  # its site follows from its path
    assert request.url.startswith(f"{HOST}/tin/_api/")


@pytest.mark.parametrize("form", ["nometadata", "verbose", "atom"])
def test_the_list_is_found_by_its_path(form: str) -> None:
    link = "http://schemas.microsoft.com/ado/2007/08/dataservices/related/RootFolder"
    entries = "".join(
        f"<entry><link rel='{link}' title='RootFolder'><m:inline><entry><content><m:properties>"
        f"<d:ServerRelativeUrl>{row['RootFolder']['ServerRelativeUrl']}</d:ServerRelativeUrl></m:properties></content>"
        f"</entry></m:inline></link><content><m:properties><d:Id m:type='Edm.Guid'>{row['Id']}</d:Id>"
        f"<d:ItemCount m:type='Edm.Int32'>{row['ItemCount']}</d:ItemCount></m:properties></content></entry>"
        for row in LISTS
    )
    answers: dict[str, Any] = {
        "nometadata": {"value": LISTS},
        "verbose": {"d": {"results": [{"__metadata": {"id": "x"}, **row} for row in LISTS]}},
        "atom": atom(head=entries),
    }
    listing = API.read(capture(answers[form], API.knock(PLACE)[0].url), PLACE)
    assert listing.entries == () and listing.total == 2500
    assert listing.place == replace(PLACE, list_id=GUID)
    assert listing.next is not None and urlsplit(listing.next.url).path == f"/tin/_api/web/lists(guid'{GUID}')/items"
    asked = parse_qs(urlsplit(listing.next.url).query)
    assert asked["$orderby"] == ["Id desc"] and asked["$top"] == ["1000"]
    assert not {"Author", "Editor", "Body"} & set(asked["$select"][0].split(","))
    assert_lawful(listing, PLACE)


def test_one_list_asked_for_by_its_guid_tells_its_path() -> None:
    place = replace(KNOWN, list_path=None)
    for answer in (listed(GUID, LIST, 0), {"d": listed(GUID, LIST, 0)}):
        listing = API.read(capture(answer, API.knock(place)[0].url), place)
        assert listing.place == KNOWN and listing.total == 0 and listing.next is not None


@pytest.mark.parametrize(("count", "total"), [(0, 0), ("12", 12), (False, None), (-1, None), ("x", None), ([3], None)])
def test_a_count_is_a_number_or_nothing(count: Any, total: int | None) -> None:
    answer = {**listed(GUID, LIST, 0), "ItemCount": count}
    assert API.read(capture(answer, API.knock(KNOWN)[0].url), KNOWN).total == total


def test_a_place_without_a_list_learns_nothing_and_a_missing_list_is_an_error() -> None:
    place = Place(start=f"{HOST}/tin/Pages/tin.aspx", web=f"{HOST}/tin/")
    (request,) = API.knock(place)
    listing = API.read(capture({"value": LISTS}, request.url), place)
    assert (listing.entries, listing.next, listing.place, listing.total) == ((), None, None, None)
    told = API.read(capture({"value": LISTS}, request.url), KNOWN)  # all lists, though one was asked for
    assert told.total == 2500 and told.place is None
    with pytest.raises(NotAListing, match="none of the site's 1 lists"):
        API.read(capture({"value": LISTS[:1]}, request.url), PLACE)


def atom_row() -> str:
    return atom({name: str(value) for name, value in ROW.items()})


@pytest.mark.parametrize(
    "answer",
    [{"value": [ROW]}, {"d": {"results": [{"__metadata": {"etag": "1"}, **ROW}]}}, {"d": [ROW]}, atom_row()],
    ids=["nometadata", "verbose", "version 1", "atom"],
)
def test_an_item_in_every_format(answer: Any) -> None:
    listing = API.read(capture(answer, ITEMS), KNOWN)
    assert listing.entries == (ENTRY,) and listing.next is None and listing.cut is None
    assert "lan" not in repr(listing)


def test_utf8_with_a_mark_and_utf16_are_json_too() -> None:
    import json

    text = json.dumps({"value": [ROW]}, ensure_ascii=False)
    for content in (b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16")):
        assert API.read(capture(content, ITEMS), KNOWN).entries == (ENTRY,)


ADDRESSES = [
    ({"item": f"{HOST}/tin/Pages/tin.aspx?ItemID={{id}}"}, "/tin/Lists/T/7_.000", "/tin/Pages/tin.aspx?ItemID=7"),
    ({"list_path": "/tin/Pages"}, "/tin/Pages/2019-4-17/mo duong.aspx", "/tin/Pages/2019-4-17/mo%20duong.aspx"),
    ({"list_path": "/tin/Van Ban"}, "/tin/Van Ban/7.pdf", "/tin/Van%20Ban/Forms/DispForm.aspx?ID=7"),
    ({"list_path": None}, "/tin/Lists/Tin Mới/7_.000", "/tin/Lists/Tin%20M%E1%BB%9Bi/DispForm.aspx?ID=7"),
    ({}, "/tin/Lists/TinKinhTe/trang.aspx", f"{LIST}/DispForm.aspx?ID=7"),
    ({"list_path": None}, None, f"/tin/_layouts/listform.aspx?PageType=4&ListId=%7B{GUID}%7D&ID=7"),
    ({"list_path": "/tin/Pages"}, "//evil.example/x.aspx", "/evil.example/x.aspx"),
    ({"list_path": "/tin/Pages"}, "https://evil.example/x.aspx", "/tin/Pages/Forms/DispForm.aspx?ID=7"),
]


@pytest.mark.parametrize(("known", "file", "expected"), ADDRESSES)
def test_where_an_item_is_read(known: dict[str, Any], file: str | None, expected: str) -> None:
    place = replace(KNOWN, **known)
    listing = API.read(capture({"value": [{**ROW, "FileRef": file}]}, ITEMS), place)
    assert [entry.url for entry in listing.entries] == [HOST + expected]
    assert_lawful(listing, place)


def test_folders_are_counted_and_not_listed() -> None:
    rows = [ROW, {**ROW, "Id": 8, "FileSystemObjectType": 1}]
    listing = API.read(capture({"value": rows}, ITEMS), KNOWN)
    assert [entry.item_id for entry in listing.entries] == [7] and listing.folders == 1
    assert API.read(capture({"value": rows[1:]}, ITEMS), KNOWN).folders == 1  # folders alone are no fault


def test_an_empty_list_is_a_listing_and_rows_without_numbers_are_not() -> None:
    assert API.read(capture({"value": []}, ITEMS), KNOWN).entries == ()
    for number in (None, "x", -1, 0, True, 7.0, [7], 2**31, "９"):
        with pytest.raises(NotAListing, match="its rows name no item"):
            API.read(capture({"value": [{"Id": number}]}, ITEMS), KNOWN)


def pages(kind: str, count: int, size: int) -> Any:
    """A server of `count` items that pages as SharePoint does, newest first."""

    def answer(request: Request) -> Any:
        if not urlsplit(request.url).path.endswith("/items"):
            return {"value": [listed(GUID, LIST, count)]}
        token = parse_qs(urlsplit(request.url).query).get("$skiptoken", [f"Paged=TRUE&p_ID={count + 1}"])[0]
        first = int(token.rpartition("=")[2]) - 1
        rows = [{**ROW, "Id": number} for number in range(first, max(0, first - size), -1)]
        last = rows[-1]["Id"] if rows else 1
        following = f"{ITEMS}&$skiptoken=Paged%3DTRUE%26p_ID%3D{last}".replace("https", "http")
        more = isinstance(last, int) and last > 1
        if kind == "atom":
            link = '<link rel="next" href="{}"/>'.format(following.replace("&", "&amp;")) if more else ""
            return atom(*({"Id": str(row["Id"]), "Title": "x"} for row in rows), head=link)
        if kind == "verbose":
            return {"d": {"results": rows} | ({"__next": following} if more else {})}
        return {"value": rows} | ({"odata.nextLink": following} if more else {})

    return answer


@pytest.mark.parametrize("kind", ["nometadata", "verbose", "atom"])
def test_pages_are_followed_to_the_end(kind: str) -> None:
    entries, listings = follow(API, PLACE, pages(kind, 25, 10))
    assert [entry.item_id for entry in entries] == list(range(25, 0, -1))
    assert len(listings) == 4 and [listing.total for listing in listings] == [25, None, None, None]
    for listing in listings:
        assert_lawful(listing, PLACE)
        assert listing.next is None or listing.next.url.startswith("https://")  # though its links say http


def test_a_next_page_elsewhere_is_refused() -> None:
    for link in ("https://evil.example/_api/x", "javascript:alert(1)", "https://thixa.example:8443/x", "http://["):
        with pytest.raises(OffSite) as caught:
            API.read(capture({"value": [ROW], "odata.nextLink": link}, ITEMS), KNOWN)
        assert "its next page" in str(caught.value)


def test_a_next_page_that_is_this_one_cuts_the_listing() -> None:
    listing = API.read(capture({"value": [ROW], "odata.nextLink": ITEMS}, ITEMS), KNOWN)
    assert listing.entries == (ENTRY,) and listing.next is None and listing.cut == "row_limit"


def test_relative_next_links_lead_from_their_base() -> None:
    answer = atom({"Id": "7"}, head="<link rel='next' href=\"web/lists(guid'x')/items?$skiptoken=1\"/>")
    listing = API.read(capture(answer, ITEMS), KNOWN)
    assert listing.next is not None
    assert listing.next.url == f"{HOST}/tin/_api/web/lists(guid'x')/items?$skiptoken=1"


CODES = {Threshold: "-2147024860, Microsoft.SharePoint.SPQueryThrottledException"}
CODES |= {AccessDenied: "-2147024891, System.UnauthorizedAccessException"}


@pytest.mark.parametrize("kind", [Threshold, AccessDenied, NotAListing])
def test_errors_of_the_interface_are_typed(kind: type) -> None:
    code = CODES.get(kind, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException")
    message = {"lang": "vi-VN", "value": "Thao tác bị cấm."}
    answers: list[Any] = [
        {"odata.error": {"code": code, "message": message}},
        {"error": {"code": code, "message": message}},
        f"<?xml version='1.0'?><m:error xmlns:m='x'><m:code>{code}</m:code><m:message>Bị cấm</m:message></m:error>",
        f"<error xmlns='x'><code>{code}</code></error>",
    ]
    for answer in answers:
        for door in (API, ODATA):
            with pytest.raises(kind) as caught:
                door.read(capture(answer, ITEMS), KNOWN)
            assert type(caught.value) is kind and code.partition(",")[0] in str(caught.value)


CAME = [
    ("", "the answer is empty"),
    ("  \r\n", "the answer is empty"),
    ("<!DOCTYPE html><html><body>Tin tức &nbsp;</body></html>", "an HTML page came instead"),
    ("<html><form><input name=p type='password'></form>", "a login form came instead"),
    ("{}", "JSON of another shape"),
    ('{"value": 7}', "JSON of another shape"),
    ('{"d": null}', "JSON of another shape"),
    ("[1, 2]", "JSON of another shape"),
    ('{"d": [1, "x"]}', "its rows are no entities"),
    ('{"value": ["' + "x" * 9_000_000 + '"]}', "its JSON is longer than 8,000,000 bytes"),
    ('{"value": [', "its JSON is broken"),
    ('{"value": ' + "[" * 100_000, "its JSON is broken"),
    ("<rss version='2.0'/>", "XML of another kind"),
    (atom({"Id": "7"})[:-20], "its XML is broken or cut off"),
    ("\x89PNG\r\n", "neither JSON nor XML"),
    ("Xin chào", "neither JSON nor XML"),
]


@pytest.mark.parametrize(("answer", "cause"), CAME)
def test_what_came_instead_is_said(answer: str, cause: str) -> None:
    for door, url in ((API, ITEMS), (API, API.knock(PLACE)[0].url), (ODATA, f"{HOST}/tin/_vti_bin/ListData.svc/Tin")):
        with pytest.raises(NotAListing) as caught:
            door.read(capture(answer, url), KNOWN)
        assert cause in caught.value.cause and str(caught.value).startswith("no listing: https://")


def test_a_portal_on_a_port_is_its_own_host() -> None:
    place = Place("http://127.0.0.1:8000/Lists/T", "http://127.0.0.1:8000/", "/Lists/T", GUID)
    here = "http://127.0.0.1:8000/_api/web/lists(guid'x')/items"
    answer = {"value": [ROW], "odata.nextLink": here + "?$skiptoken=7"}
    listing = API.read(capture(answer, here), place)
    assert [entry.url for entry in listing.entries] == ["http://127.0.0.1:8000/Lists/T/DispForm.aspx?ID=7"]
    assert listing.next is not None and listing.next.url == here + "?$skiptoken=7"
    for other in ("http://127.0.0.1/x", "http://127.0.0.1:8001/x", "http://localhost:8000/x"):
        with pytest.raises(OffSite):
            API.read(capture({**answer, "odata.nextLink": other}, here), place)


def test_www_and_scheme_do_not_make_another_portal() -> None:
    for link in ("http://www.thixa.example/x", "https://thixa.example:443/x", "http://thixa.example:80/x", "/x"):
        listing = API.read(capture({"value": [], "odata.nextLink": link}, ITEMS), KNOWN)
        assert listing.next is not None and listing.next.url == f"{HOST}/x"


def test_what_is_no_guid_is_never_sent() -> None:
    for odd in ("x", "3f2504e0", "') or ('1' eq '1", ""):
        place = replace(KNOWN, list_id=odd)
        assert "guid'" not in API.knock(place)[0].url
        assert API.read(capture({"value": LISTS}, API.knock(place)[0].url), place).place == KNOWN
        with pytest.raises(NotAListing, match="its rows name no item"):
            API.read(capture({"value": [{**ROW, "FileRef": None}]}, ITEMS), replace(place, list_path=None))


# odata

SERVICE = f"{HOST}/tin/_vti_bin/ListData.svc"


def test_odata_finds_the_entity_set_by_the_lists_name() -> None:
    (request,) = ODATA.knock(PLACE)
    assert request.url == SERVICE
    answers: list[Any] = [
        {"d": {"EntitySets": ["TaiLieu", "TinKinhTế", "TinKinhTeCu"]}},
        "<service xmlns='http://www.w3.org/2007/app'><workspace><collection href='TaiLieu'/>"
        "<collection href='TinKinhTế'/></workspace></service>",
    ]
    for answer in answers:
        listing = ODATA.read(capture(answer, SERVICE), PLACE)
        assert listing.entries == () and listing.next is not None
        address = urlsplit(listing.next.url)
        assert unquote(address.path) == "/tin/_vti_bin/ListData.svc/TinKinhTế"
        assert parse_qs(address.query)["$inlinecount"] == ["allpages"]
        assert_lawful(listing, PLACE)


def test_odata_says_so_where_no_set_fits() -> None:
    for names in ([], ["TaiLieu", 7, None, ""]):
        with pytest.raises(NotAListing, match=r"none of its [01] entity sets is called as the list 'TinKinhTe'"):
            ODATA.read(capture({"d": {"EntitySets": names}}, SERVICE), PLACE)
    assert ODATA.knock(Place(start=HOST, web=HOST + "/")) == ()


def test_odata_rows_count_and_times() -> None:
    row = {"__metadata": {"uri": "x"}, "Id": 7, "Title": "Tin", "Modified": "/Date(1555488300000)/"}
    answer = {"d": {"results": [row], "__count": "42", "__next": f"{SERVICE}/Tin?$skiptoken=7"}}
    listing = ODATA.read(capture(answer, f"{SERVICE}/Tin?$top=1"), PLACE)
    (entry,) = listing.entries
    assert listing.total == 42 and listing.next is not None and listing.next.url == f"{SERVICE}/Tin?$skiptoken=7"
    assert (entry.url, entry.door, entry.item_id) == (f"{HOST}{LIST}/DispForm.aspx?ID=7", "odata", 7)
    assert (entry.mark, entry.modified) == ("2019-04-17T08:05:00", None)  # without an offset it is no moment
    stated = {**row, "Modified": "/Date(1555488300000+420)/", "Version": "3.0"}
    (entry,) = ODATA.read(capture({"d": [stated]}, f"{SERVICE}/Tin"), PLACE).entries
    assert (entry.mark, entry.modified) == ("2019-04-17T08:05:00+00:00 3.0", "2019-04-17T08:05:00+00:00")


def test_odata_as_atom_is_followed_to_the_end() -> None:
    def answer(request: Request) -> Any:
        if request.url == SERVICE:
            return {"d": {"EntitySets": ["TinKinhTe"]}}
        first = int(parse_qs(urlsplit(request.url).query).get("$skiptoken", ["30"])[0])
        rows = [
            {"Id": str(n), "Title": f"Tin {n}", "Modified": "2019-04-17T08:05:00"} for n in range(first, first - 10, -1)
        ]
        link = f"<link rel='next' href='{SERVICE}/TinKinhTe?$skiptoken={first - 10}'/>" if first > 10 else ""
        return atom(*rows, head="<m:count>30</m:count>" + link)

    entries, listings = follow(ODATA, PLACE, answer)
    assert [entry.item_id for entry in entries] == list(range(30, 0, -1))
    assert {listing.total for listing in listings[1:]} == {30}
    assert {(entry.mark, entry.modified) for entry in entries} == {("2019-04-17T08:05:00", None)}


def test_odata_of_a_library_gives_the_pages_themselves() -> None:
    place = Place(start=f"{HOST}/tin/Pages", web=f"{HOST}/tin/", list_path="/tin/Pages")
    asked = ODATA.read(capture({"d": {"EntitySets": ["Pages"]}}, SERVICE), place).next
    assert asked is not None and parse_qs(urlsplit(asked.url).query)["$select"] == ["Id,Title,Modified,Path,Name"]
    row = {"Id": 7, "Title": "Tin", "Path": "/tin/Pages/2019-4-17", "Name": "mo-duong.aspx"}
    (entry,) = ODATA.read(capture({"d": [row]}, f"{SERVICE}/Pages"), place).entries
    assert entry.url == f"{HOST}/tin/Pages/2019-4-17/mo-duong.aspx"
