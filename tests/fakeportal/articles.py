"""Pages that show one item: list forms drawn by server or browser, web-part pages, the print view, its files."""

from __future__ import annotations

import json
import struct
import zlib
from html import escape

from tests.fakeportal.frame import Frame, escaped
from tests.fakeportal.items import Item, NewsList, Text, iso_utc, printed, text_of, title_of

# (internal name, label, type) of the columns, in the form's order.
COLUMNS = (
    ("Title", "Tiêu đề", "Text"),
    ("TomTat", "Tóm tắt", "Note"),
    ("NoiDung", "Nội dung", "Note"),
    ("NgayDang", "Ngày đăng", "DateTime"),
    ("TacGia", "Tác giả", "Text"),
    ("Attachments", "Đính kèm", "Attachments"),
)
CANARY = "dmhung"
"""Part of the login and the address of the one who edits everything."""
EDITOR = {
    "id": "21",
    "title": "Đinh Mạnh Hưng",
    "email": f"{CANARY}@connhan.example",
    "sip": f"{CANARY}@connhan.example",
    "picture": "",
    "jobTitle": "Chuyên viên",
    "department": "Văn phòng",
}
LOGIN = f"i:0#.w|connhan\\{CANARY}"


def form_page(frame: Frame, place: NewsList, item: Item, drawn_by: str) -> str:
    """DispForm.aspx of an item; a broken one is blank. drawn_by: server or client."""
    draw = _server_form if drawn_by == "server" else _client_form
    way = f'<span id="onetidPageTitle"><a href="{place.path}/AllItems.aspx">{place.title}</a></span>\n'
    return frame.page(
        way + draw(place, item),
        title=f"{place.title} - {title_of(place.name, item)}",
        action=f"DispForm.aspx?ID={item.id}",
        place=place,
    )


def article_page(frame: Frame, place: NewsList, item: Item | None, others: list[Item], turn: int) -> str:
    """A web-part page with `?ItemID=`; without an article where there is no item or it is broken."""
    body = _article(place, item, turn) if item is not None and item.state != "broken" else ""
    rows = "".join(
        f'<li><a href="?ItemID={other.id}">{title_of(place.name, other)}</a> <span'
        f' class="ShowDate">({other.published:%d-%m})</span></li>'
        for other in others
    )
    way = f'<a href="/">Trang chủ</a> &#187; <a href="/{place.slug}.aspx">{place.title}</a>'
    part = (
        f'<div class="cn-duong-dan">{way}</div>\n'
        f'<div id="ctl00_m_g_{place.guid.replace("-", "_")}" class="ms-WPBody noindex">\n'
        f'{body}</div>\n<div class="cn-tin-khac"><h3>TIN KHÁC</h3><ul>{rows}</ul></div>\n'
    )
    return frame.page(part, action=f"tin.aspx?ItemID={item.id if item else 0}", place=place)


def print_page(place: NewsList, item: Item) -> str:
    """The page without chrome."""
    head = "<html><head><meta charset='utf-8'><title>Bản in</title></head><body onload='window.print()'>"
    return f"{head}{_article(place, item, 0)}</body></html>"


def body_html(place: NewsList, item: Item, text: Text) -> str:
    """The rich text of an item, its picture included."""
    first, *rest = (f"<p>{escape(words)}</p>" for words in text.paragraphs)
    picture = (
        f'<div style="text-align:center"><img src="{place.path}/Attachments/{item.id}/{text.picture}" alt=""'
        f' width="560" /><br />'
        f"<i>{escape(text.caption)}</i></div>"
    )
    return first + picture + "".join(rest)


def _article(place: NewsList, item: Item, turn: int) -> str:
    text = text_of(place.name, item)
    printer = f"/UserControls/Publishing/News/BinhLuan/pFormPrint.aspx?UrlListProcess={place.path}&amp;ItemID={item.id}"
    return (
        f'<h2 class="cn-tieu-de">{escape(text.title)}</h2>\n<p class="cn-nguoi">{item.published:%d-%m-%Y} |'
        f" {text.author}</p>\n"
        f'<div class="cn-tom-tat"><b><i>{escape(text.lead)}</i></b></div>\n'
        f'<div class="cn-noi-dung">{body_html(place, item, text)}\n<p style="text-align:right"><b>{text.author}</b>'
        f"</p></div>\n"
        '<div class="cn-dinh-kem"><strong>Tài liệu đính kèm:</strong> <a'
        f' href="{place.path}/Attachments/{item.id}/{text.file}">{text.file}'
        f'</a></div>\n<div class="cn-luot">Lượt người xem:&#160; {text.views + turn}</div>\n'
        f'<div class="cn-cong-cu"><a href="{printer}">In bài viết</a></div>\n'
    )


def _values(place: NewsList, item: Item) -> tuple[dict[str, str], Text]:
    """Column values by internal name; "" all over for a broken item."""
    text = text_of(place.name, item)
    if item.state == "broken":
        return dict.fromkeys((name for name, _, _ in COLUMNS), ""), text
    seed = zlib.crc32(f"{place.name}/{item.id}".encode())
    rich = f'<div class="ExternalClass{seed * 0x9E3779B97F4A7C15 % 2**128:032X}">{body_html(place, item, text)}</div>'
    return {
        "Title": text.title,
        "TomTat": text.lead,
        "NoiDung": rich,
        "NgayDang": f"{item.published:%d/%m/%Y %H:%M}",
        "TacGia": text.author,
    }, text


def _server_form(place: NewsList, item: Item) -> str:
    values, text = _values(place, item)
    rows = "".join(
        '<tr>\n<td nowrap="true" valign="top" width="165px" class="ms-formlabel"><h3 class="ms-standardheader"><a'
        f' name="SPBookmark_{name}">'
        f'</a>{label}</h3></td>\n<td valign="top" class="ms-formbody" width="450px" id="SPField{kind}">\n\t<!--'
        f' FieldName="{label}"\n\t\t'
        f' FieldInternalName="{name}"\n\t\t FieldType="SPField{kind}"\n\t '
        f" -->\n\t{values[name] if name == 'NoiDung' else escape(values[name])}"
        "\n</td></tr>\n"
        for name, label, kind in COLUMNS[:-1]
    )
    if item.state != "broken":
        links = "".join(
            f'<tr><td class="ms-vb"><a href="{place.path}/Attachments/{item.id}/{name}">{name}</a></td></tr>'
            for name in (text.file, text.picture)
        )
        rows += (
            '<tr id="idAttachmentsRow"><td nowrap="true" valign="top" class="ms-formlabel"><h3'
            ' class="ms-standardheader"><a'
            ' name="SPBookmark_Attachments"></a>Đính kèm</h3></td><td valign="top" class="ms-formbody"'
            ' id="SPFieldAttachments">\n\t'
            '<!-- FieldName="Đính kèm"\n\t\t FieldInternalName="Attachments"\n\t\t'
            ' FieldType="SPFieldAttachments"\n\t  -->\n'
            f'<table border="0" id="idAttachmentsTable">{links}</table></td></tr>\n'
        )
    return (
        f'<div class="ms-WPBody"><table class="ms-formtable" border="0" width="100%">\n{rows}</table>\n'
        '<table class="ms-descriptiontext"><tr><td>Kiểu nội dung: Tin</td></tr><tr><td id="onetidinfoblock1">Được'
        f" tạo lúc <span></span>"
        '&#160; bởi <span></span></td></tr><tr><td id="onetidinfoblock2">Sửa đổi lần cuối lúc '
        f"<span>{printed(item.modified)}</span>"
        '&#160; bởi <span></span></td></tr></table><input type="hidden" name="owshiddenversion"'
        f' value="{item.version}" /></div>\n'
    )


def _client_form(place: NewsList, item: Item) -> str:
    values, text = _values(place, item)
    broken = item.state == "broken"
    files = (
        []
        if broken
        else [{"AttachmentId": "", "FileName": name, "RedirectUrl": ""} for name in (text.file, text.picture)]
    )
    data = {
        "ID": "0" if broken else str(item.id),
        "ContentType": "" if broken else "Tin",
        **values,
        "Attachments": {"UrlPrefix": f"{place.path}/Attachments/{item.id}/", "Attachments": files},
        "Author": [EDITOR],
        "Editor": [EDITOR],
        "owshiddenversion": str(item.version),
        "Modified_By_Login": f"21;#{LOGIN}",
    }
    blob = f'{{"ListData":{escaped(json.dumps(data))},"ListSchema":{_SCHEMA}}}'
    return (
        '<div id="WebPartWPQ2" class="ms-WPBody"><script type="text/javascript">\n//<![CDATA[\nvar WPQ2FormCtx ='
        f" {blob};\n//]]>\n</script>\n"
        f'<table class="ms-formtable" border="0" width="100%">\n{_CELLS}</table>\n<table class="ms-descriptiontext">'
        f"<tr><td><span>Content Type:"
        ' Tin</span></td></tr><tr><td id="onetidinfoblock1">Created at <span></span>&#160; by <span></span></td>'
        "</tr><tr><td"
        ' id="onetidinfoblock2">Last modified at <span></span>&#160; by <span></span></td></tr></table></div>\n'
    )


def _schema() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    people = (("Author", "Được tạo bởi", "User"), ("Editor", "Được sửa đổi bởi", "User"))
    for name, label, kind in (*COLUMNS, *people):
        about: dict[str, object] = {"Title": label, "Hidden": False, "Name": name, "FieldType": kind, "Type": kind}
        if kind == "DateTime":
            about |= {"LocaleId": "1066", "TimeZoneDifference": "420", "HoursMode24": True, "DisplayFormat": 1}
        if name == "NoiDung":
            about |= {"RichText": True, "RichTextMode": 1}
        found[name] = about
    return found


_SCHEMA = escaped(json.dumps(_schema()))
_CELLS = "".join(
    '<tr><td nowrap="true" valign="top" width="113px" class="ms-formlabel"><h3 class="ms-standardheader">'
    f"<nobr>{label}</nobr></h3></td>"
    f'<td valign="top" class="ms-formbody"><span id="WPQ2{name}" data-sp-control="SPField{kind}"></span></td></tr>\n'
    for name, label, kind in COLUMNS
)


def picture_of(place: NewsList, item: Item) -> bytes:
    """A small PNG whose bytes differ from item to item."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    note = f"Comment\0{place.name} {item.id}".encode("latin-1")
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes([0, item.id % 256]))
    chunks = chunk(b"IHDR", header) + chunk(b"tEXt", note) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def file_of(place: NewsList, item: Item) -> bytes:
    """A small PDF; every fifth item holds the same one."""
    word = "mau chung" if item.id % 5 == 0 else f"{place.name} {item.id}"
    return f"%PDF-1.4\n1 0 obj<</Type/Catalog/Title({word})>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".encode()


def etag_of(place: NewsList, item: Item) -> str:
    return f'"{{{place.guid.upper()}}},{item.id},{item.version}"'


def about(item: Item) -> str:
    """When an item changed, for listings that tell."""
    return iso_utc(item.modified)
