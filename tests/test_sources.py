"""What the user types becomes sources, and what sources load; nothing behind `scraper.sources` knows the difference."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import quopri
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.errors import InputError, NotAnArticle
from scraper.mhtml import read_mhtml
from scraper.models import Capture, CaptureInfo
from scraper.pipeline import extract_checked, read_all
from scraper.sources import Source, capture_of, expand
from tests.running import TITLE, article

PLACE = "http://xa.vamsao.example/tin?ItemID=7"


def names(*arguments: str | Path, lists: tuple[Path, ...] = (), url: str | None = None) -> list[str]:
    """Each source as `kind name`, each error as `! cause`."""
    found = expand(map(str, arguments), lists=lists, url=url)
    return [f"! {one.cause}" if isinstance(one, InputError) else f"{one.kind} {one.name}" for one in found]


def test_each_kind_is_known_by_its_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.html", "b.txt", "c.mhtml", "http:odd", "no-suffix"):
        Path(name).write_text("nước", "utf-8")
    arguments = ("-", "HTTPS://xa.example/a b", "a.html", "b.txt", "c.mhtml", "http:odd", "no-suffix")
    assert names(*arguments) == [
        "stdin -",
        "url HTTPS://xa.example/a b",
        *(f"file {name}" for name in arguments[2:]),
    ]
    assert names("mailto:a@xa.example", "x.example/a") == [
        "! mailto: addresses are not read",
        "! no such file or folder",
    ]


def test_a_folder_gives_its_pages_in_order(tmp_path: Path) -> None:
    for name in ("b/2.htm", "b/10.html", "a.HTML", "notes.pdf", "b/c/x.mht", "z.aspx", "b/~.swp", "y.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", "utf-8")
    found = ("a.HTML", "y.txt", "z.aspx", "b/10.html", "b/2.htm", "b/c/x.mht")
    assert names(tmp_path) == [f"file {tmp_path / name}" for name in found]
    assert names(tmp_path, url=PLACE) == ["! a folder has no address of its own"]
    (tmp_path / "empty").mkdir()
    assert names(tmp_path / "empty") == ["! no pages in this folder"]


def test_a_link_in_a_circle_does_not_catch_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("x", "utf-8")
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert names(tmp_path) == [f"file {tmp_path / 'a.html'}"]


@pytest.mark.parametrize(
    ("lines", "is_list"),
    [
        (["http://xa.example/1", "", "# two", "https://xa.example/2"], True),
        (["http://xa.example/1", "xa.example/2"], True),
        (["http://xa.example/1"] * 9000, True),
        (["Nước lên", "http://xa.example/1", "Nước xuống"], False),
        (["# only talk"], False),
        ([""], False),
    ],
)
def test_a_text_of_addresses_is_a_list(tmp_path: Path, lines: list[str], is_list: bool) -> None:
    path = tmp_path / "list.txt"
    for start, end in (("", "\n"), ("\ufeff", "\r\n")):
        path.write_bytes((start + end.join(lines)).encode())
        found = names(path)
        assert (found != [f"file {path}"]) == is_list
        assert not is_list or found == names(lists=(path,))


def test_a_list_tells_its_junk_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(
        b"\xef\xbb\xbf  http://xa.example/1  \n\n# talk\n-\n/etc/passwd\nftp://xa.example/\n\xff\nhttp://xa.example/2"
    )
    junk = "! not an address"
    ftp = "! ftp: addresses are not read"
    assert names(lists=(path,)) == ["url http://xa.example/1", junk, junk, ftp, junk, "url http://xa.example/2"]
    assert names(lists=(tmp_path,)) == ["! not a regular file"]
    assert names(lists=(tmp_path / "none",)) == ["! no such file or folder"]


def test_a_saved_page_takes_the_address_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(article(), "utf-8")
    (source,) = expand([str(path)], url=PLACE)
    assert isinstance(source, Source)
    info = source.load().info
    assert (info.requested_url, info.final_url, info.source, info.bytes) == (PLACE, PLACE, "file", path.stat().st_size)
    (source,) = expand([str(path)], url="")
    assert isinstance(source, Source) and source.load().info.requested_url is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_standard_input_is_told_by_its_look(encoding: str) -> None:
    for text, kind in ((article(), "file"), ("Nước lên\nNước xuống", "text")):
        capture = Source("stdin", "-").load(stdin=io.BytesIO(text.encode(encoding)))
        assert (capture.info.source, capture.name) == (kind, "-")
    assert extract_checked(Source("stdin", "-").load(stdin=io.BytesIO(article().encode(encoding)))).title == TITLE


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    for name in ("pipe.html", "pipe.txt"):
        os.mkfifo(tmp_path / name)
        (reading,) = read_all(expand([str(tmp_path / name)]))
        assert isinstance(reading.error, InputError) and "not a regular file" in str(reading.error)


def test_too_large_a_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.html"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    (reading,) = read_all(expand([str(path)]))
    assert isinstance(reading.error, InputError) and "200,000,000 bytes" in str(reading.error)


@pytest.mark.parametrize(
    "head", [b"%PDF-1.4\n", b"PK\x03\x04", b"GIF89a", b"\xff\xd8\xff", b"\x1f\x8b", b"\x00\x01\x02\x03" * 20]
)
def test_binary_content_is_refused_by_its_first_bytes(head: bytes) -> None:
    with pytest.raises(NotAnArticle) as refused:
        extract_checked(Capture(head + b"<h1>Tin</h1>", CaptureInfo(), "x"))
    assert refused.value.reason == "binary"


# MHTML


def mhtml(
    *, coding: str = "quoted-printable", charset: str = "utf-8", boundary: str = "----=_Part_0", nested: bool = False
) -> bytes:
    """A page as browsers save it."""
    body = article().encode(charset)
    body = {"quoted-printable": quopri.encodestring, "base64": base64.encodebytes, "8bit": bytes}[coding](body)
    page = (
        f"Content-Type: text/html; charset={charset}\r\nContent-Transfer-Encoding: {coding}\r\n"
        f"Content-Location: {PLACE}\r\n\r\n"
    ).encode() + body
    if nested:
        page = b'Content-Type: multipart/alternative; boundary="inner"\r\n\r\n--inner\r\n' + page + b"\r\n--inner--\r\n"
    head = (
        "From: <Saved by a browser>\r\nSnapshot-Content-Location: http://else.example/\r\nSubject: x\r\n"
        "Date: Thu, 14 Feb 2019 08:30:00 +0700\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n"
        f'\ttype="text/html";\r\n\tboundary="{boundary}"\r\n\r\n'
    )
    mark = f"\r\n--{boundary}".encode()
    style = b"\r\nContent-Type: text/css\r\nContent-Location: cid:css\r\n\r\n.a { color: red }"
    return head.encode() + b"a preamble" + mark + style + mark + b"\r\n" + page + mark + style + mark + b"--\r\n"


@pytest.mark.parametrize("coding", ["quoted-printable", "base64", "8bit"])
@pytest.mark.parametrize("nested", [False, True])
def test_mhtml(coding: str, nested: bool) -> None:
    content = mhtml(coding=coding, nested=nested)
    for form in (content, content.replace(b"\r\n", b"\n")):
        capture = capture_of(form, "page.mhtml", suffix=".mhtml")
        assert capture.info.final_url == PLACE and capture.info.fetched_at == "2019-02-14T08:30:00+07:00"
        assert (capture.info.source, capture.info.bytes) == ("mhtml", len(form))
        assert capture.content.decode().rstrip() == article()
        record = extract_checked(capture)
        assert (record.title, record.url) == (TITLE, PLACE)


def test_mhtml_in_a_legacy_charset_or_without_its_end() -> None:
    assert extract_checked(read_mhtml(mhtml(charset="utf-16"), "x")).title == TITLE
    assert extract_checked(read_mhtml(mhtml(boundary="a.b+c(d)?")[:-60], "x")).title == TITLE
    assert read_mhtml(mhtml(), "x", "http://given.example/").info.final_url == "http://given.example/"


def test_mhtml_without_a_page() -> None:
    for content in (b"", b"\n\n", b"<h1>Tin</h1>", mhtml().replace(b"text/html; ", b"text/plain; ")):
        with pytest.raises(InputError, match="holds no HTML page"):
            read_mhtml(content, "x")
    with pytest.raises(InputError, match="cannot be decoded"):
        read_mhtml(b"Content-Type: text/html\nContent-Transfer-Encoding: base64\n\nA", "x")


@pytest.mark.parametrize(
    "content",
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 300_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(50_000)),
        b"X: y\r\n" * 500_000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b" * 1_000_000,
        b'Content-Type: multipart/mixed; boundary="' + b"\\" * 1_000_000,
    ],
    ids=["parts", "nesting", "headers", "marks", "boundary"],
)
def test_hostile_mhtml_costs_little(content: bytes) -> None:
    with pytest.raises(InputError):
        read_mhtml(content, "x")


@given(st.binary(max_size=300), st.integers(0, 900), st.integers(0, 40))
def test_broken_mhtml_is_read_or_refused(noise: bytes, place: int, gap: int) -> None:
    content = mhtml()
    with contextlib.suppress(InputError):
        assert isinstance(read_mhtml(content[:place] + noise + content[place + gap :], "x"), Capture)
