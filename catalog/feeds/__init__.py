"""Reads product feeds (CSV, TSV, JSON Lines, Parquet, Google Merchant XML) into a stream of products and problems."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from catalog.feeds.events import Cut, Item, Items, Mapped, MappedRows, Problem, Row, Rows
from catalog.feeds.files import FORMATS
from catalog.feeds.products import check_products, context_of, map_rows, read_rows
from catalog.feeds.sizes import merge_sizes

__all__ = [
    "FORMATS", "Cut", "Item", "Items", "Mapped", "MappedRows", "Problem", "Row", "Rows",
    "as_they_are", "check_products", "map_rows", "merge_sizes", "read_products", "read_rows",
]  # fmt: skip


def as_they_are(rows: MappedRows) -> MappedRows:
    """The grouping that leaves every row a product of its own; the other one is `merge_sizes`."""
    return rows


def read_products(
    path: Path,
    format_name: str | None = None,
    *,
    now: datetime | None = None,
    group: Callable[[MappedRows], MappedRows] = as_they_are,
) -> Items:
    """The products of a feed file, streaming: an Item per good row, a Problem per bad one, a Cut where it breaks off.

    `now` (default: this moment) decides whether a sale with an effective date is on. Raises InvalidFeed.
    """
    context = context_of(path, now or datetime.now(UTC))
    return check_products(group(map_rows(read_rows(path, format_name), context)))
