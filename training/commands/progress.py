"""Progress on a terminal, log lines elsewhere."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from training.learning.training_run import Progress as Told

log = logging.getLogger("training")

LOG_SECONDS = 30.0


@contextmanager
def shown() -> Iterator[Told]:
    """A function to call with (what, done, total)."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines().tell
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        tasks = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done)

        yield tell


class _Lines:
    """One line every half minute, and one for each end."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def tell(self, what: str, done: int, total: int) -> None:
        if done == total or time.monotonic() - self._last >= LOG_SECONDS:
            self._last = time.monotonic()
            log.info("%s: %d of %d", what, done, total)
