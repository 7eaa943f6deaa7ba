"""Turns the rows of a feed into products: columns are mapped onto product fields, then the product is checked."""

from typing import Any

from catalog.domain.product import parse
from catalog.errors import InvalidProduct
from catalog.feeds.column_mapping import RowContext, map_columns
from catalog.feeds.events import FeedProduct, FeedProducts, FeedRow, MappedRow, MappedRows, RowError, RowProblem, Rows
from catalog.feeds.values import parse_text
from catalog.plain_text import escape_controls

# What to do about a field that the contract of a product refuses; others are told in its own words.
ADVICE = {
    "id": "each row needs an id of at most 256 characters, without slashes, line ends and a blank before it",
    "title": "each row needs a title of at most 1,000 characters",
    "description": "a description has at most 32,000 characters without its HTML",
    "currency": "write the three letters of one currency, such as EUR",
    "updated_at": "write a date in ISO 8601, such as 2026-02-24T13:00:00Z",
}


def map_rows(rows: Rows, context: RowContext) -> MappedRows:
    """Maps rows from Google's or our own column names onto the fields of a product."""
    for row in rows:
        if not isinstance(row, FeedRow):
            yield row
            continue
        context.notes.line = row.line
        try:
            yield MappedRow(row.line, map_columns(row.data, context))
        except RowError as error:
            yield RowProblem(row.line, escape_controls(str(error)), "invalid_product", _find_id(row))


def check_products(rows: MappedRows) -> FeedProducts:
    """Yields products that keep the contract of `catalog.domain.product`."""
    for row in rows:
        if not isinstance(row, MappedRow):
            yield row
            continue
        try:
            yield FeedProduct(row.line, parse(row.fields))
        except InvalidProduct as error:
            yield RowProblem(row.line, _explain(error, row.fields), "invalid_product", _to_id(row.fields.get("id")))


def _explain(error: InvalidProduct, fields: dict[str, Any]) -> str:
    name = error.message.partition(":")[0]
    if name not in ADVICE:
        return escape_controls(error.message)
    written = f"'{escape_controls(str(fields[name])[:40])}'" if name in fields else "none"
    return f"{name}: {written}; {ADVICE[name]}"


def _find_id(row: FeedRow) -> str | None:
    return _to_id(parse_text(row.data.get("id")))


def _to_id(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
