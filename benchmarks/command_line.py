"""Parts that the benchmarks' command lines share: folders, lines on standard error, exit statuses, index types."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import typer
from rich.console import Console

from benchmarks.api_client import ApiFailed
from catalog.cli_support import exit_on_error, exit_on_sigterm
from catalog.settings import VectorIndex

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var" / "benchmarks"
RESULTS = Path(__file__).with_name("results")
console = Console(stderr=True, width=None if sys.stderr.isatty() else 160)


def log(text: str) -> None:
    """Prints a line on standard error as it is."""
    console.print(text, highlight=False, soft_wrap=True, markup=False)


@contextmanager
def exit_on_failure(benchmark: str) -> Iterator[None]:
    """Exits with one line on standard error: status 2 where it cannot run, 1 where the API failed when asked.

    SIGTERM ends what was started on the way out.
    """
    exit_on_sigterm()
    with exit_on_error(f"benchmarks.{benchmark}", failures=(ApiFailed,)):
        yield


def choose_folder(out: Path | None, quick: bool) -> Path:
    """Returns where results are kept: `out`, else benchmarks/results, and var for a short run."""
    return out or (VAR if quick else RESULTS)


def parse_index_types(names: Sequence[str]) -> list[VectorIndex]:
    """Returns the named index types in their usual order; raises typer.BadParameter for another name."""
    known: tuple[VectorIndex, ...] = get_args(VectorIndex)
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"'{name}' is no index type; there are {', '.join(known)}")
    return [kind for kind in known if kind in names]
