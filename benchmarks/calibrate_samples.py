"""What calibrating asks the server: both plans over sizes, dimensions, index types and shares, in turns."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from benchmarks.cases import Size
from catalog.domain.filters import Filters
from catalog.domain.space import Space
from catalog.elastic import Catalogue
from catalog.search.costs import Costs, SearchPrice
from catalog.search.planner import IN_BULK, Strategy
from catalog.search.search_types import Page, QueryPart, SimilarPage, SimilarQuery
from catalog.settings import VectorIndex
from catalog.similarity import Vectors
from loadtest import draw

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
class Load:
    """A catalogue to measure on: so many products of so many dimensions under one index type."""

    size: Size
    index_type: VectorIndex


@dataclass(frozen=True, slots=True)
class Sample:
    """The median milliseconds of one plan, as the gateway's caller sees them."""

    index_type: VectorIndex
    dims: int
    total: int
    candidates: int
    strategy: Strategy
    ms: float
    recall: float = 1.0  # share of the exact plan's ten nearest that were found
    bulk: bool = False  # whether the server scores exact plans by its own query


def samples(catalogue: Catalogue, load: Load, questions: int) -> list[Sample]:
    """Both plans for every share, asked in turns about the same drawn vectors."""
    space = Space.parse(load.size.space, load.size.dims)
    vectors = _vectors(load.size, questions + WARM_UP)
    for filters in SHARES:  # a server that has just started compiles its code first
        _share(catalogue, load, space, filters, vectors[: WARM_UP + 1])
    return [one for filters in SHARES for one in _share(catalogue, load, space, filters, vectors)]


def _share(
    catalogue: Catalogue, load: Load, space: Space, filters: Filters, vectors: Sequence[Vectors]
) -> list[Sample]:
    catalogue.costs = KNN_ALWAYS
    times: dict[Strategy, list[float]] = {"exact": [], "knn": []}
    recalls, candidates, bulk = [], 0, False
    for vector in vectors:
        query = SimilarQuery((QueryPart(space, vector),), filters, page=Page(fields=("id",)))
        spent, exact = _timed(catalogue, replace(query, exact=True))
        times["exact"].append(spent)
        bulk = exact.plan.reason.endswith(IN_BULK)
        spent, knn = _timed(catalogue, query)
        if knn.plan.strategy == "knn":  # it may have found too few products, and the exact plan helped out
            times["knn"].append(spent)
            nearest = {hit.id for hit in exact.hits}
            recalls.append(len(nearest & {hit.id for hit in knn.hits}) / max(1, len(nearest)))
            candidates = knn.plan.candidates or 0
    recall = {"exact": 1.0, "knn": float(np.mean(recalls)) if recalls else 0.0}
    return [
        Sample(
            load.index_type,
            space.dims,
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


def _timed(catalogue: Catalogue, query: SimilarQuery) -> tuple[float, SimilarPage]:
    started = time.perf_counter()
    page = catalogue.similar(query)
    return (time.perf_counter() - started) * 1000, page


def _vectors(size: Size, count: int) -> list[Vectors]:
    """Vectors like the catalogue's, of products that are not in it."""
    near = [one.vector for one in draw.products(count, size.dims, SEED)]
    noise = np.random.default_rng(SEED + 1).standard_normal((count, size.dims)) * (0.3 / np.sqrt(size.dims))
    moved = np.asarray(near) + noise
    unit = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return list(unit.astype(np.float32))
