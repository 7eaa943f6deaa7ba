"""hnswlib with its own filter function, called for every product that its search meets."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_shop import DrawnShop
from benchmarks.rivals.contestants.rival import InProcessRival
from benchmarks.rivals.questions import NumberedHits, RivalQuestion

M, EF_CONSTRUCTION = 16, 200  # hnswlib's own defaults
EF = 100


class Hnswlib(InProcessRival):
    """With too few that pass within `ef`, hnswlib raises; then it is asked again with four times as many."""

    file = "hnswlib"

    def build_index(self, shop: DrawnShop, path: Path) -> None:
        import hnswlib

        index = hnswlib.Index("cosine", shop.vectors.shape[1])
        index.init_index(len(shop.vectors), ef_construction=EF_CONSTRUCTION, M=M, random_seed=1)
        index.add_items(shop.vectors)
        index.save_index(str(path))

    def read_index(self, path: Path) -> Any:
        import hnswlib

        index = hnswlib.Index("cosine", self.shop.vectors.shape[1])
        index.load_index(str(path))
        index.set_num_threads(1)  # a filter in Python and more than one thread wait for each other
        return index

    def find_nearest(self, question: RivalQuestion, passing: NDArray[np.bool_] | None, count: int) -> NumberedHits:
        total = len(self.shop.prices)
        count = count if passing is None else min(count, int(passing.sum()))
        # bytes answer quicker than a lambda over an array: this is called for every product on the way
        given = {} if passing is None else {"filter": passing.tobytes().__getitem__}
        ef = EF
        while count:
            self.index.set_ef(ef)
            try:
                labels, distances = self.index.knn_query(self.shop.vectors[question.source], k=count, **given)
            except RuntimeError:
                if ef < total:
                    ef = min(ef * 4, total)
                else:
                    count -= 1  # not all that pass can be reached in the graph
                continue
            return [(int(n), 1 - float(distance)) for n, distance in zip(labels[0], distances[0], strict=True)]
        return []

    def set_vector(self, number: int, vector: NDArray[np.float32]) -> bool:
        self.index.add_items(vector[None], [number])  # a label that is there already gets the new vector
        self.shop.vectors[number] = vector
        return True
