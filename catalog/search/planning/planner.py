"""Chooses the plan of a query: the exact script over what passes, or an approximate search checked exactly."""

from dataclasses import dataclass, replace
from typing import Literal, Protocol

from catalog.search.planning.plan_cost import Breadth, Facts, breadth_of, exact_ms, knn_ms
from catalog.search.planning.prices import Costs
from catalog.settings import VectorIndex

Strategy = Literal["exact", "knn"]
IN_BULK = ", scored in bulk"  # how the reason of an exact plan ends that the server's own query carried out


@dataclass(frozen=True, slots=True)
class Choice:
    strategy: Strategy
    reason: str


def is_small(facts: Facts, costs: Costs) -> bool:
    """Returns whether the exact plan is fast enough over all of `total`: counting would cost more than it saves."""
    return exact_ms(replace(facts, candidates=facts.total), costs) <= costs.small_ms


def choose(facts: Facts, costs: Costs, breadth: Breadth | None = None) -> Choice:
    """Returns the cheaper plan and why; exact wins near ties, and where it was asked for or nothing else answers."""
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
