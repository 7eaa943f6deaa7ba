"""Which plan answers a query: the exact script over what passes, or an approximate search checked exactly.

The choice compares two prices in milliseconds, built from what each plan has to touch: products that pass times
dimensions, products that are skipped, nodes of a graph. The constants stand in `costs.py`; `make calibrate` measures
them on a deployment.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from catalog.search.costs import Costs, GraphPrice, SearchPrice
from catalog.settings import VectorIndex

Strategy = Literal["exact", "knn"]
QUANTISED: frozenset[VectorIndex] = frozenset({"int8_flat", "bbq_flat", "int8_hnsw", "bbq_hnsw"})
GRAPHS: frozenset[VectorIndex] = frozenset({"hnsw", "int8_hnsw", "bbq_hnsw"})
IN_BULK = ", scored in bulk"  # how the reason of an exact plan ends that the server's own query carried out
MAX_NUM_CANDIDATES = 10_000  # Elasticsearch 8.19's limit
# Products per part that the threads of a shard search side by side: Elasticsearch takes whole segments, no fewer than
# 50,000 products together, and a segment of a catalogue that has grown by itself is about this big.
PART = 200_000
FILTER_POWER = 0.7


@dataclass(frozen=True, slots=True)
class Breadth:
    """How wide an approximate search looks: `pool` hits leave it whatever the page, so that pages are stable.

    `num_candidates` are visited per shard, `oversample` x pool are rescored with their real vectors.
    """

    pool: int = 200
    num_candidates: int = 400
    oversample: float = 3.0


BREADTHS: Mapping[VectorIndex, Breadth] = {}  # where an index type needs another one


def breadth_of(index_type: VectorIndex) -> Breadth:
    """How wide a search on this index type looks unless told otherwise.

    One for all: on drawn clusters flat types find everything at this breadth, and a graph that misses clusters finds
    hardly more at eight times of it (int8_hnsw, 1 M x 40: recall@10 0.90 at 10 ms, 0.94 at 31 ms).
    """
    return BREADTHS.get(index_type, Breadth())


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a query before it runs: counts are products with a vector, in all shards together.

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


@dataclass(frozen=True, slots=True)
class Choice:
    strategy: Strategy
    reason: str


Terms = Mapping[str, float]  # field of a price -> what it is multiplied with


def scan_parts(facts: Facts) -> int:
    """Parts of the catalogue that can be gone through side by side."""
    return max(facts.shards, facts.total // PART, 1)


def threads(parts: int, cores: int, parallel: float) -> float:
    """How many times faster than one thread the server goes through so many parts."""
    return 1 + (min(parts, cores) - 1) * parallel


def scan_terms(facts: Facts, speed: float, hits: float) -> Terms:
    """What a plan that scores everything that passes has to do, each in the unit of its price in SearchPrice.

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
    """What a search in a graph has to do, each in the unit of its price in GraphPrice."""
    thousands = visited(facts, breadth) / speed / 1000
    return {
        "base": 1.0,
        "base_value": facts.dims,
        "per_candidate": facts.candidates / speed / 1000 if facts.candidates < facts.total else 0.0,
        "per_visit": thousands,
        "per_value": thousands * facts.dims,
    }


def share(facts: Facts) -> float:
    """Of the catalogue that passes, 0 to 1."""
    return facts.candidates / facts.total if facts.total else 1.0


def visited(facts: Facts, breadth: Breadth) -> float:
    """Nodes of the graph that are scored: more as the filter keeps less, and all that pass once that is cheaper.

    Lucene gives a filtered graph search up when it has visited as many nodes as pass, and scores those instead.
    Measured at 1 M x 40: visits grow with a power of the share that is a little less than the one over it.
    """
    if not facts.candidates:
        return 0.0
    wide = max(breadth.num_candidates, rescored(facts.index_type, breadth))
    wanted = wide * math.log2(max(facts.total, 2)) * share(facts) ** -FILTER_POWER
    return wanted if wanted < facts.candidates else 2.0 * facts.candidates


def rescored(index_type: VectorIndex, breadth: Breadth) -> float:
    """Hits that are collected and, on a quantised type, scored again with their real vectors."""
    return breadth.pool * (breadth.oversample if index_type in QUANTISED else 1.0)


def exact_ms(facts: Facts, costs: Costs) -> float:
    """Expected milliseconds of the exact plan."""
    price = costs.bulk if facts.bulk and costs.bulk else costs.script
    return sum_of(scan_terms(facts, _scan_speed(facts, costs), 0.0), price)


def knn_ms(facts: Facts, costs: Costs, breadth: Breadth | None = None) -> float:
    """Expected milliseconds of `knn` with the filter inside; infinite for an index type without a price."""
    breadth = breadth or breadth_of(facts.index_type)
    if facts.index_type in GRAPHS:
        graph = costs.graphs.get(facts.index_type)
        speed = threads(facts.shards, costs.cores, costs.parallel)  # a graph is one part
        return sum_of(graph_terms(facts, speed, breadth), graph) if graph else math.inf
    flat = costs.flats.get(facts.index_type)
    hits = rescored(facts.index_type, breadth)
    return sum_of(scan_terms(facts, _scan_speed(facts, costs), hits), flat) if flat else math.inf


def _scan_speed(facts: Facts, costs: Costs) -> float:
    return threads(scan_parts(facts), costs.cores, costs.parallel)


def sum_of(terms: Terms, price: SearchPrice | GraphPrice) -> float:
    """Milliseconds."""
    return float(sum(amount * getattr(price, name) for name, amount in terms.items()))


def is_small(facts: Facts, costs: Costs) -> bool:
    """Whether the exact plan is fast enough over all of `total`, so that counting would cost more than it saves."""
    return exact_ms(replace(facts, candidates=facts.total), costs) <= costs.small_ms


def choose(facts: Facts, costs: Costs, breadth: Breadth | None = None) -> Choice:
    """The cheaper plan and why; exact wins near ties, and where it was asked for or nothing else can answer."""
    if facts.exact_asked:
        return Choice("exact", "exact=true")
    if facts.exact_needed:
        return Choice("exact", facts.exact_needed)
    exact, knn = exact_ms(facts, costs), knn_ms(facts, costs, breadth)
    counted = f"{facts.candidates} of {facts.total} products x {facts.dims} dimensions on {facts.shards} shard(s)"
    prices = f"exact about {exact:.1f} ms, knn on {facts.index_type} about {knn:.1f} ms"
    return Choice("knn" if knn < exact * costs.clearly else "exact", f"{counted}: {prices}")


class CandidateCounter(Protocol):
    """Counts products with a vector, when the planner asks."""

    def count_all(self) -> int: ...
    def count_passing(self) -> int | None: ...  # those that pass the filters; None: there are none


@dataclass(frozen=True, slots=True)
class Planner:
    """Chooses plans by the prices of a machine; `breadth` is that of approximate searches, None: as `breadth_of`."""

    costs: Costs
    breadth: Breadth | None = None

    def get_breadth(self, index_type: VectorIndex) -> Breadth:
        """Returns how wide an approximate search on this index type looks."""
        return self.breadth or breadth_of(index_type)

    def choose(self, facts: Facts, counter: CandidateCounter) -> Choice:
        """Returns the cheaper plan for `facts` without counts; counts only what the choice hangs on."""
        breadth = self.get_breadth(facts.index_type)
        if facts.exact_asked or facts.exact_needed:
            return choose(facts, self.costs, breadth)
        total = counter.count_all()
        facts = replace(facts, candidates=total, total=total)
        if not is_small(facts, self.costs):  # a small catalogue is judged as if everything passed
            passing = counter.count_passing()
            facts = facts if passing is None else replace(facts, candidates=passing)
        return choose(facts, self.costs, breadth)
