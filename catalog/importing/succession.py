"""Lets a product made of several rows take the place of what the catalogue has of these rows.

It keeps an id that shoppers know, the embedding of its photo, prices newer than the feed, and sizes whose rows are
broken today. Products of single rows that it replaces are deleted once it is written.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from catalog.domain.offers import list_names
from catalog.domain.product import MAX_VARIANTS, Product, Variant
from catalog.domain.records import StoredProduct
from catalog.feeds.events import FeedProduct
from catalog.feeds.grouping.merging import choose_price
from catalog.feeds.grouping.row_order import build_order_key
from catalog.importing.changes import TRIES, Decision, build_removal, decide, strip_managed
from catalog.importing.id_set import IdSet
from catalog.ports import ProductPort

Stored = Mapping[str, StoredProduct]


def list_ids(items: Iterable[FeedProduct]) -> list[str]:
    """Returns the ids of all products that `items` may be about: their own, and those of their rows."""
    return list(dict.fromkeys(each for item in items for each in (item.product.id, *item.rows)))


def settle_ids(
    port: ProductPort, chunk: Sequence[FeedProduct], stored: Stored, rows: IdSet
) -> tuple[Sequence[FeedProduct], Stored]:
    """Returns the chunk with the ids its products go by in the catalogue, and `stored` completed by these products.

    A product whose smallest row is new goes on under the id of another row of it, or under one whose row has left the
    feed, where the catalogue has such a product. `rows` are the ids of all rows of the feed; ids kept are added.
    """
    asked = [row for item in chunk if item.product.id not in stored for row in item.rows]
    if not asked:
        return chunk, stored
    owners = port.find_by_sku(asked)
    settled = [item if item.product.id in stored else _settle(item, stored, owners, rows) for item in chunk]
    more = [item.product.id for item in settled if item.rows and item.product.id not in stored]
    return settled, {**stored, **port.read_many(more)}


def _settle(item: FeedProduct, stored: Stored, owners: Mapping[str, str], rows: IdSet) -> FeedProduct:
    known = [row for row in item.rows if row in stored]
    known += [owners[row] for row in item.rows if row in owners and owners[row] not in rows]
    if not known:
        return item
    kept = min(known, key=build_order_key)
    rows.add(kept)
    product = item.product
    sizes = product.variants or [Variant(sku=product.id, available=product.available)]
    return replace(item, product=product.model_copy(update={"id": kept, "variants": sizes}))


def decide_merged(
    item: FeedProduct,
    stored: Stored,
    unread: IdSet,
    find_time: Callable[[StoredProduct], datetime],
    as_of: datetime,
    now: datetime,
) -> Decision:
    """Decides as `decide` does for a product made of several rows, and what it replaces.

    `find_time` returns how new the offer of a stored product is.
    """
    own = stored.get(item.product.id)
    replaced = tuple(stored[row] for row in item.rows if row in stored and row != item.product.id)
    newer = {each.id: at for each in (own, *replaced) if each is not None and (at := find_time(each)) > as_of}
    if own is not None and list(newer) == [own.id] and list_names(own.source).issuperset(item.rows):
        return replace(decide(item.product, own, as_of, now, newer[own.id]), replaced=replaced)
    product = _keep_sizes(item.product, own, None if own is not None and own.id in newer else unread)
    offered = _adopt_offers(product, [stored[name] for name in newer])
    found = decide(offered, own, max([as_of, *newer.values()]), now)
    donors = tuple(each.id for each in replaced if each.source.get("image_url") == product.image_url)
    change = replace(found.change, donors=donors) if found.change is not None else None
    return Decision(change, found.kept_newer_offer or offered != product, replaced)


def _keep_sizes(product: Product, own: StoredProduct | None, unread: IdSet | None) -> Product:
    """Returns the product with its stored sizes whose rows are among the `unread`; with all of them for None."""
    there = {variant.sku for variant in product.variants}
    lacking = [each for each in (own.source.get("variants", ()) if own else ()) if each["sku"] not in there]
    kept = [Variant(**each) for each in lacking if unread is None or each["sku"] in unread]
    if not kept:
        return product
    variants = sorted([*product.variants, *kept], key=lambda variant: build_order_key(variant.sku))
    return product.model_copy(update={"variants": variants[:MAX_VARIANTS]})


def _adopt_offers(product: Product, newer: Sequence[StoredProduct]) -> Product:
    """Returns the product with the prices and stock of sizes that the catalogue knows better than the feed."""
    if not newer:
        return product
    known = {offer["sku"]: offer for each in newer for offer in _list_offers(each)}
    variants = [
        variant.model_copy(
            update={name: known[variant.sku].get(name) for name in ("price", "sale_price", "available")}
        )
        if variant.sku in known
        else variant
        for variant in product.variants
    ]
    available = any(variant.available for variant in variants)
    return product.model_copy(update={"variants": variants, "available": available, **choose_price(variants)})


def _list_offers(stored: StoredProduct) -> list[Mapping[str, object]]:
    """Returns each size of a stored product with price and stock; a product without sizes is its own."""
    source = stored.source
    own = {name: source.get(name) for name in ("price", "sale_price")}
    sizes = source.get("variants") or [{"sku": stored.id, "available": source.get("available", True)}]
    priced = ("price", "sale_price")
    return [{**({} if any(name in each for name in priced) else own), **each} for each in sizes]


def remove_replaced(port: ProductPort, products: Sequence[StoredProduct]) -> int:
    """Deletes products that others have taken the place of, and returns how many; what people changed since stays."""
    deleted, read = 0, {each.id: each for each in products}
    for _ in range(TRIES):
        if not read:
            break
        results = port.write([build_removal(each) for each in read.values()])
        deleted += sum(result.status == "deleted" for result in results)
        again = [result.change.id for result in results if result.status == "conflict"]
        current = port.read_many(again) if again else {}
        same = {
            name for name, each in current.items() if strip_managed(each.source) == strip_managed(read[name].source)
        }
        read = {name: current[name] for name in same}
    return deleted
