"""Derives what can be bought of a product: each size with its price and stock, and the fields to filter by.

Size, price and stock filters hold for one and the same offer. Most products have one price for all sizes in stock;
for those a filter on the sizes and one on the prices say the same as one on both. Only where prices differ does
`sized_prices` hold each size in stock with its price, so that other products cost a search nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.domain.synonyms import fold

CENTS = 12  # digits: prices end at 1e9
LEAST, MOST = "0" * CENTS, "9" * CENTS
UNPRICED = ""  # stands in `sized_prices` where prices differ, so that the field is never missing there


@dataclass(frozen=True, slots=True)
class Offer:
    """One variant, or a product without variants; `price` is the sale price if there is one."""

    size: str | None
    price: float | None
    available: bool


def offers_of(source: Mapping[str, Any]) -> list[Offer]:
    """Returns the offers of a product as it is stored; a variant without a price has the product's own."""
    own = _price(source)
    variants = source.get("variants") or []
    if not variants:
        return [Offer(None, own, bool(source.get("available", True)))]
    return [
        Offer(each.get("size"), own if (price := _price(each)) is None else price, bool(each.get("available", True)))
        for each in variants
    ]


def _price(source: Mapping[str, Any]) -> float | None:
    sale: float | None = source.get("sale_price")
    return source.get("price") if sale is None else sale


def select_in_stock(offers: Sequence[Offer]) -> list[Offer]:
    """Returns the offers that can be bought now."""
    return [offer for offer in offers if offer.available]


def select_priced(offers: Sequence[Offer]) -> list[Offer]:
    """Returns the offers whose prices count: those in stock, or all of a product that is sold out."""
    return select_in_stock(offers) or list(offers)


def sized_price(size: str, price: float) -> str:
    """Returns size and price as one word that sorts by price within a size; prices are whole cents."""
    return sized_bound(size, f"{min(round(price * 100), 10**CENTS - 1):0{CENTS}d}")


def sized_bound(size: str, cents: str) -> str:
    """Returns the word of a size and a price written as `CENTS` digits; the length keeps sizes with a `:` apart."""
    folded = fold(size)
    return f"{len(folded)}:{folded}:{cents}"


def list_skus(source: Mapping[str, Any]) -> list[str]:
    """Returns the SKUs of a product as it is stored, each once, in order."""
    return list(dict.fromkeys(each["sku"] for each in source.get("variants") or () if each.get("sku")))


def list_names(source: Mapping[str, Any]) -> frozenset[str]:
    """Returns what a product as it is stored may be called: its id and its SKUs."""
    return frozenset((str(source["id"]), *list_skus(source)))


def derive_fields(source: Mapping[str, Any]) -> dict[str, Any]:
    """Returns every derived field of a product as it is stored; those that are empty are None or empty lists."""
    offers = offers_of(source)
    prices = sorted({offer.price for offer in select_priced(offers) if offer.price is not None})
    return {
        "effective_price": prices[0] if prices else None,
        "sizes_available": list(dict.fromkeys(offer.size for offer in select_in_stock(offers) if offer.size)),
        "available": any(offer.available for offer in offers),
        "group_key": source.get("item_group_id") or source["id"],
        "offer_prices": prices,
        "sized_prices": _sized_prices(select_in_stock(offers)),
        "folded_attributes": _fold_attributes(source.get("attributes") or {}),
        "skus": [sku for sku in list_skus(source) if sku != source["id"]],
    }


def _sized_prices(offers: Sequence[Offer]) -> list[str]:
    if len({offer.price for offer in offers}) < 2:
        return []
    words = {sized_price(each.size, each.price) for each in offers if each.size and each.price is not None}
    return sorted(words) or [UNPRICED]


def attribute_text(value: Any) -> str:
    """Returns an attribute's value as text: numbers and booleans as they are written in JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _fold_attributes(attributes: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: folded for name, value in attributes.items() if (folded := _fold_values(value))}


def _fold_values(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(fold(attribute_text(each)) for each in values if each is not None))
