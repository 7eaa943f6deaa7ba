"""Compares a product as it is with what a feed makes of it, in the terms of a shop: fields, and sizes one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from catalog.domain.product import PRODUCT_FIELDS
from catalog.importing.changes import strip_internal

Pair = tuple[Any, Any]  # (now, then); None where there is nothing
Source = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SizeDifferences:
    """Names sizes (by SKU where they have no name or share one) by what would happen to them."""

    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    sold_out: Sequence[str] = ()
    back_in_stock: Sequence[str] = ()
    prices: Mapping[str, Pair] = field(default_factory=dict)
    skus: Mapping[str, Pair] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProductDifference:
    """Describes what would become of one product; attributes are fields of their own, as in `attributes.fit`."""

    id: str
    title: str
    kind: Literal["created", "updated", "deleted"]
    currency: str
    fields: Mapping[str, Pair]
    sizes: SizeDifferences | None

    @property
    def names(self) -> list[str]:
        """Returns what differs, for counting: field names, `sizes`."""
        return [*self.fields, *(["sizes"] if self.sizes else [])]


def compare(product_id: str, before: Source | None, after: Source | None) -> ProductDifference:
    """Returns how a stored product would differ; None stands for a product that is not there, before or after.

    Of a product that comes or goes no field is listed.
    """
    kind: Literal["created", "updated", "deleted"] = (
        "deleted" if after is None else "created" if before is None else "updated"
    )
    title = str((after or before or {}).get("title", ""))
    currency = str((after or before or {}).get("currency", ""))
    if before is None or after is None:
        return ProductDifference(product_id, title, kind, currency, {}, None)
    now, then = _flatten(before), _flatten(after)
    changed = {name: (now.get(name), then.get(name)) for name in sorted(now.keys() | then.keys(), key=_get_place)}
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    own = {name: pair for name, pair in changed.items() if name.partition(".")[0] in PRODUCT_FIELDS}
    sizes = _compare_sizes(before.get("variants") or [], after.get("variants") or [])
    fields = own if own or sizes else changed  # what follows from other fields is shown only where it is all there is
    return ProductDifference(product_id, title, kind, currency, fields, sizes)


def _get_place(name: str) -> tuple[int, str]:
    """Returns where a field comes: in the order of a product's own, the others behind them."""
    own = name.partition(".")[0]
    return PRODUCT_FIELDS.index(own) if own in PRODUCT_FIELDS else len(PRODUCT_FIELDS), name


def _flatten(source: Source) -> dict[str, Any]:
    fields = strip_internal(source)
    fields.pop("variants", None)
    attributes = fields.pop("attributes", None) or {}
    return fields | {f"attributes.{name}": value for name, value in attributes.items()}


def _compare_sizes(before: Sequence[Source], after: Sequence[Source]) -> SizeDifferences | None:
    if before == after:
        return None
    key = "size" if _have_distinct_sizes(before) and _have_distinct_sizes(after) else "sku"
    now, then = ({str(each[key]): each for each in variants} for variants in (before, after))
    both = [name for name in now if name in then]
    return SizeDifferences(
        added=[name for name in then if name not in now],
        removed=[name for name in now if name not in then],
        sold_out=[name for name in both if _is_available(now[name]) and not _is_available(then[name])],
        back_in_stock=[name for name in both if not _is_available(now[name]) and _is_available(then[name])],
        prices={name: pair for name in both if (pair := (_price(now[name]), _price(then[name])))[0] != pair[1]},
        skus={name: pair for name in both if (pair := (now[name]["sku"], then[name]["sku"]))[0] != pair[1]},
    )


def _have_distinct_sizes(variants: Sequence[Source]) -> bool:
    sizes = [each.get("size") for each in variants]
    return None not in sizes and len(set(sizes)) == len(sizes)


def _is_available(variant: Source) -> bool:
    return bool(variant.get("available", True))


def _price(variant: Source) -> Any:
    return variant.get("price") if variant.get("sale_price") is None else variant["sale_price"]
