"""Quality of the planner's choices: every plan forced, and the planner's own choice, on the same questions."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mode
from typing import get_args

from benchmarks.drawn_shop import parse_number
from benchmarks.query.jobs import CatalogueCell
from benchmarks.query.right_answers import RightAnswers, choose_ids
from benchmarks.sizes import LIMIT, SHARES, Effort
from benchmarks.timing import Spread, spread_percentiles, spread_ratios, time_call
from catalog.elastic import Catalogue, connect
from catalog.errors import VisualSearchError
from catalog.search.planning.plan_cost import Facts
from catalog.search.planning.planner import CandidateCounter, Choice, Planner, Strategy
from catalog.search.planning.prices import Costs
from catalog.search.search_types import Exclusions, Page, QueryPart, SimilarPage, SimilarQuery
from catalog.settings import CatalogSettings, VectorIndex
from loadtest.drawn_products import derive_group_key, format_product_id

MOST = 1.1  # times what the best plan takes
RECALL = 0.98  # a plan that finds less is no rival, however fast
OWN = "own"


@dataclass(frozen=True, slots=True)
class ForcedPlanner(Planner):
    """Takes the same plan always, without counting."""

    strategy: Strategy = "exact"

    def choose(self, facts: Facts, counter: CandidateCounter) -> Choice:
        return Choice(self.strategy, "forced")


@dataclass(frozen=True, slots=True)
class PlanCell(CatalogueCell):
    """One filter on one catalogue; milliseconds of the gateway, without HTTP, at the median question."""

    share: float
    candidates: int
    chosen: str
    best: str  # the fastest plan whose recall is at least RECALL
    times: dict[str, Spread]  # by plan
    recalls: dict[str, float]
    own: Spread  # the planner's own choice, with its thinking and counting
    chosen_to_best: float
    own_to_best: Spread

    @property
    def is_good(self) -> bool:
        return self.chosen_to_best <= MOST and self.recalls[self.chosen] >= RECALL


@dataclass
class PlanContest:
    """Asks the plans of one share in turns."""

    right: RightAnswers
    share: float
    gateways: dict[str, Catalogue]
    times: dict[str, list[list[float]]] = field(default_factory=dict)
    answers: dict[str, list[tuple[str, list[str]]]] = field(default_factory=dict)
    chosen: list[str] = field(default_factory=list)

    def ask(self, name: str, product_id: str) -> tuple[SimilarPage, float]:
        """Returns the answer of one gateway, and its milliseconds."""
        group = derive_group_key(parse_number(product_id))
        query = SimilarQuery(
            (QueryPart(self.right.size.space, self.right.get_vector(product_id)),),
            SHARES[self.share],
            Exclusions(source_ids=(product_id,), source_groups=(group,)),
            Page(LIMIT),
        )
        return time_call(lambda: self.gateways[name].similar.search(query))

    def repeat(self, ids: Sequence[str], rng: random.Random) -> None:
        """Asks every question of every gateway, in another order each time."""
        for name in self.gateways:
            self.times.setdefault(name, []).append([])
        for product_id in ids:
            for name in rng.sample(list(self.gateways), len(self.gateways)):
                page, milliseconds = self.ask(name, product_id)
                self.times[name][-1].append(milliseconds)
                self.answers.setdefault(name, []).append((product_id, [hit.id for hit in page.hits]))
                if name == OWN:
                    self.chosen.append(page.plan.strategy)

    def summarise(self, index_type: VectorIndex) -> PlanCell:
        filters = SHARES[self.share]
        forced = [name for name in self.gateways if name != OWN]
        times = {name: spread_percentiles(self.times[name], 50) for name in forced}
        recalls = {name: round(self.right.compute_recall(filters, self.answers[name]), 4) for name in forced}
        chosen = mode(self.chosen)
        best = min((name for name in forced if recalls[name] >= RECALL), key=lambda name: times[name].median)
        return PlanCell(
            products=self.right.size.products,
            dims=self.right.size.dims,
            index_type=index_type,
            share=self.share,
            candidates=len(self.right.list_passing(filters)),
            chosen=chosen,
            best=best,
            times=times,
            recalls=recalls,
            own=spread_percentiles(self.times[OWN], 50),
            chosen_to_best=spread_ratios(self.times[chosen], self.times[best]).median,
            own_to_best=spread_ratios(self.times[OWN], self.times[best]),
        )


def measure_plans(
    settings: CatalogSettings,
    right: RightAnswers,
    index_type: VectorIndex,
    shares: Sequence[float],
    effort: Effort,
    seed: int,
) -> list[PlanCell]:
    """Measures every share in every repeat; plans that this server or index does not have are left out."""
    rng, rows = random.Random(seed), right.list_passing(SHARES[100])
    gateways = {OWN: connect(settings), **_force_plans(settings, right)}
    try:
        contests = [PlanContest(right, share, gateways) for share in shares]
        for contest in contests:
            for product_id in choose_ids(rows, effort.warm_up, rng):
                for name in gateways:
                    contest.ask(name, product_id)
        for _ in range(effort.repeats):
            for contest in contests:
                contest.repeat(choose_ids(rows, effort.questions, rng), rng)
        return [contest.summarise(index_type) for contest in contests]
    finally:
        for gateway in gateways.values():
            gateway.client.close()


def _force_plans(settings: CatalogSettings, right: RightAnswers) -> dict[str, Catalogue]:
    """Connects a gateway per plan that answers by that very plan."""
    found: dict[str, Catalogue] = {}
    for strategy in get_args(Strategy):
        gateway = connect(settings, ForcedPlanner(Costs(), strategy=strategy))
        try:
            page, _ = PlanContest(right, 100, {strategy: gateway}).ask(strategy, format_product_id(0))
        except VisualSearchError:
            gateway.client.close()  # for one, a plan that a plugin of the server brings
            continue
        if page.plan.strategy == strategy:
            found[strategy] = gateway
    return found
