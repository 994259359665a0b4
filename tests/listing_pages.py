"""Listing pages in the shapes of SharePoint 2007, 2010, 2013 and 2019 and of Vietnamese portals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from scraper.models import Capture, CaptureInfo

HOST = "https://thixa.example"
GUID = "5f1a2b3c-0d4e-4f56-8a9b-0c1d2e3f4a5b"
OTHER_GUID = "11111111-2222-4333-8444-555555555555"


def answer(html: str | bytes, url: str = HOST + "/tin/Lists/ThongBao/AllItems.aspx", **info: object) -> Capture:
    """A capture as the fetcher makes one."""
    content = html.encode() if isinstance(html, str) else html
    return Capture(content, CaptureInfo(final_url=url, status=200, content_type="text/html; charset=utf-8"), url)


def context(path: str = "/tin/Lists/ThongBao", guid: str = GUID, number: int = 1) -> str:
    """The script by which a list view names its list."""
    path = path.replace("/", "\\u002f")
    return (
        f'<script>ctx = new ContextInfo();ctx.listName = "{{{guid.upper()}}}";ctx.view = "{{{OTHER_GUID}}}";'
        f'ctx.listUrlDir = "{path}";g_ctxDict["ctx{number}"] = ctx;</script>'
    )


def view_2010(numbers: Iterable[int], onward: str = "", *, header: str = "Modified", rows: str = "") -> str:
    """Rows with `iid`, a title in `div.itx`, a lookup to another list and a column of modification."""
    made = "".join(
        f"""<tr class="ms-itmhover" iid="1,{n},0" id="1,{n},0"><td class="ms-vb-itmcbx"><input type="checkbox"></td>
        <td class="ms-vb-title" height="100%"><div class="ms-vb itx" ctxname="ctx1" id="{n}" field="LinkTitle">
        <a onfocus="OnLink(this)" href="/tin/_layouts/listform.aspx?PageType=4&amp;ListId={{{GUID.upper()}}}&amp;ID={n}"
         onclick="GoToLink(this);return false;">Thông báo số {n}</a></div></td>
        <td class="ms-vb2"><nobr>{n % 28 + 1}/04/2019 08:05</nobr></td><td class="ms-vb2">
        <a href="/tin/_layouts/listform.aspx?PageType=4&amp;ListId={{{OTHER_GUID}}}&amp;ID=3">Tin kinh tế</a>
        </td></tr>"""
        for n in numbers
    )
    return f"""<html><head><link rel="alternate" type="application/rss+xml" title="x"
      href="/tin/_layouts/listfeed.aspx?List=%7B{GUID}%7D"></head><body><form id="aspnetForm">{context()}
    <table class="ms-listviewtable" id="{{{GUID.upper()}}}-{{{OTHER_GUID}}}"><tr class="ms-viewheadertr">
      <th class="ms-vh-icon"><input type="checkbox"></th><th class="ms-vh2"><div name="LinkTitle">Tiêu đề</div></th>
      <th class="ms-vh2"><div name="{header}" fieldtype="DateTime">Sửa đổi</div></th>
      <th class="ms-vh2"><div name="ChuyenMuc">Mục</div></th></tr>{made}{rows}</table>
    <table class="ms-bottompaging"><tr><td class="ms-vb" id="bottomPagingCellWPQ2">{onward}</td></tr></table>
    <a href="/Lists/LienKet/DispForm.aspx?ID=9">Một đường dẫn khác</a></form></body></html>"""


def view_2007(numbers: Iterable[int], onward: str = "") -> str:
    """Rows whose title stands in a table of its own that carries the number; no `iid`."""
    made = "".join(
        f"""<TR class=""><TD Class="ms-vb-icon"><IMG src="/_layouts/images/icgen.gif"></TD>
        <TD height="100%" class="ms-vb-title"><table height="100%" cellspacing=0 class="ms-unselectedtitle"
        onmouseover="OnItem(this)" CTXName="ctx1" ID="{n}" Url="/tin/Lists/ThongBao/{n}_.000" OType="0" COUId="">
        <tr><td width="100%" Class="ms-vb"><a onfocus="OnLink(this)" href="/tin/Lists/ThongBao/DispForm.aspx?ID={n}"
        onclick="GoToLink(this);return false;" target="_self">Thông báo số {n}</a></td></tr></table></TD>
        <TD Class="ms-vb2"><NOBR>{n % 28 + 1}/04/2009 08:05</NOBR></TD></TR>"""
        for n in numbers
    )
    return f"""<HTML><BODY><TABLE class="ms-listviewtable"><TR class="ms-viewheadertr"><TH class="ms-vh-icon"></TH>
    <TH class="ms-vh2"><TABLE Name="LinkTitle"><TR><TD>Title</TD></TR></TABLE></TH>
    <TH class="ms-vh2"><TABLE Name="Modified"><TR><TD>Modified</TD></TR></TABLE></TH></TR>{made}</TABLE>{onward}
    </BODY></HTML>"""


def view_2013(
    numbers: Sequence[int],
    next_href: str | None = None,
    *,
    folder: str = "/tin/Lists/ThongBao",
    limit: int | None = None,
    changed: dict[str, object] | None = None,
) -> str:
    """A view that the browser draws: nothing but a script object; slashes escaped as the server does."""
    rows = [
        {
            "ID": str(n),
            "Title": f"Thông báo số {n}",
            "FileLeafRef": f"{n}_.000",
            "FileRef": f"{folder}/{n}_.000",
            "FSObjType": "0",
            "Modified": f"{n % 28 + 1}/04/2019 08:05",
            "owshiddenversion": "3",
            "Author": [{"title": "Someone", "email": "someone@thixa.example"}],
        }
        | (changed or {})
        for n in numbers
    ]
    data: dict[str, object] = {"Row": rows, "FirstRow": 1, "LastRow": len(rows), "FilterLink": "?"}
    if limit:
        data["RowLimit"] = limit
    if next_href:
        data["NextHref"] = next_href
    text = json.dumps(data).replace("/", "\\u002f").replace("&", "\\u0026")
    empty = '<script>var WPQ1ListData = {"Row": [{"ID": "77", "FileRef": "/Lists/Menu/77_.000"}]};</script>'
    return f"<html><body>{empty}{context()}<script>var WPQ2ListData = {text};var x = 1;</script></body></html>"


def section(articles: Iterable[tuple[str, str]], pager: str = "", hidden: str = "") -> str:
    """A section page: teasers, a box of newest articles without text, and a pager."""
    teasers = "".join(
        f"""<li><a href="{href}"><img src="/anh.jpg" alt=""></a><h3><a href="{href}">{title}</a></h3>
        <span class="ShowDate">(05-10)</span><p>Ngày 11/12/2017, thị xã đã tổ chức hội nghị về nông thôn mới.</p>
        </li>"""
        for href, title in articles
    )
    return f"""<html><body><form id="aspnetForm" method="post" action="./tin.aspx">{hidden}
    <ul class="menu"><li><a href="/tin/Pages/lien-he.aspx">Liên hệ</a></li><li><a href="/">Trang chủ</a></li></ul>
    <ul class="tin">{teasers}</ul><div class="phantrang">{pager}</div></form></body></html>"""
