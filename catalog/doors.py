"""What the command lines of all packages share: errors as one line with status 2, JSON or text."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated, Any

import typer

from catalog.errors import VisualSearchError

Json = Annotated[bool, typer.Option("--json", help="Print a machine-readable summary on standard output.")]


def errors_of(door: str) -> Callable[[bool], AbstractContextManager[None]]:
    """For the package `door`: a context that ends the program with status 2 and one line where it cannot work."""

    @contextmanager
    def errors_told(as_json: bool) -> Iterator[None]:
        try:
            yield
        except VisualSearchError as error:
            if as_json:
                typer.echo(json.dumps({"error": error.code, "message": error.message}))
            typer.echo(f"{door}: {error.message}", err=True)
            raise typer.Exit(2) from None

    return errors_told


def show(as_json: bool, summary: Mapping[str, Any], text: str) -> None:
    """The outcome on standard output."""
    typer.echo(json.dumps(summary, default=str) if as_json else text)
