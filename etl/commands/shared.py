"""Options that the commands of the embedding job share."""

from functools import partial
from typing import Annotated

import typer

from catalog import cli_support
from catalog.cli_support import Json, print_result

__all__ = ["Json", "Models", "Wait", "exit_on_error", "print_result"]
exit_on_error = partial(cli_support.exit_on_error, "etl")
Models = Annotated[
    list[str],
    typer.Option("--model", help="A model as `python -m models list` names it; may be given several times."),
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for another job that embeds with the same model.")]
