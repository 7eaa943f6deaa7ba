"""The physical limit: one matrix-vector product over the vectors that pass, from memory, on all cores."""

import time

import numpy as np

from benchmarks.shop import Rows, Shop, Vectors


def gathered(shop: Shop, rows: Rows) -> Vectors:
    """The vectors of `rows` in one piece of memory, float32 [rows, dims]: finding them costs the limit nothing."""
    return shop.vectors if len(rows) == len(shop.vectors) else np.ascontiguousarray(shop.vectors[rows])


def stream_ms(vectors: Vectors, question: Vectors) -> float:
    """Milliseconds of numpy's BLAS for all cosines of `question` with `vectors` (float32, unit rows)."""
    started = time.perf_counter()
    vectors @ question
    return (time.perf_counter() - started) * 1000
