"""Reads CSV and TSV feeds: the first line names the columns, every further record is a row."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from catalog.errors import InvalidFeed
from catalog.feeds.events import Cut, Problem, Row, Rows
from catalog.feeds.files import Lines, known_id
from catalog.feeds.names import normal

NEEDED = ("id", "title")


@dataclass(frozen=True, slots=True)
class _Table:
    lines: Lines
    columns: Sequence[str]
    delimiter: str


def read_csv(file: IO[bytes]) -> Rows:
    """Rows of a comma, semicolon or bar separated file; which one the header shows. Raises InvalidFeed."""
    return _read(file, ",;|\t")


def read_tsv(file: IO[bytes]) -> Rows:
    """Rows of a tab separated file. Raises InvalidFeed."""
    return _read(file, "\t")


def _read(file: IO[bytes], delimiters: str) -> Rows:
    table = _header(Lines(file), delimiters)
    reader = csv.reader(table.lines, delimiter=table.delimiter, strict=True)
    failed = False
    for event in _records(table, reader):
        failed = isinstance(event, Problem)
        yield event
    yield from _ending(table.lines, failed)


def _header(lines: Lines, delimiters: str) -> _Table:
    first = next(lines, "")
    if not first.strip():
        raise InvalidFeed("the feed is empty: its first line must name the columns")
    if reason := lines.why_bad(1):
        raise InvalidFeed(f"the header: {reason}")
    if "\x00" in first:
        raise InvalidFeed("this is not a text file: say --format if the suffix misleads")
    for delimiter in delimiters:
        columns = [normal(name) for name in _split(first, delimiter)]
        if all(name in columns for name in NEEDED):
            return _Table(lines, _unique(columns), delimiter)
    raise InvalidFeed(f"the header must name the columns {' and '.join(NEEDED)}; it reads: {first.strip()[:120]}")


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _unique(columns: list[str]) -> list[str]:
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise InvalidFeed(f"the header names these columns twice: {', '.join(twice)}")
    return columns


def _records(table: _Table, reader: "Iterator[list[str]]") -> Iterator[Row | Problem]:
    while True:
        line = table.lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Problem(line, f"cannot be split into columns: {error}", id=_id_of_broken(table, line))
            continue
        if not cells:
            continue  # a blank line
        yield _row(table, line, cells)


def _row(table: _Table, line: int, cells: list[str]) -> Row | Problem:
    product_id = _id(table, cells)
    if reason := table.lines.why_bad(line):
        return Problem(line, reason, "encoding", product_id)
    if len(cells) != len(table.columns):
        reason = f"{len(cells)} columns where the header has {len(table.columns)}"
        return Problem(line, reason, "columns", product_id)
    return Row(line, dict(zip(table.columns, cells, strict=True)))


def _id(table: _Table, cells: Sequence[str]) -> str | None:
    place = table.columns.index("id")
    return known_id(cells[place]) if place < len(cells) else None


def _id_of_broken(table: _Table, line: int) -> str | None:
    """Best effort, to know which product a broken row speaks of; a row of several lines is nobody's."""
    return _id(table, table.lines.text.split(table.delimiter)) if table.lines.number == line else None


def _ending(lines: Lines, failed: bool) -> Iterator[Cut]:
    if lines.terminated:
        return
    if failed:
        yield Cut(lines.number, "the file ends in the middle of a row")
    else:
        yield Cut(lines.number, "the last line has no line end, so it may have been cut", certain=False)
