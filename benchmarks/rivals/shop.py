"""The same shop for everybody: vectors, brands and prices as arrays, and what is right by numpy."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import Size
from loadtest.draw import BRANDS

BRAND_NAMES = tuple(BRANDS)
Hits = list[tuple[int, float]]  # number of a product and its cosine, best first


class Found(NamedTuple):
    """A hit with what a page shows of it; `brand` is a number into BRAND_NAMES."""

    number: int
    score: float
    brand: int
    price: float


@dataclass(frozen=True, slots=True)
class Question:
    """Products like number `source`, of one brand (a number into BRAND_NAMES) and within prices where given."""

    source: int
    brand: int | None = None
    price_min: float | None = None
    price_max: float | None = None
    limit: int = 10

    @property
    def filtered(self) -> bool:
        return self.brand is not None or self.price_min is not None or self.price_max is not None


@dataclass(frozen=True, slots=True)
class Shop:
    """`vectors` float32 [n, dims] of length 1, `brands` int16 [n], `prices` float64 [n]."""

    vectors: NDArray[np.float32]
    brands: NDArray[np.int16]
    prices: NDArray[np.float64]

    @classmethod
    def drawn(cls, size: Size, seed: int) -> "Shop":
        """The one that is loaded into Elasticsearch, too."""
        products = list(size.drawn(seed))
        return cls(
            np.stack([one.vector for one in products]),
            np.array([BRAND_NAMES.index(one.document["brand"]) for one in products], dtype=np.int16),
            np.array([one.document["effective_price"] for one in products]),
        )

    @classmethod
    def load(cls, folder: Path) -> "Shop":
        return cls(*(np.load(folder / f"{name}.npy") for name in ("vectors", "brands", "prices")))

    def save(self, folder: Path) -> None:
        for name in ("vectors", "brands", "prices"):
            np.save(folder / f"{name}.npy", getattr(self, name))

    def passing(self, question: Question) -> NDArray[np.bool_]:
        """Which products the question allows, bool [n]; never its source."""
        passing = np.ones(len(self.prices), dtype=bool) if question.brand is None else self.brands == question.brand
        if question.price_min is not None:
            passing &= self.prices >= question.price_min
        if question.price_max is not None:
            passing &= self.prices <= question.price_max
        passing[question.source] = False
        return passing

    def truth(self, question: Question) -> Hits:
        """The right answer."""
        numbers = np.flatnonzero(self.passing(question))
        scores = self.vectors[numbers] @ self.vectors[question.source]
        best = np.argsort(-scores, kind="stable")[: question.limit]
        return [(int(numbers[place]), float(scores[place])) for place in best]
