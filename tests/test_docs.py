"""The documentation says what the program does: generated pages, commands, links, and the demonstration."""

from __future__ import annotations

import importlib
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import cli
from cli.app import app
from tests.conftest import ROOT
from tests.running import ENV, objects

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "fixtures" / "README.md"]


def commands(text: str) -> Iterator[list[str]]:
    """Each `luutru …` command of a page, in blocks and within lines, as words; pipes and comments are cut off."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    within = re.findall(r"`(luutru [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    for line in [*lines, *within]:
        for part in re.split(r"\s*(?:\||&&|;|>)\s*", re.sub(r"\s#.*|\s{3,}\(.*", "", line).replace("…", "")):
            if part.startswith("luutru "):
                yield shlex.split(part)[1:]


def parse(words: list[str]) -> None:
    """Fail unless the command and its options exist."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"no command {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    known = {"-h", "--help", "-"}.union(*(option.opts + option.secondary_opts for option in command.params))
    for word in words:
        assert not word.startswith("-") or word.partition("=")[0] in known, f"no option {word!r}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_is_written_down_exists(page: Path) -> None:
    found = list(commands(page.read_text("utf-8")))
    assert found or page.name != "README.md" or page.parent != ROOT
    for words in found:
        parse(words)


def test_examples_in_help_exist() -> None:
    modules = [importlib.import_module(f"cli.{module.name}") for module in pkgutil.iter_modules(cli.__path__)]
    examples = [text for module in modules for name, text in vars(module).items() if name.endswith("EXAMPLES")]
    assert len(examples) >= 6
    for text in examples:
        found = list(commands(f"```\n{text}```"))
        assert found
        for words in found:
            parse(words)


def test_the_reader_of_commands_sees_what_is_wrong() -> None:
    (good, bad, worse) = commands(
        "```sh\n$ luutru list --since 2018 | head   # all\nluutru publish x\n```\n`luutru add --fast`"
    )
    parse(good)
    with pytest.raises(AssertionError, match="no command 'publish'"):
        parse(bad)
    with pytest.raises(AssertionError, match="no option '--fast'"):
        parse(worse)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_make_targets_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        assert re.match("https?:|mailto:", target) or (page.parent / target).exists(), target
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`|^\$? ?make ([a-z]+)$", text, re.MULTILINE)) <= {
        (t, "") for t in targets
    } | {("", t) for t in targets}


def test_generated_pages_are_in_step() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "docs.generate", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_demo(tmp_path: Path) -> None:
    """Real HTTP over loopback, every bundled article, addresses as published."""
    command = [sys.executable, "-m", "tests.demo", str(tmp_path / "kept")]
    ran = subprocess.run(command, cwd=ROOT, env=ENV, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    said = [line for line in ran.stdout.splitlines() if line.startswith("$ luutru")]
    assert [line.split()[2] for line in said] == ["add", "list", "show"]
    assert "\naddress    http" in ran.stdout and "bentre.gov.vn" in ran.stdout and "failed" not in ran.stderr

    listed = subprocess.run(
        [sys.executable, "-m", "luutru", "list", "--json", "-a", "kept"],
        cwd=tmp_path,
        env=ENV,
        capture_output=True,
        check=True,
    )
    records = objects(listed.stdout.decode())
    assert len(records) >= 12 and all(record["url"] and "127.0.0.1" not in record["url"] for record in records)
