"""Which plan answers a query: the exact script over what passes, or an approximate search checked exactly.

The price of the exact plan grows with candidates x dimensions per shard; that of an approximate one hardly does. So
the choice compares two prices in milliseconds, whose constants are settings that a deployment can measure.
"""

from dataclasses import dataclass, replace
from typing import Literal

from catalog.settings import VectorIndex

Strategy = Literal["exact", "knn"]
QUANTISED: frozenset[VectorIndex] = frozenset({"int8_flat", "bbq_flat", "int8_hnsw", "bbq_hnsw"})
GRAPHS: frozenset[VectorIndex] = frozenset({"hnsw", "int8_hnsw", "bbq_hnsw"})
MAX_NUM_CANDIDATES = 10_000  # Elasticsearch 8.19's limit


@dataclass(frozen=True, slots=True)
class Costs:
    """Prices on this machine; the defaults were measured on 2 cores of a 2.8 GHz Xeon (design, section 5).

    `exact_per_vector` and `exact_per_value` are microseconds of one thread per product and per vector component.
    `graph_base` is the milliseconds of a graph search without a filter and `graph_filtered` of one whose filter keeps
    next to nothing. `flat_gain` is how many times faster `knn` on a flat type is than the script without a filter.
    """

    exact_per_vector: float = 0.13
    exact_per_value: float = 0.0006
    graph_base: float = 15.0
    graph_filtered: float = 55.0
    flat_gain: float = 1.6
    small_ms: float = 10.0  # price of comparing with the whole catalogue up to which nothing needs to be counted
    min_flat_share: float = 0.5  # of the catalogue that has to pass for a flat knn to beat the script


@dataclass(frozen=True, slots=True)
class Breadth:
    """How wide an approximate search looks: `pool` hits leave it whatever the page, so that pages are stable.

    `num_candidates` are visited per shard, `oversample` x pool are rescored with their real vectors.
    """

    pool: int = 200
    num_candidates: int = 400
    oversample: float = 3.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a query before it runs: counts are products with a vector, in all shards together."""

    index_type: VectorIndex
    dims: int
    candidates: int
    total: int
    shards: int
    exact_asked: bool = False
    exact_needed: str = ""  # why nothing else can answer this query


@dataclass(frozen=True, slots=True)
class Choice:
    strategy: Strategy
    reason: str


def exact_ms(facts: Facts, costs: Costs) -> float:
    """Expected milliseconds of the exact plan: every shard scores its candidates, shards work side by side."""
    per_vector = costs.exact_per_vector + costs.exact_per_value * facts.dims
    return facts.candidates / facts.shards * per_vector / 1000


def is_small(facts: Facts, costs: Costs) -> bool:
    """Whether the exact plan is fast enough even without a filter, so that counting would cost more than it saves."""
    return exact_ms(replace(facts, candidates=facts.total), costs) <= costs.small_ms


def knn_ms(facts: Facts, costs: Costs) -> float:
    """Expected milliseconds of `knn` with the filter inside: a graph gets slower as the filter keeps less."""
    share = facts.candidates / facts.total if facts.total else 1.0
    if facts.index_type in GRAPHS:
        return costs.graph_base + (costs.graph_filtered - costs.graph_base) * (1 - share)
    exact = exact_ms(facts, costs)
    return exact / costs.flat_gain if share >= costs.min_flat_share else exact * costs.flat_gain


def choose(facts: Facts, costs: Costs) -> Choice:
    """The cheaper plan and why; exact wins ties, and always where it was asked for or nothing else can answer."""
    if facts.exact_asked:
        return Choice("exact", "exact=true")
    if facts.exact_needed:
        return Choice("exact", facts.exact_needed)
    if facts.candidates == facts.total and is_small(facts, costs):
        return Choice("exact", f"exact is fast enough even for all {facts.total} products")
    exact, knn = exact_ms(facts, costs), knn_ms(facts, costs)
    counted = f"{facts.candidates} of {facts.total} products x {facts.dims} dimensions on {facts.shards} shard(s)"
    prices = f"exact about {exact:.1f} ms, knn on {facts.index_type} about {knn:.1f} ms"
    return Choice("knn" if knn < exact * 0.9 else "exact", f"{counted}: {prices}")
