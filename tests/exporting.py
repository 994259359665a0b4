"""What the tests of the exports share: three stored records, and ways to write them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from scraper.models import AddressParts, Agency, Attachment, CaptureInfo, Email, Image, Phone, Record, to_dict
from storage.exports import writer

GOLDEN = Path(__file__).with_name("exports")
BREAKOUT = (
    'Tin\nER  - \r\nTY  - BOOK\u2028ER  - } @misc{x, \\input{/etc/passwd} % $x$ #1 & ~^_ <b>"q"</b> ]]> {{ '
    "</script><!-- \x00\x1b[31m\x9b5m\x7f\ufffe\ud800 = "
    '[x](javascript:alert(1)) ![i](http://xa.example/i) `c` --- """ \'q\' &lt; #'
)
"""A headline that tries to leave its place in every format."""

FULL = to_dict(
    Record(
        url="https://thixa.connhan.example/Lists/TinKinhTe/DispForm.aspx?ID=1207&Source=%2Ftin",
        title="Cồn Nhạn đưa nước máy về ba ấp cù lao: 100% hộ",
        subtitle="Trước mùa hạn mặn",
        section="Kinh tế - Xã hội",
        summary="Ba ấp cù lao có nước máy.",
        author="Mai Thảo Vy",
        source="Báo Cồn Nhạn",
        published_at="2019-04-17T16:05:00+07:00",
        published_precision="minute",
        updated_at="2019-04-18T08:05:09+07:00",
        language="vi",
        body_text="Sáng 17/4, nước máy về tới ấp 1.\n\n1. Ấp Một: 120 hộ\n2. Ấp Hai: 90 hộ\n\n- Bà con *rất* vui.",
        body_html="<p>Sáng 17/4, nước máy về tới ấp 1.</p>",
        images=(
            Image("https://thixa.connhan.example/anh/o ng.jpg", "o ng.jpg", "ống", "Kéo ống (Ảnh: Vy)", "Vy"),
            Image(None, "trạm.jpg"),
        ),
        attachments=(
            Attachment("https://thixa.connhan.example/tep/lich.pdf?a=1&copy;=2", "lich.pdf", "Lịch cấp nước"),
        ),
        tags=("nước máy", "cù lao"),
        views=31,
        agency=Agency(
            portal_name="CỔNG THÔNG TIN ĐIỆN TỬ THỊ XÃ CỒN NHẠN",
            managing_agency="Ủy ban nhân dân thị xã Cồn Nhạn",
            address="Số 2 đường Bờ Sông, phường 1, thị xã Cồn Nhạn, tỉnh Trà Vinh",
            address_parts=AddressParts("Số 2 đường Bờ Sông", "phường 1", None, "thị xã Cồn Nhạn", "tỉnh Trà Vinh"),
            phones=(Phone("0294.3 861 207", "+842943861207", "ĐT"),),
            emails=(Email("bbt@connhan.example"),),
            copyright_notice="Ghi rõ nguồn khi phát hành lại",
            website="https://thixa.connhan.example",
        ),
        capture=CaptureInfo(fetched_at="2024-03-01T08:00:00+00:00", sha256="0" * 64),
    )
) | {
    "id": "f3zn3c4ccuic",
    "revision": 2,
    "content_hash": "1" * 64,
    "first_seen": "2024-03-01T08:00:00+00:00",
    "last_seen": "2024-03-02T08:00:00+00:00",
    "aliases": ["https://thixa.connhan.example/tin?ItemID=1207"],
    "gone_at": None,
}
MONTH = to_dict(
    Record(
        title="Bản tin tháng Năm",
        published_at="2018-05",
        published_precision="month",
        body_text="Bản tin.",
        agency=Agency(portal_name="TRANG TIN XÃ MƯỜI"),
    )
) | {"id": "gjkyz3wicgeu", "revision": 1, "gone_at": "2024-03-05T00:00:00+00:00"}
HOSTILE = to_dict(Record(url="javascript:alert(1)", author=BREAKOUT, tags=(BREAKOUT,), body_text=BREAKOUT)) | {
    "title": BREAKOUT,
    "summary": BREAKOUT,
    "language": 'vi"><x>',
    "id": "../../x",
}


def written(name: str, records: Any) -> str:
    """What a stream format writes, as text."""
    out = io.BytesIO()
    writer(name)(records, out)
    return out.getvalue().decode("utf-8")
