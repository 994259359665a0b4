"""What programs ask in XML: owssvr.dll, the list feed, the sitemap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from tests.fakeportal.articles import CANARY, LOGIN
from tests.fakeportal.interfaces import THROTTLED, Refused
from tests.fakeportal.items import Item, NewsList, iso_utc, text_of, title_of
from tests.loopback import Answer


def owssvr(place: NewsList, threshold: int) -> Answer:
    """`?Cmd=Display&List={…}&Query=*&XMLDATA=TRUE`: all rows at once; an error page above the threshold."""
    if len(place.items) > threshold:
        raise Refused(500, THROTTLED)
    rows = "\n".join(
        f"   <z:row ows_ID='{item.id}' ows_Title='{escape(title_of(place.name, item))}'"
        f" ows_Modified='{item.modified:%Y-%m-%d %H:%M:%S}'"
        f" ows_Created='{item.published:%Y-%m-%d %H:%M:%S}' ows_LinkTitle='{escape(title_of(place.name, item))}'"
        f" ows_FileRef='{item.id};#{place.path[1:]}/{item.id}_.000' ows_Editor='21;#{LOGIN}'"
        f" ows__UIVersionString='{item.version}.0'"
        f" ows_owshiddenversion='{item.version}' />"
        for item in place.after(None, len(place.shown), descending=False)
    )
    body = (
        "<xml xmlns:s='uuid:BDC6E3F0-6DA3-11d1-A2A3-00AA00C14882' xmlns:dt='uuid:C2F41010-65B3-11d1-A29F-00AA00C14882'"
        " xmlns:rs='urn:schemas-microsoft-com:rowset' xmlns:z='#RowsetSchema'>\n<s:Schema id='RowsetSchema'>"
        "<s:ElementType name='row'"
        " content='eltOnly' rs:CommandTimeout='30'><s:AttributeType name='ows_ID' rs:name='ID' rs:number='1'>"
        "<s:datatype dt:type='i4'"
        f" dt:maxLength='4' /></s:AttributeType></s:ElementType></s:Schema>\n<rs:data>\n{rows}\n</rs:data>\n</xml>\n"
    )
    return Answer(body=body, content_type="text/xml; charset=utf-8")


def feed(place: NewsList, base: str) -> Answer:
    """The list feed: the 25 that changed last, their text cut at 256 characters."""
    entries = "".join(
        f"<item><title>{escape(title_of(place.name, item))}</title>"
        f"<link>{base}{place.path}/DispForm.aspx?ID={item.id}</link>"
        f"<description><![CDATA[<div><b>Tóm tắt:</b> {escape(text_of(place.name, item).lead)[:256]}</div>]]>"
        f"</description>"
        f"<author>Đinh Mạnh Hưng ({CANARY})</author><pubDate>{_rfc822(item.modified)}</pubDate>"
        f'<guid isPermaLink="true">{base}{place.path}/DispForm.aspx?ID={item.id}</guid></item>\n'
        for item in place.newest(25)
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Cồn Nhạn: '
        f"{place.title}</title><link>{base}{place.path}/AllItems.aspx</link><description>RSS feed for the"
        f" {place.title} list.</description>"
        f"<lastBuildDate>{_rfc822(place.changed)}</lastBuildDate><generator>Microsoft SharePoint Foundation RSS"
        f" Generator</generator>"
        f"<ttl>60</ttl>\n{entries}</channel></rss>\n"
    )
    return Answer(body=body, content_type="text/xml; charset=utf-8")


def sitemap(addresses: Sequence[tuple[str, Item]], base: str, number: int | None, size: int) -> Answer | None:
    """sitemap.xml with all addresses, an index of `sitemap<n>.xml` where they are more than `size`; None if no such."""
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    parts = -(-len(addresses) // size)
    if number is None and parts > 1:
        rows = "".join(f"<sitemap><loc>{base}/sitemap{k}.xml</loc></sitemap>\n" for k in range(parts))
        return _xml(f"<sitemapindex {space}>\n{rows}</sitemapindex>")
    if number is not None and number >= parts:
        return None
    start = (number or 0) * size
    rows = "".join(
        f"<url><loc>{escape(address)}</loc><lastmod>{iso_utc(item.modified)}</lastmod></url>\n"
        for address, item in addresses[start : start + size]
    )
    return _xml(f"<urlset {space}>\n{rows}</urlset>")


def _xml(body: str) -> Answer:
    return Answer(body='<?xml version="1.0" encoding="UTF-8"?>\n' + body, content_type="text/xml")


def _rfc822(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)
