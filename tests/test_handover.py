"""`luutru export --format warc|wacz|bagit`: what is handed over, as other people's programs read it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

import luutru
from storage.exports import file_names, wacz, writer
from storage.exports.cdxj import surt
from storage.exports.holdings import Holdings
from storage.exports.members import Members
from tests.captured import (
    FIRST,
    FOREIGN,
    IMAGE,
    MOVED,
    OTHER,
    PAGE,
    PDF,
    PDF_CONTENT,
    SECOND,
    THIRD,
    UNCAPTURED,
    WarcFile,
    captured,
    page,
    png,
    put,
    stored,
)
from tests.conftest import ROOT, Run
from tests.running import objects, start
from tests.tools import ran, tool

CREATED = datetime(2024, 6, 1, 8, 0, tzinfo=UTC)
FORMATS = {"warc": "out.warc.gz", "wacz": "out.wacz", "bagit": "out"}
Export = Callable[..., list[str]]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The archive of `tests.captured`."""
    return captured(tmp_path)


@pytest.fixture
def export(tmp_path: Path, archive: Path) -> Export:
    """export("warc", portal="conen.example") writes `FORMATS["warc"]` in the test's folder: what was lacking."""

    def call(name: str, **selection: Any) -> list[str]:
        out = tmp_path / FORMATS[name]
        with (
            luutru.open(archive, mode="r") as kept,
            Holdings(kept, created=CREATED, name=out.name, selection=selection) as holdings,
        ):
            if name == "bagit":
                out.mkdir()
                writer(name)(kept.find(**selection), out, holdings)
            else:
                with out.open("wb") as file:
                    writer(name)(kept.find(**selection), file, holdings)
            return holdings.notices()

    return call


def members(file: Path) -> Iterator[tuple[int, bytes, str, str, str]]:
    """Offset, bytes, kind, address and date of each gzip member of a WARC file, as warcio finds them."""
    data = file.read_bytes()
    with file.open("rb") as stream:
        records = ArchiveIterator(stream)
        for record in records:
            field = record.rec_headers.get_header
            facts = field("WARC-Type"), field("WARC-Target-URI") or "", field("WARC-Date")
            records.read_to_end(record)
            start, length = records.get_record_offset(), records.get_record_length()
            yield start, data[start : start + length], *facts


def captures(file: Path) -> list[tuple[str, str, str]]:
    """Kind, address and date of what a WARC file holds of the web."""
    kinds = ("response", "revisit", "resource")
    return [facts for _, _, *facts in map(list, members(file)) if facts[0] in kinds and facts[1].startswith("http")]


def states(file: Path) -> list[dict[str, Any]]:
    """The records in a WARC file."""
    found = []
    with file.open("rb") as stream:
        for record in ArchiveIterator(stream):
            if (record.rec_headers.get_header("WARC-Target-URI") or "").startswith("urn:luutru:"):
                assert record.content_type == "application/json"
                found.append(json.loads(record.content_stream().read()))
    return found


def is_sound(file: Path) -> bool:
    """What `warcio check` says."""

    class Command:
        inputs, verbose = [str(file)], False

    checker = Checker(Command())
    checker.process_all()
    return not checker.exit_value


# WARC


def test_captures_are_copied_byte_by_byte(export: Export, archive: Path, tmp_path: Path) -> None:
    export("warc")
    kept = {data for file in archive.glob("captures/*.warc.gz") for _, data, *_ in members(file)}
    ours = list(members(tmp_path / "out.warc.gz"))
    new = [(kind, url) for _, data, kind, url, _ in ours if data not in kept]
    assert [kind for kind, _ in new] == ["warcinfo", *["resource"] * 5]
    assert new[1] == ("resource", PDF) and all(url.startswith("urn:luutru:") for _, url in new[2:])
    assert {kind for _, data, kind, *_ in ours if data in kept} == {"response", "revisit", "request", "metadata"}
    assert is_sound(tmp_path / "out.warc.gz")


def test_everything_of_the_articles_is_there_and_nothing_else(export: Export, tmp_path: Path) -> None:
    export("warc")
    assert sorted(captures(tmp_path / "out.warc.gz")) == sorted(
        [
            ["response", PAGE, FIRST],
            ["response", PAGE, SECOND],
            ["response", MOVED, SECOND],
            ["response", IMAGE, FIRST],
            ["revisit", IMAGE, THIRD],
            ["resource", PDF, FIRST],
            ["response", OTHER, FIRST],
            ["revisit", OTHER, THIRD],
        ]
    )
    with (tmp_path / "out.warc.gz").open("rb") as stream:
        found = {
            one.rec_headers.get_header("WARC-Target-URI"): one.content_stream().read()
            for one in ArchiveIterator(stream)
        }
    assert found[PDF] == PDF_CONTENT


def test_records_lead_to_their_captures(export: Export, tmp_path: Path) -> None:
    export("warc")
    file = tmp_path / "out.warc.gz"
    at = {offset: (kind, url, date) for offset, _, kind, url, date in members(file)}
    found = [(one["capture"].get("warc"), one["revision"]) for one in states(file)]
    assert [at[warc["offset"]] if warc else None for warc, _ in found] == [
        ("response", PAGE, FIRST),
        ("response", PAGE, SECOND),
        ("revisit", OTHER, THIRD),
        None,
    ]
    assert [revision for _, revision in found] == [1, 2, 1, 1]
    assert {warc["file"] for warc, _ in found if warc} == {"out.warc.gz"}


def test_what_has_no_capture_is_named_and_never_stands_at_its_address(export: Export, tmp_path: Path) -> None:
    (notice,) = export("warc")
    record = states(tmp_path / "out.warc.gz")[-1]
    assert notice == f"records without a capture, there as JSON alone: 1 ({record['id']})"
    assert record["url"] == UNCAPTURED and record["body_html"]
    assert UNCAPTURED not in {url for _, _, _, url, _ in members(tmp_path / "out.warc.gz")}


def test_a_revisit_brings_what_it_repeats(export: Export, archive: Path, tmp_path: Path) -> None:
    export("warc", portal="conen.example")
    assert captures(tmp_path / "out.warc.gz") == [["response", OTHER, FIRST], ["revisit", OTHER, THIRD]]
    for file in archive.glob("captures/luutru-20240301*"):
        file.unlink()
    (notice, other) = export("warc", portal="conen.example"), captures(tmp_path / "out.warc.gz")
    assert notice == [f"captures that repeat what is not kept: 1 ({OTHER})"]
    assert other == [["revisit", OTHER, THIRD]]


def test_a_page_that_differs_in_noise_alone_is_shown_by_the_earlier_one(
    export: Export, archive: Path, tmp_path: Path
) -> None:
    """Such a capture is a metadata record in the place of one."""
    with WarcFile(archive, "luutru-20240601000000-1-1.warc.gz") as warc:
        place = warc.noise(OTHER, "2024-06-01T00:00:00Z", of=FIRST)
    with luutru.open(archive) as kept:
        (record,) = kept.find(portal="conen.example")
        capture = {**record["capture"], "fetched_at": "2024-06-01T00:00:00Z", "warc": place}
        kept.put({**record, "body_text": record["body_text"] + " Thêm.", "capture": capture})
    assert export("wacz", portal="conen.example") == []
    with zipfile.ZipFile(tmp_path / "out.wacz") as folder:
        (tmp_path / "inner.warc.gz").write_bytes(folder.read(wacz.WARC))
        _, *pages = objects(folder.read(wacz.PAGES).decode())
    assert [(one["url"], one["ts"]) for one in pages] == [(OTHER, THIRD), (OTHER, FIRST)]
    last = states(tmp_path / "inner.warc.gz")[-1]["capture"]["warc"]
    at = {offset: (kind, url) for offset, _, kind, url, _ in members(tmp_path / "inner.warc.gz")}
    assert at[last["offset"]] == ("metadata", OTHER)


def test_the_same_hand_over_is_the_same_file(export: Export, tmp_path: Path) -> None:
    for name, file in (("warc", "out.warc.gz"), ("wacz", "out.wacz")):
        export(name)
        first = (tmp_path / file).read_bytes()
        export(name)
        assert (tmp_path / file).read_bytes() == first


def test_what_an_index_lists_is_not_gone_through(
    export: Export, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export("warc")
    without = (tmp_path / "out.warc.gz").read_bytes()
    for file in archive.glob("captures/*.warc.gz"):
        lines = [line(file, *facts) for facts in members(file) if facts[2] in ("response", "revisit")]
        text = 'garbage\n{}\n\xff 1 {\nk 1 {"url": "http://a.example/", "filename": "../x", "offset": -1}\n' + "".join(
            reversed(lines[:-1])
        )
        file.with_name(file.name.replace(".warc.gz", ".cdxj")).write_text(text, "utf-8")
    walked: list[tuple[str, int]] = []
    real = Members.walk

    def noted(self: Members, file: str, offset: int = 0) -> Iterator[Any]:
        walked.append((file, offset))
        return real(self, file, offset)

    monkeypatch.setattr(Members, "walk", noted)
    export("warc")
    assert (tmp_path / "out.warc.gz").read_bytes() == without
    assert all(offset > 0 for _, offset in walked)


def line(file: Path, offset: int, data: bytes, kind: str, url: str, date: str) -> str:
    """A line of CDXJ as others write it."""
    with file.open("rb") as stream:
        stream.seek(offset)
        record = next(iter(ArchiveIterator(stream)))
        facts = {
            "url": url,
            "mime": "warc/revisit" if kind == "revisit" else "text/html",
            "digest": record.rec_headers.get_header("WARC-Payload-Digest"),
            "length": str(len(data)),
            "offset": str(offset),
            "filename": file.name,
        }
    return f"key {date.translate(dict.fromkeys(map(ord, '-:TZ')))} {json.dumps(facts)}\n"


@pytest.mark.parametrize(
    "place",
    [
        {"file": "../secret.warc.gz", "offset": 0},
        {"file": "captures/../../secret.warc.gz", "offset": 0},
        {"file": "captures/link.warc.gz", "offset": 0},
        {"file": "captures/folder.warc.gz", "offset": 0},
        {"file": "captures/pipe.warc.gz", "offset": 0},
        {"file": "captures/luutru-20240301080000-1-1.warc.gz", "offset": 7},
        {"file": "captures/luutru-20240301080000-1-1.warc.gz", "offset": 0},
        {"file": "captures/luutru-20240301080000-1-1.warc.gz", "offset": -1},
        {"file": "captures/luutru-20240301080000-1-1.warc.gz", "offset": 10**30},
    ],
)
def test_a_place_that_holds_no_capture(export: Export, archive: Path, tmp_path: Path, place: dict[str, Any]) -> None:
    with WarcFile(tmp_path / "x", "secret.warc.gz") as secret:
        secret.put("http://bi.mat.example/", b"secret", FIRST)
    (tmp_path / "x" / secret.name).rename(tmp_path / "secret.warc.gz")
    (archive / "captures" / "link.warc.gz").symlink_to(tmp_path / "secret.warc.gz")
    (archive / "captures" / "folder.warc.gz").mkdir()
    os.mkfifo(archive / "captures" / "pipe.warc.gz")
    with luutru.open(archive) as kept:
        record = luutru.extract(page(title="Chợ khác họp ở bến xa"), url="http://sai.example/")
        record["capture"]["warc"] = place
        wrong = kept.put(record).id
    notices = export("warc", portal="sai.example")
    assert f"records whose capture is not where they say: 1 ({wrong})" in notices
    assert captures(tmp_path / "out.warc.gz") == [] and is_sound(tmp_path / "out.warc.gz")
    assert states(tmp_path / "out.warc.gz")[0]["capture"].get("warc") is None


def test_damaged_captures_are_left_out_and_named(export: Export, archive: Path, tmp_path: Path) -> None:
    first, second = sorted(archive.glob("captures/*.warc.gz"))
    at = next(offset for offset, _, kind, url, _ in members(first) if (kind, url) == ("response", IMAGE))
    with first.open("r+b") as file:
        file.seek(at + 100)
        file.write(b"\0\0\0\0")
    second.write_bytes(second.read_bytes()[:-20])
    notices = export("warc")
    assert any(f"{first.relative_to(archive)} at byte {at}" in notice for notice in notices)
    assert any("captures that repeat what is not kept: 2" in notice and IMAGE in notice for notice in notices)
    found = captures(tmp_path / "out.warc.gz")
    assert ["response", PAGE, FIRST] in found and ["response", IMAGE, FIRST] not in found
    assert ["resource", IMAGE, FIRST] in found  # its content is in files/
    assert is_sound(tmp_path / "out.warc.gz")


def test_an_archive_without_captures(run: Run, archive: Path, tmp_path: Path) -> None:
    for file in archive.glob("captures/*"):
        file.unlink()
    (archive / "captures").rmdir()
    (archive / "captures").symlink_to(tmp_path)
    for name, out in FORMATS.items():
        ran = run("export", "--format", name, "-o", out)
        assert ran.code == 0 and ran.err.endswith(f"3 records exported to {out}\n")
        assert "records without a capture, there as JSON alone: 3 (" in ran.err
    assert [facts[:2] for facts in captures(tmp_path / "out.warc.gz")] == [["resource", PDF], ["resource", IMAGE]]


def test_kept_files_may_hold_anything(export: Export, archive: Path, tmp_path: Path) -> None:
    contents = [b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nbody", b"", b"WARC/1.1\r\n\r\n"]
    with luutru.open(archive) as kept:
        files = []
        for number, content in enumerate(contents):
            kept.files.put(content)
            files.append(stored(f"http://la.example/{number} ò\n<x>", content, "text/html\r\nX: y"))
        put(kept, page(title="Chợ lạ họp ở bến mới"), "http://la.example/", FIRST, files=files)
    export("warc", portal="la.example")
    with (tmp_path / "out.warc.gz").open("rb") as stream:
        found = [one.content_stream().read() for one in ArchiveIterator(stream) if one.rec_type == "resource"]
    assert found[:3] == contents and is_sound(tmp_path / "out.warc.gz")


# WACZ


def test_a_wacz_says_what_is_in_it(export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wacz, "BLOCK_LINES", 3)
    export("wacz")
    with zipfile.ZipFile(tmp_path / "out.wacz") as folder:
        assert folder.testzip() is None
        assert {one.compress_type for one in folder.infolist()} == {zipfile.ZIP_STORED}
        assert all(one.extra for one in folder.infolist())  # or ReplayWeb.page looks for the parts in the wrong places
        files = {name: folder.read(name) for name in folder.namelist()}
    about = json.loads(files.pop("datapackage.json"), parse_float=str)
    digest = json.loads(files.pop("datapackage-digest.json"))
    assert (about["profile"], about["wacz_version"], about["created"]) == (
        "data-package",
        "1.1.1",
        "2024-06-01T08:00:00Z",
    )
    assert {one["path"]: (one["bytes"], one["hash"]) for one in about["resources"]} == {
        name: (len(content), sha256(content)) for name, content in files.items()
    }
    with zipfile.ZipFile(tmp_path / "out.wacz") as folder:
        assert digest == {"path": "datapackage.json", "hash": sha256(folder.read("datapackage.json"))}
    lines = gzip.decompress(files[wacz.INDEX]).decode().splitlines(keepends=True)
    assert lines == sorted(lines) and len(lines) == 12
    meta, *blocks = files[wacz.BLOCKS].decode().splitlines()
    assert meta == '!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}'
    for number, block in enumerate(blocks):
        key, time, facts = block.split(" ", 2)
        place = json.loads(facts)
        packed = files[wacz.INDEX][place["offset"] : place["offset"] + place["length"]]
        assert gzip.decompress(packed).decode() == "".join(lines[number * 3 : number * 3 + 3])
        assert lines[number * 3].startswith(f"{key} {time} ") and place["digest"] == sha256(packed)
    for one in lines:
        facts = json.loads(one.split(" ", 2)[2])
        start, length = int(facts["offset"]), int(facts["length"])
        (record,) = ArchiveIterator(io.BytesIO(files[wacz.WARC][start : start + length]))
        assert record.rec_headers.get_header("WARC-Target-URI") == facts["url"]
    known = {(json.loads(one.split(" ", 2)[2])["url"], one.split(" ")[1]) for one in lines}
    head, *pages = objects(files[wacz.PAGES].decode())
    assert head["format"] == "json-pages-1.0" and head["hasText"] is True
    assert len(pages) == 3 and all(one["title"] and one["text"] for one in pages)
    assert {(one["url"], "".join(filter(str.isdigit, one["ts"]))) for one in pages} <= known


def sha256(content: bytes) -> str:
    """As WACZ writes it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_a_wacz_is_valid(export: Export, tmp_path: Path) -> None:
    program = tool("wacz")
    export("wacz")
    assert "Validation succeeded" in ran(program, "validate", "-f", "out.wacz", cwd=tmp_path)


# BagIt


def validate(bag: Path) -> subprocess.CompletedProcess[bytes]:
    """What the Library of Congress's `bagit` says."""
    pytest.importorskip("bagit")
    command = [sys.executable, "-m", "bagit", "--validate", bag]
    return subprocess.run(command, capture_output=True, check=False)


def test_a_bag_is_valid_and_whole(export: Export, archive: Path, tmp_path: Path) -> None:
    export("bagit")
    bag = tmp_path / "out"
    known = [hashlib.sha256(content).hexdigest() for content in (PDF_CONTENT, png())]
    assert {str(file.relative_to(bag)) for file in bag.rglob("*") if file.is_file()} == {
        "bagit.txt",
        "bag-info.txt",
        *(f"{kind}-{name}.txt" for kind in ("manifest", "tagmanifest") for name in ("sha256", "sha512")),
        "data/records.jsonl",
        "data/revisions.jsonl",
        "data/record.schema.json",
        "data/captures/captures.warc.gz",
        *(f"data/files/{digest[:2]}/{digest[2:]}" for digest in known),
    }
    assert (bag / "bagit.txt").read_text("utf-8") == "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    payload = [file for file in (bag / "data").rglob("*") if file.is_file()]
    oxum = f"{sum(file.stat().st_size for file in payload)}.{len(payload)}"
    assert f"Payload-Oxum: {oxum}\n" in (bag / "bag-info.txt").read_text("utf-8")
    assert validate(bag).returncode == 0
    records = objects((bag / "data" / "records.jsonl").read_text("utf-8"))
    past = objects((bag / "data" / "revisions.jsonl").read_text("utf-8"))
    with luutru.open(archive, mode="r") as kept:
        assert [plain(one) for one in records] == [plain(one) for one in kept.find()]
        assert [plain(one) for one in past] == [plain(kept.history(PAGE)[0])]
    for record in records:
        for one in record.get("files", ()):
            assert (bag / "data" / one["path"]).is_file()
    at = {offset: url for offset, _, _, url, _ in members(bag / "data" / "captures" / "captures.warc.gz")}
    places = [one["capture"].get("warc") for one in (*past, *records)]
    assert [place and (place["file"], at[place["offset"]]) for place in places] == [
        ("captures/captures.warc.gz", PAGE),
        ("captures/captures.warc.gz", PAGE),
        ("captures/captures.warc.gz", OTHER),
        None,
    ]
    assert FOREIGN not in at.values()
    (bag / "data" / "records.jsonl").write_text("{}\n", "utf-8")
    assert validate(bag).returncode == 1


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """A record without the place of its capture."""
    return {**record, "capture": {name: value for name, value in record["capture"].items() if name != "warc"}}


def test_no_name_from_a_page_becomes_a_path(export: Export, archive: Path, tmp_path: Path) -> None:
    hostile = "../../../x\r\ndata/y/%0a\x00"
    with luutru.open(archive) as kept:
        kept.files.put(b"hostile")
        file = stored("http://xau.example/..%2f..%2fx?/../..", b"hostile", "text/plain") | {"file_name": hostile}
        put(kept, page(title="Chợ xấu họp ở bến cũ"), "http://xau.example/", FIRST, files=[file])
    before = {str(file) for file in tmp_path.rglob("*")}
    export("bagit", portal="xau.example")
    new = {str(Path(file).relative_to(tmp_path)) for file in {str(file) for file in tmp_path.rglob("*")} - before}
    assert all(name == "out" or name.startswith("out/") for name in new)
    digest = hashlib.sha256(b"hostile").hexdigest()
    assert (tmp_path / "out" / "data" / "files" / digest[:2] / digest[2:]).read_bytes() == b"hostile"
    assert len((tmp_path / "out" / "manifest-sha256.txt").read_text("utf-8").splitlines()) == 5
    assert validate(tmp_path / "out").returncode == 0


def test_a_damaged_file_is_left_out_of_the_bag_and_named(export: Export, archive: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(PDF_CONTENT).hexdigest()
    (archive / "files" / digest[:2] / digest[2:]).write_bytes(b"other bytes")
    notices = export("bagit")
    assert any("files that are missing or damaged: " in notice and PDF in notice for notice in notices)
    assert not list((tmp_path / "out").rglob(digest[2:]))
    assert validate(tmp_path / "out").returncode == 0


def test_names_of_a_bag() -> None:
    is_name = file_names("bagit")
    digest = "a" * 62
    for name in ("bagit.txt", "data/", "data/files/", "data/files/ab/", f"data/files/ab/{digest}", "data/captures/"):
        assert is_name(name)
    for name in ("data", "data/x", "fetch.txt", "data/files/ab", f"data/files/ab/{digest}/", f"files/ab/{digest}", ""):
        assert not is_name(name)


# whole or not at all


@pytest.mark.parametrize("name", FORMATS)
def test_a_hand_over_can_be_replaced_by_another(run: Run, archive: Path, tmp_path: Path, name: str) -> None:
    out = FORMATS[name]
    assert run("export", "--format", name, "-o", out).code == 0
    first = tree(tmp_path / out)
    refused = run("export", "--format", name, "-o", out, "--portal", "conen.example")
    assert refused.code == 3 and "(--force " in refused.err and tree(tmp_path / out) == first
    assert run("export", "--format", name, "-o", out, "--portal", "conen.example", "--force").code == 0
    assert tree(tmp_path / out) != first
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]
    if name == "bagit":
        assert validate(tmp_path / out).returncode == 0


@pytest.mark.parametrize(
    "foreign", ["data/mine.txt", "data/files/ab/mine", "data/files/folder/x", "data/captures/link"]
)
def test_a_bag_with_other_things_in_it_is_never_touched(run: Run, archive: Path, tmp_path: Path, foreign: str) -> None:
    assert run("export", "--format", "bagit", "-o", "out").code == 0
    place = tmp_path / "out" / foreign
    place.parent.mkdir(exist_ok=True)
    if foreign.endswith("link"):
        place.symlink_to(archive)
    else:
        place.write_text("mine", "utf-8")
    before = tree(tmp_path)
    ran = run("export", "--format", "bagit", "-o", "out", "--force")
    assert ran.code == 3 and "cannot write: out: it holds what no export wrote: data/" in ran.err
    assert tree(tmp_path) == before


def tree(place: Path) -> dict[str, bytes]:
    """Every file at or below a place with its bytes."""
    if place.is_file():
        return {"": place.read_bytes()}
    return {str(file.relative_to(place)): file.read_bytes() for file in place.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_leaves_nothing_and_the_archive_alone(run: Run, archive: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "sitecustomize.py").write_text("import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (9000, -1))")
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    before = tree(tmp_path)
    ran = run("export", "--format", name, "-o", "out", env=env)
    assert (ran.code, ran.out) == (3, "") and "luutru: cannot write: out: file too large\n" in ran.err
    assert tree(tmp_path) == before and sorted(file.name for file in tmp_path.iterdir()) == [
        "archive",
        "sitecustomize.py",
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_an_interrupted_hand_over_is_not_there(archive: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import storage.exports.warc as w\nstate = w.Warc._state\n"
        "def stop(self, one):\n    if one['revision'] == 2: raise KeyboardInterrupt\n"
        "    return state(self, one)\nw.Warc._state = stop\n"
    )
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    assert start("export", "--format", name, "-o", "out", cwd=tmp_path, env=env).wait(60) == 130
    assert sorted(file.name for file in tmp_path.iterdir()) == ["archive", "sitecustomize.py"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_hand_over_describes_itself_and_needs_a_name(run: Run, archive: Path, name: str) -> None:
    ran = run("export", "--format", name)
    assert (ran.code, ran.out) == (2, "") and "--output: this goes to a fi" in ran.err.replace("folder", "file")
    ran = run("export", "--format", name, "--package", "-o", "x")
    assert ran.code == 2 and "--package: " in ran.err


def test_exporting_changes_nothing_in_the_archive(run: Run, archive: Path) -> None:
    before = tree(archive)
    for name, out in FORMATS.items():
        assert run("export", "--format", name, "-o", out).code == 0
    assert tree(archive) == before


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://www.xa.example/Tin?ItemID=7&a=2", "example,xa)/tin?a=2&itemid=7"),
        ("https://XA.example", "example,xa)/"),
        ("http://xa.example:8080/a//b/../c/", "example,xa:8080)/a/c"),
        ("http://xa.example/a b.jpg?", "example,xa)/a%20b.jpg"),
        ("http://xa.example/đập.aspx?q=đ#f", "example,xa)/%c4%91%e1%ba%adp.aspx?q=%c4%91"),
        ("http://xa.example/a?b=%26c&a=%3D", "example,xa)/a?a==&b=&c"),
        ("http://xa.example/%2541?x=%2541", "example,xa)/a?x=a"),
        ("http://127.0.0.1:81/x", "1,0,0,127:81)/x"),
        ("http://đập.example/", "example,xn--p-kia458t)/"),
        ("urn:luutru:abc", "urn:luutru:abc"),
        ("http://[x/ y", "http://[x/y"),
    ],
)
def test_sort_keys_are_those_that_replay_tools_compute(url: str, key: str) -> None:
    """Expected values are what `surt` 0.3.1 gives; it is asked again where it is installed. The last is no address."""
    assert surt(url) == key
    if "[" not in url and find_spec("surt"):
        from surt import surt as theirs

        assert theirs(url) == key
