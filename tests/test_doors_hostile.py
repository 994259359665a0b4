"""Whatever a server answers, a door gives a lawful listing or an error of ours, soon and in little memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scraper.discovery.api import ApiDoor
from scraper.discovery.feed import FeedDoor
from scraper.discovery.items import utc, utc_of_mail_date
from scraper.discovery.listing import Door, Listing, Place
from scraper.discovery.odata import ODataDoor
from scraper.discovery.owssvr import OwssvrDoor
from scraper.discovery.sitemap import SitemapDoor
from scraper.errors import LuutruError, NotAListing
from tests.conftest import ROOT
from tests.discovering import GUID, HOST, KNOWN, assert_lawful, atom, capture
from tests.fetching import UNFIT_FOR_A_TERMINAL
from tests.test_doors_xml import RSS, index, item, rowset, urlset

API = f"{HOST}/tin/_api/web/lists"
SERVICE = f"{HOST}/tin/_vti_bin/ListData.svc"
# Every door with every kind of address that its answers come from.
WAYS: list[tuple[Door, str]] = [
    (ApiDoor(), API),
    (ApiDoor(), f"{API}(guid'{GUID}')/items?$top=1000"),
    (ODataDoor(), SERVICE),
    (ODataDoor(), f"{SERVICE}/TinKinhTe"),
    (OwssvrDoor(), f"{HOST}/tin/_vti_bin/owssvr.dll?Cmd=Display"),
    (FeedDoor(), f"{HOST}/tin/_layouts/15/listfeed.aspx?List={GUID}"),
    (SitemapDoor(), f"{HOST}/sitemap.xml"),
]
PLACES = [KNOWN, Place(start=HOST + "/"), Place(start=f"{HOST}/x", web=f"{HOST}/", list_id=GUID)]
SAMPLES: list[bytes] = [
    json.dumps({"value": [{"Id": 7, "Title": "Tin", "Modified": "2019-04-17T01:05:00Z"}]}).encode(),
    json.dumps({"d": {"results": [{"Id": GUID, "ItemCount": 7}], "__next": API, "__count": "7"}}).encode(),
    atom({"Id": "7", "Title": "Tin"}, head=f"<link rel='next' href='{SERVICE}/T?$skiptoken=7'/>").encode(),
    rowset("<z:row ows_ID='7' ows_Title='Tin' ows_FileRef='7;#tin/Lists/T/7_.000'/>").encode(),
    RSS.format(item(f"{HOST}/tin/Lists/T/DispForm.aspx?ID=7")).encode(),
    urlset((f"{HOST}/tin/Lists/T/DispForm.aspx?ID=7", "2019-04-17")).encode(),
    index(f"{HOST}/a.xml").encode(),
]


def read(door: Door, url: str, content: bytes, place: Place) -> Listing | None:
    """The listing, which must be lawful; None where the answer was refused with an error fit to print."""
    try:
        listing = door.read(capture(content, url), place)
    except LuutruError as error:
        assert not UNFIT_FOR_A_TERMINAL.search(str(error)) and error.cause
        return None
    assert_lawful(listing, place)
    return listing


@settings(max_examples=150, deadline=2_000)
@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    for door, url in WAYS:
        for place in PLACES:
            read(door, url, content, place)


@settings(max_examples=300, deadline=2_000)
@given(st.sampled_from(SAMPLES), st.data())
def test_damaged_answers(sample: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sample)))
    gone = data.draw(st.integers(0, 40))
    put = data.draw(
        st.one_of(st.binary(max_size=8), st.sampled_from([b"\x00", b"&#x0;", b"<!DOCTYPE x>", b"]]>", b"\xff"]))
    )
    for door, url in WAYS:
        for place in PLACES:
            read(door, url, sample[:at] + put + sample[at + gone :], place)


LINKS = st.sampled_from(
    ["javascript:alert(1)", "//evil.example/x", "http://[", "\\\\evil.example\\x", "file:///etc/passwd", "?ID=7", "",
     "https://thixa.example@evil.example/", "https://thixa.example:99999/", "https://thixa.example/\ud800", "data:,x"]
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), LINKS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
COLUMNS = st.fixed_dictionaries(
    {},
    optional={
        "Id": st.one_of(st.integers(0, 99), VALUES, st.just(GUID)),
        "Title": VALUES,
        "Modified": st.one_of(VALUES, st.just("0001-01-01T00:00:00+14:00"), st.just("/Date(99999999999999)/")),
        "FileRef": st.one_of(VALUES, LINKS.map(lambda link: link + "/x.aspx")),
        "Path": VALUES,
        "Name": VALUES,
        "ItemCount": VALUES,
        "RootFolder": st.one_of(VALUES, st.fixed_dictionaries({"ServerRelativeUrl": VALUES})),
        "FileSystemObjectType": VALUES,
    },
)


@settings(max_examples=300, deadline=2_000, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(COLUMNS, VALUES), max_size=4), st.one_of(st.none(), LINKS, VALUES), st.booleans())
def test_json_with_any_values(rows: list[Any], link: Any, verbose: bool) -> None:
    value = {"d": {"results": rows, "__next": link}} if verbose else {"value": rows, "odata.nextLink": link}
    for door, url in WAYS[:4]:
        for place in PLACES:
            read(door, url, json.dumps(value).encode(), place)


@settings(max_examples=200, deadline=2_000)
@given(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), max_size=60))
def test_any_link_in_xml(link: str) -> None:
    escaped = link.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;")
    for answer in (RSS.format(item(escaped, date=escaped)), urlset((escaped, escaped)), index(escaped)):
        for door, url in WAYS[5:]:
            read(door, url, answer.encode(), KNOWN)
    row = rowset(f"<z:row ows_ID='7' ows_Title='{escaped}' ows_Modified='{escaped}' ows_FileRef='{escaped}'/>")
    for place in PLACES:
        read(*WAYS[4], row.encode(), place)


@given(st.text(max_size=40))
def test_times_are_utc_or_nothing(text: str) -> None:
    for found in (utc(text), utc_of_mail_date(text)):
        assert found is None or utc(found) == found
    assert utc("2019-04-17T08:05:00.1234567+07:00") == "2019-04-17T01:05:00+00:00"
    assert utc_of_mail_date("Wed, 17 Apr 2019 08:05:00 +0700") == "2019-04-17T01:05:00+00:00"
    assert utc_of_mail_date("Wed, 17 Apr 2019 08:05:00 -0000") is None  # RFC 5322, 3.3: no zone known
    assert utc("2019-04-17T08:05:00") is None and utc("2019-13-17T08:05:00Z") is None


LAUGHS = "<!DOCTYPE rss [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)
ENTITIES = {
    "billion laughs": LAUGHS + "]>{}",
    "external file": "<!DOCTYPE x [<!ENTITY j SYSTEM 'file:///etc/passwd'>]>{}",
    "external dtd": "<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x.dtd'>{}",
    "parameter": "<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x.dtd'> %p;]>{}",
}


@pytest.mark.parametrize("kind", ENTITIES)
def test_entities_are_refused(kind: str) -> None:
    place_of_entity = "Tin &j;"
    samples = [
        RSS.format(item(f"{HOST}/x?ID=1", place_of_entity)).partition("?>")[2].lstrip(),
        urlset((f"{HOST}/{place_of_entity}", None)).partition("?>")[2],
        rowset(f"<z:row ows_ID='7' ows_Title='{place_of_entity}'/>"),
        atom({"Id": "7", "Title": place_of_entity}).partition("?>")[2],
    ]
    for sample in samples:
        for door, url in WAYS:
            before = time.monotonic()
            with pytest.raises(NotAListing) as caught:
                door.read(capture(ENTITIES[kind].format(sample), url), KNOWN)
            assert "root:" not in str(caught.value)
            assert time.monotonic() - before < 2


BIG: dict[str, tuple[int, bytes]] = {
    "deep json": (1, b'{"value":' + b"[" * 3_000_000),
    "many values": (1, b'{"value":[' + b"{}," * 2_500_000 + b"{}]}"),
    "long json": (1, b'{"value":["' + b"x" * 9_000_000 + b'"]}'),
    "a number without end": (1, b'{"value":[{"Id":' + b"9" * 3_000_000 + b"}]}"),
    "deep xml": (4, b"<xml>" + b"<a>" * 1_000_000),
    "many elements": (4, b"<xml>" + b"<a/>" * 8_000_000 + b"</xml>"),
    "nested rows": (4, b"<xml>" + b"<row>" * 200 + b"<a/>" * 2_000_000),
    "many attributes": (4, b"<xml><row " + b" ".join(b"a%d='1'" % n for n in range(200_000)) + b"/></xml>"),
    "one long text": (5, b"<rss><item><link>" + b"x" * 30_000_000 + b"</link></item></rss>"),
    "references": (4, b"<xml>" + b"&#x1;" * 6_000_000 + b"</xml>"),
    "blanks": (6, b" " * 40_000_000),
    "open tags": (6, b"<" * 10_000_000),
    "password fields": (5, b"<html>" + b"<input " * 100_000),
}


@pytest.mark.parametrize("kind", BIG)
def test_large_answers_cost_little(kind: str) -> None:
    way, content = BIG[kind]
    before = time.process_time()
    listing = read(*WAYS[way], content, KNOWN)
    assert (listing is None) == (kind != "references") and not (listing and listing.entries)
    assert time.process_time() - before < 20  # seconds, on any machine; usually below two


MEMORY = """
import re
from pathlib import Path
from scraper.discovery.owssvr import OwssvrDoor
from tests.discovering import KNOWN, capture
from tests.test_doors_xml import rowset
head, _, tail = rowset("ROW").encode().partition(b"ROW")
row = b"<z:row ows_ID='7' ows_Body='" + b"x" * 10_000 + b"'/>"
content = b"".join([head, *[row] * 6_000, tail])  # made without a second copy, which would raise the mark already
answer = capture(content)
OwssvrDoor().read(capture(rowset()), KNOWN)
def peak():
    return int(re.search(r"VmHWM:\\s+([0-9]+)", Path("/proc/self/status").read_text())[1])
before = peak()
assert len(OwssvrDoor().read(answer, KNOWN).entries) == 6_000
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak that Linux tells of a process")
def test_memory_of_a_long_rowset_is_that_of_its_entries() -> None:
    """60 MB of rows; a tree of them would take as much again."""
    ran = subprocess.run([sys.executable, "-c", MEMORY], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 20_000  # KiB
