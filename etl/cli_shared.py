"""What the commands share: errors as one line, JSON or text."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from catalog.errors import VisualSearchError

Json = Annotated[bool, typer.Option("--json", help="Print a machine-readable summary on standard output.")]
Models = Annotated[
    list[str],
    typer.Option("--model", help="A model as `python -m models list` names it; may be given several times."),
]


@contextmanager
def errors_told(as_json: bool) -> Iterator[None]:
    """Ends the program with status 2 and one line on standard error where it cannot do its work."""
    try:
        yield
    except VisualSearchError as error:
        if as_json:
            typer.echo(json.dumps({"error": error.code, "message": error.message}))
        typer.echo(f"etl: {error.message}", err=True)
        raise typer.Exit(2) from None


def show(as_json: bool, summary: Mapping[str, Any], text: str) -> None:
    """The outcome on standard output."""
    typer.echo(json.dumps(summary, default=str) if as_json else text)
