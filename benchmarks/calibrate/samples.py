"""Samples of the planner's two plans over sizes, dimensions, index types and shares, asked in turns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

import numpy as np

from benchmarks.sizes import Size
from benchmarks.timing import time_call
from catalog.domain.filters import Filters
from catalog.elastic import Catalogue
from catalog.search.planning.planner import IN_BULK, Planner, Strategy
from catalog.search.planning.prices import Costs, SearchPrice
from catalog.search.search_types import Page, QueryPart, SimilarQuery
from catalog.settings import VectorIndex
from catalog.similarity import Vectors
from loadtest.drawn_products import draw_products

SEED = 11
WARM_UP = 3  # questions per plan and share that are not timed
# What is left of the catalogue: 100, 52, 30, 8, 3 and 0.25 %.
SHARES = (
    Filters(),
    Filters(brand=("Alder", "Birch")),
    Filters(brand=("Alder",)),
    Filters(brand=("Fir",)),
    Filters(brand=("Hazel",)),
    Filters(brand=("Hazel",), color=("red",)),
)
KNN_ALWAYS = Costs(small_ms=0.0, script=SearchPrice(base=1e9), bulk=None)


@dataclass(frozen=True, slots=True)
class CalibrationCatalogue:
    """Catalogue to measure on: so many products of so many dimensions under one index type."""

    size: Size
    index_type: VectorIndex


@dataclass(frozen=True, slots=True)
class PlanSample:
    """Median milliseconds of one plan, as the gateway's caller sees them."""

    index_type: VectorIndex
    dims: int
    total: int
    candidates: int
    strategy: Strategy
    ms: float
    recall: float = 1.0  # share of the exact plan's ten nearest that were found
    bulk: bool = False  # whether the server scores exact plans by its own query


def measure_samples(catalogue: Catalogue, load: CalibrationCatalogue, questions: int) -> list[PlanSample]:
    """Asks by both plans for every share, in turns, about the same drawn vectors."""
    vectors = _draw_vectors(load.size, questions + WARM_UP)
    for filters in SHARES:  # a server that has just started compiles its code first
        _measure_share(catalogue, load, filters, vectors[: WARM_UP + 1])
    return [one for filters in SHARES for one in _measure_share(catalogue, load, filters, vectors)]


def _measure_share(
    catalogue: Catalogue, load: CalibrationCatalogue, filters: Filters, vectors: Sequence[Vectors]
) -> list[PlanSample]:
    catalogue.similar.planner = Planner(KNN_ALWAYS)
    times: dict[Strategy, list[float]] = {"exact": [], "knn": []}
    recalls, candidates, bulk = [], 0, False
    for vector in vectors:
        query = SimilarQuery((QueryPart(load.size.space, vector),), filters, page=Page(fields=("id",)))
        exact, milliseconds = time_call(partial(catalogue.similar.search, replace(query, exact=True)))
        times["exact"].append(milliseconds)
        bulk = exact.plan.reason.endswith(IN_BULK)
        knn, milliseconds = time_call(partial(catalogue.similar.search, query))
        if knn.plan.strategy == "knn":  # it may have found too few products, and the exact plan helped out
            times["knn"].append(milliseconds)
            nearest = {hit.id for hit in exact.hits}
            recalls.append(len(nearest & {hit.id for hit in knn.hits}) / max(1, len(nearest)))
            candidates = knn.plan.candidates or 0
    recall = {"exact": 1.0, "knn": float(np.mean(recalls)) if recalls else 0.0}
    return [
        PlanSample(
            load.index_type,
            load.size.dims,
            load.size.products,
            candidates,
            strategy,
            round(median(found[WARM_UP:]), 3),
            round(recall[strategy], 4),
            bulk,
        )
        for strategy, found in times.items()
        if candidates and len(found) > WARM_UP
    ]


def _draw_vectors(size: Size, count: int) -> list[Vectors]:
    """Draws vectors like the catalogue's, of products that are not in it."""
    near = [one.vector for one in draw_products(count, size.dims, SEED)]
    noise = np.random.default_rng(SEED + 1).standard_normal((count, size.dims)) * (0.3 / np.sqrt(size.dims))
    moved = np.asarray(near) + noise
    unit = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return list(unit.astype(np.float32))
