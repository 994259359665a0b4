"""The chrome around every page: ribbon, menus, hidden inputs, clock, counters, footer, by SharePoint version."""

from __future__ import annotations

import itertools
import uuid
from datetime import datetime
from html import escape

from tests.fakeportal.items import HANOI, NewsList

BUILDS = {2010: "14.0.0.6108", 2013: "15.0.0.4569", 2019: "16.0.0.10337"}
SITE = "Trang thông tin điện tử thị xã Cồn Nhạn"
_DAYS = "Hai,Ba,Tư,Năm,Sáu,Bảy".split(",")
_EMPTY = (
    "MSOWebPartPage_PostbackSource MSOTlPn_SelectedWpId MSOGallery_SelectedLibrary MSOGallery_FilterString"
    " MSOWebPartPage_Shared MSOLayout_LayoutChanges MSOLayout_InDesignMode _wpSelected _wzSelected"
    " __EVENTTARGET __EVENTARGUMENT"
).split()
_FILLED = {
    "MSOTlPn_View": "0",
    "MSOTlPn_ShowSettings": "False",
    "MSOTlPn_Button": "none",
    "MSOSPWebPartManager_DisplayModeName": "Browse",
    "MSOSPWebPartManager_ExitingDesignMode": "false",
    "MSOSPWebPartManager_OldDisplayModeName": "Browse",
    "MSOSPWebPartManager_StartWebPartEditingName": "false",
    "MSOSPWebPartManager_EndWebPartEditing": "false",
    "__REQUESTDIGEST": "noDigest",
    "__VIEWSTATEGENERATOR": "4EBC5A7E",
}
_STATE = "YmFuZyB0cmFuZyB0aGFpIGN1YSB0cmFuZw" * 24
_MENU = "Giới thiệu,Tổ chức bộ máy,Dịch vụ công,Văn bản chỉ đạo,Thủ tục hành chính,Hỏi đáp,Liên hệ,Bản đồ".split(",")
_FOOTER = (
    "TRANG THÔNG TIN ĐIỆN TỬ THỊ XÃ CỒN NHẠN<br />Cơ quan chủ quản&#58; UBND thị xã Cồn Nhạn<br />"
    "Chịu trách nhiệm nội dung&#58;&#160;Ông Lâm Hữu Phước - Phó Chủ tịch UBND thị xã Cồn Nhạn<br />"
    "Địa chỉ&#58;&#160;118 đường Bến Giá, phường 2, thị xã Cồn Nhạn, tỉnh Trà Vinh<br />"
    "Điện thoại&#58;&#160;0294.3 861 207 - Fax&#58;&#160;0294.3 861 208 - Email&#58;&#160;vanphong@connhan.example"
)


class Frame:
    """Draws pages of one portal. layouts: where SharePoint's own pages lie, `/_layouts/15/` or `/_layouts/`."""

    def __init__(self, version: int, lists: list[NewsList]) -> None:
        self.version = version
        self.layouts = "/_layouts/" if version == 2010 else "/_layouts/15/"
        self._turns = itertools.count(1)
        fixed = "".join(hidden(name, "") for name in _EMPTY) + "".join(hidden(*pair) for pair in _FILLED.items())
        self._inputs = fixed
        self._head = self._before_title()
        self._menu = self._menus(lists)
        self._foot = f'</div></div>\n<div class="footer">{_FOOTER}</div>\n</form>\n</body>\n</html>\n'

    def page(
        self, body: str, *, title: str = SITE, action: str = "", place: NewsList | None = None, tokens: str = ""
    ) -> str:
        """A whole page. place: the list that it shows, told in scripts and links.  tokens: hidden inputs of its own."""
        turn = next(self._turns)
        state = tokens or hidden("__VIEWSTATE", f"/wEPDwUK{turn:010d}{_STATE}") + hidden(
            "__EVENTVALIDATION", f"/wEdAA{turn:010d}{_STATE[:200]}"
        )
        return "".join(
            (
                self._head,
                f"<title>\n\t{escape(title)}\n</title>",
                self._links(place),
                f'</head>\n<body>\n<form method="post" action="{escape(action)}" id="aspnetForm">\n',
                self._inputs,
                state,
                self._scripts(place),
                self._menu,
                f'<div class="cn-top"><span id="currentdate">{clock()}</span></div>\n',
                f'<div class="cn-hop"><p>Đang online: {turn % 40 + 3}</p><p>Số lượt truy cập: {2_114_906 + turn}</p>'
                f"</div>\n",
                '<div id="DeltaPlaceHolderMain">\n',
                body,
                self._foot,
            )
        )

    def error(self, words: str = "Item does not exist. It may have been deleted by another user.") -> str:
        """SharePoint's error page, with a correlation ID of its own."""
        number = uuid.UUID(int=next(self._turns) << 64)
        return (
            f"{self._head}<title>\n\tError\n</title></head>\n<body id='ms-error-body'><form method='post'"
            f" action='error.aspx'"
            " id='aspnetForm'><div id='ms-error-header'><h1>Sorry, something went wrong</h1></div><div"
            f" id='ms-error'><span"
            f" id='ctl00_PlaceHolderMain_LabelMessage'>{escape(words)}</span><p>Correlation ID: {number}</p><p>Date and"
            f" Time: {datetime.now(HANOI):%d/%m/%Y %H:%M:%S}</p></div></form></body></html>"
        )

    def denied(self) -> str:
        return (
            f"{self._head}<title>\n\tLỗi: Truy cập bị từ chối\n</title></head>\n<body><form id='aspnetForm'><h1>Truy"
            f" cập bị từ"
            " chối</h1><p>Bạn không có quyền xem trang này.</p></form></body></html>"
        )

    def login(self) -> str:
        return (
            f"{self._head}<title>\n\tĐăng nhập\n</title></head>\n<body><form method='post' id='aspnetForm'><h1>Đăng"
            f" nhập</h1>"
            "<p>Tên đăng nhập: <input type='text' name='ctl00$signInControl$UserName' /></p>"
            "<p>Mật khẩu: <input type='password' name='ctl00$signInControl$password' /></p></form></body></html>"
        )

    def challenge(self) -> str:
        filler = "var x=" + "+".join(f"'{n:04x}'" for n in range(300)) + ";"
        return (
            "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><h1>Đang kiểm tra trình duyệt</h1>"
            f"<p>Checking your browser before accessing the site.</p><script>{filler}</script></body></html>"
        )

    def _before_title(self) -> str:
        style = "v4" if self.version == 2010 else "v15"
        sod = "\n".join(
            f'RegisterSod("{name}.js", "{self.layouts}{name}.js?rev=Yck1GHwH5NVjbpvDxA");'.replace("/", "\\u002f")
            for name in (
                "initstrings",
                "strings",
                "sp.init",
                "sp.ui.dialog",
                "core",
                "menu",
                "callout",
                "sharing",
                "sp",
                "inplview",
            )
        )
        return (
            '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"'
            ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">\n'
            '<html xmlns:o="urn:schemas-microsoft-com:office:office" lang="en-us" dir="ltr">\n<head>'
            '<meta name="GENERATOR" content="Microsoft SharePoint" />'
            '<meta http-equiv="Content-Type" content="text/html; charset=utf-8" /><meta http-equiv="Expires"'
            ' content="0" />\n'
            f'<link rel="stylesheet" type="text/css" href="{self.layouts}1033/styles/Themable/core{style}.css" />\n'
            f'<script type="text/javascript" src="{self.layouts}init.js"></script>\n<script'
            f' type="text/javascript">\n{sod}\n</script>\n'
        )

    def _links(self, place: NewsList | None) -> str:
        found = '<link type="text/xml" rel="alternate" href="/_vti_bin/spsdisco.aspx" />\n'
        if place is not None:
            address = f"{self.layouts}listfeed.aspx?List=%7B{place.guid.upper()}%7D"
            found += f'<link rel="alternate" type="application/rss+xml" title="{place.title}" href="{address}" />\n'
        return found

    def _scripts(self, place: NewsList | None) -> str:
        page_list = f', pageListId: "{{{place.guid}}}"' if place is not None and self.version != 2010 else ""
        return (
            "<script type=\"text/javascript\">\n//<![CDATA[\nvar MSOWebPartPageFormName = 'aspnetForm';\nvar"
            " g_wsaLCID = 1066;\n"
            f'var _spPageContextInfo = {{webServerRelativeUrl: "\\u002f", webLanguage: 1066{page_list}, userId: 0}};\n'
            "var _spFormDigestRefreshInterval = 1440000;\n//]]>\n</script>\n"
        )

    def _menus(self, lists: list[NewsList]) -> str:
        entries = [(f"/Pages/muc-{k}.aspx", words) for k, words in enumerate(_MENU)]
        entries += [(f"/{place.slug}.aspx", place.title) for place in lists]
        rows = "".join(
            f'<li class="static"><a class="static menu-item" href="{address}"><span class="menu-item-text">{words}'
            f"</span></a></li>"
            for address, words in entries
        )
        signin = f'<a class="ms-signInLink" href="{self.layouts}Authenticate.aspx?Source=%2F">Sign In</a>'
        return (
            "<noscript><div class='noindex'>It looks like your browser does not have JavaScript enabled.</div>"
            "</noscript>\n"
            '<div id="s4-ribbonrow" style="display:none"><ul class="ms-cui-tts"><li class="ms-cui-tt"><a'
            ' href="javascript:;">Browse'
            f'</a></li></ul>{signin}</div>\n<div id="s4-workspace"><div id="s4-bodyContainer">\n'
            f'<div class="cn-menu"><ul class="root static">{rows}</ul></div>\n'
        )


def hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" id="{name}" value="{value}" />\n'


def escaped(text: str) -> str:
    """As SharePoint writes strings into scripts."""
    for letter in "&/<>":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def clock() -> str:
    """Today, as headers show it."""
    now = datetime.now(HANOI)
    day = "Chủ nhật" if now.weekday() == 6 else f"Thứ {_DAYS[now.weekday()]}"
    return f"{day}, ngày {now:%d/%m/%Y %H:%M}"
