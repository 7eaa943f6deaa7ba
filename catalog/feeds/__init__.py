"""Reads product feeds (CSV, TSV, JSON Lines, Parquet, Google Merchant XML) into a stream of products and problems."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

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
from catalog.feeds.products import build_context, check_products, map_rows
from catalog.feeds.size_grouping import merge_sizes

__all__ = [
    "FORMATS", "FeedProduct", "FeedProducts", "FeedRow", "MappedRow", "MappedRows", "RowProblem", "Rows",
    "Truncation", "check_products", "keep_rows", "map_rows", "merge_sizes", "read_products", "read_rows",
]  # fmt: skip


def keep_rows(rows: MappedRows) -> MappedRows:
    """Leaves every row a product of its own; the other way to group rows is `merge_sizes`."""
    return rows


def read_products(
    path: Path,
    format_name: str | None = None,
    *,
    now: datetime | None = None,
    group: Callable[[MappedRows], MappedRows] = keep_rows,
) -> FeedProducts:
    """Streams a feed file: a FeedProduct per good row, a RowProblem per bad one, a Truncation where it breaks off.

    `now` (default: this moment) decides whether a sale with an effective date is on. Raises InvalidFeed.
    """
    context = build_context(path, now or datetime.now(UTC))
    return check_products(group(map_rows(read_rows(path, format_name), context)))
