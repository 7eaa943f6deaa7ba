"""Writes single products without losing other writes: reads, decides, writes conditionally, again on a conflict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from catalog.domain.product import PRODUCT_FIELDS, Product, parse
from catalog.domain.records import Change, StoredProduct
from catalog.errors import InvalidProduct, ProductNotFound, Unavailable, WriteConflict
from catalog.importing.changes import MANAGED_FIELDS, TRIES, build_removal, decide, read_offer_time
from catalog.ports import ProductPort

Decide = Callable[[StoredProduct | None], Change | None]


@dataclass(frozen=True, slots=True)
class ProductWrite:
    """Holds what a write did, and the product as it now is in the index (None once deleted), without vectors."""

    status: Literal["created", "updated", "unchanged", "deleted"]
    source: Mapping[str, Any] | None


def put(port: ProductPort, product: Product) -> ProductWrite:
    """Replaces all fields of a product, or creates it. Raises WriteConflict, Unavailable."""

    def change(stored: StoredProduct | None) -> Change | None:
        return _decide_now(product, stored)

    return _write_with_retries(port, product.id, change)


def patch(port: ProductPort, product_id: str, merge_patch: Mapping[str, Any]) -> ProductWrite:
    """Applies a merge patch (RFC 7396) to the public fields of a product: null removes, objects merge, lists replace.

    Raises ProductNotFound, InvalidProduct for a patch that leaves no valid product, WriteConflict, Unavailable.
    """
    if not isinstance(merge_patch, Mapping):
        raise InvalidProduct("a merge patch is an object")

    def change(stored: StoredProduct | None) -> Change | None:
        return _decide_now(_apply_patch(_require(product_id, stored), merge_patch), stored)

    return _write_with_retries(port, product_id, change)


def delete(port: ProductPort, product_id: str) -> ProductWrite:
    """Deletes a product and its embeddings. Raises ProductNotFound, WriteConflict, Unavailable."""
    return _write_with_retries(port, product_id, lambda stored: build_removal(_require(product_id, stored)))


def apply_merge_patch(target: Any, merge_patch: Any) -> Any:
    """Returns `target` with a merge patch applied (RFC 7396, section 2)."""
    if not isinstance(merge_patch, Mapping):
        return merge_patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in merge_patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = apply_merge_patch(merged.get(name), value)
    return merged


def _write_with_retries(port: ProductPort, product_id: str, decide_change: Decide) -> ProductWrite:
    for _ in range(TRIES):
        stored = port.read_many([product_id]).get(product_id)
        change = decide_change(stored)
        if change is None:
            return ProductWrite("unchanged", stored.source if stored else None)
        result = port.write([change])[0]
        if result.status == "failed":
            raise Unavailable(f"product '{product_id}' could not be written: {result.message}", id=product_id)
        if result.status != "conflict":
            return ProductWrite(result.status, change.source)
    raise WriteConflict(f"product '{product_id}' is being changed by others: try again", id=product_id)


def _decide_now(product: Product, stored: StoredProduct | None) -> Change | None:
    now = datetime.now(UTC)
    as_of = (
        max(now, read_offer_time(stored.source)) if stored else now
    )  # a clock ahead of ours must not outvote a person
    return decide(product, stored, as_of, now).change


def _require(product_id: str, stored: StoredProduct | None) -> StoredProduct:
    if stored is None:
        raise ProductNotFound(f"there is no product '{product_id}'", id=product_id)
    return stored


def _apply_patch(stored: StoredProduct, merge_patch: Mapping[str, Any]) -> Product:
    if merge_patch.get("id", stored.id) != stored.id:
        raise InvalidProduct("id: a product keeps its id; delete it and write a new one", field="id")
    public = {
        name: stored.source[name] for name in PRODUCT_FIELDS if name in stored.source and name not in MANAGED_FIELDS
    }
    product = parse(apply_merge_patch(public, merge_patch))
    if "available" in merge_patch and product.variants:
        wanted = merge_patch["available"]
        if any(variant.available for variant in product.variants) != wanted:
            raise InvalidProduct(
                "available: a product is as available as its variants: patch those", field="available"
            )
    return product
