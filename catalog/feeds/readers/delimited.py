"""Reads CSV and TSV feeds: the first line names the columns, every further record is a row."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from catalog.errors import InvalidFeed
from catalog.feeds.events import FeedRow, RowProblem, Rows, Truncation
from catalog.feeds.readers.column_names import SINGLE_COLUMNS, normalize_column
from catalog.feeds.readers.text_lines import FeedLines, RecordLines, clean_id

COMMON = ",;|\t"
NEEDED = ("id", "title")
# What the csv module says, and what to do about it.
ADVICE = {
    "expected after": "a quote inside a quoted field must be doubled",
    "unexpected end": "a quote is opened and never closed",
    "field larger": "a quote is opened and not closed within 128 KiB",
    "new-line character": "a line end (CR) stands inside a row: quote the field, and end lines with LF or CRLF",
}


@dataclass(frozen=True, slots=True)
class _Table:
    lines: FeedLines
    columns: Sequence[str]
    delimiter: str
    id_place: int


def read_csv(file: IO[bytes]) -> Rows:
    """Yields the rows of a comma, semicolon or bar separated file; its header shows which. Raises InvalidFeed."""
    return read_delimited(file, COMMON, NEEDED)


def read_tsv(file: IO[bytes]) -> Rows:
    """Yields the rows of a tab separated file. Raises InvalidFeed."""
    return read_delimited(file, "\t", NEEDED)


def read_delimited(file: IO[bytes], delimiters: str, needed: Sequence[str]) -> Rows:
    """Yields rows; the header must name the `needed` columns, the first of them a row's id. Raises InvalidFeed."""
    table = _read_header(FeedLines(file), delimiters, needed)
    failed = False
    for event in _iterate_records(table):
        failed = isinstance(event, RowProblem)
        yield event
    yield from _check_ending(table.lines, failed)


def split_header(line: str, delimiters: str, needed: Sequence[str]) -> tuple[list[str], str] | None:
    """Returns the columns and the delimiter with which a header names the `needed` columns; None where none does."""
    for delimiter in delimiters:
        columns = [normalize_column(name) for name in _split(line, delimiter)]
        if all(name in columns for name in needed):
            return columns, delimiter
    return None


def _read_header(lines: FeedLines, delimiters: str, needed: Sequence[str]) -> _Table:
    first = next(lines, "")
    if not first.strip():
        raise InvalidFeed("the feed is empty: its first line must name the columns")
    if reason := lines.find_fault(1, 1):
        raise InvalidFeed(f"the header: {reason}")
    if "\x00" in first:
        raise InvalidFeed("this is not a text file: say --format if the suffix misleads")
    if "\r" in first.rstrip("\r\n"):
        raise InvalidFeed("the lines of the feed end in CR alone: save it with LF or CRLF")
    if (found := split_header(first, delimiters, needed)) is None:
        wanted = " and ".join(needed)
        raise InvalidFeed(f"the header must name the columns {wanted}; it reads: {first.strip()[:120]}")
    columns, delimiter = found
    return _Table(lines, _check_unique(columns), delimiter, columns.index(needed[0]))


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _check_unique(columns: list[str]) -> list[str]:
    twice = sorted({name for name in columns if name in SINGLE_COLUMNS and columns.count(name) > 1})
    if twice:
        raise InvalidFeed(f"the header names these columns twice: {', '.join(twice)}")
    return columns


def _iterate_records(table: _Table) -> Iterator[FeedRow | RowProblem]:
    lines = RecordLines(table.lines)
    reader = csv.reader(lines, delimiter=table.delimiter, strict=True)
    while True:
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _explain(table, lines, str(error))
            lines.repeat_rest()
            continue
        if cells:  # else a blank line
            yield _build_row(table, lines, cells)


def _explain(table: _Table, lines: RecordLines, error: str) -> RowProblem:
    line, text = lines.first
    advice = next((advice for sign, advice in ADVICE.items() if sign in error), error)
    found = _find_id(table, text.split(table.delimiter))
    return RowProblem(line, f"cannot be split into columns: {advice}", id=found)


def _build_row(table: _Table, lines: RecordLines, cells: list[str]) -> FeedRow | RowProblem:
    line, product_id = lines.first[0], _find_id(table, cells)
    if reason := table.lines.find_fault(line, lines.number):
        return RowProblem(line, reason, "encoding", product_id)
    if len(cells) != len(table.columns):
        if len(cells) < len(table.columns) or any(cells[len(table.columns) :]):
            reason = f"{len(cells)} columns where the header has {len(table.columns)}"
            return RowProblem(line, reason, "columns", product_id)
        cells = cells[: len(table.columns)]  # a spreadsheet writes blank cells beyond its table
    data = dict(zip(table.columns, cells, strict=True))
    return FeedRow(line, data if len(data) == len(cells) else _gather(table.columns, cells))


def _gather(columns: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """Returns a row with a list for each column that the header names several times."""
    data: dict[str, Any] = {}
    for name, cell in zip(columns, cells, strict=True):
        if cell.strip():
            data.setdefault(name, []).append(cell)
    return {name: found[0] if len(found) == 1 else found for name, found in data.items()}


def _find_id(table: _Table, cells: Sequence[str]) -> str | None:
    return clean_id(cells[table.id_place]) if table.id_place < len(cells) else None


def _check_ending(lines: FeedLines, failed: bool) -> Iterator[Truncation]:
    if lines.terminated:
        return
    if failed:
        yield Truncation(lines.number, "the file ends in the middle of a row")
    else:
        yield Truncation(lines.number, "the last line has no line end, so it may have been cut", certain=False)
