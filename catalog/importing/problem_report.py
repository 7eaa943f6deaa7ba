"""Writes every row problem of an import to a file."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import orjson

from catalog.errors import InvalidInput
from catalog.feeds.events import RowProblem
from catalog.importing.summary import problem_to_dict
from catalog.plain_text import escape_cell

COLUMNS = ("line", "id", "code", "reason")


@contextmanager
def open_report(path: Path | None) -> Iterator[Callable[[RowProblem], None]]:
    """Yields a function that writes a problem to `path` (.csv or .jsonl; None: nowhere). Raises InvalidInput."""
    if path is None:
        yield lambda _: None
        return
    kind = path.suffix.lower()
    if kind not in (".csv", ".jsonl"):
        raise InvalidInput(f"--report: {path.name} must end in .csv or .jsonl")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise InvalidInput(f"--report: cannot write {path}: {error.strerror or error}") from error
    with file:
        yield _write_csv(file) if kind == ".csv" else _write_json(file)


def _write_csv(file: IO[str]) -> Callable[[RowProblem], None]:
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    return lambda problem: writer.writerow(
        {name: escape_cell(value) for name, value in problem_to_dict(problem).items()}
    )


def _write_json(file: IO[str]) -> Callable[[RowProblem], None]:
    def write(problem: RowProblem) -> None:
        file.write(orjson.dumps(problem_to_dict(problem)).decode() + "\n")

    return write
