"""Errors: what each class says, and what the command line makes of bad input.

Whatever is wrong with a source: one clear line on stderr, its exit code, nothing on stdout, no traceback, no empty
record, and an archive that is byte for byte what it was.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import luutru
from cli.exits import ExitCode, exit_code_of
from cli.render import complain
from scraper import errors
from tests.conftest import Run
from tests.fixture_pages import load_fixtures
from tests.loopback import Answer, Loopback, endless_gzip
from tests.running import STEERING, article, keep, save

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
named = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@named
def test_an_error_reads_what_source_cause(kind: type[errors.LuutruError], capsys: pytest.CaptureFixture[str]) -> None:
    error = kind("http://xa.example/tin", "HTTP 418", hint="make coffee elsewhere")
    assert str(error) == f"{kind.what}: http://xa.example/tin: HTTP 418"
    assert (error.source, error.cause, error.hint) == ("http://xa.example/tin", "HTTP 418", "make coffee elsewhere")
    complain(error)
    assert capsys.readouterr() == ("", f"luutru: {error} (make coffee elsewhere)\n")
    assert str(kind()).startswith(kind.what) and "\n" not in str(kind())


@named
def test_an_error_is_one_line_whatever_its_source(
    kind: type[errors.LuutruError], capsys: pytest.CaptureFixture[str]
) -> None:
    complain(kind("a\nb\x1b[2J\u202e", "c\r\nd\x9b", hint="e\n\tf"))
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and not STEERING.search(said)


@named
def test_an_error_has_words_and_a_code_of_its_own(kind: type[errors.LuutruError]) -> None:
    assert inspect.getdoc(kind)
    assert kind.what == kind.what.strip(" .") and "\n" not in kind.what
    assert [other for other in KINDS if other.code == kind.code or other.what == kind.what] == [kind]
    assert getattr(luutru, kind.__name__) is kind and kind.__name__ in luutru.__all__
    assert (exit_code_of(kind()) is ExitCode.BUG) == (kind is errors.LuutruError)


def test_what_can_be_said_in_other_words() -> None:
    assert (
        str(errors.InputError("out.csv", "no such folder", what="cannot write"))
        == "cannot write: out.csv: no such folder"
    )
    refusal = errors.NotAnArticle("page.html", reason="login")
    assert (str(refusal), refusal.reason) == ("no article: page.html: login", "login")


PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
MHTML = b"Content-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/css\r\n\r\n*{}\r\n--x--\r\n"
PAGE = article(more="<p>Đò ngang chạy suốt đêm.</p>" * 400)

# What was typed → parts of the line on stderr. All are errors of input.
TYPED = {
    "gone.html": ("cannot use this source: gone.html: no such file", "check the name"),
    "xa.example": ("https://xa.example",),
    "xa.example:8080/tin": ("https://xa.example:8080/tin",),
    "folder": ("no pages in this folder",),
    "": ("cannot use this source: an empty name",),
    "file:///etc/passwd": ("file: addresses are not read", "http"),
    "ftp://xa.example/tin.html": ("ftp: addresses are not read",),
    "javascript:alert(1)": ("javascript: addresses are not read",),
    "http://127.0.0.1/tin tuc": ("it holds blanks", "%20"),
    "http://me:secret@127.0.0.1/": ("cannot use this source",),
    "http:///tin": ("cannot use this source",),
    "\udcff.html": ("no such file",),
    "a\n\x1b[31mb\u202e.html": ("no such file",),
    f"{'a' * 300}.html": ("file name too long",),
}
# File name → content, exit code, part of the line.
SAVED = {
    "photo.html": (PICTURE, ExitCode.EXTRACT, "photo.html: a PNG image"),
    "noise.bin": (bytes(range(256)) * 9, ExitCode.EXTRACT, "binary data"),
    "blank.html": (b" \r\n", ExitCode.EXTRACT, "the document is empty"),
    "nothing.html": (b"<html><body></body></html>", ExitCode.EXTRACT, "no article: nothing.html"),
    "words.txt": (b"nuoc lon, nuoc rong", ExitCode.EXTRACT, "no article: words.txt"),
    "style.mhtml": (MHTML, ExitCode.INPUT, "style.mhtml: this MHTML file holds no HTML page"),
    "noise.mhtml": (bytes(range(256)), ExitCode.INPUT, "noise.mhtml: this MHTML file holds no HTML page"),
}
# What the server does → the answer, parts of the line. All are errors of fetching, but for the last.
SERVED = {
    "404": (Answer(404), ("not found: http", "HTTP 404 Not Found", "check the address")),
    "500": (Answer(500, body="ouch"), ("network failure", "HTTP 500")),
    "403": (Answer(403), ("access denied", "HTTP 403")),
    "429": (Answer(429, headers={"Retry-After": "7"}), ("slow down",)),
    "soft error": (Answer(body=PAGE, headers={"SharePointError": "2"}), ("error page",)),
    "login": (Answer(302, headers={"Location": "/_login/default.aspx"}), ("log in",)),
    "silence": (Answer(body=PAGE, pause=20), ("not complete after 1 s",)),
    "dripping": (Answer(body=PAGE, drip=(9, 0.05)), ("not complete after 1 s",)),
    "reset": (Answer(body=PAGE, cut=2000, reset=True), ("the server closed the connection",)),
    "short body": (Answer(body=PAGE, length=99_999), ("broke off",)),
    "truncated gzip": (Answer(body=PAGE, coding="gzip", chunk=100, cut=250), ("broke off",)),
    "bomb": (Answer(body=endless_gzip, headers={"Content-Encoding": "gzip"}), ("too large", "more than 3 MB")),
    "no HTTP": (Answer(raw=b"SSH-2.0-x\r\n\r\n"), ("does not speak proper HTTP",)),
    "PDF": (Answer(body=b"%PDF-1.7\n" + PICTURE, content_type="application/pdf"), ("a PDF document",)),
}
LIMITS = ("--retries", "0", "--timeout", "1", "--max-bytes", "3000000")


@pytest.fixture
def refused(run: Run, tmp_path: Path) -> Callable[..., None]:
    """refused(code, parts, source, …): `add` and `extract` both say one clear line, and the archive stays as it was."""

    def check(code: ExitCode, parts: tuple[str, ...], *arguments: str) -> None:
        keep(tmp_path)
        before = contents(tmp_path / "archive")
        added, extracted = run("add", *arguments), run("extract", *arguments)
        assert (added.code, added.out) == (code, "")
        assert added.err.startswith("luutru: ") and added.err.count("\n") == 1 and not STEERING.search(added.err)
        assert [part for part in parts if part not in added.err] == [], added.err
        assert extracted == added
        assert contents(tmp_path / "archive") == before

    return check


@pytest.mark.parametrize("argument", TYPED, ids=lambda argument: ascii(argument)[:40])
def test_what_was_typed_is_no_source(refused: Callable[..., None], tmp_path: Path, argument: str) -> None:
    (tmp_path / "folder").mkdir()
    refused(ExitCode.INPUT, TYPED[argument], argument)


@pytest.mark.parametrize("name", SAVED)
def test_what_was_saved_is_no_article(refused: Callable[..., None], tmp_path: Path, name: str) -> None:
    content, code, part = SAVED[name]
    (tmp_path / name).write_bytes(content)
    refused(code, (part,), name)


@pytest.mark.parametrize("name", SERVED)
def test_what_is_served_is_no_page(refused: Callable[..., None], portal: Loopback, name: str) -> None:
    answer, parts = SERVED[name]
    portal.on("/tin", answer)
    started = time.monotonic()
    refused(ExitCode.EXTRACT if name == "PDF" else ExitCode.FETCH, parts, portal.url("/tin"), *LIMITS)
    assert time.monotonic() - started < 20


def test_pages_without_an_article(run: Run, tmp_path: Path) -> None:
    keep(tmp_path)
    before = contents(tmp_path / "archive")
    pages = [next(fixture.path.glob("page.*")) for fixture in load_fixtures() if fixture.is_refusal]
    ran = run("add", *pages)
    assert (ran.code, ran.out) == (ExitCode.EXTRACT, "")
    *lines, summary = ran.err.splitlines()
    assert len(lines) == len(pages) > 8 and summary == f"{len(pages)} failed"
    assert all(line.startswith(f"luutru: no article: {page}: ") for line, page in zip(lines, pages, strict=True))
    assert contents(tmp_path / "archive") == before


@pytest.mark.parametrize(
    ("encoding", "declared", "problem"),
    [
        ("utf-8", "iso-8859-1", "charset_mismatch"),
        ("utf-16", "utf-8", "charset_mismatch"),
        ("cp1252", "utf-8", "bad_bytes"),
    ],
)
def test_a_wrong_charset_is_a_doubt_and_no_failure(
    run: Run, portal: Loopback, encoding: str, declared: str, problem: str
) -> None:
    page = article("Cho noi Vam Sao hop lai sau mua nuoc", more="<p>Độ mặn đo được 0,4 ‰.</p>")
    body = page.encode(encoding, "xmlcharrefreplace").replace(b'<meta charset="utf-8">', b"")
    portal.on("/tin", Answer(body=body.replace(b"&#7", b"\xe9&#7"), content_type=f"text/html; charset={declared}"))
    ran = run("add", portal.url("/tin"), "--json")
    assert ran.code == 0 and '"kind": "new"' in ran.out
    assert (problem in ran.out) == (encoding != "utf-16"), ran.out


def test_junk_in_a_list_does_not_keep_the_rest_from_being_read(run: Run, tmp_path: Path, portal: Loopback) -> None:
    portal.on("/tin", Answer(body=article()))
    address = portal.url("/tin").encode()
    lines = (b"# Vam Sao", address, b"", b"xa.example/tin", b"\x1b[31m\xff\xfe", address, b"x" * 9999, address)
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines))
    for arguments in (["list.txt"], ["--from", "list.txt"]):
        ran = run("add", *arguments, "--json")
        assert ran.code == ExitCode.PARTIAL and ran.out.count('"failed"') == 3
        assert [line.count("not an address") for line in ran.err.splitlines()] == [1, 1, 1, 0]
        assert not STEERING.search(ran.err) and max(map(len, ran.err.splitlines())) < 400


def test_files_whose_names_are_hostile(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    names = ("-a.html", "b\n\x1b[31m.html", "c\udcff.html", "d\u202elmth.html", "--help.html")
    for number, name in enumerate(names):
        save(folder, name, title=f"Trang số {number} của bến đò")
    assert run("add", "pages").code == 0
    assert run("add", "pages", "--json").out.count('"unchanged"') == 5
    ran = run("add", "--", "-a.html", "--help.html", cwd=folder)
    assert ran.code == 0 and ran.out.count("new ") == 2
    for command in ("extract", "explain"):
        shown = run(command, "b\n\x1b[31m.html", cwd=folder)
        assert shown.code == 0 and not STEERING.search(shown.out + shown.err)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of an archive with its bytes, but for captures: what was fetched is kept, whatever it was."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.parent.name != "captures")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
