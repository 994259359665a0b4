"""Options that belong together, as one parameter of a command.

@dataclass(frozen=True)
class Fetching:                       # one field per option, annotated as a command's parameter would be
    retries: Retries = 3

@bundled
def add(sources: …, fetching: Fetching) -> int: …
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any


def bundled(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let each parameter of a command that is annotated with a dataclass appear as the options of its fields."""
    kinds = typing.get_type_hints(command, include_extras=True)
    bundles = {name: kind for name, kind in kinds.items() if dataclasses.is_dataclass(kind) and isinstance(kind, type)}

    @functools.wraps(command)
    def call(**given: Any) -> Any:
        for name, bundle in bundles.items():
            given[name] = bundle(**{field.name: given.pop(field.name) for field in dataclasses.fields(bundle)})
        return command(**given)

    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name not in bundles:
            parameters.append(parameter.replace(annotation=kinds[parameter.name]))
            continue
        bundle = bundles[parameter.name]
        options = typing.get_type_hints(bundle, include_extras=True)
        for field in dataclasses.fields(bundle):
            kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
            default = inspect.Parameter(field.name, kind, default=field.default, annotation=options[field.name])
            parameters.append(default)
    call.__signature__ = inspect.Signature(parameters, return_annotation=kinds.get("return"))  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return call
