"""Reads JSON Lines feeds: one object per line."""

import re
from typing import IO, Any

import orjson

from catalog.errors import InvalidFeed
from catalog.feeds.events import Cut, Problem, Row, Rows
from catalog.feeds.files import Lines, known_id
from catalog.feeds.names import normal

# Of a broken line still tells whose it was; one with several such keys is nobody's.
_ID = re.compile(r'"id"\s*:\s*"([^"\\]{1,256})"')


def read_jsonl(file: IO[bytes]) -> Rows:
    """Rows of a JSON Lines file. Raises InvalidFeed for an empty file and for one JSON array."""
    lines = Lines(file)
    failed = False
    for text in lines:
        if not (text := text.strip()):
            continue
        if lines.number == 1 and text.startswith("["):
            raise InvalidFeed("the feed is a JSON array: write one object per line (JSON Lines)")
        event = _row(lines, text)
        failed = isinstance(event, Problem)
        yield event
    if lines.number == 0:
        raise InvalidFeed("the feed is empty")
    if failed and not lines.terminated:
        yield Cut(lines.number, "the file ends in the middle of a row")


def _row(lines: Lines, text: str) -> Row | Problem:
    if reason := lines.why_bad(lines.number):
        return Problem(lines.number, reason, "encoding", _id_in(text))
    try:
        data: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return Problem(lines.number, f"broken JSON: {error}", id=_id_in(text))
    if not isinstance(data, dict):
        return Problem(lines.number, "a row is a JSON object in braces")
    return Row(lines.number, {normal(name): value for name, value in data.items()})


def _id_in(text: str) -> str | None:
    found = set(_ID.findall(text))
    return known_id(found.pop()) if len(found) == 1 else None
