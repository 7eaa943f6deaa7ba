"""How a catalogue should be laid out: index type, breadth of searches, segments, shards, preloading, sort order.

The advice follows from measured prices, those of `costs.py` (which `make calibrate` replaces) for questions and
those below for changes of a product.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from catalog.search.planning.plan_cost import GRAPHS, QUANTISED, Breadth, Facts, breadth_of, exact_ms, knn_ms
from catalog.search.planning.prices import Costs
from catalog.settings import VectorIndex

TARGET_MS = 32.0  # a question without any filter: a tenth of what the 2019 talk took for a million products
PATIENCE_MS = 100.0  # up to which a scan, which finds everything, is worth more than a faster graph
UPDATE_SHARE = 0.25  # of the cores that changes may take from questions
MIN_BBQ_DIMS = 64  # Elasticsearch 8.19 refuses fewer
WORTH_IT = 1.2  # a plainer type is kept until another is faster by more than this
SHARD_BYTES = 30e9  # a shard is recovered and merged as one: Elastic's advice is 10 to 50 GB
DOCUMENT_BYTES = 400.0  # of a product without its vector, on disk (measured: 1 M x 40 is 0.72 GB)

# Milliseconds of one core for one changed price, merges included: two cores over the sustained rates measured at
# 100 k x 64 (benchmarks/results/updates.md: flat 3,793 a second, int8_flat 3,648, bbq_flat 3,353, hnsw 989, int8_hnsw
# 1,021). A change writes the whole document again, so a merge builds its graph again: more in bigger catalogues.
UPDATE_MS: Mapping[VectorIndex, float] = {
    "flat": 0.53, "int8_flat": 0.55, "bbq_flat": 0.60, "hnsw": 2.0, "int8_hnsw": 2.0, "bbq_hnsw": 2.0,
}  # fmt: skip
# Bytes that a search keeps touching, per value and per product; graphs link each product to about 32 others.
BYTES_PER_VALUE: Mapping[VectorIndex, float] = {
    "flat": 4, "int8_flat": 1, "bbq_flat": 1 / 8, "hnsw": 4, "int8_hnsw": 1, "bbq_hnsw": 1 / 8,
}  # fmt: skip
GRAPH_BYTES = 64.0


@dataclass(frozen=True, slots=True)
class Option:
    """One index type: milliseconds without a filter by the better plan, changes per second, hot gigabytes."""

    index_type: VectorIndex
    search_ms: float
    updates_per_second: float
    hot_gb: float


@dataclass(frozen=True, slots=True)
class Advice:
    """Recommends a layout, with the options it was chosen from, and the reasons."""

    index_type: VectorIndex
    breadth: Breadth
    segments: int
    shards: int
    preload: bool
    sort: bool
    options: tuple[Option, ...]
    why: tuple[str, ...]


def list_index_types(dims: int) -> tuple[VectorIndex, ...]:
    """Index types worth considering, the plainest first: of equal ones the first is taken."""
    flat: tuple[VectorIndex, ...] = ("flat", "int8_flat")
    if dims < MIN_BBQ_DIMS:
        return (*flat, "int8_hnsw")
    return (*flat, "bbq_flat", "int8_hnsw", "bbq_hnsw")


def options(products: int, dims: int, costs: Costs, shards: int) -> tuple[Option, ...]:
    """Returns what each index type would do with this catalogue."""
    return tuple(_option(index_type, products, dims, costs, shards) for index_type in list_index_types(dims))


def _option(index_type: VectorIndex, products: int, dims: int, costs: Costs, shards: int) -> Option:
    facts = Facts(index_type, dims, products, products, shards)
    hot = products * (dims * BYTES_PER_VALUE[index_type] + (GRAPH_BYTES if index_type in GRAPHS else 0))
    return Option(
        index_type,
        round(min(exact_ms(facts, costs), knn_ms(facts, costs, breadth_of(index_type))), 1),
        round(UPDATE_SHARE * costs.cores * 1000 / UPDATE_MS[index_type]),
        round(hot / 1e9, 2),
    )


def advise(products: int, dims: int, costs: Costs, updates_per_second: float = 10.0) -> Advice:
    """Recommends the layout for `products` vectors of `dims` values that change `updates_per_second` times."""
    shards = max(1, math.ceil(products * (dims * 5 + DOCUMENT_BYTES) / SHARD_BYTES))
    found = options(products, dims, costs, shards)
    taken = _take(found, updates_per_second)
    graph = taken.index_type in GRAPHS
    segments = 1 if graph else max(1, costs.cores)
    hot = f"{taken.hot_gb:.2f} GB"
    why = (
        _why_type(taken, found, updates_per_second),
        "a graph is searched fastest in one segment: force-merge after the first load"
        if graph
        else f"{segments} segments, one per core, are scanned side by side: never force-merge to one",
        f"{shards} shard(s) of at most {SHARD_BYTES / 1e9:.0f} GB; cores are used inside a shard too",
        f"preloading reads the {hot} that searches touch when the index is opened"
        if graph
        else f"a scan reads its {hot} in order, and once is enough: no preloading",
        "keep the index sorted by the filter that most questions have (INDEX_SORT): filtered scans about halve"
        if not graph and products >= 100_000
        else "no INDEX_SORT: it helps filtered scans of 100,000 products and more, and slows writing",
    )
    sort = not graph and products >= 100_000
    return Advice(taken.index_type, breadth_of(taken.index_type), segments, shards, graph, sort, found, why)


def _take(found: tuple[Option, ...], updates: float) -> Option:
    """Returns the plainest scan that is fast enough, else the fastest one; a graph only where no scan is bearable.

    What a graph finds depends on the vectors: recall@10 at 1 M x 40 was 0.985 in one run (design, section 5) and 0.90
    on vectors in tight clusters; bbq_hnsw at 200 k x 512 found 0.77 of those.
    """
    scans = [one for one in found if one.index_type not in GRAPHS]
    quick = [one for one in scans if one.search_ms <= TARGET_MS]
    fastest = min(one.search_ms for one in scans)
    best = quick[0] if quick else next(one for one in scans if one.search_ms <= fastest * WORTH_IT)
    able = [one for one in found if one.index_type in GRAPHS and one.updates_per_second >= updates]
    if best.search_ms <= PATIENCE_MS or not able:
        return best
    return min(able, key=lambda one: one.search_ms)


def _why_type(taken: Option, found: tuple[Option, ...], updates: float) -> str:
    quantised = ", with the best rescored by their real vectors" if taken.index_type in QUANTISED else ""
    text = f"{taken.index_type}{quantised}: about {taken.search_ms} ms without a filter"
    if taken.index_type in GRAPHS:
        return f"{text}; a scan would take more than {PATIENCE_MS:.0f}. Measure its recall: it depends on the vectors"
    if taken.search_ms <= TARGET_MS:
        return f"{text}, the plainest within {TARGET_MS:.0f} ms; a scan misses nothing"
    late = [one for one in found if one.index_type in GRAPHS and one.updates_per_second < updates]
    if taken.search_ms > PATIENCE_MS and late:
        return f"{text}; {late[0].index_type} is faster but takes no {updates:.0f} changes a second"
    return f"{text}, no scan is much faster; a graph would be faster, but what it finds depends on the vectors"
