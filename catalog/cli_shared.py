"""What the commands of this package share: errors as one line, JSON or text, progress on a terminal."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from catalog import settings
from catalog.elastic import Catalogue, connect
from catalog.errors import VisualSearchError

Json = Annotated[bool, typer.Option("--json", help="Print a machine-readable summary on standard output.")]
LOG_EVERY = 25_000  # things, where no terminal shows progress

log = logging.getLogger("catalog")
errors = Console(stderr=True)


@contextmanager
def errors_told(as_json: bool) -> Iterator[None]:
    """Ends the program with status 2 and one line on standard error where it cannot do its work."""
    try:
        yield
    except VisualSearchError as error:
        if as_json:
            typer.echo(json.dumps({"error": error.code, "message": error.message}))
        typer.echo(f"catalog: {error.message}", err=True)
        raise typer.Exit(2) from None


def open_catalogue() -> Catalogue:
    """The catalogue that the environment names."""
    return connect(settings.load())


def show(as_json: bool, summary: Mapping[str, Any], text: str) -> None:
    """The outcome on standard output."""
    typer.echo(json.dumps(summary, default=str) if as_json else text)


@contextmanager
def counting(what: str) -> Iterator[Callable[[str, int], None]]:
    """A function to call with (detail, count so far): a line that moves on a terminal, log lines elsewhere."""
    if not errors.is_terminal:
        yield _Logged(what)
        return
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task(what)
        yield lambda detail, count: progress.update(task, description=f"{what}: {detail} {count:,}")


class _Logged:
    def __init__(self, what: str) -> None:
        self._what = what
        self._next: dict[str, int] = {}

    def __call__(self, detail: str, count: int) -> None:
        if count >= self._next.get(detail, 1):
            log.info("%s: %s %s", self._what, detail, f"{count:,}")
            self._next[detail] = count + LOG_EVERY
