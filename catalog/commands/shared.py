"""What the commands of this package share: errors as one line, JSON or text, progress on a terminal."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from catalog.cli_support import Json, errors_of, show
from catalog.elastic import Catalogue, connect
from catalog.settings import CatalogSettings

__all__ = ["Json", "counting", "errors_told", "open_catalogue", "show"]
errors_told = errors_of("catalog")
LOG_EVERY = 25_000  # things, where no terminal shows progress

log = logging.getLogger("catalog")
errors = Console(stderr=True)


def open_catalogue() -> Catalogue:
    """The catalogue that the environment names."""
    return connect(CatalogSettings.load())


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
