"""Writes every row problem of an import to a file."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import orjson

from catalog.errors import InvalidInput
from catalog.feeds.events import Problem
from catalog.importing.summary import as_json
from catalog.plain_text import csv_cell

COLUMNS = ("line", "id", "code", "reason")


@contextmanager
def report_to(path: Path | None) -> Iterator[Callable[[Problem], None]]:
    """A function that writes a problem to `path` (.csv or .jsonl; None: nowhere). Raises InvalidInput."""
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
        yield _csv_lines(file) if kind == ".csv" else _json_lines(file)


def _csv_lines(file: IO[str]) -> Callable[[Problem], None]:
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    return lambda problem: writer.writerow({name: csv_cell(value) for name, value in as_json(problem).items()})


def _json_lines(file: IO[str]) -> Callable[[Problem], None]:
    def write(problem: Problem) -> None:
        file.write(orjson.dumps(as_json(problem)).decode() + "\n")

    return write
