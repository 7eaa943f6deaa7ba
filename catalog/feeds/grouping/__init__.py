"""Makes products with sizes of the rows of a style; Google Merchant feeds have a row per size."""

from catalog.feeds.grouping.size_groups import group_rows, keep_rows

__all__ = ["group_rows", "keep_rows"]
