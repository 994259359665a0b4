"""What each command loads: the quick ones start without the machinery that they do not use."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from storage.exports import FORMATS
from tests.conftest import ROOT
from tests.running import ENV, keep, save

HTTP = {"requests", "urllib3", "http.client"}
MARKUP = {"lxml", "bs4", "nh3"}
PROBE = """
import sys
sys.argv[0] = "luutru"
from cli.app import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
finally:
    print(" ".join(sys.modules), file=sys.stderr)
"""


def loaded(folder: Path, *arguments: str) -> set[str]:
    """Names of all modules that a successful run of the command line has loaded."""
    ran = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], cwd=folder, env=ENV, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return set(ran.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("arguments", "never"),
    [
        (["--help"], HTTP | MARKUP | {"phonenumbers", "tinydb", "rich", "email", "sqlite3", "scraper.extract"}),
        (["add", "--help"], HTTP | MARKUP | {"phonenumbers", "tinydb", "rich", "scraper.extract"}),
        (["--version"], HTTP | MARKUP | {"phonenumbers", "tinydb", "rich", "scraper.extract"}),
        (["list"], HTTP | MARKUP | {"phonenumbers", "scraper.extract"}),
        (["list", "--json"], HTTP | MARKUP | {"phonenumbers", "rich", "scraper.extract"}),
        (["search", "cho"], HTTP | MARKUP | {"phonenumbers", "scraper.extract"}),
        (["search", "cho", "--json"], HTTP | MARKUP | {"phonenumbers", "rich", "scraper.extract"}),
        (["show", "http://xa.example/1"], HTTP | MARKUP | {"phonenumbers", "scraper.extract"}),
        (["show", "http://xa.example/1", "--json"], HTTP | MARKUP | {"phonenumbers", "rich", "scraper.extract"}),
        (["history", "http://xa.example/1"], HTTP | MARKUP | {"phonenumbers", "scraper.extract"}),
        (["history", "http://xa.example/1", "--json"], HTTP | MARKUP | {"phonenumbers", "rich", "scraper.extract"}),
        (["diff", "http://xa.example/1"], HTTP | MARKUP | {"phonenumbers", "scraper.extract"}),
        (["diff", "http://xa.example/1", "--json"], HTTP | MARKUP | {"phonenumbers", "rich", "scraper.extract"}),
        (["stats"], HTTP | MARKUP | {"phonenumbers", "scraper.extract"}),
        (["stats", "--json"], HTTP | MARKUP | {"phonenumbers", "rich", "scraper.extract"}),
        *(
            (["export", "--format", name], HTTP | MARKUP | {"phonenumbers", "rich", "scraper.extract", "pyarrow"})
            for name, kind in FORMATS.items()
            if kind.into == "stream"
        ),
        (["extract", "page.html"], HTTP | {"bs4", "tinydb", "rich", "storage.archive"}),
        (["explain", "page.html"], HTTP | {"bs4", "tinydb", "storage.archive"}),
        (["add", "page.html", "--json"], HTTP | {"bs4", "rich"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_loads_no_more_than_it_needs(tmp_path: Path, arguments: list[str], never: set[str]) -> None:
    keep(tmp_path, "http://xa.example/1")
    save(tmp_path)
    assert loaded(tmp_path, *arguments) & never == set()


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("luutru", HTTP | MARKUP | {"phonenumbers", "tinydb", "typer", "rich", "cli", "storage"}),
        ("scraper.extract", HTTP | {"bs4", "nh3", "phonenumbers", "tinydb", "typer", "cli", "storage"}),
        ("scraper.fetch", MARKUP | {"requests", "phonenumbers", "cli", "storage"}),
        ("storage.archive", HTTP | MARKUP | {"phonenumbers", "tinydb", "sqlite3", "typer", "cli", "scraper.extract"}),
    ],
)
def test_importing_a_module_is_cheap(module: str, never: set[str]) -> None:
    code = f"import sys, {module}\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], env=ENV, capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()) & never == set()


LEAVES = (
    "scraper.models",
    "scraper.errors",
    "scraper.text",
    "scraper.deflate",
    "scraper.discovery.listing",
    "scraper.harvest.states",
    "scraper.memento.captures",
)
"""What storage may import of scraper: plain data, and the codec of what both read and write."""


def test_arrows_point_one_way() -> None:
    """cli → storage, scraper; storage → scraper's leaves; scraper imports neither."""
    for path in [*ROOT.glob("scraper/**/*.py"), *ROOT.glob("storage/**/*.py")]:
        room = path.relative_to(ROOT).parts[0]
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for name in _imported(node):
                assert not name.startswith("cli"), f"{path.name} imports {name}"
                assert room != "scraper" or not name.startswith("storage"), f"{path.name} imports {name}"
                if room == "storage" and name.startswith("scraper"):
                    assert name in LEAVES, f"{path.name} imports {name}"


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
