"""Reads CSV and TSV feeds: the first line names the columns, every further record is a row."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from catalog.errors import InvalidFeed
from catalog.feeds.events import FeedRow, RowProblem, Rows, Truncation
from catalog.feeds.readers.column_names import normalize_column
from catalog.feeds.readers.text_lines import FeedLines, clean_id

NEEDED = ("id", "title")


@dataclass(frozen=True, slots=True)
class _Table:
    lines: FeedLines
    columns: Sequence[str]
    delimiter: str


def read_csv(file: IO[bytes]) -> Rows:
    """Yields the rows of a comma, semicolon or bar separated file; its header shows which. Raises InvalidFeed."""
    return _read(file, ",;|\t")


def read_tsv(file: IO[bytes]) -> Rows:
    """Yields the rows of a tab separated file. Raises InvalidFeed."""
    return _read(file, "\t")


def _read(file: IO[bytes], delimiters: str) -> Rows:
    table = _read_header(FeedLines(file), delimiters)
    reader = csv.reader(table.lines, delimiter=table.delimiter, strict=True)
    failed = False
    for event in _iterate_records(table, reader):
        failed = isinstance(event, RowProblem)
        yield event
    yield from _check_ending(table.lines, failed)


def _read_header(lines: FeedLines, delimiters: str) -> _Table:
    first = next(lines, "")
    if not first.strip():
        raise InvalidFeed("the feed is empty: its first line must name the columns")
    if reason := lines.find_fault(1):
        raise InvalidFeed(f"the header: {reason}")
    if "\x00" in first:
        raise InvalidFeed("this is not a text file: say --format if the suffix misleads")
    for delimiter in delimiters:
        columns = [normalize_column(name) for name in _split(first, delimiter)]
        if all(name in columns for name in NEEDED):
            return _Table(lines, _check_unique(columns), delimiter)
    raise InvalidFeed(f"the header must name the columns {' and '.join(NEEDED)}; it reads: {first.strip()[:120]}")


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _check_unique(columns: list[str]) -> list[str]:
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise InvalidFeed(f"the header names these columns twice: {', '.join(twice)}")
    return columns


def _iterate_records(table: _Table, reader: "Iterator[list[str]]") -> Iterator[FeedRow | RowProblem]:
    while True:
        line = table.lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield RowProblem(line, f"cannot be split into columns: {error}", id=_guess_id(table, line))
            continue
        if not cells:
            continue  # a blank line
        yield _build_row(table, line, cells)


def _build_row(table: _Table, line: int, cells: list[str]) -> FeedRow | RowProblem:
    product_id = _find_id(table, cells)
    if reason := table.lines.find_fault(line):
        return RowProblem(line, reason, "encoding", product_id)
    if len(cells) != len(table.columns):
        reason = f"{len(cells)} columns where the header has {len(table.columns)}"
        return RowProblem(line, reason, "columns", product_id)
    return FeedRow(line, dict(zip(table.columns, cells, strict=True)))


def _find_id(table: _Table, cells: Sequence[str]) -> str | None:
    place = table.columns.index("id")
    return clean_id(cells[place]) if place < len(cells) else None


def _guess_id(table: _Table, line: int) -> str | None:
    """Returns which product a broken row is probably about; None for a row of several lines."""
    return _find_id(table, table.lines.text.split(table.delimiter)) if table.lines.number == line else None


def _check_ending(lines: FeedLines, failed: bool) -> Iterator[Truncation]:
    if lines.terminated:
        return
    if failed:
        yield Truncation(lines.number, "the file ends in the middle of a row")
    else:
        yield Truncation(lines.number, "the last line has no line end, so it may have been cut", certain=False)
