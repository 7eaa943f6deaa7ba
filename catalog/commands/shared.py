"""Helpers of the catalogue's commands: which catalogue it is, and how far a command has come."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from catalog import cli_support
from catalog.cli_support import Json, print_result
from catalog.elastic import Catalogue, connect
from catalog.settings import CatalogSettings

__all__ = ["Json", "exit_on_error", "open_catalogue", "print_result", "show_counts"]
exit_on_error = partial(cli_support.exit_on_error, "catalog")

log = logging.getLogger("catalog")


def open_catalogue() -> Catalogue:
    """Returns the catalogue that the environment names."""
    return connect(CatalogSettings.load())


@contextmanager
def show_counts(what: str) -> Iterator[Callable[[str, int], None]]:
    """Yields a function to call with (detail, count so far), which shows how far `what` has come."""
    with cli_support.show_progress(log) as progress:
        yield lambda detail, count: progress(f"{what}: {detail}", count, None)
