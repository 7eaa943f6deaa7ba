"""Prices of plans in milliseconds, built from what each plan has to touch.

That is: products that pass times dimensions, products that are skipped, nodes of a graph. The constants stand in
`costs.py`; `make calibrate` measures them on a deployment.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from catalog.search.planning.prices import Costs, GraphPrice, SearchPrice
from catalog.settings import VectorIndex

QUANTISED: frozenset[VectorIndex] = frozenset({"int8_flat", "bbq_flat", "int8_hnsw", "bbq_hnsw"})
GRAPHS: frozenset[VectorIndex] = frozenset({"hnsw", "int8_hnsw", "bbq_hnsw"})
MAX_NUM_CANDIDATES = 10_000  # Elasticsearch 8.19's limit
# Products per part that the threads of a shard search side by side: Elasticsearch takes whole segments, no fewer than
# 50,000 products together, and a segment of a catalogue that has grown by itself is about this big.
PART = 200_000
FILTER_POWER = 0.7


@dataclass(frozen=True, slots=True)
class Breadth:
    """Sets how wide an approximate search looks: `pool` hits leave it whatever the page, so that pages are stable.

    `num_candidates` are visited per shard, `oversample` x pool are rescored with their real vectors.
    """

    pool: int = 200
    num_candidates: int = 400
    oversample: float = 3.0


BREADTHS: Mapping[VectorIndex, Breadth] = {}  # where an index type needs another one


def breadth_of(index_type: VectorIndex) -> Breadth:
    """Returns how wide a search on this index type looks unless told otherwise.

    One for all: on drawn clusters flat types find everything at this breadth, and a graph that misses clusters finds
    hardly more at eight times of it (int8_hnsw, 1 M x 40: recall@10 0.90 at 10 ms, 0.94 at 31 ms).
    """
    return BREADTHS.get(index_type, Breadth())


@dataclass(frozen=True, slots=True)
class Facts:
    """Describes a query before it runs: counts are products with a vector, in all shards together.

    `bulk` says that the server scores exactly with a query of its own instead of the script.
    """

    index_type: VectorIndex
    dims: int
    candidates: int
    total: int
    shards: int
    exact_asked: bool = False
    exact_needed: str = ""  # why nothing else can answer this query
    bulk: bool = False


Terms = Mapping[str, float]  # field of a price -> what it is multiplied with


def scan_parts(facts: Facts) -> int:
    """Returns in how many parts the catalogue can be gone through side by side."""
    return max(facts.shards, facts.total // PART, 1)


def threads(parts: int, cores: int, parallel: float) -> float:
    """Returns how many times faster than one thread the server goes through so many parts."""
    return 1 + (min(parts, cores) - 1) * parallel


def scan_terms(facts: Facts, speed: float, hits: float) -> Terms:
    """Returns what a plan that scores everything that passes has to do, each in the unit of its price in SearchPrice.

    `speed` is that of `threads`. A product that passes alone costs more than one among others that pass: its vector
    is not in the cache. The square of the share that does not pass follows what was measured within some 10 %.
    """
    thousands = facts.candidates / speed / 1000
    alone = thousands * (1 - share(facts)) ** 2
    return {
        "base": 1.0,
        "base_value": facts.dims,
        "per_vector": thousands,
        "per_value": thousands * facts.dims,
        "per_sparse": alone,
        "per_sparse_value": alone * facts.dims,
        "per_skipped": facts.total / speed / 1000,
        "per_hit": min(hits, facts.candidates) / 1000,
    }


def graph_terms(facts: Facts, speed: float, breadth: Breadth) -> Terms:
    """Returns what a search in a graph has to do, each in the unit of its price in GraphPrice."""
    thousands = count_visits(facts, breadth) / speed / 1000
    return {
        "base": 1.0,
        "base_value": facts.dims,
        "per_candidate": facts.candidates / speed / 1000 if facts.candidates < facts.total else 0.0,
        "per_visit": thousands,
        "per_value": thousands * facts.dims,
    }


def share(facts: Facts) -> float:
    """Returns the share of the catalogue that passes, 0 to 1."""
    return facts.candidates / facts.total if facts.total else 1.0


def count_visits(facts: Facts, breadth: Breadth) -> float:
    """Returns how many nodes are scored: more as the filter keeps less, all that pass once that is cheaper.

    Lucene gives a filtered graph search up when it has visited as many nodes as pass, and scores those instead.
    Measured at 1 M x 40: visits grow with a power of the share that is a little less than the one over it.
    """
    if not facts.candidates:
        return 0.0
    wide = max(breadth.num_candidates, count_rescored(facts.index_type, breadth))
    wanted = wide * math.log2(max(facts.total, 2)) * share(facts) ** -FILTER_POWER
    return wanted if wanted < facts.candidates else 2.0 * facts.candidates


def count_rescored(index_type: VectorIndex, breadth: Breadth) -> float:
    """Returns how many hits are collected and, on a quantised type, scored again with their real vectors."""
    return breadth.pool * (breadth.oversample if index_type in QUANTISED else 1.0)


def exact_ms(facts: Facts, costs: Costs) -> float:
    """Returns the expected milliseconds of the exact plan."""
    price = costs.bulk if facts.bulk and costs.bulk else costs.script
    return sum_of(scan_terms(facts, _scan_speed(facts, costs), 0.0), price)


def knn_ms(facts: Facts, costs: Costs, breadth: Breadth | None = None) -> float:
    """Returns the expected milliseconds of `knn` with the filter inside; infinite without a price for the type."""
    breadth = breadth or breadth_of(facts.index_type)
    if facts.index_type in GRAPHS:
        graph = costs.graphs.get(facts.index_type)
        speed = threads(facts.shards, costs.cores, costs.parallel)  # a graph is one part
        return sum_of(graph_terms(facts, speed, breadth), graph) if graph else math.inf
    flat = costs.flats.get(facts.index_type)
    hits = count_rescored(facts.index_type, breadth)
    return sum_of(scan_terms(facts, _scan_speed(facts, costs), hits), flat) if flat else math.inf


def _scan_speed(facts: Facts, costs: Costs) -> float:
    return threads(scan_parts(facts), costs.cores, costs.parallel)


def sum_of(terms: Terms, price: SearchPrice | GraphPrice) -> float:
    """Returns the milliseconds of `terms` at these prices."""
    return float(sum(amount * getattr(price, name) for name, amount in terms.items()))
