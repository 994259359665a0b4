"""Options that belong together: one parameter of the function, several of the command."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from cli.bundles import bundled


@dataclass(frozen=True)
class Cargo:
    boats: Annotated[int, typer.Option("--boats", min=1)] = 2
    name: Annotated[str | None, typer.Option("--name")] = None


def load(quay: str, cargo: Cargo, *, night: Annotated[bool, typer.Option("--night")] = False) -> None:
    typer.echo(f"{quay} {cargo} {night}")


def test_a_bundle_appears_as_its_options_in_its_place() -> None:
    assert list(inspect.signature(bundled(load)).parameters) == ["quay", "boats", "name", "night"]
    app = typer.Typer()
    app.command()(bundled(load))
    ran = CliRunner().invoke(app, ["Vàm", "--boats", "5", "--night"])
    assert ran.output == "Vàm Cargo(boats=5, name=None) True\n"
    assert CliRunner().invoke(app, ["Vàm"]).output == "Vàm Cargo(boats=2, name=None) False\n"
    assert CliRunner().invoke(app, ["Vàm", "--boats", "0"]).exit_code == 2
