"""Pictures and attachments: which addresses, what an answer is worth by its bytes, and names that are safe."""

from __future__ import annotations

import gzip
import hashlib
import io
import time
import zipfile
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scraper.addresses import request_url
from scraper.enclosures import MAX_NAME_BYTES, files_of, reading, safe_name
from scraper.errors import (
    AccessDenied,
    Disallowed,
    FetchError,
    InputError,
    LoginPage,
    LuutruError,
    NetworkError,
    NotFound,
    OffSite,
    RateLimited,
    SoftError,
    TooLarge,
)
from scraper.media_types import Family, media_type, sniff
from scraper.models import Attachment, Capture, CaptureInfo, Image, Record, to_dict
from tests.fetching import fetch
from tests.loopback import Answer, Loopback

URL = "https://muoixa.example/anh/cau.jpg"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(40)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
PE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00"
LOGIN = b"<!DOCTYPE html><html><form><input name=p class='x' type='password'></form></html>"
ERROR = "\ufeff<html><head><title>Lỗi</title></head><body>Đã có lỗi xảy ra</body></html>".encode()
SVG = b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg"><style>a{}</style></svg>'
WORD_PAGE = b'<html xmlns:o="urn:schemas-microsoft-com:office:office"><body>B\xc3\xa1o c\xc3\xa1o</body></html>'


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    return out.getvalue()


def capture(content: bytes, content_type: str | None = None, *, final: str | None = None) -> Capture:
    digest = hashlib.sha256(content).hexdigest()
    info = CaptureInfo(
        final_url=final,
        content_type=content_type,
        sha256=digest,
        bytes=len(content),
        fetched_at="2024-05-06T07:08:09+00:00",
    )
    return Capture(content, info)


def article(*addresses: Any, attachments: tuple[str, ...] = ()) -> Record:
    return Record(
        images=tuple(Image(address) for address in addresses),
        attachments=tuple(Attachment(address) for address in attachments),
    )


def test_files_of_a_record() -> None:
    record = article(
        URL,
        "data:image/png;base64,iVBORw0KGgo=",
        "blob:https://muoixa.example/7",
        None,
        "anh.jpg",
        "HTTPS://MUOIXA.example:443/anh/./cau.jpg#x",
        "ftp://muoixa.example/a.jpg",
        "javascript:alert(1)",
        "https://muoixa.example/ảnh đẹp.png",
        "file:///etc/passwd",
        attachments=("http://khac.example/tep.pdf", URL, "https://nguoi:mat@muoixa.example/a.pdf"),
    )
    found = (URL, "https://muoixa.example/ảnh đẹp.png", "http://khac.example/tep.pdf")
    assert files_of(record) == files_of(to_dict(record)) == found
    assert files_of({}) == files_of({"images": "x", "attachments": [1, None, {"url": 3}]}) == ()


@given(st.lists(st.text(max_size=40) | st.sampled_from([URL, URL.upper(), "//a.example/b", "https://[::1]/a"])))
def test_addresses_are_web_addresses_each_once(addresses: list[str]) -> None:
    found = files_of({"images": [{"url": address} for address in addresses]})
    asked = [request_url(address) for address in found]
    assert len(set(asked)) == len(asked) and all(one.startswith(("http://", "https://")) for one in asked)
    assert set(found) <= set(addresses)


@pytest.mark.parametrize(
    ("name", "content", "declared", "told"),
    [
        ("cau.jpg", JPEG, "image/jpeg", "image/jpeg"),
        ("cau.jpg", PNG, "image/jpeg", "image/png"),
        ("cau.jpg", JPEG, "text/html", "image/jpeg"),
        ("cau.jpg", JPEG, None, "image/jpeg"),
        ("cau", b"RIFF\x00\x00\x00\x00WEBPVP8 ", None, "image/webp"),
        ("cau.svg", SVG, "image/svg+xml", "image/svg+xml"),
        ("a.pdf", PDF, "application/octet-stream", "application/pdf"),
        ("a.pdf", b"\n\n" + PDF, "text/html", "application/pdf"),
        ("a.doc", OLE, "application/octet-stream", "application/msword"),
        ("a.xls", OLE, None, "application/vnd.ms-excel"),
        ("a", OLE, "application/vnd.ms-powerpoint", "application/vnd.ms-powerpoint"),
        ("a", OLE, "image/jpeg", "application/x-ole-storage"),
        ("a.docx", zipped(), None, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.zip", zipped(), "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        ("a.docx", OLE, "text/html; x", "application/x-ole-storage"),
        ("a.zip", zipped(), "application/x-msdownload", "application/zip"),
        ("a.rar", b"Rar!\x1a\x07\x01\x00", None, "application/vnd.rar"),
        ("a.doc", rb"{\rtf1\ansi Quy\u7871 ?t}", "application/msword", "application/rtf"),
        ("a.doc", WORD_PAGE, "application/msword", "text/html"),
        ("a.xls", b"STT\tHo ten\n1\tMay\n", "application/vnd.ms-excel", "text/plain"),
        ("a.csv", b"STT,Ho ten\n", "text/csv; charset=utf-8", "text/csv"),
        ("a.txt", "\ufeffSố".encode("utf-16-le"), None, "text/plain"),
        ("a.htm", ERROR, "text/html", "text/html"),
        ("a.dwg", b"AC1027\x00\x00", "image/vnd.dwg", "image/vnd.dwg"),
        ("a.bin", b"\x00\x01\x02", "no type", "application/octet-stream"),
        ("a.mp4", b"\x00\x00\x00\x18ftypmp42", None, "video/mp4"),
        ("a.mp3", b"ID3\x03\x00\x00", None, "audio/mpeg"),
        ("MZ.txt", b"MZ la ten rieng", None, "text/plain"),
    ],
)
def test_what_is_stored_and_as_what(name: str, content: bytes, declared: str | None, told: str) -> None:
    url = f"https://muoixa.example/Lists/Tin/Attachments/7/{name}"
    read = reading(url, capture(content, declared))
    assert (read.file.status, read.file.error, read.file.content_type) == ("stored", None, told)
    assert read.content == content and read.file.sha256 == hashlib.sha256(content).hexdigest()
    assert (read.file.url, read.file.bytes, read.file.file_name) == (url, len(content), name)
    assert read.file.fetched_at == "2024-05-06T07:08:09+00:00" and read.file.path is None


@pytest.mark.parametrize("declared", ["image/jpeg", "text/html", None])
@pytest.mark.parametrize(
    ("name", "content", "status", "error"),
    [
        ("cau.jpg", ERROR, "failed", "soft_error"),
        ("cau.jpg", b"  \r\n<!-- x --><html>", "failed", "soft_error"),
        ("cau.jpg", ERROR.decode("utf-8-sig").encode("utf-16"), "failed", "soft_error"),
        ("cau.jpg", b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML">', "failed", "soft_error"),
        ("cau.jpg", LOGIN, "failed", "login"),
        ("cau.jpg", b'{"error": "not found"}', "failed", "soft_error"),
        ("cau.jpg", b"", "failed", "empty"),
        ("a.pdf", ERROR, "failed", "soft_error"),
        ("a.pdf", ERROR + b"%PDF-1.4", "failed", "soft_error"),
        ("a.doc", ERROR, "failed", "soft_error"),
        ("a.docx", b"Khong tim thay", "failed", "soft_error"),
        ("tai.aspx", ERROR, "failed", "soft_error"),
        ("", ERROR, "failed", "soft_error"),
        ("a.htm", LOGIN, "failed", "login"),
        ("cau.jpg", PE, "refused", "unwanted_type"),
        ("a.pdf", b"\x7fELF\x02\x01\x01", "refused", "unwanted_type"),
        ("a.txt", b"#!/bin/sh\nrm -rf ~", "refused", "unwanted_type"),
        ("cai-dat.EXE", b"\x00\x01", "refused", "unwanted_type"),
        ("a.pdf.js", b"alert(1)", "refused", "unwanted_type"),
        ("cai-dat.msi", OLE, "refused", "unwanted_type"),
    ],
)
def test_what_is_never_kept(name: str, content: bytes, declared: str | None, status: str, error: str) -> None:
    read = reading(f"https://muoixa.example/tep/{name}", capture(content, declared))
    assert (read.file.status, read.file.error, read.content) == (status, error, None)
    assert (read.file.sha256, read.file.bytes) == (None, None)


def test_a_text_that_is_called_a_picture_by_the_server() -> None:
    read = reading("https://muoixa.example/GetPreview.ashx?id=7", capture(b"Khong co quyen", "image/png"))
    assert (read.file.status, read.file.error) == ("failed", "soft_error")


def test_what_to_refuse_is_the_callers_choice() -> None:
    url = "https://muoixa.example/cai-dat.exe"
    assert reading(url, capture(PE), refuse=()).file.status == "stored"
    assert reading(URL, capture(JPEG), refuse=frozenset[Family](["picture"])).file.status == "refused"


def gone(status: int | None) -> NotFound:
    error = NotFound(URL, "HTTP 404")
    error.status = status
    return error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (gone(404), "missing"),
        (gone(410), "missing"),
        (gone(None), "failed"),  # a redirect to a page that says so: no proof
        (TooLarge(URL), "refused"),
        (OffSite(URL), "refused"),
        (Disallowed(URL), "refused"),
        (InputError(URL), "refused"),
        (NetworkError(URL), "failed"),
        (AccessDenied(URL), "failed"),
        (RateLimited(URL), "failed"),
        (LoginPage(URL), "failed"),
        (SoftError(URL), "failed"),
        (FetchError(URL), "failed"),
    ],
)
def test_what_errors_mean(error: LuutruError, status: str) -> None:
    read = reading(URL, error, asked_at="2024-05-06T07:08:09+00:00")
    assert read.content is None
    assert (read.file.status, read.file.error, read.file.url) == (status, error.code, URL)
    assert (read.file.file_name, read.file.fetched_at, read.file.sha256) == (
        "cau.jpg",
        "2024-05-06T07:08:09+00:00",
        None,
    )


class Headed(Capture):
    """A capture with its headers."""

    headers: tuple[tuple[str, str], ...] = ()


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="Quyết định 12.pdf"', "Quyết định 12.pdf"),
        ("attachment; filename=Quy%E1%BA%BFt.pdf", "Quyết.pdf"),
        ("attachment; filename=x.pdf; filename*=UTF-8''Quy%E1%BA%BFt%20%C4%91%E1%BB%8Bnh.pdf", "Quyết định.pdf"),
        ('attachment; filename="' + "Quyết.pdf".encode().decode("latin-1") + '"', "Quyết.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        (r'attachment; filename="C:\bao cao\a.pdf"', "a.pdf"),
        ("attachment; filename*=UTF-8''..%2F..%2Fa.pdf", "a.pdf"),
        ("attachment; filename*=klingon''a", "Download.aspx"),
        ("inline", "Download.aspx"),
        ('attachment; filename=".."', "Download.aspx"),
    ],
)
def test_names_as_offered(header: str, name: str) -> None:
    answer = Headed(PDF, capture(PDF).info)
    object.__setattr__(answer, "headers", (("Content-Type", "x/y"), ("CONTENT-DISPOSITION", header)))
    url = "https://muoixa.example/_layouts/Download.aspx?SourceUrl=/a"
    assert reading(url, answer).file.file_name == name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Báo cáo (1).pdf", "Báo cáo (1).pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", None),
        ("", None),
        (None, None),
        (" . ", None),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("com1.pdf", "_com1.pdf"),
        ("-rf", "_rf"),
        (".bashrc", "bashrc"),
        ('a<b>:"|?*.pdf', "a_b______.pdf"),
        ("a\x1b[31m\u202efdp.exe", "a[31mfdp.exe"),
        ("a.pdf. .", "a.pdf"),
        ("ả" * 300 + ".pdf", "ả" * 65 + ".pdf"),
    ],
)
def test_names_made_safe(name: str | None, safe: str | None) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=400) | st.text(alphabet="./\\ .-~con1\u0301\u200b'|", max_size=300))
@example("a" * 250 + "." + "b" * 250)
@example("é" * 99 + ". .x")
@example(". -\u200b-con.")
@example("e\U000e0041\u0301\U00018cd6.pdf")
def test_safe_names_stay_and_are_safe(name: str) -> None:
    safe = safe_name(name)
    if safe is None:
        return
    assert safe_name(safe) == safe
    assert 0 < len(safe.encode("utf-8")) <= MAX_NAME_BYTES and safe.isprintable()
    assert safe[0] not in ".-~ " and safe[-1] not in ". " and not set('/\\<>:"|?*') & set(safe)
    assert safe.partition(".")[0].lower() not in ("con", "nul", "com1")


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda tail: b"<html><!--" + tail), st.text(max_size=30))
def test_any_answer_is_judged(content: bytes, declared: str) -> None:
    read = reading(URL, capture(content, declared))
    assert (read.content is not None) == (read.file.status == "stored") == (read.file.sha256 is not None)
    assert (read.file.error is None) == (read.file.status == "stored")
    if read.file.status == "stored":
        assert read.file.content_type and not read.file.content_type.startswith("text/")


@pytest.mark.parametrize(
    "content",
    [
        b"<input" * 1_000_000,
        b"<!--" * 1_000_000,
        b"<?xml " + b"<" * 5_000_000,
        b"\n" * 5_000_000,
        b"<html>" + b"<input " * 700_000,
    ],
    ids=["input", "comments", "brackets", "blanks", "open"],
)
def test_hostile_answers_cost_little(content: bytes) -> None:
    begun = time.process_time()
    reading(URL, capture(content, "x" * 100_000))
    assert time.process_time() - begun < 1.0


def test_only_the_beginning_is_sniffed() -> None:
    assert sniff(gzip.compress(b"x")).name == "application/gzip"
    assert sniff(b"\n" * 10_000 + b"<html>").family == "text"
    assert media_type(b"", declared="image/png").family == "text"


def test_answers_of_a_real_server(portal: Loopback) -> None:
    portal.on("/anh.jpg", Answer(body=JPEG, content_type="image/jpeg", headers={"Content-Disposition": "inline"}))
    portal.on("/mat.jpg", Answer(404))
    portal.on("/loi.jpg", Answer(body=ERROR))
    portal.on("/to.pdf", Answer(body=PDF * 1000, content_type="application/pdf"))
    portal.on("/hong.pdf", Answer(body=PDF, content_type="application/pdf", cut=10))
    found = {}
    for name in ("anh.jpg", "mat.jpg", "loi.jpg", "to.pdf", "hong.pdf"):
        url = portal.url(f"/{name}")
        try:
            answer: Capture | LuutruError = fetch(url, max_bytes=10_000)
        except LuutruError as error:
            answer = error
        read = reading(url, answer, asked_at="2024-05-06T07:08:09+00:00")
        found[name] = read.file.status, read.file.error, read.content
    assert found == {
        "anh.jpg": ("stored", None, JPEG),
        "mat.jpg": ("missing", "not_found", None),
        "loi.jpg": ("failed", "soft_error", None),
        "to.pdf": ("refused", "too_large", None),
        "hong.pdf": ("failed", "network", None),
    }
