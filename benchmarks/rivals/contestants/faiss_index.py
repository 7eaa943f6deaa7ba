"""faiss with an IDSelector: a graph of vectors, and the flat index that compares with everything."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_shop import DrawnShop
from benchmarks.rivals.contestants.rival import InProcessRival
from benchmarks.rivals.questions import NumberedHits, RivalQuestion

M, EF_CONSTRUCTION, EF = 16, 200, 100  # as hnswlib's


def _import_faiss() -> Any:
    return import_module("faiss")  # its type hints leave out what its Python half adds


class FaissFlat(InProcessRival):
    """IndexFlatIP: exact."""

    file = "faiss-flat"

    def build_index(self, shop: DrawnShop, path: Path) -> None:
        index = self.create_empty(shop.vectors.shape[1])
        index.add(shop.vectors)
        _import_faiss().write_index(index, str(path))

    def read_index(self, path: Path) -> Any:
        return _import_faiss().read_index(str(path))

    def find_nearest(self, question: RivalQuestion, passing: NDArray[np.bool_] | None, count: int) -> NumberedHits:
        bits = None if passing is None else np.packbits(passing, bitorder="little")
        selector = None if bits is None else _import_faiss().IDSelectorBitmap(bits)
        query = self.shop.vectors[question.source : question.source + 1]
        scores, numbers = self.index.search(query, count, params=self.build_parameters(selector))
        return [(int(n), float(score)) for n, score in zip(numbers[0], scores[0], strict=True) if n >= 0]

    def create_empty(self, dims: int) -> Any:
        return _import_faiss().IndexFlatIP(dims)

    def build_parameters(self, selector: Any) -> Any:
        return _import_faiss().SearchParameters(sel=selector)

    def set_vector(self, number: int, vector: NDArray[np.float32]) -> bool:
        dims = self.shop.vectors.shape[1]
        stored = _import_faiss().rev_swig_ptr(self.index.get_xb(), self.index.ntotal * dims).reshape(-1, dims)
        stored[number] = vector
        self.shop.vectors[number] = vector
        return True


class FaissHnsw(FaissFlat):
    """IndexHNSWFlat; it can neither change nor remove a vector."""

    file = "faiss-hnsw"

    def create_empty(self, dims: int) -> Any:
        index = _import_faiss().IndexHNSWFlat(dims, M, _import_faiss().METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = EF_CONSTRUCTION
        return index

    def build_parameters(self, selector: Any) -> Any:
        return _import_faiss().SearchParametersHNSW(sel=selector, efSearch=EF)

    def set_vector(self, number: int, vector: NDArray[np.float32]) -> bool:
        return False
