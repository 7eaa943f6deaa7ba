"""What the commands of this package share: errors as one line, JSON or text, progress."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from catalog.cli_support import Json, errors_of, show
from evaluation.embedding_cache import EmbeddingCache
from evaluation.measure import Progress as Step
from evaluation.settings import EvaluationSettings

__all__ = ["Json", "errors_told", "open_embedding_cache", "show", "show_progress"]
errors_told = errors_of("evaluation")
errors = Console(stderr=True)
log = logging.getLogger("evaluation")


def open_embedding_cache(step: Step) -> EmbeddingCache:
    """Returns the embeddings that are kept on this machine."""
    return EmbeddingCache(EvaluationSettings.load().evaluation_folder / "embeddings", step)


@contextmanager
def show_progress(what: str) -> Iterator[Step]:
    """A function to call with (done, total): a bar on a terminal, a log line per tenth elsewhere."""
    if not errors.is_terminal:
        yield _Logged(what)
        return
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task(what)
        yield lambda done, total: progress.update(task, completed=done, total=total)


class _Logged:
    def __init__(self, what: str) -> None:
        self._what = what
        self._told = -1

    def __call__(self, done: int, total: int) -> None:
        tenth = done * 10 // max(1, total)
        if tenth != self._told:
            log.info("%s: %s of %s", self._what, f"{done:,}", f"{total:,}")
            self._told = tenth
