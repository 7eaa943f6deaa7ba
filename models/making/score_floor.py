"""Measures the floor of an embedding space: the cosine that hardly any two photos of different goods reach."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catalog.similarity import Vectors, cosine

# A share of the pairs of different categories. Chosen by eye on pages of 3,409 real photos and of a drawn shop: what
# lies below looks alike by chance only, whichever model is asked. docs/models.md has the figures.
REACHED_BY = 0.05
MOST = 3000  # photos that are compared with one another, evenly out of all: 4.5 million pairs
LEAST = 1000  # pairs of different categories


@dataclass(frozen=True, slots=True)
class FloorMeasurement:
    """Holds a floor and what it was measured on.

    `alike_reaching` is the share of the pairs of one category that reach it, None without such a pair; `lonely` the
    share of the photos that reach it with no other.
    """

    floor: float
    photos: int
    unlike_pairs: int
    alike_reaching: float | None
    lonely: float


def measure_floor(rows: Vectors, categories: Sequence[str], groups: Sequence[str]) -> FloorMeasurement | None:
    """Returns the floor of photos [n, dims], pairs of one group (a garment, a sender) left out; None where too few
    pairs are of different categories."""
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST)).astype(np.int64))
    kinds = np.unique(np.asarray(categories, dtype=np.str_)[chosen], return_inverse=True)[1]
    owners = np.unique(np.asarray(groups, dtype=np.str_)[chosen], return_inverse=True)[1]
    scores = cosine(rows[chosen], rows[chosen])
    apart = owners[:, None] != owners[None, :]
    same = kinds[:, None] == kinds[None, :]
    upper = np.triu(apart, 1)
    unlike, alike = scores[upper & ~same], scores[upper & same]
    if len(unlike) < LEAST:
        return None
    floor = round(float(np.quantile(unlike, 1 - REACHED_BY)), 2)
    reaching = float((alike >= floor).mean()) if len(alike) else None
    lonely = float((~((scores >= floor) & apart).any(axis=1)).mean())
    return FloorMeasurement(floor, len(chosen), len(unlike), reaching, lonely)
