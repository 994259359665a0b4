"""What the portal holds: lists of news items whose words follow from list name, item ID and version alone."""

from __future__ import annotations

import threading
import uuid
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from heapq import nlargest

HANOI = timezone(timedelta(hours=7))
_FIRST, _STEP = datetime(2015, 3, 2, 7, 30, tzinfo=HANOI), timedelta(minutes=17)
_EDITS = datetime(2024, 1, 2, 8, 0, tzinfo=HANOI)
_NAMESPACE = uuid.UUID("6f1c1a52-6a4f-4c55-9a53-6c7575747275")
_TITLES = {"TinTuc": "Tin tức", "ThongBao": "Thông báo", "SuKien": "Sự kiện", "TinKinhTe": "Tin kinh tế"}

_PLACES = "Tân Hội,Bàu Sen,Giồng Trôm Nhỏ,Long Thới,Phú Lộc Hạ,Khe Trái,Mỹ Đông,Vĩnh Hòa Bắc,Rạch Ổi,An Bình Tây".split(
    ","
)
_PEOPLE = (
    "Mai Thảo Vy,Trịnh Công Hoan,Lê Khả Doanh,Tạ Quang Nhựt,Đỗ Thị Hạnh Nguyên,Phan Văn Lộc,Huỳnh Ngọc Bích".split(",")
)
_EVENTS = (
    "khánh thành tuyến đường liên ấp",
    "đưa nước máy về cụm dân cư",
    "ra quân làm thủy lợi nội đồng",
    "tiếp xúc cử tri sau kỳ họp",
    "trao nhà tình nghĩa cho hộ nghèo",
    "tập huấn phòng cháy cho tổ dân phố",
    "khai giảng lớp nghề đan lục bình",
    "tiêm vắc xin cho đàn gia súc",
)
_LEADS = (
    "Sáng {day}, UBND xã {place} tổ chức lễ tổng kết đợt {n} với sự có mặt của hơn {a} hộ dân trong vùng dự án.",
    "Ngày {day}, đoàn công tác của huyện đến xã {place} kiểm tra tiến độ hạng mục số {n}, ghi nhận {a} kiến nghị.",
)
_SENTENCES = (
    "Công trình khởi công từ tháng {m}, dài {a} m, tổng vốn {b} triệu đồng, trong đó người dân đóng góp {c}%.",
    "Theo báo cáo của xã {place}, đến nay {a} hộ đã đăng ký tham gia, đạt {c}% kế hoạch được giao từ đầu năm.",
    "Ông {who}, cán bộ phụ trách, cho biết phần việc còn lại sẽ được hoàn thành trước mùa mưa để kịp khung thời vụ.",
    "Bà {who} ở ấp {place} nói rằng bà con trong xóm đã chờ việc này nhiều năm nay, ai cũng sẵn lòng góp công.",
    "Hội đồng nhân dân xã đề nghị ngành chức năng khảo sát thêm {c} điểm và bố trí vốn trong kế hoạch năm tới.",
    "Dịp này, ban tổ chức trao {c} suất học bổng cho học sinh vượt khó của {m} trường trên địa bàn xã {place}.",
    "Đơn vị thi công cam kết bảo hành {m} năm, đồng thời niêm yết số điện thoại tiếp nhận phản ánh tại nhà văn hóa.",
    "Huyện giao các phòng chuyên môn theo dõi, báo cáo kết quả hằng tháng và công khai tại trụ sở UBND xã {place}.",
)


@dataclass(slots=True)
class Item:
    """One row of a list. edited: which of the list's edits came last, 0 for none.

    listed: whether anonymous readers see it in listings.  state: open, forbidden, or broken (a page without article).
    """

    id: int
    version: int = 1
    edited: int = 0
    listed: bool = True
    state: str = "open"

    @property
    def published(self) -> datetime:
        return _FIRST + _STEP * self.id

    @property
    def modified(self) -> datetime:
        return _EDITS + timedelta(minutes=self.edited) if self.edited else self.published + timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Text:
    """The words of an item. picture, file: names of its attachments."""

    title: str
    lead: str
    paragraphs: tuple[str, ...]
    author: str
    caption: str
    picture: str
    file: str
    views: int


def _pick(seed: int, turn: int, choices: Sequence[str]) -> str:
    return choices[(seed >> turn) % len(choices)]


def title_of(name: str, item: Item) -> str:
    """The headline; it stays when the item is edited."""
    seed = zlib.crc32(f"{name}/{item.id}".encode())
    return f"Xã {_pick(seed, 3, _PLACES)} {_pick(seed, 9, _EVENTS)} đợt {item.id}"


def text_of(name: str, item: Item) -> Text:
    """All words of an item; an edit adds a paragraph and nothing else."""
    return _text_of(name, item.id, item.version)


@lru_cache(maxsize=1_024)
def _text_of(name: str, number: int, version: int) -> Text:
    item = Item(number)
    seed = zlib.crc32(f"{name}/{number}".encode())
    place, day = _pick(seed, 3, _PLACES), f"{item.published:%d/%m}"

    def fill(template: str, turn: int) -> str:
        dice = (seed + turn * 0x9E3779B1) * 0x85EBCA77 & 0xFFFFFFFF
        dice ^= dice >> 15
        return template.format(
            place=place,
            day=day,
            n=number,
            a=100 + dice % 1900,
            b=200 + (dice >> 5) % 7000,
            c=5 + (dice >> 11) % 90,
            m=1 + (dice >> 17) % 12,
            who=_pick(dice, 7, _PEOPLE),
        )

    start, count = seed % len(_SENTENCES), 4 + seed % 3
    told = [fill(_SENTENCES[(start + k) % len(_SENTENCES)], k) for k in range(2 * count)]
    paragraphs = [f"{told[2 * k]} {told[2 * k + 1]}" for k in range(count)]
    if version > 1:
        paragraphs.append(f"Bổ sung lần {version - 1}: số liệu của xã {place} được cập nhật theo báo cáo mới nhất.")
    return Text(
        title=title_of(name, item),
        lead=fill(_pick(seed, 4, _LEADS), 99),
        paragraphs=tuple(paragraphs),
        author=_pick(seed, 13, _PEOPLE),
        caption=f"Quang cảnh buổi làm việc tại xã {place}",
        picture=f"anh-{number}.png",
        file=f"tai-lieu-{number}.pdf",
        views=10 + seed % 900,
    )


class NewsList:
    """One list. name: the last part of its path.  title: as shown.  guid, view, top: GUIDs of list and views.

    Readers of `items`, `ids` and `shown` need no lock: every change puts new ones in place.
    """

    def __init__(self, name: str, count: int) -> None:
        self.name = name
        self.title = _TITLES.get(name) or _words(name)
        self.slug = "-".join(_words(name).lower().split())
        self.path = f"/Lists/{name}"
        self.guid, self.view, self.top = (str(uuid.uuid5(_NAMESPACE, name + part)) for part in ("", "/view", "/top"))
        self._lock = threading.Lock()
        self._last, self._edits = count, 0
        self._keep({number: Item(number) for number in range(1, count + 1)})

    @property
    def entity(self) -> str:
        """Its name in ListData.svc: the title's words joined."""
        return "".join(word[0].upper() + word[1:] for word in self.title.split())

    @property
    def changed(self) -> datetime:
        """When the list last changed."""
        return next((item.modified for item in self.newest(1)), _FIRST)

    def publish(self, count: int) -> list[int]:
        with self._lock:
            fresh = list(range(self._last + 1, self._last + count + 1))
            self._last += count
            self._keep(self.items | {number: Item(number) for number in fresh})
        return fresh

    def edit(self, number: int) -> None:
        with self._lock:
            self._edits += 1
            old = self.items[number]
            new = Item(number, old.version + 1, self._edits, old.listed, old.state)
            self._keep(self.items | {number: new})

    def mark(self, number: int, state: str, listed: bool) -> None:
        with self._lock:
            old = self.items[number]
            self._keep(self.items | {number: Item(number, old.version, old.edited, listed, state)})

    def delete(self, number: int) -> None:
        with self._lock:
            if number not in self.items:
                raise KeyError(number)
            self._keep({key: item for key, item in self.items.items() if key != number})

    def after(self, number: int | None, size: int, *, descending: bool) -> list[Item]:
        """The listed items that follow `number` in order of ID, `size` at most; from the start with None."""
        ids, items = self.shown, self.items
        if descending:
            end = len(ids) if number is None else bisect_left(ids, number)
            found: Iterable[int] = reversed(ids[max(0, end - size) : end])
        else:
            start = 0 if number is None else bisect_right(ids, number)
            found = ids[start : start + size]
        return [items[key] for key in found if key in items]

    def newest(self, size: int) -> list[Item]:
        """The listed items that changed last: edits in turn, before them what was published last."""
        listed = [item for item in self.items.values() if item.listed]
        return nlargest(size, listed, key=lambda item: (item.edited, item.id))

    def _keep(self, items: dict[int, Item]) -> None:
        self.items = items
        self.ids = sorted(items)
        self.shown = [key for key in self.ids if items[key].listed]


def _words(name: str) -> str:
    """`TinKinhTe` as `Tin Kinh Te`."""
    return "".join(" " + c if c.isupper() else c for c in name).strip()


def iso_utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def printed(moment: datetime) -> str:
    """As a Vietnamese site prints it: `17/04/2019 8:05 SA`."""
    return f"{moment:%d/%m/%Y} {moment.hour % 12 or 12}:{moment:%M} {'SA' if moment.hour < 12 else 'CH'}"
