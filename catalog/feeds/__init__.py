"""Reads product feeds (CSV, JSON Lines, Parquet, Merchant XML, Shopify, …) into a stream of products and problems."""

from datetime import UTC, datetime
from pathlib import Path

from catalog.feeds.column_mapping import RowContext
from catalog.feeds.events import (
    FeedProduct,
    FeedProducts,
    FeedRow,
    MappedRow,
    MappedRows,
    RowProblem,
    Rows,
    Truncation,
)
from catalog.feeds.formats import FORMATS, read_rows
from catalog.feeds.grouping import group_rows, keep_rows
from catalog.feeds.notes import FeedNote, FeedNotes
from catalog.feeds.products import check_products, map_rows

__all__ = [
    "FORMATS", "FeedNote", "FeedNotes", "FeedProduct", "FeedProducts", "FeedRow", "MappedRow", "MappedRows",
    "RowProblem", "Rows", "Truncation", "check_products", "group_rows", "keep_rows", "map_rows", "read_products",
    "read_rows",
]  # fmt: skip


def read_products(
    path: Path,
    format_name: str | None = None,
    *,
    now: datetime | None = None,
    notes: FeedNotes | None = None,
    shop_url: str = "",
    currency: str = "",
) -> FeedProducts:
    """Streams a feed file: a FeedProduct per good row, a RowProblem per bad one, a Truncation where it breaks off.

    `group_rows` makes products with sizes of the good rows. `now` (default: this moment) decides whether a sale with
    an effective date is on. `notes` collects what was left out or read leniently. `shop_url` stands before relative
    links, `currency` is that of prices that name none. Raises InvalidFeed.
    """
    notes = notes or FeedNotes()
    context = RowContext(str(path.resolve().parent), now or datetime.now(UTC), notes, shop_url, currency)
    return check_products(map_rows(read_rows(path, format_name, notes), context))
