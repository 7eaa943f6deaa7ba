"""The stages of a feed: a file's rows, rows mapped onto product fields, products."""

import zlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO

from catalog.domain.product import parse
from catalog.errors import InvalidFeed, InvalidProduct
from catalog.feeds.delimited import read_csv, read_tsv
from catalog.feeds.events import Cut, Item, Items, Mapped, MappedRows, Problem, Row, RowError, Rows
from catalog.feeds.files import FORMATS, format_of, opened
from catalog.feeds.jsonl import read_jsonl
from catalog.feeds.merchant import Context, fields_of
from catalog.feeds.merchant_xml import read_xml
from catalog.feeds.parquet import read_parquet
from catalog.feeds.values import text

READERS: dict[str, Callable[[IO[bytes]], Rows]] = {
    "csv": read_csv,
    "tsv": read_tsv,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "xml": read_xml,
}


def read_rows(path: Path, format_name: str | None = None) -> Rows:
    """The rows of a feed file as they are, streaming.

    `format_name` is one of FORMATS, by default what the suffix says. A row that cannot be read is a Problem, a
    file that ends too early a Cut after what came before. Raises InvalidFeed for a file that is no feed at all.
    """
    if format_name is not None and format_name not in READERS:
        raise InvalidFeed(f"there is no format '{format_name}': choose one of {', '.join(FORMATS)}")
    reader = READERS[format_name or format_of(path)]
    line = 0
    with opened(path) as file:
        try:
            for event in reader(file):
                line = event.line
                yield event
        except (EOFError, zlib.error, OSError) as error:
            if line == 0:
                raise InvalidFeed(f"cannot read the feed {path.name}: {error}") from error
            yield Cut(line + 1, f"the file breaks off here: {error}")


def map_rows(rows: Rows, context: Context) -> MappedRows:
    """Rows mapped from Google's or our own names onto the fields of a product."""
    for row in rows:
        if not isinstance(row, Row):
            yield row
            continue
        try:
            yield Mapped(row.line, fields_of(row.data, context))
        except RowError as error:
            yield Problem(row.line, str(error), "invalid_product", _id_of(row), row.data)


def check_products(rows: MappedRows) -> Items:
    """Products that keep the contract of `catalog.domain.product`."""
    for row in rows:
        if not isinstance(row, Mapped):
            yield row
            continue
        try:
            yield Item(row.line, parse(row.fields))
        except InvalidProduct as error:
            yield Problem(row.line, error.message, "invalid_product", _text_or_none(row.fields.get("id")))


def context_of(path: Path, now: datetime) -> Context:
    """What rows of the feed at `path` are read against."""
    return Context(str(path.resolve().parent), now)


def _id_of(row: Row) -> str | None:
    return _text_or_none(text(row.data.get("id")))


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
