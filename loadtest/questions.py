"""Random filters for locust's users out of what the shop really has, as parameters and as a body."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.domain.filter_fields import FILTER_FIELDS

Filter = dict[str, Any]

# filter key -> field of an answered product
WORD_FIELDS = {one.key: one.index_field for one in FILTER_FIELDS if one.kind == "words"}
LIMITS = (1, 10, 10, 10, 24, 50)
SORTS = ("id", "-id", "price", "-price", "title")
MAX_VALUES = 50  # per key; a shop may have thousands of brands


@dataclass(slots=True)
class CatalogueSample:
    """Products that can be asked about: their ids, and the values that they have per filter key."""

    ids: list[str] = field(default_factory=list)
    words: dict[str, list[str]] = field(default_factory=dict)
    prices: list[float] = field(default_factory=list)
    currency: str | None = None  # that of the prices: the most frequent one

    @classmethod
    def from_products(cls, products: Sequence[Mapping[str, Any]]) -> "CatalogueSample":
        """Collects ids and values of these products (as the API shows them, `id` included)."""
        words: dict[str, dict[str, None]] = {key: {} for key in WORD_FIELDS}
        for product in products:
            for key, name in WORD_FIELDS.items():
                words[key] |= dict.fromkeys(to_list(product.get(name)))
        named = Counter(str(each["currency"]) for each in products if each.get("currency"))
        currency = named.most_common(1)[0][0] if named else None
        priced = [each for each in products if each.get("effective_price") is not None]
        return cls(
            ids=[str(product["id"]) for product in products],
            words={key: list(values)[:MAX_VALUES] for key, values in words.items() if values and key != "currency"},
            prices=sorted(float(each["effective_price"]) for each in priced if each.get("currency") == currency),
            currency=currency,
        )

    def remove(self, product_id: str) -> None:
        """Removes a product that has no embedding, so that nobody asks about it again."""
        if product_id in self.ids:
            self.ids.remove(product_id)


def to_list(value: Any) -> list[Any]:
    """Returns a value that may be missing, single or a list as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def build_currency_filter(sample: CatalogueSample) -> Filter:
    """Builds the filter without which prices in several currencies are not compared."""
    return {"currency": [sample.currency]} if sample.currency else {}


def draw_filter(sample: CatalogueSample, rng: random.Random) -> Filter:
    """Draws a filter of up to three keys: none one time in five, mostly one or two values each."""
    keys = [*sample.words, *(["price"] if sample.prices else []), "available"]
    chosen: Filter = {}
    for key in rng.sample(keys, k=min(rng.choice((0, 1, 1, 2, 3)), len(keys))):
        if key == "available":
            chosen[key] = True
        elif key == "price":
            low, high = sorted(rng.sample(sample.prices, k=2)) if len(sample.prices) > 1 else sample.prices * 2
            chosen |= {key: {"gte": low, "lte": high}, **build_currency_filter(sample)}
        else:
            values = sample.words[key]
            chosen[key] = rng.sample(values, k=min(rng.choice((1, 1, 2)), len(values)))
    return chosen


def to_parameters(filter_: Filter) -> list[tuple[str, str]]:
    """Returns the filter as repeated query keys."""
    found: list[tuple[str, str]] = []
    for key, value in filter_.items():
        if key == "available":
            found.append((key, "true" if value else "false"))
        elif key == "price":
            found += [("price_min", str(value["gte"])), ("price_max", str(value["lte"]))]
        else:
            found += [(key, word) for word in value]
    return found
