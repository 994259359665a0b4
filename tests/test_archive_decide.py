"""Names of articles and decisions about them, without any file."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.models import Agency, Attachment, CaptureInfo, Image, Phone, to_dict
from storage import decide as decisions
from storage import identity
from storage.decide import absence, article, decide
from storage.intake import entry
from storage.staging import Staging
from tests.test_archive import sample


def plain(**changes: Any) -> dict[str, Any]:
    return entry(sample(**changes)).record


def stored(**changes: Any) -> dict[str, Any]:
    record = plain(**changes)
    return article(decide(None, record), None, record, number=5, order=1, now="2024-01-01T00:00:00+00:00")


def again(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return article(decide(old, new), old, new, number=5, order=2, now="2024-02-01T00:00:00+00:00")


SAME = [
    "http://muoixa.example/Pages/Tin.aspx?ItemID=7&CateID=2",
    "https://www.muoixa.example:443/pages/tin.aspx/?CateID=2&ItemID=7#cuoi",
    " HTTPS://MuoiXa.example./Pages/t%69n.aspx?&CateID=2&ItemID=7",
]


def test_addresses_that_are_the_same() -> None:
    assert {identity.address_key(address) for address in SAME} == {"muoixa.example/pages/tin.aspx?CateID=2&ItemID=7"}


@pytest.mark.parametrize(
    "other",
    [
        "https://muoixa.example:8443/Pages/Tin.aspx?ItemID=7&CateID=2",
        "https://muoixa.example/Pages/Tin.aspx?ItemID=8&CateID=2",
        "https://muoixa.example/Pages/Tin.aspx?itemid=7&CateID=2",
        "https://tin.muoixa.example/Pages/Tin.aspx?ItemID=7&CateID=2",
    ],
)
def test_addresses_that_are_not(other: str) -> None:
    assert identity.address_key(other) not in {None, identity.address_key(SAME[0])}


@pytest.mark.parametrize(
    "text", ["", "tin.txt", "file:///tmp/a.html", "javascript:alert(1)", "http://", "http://[1", "http://a:b/"]
)
def test_what_is_no_address(text: str) -> None:
    assert identity.address_key(text) is None
    assert identity.host_of(text) == ""


_HOSTS = st.sampled_from(["muoixa.example", "www.muoixa.example.", ".", "-", "www.", "a..b", "MuoiXa.example", "x:80"])
_PLACES = st.text(st.sampled_from("/aB.%C3%A9é[]\\\\@:;&=+ \t\x1f\xa0\u2028"), max_size=12)


@settings(deadline=None)
@given(st.sampled_from(["http", "https"]), _HOSTS, _PLACES, st.none() | _PLACES)
def test_a_fragment_never_matters(scheme: str, host: str, path: str, query: str | None) -> None:
    """An address with one is taken apart by urlsplit; without one, mostly by a regular expression of ours."""
    address = f"{scheme}://{host}" + (f"/{path}" if path else "") + ("" if query is None else f"?{query}")
    assert identity.address_key(address.rstrip()) == identity.address_key(f"{address.rstrip()}#x")


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_asked_for(text: str) -> None:
    identity.address_key(text)
    identity.address_key(f"https://{text}")
    assert all(identity.id_of(number).startswith(text.lower()) for number in identity.numbers_with(text)[:2])


@settings(deadline=None)
@given(st.integers(0, 2**60 - 1))
def test_an_id_is_its_number(number: int) -> None:
    name = identity.id_of(number)
    assert len(name) == identity.ID_LENGTH
    assert list(identity.numbers_with(name)) == [number]
    assert all(number in identity.numbers_with(name[:length]) for length in range(1, 13))


def test_names_do_not_change_from_release_to_release() -> None:
    assert identity.id_of(identity.number_of("words x")) == "5lumdt3fd5yx"
    assert identity.keys(plain()) == (
        "list muoixa.example /content/lists/tinxa 1",
        "page muoixa.example /pages/tin.aspx 1",
        "address muoixa.example/pages/tin.aspx?ItemID=1",
    )
    assert identity.keys(plain(list_path=None, item_id=None)) == ("address muoixa.example/pages/tin.aspx?ItemID=1",)
    words = identity.keys(plain(url=None))
    assert len(words) == 1
    assert words == identity.keys(plain(url=None, views=5, body_text="Sáng nay  cầu được thông xe.\nBà con rất vui."))
    assert words != identity.keys(plain(url=None, body_text="Khác"))


class Tables(dict[int, dict[str, Any]]):
    """As much of a table as placing a record needs."""

    def document(self, number: int) -> Any:
        return self.get(number)

    def with_key(self, key: str) -> int | None:
        return next((number for number, document in self.items() if key in identity.keys(document)), None)


def placed(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether the new record is taken for the stored article."""
    staging = Staging({"articles": Tables(), "revisions": Tables()})  # type: ignore[dict-item]
    number, nothing = staging.place(old)
    assert nothing is None
    staging.put_article(number, article(decide(None, old), None, old, number=number, order=1, now="2024"))
    found, known = staging.place(new)
    assert (found == number) == (known is not None)
    return known is not None


OTHER_SECTION = "https://muoixa.example/khac/Pages/van-hoa.aspx?ItemID=1"


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        pytest.param({}, {"url": OTHER_SECTION}, True, id="one item under two sections"),
        pytest.param(
            {}, {"url": "https://muoixa.example/LISTS/x", "list_path": "/Content/Lists/TinXa/"}, True, id="case"
        ),
        pytest.param({"list_path": None}, {}, True, id="list known later"),
        pytest.param({}, {"list_path": None}, True, id="list known no longer"),
        pytest.param({}, {"list_path": None, "item_id": None}, True, id="item known no longer"),
        pytest.param({"list_path": None, "item_id": None}, {}, True, id="item known later"),
        pytest.param({}, {"url": f"{sample().url}&CateID=4", "list_path": None}, True, id="same page and item"),
        pytest.param({}, {"url": OTHER_SECTION, "list_path": None}, False, id="other page, list unknown"),
        pytest.param({}, {"item_id": 2}, False, id="same address, other item"),
        pytest.param({}, {"list_path": "/content/Lists/VanBan"}, False, id="same address, other list"),
        pytest.param({}, {"url": "https://chinxa.example/Pages/tin.aspx?ItemID=1"}, False, id="other host"),
        pytest.param({"url": None}, {"url": None, "title": "Khác"}, False, id="other words"),
        pytest.param({"url": None}, {"url": None, "author": "Khác"}, True, id="same words"),
    ],
)
def test_which_records_are_one_article(old: dict[str, Any], new: dict[str, Any], same: bool) -> None:
    bare = {"capture": CaptureInfo()}
    assert placed(plain(**old, **bare), plain(**new, **bare)) is same


def test_a_collision_of_numbers_parts_two_articles(monkeypatch: pytest.MonkeyPatch) -> None:
    real = identity.number_of
    monkeypatch.setattr(identity, "number_of", lambda key, attempt=0: real(key, attempt) if attempt else 42)
    staging = Staging({"articles": Tables(), "revisions": Tables()})  # type: ignore[dict-item]
    names = set()
    for number in range(1, 4):
        record = plain(number=number)
        place, known = staging.place(record)
        assert known is None
        result = article(decide(None, record), None, record, number=place, order=1, now="2024")
        staging.put_article(place, result)
        staging.put_revision(result)
        names.add(place)
    assert len(names) == len(staging.changes["revisions"]) == 3
    for number in range(1, 4):
        known = staging.place(plain(number=number))[1]
        assert known is not None
        assert known["item_id"] == number


@pytest.mark.parametrize(
    "changes",
    [
        {"views": 11},
        {"body_html": "<div>Sáng nay cầu được thông xe.</div>"},
        {"body_text": "Sáng nay cầu được\u00a0thông xe. \n Bà con  rất vui.\n"},
        {"title": "Khánh thành cầu Rạch Sậy số 1"},  # decomposed below
        {"images": (Image("http://muoixa.example/anh/cau.jpg", "cau.jpg", caption="Cầu mới"),)},
        {"form": {"Tiêu đề": None, "Số hiệu": "12/TB", "Lịch sử": None}},
        {"subtitle": "  "},
        {"problems": (), "evidence": {}},
        {"agency": Agency(portal_name="TRANG TIN XÃ MƯỜI", raw_text="Lượt truy cập: 8")},
        {"agency": None},
        {"capture": CaptureInfo(status=200, sha256="ab" * 32)},
    ],
    ids=str,
)
def test_what_is_no_change(changes: dict[str, Any]) -> None:
    import unicodedata

    if "title" in changes:
        changes["title"] = unicodedata.normalize("NFD", changes["title"])
    old, new = stored(), plain(**changes)
    assert decide(old, new).kind == "unchanged"
    assert decisions.content_hash(old) == decisions.content_hash(new) == old["content_hash"]
    assert again(old, new)["revision"] == 1


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": "khánh thành cầu Rạch Sậy số 1"}, ("title",)),
        ({"body_text": "Sáng nay cầu đuợc thông xe.\n\nBà con rất vui.", "views": 3}, ("body_text",)),
        ({"published_at": None, "published_precision": None}, ("published_at", "published_precision")),
        ({"tags": ("cầu", "đường"), "author": None}, ("author", "tags")),
        ({"attachments": (Attachment("https://muoixa.example/tep.pdf"),)}, ("attachments",)),
        ({"images": ()}, ("images",)),
        ({"form": {"Số hiệu": "13/TB"}}, ("form",)),
    ],
    ids=str,
)
def test_what_is_a_change(changes: dict[str, Any], fields: tuple[str, ...]) -> None:
    old, new = stored(), plain(**changes)
    decision = decide(old, new)
    assert (decision.kind, decision.changed) == ("changed", fields)
    assert decision.reason == f"changed: {', '.join(fields)}"
    result = again(old, new)
    assert (result["revision"], result["first_seen"]) == (2, old["first_seen"])
    assert result["content_hash"] == decisions.content_hash(new) != old["content_hash"]


def test_order_counts_in_lists() -> None:
    old = stored(tags=("a", "b"))
    assert decide(old, plain(tags=("b", "a"))).changed == ("tags",)


def test_new_agency_facts_make_no_revision_but_are_kept_with_their_evidence() -> None:
    agency = Agency(portal_name="TRANG TIN XÃ MƯỜI", phones=(Phone("0203 999 888"),))
    why = {"agency.phones": {"rule": "footer2", "raw": None, "node": None}, "title": {"rule": "z"}}
    old, new = stored(), plain(agency=agency)
    new["evidence"] = why
    assert decide(old, new).reason == "same content; agency updated: responsible_person, phones"
    result = again(old, new)
    assert result["agency"] == to_dict(agency)
    assert result["revision"] == 1
    assert result["evidence"]["agency.phones"]["rule"] == "footer2"
    assert result["evidence"]["title"]["rule"] == "heading"
    assert again(old, plain(agency=None))["agency"] == old["agency"]
    assert again(old, plain(views=None))["views"] == old["views"]


def test_the_same_bytes_read_by_better_rules() -> None:
    old = stored(capture=CaptureInfo(sha256="cd" * 32, requested_url="https://muoixa.example/a"))
    new = plain(body_html="<p>x</p>", problems=(), capture=CaptureInfo(sha256="cd" * 32))
    result = again(old, new)
    assert (result["body_html"], result["problems"], result["revision"]) == ("<p>x</p>", [], 1)
    assert result["capture"] == old["capture"]
    other = decide(old, plain(title="Đọc lại", capture=CaptureInfo(sha256="cd" * 32)))
    assert other.reason == "changed: title; same bytes, other reading"


def test_an_older_capture_never_replaces_what_moves() -> None:
    old = stored(capture=CaptureInfo(fetched_at="2020-01-01T00:00:00+07:00"))
    for stamp, views in {"2019-12-31T17:00:01Z": 3, "2019-12-31T16:59:59Z": 10, "hôm qua": 3, "2020-01-02": 3}.items():
        result = again(old, plain(views=3, agency=None, capture=CaptureInfo(fetched_at=stamp)))
        assert result["views"] == views
    late = decide(old, plain(title="Cũ", capture=CaptureInfo(fetched_at="2019-01-01T00:00:00Z")))
    assert (late.kind, late.late, late.reason) == ("changed", True, "changed: title; an older capture")


def test_a_revision_keeps_what_changed_and_why() -> None:
    first = stored()
    assert (first["changed"], first["reason"]) == ([], "first seen")
    second = again(first, plain(title="Khánh thành cầu Rạch Sậy lớn", tags=("cầu",)))
    assert (second["changed"], second["reason"]) == (["title", "tags"], "changed: title, tags")
    assert again(second, plain(title="Khánh thành cầu Rạch Sậy lớn", tags=("cầu",)))["reason"] == second["reason"]


def test_absences_stay_on_record() -> None:
    old = stored()
    _, gone = absence(old, "2024-03-01T00:00:00+00:00")
    decision, still = absence(gone, "2024-03-02T00:00:00+00:00")
    assert decision.reason == "no longer published since 2024-03-01T00:00:00+00:00"
    assert still == gone | {"aliases": still["aliases"]}
    back = article(decide(still, plain()), still, plain(), number=5, order=2, now="2024-04-01T00:00:00+00:00")
    spans = [{"gone_at": "2024-03-01T00:00:00+00:00", "back_at": "2024-04-01T00:00:00+00:00"}]
    assert (back["revision"], back["gone_at"], back["absences"]) == (1, None, spans)
    assert again(back, plain())["absences"] == spans
    changed = again(still, plain(title="Sửa tên"))
    assert (changed["reason"], changed["absences"]) == ("changed: title; published again", [])


def test_only_a_capture_made_since_proves_that_an_article_is_back() -> None:
    old = stored(capture=CaptureInfo(fetched_at="2024-01-01T00:00:00Z"))
    _, gone = absence(old, "2024-03-01T00:00:00+00:00")
    captures = {
        CaptureInfo(fetched_at="2024-03-01T07:00:01+07:00", source="warc"): True,
        CaptureInfo(fetched_at="2024-03-01T06:59:59+07:00", source="warc"): False,
        CaptureInfo(source="http"): True,
        CaptureInfo(source="file"): False,
    }
    for capture, back in captures.items():
        for title in (old["title"], "Sửa tên"):
            new = plain(title=title, capture=capture)
            assert (decide(gone, new).back, "published again" in decide(gone, new).reason) == (back, back)
            result = again(gone, new)
            assert (result["gone_at"] is None) is back
            assert bool(result["absences"]) is (back and title == old["title"])


def test_clocks_that_go_back_do_not_turn_last_seen() -> None:
    old = stored()
    result = article(decide(old, plain()), old, plain(), number=5, order=2, now="1999-01-01T00:00:00+00:00")
    assert result["last_seen"] == old["last_seen"]
