"""A random catalogue and the answers that numpy gives about it: what the API's answers are held against.

It shares nothing with the code under test but the product schema: filters, groups, facets and scores are done again
here in the plainest way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue

WIDE, NARROW = Space("wide", "v1", 16), Space("narrow", "v1", 5)
COLORS, SIZES, BRANDS = ("red", "blue", "green"), ("S", "M", "L"), ("ada", "bo", "cy", "dee")
FIELDS = {
    "color_family": "color_family",
    "size": "sizes",
    "brand": "brand",
    "gender": "gender",
    "category": "category",
}


class NumpyShop:
    """`count` products drawn by `seed`; about one in eight lacks an embedding of each model."""

    def __init__(self, seed: int, count: int) -> None:
        rng = np.random.default_rng(seed)
        self.products = [self._draw(rng, number, count) for number in range(count)]
        self.ids = [product["id"] for product in self.products]
        self.vectors, self.embedded = {}, {}
        for space in (WIDE, NARROW):
            raw = rng.normal(size=(count, space.dims))
            self.vectors[space.model] = raw / np.linalg.norm(raw, axis=1, keepdims=True)
            self.embedded[space.model] = rng.random(count) > 0.12

    @staticmethod
    def _draw(rng: np.random.Generator, number: int, count: int) -> dict[str, Any]:
        kind = str(rng.choice(["dress", "shirt", "shoes"]))
        drawn = {
            "color_family": str(rng.choice(COLORS)) if rng.random() < 0.9 else None,
            "brand": str(rng.choice(BRANDS)) if rng.random() < 0.9 else None,
            "gender": str(rng.choice(["female", "male", "unisex"])) if rng.random() < 0.6 else None,
            "item_group_id": f"g{rng.integers(count // 3)}" if rng.random() < 0.7 else None,
        }
        sizes = sorted(str(size) for size in rng.choice(SIZES, int(rng.integers(1, 4)), replace=False))
        price, differ = int(rng.integers(5, 100)), rng.random() < 0.5
        prices = {size: int(rng.integers(5, 100)) if differ else price for size in sizes}
        return {
            "id": f"p{number:03d}",
            "category": ["clothing", kind] if kind != "shoes" else ["shoes"],
            "sizes": sizes,
            "prices": prices,
            "price": min(prices.values()),
            **{key: value for key, value in drawn.items() if value},
        }

    def fill(self, catalogue: Catalogue) -> None:
        """Put all of it into an index."""
        catalogue.layout.create()
        changes = []
        for product in self.products:
            plain = {key: value for key, value in product.items() if key not in ("sizes", "prices", "price")}
            variants = [
                {"sku": f"{product['id']}-{size}", "size": size, "price": price}
                for size, price in product["prices"].items()
            ]
            photo = f"https://photos.example/{product['id']}.jpg"
            changes.append(
                Change(
                    product["id"],
                    document(parse({**plain, "title": "x", "variants": variants, "image_url": photo})),
                )
            )
        assert {done.status for done in catalogue.products.write(changes)} == {"created"}
        for space in (WIDE, NARROW):
            catalogue.spaces.ensure(space)
            catalogue.products.refresh()
            rows = self.vectors[space.model].astype(np.float32)
            embedded = np.flatnonzero(self.embedded[space.model])
            outcomes = [
                Outcome(self.ids[n], f"https://photos.example/{self.ids[n]}.jpg", "done", vector=rows[n])
                for n in embedded
            ]
            catalogue.embeddings.write_outcomes(space, outcomes)
        catalogue.products.refresh()

    # -- answers
    def group_of(self, number: int) -> str:
        return str(self.products[number].get("item_group_id") or self.ids[number])

    def passes(self, number: int, filters: dict[str, Any], ignore: str = "") -> bool:
        product = self.products[number]
        for key, wanted in filters.items():
            if key == ignore:
                continue
            if key == "price":
                sizes = filters.get("size") if ignore != "size" else None
                prices = [price for size, price in product["prices"].items() if not sizes or size in sizes]
                if not any(wanted.get("gte", 0) <= price <= wanted.get("lte", 1e9) for price in prices):
                    return False
                continue
            values = product.get(FIELDS[key], [])
            if wanted and not set(wanted) & set([values] if isinstance(values, str) else values):
                return False
        return True

    def scores(self, queries: dict[str, Any], weights: dict[str, float]) -> Any:
        """The weighted mean of cosines of every product, to one query vector per model."""
        total = sum(weights.values())
        parts = []
        for model, weight in weights.items():
            query = np.asarray(queries[model], dtype=np.float64)
            parts.append(weight / total * (self.vectors[model] @ (query / np.linalg.norm(query))))
        return np.sum(parts, axis=0)

    def pool(self, models: list[str], excluded: set[str], groups: set[str]) -> list[int]:
        """Products with all the embeddings that are not left out by name or group."""
        return [
            n
            for n in range(len(self.ids))
            if all(self.embedded[model][n] for model in models)
            and self.ids[n] not in excluded
            and self.group_of(n) not in groups
        ]

    def facet(self, name: str, pool: list[int], filters: dict[str, Any]) -> Any:
        passing = [self.products[n] for n in pool if self.passes(n, filters, ignore=name)]
        if name == "price":
            prices = [price for product in passing for price in product["prices"].values()]
            return {"min": min(prices, default=None), "max": max(prices, default=None)}
        counts: dict[str, int] = {}
        for product in passing:
            values = product.get(FIELDS[name], [])
            for value in [values] if isinstance(values, str) else values:
                counts[value] = counts.get(value, 0) + 1
        return [{"value": v, "count": c} for v, c in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
