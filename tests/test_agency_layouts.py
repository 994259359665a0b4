"""Whole footers in many layouts. Agencies, people, numbers and streets are invented; labels and separators are not.

A key that a case leaves out is not compared.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

import pytest

from scraper.agency import read_agency
from scraper.models import Agency, to_dict


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    expected: dict[str, Any]
    page_date: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def phone(raw: str, e164: str | None, label: str | None) -> dict[str, Any]:
    return {"raw": raw, "e164": e164, "label": label}


def mail(address: str, label: str = "contact", raw: str | None = None) -> dict[str, Any]:
    return {"address": address, "label": label} | ({"raw": raw} if raw else {})


def parts(
    street: str | None, ward: str | None, district: str | None, city: str | None, province: str | None
) -> dict[str, Any]:
    return {"street": street, "ward": ward, "district": district, "city": city, "province": province}


CASES = [
    Case(
        "heading on two lines below a menu",
        """Trang chủ | Giới thiệu | Sơ đồ cổng | Liên hệ
CỔNG THÔNG TIN ĐIỆN TỬ
ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI
Chịu trách nhiệm chính: Bà Lương Thị Kiều Oanh - Chánh Văn phòng UBND tỉnh
Giấy phép số 512/GP-TTĐT ngày 05/09/2019 của Cục Phát thanh, truyền hình và thông tin điện tử
Địa chỉ: 52 Phan Bội Châu, thành phố Quảng Ngãi, tỉnh Quảng Ngãi | Điện thoại: 0255.3822 907 | Fax: 0255 3829 114
Email: congttdt[at]quangngai[dot]gov[dot]vn""",
        {
            "portal_name": "CỔNG THÔNG TIN ĐIỆN TỬ ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI",
            "managing_agency": None,
            "responsible_person": {
                "name": "Lương Thị Kiều Oanh",
                "roles": ["Chánh Văn phòng"],
                "organisation": "UBND tỉnh",
            },
            "license": {
                "number": "512/GP-TTĐT",
                "issued_on": "2019-09-05",
                "issuer": "Cục Phát thanh, truyền hình và thông tin điện tử",
            },
            "address": "52 Phan Bội Châu, thành phố Quảng Ngãi, tỉnh Quảng Ngãi",
            "address_parts": parts("52 Phan Bội Châu", None, None, "thành phố Quảng Ngãi", "tỉnh Quảng Ngãi"),
            "phones": [phone("0255.3822 907", "+842553822907", "Điện thoại")],
            "faxes": [phone("0255 3829 114", "+842553829114", "Fax")],
            "emails": [mail("congttdt@quangngai.gov.vn", raw="congttdt[at]quangngai[dot]gov[dot]vn")],
            "copyright_notice": None,
            "website": None,
        },
    ),
    Case(
        "two-tier address after July 2025",
        """© TRANG THÔNG TIN ĐIỆN TỬ PHƯỜNG CÁI RĂNG THƯỢNG
Đơn vị quản lý: Văn phòng HĐND và UBND phường Cái Răng Thượng
Người chịu trách nhiệm: Ông Mạc Thanh Liêm, Phó Chủ tịch UBND phường
Trụ sở: Số 77, đường Võ Tánh, phường Cái Răng Thượng, thành phố Cần Thơ.
ĐT: (0292) 3.815.226 - Đường dây nóng: 0292.1022
Email: cairangthuong@cantho.gov.vn""",
        {
            "portal_name": "TRANG THÔNG TIN ĐIỆN TỬ PHƯỜNG CÁI RĂNG THƯỢNG",
            "operating_unit": "Văn phòng HĐND và UBND phường Cái Răng Thượng",
            "responsible_person": {"name": "Mạc Thanh Liêm", "roles": ["Phó Chủ tịch"], "organisation": "UBND phường"},
            "address": "Số 77, đường Võ Tánh, phường Cái Răng Thượng, thành phố Cần Thơ",
            "address_parts": parts("Số 77, đường Võ Tánh", "phường Cái Răng Thượng", None, "thành phố Cần Thơ", None),
            "phones": [phone("(0292) 3.815.226", "+842923815226", "ĐT")],
            "hotlines": [phone("0292.1022", None, "Đường dây nóng")],
            "copyright_notice": None,
        },
        page_date="2025-11-03",
    ),
    Case(
        "ministry, dashes in the address, numbers named in brackets",
        """BỘ KHÍ HẬU VÀ ĐẠI DƯƠNG
Địa chỉ: 113 Trần Duy Hưng - Cầu Giấy - Hà Nội
Điện thoại: 024.3943 7056 (Văn thư), 024.3943 7058 (Bộ phận Một cửa) - Fax: 024.3943 7052
Email: vanthu@mco.gov.vn; Email nhận tin bài: toasoanweb@mco.gov.vn
Bản quyền thuộc Bộ Khí hậu và Đại dương. Ghi rõ nguồn "mco.gov.vn" khi phát hành lại thông tin từ Cổng này.""",
        {
            "portal_name": "BỘ KHÍ HẬU VÀ ĐẠI DƯƠNG",
            "address": "113 Trần Duy Hưng - Cầu Giấy - Hà Nội",
            "address_parts": parts("113 Trần Duy Hưng", None, "Cầu Giấy", "Hà Nội", None),
            "phones": [
                phone("024.3943 7056", "+842439437056", "Văn thư"),
                phone("024.3943 7058", "+842439437058", "Bộ phận Một cửa"),
            ],
            "faxes": [phone("024.3943 7052", "+842439437052", "Fax")],
            "emails": [mail("vanthu@mco.gov.vn"), mail("toasoanweb@mco.gov.vn", "submissions")],
            "copyright_notice": 'Bản quyền thuộc Bộ Khí hậu và Đại dương.\nGhi rõ nguồn "mco.gov.vn" khi phát hành lại thông tin từ Cổng này.',
            "website": "mco.gov.vn",
        },
    ),
    Case(
        "one line, labels in capitals, nothing between",
        "TRANG THÔNG TIN ĐIỆN TỬ SỞ CÔNG THƯƠNG TỈNH PHÚ YÊN CƠ QUAN CHỦ QUẢN: SỞ CÔNG THƯƠNG TỈNH PHÚ YÊN ĐỊA CHỈ: 08 TRẦN PHÚ, PHƯỜNG 5, TP TUY HÒA, TỈNH PHÚ YÊN ĐIỆN THOẠI: 0257.3841 566 FAX: 0257.3841 733 EMAIL: SCT@PHUYEN.GOV.VN",
        {
            "portal_name": "TRANG THÔNG TIN ĐIỆN TỬ SỞ CÔNG THƯƠNG TỈNH PHÚ YÊN",
            "managing_agency": "SỞ CÔNG THƯƠNG TỈNH PHÚ YÊN",
            "address": "08 TRẦN PHÚ, PHƯỜNG 5, TP TUY HÒA, TỈNH PHÚ YÊN",
            "address_parts": parts("08 TRẦN PHÚ", "PHƯỜNG 5", None, "TP TUY HÒA", "TỈNH PHÚ YÊN"),
            "phones": [phone("0257.3841 566", "+842573841566", "ĐIỆN THOẠI")],
            "faxes": [phone("0257.3841 733", "+842573841733", "FAX")],
            "emails": [mail("sct@phuyen.gov.vn", raw="SCT@PHUYEN.GOV.VN")],
        },
    ),
    Case(
        "one line with dashes",
        "Trang thông tin điện tử xã Tân Khánh Hạ - Địa chỉ: Ấp 3, xã Tân Khánh Hạ, huyện Bình Chánh Đông, TP. Hồ Chí Minh - Điện thoại: 028 3768 1204 - Fax: 028 3768 1205 - Email: tankhanhha@tphcm.gov.vn",
        {
            "portal_name": "Trang thông tin điện tử xã Tân Khánh Hạ",
            "address": "Ấp 3, xã Tân Khánh Hạ, huyện Bình Chánh Đông, TP. Hồ Chí Minh",
            "address_parts": parts("Ấp 3", "xã Tân Khánh Hạ", "huyện Bình Chánh Đông", "TP. Hồ Chí Minh", None),
            "phones": [phone("028 3768 1204", "+842837681204", "Điện thoại")],
            "faxes": [phone("028 3768 1205", "+842837681205", "Fax")],
            "emails": [mail("tankhanhha@tphcm.gov.vn")],
        },
    ),
    Case(
        "English page with nothing but a copyright line",
        """Contact us
Privacy
© 2021 Ministry of Inland Waterways. All rights reserved.""",
        {
            "portal_name": None,
            "managing_agency": None,
            "address": None,
            "phones": [],
            "emails": [],
            "copyright_notice": "© 2021 Ministry of Inland Waterways. All rights reserved.",
            "website": None,
        },
    ),
    Case(
        "bilingual labels",
        """ĐẠI HỌC NÔNG LÂM ĐỒNG THÁP MƯỜI
Địa chỉ/Address: 783 Phạm Hữu Lầu, Phường 6, TP. Cao Lãnh, tỉnh Đồng Tháp, Việt Nam
Điện thoại/Tel: (+84) 277 3881 518 - Fax: (+84) 277 3881 713
Hộp thư/Email: dhnl@dnu.edu.vn""",
        {
            "portal_name": "ĐẠI HỌC NÔNG LÂM ĐỒNG THÁP MƯỜI",
            "address": "783 Phạm Hữu Lầu, Phường 6, TP. Cao Lãnh, tỉnh Đồng Tháp, Việt Nam",
            "address_parts": parts("783 Phạm Hữu Lầu", "Phường 6", None, "TP. Cao Lãnh", "tỉnh Đồng Tháp"),
            "phones": [phone("(+84) 277 3881 518", "+842773881518", "Điện thoại/Tel")],
            "faxes": [phone("(+84) 277 3881 713", "+842773881713", "Fax")],
            "emails": [mail("dhnl@dnu.edu.vn")],
        },
    ),
    Case(
        "label and value in cells of their own",
        """SỞ TÀI NGUYÊN TỈNH BẮC KẠN
Cơ quan chủ quản
Ủy ban nhân dân tỉnh Bắc Kạn
Địa chỉ
: Tổ 4, phường Đức Xuân Hạ, thành phố Bắc Kạn, tỉnh Bắc Kạn
Điện thoại
0209 3870 122
Fax
0209 3870 911
Email
stn@backan.gov.vn
Số lượt truy cập
2 409 118""",
        {
            "portal_name": "SỞ TÀI NGUYÊN TỈNH BẮC KẠN",
            "managing_agency": "Ủy ban nhân dân tỉnh Bắc Kạn",
            "address": "Tổ 4, phường Đức Xuân Hạ, thành phố Bắc Kạn, tỉnh Bắc Kạn",
            "address_parts": parts("Tổ 4", "phường Đức Xuân Hạ", None, "thành phố Bắc Kạn", "tỉnh Bắc Kạn"),
            "phones": [phone("0209 3870 122", "+842093870122", "Điện thoại")],
            "faxes": [phone("0209 3870 911", "+842093870911", "Fax")],
            "emails": [mail("stn@backan.gov.vn")],
        },
    ),
    Case(
        "mail in disguise",
        """Báo điện tử Sóng Biển
Tổng Biên tập: NGUYỄN HỮU TÂM
Phó Tổng Biên tập: Trần Khắc Duy - Lê Mỹ Châu
Thư điện tử: toasoan (at) songbien.vn | banbandoc{at}songbien.vn
Liên hệ quảng cáo: 0909.812.340 - Email: quangcao @ songbien.vn
Giấy phép hoạt động báo chí điện tử số 418/GP-BTTTT, Bộ Thông tin và Truyền thông cấp ngày 01 tháng 7 năm 2020""",
        {
            "portal_name": "Báo điện tử Sóng Biển",
            "responsible_person": {"name": "NGUYỄN HỮU TÂM", "roles": ["Tổng Biên tập"], "organisation": None},
            "emails": [
                mail("toasoan@songbien.vn", raw="toasoan (at) songbien.vn"),
                mail("banbandoc@songbien.vn", raw="banbandoc{at}songbien.vn"),
                {"address": "quangcao@songbien.vn", "raw": "quangcao @ songbien.vn"},
            ],
            "phones": [phone("0909.812.340", "+84909812340", "Liên hệ quảng cáo")],
            "license": {"number": "418/GP-BTTTT", "issued_on": "2020-07-01", "issuer": "Bộ Thông tin và Truyền thông"},
        },
    ),
    Case(
        "numbers of 2012",
        """TRANG TIN ĐIỆN TỬ QUẬN LÊ LỢI
Địa chỉ: Số 2 Hồ Sen, quận Lê Lợi, thành phố Hải Phòng
Điện thoại: 031.3747 211 - 031.3747 212/13 - Fax: (031) 3747 200
Đường dây nóng: 01699 412 350""",
        {
            "portal_name": "TRANG TIN ĐIỆN TỬ QUẬN LÊ LỢI",
            "address_parts": parts("Số 2 Hồ Sen", None, "quận Lê Lợi", "thành phố Hải Phòng", None),
            "phones": [
                phone("031.3747 211", "+842253747211", "Điện thoại"),
                phone("031.3747 212", "+842253747212", "Điện thoại"),
                phone("13", "+842253747213", "Điện thoại"),
            ],
            "faxes": [phone("(031) 3747 200", "+842253747200", "Fax")],
            "hotlines": [phone("01699 412 350", "+84399412350", "Đường dây nóng")],
        },
        page_date="2012-04-20",
    ),
    Case(
        "one label for telephone and fax",
        """Ban Quản lý Vườn quốc gia Núi Voi
Trụ sở chính: Thôn 2, xã Đạ Tông Hạ, huyện Lạc Dương, tỉnh Lâm Đồng
Điện thoại - Fax: 0263.3747 155
Website: http://www.nuivoi.vn/""",
        {
            "portal_name": "Ban Quản lý Vườn quốc gia Núi Voi",
            "address": "Thôn 2, xã Đạ Tông Hạ, huyện Lạc Dương, tỉnh Lâm Đồng",
            "phones": [phone("0263.3747 155", "+842633747155", "Điện thoại - Fax")],
            "faxes": [phone("0263.3747 155", "+842633747155", "Điện thoại - Fax")],
            "website": "http://www.nuivoi.vn/",
        },
    ),
    Case(
        "extensions and remarks are not numbers",
        """BAN DÂN TỘC TỈNH QUẢNG NINH
Địa chỉ: Tầng 9, Trụ sở liên cơ quan số 2, phường Hồng Hà, thành phố Hạ Long, tỉnh Quảng Ninh
Điện thoại: (0203) 3835 221 (máy lẻ 105) - 02033.835.406, ext. 22 (giờ hành chính: 7h30 - 17h00)
Hotline 24/7: 1900 5588 29""",
        {
            "address": "Tầng 9, Trụ sở liên cơ quan số 2, phường Hồng Hà, thành phố Hạ Long, tỉnh Quảng Ninh",
            "address_parts": parts(
                "Tầng 9, Trụ sở liên cơ quan số 2", "phường Hồng Hà", None, "thành phố Hạ Long", "tỉnh Quảng Ninh"
            ),
            "phones": [
                phone("(0203) 3835 221", "+842033835221", "Điện thoại"),
                phone("02033.835.406", "+842033835406", "Điện thoại"),
            ],
            "hotlines": [phone("1900 5588 29", "+841900558829", "Hotline 24/7")],
        },
    ),
    Case(
        "degrees, several posts, an editor without colon",
        """Tạp chí Lúa Nước
Tổng biên tập Phan Đình Khôi
Chịu trách nhiệm nội dung: TS. Hà Quang Vịnh - Viện trưởng Viện Lúa nước, Phó Trưởng Ban Biên tập
Tòa soạn: 15A Ngô Gia Tự, P. An Cư, Q. Ninh Kiều, TP. Cần Thơ""",
        {
            "portal_name": "Tạp chí Lúa Nước",
            "responsible_person": {"name": "Phan Đình Khôi", "roles": ["Tổng biên tập"], "organisation": None},
            "address_parts": parts("15A Ngô Gia Tự", "P. An Cư", "Q. Ninh Kiều", "TP. Cần Thơ", None),
        },
    ),
    Case(
        "post before the name",
        """Cổng thông tin điện tử huyện Mường Khoa
Người chịu trách nhiệm chính: Phó Chủ tịch UBND huyện - Ông Lò Văn Păn
Bản quyền thuộc về UBND huyện Mường Khoa, tỉnh Lai Châu
Tel: 02133.791.008""",
        {
            "responsible_person": {"name": "Lò Văn Păn", "roles": ["Phó Chủ tịch"], "organisation": "UBND huyện"},
            "copyright_notice": "Bản quyền thuộc về UBND huyện Mường Khoa, tỉnh Lai Châu",
            "phones": [phone("02133.791.008", "+842133791008", "Tel")],
            "managing_agency": None,
        },
    ),
    Case(
        "names of other peoples",
        """Trang thông tin điện tử xã Ea Kpam Thượng
Trưởng Ban biên tập: Bà H'Lim Niê Kdăm - Chủ tịch UBND xã Ea Kpam Thượng
Địa chỉ: Buôn Jok, xã Ea Kpam Thượng, tỉnh Đắk Lắk
Số điện thoại: 0262.3829.777""",
        {
            "responsible_person": {
                "name": "H'Lim Niê Kdăm",
                "roles": ["Trưởng Ban biên tập", "Chủ tịch"],
                "organisation": "UBND xã Ea Kpam Thượng",
            },
            "address_parts": parts("Buôn Jok", "xã Ea Kpam Thượng", None, None, "tỉnh Đắk Lắk"),
            "phones": [phone("0262.3829.777", "+842623829777", "Số điện thoại")],
        },
    ),
    Case(
        "what is not a number",
        """CÔNG TY CỔ PHẦN THỦY NÔNG SÔNG TRANH
Giấy chứng nhận ĐKKD số 4001198765 do Sở Kế hoạch tỉnh Quảng Nam cấp ngày 12/3/2011
Mã số thuế: 4001198765
Địa chỉ: 189/7/12 Hùng Vương, phường An Xuân Đông, TP. Tam Kỳ, Quảng Nam
ĐT: 02353 851 222
Số lượt truy cập: 12.345.678
Đang online: 0235
Thiết kế bởi: VietSoft - 0988 111 222""",
        {
            "address_parts": parts("189/7/12 Hùng Vương", "phường An Xuân Đông", None, "TP. Tam Kỳ", "Quảng Nam"),
            "phones": [phone("02353 851 222", "+842353851222", "ĐT")],
            "hotlines": [],
            "license": None,
        },
    ),
    Case(
        "area code of another province",
        """SỞ DU LỊCH TỈNH BẾN TRE
Địa chỉ: Số 65 Đồng Văn Cống, phường 7, thành phố Bến Tre, tỉnh Bến Tre
Điện thoại: 0257.3822 909 - Fax: 0275.3822 910""",
        {
            "phones": [phone("0257.3822 909", None, "Điện thoại")],
            "faxes": [phone("0275.3822 910", "+842753822910", "Fax")],
        },
    ),
    Case(
        "an area code for all",
        """HỘI NÔNG DÂN TỈNH HẢI DƯƠNG
Địa chỉ: Số 30 đường Thanh Niên, thành phố Hải Dương
Điện thoại: 0220.3853 512; 3853 655 - Fax: 3853 513""",
        {
            "phones": [
                phone("0220.3853 512", "+842203853512", "Điện thoại"),
                phone("3853 655", "+842203853655", "Điện thoại"),
            ],
            "faxes": [phone("3853 513", "+842203853513", "Fax")],
            "address_parts": parts("Số 30 đường Thanh Niên", None, None, "thành phố Hải Dương", None),
        },
    ),
    Case(
        "an embassy",
        """ĐẠI SỨ QUÁN VIỆT NAM TẠI CỘNG HÒA VENTORA
Địa chỉ: 62 rue Boileau, 75016 Paris
Điện thoại: +33 1 44 14 64 21 - Fax: +33 1 45 24 39 48
Email: vnparis@mofa.example.org""",
        {
            "address": "62 rue Boileau, 75016 Paris",
            "address_parts": None,
            "phones": [phone("+33 1 44 14 64 21", "+33144146421", "Điện thoại")],
            "faxes": [phone("+33 1 45 24 39 48", "+33145243948", "Fax")],
        },
    ),
    Case(
        "a city within a city",
        """TRUNG TÂM CHUYỂN ĐỔI SỐ THÀNH PHỐ
Trụ sở: Tầng 5, Tòa nhà Sao Mai, số 9 đường D2, phường Tăng Nhơn, TP. Thủ Đức, TP. Hồ Chí Minh
Tổng đài: 1022 - Điện thoại: (028)-3520.2727""",
        {
            "address_parts": parts(
                "Tầng 5, Tòa nhà Sao Mai, số 9 đường D2", "phường Tăng Nhơn", "TP. Thủ Đức", "TP. Hồ Chí Minh", None
            ),
            "phones": [phone("1022", None, "Tổng đài"), phone("(028)-3520.2727", "+842835202727", "Điện thoại")],
        },
    ),
    Case(
        "no tone marks",
        """TRUNG TAM KHUYEN NONG TINH TIEN GIANG
Dia chi: 12 Le Loi, Phuong 1, TP. My Tho, Tinh Tien Giang
Dien thoai: 0273.3872 555 - Fax: 0273.3872 556
Email: ttkn@tiengiang.gov.vn""",
        {
            "address": "12 Le Loi, Phuong 1, TP. My Tho, Tinh Tien Giang",
            "address_parts": parts("12 Le Loi", "Phuong 1", None, "TP. My Tho", "Tinh Tien Giang"),
            "phones": [phone("0273.3872 555", "+842733872555", "Dien thoai")],
            "faxes": [phone("0273.3872 556", "+842733872556", "Fax")],
        },
    ),
    Case(
        "rooms with numbers of their own",
        """ỦY BAN NHÂN DÂN HUYỆN KỲ LỘC
Điện thoại: Văn thư: 0239.3865 102; Phòng Tiếp công dân: 0239.3865 140
Phòng Nội vụ: 0239.3865 177""",
        {
            "portal_name": "ỦY BAN NHÂN DÂN HUYỆN KỲ LỘC",
            "phones": [
                phone("0239.3865 102", "+842393865102", "Văn thư"),
                phone("0239.3865 140", "+842393865140", "Phòng Tiếp công dân"),
                phone("0239.3865 177", "+842393865177", "Phòng Nội vụ"),
            ],
        },
    ),
    Case(
        "initials for labels",
        """Institute of Coral Studies
A: 7 Bach Dang, Vinh Hai Ward, Nha Trang City, Khanh Hoa Province
T: +84 258 3590 036 | F: +84 258 3590 034 | E: office@coral.vn | W: www.coral.vn""",
        {
            "portal_name": "Institute of Coral Studies",
            "address": "7 Bach Dang, Vinh Hai Ward, Nha Trang City, Khanh Hoa Province",
            "address_parts": parts("7 Bach Dang", "Vinh Hai Ward", None, "Nha Trang City", "Khanh Hoa Province"),
            "phones": [phone("+84 258 3590 036", "+842583590036", "T")],
            "faxes": [phone("+84 258 3590 034", "+842583590034", "F")],
            "emails": [mail("office@coral.vn")],
            "website": "www.coral.vn",
        },
    ),
    Case(
        "dashes of all kinds between numbers",
        """Chi cục Kiểm lâm tỉnh Hòa Bình
Điện thoại: 0218.3852 099 - 3852 100 – 0218-3853011
Fax: 02183852101-02183852102""",
        {
            "phones": [
                phone("0218.3852 099", "+842183852099", "Điện thoại"),
                phone("3852 100", "+842183852100", "Điện thoại"),
                phone("0218-3853011", "+842183853011", "Điện thoại"),
            ],
            "faxes": [phone("02183852101", "+842183852101", "Fax"), phone("02183852102", "+842183852102", "Fax")],
        },
    ),
    Case(
        "short forms in the address",
        """UBND THỊ TRẤN CÁI MƠN
Địa chỉ: Khu 1, TT. Cái Mơn, H. Cái Bè Nam, T. Tiền Giang
Điện thoại 0273.3923 004 Fax 0273.3923 005 Email ttcaimon@tiengiang.gov.vn""",
        {
            "address_parts": parts("Khu 1", "TT. Cái Mơn", "H. Cái Bè Nam", None, "T. Tiền Giang"),
            "phones": [phone("0273.3923 004", "+842733923004", "Điện thoại")],
            "faxes": [phone("0273.3923 005", "+842733923005", "Fax")],
            "emails": [mail("ttcaimon@tiengiang.gov.vn")],
        },
    ),
    Case(
        "a special zone",
        """ĐẶC KHU HÒN KHOAI
Cơ quan chủ quản: Ủy ban nhân dân đặc khu Hòn Khoai
Địa chỉ: Số 1 Bãi Sau, đặc khu Hòn Khoai, tỉnh Cà Mau
Điện thoại: 0291 3868 440""",
        {
            "managing_agency": "Ủy ban nhân dân đặc khu Hòn Khoai",
            "address_parts": parts("Số 1 Bãi Sau", "đặc khu Hòn Khoai", None, None, "tỉnh Cà Mau"),
            "phones": [phone("0291 3868 440", "+842913868440", "Điện thoại")],
        },
        page_date="2026-01-15",
    ),
    Case(
        "the source sentence alone gives the site",
        """TRANG THÔNG TIN ĐIỆN TỬ THỊ XÃ BÌNH LONG ĐÔNG
Quản trị: Phòng Văn hóa và Thông tin thị xã
Trưởng ban: Nguyễn Thái Sơn - Phó Chủ tịch UBND thị xã
Đề nghị ghi rõ nguồn www.binhlongdong.gov.vn khi sử dụng lại thông tin từ website này.
Theo dõi chúng tôi: https://www.facebook.com/binhlongdong
Designed by Công ty Phần mềm Sao Khuê""",
        {
            "operating_unit": "Phòng Văn hóa và Thông tin thị xã",
            "responsible_person": {
                "name": "Nguyễn Thái Sơn",
                "roles": ["Trưởng ban", "Phó Chủ tịch"],
                "organisation": "UBND thị xã",
            },
            "copyright_notice": "Đề nghị ghi rõ nguồn www.binhlongdong.gov.vn khi sử dụng lại thông tin từ website này.",
            "website": "www.binhlongdong.gov.vn",
        },
    ),
    Case(
        "two offices, the second behind a label nobody knows",
        """Báo Miền Thượng
Cơ quan ngôn luận của Hội Trồng rừng Việt Nam
Tòa soạn: Số 5, ngõ 12, phố Khương Hạ, quận Thanh Xuân, Hà Nội. ĐT: 04.38583 201. Fax: 04.38583 202
Văn phòng đại diện tại Tây Nguyên: 31 Quang Trung, TP. Buôn Ma Thuột, Đắk Lắk. ĐT: 0500.3811 455
Giấy phép số: 77/GP-BTTTT
Cấp ngày: 09/02/2013
Cơ quan cấp: Bộ Thông tin và Truyền thông""",
        {
            "managing_agency": "Hội Trồng rừng Việt Nam",
            "address": "Số 5, ngõ 12, phố Khương Hạ, quận Thanh Xuân, Hà Nội",
            "phones": [phone("04.38583 201", "+842438583201", "ĐT"), phone("0500.3811 455", "+842623811455", "ĐT")],
            "faxes": [phone("04.38583 202", "+842438583202", "Fax")],
            "license": {"number": "77/GP-BTTTT", "issued_on": "2013-02-09", "issuer": "Bộ Thông tin và Truyền thông"},
        },
        page_date="2014-08-01",
    ),
    Case(
        "a line broken in mid-address",
        """HUYỆN ỦY CHÂU PHÚ ĐÔNG
Địa chỉ: Số 18, đường Nguyễn Văn Thoại,
ấp Vĩnh Bình, thị trấn Cái Dầu Hạ, huyện Châu Phú Đông, tỉnh An Giang
Ghi rõ nguồn "Huyện ủy Châu Phú Đông" khi phát hành lại
thông tin từ trang này.""",
        {
            "portal_name": "HUYỆN ỦY CHÂU PHÚ ĐÔNG",
            "address": "Số 18, đường Nguyễn Văn Thoại, ấp Vĩnh Bình, thị trấn Cái Dầu Hạ, huyện Châu Phú Đông, tỉnh An Giang",
            "address_parts": parts(
                "Số 18, đường Nguyễn Văn Thoại, ấp Vĩnh Bình",
                "thị trấn Cái Dầu Hạ",
                "huyện Châu Phú Đông",
                None,
                "tỉnh An Giang",
            ),
            "copyright_notice": 'Ghi rõ nguồn "Huyện ủy Châu Phú Đông" khi phát hành lại thông tin từ trang này.',
        },
    ),
    Case(
        "being updated",
        """CỔNG THÔNG TIN ĐIỆN TỬ XÃ HƯNG THÁI BẮC
Cơ quan chủ quản: Đang cập nhật
Địa chỉ: ....................
Điện thoại: …
Email: {email}""",
        {
            "portal_name": "CỔNG THÔNG TIN ĐIỆN TỬ XÃ HƯNG THÁI BẮC",
            "managing_agency": None,
            "address": None,
            "phones": [],
            "emails": [],
        },
    ),
    Case(
        "capital's portal, one label per line, semicolons",
        """CỔNG GIAO TIẾP ĐIỆN TỬ THÀNH PHỐ SÔNG NHUỆ
Cơ quan chủ quản: UBND Thành phố Sông Nhuệ - Đơn vị quản lý: Văn phòng UBND Thành phố
Giấy phép số: 61/GP-TTĐT do Sở Thông tin - Truyền thông thành phố cấp ngày 19 tháng 05 năm 2020
Trưởng Ban biên tập: ông Vương Đức Lộc, Phó Chánh Văn phòng UBND Thành phố
Trụ sở: Số 4 Hàng Trống, quận Hoàn Kiếm, Hà Nội; Điện thoại: 080.43591; 024.3824 6621; Email: vanthu@songnhue.gov.vn""",
        {
            "portal_name": "CỔNG GIAO TIẾP ĐIỆN TỬ THÀNH PHỐ SÔNG NHUỆ",
            "managing_agency": "UBND Thành phố Sông Nhuệ",
            "operating_unit": "Văn phòng UBND Thành phố",
            "license": {
                "number": "61/GP-TTĐT",
                "issued_on": "2020-05-19",
                "issuer": "Sở Thông tin - Truyền thông thành phố",
            },
            "responsible_person": {
                "name": "Vương Đức Lộc",
                "roles": ["Trưởng Ban biên tập", "Phó Chánh Văn phòng"],
                "organisation": "UBND Thành phố",
            },
            "address": "Số 4 Hàng Trống, quận Hoàn Kiếm, Hà Nội",
            "phones": [
                phone("080.43591", "+848043591", "Điện thoại"),
                phone("024.3824 6621", "+842438246621", "Điện thoại"),
            ],
        },
    ),
    Case(
        "a paper with deputies and a prohibition",
        """BÁO BIỂN BẮC ĐIỆN TỬ
Cơ quan ngôn luận của ĐẢNG BỘ TỈNH QUẢNG BÌNH
Giấy phép: Số 150/GP-BC của Bộ Văn hóa - Thông tin ngày 12 tháng 8 năm 2002
Tổng Biên tập: Cao Xuân Tứ
Phó Tổng Biên tập: Lại Thị Hường, Trương Bảo
Tòa soạn: 01 Trần Quang Khải, TP Đồng Hới, Quảng Bình - ĐT: (0232) 3822 031 - Fax: (0232) 3822 033
® Cấm sao chép dưới mọi hình thức nếu không có sự chấp thuận bằng văn bản.""",
        {
            "portal_name": "BÁO BIỂN BẮC ĐIỆN TỬ",
            "managing_agency": "ĐẢNG BỘ TỈNH QUẢNG BÌNH",
            "license": {"number": "150/GP-BC", "issued_on": "2002-08-12", "issuer": "Bộ Văn hóa - Thông tin"},
            "responsible_person": {"name": "Cao Xuân Tứ", "roles": ["Tổng Biên tập"], "organisation": None},
            "address": "01 Trần Quang Khải, TP Đồng Hới, Quảng Bình",
            "address_parts": parts("01 Trần Quang Khải", None, None, "TP Đồng Hới", "Quảng Bình"),
            "phones": [phone("(0232) 3822 031", "+842323822031", "ĐT")],
            "faxes": [phone("(0232) 3822 033", "+842323822033", "Fax")],
            "copyright_notice": "® Cấm sao chép dưới mọi hình thức nếu không có sự chấp thuận bằng văn bản.",
        },
    ),
    Case(
        "brackets and dots around an old three-digit code",
        """Sở Xây dựng Nghệ An
Địa chỉ: Đại lộ Lênin, TP Vinh
Điện thoại: (038).3840 553 - Fax: (038).3843 771""",
        {
            "portal_name": "Sở Xây dựng Nghệ An",
            "address_parts": parts("Đại lộ Lênin", None, None, "TP Vinh", None),
            "phones": [phone("(038).3840 553", "+842383840553", "Điện thoại")],
            "faxes": [phone("(038).3843 771", "+842383843771", "Fax")],
        },
        page_date="2012-05-06",
    ),
    Case(
        "stars between, the south before 2017",
        """Công ty TNHH MTV Thoát nước Gia Định
107 Ung Văn Khiêm, Phường 25, Quận Bình Thạnh, TP.HCM
Tel : (84.8) 38 297 834 - 38 297 835 * Fax: (84.8) 38 297 836""",
        {
            "portal_name": "Công ty TNHH MTV Thoát nước Gia Định",
            "address": "107 Ung Văn Khiêm, Phường 25, Quận Bình Thạnh, TP.HCM",
            "address_parts": parts("107 Ung Văn Khiêm", "Phường 25", "Quận Bình Thạnh", "TP.HCM", None),
            "phones": [phone("(84.8) 38 297 834", "+842838297834", "Tel"), phone("38 297 835", "+842838297835", "Tel")],
            "faxes": [phone("(84.8) 38 297 836", "+842838297836", "Fax")],
        },
        page_date="2013-10-10",
    ),
    Case(
        "before 2008",
        """SỞ KHOA HỌC TP. HỒ CHÍ MINH
Địa chỉ: 273 Điện Biên Phủ, Quận 3, TP. Hồ Chí Minh
Điện thoại: (08) 9 307 164 - 9307165; Fax: 84-8-9307206""",
        {
            "phones": [
                phone("(08) 9 307 164", "+842839307164", "Điện thoại"),
                phone("9307165", "+842839307165", "Điện thoại"),
            ],
            "faxes": [phone("84-8-9307206", "+842839307206", "Fax")],
        },
        page_date="2005-03-11",
    ),
    Case(
        "a hospital with two sites",
        """BỆNH VIỆN ĐA KHOA SÔNG CẦU
Cơ sở 1: Số 479 Lương Ngọc Quyến, phường Phan Đình Phùng, TP. Thái Nguyên
Cơ sở 2: Xóm Đồng Bẩm, xã Đồng Bẩm, TP. Thái Nguyên
Điện thoại: 0208.3855 840 – Hotline Bệnh viện: 0967.851.115 (Bà Hạnh)
Cấp cứu: 115""",
        {
            "portal_name": "BỆNH VIỆN ĐA KHOA SÔNG CẦU",
            "address": "Số 479 Lương Ngọc Quyến, phường Phan Đình Phùng, TP. Thái Nguyên",
            "phones": [phone("0208.3855 840", "+842083855840", "Điện thoại")],
            "hotlines": [phone("0967.851.115", "+84967851115", "Hotline Bệnh viện")],
        },
    ),
    Case(
        "address without commas",
        """ỦY BAN MẶT TRẬN TỔ QUỐC VIỆT NAM TỈNH LONG AN
Địa chỉ: Số 05 đường Hùng Vương phường 2 thành phố Tân An tỉnh Long An
SĐT: 0272.3826 118""",
        {
            "portal_name": "ỦY BAN MẶT TRẬN TỔ QUỐC VIỆT NAM TỈNH LONG AN",
            "address_parts": parts("Số 05 đường Hùng Vương", "phường 2", None, "thành phố Tân An", "tỉnh Long An"),
            "phones": [phone("0272.3826 118", "+842723826118", "SĐT")],
        },
    ),
    Case(
        "several posts, the office with the first",
        """TRANG THÔNG TIN ĐIỆN TỬ SỞ VĂN HÓA TỈNH SÓC TRĂNG
Chịu trách nhiệm nội dung: (Bà) Sơn Thị Sa Rây - Phó Giám đốc Sở - Trưởng Ban Biên tập
Đ/c: 56 Tôn Đức Thắng, P.6, TP. Sóc Trăng, Sóc Trăng
ĐT: 0299.3822 337 – Di động: 0786 900 113""",
        {
            "responsible_person": {
                "name": "Sơn Thị Sa Rây",
                "roles": ["Phó Giám đốc", "Trưởng Ban Biên tập"],
                "organisation": "Sở",
            },
            "address": "56 Tôn Đức Thắng, P.6, TP. Sóc Trăng, Sóc Trăng",
            "address_parts": parts("56 Tôn Đức Thắng", "P.6", None, "TP. Sóc Trăng", "Sóc Trăng"),
            "phones": [phone("0299.3822 337", "+842993822337", "ĐT"), phone("0786 900 113", "+84786900113", "Di động")],
        },
        page_date="2022-02-02",
    ),
    Case(
        "copyright with a developer's credit",
        """SỞ Y TẾ TỈNH KON TUM
Copyright © 2019 by Sở Y tế tỉnh Kon Tum. All rights reserved. Phát triển bởi VNSoft Kon Tum
Ghi rõ nguồn "Trang thông tin điện tử Sở Y tế" khi phát hành lại thông tin từ trang này""",
        {
            "portal_name": "SỞ Y TẾ TỈNH KON TUM",
            "operating_unit": None,
            "copyright_notice": 'Copyright © 2019 by Sở Y tế tỉnh Kon Tum. All rights reserved.\nGhi rõ nguồn "Trang thông tin điện tử Sở Y tế" khi phát hành lại thông tin từ trang này',
            "website": None,
        },
    ),
    Case(
        "English with short words for districts",
        """Department of Fisheries Resources
Address: No. 12, Le Duan Street, District 1, Ho Chi Minh City, Vietnam
Tel: (84-28) 3823 1120 ext. 14; Hotline: +84 912 345 671
License No. 44/GP-TTDT issued on 12 May 2019 by the Authority of Broadcasting
Copyright (c) 2019-2024 Department of Fisheries Resources""",
        {
            "portal_name": "Department of Fisheries Resources",
            "address": "No. 12, Le Duan Street, District 1, Ho Chi Minh City, Vietnam",
            "address_parts": parts("No. 12, Le Duan Street", None, "District 1", "Ho Chi Minh City", None),
            "phones": [phone("(84-28) 3823 1120", "+842838231120", "Tel")],
            "hotlines": [phone("+84 912 345 671", "+84912345671", "Hotline")],
            "license": {"number": "44/GP-TTDT", "issued_on": "2019-05-12"},
            "copyright_notice": "Copyright (c) 2019-2024 Department of Fisheries Resources",
        },
    ),
    Case(
        "name and address in one line without labels",
        """Trường Cao đẳng Nghề Vĩnh Thạnh - Số 86 Lý Tự Trọng, phường Cái Vồn, thị xã Bình Minh, tỉnh Vĩnh Long
Phòng Đào tạo: 0270.3890 144 * Phòng Hành chính: 0270.3890 145""",
        {
            "portal_name": "Trường Cao đẳng Nghề Vĩnh Thạnh",
            "address": "Số 86 Lý Tự Trọng, phường Cái Vồn, thị xã Bình Minh, tỉnh Vĩnh Long",
            "address_parts": parts("Số 86 Lý Tự Trọng", "phường Cái Vồn", None, "thị xã Bình Minh", "tỉnh Vĩnh Long"),
            "phones": [
                phone("0270.3890 144", "+842703890144", "Phòng Đào tạo"),
                phone("0270.3890 145", "+842703890145", "Phòng Hành chính"),
            ],
        },
    ),
    Case(
        "counters and links before the block",
        """Liên kết website
Bộ Công an
Sở Nội vụ Bình Phước
SỐ LƯỢT TRUY CẬP
0
3
1
4
8
SỐ LƯỢT ĐANG ONLINE: 0000012
Trang chủ|Liên hệ|Sơ đồ site|RSS|Lên đầu trang
Giấy phép số 18/GP-STTTT do Sở Thông tin và Truyền thông tỉnh Bình Phước cấp ngày 30/11/2015
Chịu trách nhiệm về nội dung: Ông Điểu Kré - Trưởng Ban biên tập, Giám đốc Sở Ngoại vụ tỉnh Bình Phước.
Địa chỉ: Đường 6 tháng 1, phường Tân Phú, thị xã Đồng Xoài, tỉnh Bình Phước.
Điện thoại: 0271.3887 100 - Fax: 0271.3887 101 - Email: bbt_web.sngv@binhphuoc.gov.vn""",
        {
            "portal_name": None,
            "managing_agency": None,
            "license": {
                "number": "18/GP-STTTT",
                "issued_on": "2015-11-30",
                "issuer": "Sở Thông tin và Truyền thông tỉnh Bình Phước",
            },
            "responsible_person": {
                "name": "Điểu Kré",
                "roles": ["Trưởng Ban biên tập", "Giám đốc"],
                "organisation": "Sở Ngoại vụ tỉnh Bình Phước",
            },
            "address": "Đường 6 tháng 1, phường Tân Phú, thị xã Đồng Xoài, tỉnh Bình Phước",
            "phones": [phone("0271.3887 100", "+842713887100", "Điện thoại")],
            "emails": [mail("bbt_web.sngv@binhphuoc.gov.vn")],
        },
    ),
    Case(
        "posts before and after a comrade's name",
        """® TRANG THÔNG TIN ĐIỆN TỬ HUYỆN ĐẮK LẤP ĐÔNG - TỈNH ĐẮK NÔNG
Giấy phép số:  21/GPTTĐT-STTTT, do Sở Thông tin - Truyền thông tỉnh Đắk Nông cấp ngày 07/04/2017
Cơ quan chủ quản: Ủy ban nhân dân huyện Đắk Lấp Đông
Chịu trách nhiệm về nội dung:  Đ/c: Lê Quang Dần - Phó Chủ tich UBND huyện - Trưởng Ban biên tập.""",
        {
            "portal_name": "TRANG THÔNG TIN ĐIỆN TỬ HUYỆN ĐẮK LẤP ĐÔNG - TỈNH ĐẮK NÔNG",
            "license": {
                "number": "21/GPTTĐT-STTTT",
                "issued_on": "2017-04-07",
                "issuer": "Sở Thông tin - Truyền thông tỉnh Đắk Nông",
            },
            "responsible_person": {
                "name": "Lê Quang Dần",
                "roles": ["Phó Chủ tich", "Trưởng Ban biên tập"],
                "organisation": "UBND huyện",
            },
            "copyright_notice": None,
        },
    ),
    Case(
        "a mobile with the look of an old landline in another province",
        """UBND XÃ TÂN HÀO
Địa chỉ: Ấp Tân Lợi, xã Tân Hào, huyện Giồng Trôm, tỉnh Bến Tre
Hotline: 0383 115 226""",
        {"hotlines": [phone("0383 115 226", "+84383115226", "Hotline")]},
    ),
    Case(
        "an old landline of the province, no date",
        """UBND XÃ DIỄN HẢI
Địa chỉ: Xóm 2, xã Diễn Hải, huyện Diễn Châu, tỉnh Nghệ An
Điện thoại: 0383 115 226""",
        {"phones": [phone("0383 115 226", None, "Điện thoại")]},
    ),
    Case(
        "the label behind a bare number",
        """CÔNG AN HUYỆN TÂN TRỤ
0272.3867 103 (Trực ban)
0272.3867 190
catantru@longan.gov.vn""",
        {
            "portal_name": "CÔNG AN HUYỆN TÂN TRỤ",
            "phones": [
                phone("0272.3867 103", "+842723867103", "Trực ban"),
                phone("0272.3867 190", "+842723867190", None),
            ],
            "emails": [mail("catantru@longan.gov.vn")],
        },
    ),
    Case(
        "district and province by abbreviations, country",
        """Viện Cây ăn quả Ba Lai
Địa chỉ: Km 1975, QL1A, X. Long Định, H. Châu Thành, Tiền Giang - Việt Nam
Tel/Fax: 0273.3893 129""",
        {
            "address_parts": parts("Km 1975, QL1A", "X. Long Định", "H. Châu Thành", None, "Tiền Giang"),
            "phones": [phone("0273.3893 129", "+842733893129", "Tel/Fax")],
            "faxes": [phone("0273.3893 129", "+842733893129", "Tel/Fax")],
        },
    ),
    Case(
        "an operator by another name, an organisation that answers",
        """Cổng Thông tin điện tử Bộ Kinh tế biển
Đơn vị vận hành: Cục Chuyển đổi số
Chịu trách nhiệm nội dung: Văn phòng Bộ
Địa chỉ: Số 6B Hoàng Diệu, phường Ba Đình, thành phố Hà Nội
Điện thoại liên hệ: 080.44127 - (024) 3733 0144
Đường dây nóng tiếp nhận phản ánh: 1900.6171 (nhánh 3)""",
        {
            "portal_name": "Cổng Thông tin điện tử Bộ Kinh tế biển",
            "operating_unit": "Cục Chuyển đổi số",
            "responsible_person": None,
            "address_parts": parts("Số 6B Hoàng Diệu", "phường Ba Đình", None, "thành phố Hà Nội", None),
            "phones": [
                phone("080.44127", "+848044127", "Điện thoại liên hệ"),
                phone("(024) 3733 0144", "+842437330144", "Điện thoại liên hệ"),
            ],
            "hotlines": [phone("1900.6171", "+8419006171", "Đường dây nóng tiếp nhận phản ánh")],
        },
    ),
    Case(
        "sentence first, agency in the copyright line only",
        """© 2020 Bản quyền thuộc Cục Thú y miền Đông
Khi sử dụng thông tin, đề nghị ghi rõ nguồn "Cục Thú y miền Đông".
Phụ trách: Bs. Kha Thị Út - Q. Trưởng phòng Hành chính
Điện thoại : 0251 3822 115/116; Fax : 0251 3822 117""",
        {
            "portal_name": None,
            "managing_agency": None,
            "copyright_notice": '© 2020 Bản quyền thuộc Cục Thú y miền Đông\nKhi sử dụng thông tin, đề nghị ghi rõ nguồn "Cục Thú y miền Đông".',
            "responsible_person": {"name": "Kha Thị Út", "roles": ["Q. Trưởng phòng Hành chính"], "organisation": None},
            "phones": [
                phone("0251 3822 115", "+842513822115", "Điện thoại"),
                phone("116", "+842513822116", "Điện thoại"),
            ],
            "faxes": [phone("0251 3822 117", "+842513822117", "Fax")],
        },
    ),
    Case(
        "licence by initials, pairs with bare hyphens",
        """TRUNG TÂM CÔNG BÁO TỈNH ĐỒNG NAI
Cơ quan chủ quản : UBND TỈNH ĐỒNG NAI
GP số 106/GP-TTĐT cấp ngày 31/05/2011 bởi Cục QL Phát thanh truyền hình và TTĐT - Bộ TT&TT
Điện thoại: 0251.3822.501-3822.502 * Fax: (0251)-3822.503 * Email: congbao@dongnai.gov.vn""",
        {
            "portal_name": "TRUNG TÂM CÔNG BÁO TỈNH ĐỒNG NAI",
            "managing_agency": "UBND TỈNH ĐỒNG NAI",
            "license": {
                "number": "106/GP-TTĐT",
                "issued_on": "2011-05-31",
                "issuer": "Cục QL Phát thanh truyền hình và TTĐT - Bộ TT&TT",
            },
            "phones": [
                phone("0251.3822.501", "+842513822501", "Điện thoại"),
                phone("3822.502", "+842513822502", "Điện thoại"),
            ],
            "faxes": [phone("(0251)-3822.503", "+842513822503", "Fax")],
            "emails": [mail("congbao@dongnai.gov.vn")],
        },
    ),
    Case(
        "numbers below each other",
        """HUYỆN ĐOÀN TÂN BIÊN HẠ
Điện thoại: 0276.3874 101
0276.3874 102
Fax:
0276.3874 103
Email: huyendoan@tayninh.gov.vn""",
        {
            "phones": [
                phone("0276.3874 101", "+842763874101", "Điện thoại"),
                phone("0276.3874 102", "+842763874102", "Điện thoại"),
            ],
            "faxes": [phone("0276.3874 103", "+842763874103", "Fax")],
        },
    ),
    Case(
        "remarks behind hotlines",
        """SỞ LAO ĐỘNG TỈNH HÀ NAM
Phòng Tổ chức - Hành chính: 0226.3852 400
Đường dây nóng: 0226.3852 401 (trong giờ hành chính); 0913.45.61.19 (24/24h)""",
        {
            "phones": [phone("0226.3852 400", "+842263852400", "Phòng Tổ chức - Hành chính")],
            "hotlines": [
                phone("0226.3852 401", "+842263852401", "Đường dây nóng"),
                phone("0913.45.61.19", "+84913456119", "Đường dây nóng"),
            ],
        },
    ),
    Case(
        "a street that is called like a city, a branch elsewhere",
        """TẠP CHÍ VẬN TẢI BIỂN
Trụ sở: Số 218 Phố Huế, Hai Bà Trưng, Hà Nội - Điện thoại: 024.3942 0761
Văn phòng phía Nam: 36 Hà Tiên, phường 2, quận Tân Bình, TP.HCM - Điện thoại: 028.3844 1907
Tổng Biên tập: Đoàn Kim Oanh; Phó Tổng Biên tập: Phạm Như Ý""",
        {
            "address_parts": parts("Số 218 Phố Huế", None, "Hai Bà Trưng", "Hà Nội", None),
            "phones": [
                phone("024.3942 0761", "+842439420761", "Điện thoại"),
                phone("028.3844 1907", "+842838441907", "Điện thoại"),
            ],
            "responsible_person": {"name": "Đoàn Kim Oanh", "roles": ["Tổng Biên tập"], "organisation": None},
        },
    ),
    Case(
        "Huế as a city of its own",
        """Bảo tàng Cung đình sông Hương
Địa chỉ: 16 Lê Trực, phường Thuận Hóa, thành phố Huế
Tel: 0234.3524 429""",
        {
            "portal_name": "Bảo tàng Cung đình sông Hương",
            "address_parts": parts("16 Lê Trực", "phường Thuận Hóa", None, "thành phố Huế", None),
            "phones": [phone("0234.3524 429", "+842343524429", "Tel")],
        },
        page_date="2026-03-01",
    ),
    Case(
        "the seat is an office's building",
        """UBND XÃ THẠNH LỘC TÂY
Trụ sở: UBND xã Thạnh Lộc Tây, ấp 4, xã Thạnh Lộc Tây, huyện Cai Lậy Bắc, tỉnh Tiền Giang
Chịu trách nhiệm nội dung: Phòng Tin học - Văn phòng UBND huyện
ĐT: 0273 3829 611""",
        {
            "portal_name": "UBND XÃ THẠNH LỘC TÂY",
            "address": "UBND xã Thạnh Lộc Tây, ấp 4, xã Thạnh Lộc Tây, huyện Cai Lậy Bắc, tỉnh Tiền Giang",
            "address_parts": parts(
                "UBND xã Thạnh Lộc Tây, ấp 4", "xã Thạnh Lộc Tây", "huyện Cai Lậy Bắc", None, "tỉnh Tiền Giang"
            ),
            "responsible_person": None,
        },
    ),
    Case(
        "copyright in front of the portal's name",
        """Copyright © 2015 CỔNG THÔNG TIN ĐIỆN TỬ TỈNH TRÀ VINH. Bảo lưu mọi quyền.
Quản trị nội dung: Văn phòng UBND tỉnh - Điện thoại: 0294.3855 990
Người chịu trách nhiệm: Ông Thạch Sô Phát, Phó CVP UBND tỉnh""",
        {
            "portal_name": None,
            "copyright_notice": "Copyright © 2015 CỔNG THÔNG TIN ĐIỆN TỬ TỈNH TRÀ VINH. Bảo lưu mọi quyền.",
            "operating_unit": "Văn phòng UBND tỉnh",
            "phones": [phone("0294.3855 990", "+842943855990", "Điện thoại")],
            "responsible_person": {"name": "Thạch Sô Phát", "roles": ["Phó CVP"], "organisation": "UBND tỉnh"},
        },
    ),
    Case(
        "army",
        """BỘ CHỈ HUY BIÊN PHÒNG TỈNH SƠN LA
Địa chỉ: Tổ 9, phường Chiềng Sinh, TP Sơn La
Điện thoại: 069.2682.114 - 0212 3852 870
Fax: 069 268 215""",
        {
            "portal_name": "BỘ CHỈ HUY BIÊN PHÒNG TỈNH SƠN LA",
            "phones": [
                phone("069.2682.114", None, "Điện thoại"),
                phone("0212 3852 870", "+842123852870", "Điện thoại"),
            ],
            "faxes": [phone("069 268 215", "+8469268215", "Fax")],
        },
    ),
    Case(
        "government network with a stray blank",
        """VĂN PHÒNG BAN CHỈ ĐẠO TRUNG ƯƠNG
Điện thoại: 08 045219; 08045220 / 21""",
        {
            "phones": [
                phone("08 045219", "+848045219", "Điện thoại"),
                phone("08045220", "+848045220", "Điện thoại"),
                phone("21", "+848045221", "Điện thoại"),
            ],
        },
    ),
    Case(
        "decomposed letters, no-break spaces, zero-width spaces",
        "CÔ\u0309NG THÔNG TIN ĐIÊ\u0323N TỬ HUYỆN YÊN MÔ ĐÔNG\n\u200bCơ\u00a0quan chu\u0309 quản\u00a0:\u00a0UBND huyện Yên Mô Đông\n\u00d0ịa chỉ: Phố Trung Sơn, thị trấn Yên Thịnh Đông,\u00a0huyện Yên Mô Đông, tỉnh Ninh Bình\u200b.\n\u00d0T: 0229\u00a03869\u00a0204",
        {
            "portal_name": "CỔNG THÔNG TIN ĐIỆN TỬ HUYỆN YÊN MÔ ĐÔNG",
            "managing_agency": "UBND huyện Yên Mô Đông",
            "address": "Phố Trung Sơn, thị trấn Yên Thịnh Đông, huyện Yên Mô Đông, tỉnh Ninh Bình",
            "address_parts": parts(
                "Phố Trung Sơn", "thị trấn Yên Thịnh Đông", "huyện Yên Mô Đông", None, "tỉnh Ninh Bình"
            ),
            "phones": [phone("0229 3869 204", "+842293869204", "ÐT")],
        },
    ),
    Case(
        "cells run together, capitals",
        "SỞ NỘI VỤ TỈNH LẠNG SƠNĐỊA CHỈ: SỐ 2 ĐƯỜNG HOÀNG VĂN THỤ, TP LẠNG SƠNĐIỆN THOẠI: 0205.3812 455FAX: 0205.3812 456EMAIL: snv@langson.gov.vn",
        {
            "portal_name": "SỞ NỘI VỤ TỈNH LẠNG SƠN",
            "address": "SỐ 2 ĐƯỜNG HOÀNG VĂN THỤ, TP LẠNG SƠN",
            "phones": [phone("0205.3812 455", "+842053812455", "ĐIỆN THOẠI")],
            "faxes": [phone("0205.3812 456", "+842053812456", "FAX")],
            "emails": [mail("snv@langson.gov.vn")],
        },
    ),
    Case(
        "English committee, Vietnamese numbers from before 2017",
        """People's Committee of Song Ray District
Website of the Division of Culture
Responsible for content: Mrs. Dinh Thi Lan Huong - Deputy Chairwoman of Song Ray People's Committee
Office: 14 Hung Vuong Street, Song Ray Town, Song Ray District, Dong Nai Province, Viet Nam
Tel: (84.61) 3861 207 - Fax: (84.61) 3861 208
Copyright 2014 Song Ray District. All rights reserved.""",
        {
            "responsible_person": {
                "name": "Dinh Thi Lan Huong",
                "roles": ["Deputy Chairwoman"],
                "organisation": "Song Ray People's Committee",
            },
            "address": "14 Hung Vuong Street, Song Ray Town, Song Ray District, Dong Nai Province, Viet Nam",
            "address_parts": {
                "street": "14 Hung Vuong Street",
                "district": "Song Ray District",
                "province": "Dong Nai Province",
            },
            "phones": [phone("(84.61) 3861 207", "+842513861207", "Tel")],
            "faxes": [phone("(84.61) 3861 208", "+842513861208", "Fax")],
            "copyright_notice": "Copyright 2014 Song Ray District. All rights reserved.",
        },
        page_date="2014-06-06",
    ),
    Case(
        "the same office in two languages",
        """ĐÀI KHÍ TƯỢNG CAO KHÔNG
Địa chỉ: 8 Pháo Đài Láng, Đống Đa, Hà Nội - ĐT: (84-24) 3775 2201 - Email: lienhe@dktck.gov.vn
UPPER-AIR METEOROLOGICAL OBSERVATORY
Address: 8 Phao Dai Lang, Dong Da, Ha Noi - Tel: (84-24) 3775 2201 - Email: lienhe@dktck.gov.vn""",
        {
            "portal_name": "ĐÀI KHÍ TƯỢNG CAO KHÔNG",
            "address": "8 Pháo Đài Láng, Đống Đa, Hà Nội",
            "phones": [phone("(84-24) 3775 2201", "+842437752201", "ĐT")],
            "emails": [mail("lienhe@dktck.gov.vn")],
        },
    ),
    Case(
        "a decision, a paper in the ministry's name, a long unit list",
        """Trang thông tin điện tử Cục Đê điều
Đơn vị thiết lập: Cục Đê điều; Đơn vị vận hành: Trung tâm Dữ liệu Đê điều
Quyết định cấp phép số 91/QĐ-CĐĐ ngày 5.6.2018 của Bộ Thủy lợi
Phụ trách nội dung: Ông Ninh Văn Khả (Cục trưởng)
Trụ sở: Nhà A4, số 10 Nguyễn Công Hoan, quận Ba Đình, TP Hà Nội
Điện thoại: (84.24) 3733.5690 - máy lẻ 120, 121""",
        {
            "portal_name": "Trang thông tin điện tử Cục Đê điều",
            "operating_unit": "Cục Đê điều; Trung tâm Dữ liệu Đê điều",
            "license": {"number": "91/QĐ-CĐĐ", "issued_on": "2018-06-05", "issuer": "Bộ Thủy lợi"},
            "responsible_person": {"name": "Ninh Văn Khả", "roles": ["Cục trưởng"], "organisation": None},
            "address_parts": parts("Nhà A4, số 10 Nguyễn Công Hoan", None, "quận Ba Đình", "TP Hà Nội", None),
            "phones": [phone("(84.24) 3733.5690", "+842437335690", "Điện thoại")],
        },
    ),
    Case(
        "nothing but menus and counters",
        """Trang chủ | Liên hệ | Góp ý
Thống kê truy cập
Đang truy cập: 12
Hôm nay: 1.204
Tổng lượt truy cập: 0912345678""",
        {"portal_name": None, "phones": [], "address": None, "copyright_notice": None},
    ),
    Case(
        "a name with a comma and its post",
        """Cổng thông tin điện tử Ban Dân vận Tỉnh ủy Cao Bằng
Trưởng Ban Biên tập: Đ/c Nông Thị Bích Thủy, UVBTV, Trưởng Ban Dân vận Tỉnh ủy
Địa chỉ: Khu đô thị Đề Thám - Thành phố Cao Bằng - Tỉnh Cao Bằng
Điện thoại: (0206) 3 852 730 (Văn phòng)""",
        {
            "portal_name": "Cổng thông tin điện tử Ban Dân vận Tỉnh ủy Cao Bằng",
            "responsible_person": {"name": "Nông Thị Bích Thủy"},
            "address": "Khu đô thị Đề Thám - Thành phố Cao Bằng - Tỉnh Cao Bằng",
            "address_parts": parts("Khu đô thị Đề Thám", None, None, "Thành phố Cao Bằng", "Tỉnh Cao Bằng"),
            "phones": [{"raw": "(0206) 3 852 730", "e164": "+842063852730"}],
        },
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_footer(case: Case) -> None:
    page_date = datetime.date.fromisoformat(case.page_date) if case.page_date else None
    got = to_dict(read_agency(case.text.splitlines(), page_date=page_date).agency or Agency())
    for name, expected in case.expected.items():
        if isinstance(expected, dict):
            assert {key: (got[name] or {}).get(key) for key in expected} == expected, name
        elif name == "emails":
            assert [
                {key: item.get(key) for key in gold} for item, gold in zip(got[name], expected, strict=True)
            ] == expected
        else:
            assert got[name] == expected, name
