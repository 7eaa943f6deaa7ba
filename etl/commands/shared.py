"""Holds what the commands share: options, and errors as one line."""

from typing import Annotated

import typer

from catalog.cli_support import Json, errors_of, show

__all__ = ["Json", "Models", "Wait", "errors_told", "show"]
errors_told = errors_of("etl")
Models = Annotated[
    list[str],
    typer.Option("--model", help="A model as `python -m models list` names it; may be given several times."),
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for another job that embeds with the same model.")]
