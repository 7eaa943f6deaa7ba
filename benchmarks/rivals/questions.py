"""Questions to rivals, their hits, and the right answers by numpy."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmarks.drawn_shop import DrawnShop, Mask

NumberedHits = list[tuple[int, float]]  # number of a product and its cosine, best first
SAME = 1e-5  # float32, in other orders of summing up


class RivalHit(NamedTuple):
    """Hit with what a page shows of it; `brand` is a number into BRAND_NAMES."""

    number: int
    score: float
    brand: int
    price: float


@dataclass(frozen=True, slots=True)
class RivalQuestion:
    """Products like number `source`, of one brand (a number into BRAND_NAMES) and within prices where given."""

    source: int
    brand: int | None = None
    price_min: float | None = None
    price_max: float | None = None
    limit: int = 10

    @property
    def has_filter(self) -> bool:
        return self.brand is not None or self.price_min is not None or self.price_max is not None

    def compute_mask(self, shop: DrawnShop) -> Mask:
        """Returns which products the question allows, bool [n]; never its source."""
        passing = np.ones(len(shop.prices), dtype=bool) if self.brand is None else shop.brands == self.brand
        if self.price_min is not None:
            passing &= shop.prices >= self.price_min
        if self.price_max is not None:
            passing &= shop.prices <= self.price_max
        passing[self.source] = False
        return passing

    def compute_answer(self, shop: DrawnShop) -> NumberedHits:
        """Returns the right answer."""
        numbers = np.flatnonzero(self.compute_mask(shop))
        scores = shop.vectors[numbers] @ shop.vectors[self.source]
        best = np.argsort(-scores, kind="stable")[: self.limit]
        return [(int(numbers[place]), float(scores[place])) for place in best]


def compute_recall(shop: DrawnShop, question: RivalQuestion, found: NumberedHits, right: NumberedHits) -> float:
    """Returns the share of the right answer's places filled as well as numpy fills them; 1 where nothing passes.

    Raises ValueError for a hit that the filter forbids or that comes twice: that is wrong, not less good.
    """
    numbers = [number for number, _ in found]
    if len(set(numbers)) != len(numbers) or not question.compute_mask(shop)[numbers].all():
        raise ValueError(f"{question} was answered with {numbers}")
    if not right:
        return 1.0
    real = shop.vectors[numbers] @ shop.vectors[question.source]
    return float((real >= right[-1][1] - SAME).sum()) / len(right)
