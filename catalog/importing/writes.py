"""Writes of single products that lose nobody else's: read, decide, write under what was read, again on a conflict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from catalog.domain.product import PRODUCT_FIELDS, Product, parse
from catalog.domain.records import Change, StoredProduct
from catalog.errors import InvalidProduct, ProductNotFound, Unavailable, WriteConflict
from catalog.importing.changes import OURS, decide, offer_time, removal
from catalog.ports import ProductPort

TRIES = 5
Decide = Callable[[StoredProduct | None], Change | None]


@dataclass(frozen=True, slots=True)
class WriteDone:
    """What a write did, and the product as it now is in the index (None once deleted), without vectors."""

    status: Literal["created", "updated", "unchanged", "deleted"]
    source: Mapping[str, Any] | None


def put(port: ProductPort, product: Product) -> WriteDone:
    """Make `product` the whole truth about its id. Raises WriteConflict, Unavailable."""

    def change(stored: StoredProduct | None) -> Change | None:
        return _now(product, stored)

    return _settled(port, product.id, change)


def patch(port: ProductPort, product_id: str, merge_patch: Mapping[str, Any]) -> WriteDone:
    """Apply a merge patch (RFC 7396) to the public fields of a product: null removes, objects merge, lists replace.

    Raises ProductNotFound, InvalidProduct for a patch that leaves no valid product, WriteConflict, Unavailable.
    """
    if not isinstance(merge_patch, Mapping):
        raise InvalidProduct("a merge patch is an object")

    def change(stored: StoredProduct | None) -> Change | None:
        return _now(_patched(_there(product_id, stored), merge_patch), stored)

    return _settled(port, product_id, change)


def delete(port: ProductPort, product_id: str) -> WriteDone:
    """Remove a product and its embeddings. Raises ProductNotFound, WriteConflict, Unavailable."""
    return _settled(port, product_id, lambda stored: removal(_there(product_id, stored)))


def merge(target: Any, merge_patch: Any) -> Any:
    """RFC 7396, section 2."""
    if not isinstance(merge_patch, Mapping):
        return merge_patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in merge_patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def _settled(port: ProductPort, product_id: str, decided: Decide) -> WriteDone:
    for _ in range(TRIES):
        stored = port.get_many([product_id]).get(product_id)
        change = decided(stored)
        if change is None:
            return WriteDone("unchanged", stored.source if stored else None)
        result = port.write([change])[0]
        if result.status == "failed":
            raise Unavailable(f"product '{product_id}' could not be written: {result.message}", id=product_id)
        if result.status != "conflict":
            return WriteDone(result.status, change.source)
    raise WriteConflict(f"product '{product_id}' is being changed by others: try again", id=product_id)


def _now(product: Product, stored: StoredProduct | None) -> Change | None:
    now = datetime.now(UTC)
    as_of = max(now, offer_time(stored.source)) if stored else now  # a clock ahead of ours must not outvote a person
    return decide(product, stored, as_of, now).change


def _there(product_id: str, stored: StoredProduct | None) -> StoredProduct:
    if stored is None:
        raise ProductNotFound(f"there is no product '{product_id}'", id=product_id)
    return stored


def _patched(stored: StoredProduct, merge_patch: Mapping[str, Any]) -> Product:
    if merge_patch.get("id", stored.id) != stored.id:
        raise InvalidProduct("id: a product keeps its id; delete it and write a new one", field="id")
    public = {name: stored.source[name] for name in PRODUCT_FIELDS if name in stored.source and name not in OURS}
    product = parse(merge(public, merge_patch))
    if "available" in merge_patch and product.variants:
        wanted = merge_patch["available"]
        if any(variant.available for variant in product.variants) != wanted:
            raise InvalidProduct(
                "available: a product is as available as its variants: patch those", field="available"
            )
    return product
