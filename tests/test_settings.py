"""The settings file: every mistake in it is told with its place, before anything is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.exits import ExitCode
from scraper.settings import read_settings
from tests.conftest import Run
from tests.running import STEERING

PORTAL = '[[portal]]\nname = "thixa"\nstart = "https://thixa.example/Lists/Tin"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no [[portal]]"),
        ("[defaults]\ndelay = 1\n", "there is no [[portal]]"),
        ('[portal]\nname = "x"\n', "[[portal]]"),
        (PORTAL + "zz = 1\n", "thixa: unknown key 'zz'"),
        (PORTAL + 'hosts = ["https://media.example/"]\n', "thixa: hosts 'https://media.example/'"),
        (PORTAL + 'hosts = ["m m"]\n', "thixa: hosts 'm m'"),
        (PORTAL + 'item = "ftp://thixa.example/{id}"\n', "thixa: item"),
        (PORTAL + '[portal.robots]\nignore = ["https://thixa.example/Lists/"]\nreason = "x"\n', "thixa: robots.ignore"),
        (PORTAL + '[portal.robots]\nignore = ["/Lists/"]\n', "thixa: robots.ignore needs a reason"),
        (PORTAL + "[portal.robots]\nreason = 3\n", "thixa: robots.ignore needs a reason"),
        (PORTAL + '[portal.tls]\nlegacy = "yes"\n', "portal thixa: tls: legacy"),
        ('[[portal]]\nname = "\\u001b[31m\\u202e"\n', "a name is needed"),
    ],
)
def test_mistakes(run: Run, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "portals.toml").write_text(text, "utf-8")
    ran = run("harvest", "--config", "portals.toml")
    assert (ran.code, ran.out) == (ExitCode.INPUT, "")
    assert ran.err.startswith("luutru: cannot use these settings: portals.toml: ") and words in ran.err
    assert ran.err.count("\n") == 1 and not STEERING.search(ran.err)
    assert not (tmp_path / "archive").exists()


def test_what_editors_of_windows_write(tmp_path: Path) -> None:
    path = tmp_path / "portals.toml"
    path.write_text("\ufeff" + PORTAL.replace("\n", "\r\n"), "utf-8", newline="")
    assert read_settings(path)[0].name == "thixa"


def test_tls_holds_for_every_host_with_and_without_www(tmp_path: Path) -> None:
    path = tmp_path / "portals.toml"
    path.write_text(
        PORTAL + 'hosts = ["www.media.example:8443", "Tep.Example"]\n[portal.tls]\nlegacy = true\n', "utf-8"
    )
    (portal,) = read_settings(path)
    names = {name for host in ("thixa", "media", "tep") for name in (f"{host}.example", f"www.{host}.example")}
    assert portal.tls_hosts() == names
