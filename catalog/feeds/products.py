"""Turns the rows of a feed into products: columns are mapped onto product fields, then the product is checked."""

from datetime import datetime
from pathlib import Path

from catalog.domain.product import parse
from catalog.errors import InvalidProduct
from catalog.feeds.column_mapping import RowContext, map_columns
from catalog.feeds.events import FeedProduct, FeedProducts, FeedRow, MappedRow, MappedRows, RowError, RowProblem, Rows
from catalog.feeds.values import parse_text


def map_rows(rows: Rows, context: RowContext) -> MappedRows:
    """Maps rows from Google's or our own column names onto the fields of a product."""
    for row in rows:
        if not isinstance(row, FeedRow):
            yield row
            continue
        try:
            yield MappedRow(row.line, map_columns(row.data, context))
        except RowError as error:
            yield RowProblem(row.line, str(error), "invalid_product", _find_id(row), row.data)


def check_products(rows: MappedRows) -> FeedProducts:
    """Yields products that keep the contract of `catalog.domain.product`."""
    for row in rows:
        if not isinstance(row, MappedRow):
            yield row
            continue
        try:
            yield FeedProduct(row.line, parse(row.fields))
        except InvalidProduct as error:
            yield RowProblem(row.line, error.message, "invalid_product", _to_id(row.fields.get("id")))


def build_context(path: Path, now: datetime) -> RowContext:
    """Returns what rows of the feed at `path` are read against."""
    return RowContext(str(path.resolve().parent), now)


def _find_id(row: FeedRow) -> str | None:
    return _to_id(parse_text(row.data.get("id")))


def _to_id(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
