"""Reorders a pool of hits: maximal marginal relevance, and hiding near-duplicates."""

import numpy as np
from numpy.typing import NDArray

from catalog.similarity import Vectors

# Of 150 shop photos under `color`: saved again (JPEG 95, 70) at least 0.9999, at half the size 0.9989; the nearest
# photos of different products 0.972 at most.
NEAR_DUPLICATE = 0.999


def order_by_mmr(relevance: NDArray[np.float64], vectors: Vectors, diversity: float) -> list[int]:
    """Returns positions of the pool in the order of maximal marginal relevance.

    `relevance` is the cosine to the query [n], `vectors` are unit rows [n, dims], `diversity` is from 0 (the order
    of relevance) to 1 (only differ from what was taken). Source: Carbonell and Goldstein, SIGIR 1998, with
    lambda = 1 - diversity.
    """
    left = list(range(len(relevance)))
    closest = np.zeros(len(relevance))  # cosine to the nearest one taken; none is, to begin with
    order: list[int] = []
    while left:
        gain = (1 - diversity) * relevance[left] - diversity * closest[left]
        best = left[int(np.argmax(gain))]
        order.append(best)
        left.remove(best)
        closest = np.maximum(closest, vectors @ vectors[best]) if len(order) > 1 else vectors @ vectors[best]
    return order


def drop_near_duplicates(vectors: Vectors, threshold: float) -> list[int]:
    """Returns positions of unit rows [n, dims] that are not within cosine `threshold` of an earlier one that was
    kept."""
    kept: list[int] = []
    for position in range(len(vectors)):
        if not kept or float(np.max(vectors[kept] @ vectors[position])) < threshold:
            kept.append(position)
    return kept
