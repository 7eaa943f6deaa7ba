"""Merges the rows of one product: what it is by the smallest row that says it, its sizes by each row.

Stock has no say in it, nor has the order of the rows: what a shop has not changed stays the same document.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.domain.offers import attribute_text
from catalog.domain.product import PRODUCT_FIELDS, Product, Variant, parse
from catalog.feeds.events import FeedProduct
from catalog.feeds.grouping.agreement import read_size
from catalog.feeds.grouping.row_order import build_order_key
from catalog.feeds.grouping.size_suffix import strip_bare_sizes, strip_size

OWN = ("id", "title", "price", "sale_price", "variants", "available", "attributes")  # not simply the first there is
BLANK: tuple[Any, ...] = (None, "", [], {})


def merge_rows(rows: Sequence[FeedProduct]) -> FeedProduct:
    """Returns one product with a variant per row, called by the smallest id; its `rows` are all ids, ascending."""
    ordered = sorted(rows, key=lambda row: build_order_key(row.product.id))
    products = [row.product for row in ordered]
    variants = [_build_variant(each) for each in products]
    fields = {name: _find_first(products, name) for name in PRODUCT_FIELDS if name not in OWN}
    sized = len(rows) > 1 or any(variant.size for variant in variants)
    fields |= {
        "id": products[0].id,
        "title": _strip_sizes(products),
        "variants": variants if sized else [],
        "available": any(variant.available for variant in variants),
        "attributes": _merge_attributes([each.attributes for each in products]),
        **choose_price(variants),
    }
    found = parse({name: value for name, value in fields.items() if value not in BLANK})
    return FeedProduct(ordered[0].line, found, rows=tuple(each.id for each in products))


def choose_price(variants: Sequence[Variant]) -> dict[str, float | None]:
    """Returns price and sale price of the cheapest variant, in stock or not: of a product without a price none."""
    priced = [each for each in variants if each.price is not None or each.sale_price is not None]
    if not priced:
        return {"price": None, "sale_price": None}
    cheapest = min(priced, key=lambda each: each.price if each.sale_price is None else each.sale_price)  # type: ignore[arg-type,return-value]
    return {"price": cheapest.price, "sale_price": cheapest.sale_price}


def _build_variant(row: Product) -> Variant:
    own = row.variants[0] if row.variants else Variant(sku=row.id, available=row.available)
    if own.price is not None or own.sale_price is not None:
        return own
    return own.model_copy(update={"price": row.price, "sale_price": row.sale_price})


def _find_first(products: Sequence[Product], name: str) -> Any:
    return next((value for each in products if (value := getattr(each, name)) not in BLANK), None)


def _strip_sizes(products: Sequence[Product]) -> str:
    sizes = [read_size(each) for each in products]
    titles = [strip_size(each.title, size) for each, size in zip(products, sizes, strict=True)]
    return strip_bare_sizes(titles, sizes)[0]


def _merge_attributes(given: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns each attribute: one value where all rows that have it have the same, else the list of all (GTINs)."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys(name for each in given for name in each):
        values = [each[name] for each in given if name in each]
        found[name] = values[0] if all(value == values[0] for value in values) else _list_texts(values)
    return found


def _list_texts(values: Sequence[Any]) -> list[str]:
    every = (each for value in values for each in (value if isinstance(value, list) else [value]))
    return list(dict.fromkeys(map(attribute_text, every)))
