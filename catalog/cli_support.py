"""What the command lines of all packages share: errors as one line with status 2, JSON or text."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from catalog.errors import VisualSearchError
from catalog.plain_text import PlainFormatter, printable, printable_lines

Json = Annotated[bool, typer.Option("--json", help="Print a machine-readable summary on standard output.")]


def errors_of(door: str) -> Callable[[bool], AbstractContextManager[None]]:
    """For the package `door`: a context that ends the program with status 2 and one line where it cannot work."""

    @contextmanager
    def errors_told(as_json: bool) -> Iterator[None]:
        try:
            yield
        except VisualSearchError as error:
            if as_json:
                typer.echo(json.dumps({"error": error.code, "message": error.advice}))
            typer.echo(printable(f"{door}: {error.advice}"), err=True)
            raise typer.Exit(2) from None

    return errors_told


def show(as_json: bool, summary: Mapping[str, Any], text: str) -> None:
    """The outcome on standard output."""
    typer.echo(json.dumps(summary, default=str) if as_json else printable_lines(text))


def log_to_stderr(clock: bool = False) -> None:
    """Logs of this program as lines on standard error, with the time of day where a run may take long."""
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter("%(asctime)s %(message)s" if clock else "%(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


class PlainConsole(Console):
    """A console whose texts and table cells cannot steer the terminal."""

    def render_str(self, text: str, **style: Any) -> Text:
        return super().render_str(printable_lines(text), **style)
