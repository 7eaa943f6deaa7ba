"""Shows the progress of a run: a bar on a terminal, a log line now and then otherwise."""

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from etl.summary import RunSummary

log = logging.getLogger("etl")
EVERY = 5.0  # seconds between log lines


class Progress(Protocol):
    """Shows the progress of a run inside `track`, where `tick` is called several times a second."""

    def track(self, total: int, summary: RunSummary) -> AbstractContextManager[None]: ...
    def tick(self) -> None: ...


class NoProgress:
    """Shows nothing."""

    @contextmanager
    def track(self, total: int, summary: RunSummary) -> Iterator[None]:
        yield

    def tick(self) -> None:
        """Does nothing."""


class LogProgress(NoProgress):
    """Logs a line of rate and remaining time every few seconds."""

    @contextmanager
    def track(self, total: int, summary: RunSummary) -> Iterator[None]:
        self._total, self._summary, self._started = total, summary, time.monotonic()
        self._next = self._started + EVERY
        log.info("%d products to go through with %s", total, ", ".join(model.model for model in summary.models))
        yield

    def tick(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + EVERY
        rate = self._summary.handled_count / (now - self._started)
        left = (
            f"{(self._total - self._summary.handled_count) / rate:.0f} s left"
            if rate
            else "waiting for the first part"
        )
        log.info("%d of %d, %.1f/s, %s", self._summary.handled_count, self._total, rate, left)


class BarProgress(NoProgress):
    """Draws a bar with rate and remaining time on standard error."""

    def __init__(self, console: Console) -> None:
        rate = TextColumn("[dim]{task.fields[rate]}")
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            rate,
            TimeRemainingColumn(),
            console=console,
        )
        self._task: TaskID | None = None

    @contextmanager
    def track(self, total: int, summary: RunSummary) -> Iterator[None]:
        self._summary, self._started = summary, time.monotonic()
        names = " + ".join(model.model for model in summary.models)
        with self._bar:
            self._task = self._bar.add_task(names, total=total, rate="")
            yield
            self.tick()

    def tick(self) -> None:
        if self._task is not None:
            rate = self._summary.handled_count / max(time.monotonic() - self._started, 1e-3)
            self._bar.update(self._task, completed=self._summary.handled_count, rate=f"{rate:.0f}/s")


def choose_progress(console: Console) -> Progress:
    """Returns a bar for a person at a terminal, lines for a log."""
    return BarProgress(console) if console.is_terminal else LogProgress()
