"""How good the planner's choices are: every plan forced, and the planner's own choice, on the same questions."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, mode
from typing import get_args

from benchmarks.cases import LIMIT, SHARES, Effort
from benchmarks.shop import Shop, row, some_ids
from benchmarks.spread import Spread, percentiles, ratios
from catalog.domain.space import Space
from catalog.elastic import Catalogue, connect
from catalog.errors import VisualSearchError
from catalog.search.planner import Choice, Strategy
from catalog.search.search_types import Exclusions, Page, QueryPart, SimilarPage, SimilarQuery
from catalog.settings import CatalogSettings, VectorIndex
from loadtest import draw

MOST = 1.1  # times what the best plan takes
RECALL = 0.98  # a plan that finds less is no rival, however fast
OWN = "own"


class Forced(Catalogue):
    """A gateway that always takes the same plan."""

    strategy: Strategy = "exact"

    def _choose(self, query: SimilarQuery) -> Choice:
        return Choice(self.strategy, "forced")


@dataclass(frozen=True, slots=True)
class PlanCell:
    """One filter on one catalogue; milliseconds of the gateway, without HTTP, at the median question."""

    products: int
    dims: int
    index_type: VectorIndex
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
    def reached(self) -> bool:
        return self.chosen_to_best <= MOST and self.recalls[self.chosen] >= RECALL


@dataclass
class Contest:
    """The plans of one share, asked in turns."""

    shop: Shop
    share: float
    gateways: dict[str, Catalogue]
    times: dict[str, list[list[float]]] = field(default_factory=dict)
    answers: dict[str, list[tuple[str, list[str]]]] = field(default_factory=dict)
    chosen: list[str] = field(default_factory=list)

    def ask(self, name: str, product_id: str) -> tuple[SimilarPage, float]:
        """The answer of one gateway and its milliseconds."""
        space = Space.parse(self.shop.size.space, self.shop.size.dims)
        group = draw.group_key(row(product_id))
        query = SimilarQuery(
            (QueryPart(space, self.shop.vector(product_id)),),
            SHARES[self.share],
            Exclusions(source_ids=(product_id,), source_groups=(group,)),
            Page(LIMIT),
        )
        started = time.perf_counter()
        page = self.gateways[name].similar(query)
        return page, (time.perf_counter() - started) * 1000

    def repeat(self, ids: Sequence[str], rng: random.Random) -> None:
        """Every question to every gateway, in another order each time."""
        for name in self.gateways:
            self.times.setdefault(name, []).append([])
        for product_id in ids:
            for name in rng.sample(list(self.gateways), len(self.gateways)):
                page, spent = self.ask(name, product_id)
                self.times[name][-1].append(spent)
                self.answers.setdefault(name, []).append((product_id, [hit.id for hit in page.hits]))
                if name == OWN:
                    self.chosen.append(page.plan.strategy)

    def summed(self, index_type: VectorIndex) -> PlanCell:
        filters = SHARES[self.share]
        forced = [name for name in self.gateways if name != OWN]
        times = {name: percentiles(self.times[name], 50) for name in forced}
        recalls = {name: round(self.shop.recall(filters, self.answers[name]), 4) for name in forced}
        chosen = mode(self.chosen)
        best = min((name for name in forced if recalls[name] >= RECALL), key=lambda name: times[name].median)
        return PlanCell(
            products=self.shop.size.products,
            dims=self.shop.size.dims,
            index_type=index_type,
            share=self.share,
            candidates=len(self.shop.passing(filters)),
            chosen=chosen,
            best=best,
            times=times,
            recalls=recalls,
            own=percentiles(self.times[OWN], 50),
            chosen_to_best=round(median(self._paired(chosen, best)), 3),
            own_to_best=ratios(self.times[OWN], self.times[best]),
        )

    def _paired(self, name: str, other: str) -> list[float]:
        """Median through median of every repeat."""
        return [median(a) / median(b) for a, b in zip(self.times[name], self.times[other], strict=True)]


def measure(
    settings: CatalogSettings, shop: Shop, index_type: VectorIndex, shares: Sequence[float], effort: Effort, seed: int
) -> list[PlanCell]:
    """Every share in every repeat; plans that this server or index does not have are left out."""
    rng, rows = random.Random(seed), shop.passing(SHARES[100])
    gateways = {OWN: connect(settings), **_forced(settings, shop)}
    try:
        contests = [Contest(shop, share, gateways) for share in shares]
        for contest in contests:
            for product_id in some_ids(rows, effort.warm_up, rng):
                for name in gateways:
                    contest.ask(name, product_id)
        for _ in range(effort.repeats):
            for contest in contests:
                contest.repeat(some_ids(rows, effort.questions, rng), rng)
        return [contest.summed(index_type) for contest in contests]
    finally:
        for gateway in gateways.values():
            gateway.client.close()


def _forced(settings: CatalogSettings, shop: Shop) -> dict[str, Catalogue]:
    """A gateway per plan that answers by that very plan."""
    found: dict[str, Catalogue] = {}
    for strategy in get_args(Strategy):
        plain = connect(settings)
        gateway = Forced(plain.client, settings)
        gateway.strategy = strategy
        try:
            page, _ = Contest(shop, 100, {strategy: gateway}).ask(strategy, draw.product_id(0))
        except VisualSearchError:
            plain.client.close()  # for one, a plan that a plugin of the server brings
            continue
        if page.plan.strategy == strategy:
            found[strategy] = gateway
    return found
