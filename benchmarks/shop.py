"""The drawn catalogue in memory: the same vectors and brands as in the index, and the right answers by numpy."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import LIMIT, SILENT_EVERY, Size
from catalog.domain.filters import Filters
from loadtest import draw

SAME = 1e-6  # products as near as the last one that belongs to an answer may stand in its place
AT_A_TIME = 16  # questions per matrix product: 64 MB of scores over a million products

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]


def some_ids(rows: Rows, number: int, rng: random.Random) -> list[str]:
    """Ids of products among `rows` to ask about, each once."""
    return [draw.product_id(int(row)) for row in rng.sample(rows.tolist(), min(number, len(rows)))]


def row(product_id: str) -> int:
    """The number of a drawn product, which is its row among the vectors."""
    return int(product_id.removeprefix(draw.ID_PREFIX))


@dataclass(frozen=True)
class Shop:
    """`vectors` are float32 [products, dims] unit rows; `brands` [products]."""

    size: Size
    vectors: Vectors
    brands: NDArray[np.str_]

    @classmethod
    def of(cls, size: Size, seed: int) -> "Shop":
        """The products of `size.drawn(seed)` and `size.shopped(seed)`."""
        return cls(size, *draw.vectors(size.products, size.dims, seed))

    def vector(self, product_id: str) -> Vectors:
        """Its vector, float32 [dims], of unit length."""
        vector: Vectors = self.vectors[row(product_id)]
        return vector

    def passing(self, filters: Filters) -> Rows:
        """Rows that pass a filter by brand, ascending."""
        if not filters.brand:
            return np.arange(len(self.vectors))
        return np.flatnonzero(np.isin(self.brands, filters.brand))

    def silent(self) -> Rows:
        """Rows of `size.shopped(seed)` that state no gender: what is asked about them has the filters asked for."""
        return np.arange(0, len(self.vectors), SILENT_EVERY)

    def stated(self) -> Rows:
        """All other rows."""
        return np.setdiff1d(np.arange(len(self.vectors)), self.silent())

    def recall(self, filters: Filters, answers: Sequence[tuple[str, Sequence[str]]]) -> float:
        """Mean share of the LIMIT nearest products that answers hold, given as (source id, ids of its hits).

        The source and its group do not belong to an answer, nor does what fails the filter; 1.0 for no answers.
        """
        rows = self.passing(filters)
        vectors = self.vectors if len(rows) == len(self.vectors) else np.ascontiguousarray(self.vectors[rows])
        found: list[float] = []
        for start in range(0, len(answers), AT_A_TIME):
            some = answers[start : start + AT_A_TIME]
            scores = self.vectors[[row(source) for source, _ in some]] @ vectors.T
            found += [self._share(rows, mine, *answer) for mine, answer in zip(scores, some, strict=True)]
        return float(np.mean(found)) if found else 1.0

    def _share(self, rows: Rows, scores: Vectors, source: str, hits: Sequence[str]) -> float:
        scores = scores.copy()
        for sibling in self._siblings(row(source)):
            scores[rows == sibling] = -2
        wanted = min(LIMIT, int((scores > -2).sum()))
        if not wanted:
            return 1.0
        least = np.partition(scores, -wanted)[-wanted] - SAME
        known = {row(hit) for hit in hits}
        places = np.searchsorted(rows, sorted(known))
        right = sum(
            bool(place < len(rows) and rows[place] == hit and scores[place] >= least)
            for place, hit in zip(places, sorted(known), strict=True)
        )
        return min(right, wanted) / wanted

    def _siblings(self, number: int) -> list[int]:
        """Rows of the product and its group, which lie beside each other."""
        near = range(max(0, number - 1), min(self.size.products, number + 2))
        return [other for other in near if draw.group_key(other) == draw.group_key(number)]
