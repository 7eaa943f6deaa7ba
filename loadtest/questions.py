"""What locust users ask: random filters out of what the shop really has, as parameters and as a body."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Filter = dict[str, Any]

# filter key -> field of an answered product
WORD_FIELDS = {
    "category": "category",
    "brand": "brand",
    "color": "color",
    "color_family": "color_family",
    "pattern": "pattern",
    "material": "material",
    "gender": "gender",
    "size": "sizes_available",
    "currency": "currency",
}
LIMITS = (1, 10, 10, 10, 24, 50)
SORTS = ("id", "-id", "price", "-price", "title")
MAX_VALUES = 50  # per key; a shop may have thousands of brands


@dataclass(slots=True)
class Shop:
    """What there is to ask for: ids, and the values that products have per filter key."""

    ids: list[str] = field(default_factory=list)
    words: dict[str, list[str]] = field(default_factory=dict)
    prices: list[float] = field(default_factory=list)
    currency: str | None = None  # that of the prices: the most frequent one

    @classmethod
    def of(cls, products: Sequence[Mapping[str, Any]]) -> "Shop":
        """A shop with these products (as the API shows them, `id` included)."""
        words: dict[str, dict[str, None]] = {key: {} for key in WORD_FIELDS}
        for product in products:
            for key, name in WORD_FIELDS.items():
                words[key] |= dict.fromkeys(as_list(product.get(name)))
        named = Counter(str(each["currency"]) for each in products if each.get("currency"))
        currency = named.most_common(1)[0][0] if named else None
        priced = [each for each in products if each.get("effective_price") is not None]
        return cls(
            ids=[str(product["id"]) for product in products],
            words={key: list(values)[:MAX_VALUES] for key, values in words.items() if values and key != "currency"},
            prices=sorted(float(each["effective_price"]) for each in priced if each.get("currency") == currency),
            currency=currency,
        )

    def forget(self, product_id: str) -> None:
        """Ask no more about a product that has no embedding."""
        if product_id in self.ids:
            self.ids.remove(product_id)


def as_list(value: Any) -> list[Any]:
    """A value that may be missing, single or a list, as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def in_currency(shop: Shop) -> Filter:
    """The filter without which prices, where they are in several currencies, are not compared."""
    return {"currency": [shop.currency]} if shop.currency else {}


def draw_filter(shop: Shop, rng: random.Random) -> Filter:
    """Up to three keys: nothing one time in five, mostly one or two values each."""
    keys = [*shop.words, *(["price"] if shop.prices else []), "available"]
    chosen: Filter = {}
    for key in rng.sample(keys, k=min(rng.choice((0, 1, 1, 2, 3)), len(keys))):
        if key == "available":
            chosen[key] = True
        elif key == "price":
            low, high = sorted(rng.sample(shop.prices, k=2)) if len(shop.prices) > 1 else shop.prices * 2
            chosen |= {key: {"gte": low, "lte": high}, **in_currency(shop)}
        else:
            values = shop.words[key]
            chosen[key] = rng.sample(values, k=min(rng.choice((1, 1, 2)), len(values)))
    return chosen


def parameters(filter_: Filter) -> list[tuple[str, str]]:
    """The filter as repeated query keys."""
    found: list[tuple[str, str]] = []
    for key, value in filter_.items():
        if key == "available":
            found.append((key, "true" if value else "false"))
        elif key == "price":
            found += [("price_min", str(value["gte"])), ("price_max", str(value["lte"]))]
        else:
            found += [(key, word) for word in value]
    return found
