"""Groups the good rows of a feed: those of one `item_group_id` that agree become one product, wherever they stand."""

from collections.abc import Iterable, Iterator
from itertools import chain

from catalog.domain.product import MAX_VARIANTS, Product
from catalog.feeds.events import FeedProduct
from catalog.feeds.grouping.agreement import split_by_agreement
from catalog.feeds.grouping.group_spool import GroupSpool
from catalog.feeds.grouping.merging import merge_rows

MOST_ROWS = 5_000  # of a group that are in memory at a time; more share an id by mistake


def keep_rows(rows: Iterable[FeedProduct]) -> Iterator[FeedProduct]:
    """Leaves every row a product of its own; the other way is `group_rows`."""
    return iter(rows)


def group_rows(rows: Iterable[FeedProduct]) -> Iterator[FeedProduct]:
    """Yields rows without a group as they come, then a product per group, in the order of each group's first row.

    Rows of groups wait on disk for the end of the feed. A group too large to be the sizes of something is left as it
    is, row by row. Raises InvalidInput where the disk has no room.
    """
    with GroupSpool() as spool:
        for row in rows:
            if is_size(row.product):
                spool.add(row)
            else:
                yield row
        for count, group in spool.iterate_groups():
            yield from group if count > MOST_ROWS else _merge_group(list(group))


def is_size(product: Product) -> bool:
    """Says whether a row is one size of something: it names a group, and brings no list of sizes of its own."""
    if not product.item_group_id:
        return False
    return not product.variants or [variant.sku for variant in product.variants] == [product.id]


def _merge_group(group: list[FeedProduct]) -> Iterator[FeedProduct]:
    parts = split_by_agreement(group)
    return chain.from_iterable(part if len(part) > MAX_VARIANTS else [merge_rows(part)] for part in parts)
