"""Support of all command lines: errors as one line with status 2, JSON or text, tables, logs, progress."""

import json
import logging
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBars
from rich.table import Table
from rich.text import Text

from catalog.errors import VisualSearchError
from catalog.plain_text import PlainFormatter, escape_controls, escape_lines

LOG_EVERY = 10.0  # seconds between lines of progress, where no terminal shows it
WIDE = 160  # columns of a table, where no terminal says how many there are

Json = Annotated[bool, typer.Option("--json", help="Print a machine-readable summary on standard output.")]
Progress = Callable[[str, int, int | None], None]
"""Takes what is counted, how much is done and the total, None where nobody knows it."""
Step = Callable[[int, int], None]
"""Takes how much is done and the total."""


@contextmanager
def exit_on_error(program: str, as_json: bool = False, failures: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Ends the program with one line on standard error: status 1 for `failures`, 2 for what it cannot work with.

    With `as_json` the error is an object on standard output, too.
    """
    expected: tuple[type[Exception], ...] = (VisualSearchError, *failures)
    try:
        yield
    except expected as error:
        code, advice = (error.code, error.advice) if isinstance(error, VisualSearchError) else ("failed", str(error))
        if as_json:
            typer.echo(json.dumps({"error": code, "message": advice}))
        typer.echo(escape_controls(f"{program}: {advice}"), err=True)
        raise typer.Exit(1 if isinstance(error, failures) else 2) from None


def format_command(program: str) -> str:
    """Returns the command as it was given, for the record of what it made."""
    return shlex.join(["python", "-m", program, *sys.argv[1:]])


def exit_on_sigterm() -> None:
    """Lets SIGTERM end the program as Ctrl-C does, so that what was started or made is cleaned up."""

    def leave(number: int, frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)


def print_result(as_json: bool, summary: Mapping[str, Any], text: str) -> None:
    """Prints the outcome on standard output: `summary` as JSON, or `text`."""
    typer.echo(json.dumps(summary, default=str) if as_json else escape_lines(text))


def log_to_stderr(clock: bool = False, noisy: tuple[str, ...] = ()) -> None:
    """Logs as lines on standard error, with the time of day where a run may take long; only warnings of `noisy`."""
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter("%(asctime)s %(message)s" if clock else "%(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)  # its retries come with tracebacks
    for name in noisy:
        logging.getLogger(name).setLevel(logging.WARNING)


class PlainConsole(Console):
    """Prints texts and table cells so that they cannot steer the terminal."""

    def render_str(self, text: str, **style: Any) -> Text:
        return super().render_str(escape_lines(text), **style)


def print_table(table: Table) -> None:
    """Prints a table on standard output, as wide as the terminal."""
    console = PlainConsole()
    (console if console.is_terminal else PlainConsole(width=WIDE)).print(table)


def format_table(table: Table, width: int) -> str:
    """Returns a table as text of at most `width` columns."""
    console = PlainConsole(width=width, force_terminal=False)
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip()


def ignore_progress(what: str, done: int, total: int | None) -> None:
    """Shows nothing: a Progress for those whom nobody watches."""


@contextmanager
def show_progress(log: logging.Logger, console: Console | None = None) -> Iterator[Progress]:
    """Yields a Progress: bars on a terminal, elsewhere a log line for the first, the last and every ten seconds."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _ProgressLines(log).report
        return
    columns = BarColumn(), MofNCompleteColumn(), TextColumn("[dim]{task.fields[rate]}"), TimeRemainingColumn()
    with ProgressBars(TextColumn("{task.description}"), *columns, console=console, transient=True) as bars:
        yield _ProgressBars(bars).report


@contextmanager
def show_steps(log: logging.Logger, what: str) -> Iterator[Step]:
    """Yields a function to call with (done, total), which shows the progress of `what`."""
    with show_progress(log) as progress:
        yield partial(progress, what)


class _Pace:
    """Measures how many a second are done, from the first report of each thing that is counted."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[float, int]] = {}

    def rate(self, what: str, done: int) -> float:
        now = time.monotonic()
        began, before = self._first.setdefault(what, (now, done))
        return (done - before) / max(now - began, 1e-3)


class _ProgressBars:
    """Shows a bar with its rate for each thing that is counted."""

    def __init__(self, bars: ProgressBars) -> None:
        self._bars, self._pace = bars, _Pace()
        self._tasks: dict[str, TaskID] = {}

    def report(self, what: str, done: int, total: int | None) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(escape_controls(what), total=total, rate="")
        rate = f"{self._pace.rate(what, done):,.0f}/s"
        self._bars.update(self._tasks[what], completed=done, total=total, rate=rate)


class _ProgressLines:
    """Logs how far each thing that is counted has come, and how long the rest may take."""

    def __init__(self, log: logging.Logger) -> None:
        self._log, self._pace = log, _Pace()
        self._due: dict[str, float] = {}

    def report(self, what: str, done: int, total: int | None) -> None:
        now, rate = time.monotonic(), self._pace.rate(what, done)
        if now < self._due.get(what, 0.0) and done != total:
            return
        self._due[what] = now + LOG_EVERY
        known = f" {done:,}" if total is None else f": {done:,} of {total:,}"
        pace = f", {rate:.1f}/s" if rate else ""
        left = f", {(total - done) / rate:.0f} s left" if total and rate else ""
        self._log.info("%s%s%s%s", what, known, pace, left)
