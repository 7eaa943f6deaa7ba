"""Writes products without losing other writes: reads, decides, writes conditionally, again on a conflict."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal

import orjson

from catalog.domain.product import Product, parse, select_given
from catalog.domain.records import Change, ChangeResult, StoredProduct
from catalog.errors import InvalidProduct, ProductNotFound, Unavailable, VisualSearchError, WriteConflict
from catalog.importing.changes import (
    TRIES,
    build_removal,
    decide,
    read_offer_time,
    strip_internal,
    strip_managed,
)
from catalog.ports import ProductPort

CHUNK = 500  # products read and written at a time
Decide = Callable[[StoredProduct | None], Change | None]


@dataclass(frozen=True, slots=True)
class ProductWrite:
    """Holds what a write did, and the product as it now is in the index (None once deleted), without vectors."""

    status: Literal["created", "updated", "unchanged", "deleted"]
    source: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """A write to one product: `decide` looks at what is stored, and raises what makes the write impossible."""

    product_id: str
    decide: Decide


def plan_put(product: Product) -> PlannedWrite:
    """Plans to replace all fields of a product, or to create it."""
    return PlannedWrite(product.id, lambda stored: _decide_now(product, stored))


def plan_patch(product_id: str, merge_patch: Mapping[str, Any]) -> PlannedWrite:
    """Plans to apply a merge patch (RFC 7396) to the public fields: null removes, objects merge, lists replace.

    Raises InvalidProduct for what is no patch. A patch that leaves no valid product fails when it is carried out.
    """
    if not isinstance(merge_patch, Mapping):
        raise InvalidProduct("a merge patch is an object")

    def change(stored: StoredProduct | None) -> Change | None:
        return _decide_now(_apply_patch(_require(product_id, stored), merge_patch), stored)

    return PlannedWrite(product_id, change)


def plan_removal(product_id: str) -> PlannedWrite:
    """Plans to delete a product and its embeddings."""
    return PlannedWrite(product_id, lambda stored: build_removal(_require(product_id, stored)))


def carry_out(port: ProductPort, planned: PlannedWrite) -> ProductWrite:
    """Writes one product. Raises ProductNotFound, InvalidProduct, WriteConflict, Unavailable."""
    outcome = next(iter(_carry_out_chunk(port, {planned.product_id: planned}).values()))
    if isinstance(outcome, VisualSearchError):
        raise outcome
    return outcome


def carry_out_all(port: ProductPort, planned: Sequence[PlannedWrite]) -> dict[str, ProductWrite | VisualSearchError]:
    """Writes many products, of distinct ids, and returns by id what became of each; none spoils another.

    Where Elasticsearch stops answering, what is left has that error. It may be written all the same: repeat it.
    """
    outcomes: dict[str, ProductWrite | VisualSearchError] = {}
    for chunk in _split(planned):
        try:
            outcomes |= _carry_out_chunk(port, chunk)
        except Unavailable as error:
            outcomes |= {each.product_id: error for each in planned if each.product_id not in outcomes}
            break
    return outcomes


def put(port: ProductPort, product: Product) -> ProductWrite:
    """Replaces all fields of a product, or creates it. Raises WriteConflict, Unavailable."""
    return carry_out(port, plan_put(product))


def patch(port: ProductPort, product_id: str, merge_patch: Mapping[str, Any]) -> ProductWrite:
    """Applies a merge patch; see `plan_patch`. Raises ProductNotFound, InvalidProduct, WriteConflict, Unavailable."""
    return carry_out(port, plan_patch(product_id, merge_patch))


def delete(port: ProductPort, product_id: str) -> ProductWrite:
    """Deletes a product and its embeddings. Raises ProductNotFound, WriteConflict, Unavailable."""
    return carry_out(port, plan_removal(product_id))


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


def describe_version(source: Mapping[str, Any]) -> str:
    """Returns 16 characters that stand for the content of a stored product: they change when it does."""
    content = orjson.dumps(strip_internal(source), option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _split(planned: Iterable[PlannedWrite]) -> Iterator[dict[str, PlannedWrite]]:
    rest = iter(planned)
    while chunk := {each.product_id: each for each in islice(rest, CHUNK)}:
        yield chunk


def _carry_out_chunk(
    port: ProductPort, waiting: Mapping[str, PlannedWrite]
) -> dict[str, ProductWrite | VisualSearchError]:
    """Reads and writes as long as some of the products are changed by others meanwhile; raises Unavailable."""
    outcomes: dict[str, ProductWrite | VisualSearchError] = {}
    for _ in range(TRIES):
        stored, changes = port.read_many(list(waiting)), []
        for product_id, planned in waiting.items():
            decided = _decide(planned, stored.get(product_id))
            if isinstance(decided, Change):
                changes.append(decided)
            else:
                outcomes[product_id] = decided
        results = port.write(changes) if changes else []
        outcomes |= {each.change.id: _settle(each) for each in results if each.status != "conflict"}
        waiting = {each.change.id: waiting[each.change.id] for each in results if each.status == "conflict"}
        if not waiting:
            break
    conflict = "product '{0}' is being changed by others: try again"
    return outcomes | {each: WriteConflict(conflict.format(each), id=each) for each in waiting}


def _decide(planned: PlannedWrite, stored: StoredProduct | None) -> Change | ProductWrite | VisualSearchError:
    try:
        change = planned.decide(stored)
    except VisualSearchError as error:
        return error
    return change or ProductWrite("unchanged", stored.source if stored else None)


def _settle(result: ChangeResult) -> ProductWrite | VisualSearchError:
    if result.status in ("failed", "conflict"):
        product_id = result.change.id
        return Unavailable(f"product '{product_id}' could not be written: {result.message}", id=product_id)
    return ProductWrite(result.status, result.change.source)  # type: ignore[arg-type]


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
    product = parse(apply_merge_patch(strip_managed(select_given(stored.source)), merge_patch))
    if "available" in merge_patch and product.variants:
        wanted = merge_patch["available"]
        if any(variant.available for variant in product.variants) != wanted:
            raise InvalidProduct(
                "available: a product is as available as its variants: patch those", field="available"
            )
    return product
