"""The parts of the footer reader: segments, people, addresses, licences, mail, web addresses; and hostile footers."""

from __future__ import annotations

import dataclasses
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.agency import read_agency
from scraper.agency.addresses import looks_like_address, read_address
from scraper.agency.emails import read_emails
from scraper.agency.license import read_license
from scraper.agency.people import is_name, read_person
from scraper.agency.segment import cut
from scraper.agency.website import read_website
from scraper.agency.words import fold, is_institution, lower, stated, trie, whole_words
from scraper.models import AddressParts, Agency, Evidence

LABELS = [
    "Cơ quan chủ quản: ", "Địa chỉ: ", "Điện thoại: ", "Fax ", "Email: ", "Giấy phép số ", "Trưởng Ban Biên tập: ",
    "Ghi rõ nguồn ", "© ", "Website: ", " - ", " | ", "; ", "UBND xã A", "0275 3861 203", "12/GP-TTĐT", "a@b.vn",
    "ngày 30/2/2019", "Ông Lê Ba",
]  # fmt: skip


@given(st.lists(st.text(max_size=40) | st.lists(st.sampled_from(LABELS), max_size=8).map("".join), max_size=12))
def test_never_raises(lines: list[str]) -> None:
    reading = read_agency(lines)
    if reading.agency is None:
        assert reading.evidence == {}
        return
    stated_fields = {
        f"agency.{field.name}"
        for field in dataclasses.fields(Agency)
        if field.name not in ("raw_text", "address_parts") and getattr(reading.agency, field.name)
    }
    assert set(reading.evidence) == stated_fields
    for email in reading.agency.emails:
        assert email.address == email.address.lower() and email.address.count("@") == 1


@pytest.mark.parametrize(
    "seed", ["a", "(", "- ", "@", "a@", "1 ", "1/", "a.", "Điện thoại: ", "Địa chỉ ", "©", "số 1 phường 1 ", "ab: "]
)
def test_hostile_lines_end(seed: str) -> None:
    line = seed * (1_000_000 // len(seed))
    read_agency([line])
    read_agency([line[:50]] * 100_000)


def test_nothing_stated() -> None:
    assert read_agency([]) == read_agency(["Trang chủ | Liên hệ", "", "Số lượt truy cập: 12.031"])
    assert read_agency([]).agency is None


def test_evidence_names_the_line() -> None:
    reading = read_agency(
        ["SỞ Y TẾ TỈNH BẾN TRE", "", "Địa chỉ : Số 4 Lê Lai, phường 2, TP. Bến Tre. | ĐT: 0275 3861 203"]
    )
    assert reading.evidence["agency.address"] == Evidence(
        "label", "Địa chỉ : Số 4 Lê Lai, phường 2, TP. Bến Tre. |", "footer line 3"
    )
    assert reading.evidence["agency.portal_name"].rule == "heading"
    assert reading.evidence["agency.phones"].raw == "ĐT: 0275 3861 203"
    assert reading.agency is not None
    assert (
        reading.agency.raw_text
        == "SỞ Y TẾ TỈNH BẾN TRE\nĐịa chỉ : Số 4 Lê Lai, phường 2, TP. Bến Tre. | ĐT: 0275 3861 203"
    )


def test_problems_are_reported() -> None:
    lines = [
        "Địa chỉ: Ấp 1, xã Tân Lễ, tỉnh Bến Tre",
        "ĐT: 0294.3861 203",
        "Giấy phép số 8/GP-STTTT cấp ngày 31/02/2019",
    ]
    reading = read_agency(lines, page_date=datetime.date(2020, 1, 1))
    assert {(problem.code, problem.field) for problem in reading.problems} == {
        ("impossible_date", "agency.license"),
        ("area_code_mismatch", "agency.phones"),
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Điện thoại: 1 - Fax: 2", [("phones", "Điện thoại", "1"), ("faxes", "Fax", "2")]),
        ("ĐT 0275 3861 203 Fax 0275 3861 204", [("phones", "ĐT", "0275 3861 203"), ("faxes", "Fax", "0275 3861 204")]),
        ("Điện thoại đường dây nóng: 1", [("hotlines", "Điện thoại đường dây nóng", "1")]),
        ("Địa chỉ email: a@b.vn", [("address", "Địa chỉ", ""), ("emails", "email", "a@b.vn")]),
        ("Thiết kế bởi B - ĐT: 0275 3861 203", [("ignored", "Thiết kế bởi", "B - ĐT: 0275 3861 203")]),
        ("fax@hopthu.vn", [("", None, "fax@hopthu.vn")]),
        ("Cục Bản quyền tác giả", [("", None, "Cục Bản quyền tác giả")]),
        ("Phòng Địa chính: số 4", [("", "Phòng Địa chính", "số 4")]),
        ("Ông Ba - Trưởng ban biên tập - Giám đốc Sở A", [("", None, "Ông Ba - Trưởng ban biên tập - Giám đốc Sở A")]),
        ("Cơ quan chủ quản: ${owner}", [("managing_agency", "Cơ quan chủ quản", "")]),
        (
            "2019 © Sở A. Ghi rõ nguồn khi đăng lại Thiết kế bởi B",
            [
                ("copyright_notice", None, "2019 © Sở A."),
                ("copyright_notice", None, "Ghi rõ nguồn khi đăng lại"),
                ("ignored", "Thiết kế bởi", "B"),
            ],
        ),
    ],
)
def test_segments(line: str, expected: list[tuple[str, str | None, str]]) -> None:
    assert [(segment.field, segment.label, segment.value) for segment in cut([line])] == expected


@pytest.mark.parametrize(
    ("value", "name", "roles", "organisation"),
    [
        ("Ông Tạ Hữu Bình", "Tạ Hữu Bình", (), None),
        (
            "ông: Tạ Hữu Bình, Phó Giám đốc phụ trách Sở Thủy lợi",
            "Tạ Hữu Bình",
            ("Phó Giám đốc phụ trách",),
            "Sở Thủy lợi",
        ),
        ("PGS.TS. Tạ Hữu Bình – Hiệu trưởng", "Tạ Hữu Bình", ("Hiệu trưởng",), None),
        ("Giám đốc Tạ Hữu Bình", "Tạ Hữu Bình", ("Giám đốc",), None),
        ("Tạ Hữu Bình Giám đốc Sở Thủy lợi", "Tạ Hữu Bình", ("Giám đốc",), "Sở Thủy lợi"),
        ("TẠ HỮU BÌNH (Chánh Văn phòng)", "TẠ HỮU BÌNH", ("Chánh Văn phòng",), None),
        (
            "Phó Chủ tịch Thường trực UBND huyện, đồng chí Tạ Bình",
            "Tạ Bình",
            ("Phó Chủ tịch Thường trực",),
            "UBND huyện",
        ),
        ("Bà K'Liên - Chuyên viên văn hóa", "K'Liên", ("Chuyên viên văn hóa",), None),
        ("Tạ Bình, Chánh Văn phòng Sở A - UBND tỉnh B", "Tạ Bình", ("Chánh Văn phòng Sở A",), "UBND tỉnh B"),
    ],
)
def test_people(value: str, name: str, roles: tuple[str, ...], organisation: str | None) -> None:
    person = read_person(value)
    assert person is not None
    assert (person.name, person.roles, person.organisation) == (name, roles, organisation)


@pytest.mark.parametrize(
    "value", ["", "Sở Nội vụ", "Phòng Tin học - Văn phòng", "Người đứng đầu các đơn vị", "0912 345 678"]
)
def test_no_person(value: str) -> None:
    assert read_person(value) is None


def test_a_role_label_is_the_first_role() -> None:
    person = read_person("Tạ Bình - Phó Chủ tịch UBND xã", "Trưởng Ban Biên tập")
    assert person is not None and person.roles == ("Trưởng Ban Biên tập", "Phó Chủ tịch")
    assert is_name("Đoàn Văn Tư") and not is_name("Đoàn thanh niên xã")


@pytest.mark.parametrize(
    ("text", "street", "ward", "district", "city", "province"),
    [
        ("Số 4, Lê Lai, Ba Đình, Hà Nội", "Số 4, Lê Lai", None, "Ba Đình", "Hà Nội", None),
        ("Trung Hòa, Cầu Giấy, Hà Nội", None, "Trung Hòa", "Cầu Giấy", "Hà Nội", None),
        ("4 Lê Lai, Hàng Bồ, Hoàn Kiếm, TP Hà Nội", "4 Lê Lai", "Hàng Bồ", "Hoàn Kiếm", "TP Hà Nội", None),
        ("4 Lê Lai, Vinh, Nghệ An", "4 Lê Lai", None, None, "Vinh", "Nghệ An"),
        ("Ấp 4, xã Phú Lễ, Ba Tri, tỉnh Bến Tre", "Ấp 4", "xã Phú Lễ", "Ba Tri", None, "tỉnh Bến Tre"),
        ("Tầng 2, Tòa nhà B1, P.4, Q.3, TP.HCM", "Tầng 2, Tòa nhà B1", "P.4", "Q.3", "TP.HCM", None),
        ("4 Lê Lai phường 2 quận 3 TP.HCM", "4 Lê Lai", "phường 2", "quận 3", "TP.HCM", None),
        ("4 Lê Lai, TX. Gò Công, Tiền Giang", "4 Lê Lai", None, None, "TX. Gò Công", "Tiền Giang"),
        (
            "4 Lê Lai, huyện Côn Lôn, tỉnh Bà Rịa - Vũng Tàu",
            "4 Lê Lai",
            None,
            "huyện Côn Lôn",
            None,
            "tỉnh Bà Rịa - Vũng Tàu",
        ),
        ("Tổ 3 - Phường Him Lam - TP Điện Biên Phủ", "Tổ 3", "Phường Him Lam", None, "TP Điện Biên Phủ", None),
        ("47 đường Xã Đàn, Đống Đa, Hà Nội", "47 đường Xã Đàn", None, "Đống Đa", "Hà Nội", None),
        ("QL 91, phường Mỹ Hòa, Long Xuyên, An Giang", "QL 91", "phường Mỹ Hòa", None, "Long Xuyên", "An Giang"),
        (
            "4 Le Lai Street, Ward 2, District 3, Ho Chi Minh City",
            "4 Le Lai Street",
            "Ward 2",
            "District 3",
            "Ho Chi Minh City",
            None,
        ),
        ("Đường 2/9", "Đường 2/9", None, None, None, None),
    ],
)
def test_addresses(
    text: str, street: str | None, ward: str | None, district: str | None, city: str | None, province: str | None
) -> None:
    assert read_address(text) == AddressParts(street, ward, district, city, province)


@pytest.mark.parametrize("text", ["62 rue des Lilas, 75016 Paris", "1 Main Street, Springfield", ""])
def test_foreign_addresses_have_no_parts(text: str) -> None:
    assert read_address(text) is None
    assert not looks_like_address(text)


@pytest.mark.parametrize(
    ("text", "number", "issued_on", "issuer"),
    [
        ("Giấy phép số 8/GP-STTTT do Sở TTTT tỉnh A, cấp ngày 1/2/2019", "8/GP-STTTT", "2019-02-01", "Sở TTTT tỉnh A"),
        (
            "Giấy phép 8/GP- TTĐT, Cục A - Bộ B cấp ngày 01 tháng 02 năm 2019.",
            "8/GP- TTĐT",
            "2019-02-01",
            "Cục A - Bộ B",
        ),
        (
            "GPXB số: 8/GP‒BC ngày 1.2.2019 của Bộ Văn hóa - Thông tin",
            "8/GP‒BC",
            "2019-02-01",
            "Bộ Văn hóa - Thông tin",
        ),
        ("Giấy phép của Bộ A số 8/GP-BTTTT 1-2-2019 - Hội C", "8/GP-BTTTT", "2019-02-01", "Bộ A"),
        ("Giấy phép số: 1025 do Sở A cấp", "1025", None, "Sở A"),
        (
            "License No. 8/GP-TTDT issued by the Ministry of Press on February 1, 2019",
            "8/GP-TTDT",
            "2019-02-01",
            "Ministry of Press",
        ),
        ("Giấy phép số 8/GP-TTĐT cấp ngày 31/2/2019", "8/GP-TTĐT", None, None),
        ("Giấy phép số 8/GP-TTĐT cấp ngày 28/04/20217", "8/GP-TTĐT", None, None),
    ],
)
def test_licences(text: str, number: str, issued_on: str | None, issuer: str | None) -> None:
    read = read_license(text)
    assert read is not None
    assert (read.license.number, read.license.issued_on, read.license.issuer) == (number, issued_on, issuer)
    assert read.bad_date == (issued_on is None and "ngày" in text)


def test_no_licence() -> None:
    assert read_license("Giấy phép số: ....../GP") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b-c@d-e.gov.vn.", [("a.b-c@d-e.gov.vn", None)]),
        ("A@B.vn; c@d.vn", [("a@b.vn", "A@B.vn"), ("c@d.vn", None)]),
        ("a [at] b [dot] gov [dot] vn", [("a@b.gov.vn", "a [at] b [dot] gov [dot] vn")]),
        ("a(@)b.vn", [("a@b.vn", "a(@)b.vn")]),
        ("a at b.vn", [("a@b.vn", "a at b.vn")]),
        ("a@b", []),
        ("@b.vn", []),
    ],
)
def test_emails(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert [(email.address, email.raw) for email in read_emails(text, labelled=True)] == expected


def test_at_is_a_word_without_label() -> None:
    assert list(read_emails("published at portal.vn")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nguồn 'www.a.gov.vn' khi", "www.a.gov.vn"),
        ("(https://a.gov.vn/vi/).", "https://a.gov.vn/vi/"),
        ("a@b.gov.vn", None),
        ("https://www.facebook.com/a và a.gov.vn", "a.gov.vn"),
        ("Bến Tre. Việt Nam", None),
    ],
)
def test_websites(text: str, expected: str | None) -> None:
    assert read_website(text) == expected


@given(st.text())
def test_forms_keep_their_length(text: str) -> None:
    assert len(fold(text)) == len(lower(text)) == len(text)


def test_words() -> None:
    assert fold("Ðịa chỉ – TOÀ") == "dia chi - toa"
    assert whole_words(["an", "an giang", "ang"]).findall("an giang, an, angle") == ["an giang", "an"]
    assert trie([]) == ""
    assert is_institution("SỞ Y TẾ") and not is_institution("Số 4") and not is_institution("Bộ phận Một cửa")
    assert stated(" .... ") == "" and stated("Đang cập nhật") == "" and stated("- Ấp 3;") == "Ấp 3"
