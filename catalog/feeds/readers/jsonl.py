"""Reads JSON Lines feeds: one object per line."""

import re
from typing import IO, Any

import orjson

from catalog.errors import InvalidFeed
from catalog.feeds.events import FeedRow, RowProblem, Rows, Truncation
from catalog.feeds.readers.column_names import normalize_column
from catalog.feeds.readers.text_lines import FeedLines, clean_id

# Finds the product of a broken line; a line with several such keys is about none.
_ID = re.compile(r'"id"\s*:\s*"([^"\\]{1,256})"')


def read_jsonl(file: IO[bytes]) -> Rows:
    """Yields the rows of a JSON Lines file. Raises InvalidFeed for an empty file and for one JSON array."""
    lines = FeedLines(file)
    failed = False
    for text in lines:
        if not (text := text.strip()):
            continue
        if lines.number == 1 and text.startswith("["):
            raise InvalidFeed("the feed is a JSON array: write one object per line (JSON Lines)")
        event = _build_row(lines, text)
        failed = isinstance(event, RowProblem)
        yield event
    if lines.number == 0:
        raise InvalidFeed("the feed is empty")
    if failed and not lines.terminated:
        yield Truncation(lines.number, "the file ends in the middle of a row")


def _build_row(lines: FeedLines, text: str) -> FeedRow | RowProblem:
    if reason := lines.find_fault(lines.number, lines.number):
        return RowProblem(lines.number, reason, "encoding", _guess_id(text))
    try:
        data: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return RowProblem(lines.number, f"broken JSON: {error}", id=_guess_id(text))
    if not isinstance(data, dict):
        return RowProblem(lines.number, "a row is a JSON object in braces")
    return FeedRow(lines.number, {normalize_column(name): value for name, value in data.items()})


def _guess_id(text: str) -> str | None:
    found = set(_ID.findall(text))
    return clean_id(found.pop()) if len(found) == 1 else None
