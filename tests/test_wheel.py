"""The wheel: what is in it, and that it works alone, outside of the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.running import TITLE, save

ROOMS = ("cli", "scraper", "storage")
PARTS = (*ROOMS, "luutru.py", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of what belongs in it, with the build backend that is installed here."""
    for name, oldest in (("setuptools", 77), ("build", 1), ("pip", 23)):
        if (found := _version(name)) < oldest:
            pytest.skip(f"building without a network needs {name} {oldest} or newer; here is {found or 'none'}")
    checkout, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, checkout / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, checkout / part)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, checkout]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-2000:]
    return next(out.glob("luutru-*-py3-none-any.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of a fresh virtual environment that holds the wheel alone and sees this one's dependencies."""
    place = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    pip = [sys.executable, "-m", "pip", "--python", place / "bin" / "python", "--disable-pip-version-check", "install"]
    added = subprocess.run([*pip, "--no-deps", "--no-index", wheel], capture_output=True, text=True, check=False)
    assert added.returncode == 0, added.stderr
    (site,) = place.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return place / "bin" / "luutru"


def _version(name: str) -> int:
    """Major version of an installed distribution, 0 where there is none."""
    try:
        return int(metadata.version(name).partition(".")[0])
    except metadata.PackageNotFoundError:
        return 0


def test_the_wheel_holds_the_program_and_its_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {"luutru.py", "storage/record.schema.json"}
    for room in ROOMS:
        files = [file for file in (ROOT / room).rglob("*") if file.suffix in (".py", ".toml", ".json", ".typed")]
        wanted |= {str(file.relative_to(ROOT)) for file in files}
        assert f"{room}/py.typed" in wanted
    assert any(name.startswith("scraper/data/") and name.endswith(".toml") for name in wanted)
    info = {name for name in names if ".dist-info/" in name}
    assert names - info == wanted
    assert any(name.endswith("/entry_points.txt") for name in info) and any("LICENSE" in name for name in info)


def test_the_installed_program_does_everything_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    save(tmp_path, "page.html")
    (tmp_path / "work").mkdir()
    page, address = "../page.html", ("--url", "http://xa.example/tin?ItemID=7")

    def run(*arguments: str) -> str:
        env = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1"}
        ran = subprocess.run(
            [installed, *arguments], cwd=tmp_path / "work", env=env, capture_output=True, text=True, check=False
        )
        assert (ran.returncode, "Traceback" in ran.stderr) == (0, False), ran.stderr
        return ran.stdout

    assert json.loads(run("extract", page))["title"] == TITLE
    assert TITLE in run("explain", page, "--field", "title")
    assert run("add", page, *address).startswith("new ")
    assert TITLE in run("list") and TITLE in run("show", "xa.example/tin?ItemID=7")
    assert [len(run("export", "--format", name).splitlines()) > 0 for name in ("json", "jsonl", "csv")] == [True] * 3
    assert run("--version").split() == ["luutru", metadata.version("luutru")]
    assert run("portals", "list") if "portals" in run("--help") else True


def test_the_installed_library_is_the_wheels_own(installed: Path, tmp_path: Path) -> None:
    code = (
        "import luutru, cli, scraper, storage; print(*(m.__file__ for m in (luutru, cli, scraper, storage)), sep='\\n')"
    )
    python = installed.with_name("python")
    ran = subprocess.run([python, "-c", code], cwd=tmp_path, env={}, capture_output=True, text=True, check=True)
    assert all(Path(line).is_relative_to(installed.parents[1]) for line in ran.stdout.splitlines())
