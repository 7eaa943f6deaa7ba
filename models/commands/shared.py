"""What the commands of this room share: errors as one line, JSON or text, progress."""

import logging
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from catalog.cli_support import Json, errors_of, show
from models.bundles.writer import StoredBundle

__all__ = ["Json", "command_line", "errors_told", "log", "photos_counted", "show", "show_written"]
errors_told = errors_of("models")
LOG_EVERY = 500  # photos, where no terminal shows progress

log = logging.getLogger("models")


def show_written(as_json: bool, written: StoredBundle, **more: Any) -> None:
    """Tells which bundle is there now, and whether it was before."""
    bundle = written.bundle
    summary = {
        "name": bundle.name,
        "version": bundle.version,
        "space": bundle.space.name,
        "dims": bundle.dims,
        "path": str(bundle.path),
        "existed": written.existed,
        "metrics": bundle.manifest.metrics,
        "licenses": bundle.manifest.licenses.model_dump(),
    }
    what = "is there already" if written.existed else "written"
    show(as_json, summary | more, f"{bundle.name}/{bundle.version} {what}: {bundle.dims} dimensions, {bundle.path}")


def command_line() -> str:
    """The command as it was given, for the record of a bundle."""
    return shlex.join(["python", "-m", "models", *sys.argv[1:]])


@contextmanager
def photos_counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function to call with (done, total): a bar on a terminal, log lines elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield (
            lambda done, total: (
                log.info("%s: %d of %d photos", what, done, total) if done % LOG_EVERY == 0 or done == total else None
            )
        )
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
