"""`luutru export` and `list` as their users meet them: formats, folders, packages, selections."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import luutru
from storage.exports import FORMATS
from storage.exports import package as packages
from storage.exports.columns import COLUMNS
from tests.conftest import Run
from tests.exporting import FULL, HOSTILE, MONTH
from tests.running import DYKE, POWER, STEERING, TITLE, article, keep_three, objects, start

NAMES = {"A": TITLE, "B": DYKE, "C": POWER}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The folder of an archive of three articles."""
    return keep_three(tmp_path)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_every_format_is_in_the_help_and_in_the_error(run: Run, archive: Path) -> None:
    shown, refused = run("export", "--help").out.replace("\n", " "), run("export", "--format", "xlsx")
    for name in FORMATS:
        assert f" {name}" in shown and f" {name}" in refused.err
    assert (refused.code, refused.out) == (3, "") and "parquet (an extra)" in " ".join(shown.split())


@pytest.mark.parametrize("name", [name for name, kind in FORMATS.items() if kind.into == "stream"])
def test_a_stream_is_the_same_on_stdout_and_in_a_file(run: Run, archive: Path, tmp_path: Path, name: str) -> None:
    shown = run("export", "--format", name)
    stored = run("export", "--format", name, "-o", "out")
    assert (shown.code, shown.err, stored.err) == (0, "3 records exported\n", "3 records exported to out\n")
    assert shown.out.encode() == (tmp_path / "out").read_bytes() and DYKE in shown.out
    assert (tmp_path / "out").stat().st_mode & 0o777 == (tmp_path / "archive" / "articles.json").stat().st_mode & 0o777


def test_one_record_is_one(run: Run, archive: Path) -> None:
    assert run("export", "--title", "đê bao").err == "1 record exported\n"


@pytest.mark.parametrize(("name", "words"), [("parquet", "this goes to a file"), ("markdown", "this goes to a folder")])
def test_what_is_no_stream_needs_a_name(run: Run, archive: Path, tmp_path: Path, name: str, words: str) -> None:
    ran = run("export", "--format", name)
    assert (ran.code, ran.out) == (2, "") and f"--output: {words}" in ran.err
    assert [file.name for file in tmp_path.iterdir()] == ["archive"]


def test_parquet(run: Run, archive: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert run("export", "--format", "parquet", "-o", "a.parquet").code == 0
    assert parquet.read_table(tmp_path / "a.parquet").column("title").to_pylist() == [TITLE, DYKE, POWER]
    (tmp_path / "pyarrow.py").write_text("raise ImportError")
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parents[1]}"}
    ran = run("export", "--format", "parquet", "-o", "b.parquet", env=env)
    assert ran.code == 3 and "pyarrow is not installed (install luutru with its extra: pip install" in ran.err
    assert not list(tmp_path.glob("*b.parquet*"))


def test_a_markdown_folder(run: Run, archive: Path, tmp_path: Path) -> None:
    (tmp_path / "md").mkdir()
    ran = run("export", "--format", "markdown", "-o", "md")
    assert (ran.code, ran.err) == (0, "3 records exported to md\n")
    days = [name[:10] for name in sorted(tree(tmp_path / "md"))]
    assert days == ["2019-02-14", "2020-11-02", "2020-12-20"]
    again = run("export", "--format", "markdown", "-o", "md", "--since", "2020")
    assert again.code == 3 and "the folder is not empty (--force replaces an earlier export in it)" in again.err
    assert len(tree(tmp_path / "md")) == 3
    assert run("export", "--format", "markdown", "-o", "md", "--since", "2020", "--force").code == 0
    assert [name[:10] for name in sorted(tree(tmp_path / "md"))] == days[1:]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["archive", "md"]


@pytest.mark.parametrize("options", [("--format", "markdown"), ("--format", "csv", "--package")])
@pytest.mark.parametrize("foreign", ["mine.txt", "folder", "link"])
def test_a_folder_with_other_things_is_never_touched(
    run: Run, archive: Path, tmp_path: Path, options: tuple[str, ...], foreign: str
) -> None:
    place, name = tmp_path / "out", "undated-x-record-1.md" if "markdown" in options else "articles.csv"
    place.mkdir()
    (place / name).write_text("old", "utf-8")
    if foreign == "mine.txt":
        (place / foreign).write_text("mine", "utf-8")
    elif foreign == "folder":
        (place / "undated-y-record-2.md").mkdir()
    else:
        (tmp_path / "else").write_text("mine", "utf-8")
        (place / "datapackage.json").symlink_to(tmp_path / "else")
    before = sorted(place.iterdir()), tree(tmp_path)
    ran = run("export", *options, "-o", "out", "--force")
    assert ran.code == 3 and "cannot write: out: it holds what no export wrote: " in ran.err
    assert (sorted(place.iterdir()), tree(tmp_path)) == before


def test_outputs_that_are_something_else_are_refused(run: Run, archive: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", "utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "to-file").symlink_to("file")
    (tmp_path / "to-folder").symlink_to("folder")
    os.mkfifo(tmp_path / "pipe")
    refused = [run("export", "-o", name, "--force") for name in ("folder", "to-file", "to-folder", "pipe")]
    folder = ("export", "--format", "markdown", "--force", "-o")
    refused += [run(*folder, name) for name in ("file", "to-folder", "pipe")]
    assert all(ran.code == 3 and " stands there (choose another name)" in ran.err for ran in refused)
    assert run("export", "--format", "markdown", "-o", "/").code == 3
    assert tree(tmp_path)["file"] == b"mine" and list((tmp_path / "folder").iterdir()) == []
    assert run("export", "--format", "markdown", "-o", ".", "-a", archive, cwd=tmp_path / "folder").code == 0
    assert len(list((tmp_path / "folder").iterdir())) == 3


def test_a_full_disk_leaves_the_old_export_whole(run: Run, archive: Path, tmp_path: Path) -> None:
    one = luutru.extract(article().encode())
    with luutru.open(archive) as kept:
        long = {**one, "title": "dài", "url": "http://xa.example/9", "body_text": "nước lên " * 20_000}
        assert kept.put(long).kind == "new"
    (tmp_path / "sitecustomize.py").write_text(
        "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (90000, -1))"
    )
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parents[1]}", "PYTHONDONTWRITEBYTECODE": "1"}
    for options in (["-o", "f"], ["--format", "markdown", "-o", "m"], ["--format", "csv", "--package", "-o", "p"]):
        assert run("export", *options, "--since", "2020").code == 0
        before = tree(tmp_path)
        ran = run("export", *options, "--force", env=env)
        assert (ran.code, ran.err) == (3, f"luutru: cannot write: {options[-1]}: file too large\n")
        assert tree(tmp_path) == before
        assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_an_interrupted_folder_is_not_there(tmp_path: Path, archive: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import storage.exports.markdown as m\npage = m._page\n"
        "def stop(record, cited):\n    if cited.published_day[0] == 2020: raise KeyboardInterrupt\n"
        "    return page(record, cited)\nm._page = stop\n"
    )
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parents[1]}", "PYTHONDONTWRITEBYTECODE": "1"}
    assert start("export", "--format", "markdown", "-o", "md", cwd=tmp_path, env=env).wait(60) == 130
    assert sorted(file.name for file in tmp_path.iterdir()) == ["archive", "sitecustomize.py"]


# packages


@pytest.mark.parametrize(
    "name", [name for name, kind in FORMATS.items() if kind.into != "folder" and not kind.holdings]
)
def test_a_package_describes_its_files(tmp_path: Path, name: str) -> None:
    if FORMATS[name].extra:
        pytest.importorskip("pyarrow")
    created = datetime(2024, 3, 1, 8, 0, tzinfo=UTC)
    records = [FULL, MONTH, HOSTILE]
    assert packages.write(iter(records), tmp_path, name, selection={"since": "2018"}, created=created) == 3
    about = json.loads((tmp_path / "datapackage.json").read_bytes())
    assert (about["created"], about["selection"]) == ("2024-03-01T08:00:00Z", {"since": "2018"})
    assert about["counts"] == {"records": 3, "gone": 1, "portals": {"thixa.connhan.example": 1}}
    assert "cannot grant a licence" in about["description"] and "licenses" not in about
    (resource,) = about["resources"]
    files = [resource, resource["recordSchema"]] if name in ("json", "jsonl") else [resource]
    paths = {file["path"] for file in files}
    assert paths | {"datapackage.json"} == {file.name for file in tmp_path.iterdir()}
    assert ("record.schema.json" in paths) == (name in ("json", "jsonl"))
    for file in files:
        content = (tmp_path / file["path"]).read_bytes()
        assert (file["bytes"], file["hash"]) == (len(content), f"sha256:{hashlib.sha256(content).hexdigest()}")
        assert packages.is_name(file["path"])


def fields(folder: Path, name: str) -> dict[str, Any]:
    """Name → type of the fields that a package of that format declares."""
    packages.write([FULL, MONTH], folder, name, selection={}, created=datetime.now(UTC))
    about = json.loads((folder / "datapackage.json").read_bytes())["resources"][0]
    assert about["type"] == "table" and all(field["description"] for field in about["schema"]["fields"])
    return {field["name"]: field["type"] for field in about["schema"]["fields"]}


def test_declared_fields_are_those_of_the_table(tmp_path: Path) -> None:
    declared = fields(tmp_path, "csv")
    with (tmp_path / "articles.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert list(declared) == list(rows[0]) == list(COLUMNS)
    assert {name for name, kind in declared.items() if kind != "string"} == {"revision", "views", "item_id"}


def test_declared_fields_are_those_of_the_records(tmp_path: Path) -> None:
    declared = fields(tmp_path, "jsonl")
    kinds = {"string": str, "integer": int, "array": list, "object": dict}
    for line in (tmp_path / "articles.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        assert record.keys() <= declared.keys()
        assert all(value is None or isinstance(value, kinds[declared[name]]) for name, value in record.items())


def test_declared_fields_are_those_of_the_parquet_file(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    declared = fields(tmp_path, "parquet")
    kinds = {"string": "string", "int64": "integer", "timestamp[us, tz=UTC]": "datetime"}
    schema = parquet.read_schema(tmp_path / "articles.parquet")
    assert declared == {field.name: kinds.get(str(field.type), "array") for field in schema}


def test_package_command(run: Run, archive: Path, tmp_path: Path) -> None:
    ran = run("export", "--format", "jsonl", "--package", "-o", "set", "--agency", "vàm sáo", "--not-gone", "--id", "")
    assert (ran.code, ran.out, ran.err) == (0, "", "3 records exported to set\n")
    assert set(tree(tmp_path / "set")) == {"articles.jsonl", "datapackage.json", "record.schema.json"}
    about = json.loads((tmp_path / "set" / "datapackage.json").read_bytes())
    assert about["selection"] == {"agency": "vàm sáo", "gone": False, "id": [""]}
    assert run("export", "--format", "csv", "--package", "-o", "set").code == 3
    assert run("export", "--format", "csv", "--package", "-o", "set", "--force").code == 0
    assert set(tree(tmp_path / "set")) == {"articles.csv", "datapackage.json"}
    for options in (["--package"], *(["--package", "--format", one, "-o", "x"] for one in ("markdown", "wacz"))):
        assert run("export", *options).code == 2
    odd = "ghe\x9b\x7f\u2028\udcff"  # the last one: a byte that is no UTF-8
    assert (
        run("export", "--format", "ris", "--package", "-o", "odd", "--title", odd).err == "0 records exported to odd\n"
    )
    text = (tmp_path / "odd" / "datapackage.json").read_text("utf-8")
    assert not STEERING.search(text) and json.loads(text)["selection"] == {"title": odd}


# selection


@pytest.fixture
def varied(tmp_path: Path, archive: Path) -> Path:
    """The three articles: the first gone, the second with a problem, the third in another language."""
    with luutru.open(archive) as kept:
        first, second, third = kept.find()
        problem = {"code": "clock_only", "field": "published_at", "message": "…"}
        assert kept.put({**second, "problems": [problem], "author": "Tô Văn Dần"}).kind == "changed"
        assert kept.put({**third, "language": "en-GB"}).kind == "changed"
        assert kept.mark_gone(first["id"]) is not None
    return archive


@pytest.mark.parametrize(
    ("options", "titles"),
    [
        (("--gone",), "A"),
        (("--not-gone",), "BC"),
        (("--language", "vi"), "AB"),
        (("--language", "EN"), "C"),
        (("--language", "e"), ""),
        (("--problem", "clock_only"), "B"),
        (("--problem", "no_body"), ""),
        (("--not-gone", "--language", "vi", "--since", "2020"), "B"),
    ],
)
def test_list_and_export_select_alike(run: Run, varied: Path, options: tuple[str, ...], titles: str) -> None:
    listed, exported = run("list", "--json", *options), run("export", "--format", "jsonl", *options)
    assert (listed.code, exported.code) == (0, 0)
    for out in (listed.out, exported.out):
        assert [one["title"] for one in objects(out)] == [NAMES[letter] for letter in titles]


def test_ids_select_by_their_first_letters(run: Run, archive: Path) -> None:
    known = objects(run("list", "--json").out)
    wanted = ["--id", known[2]["id"].upper(), "--id", known[0]["id"][:5]]
    assert [one["title"] for one in objects(run("list", "--json", *wanted).out)] == [TITLE, POWER]
    assert run("export", "--format", "jsonl", "--id", "1").out == ""
