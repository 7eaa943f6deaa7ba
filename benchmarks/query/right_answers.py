"""Right answers by numpy: which products a question may be about, which pass its filter, and recall."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_shop import DrawnShop, Vectors, parse_number
from benchmarks.sizes import LIMIT, SILENT_EVERY, Size
from catalog.domain.filters import Filters
from loadtest.drawn_products import derive_group_key, format_product_id

SAME = 1e-6  # products as near as the last one that belongs to an answer may stand in its place
AT_A_TIME = 16  # questions per matrix product: 64 MB of scores over a million products

Rows = NDArray[np.int64]


def choose_ids(rows: Rows, number: int, rng: random.Random) -> list[str]:
    """Chooses ids of products among `rows` to ask about, each once."""
    return [format_product_id(int(row)) for row in rng.sample(rows.tolist(), min(number, len(rows)))]


@dataclass(frozen=True, slots=True)
class RightAnswers:
    """Finds the nearest products of a drawn shop by comparing everything with everything."""

    size: Size
    shop: DrawnShop

    @classmethod
    def draw(cls, size: Size, seed: int) -> "RightAnswers":
        return cls(size, DrawnShop.draw(size, seed))

    def get_vector(self, product_id: str) -> Vectors:
        """Returns its vector, float32 [dims], of unit length."""
        vector: Vectors = self.shop.vectors[parse_number(product_id)]
        return vector

    def list_passing(self, filters: Filters) -> Rows:
        """Lists the rows that pass a filter by brand, ascending."""
        return np.flatnonzero(self.shop.match_brands(filters.brand))

    def gather_vectors(self, rows: Rows) -> Vectors:
        """Returns the vectors of `rows` in one piece of memory, float32 [rows, dims]."""
        vectors = self.shop.vectors
        return vectors if len(rows) == len(vectors) else np.ascontiguousarray(vectors[rows])

    def list_silent(self) -> Rows:
        """Lists rows of `size.draw_mixed` that state no gender: questions about them have the asked filters alone."""
        return np.arange(0, self.size.products, SILENT_EVERY)

    def list_stated(self) -> Rows:
        """Lists all other rows."""
        return np.setdiff1d(np.arange(self.size.products), self.list_silent())

    def compute_recall(self, filters: Filters, answers: Sequence[tuple[str, Sequence[str]]]) -> float:
        """Returns the mean share of the LIMIT nearest that answers hold, given as (source id, ids of its hits).

        The source and its group do not belong to an answer, nor does what fails the filter; 1.0 for no answers.
        """
        rows = self.list_passing(filters)
        vectors = self.gather_vectors(rows)
        found: list[float] = []
        for start in range(0, len(answers), AT_A_TIME):
            some = answers[start : start + AT_A_TIME]
            scores = self.shop.vectors[[parse_number(source) for source, _ in some]] @ vectors.T
            found += [self._compute_share(rows, mine, *answer) for mine, answer in zip(scores, some, strict=True)]
        return float(np.mean(found)) if found else 1.0

    def _compute_share(self, rows: Rows, scores: Vectors, source: str, hits: Sequence[str]) -> float:
        scores = scores.copy()
        scores[np.isin(rows, self._list_siblings(parse_number(source)))] = -2
        wanted = min(LIMIT, int((scores > -2).sum()))
        if not wanted:
            return 1.0
        least = np.partition(scores, -wanted)[-wanted] - SAME
        right = np.isin([parse_number(hit) for hit in set(hits)], rows[scores >= least]).sum()
        return min(int(right), wanted) / wanted

    def _list_siblings(self, number: int) -> list[int]:
        """Lists the rows of the product and its group, which lie beside each other."""
        near = range(max(0, number - 1), min(self.size.products, number + 2))
        return [other for other in near if derive_group_key(other) == derive_group_key(number)]
