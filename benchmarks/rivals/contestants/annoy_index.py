"""Annoy as in the 2019 talk: an in-process forest that knows no filters, so hits are filtered afterwards."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_shop import DrawnShop
from benchmarks.rivals.contestants.rival import InProcessRival
from benchmarks.rivals.questions import NumberedHits, RivalQuestion

TREES = 50
FIRST = 100  # hits asked for at first
FACTOR = 4


class AnnoyFixed(InProcessRival):
    """Asks for FIRST hits and shows those that pass, however few."""

    file = "annoy"

    def build_index(self, shop: DrawnShop, path: Path) -> None:
        from annoy import AnnoyIndex

        index = AnnoyIndex(shop.vectors.shape[1], "angular")
        index.set_seed(1)
        for number, vector in enumerate(shop.vectors):
            index.add_item(number, vector)
        index.build(TREES, n_jobs=-1)
        index.save(str(path))

    def read_index(self, path: Path) -> Any:
        from annoy import AnnoyIndex

        index = AnnoyIndex(self.shop.vectors.shape[1], "angular")
        index.load(str(path))
        return index

    def find_nearest(self, question: RivalQuestion, passing: NDArray[np.bool_] | None, count: int) -> NumberedHits:
        return self.find_top(question.source, passing, count, FIRST)

    def find_top(self, source: int, passing: NDArray[np.bool_] | None, count: int, asked: int) -> NumberedHits:
        """Returns the best `count` of those that pass among the `asked` nearest."""
        numbers, distances = self.index.get_nns_by_item(source, asked, include_distances=True)
        found = zip(numbers, distances, strict=True)
        # angular distance is sqrt(2 (1 - cosine))
        return [(n, 1 - distance**2 / 2) for n, distance in found if passing is None or passing[n]][:count]


class AnnoyGrowing(AnnoyFixed):
    """Asks again for FACTOR times as many until enough pass or nothing is left."""

    def find_nearest(self, question: RivalQuestion, passing: NDArray[np.bool_] | None, count: int) -> NumberedHits:
        total = len(self.shop.prices)
        asked = FIRST
        while True:
            found = self.find_top(question.source, passing, count, asked)
            if len(found) >= count or asked >= total:
                return found
            asked = min(asked * FACTOR, total)
