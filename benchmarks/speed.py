"""Speed and recall of the API at one size and index type, beside the exact script and the physical limit."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mode

from benchmarks import limit
from benchmarks.askers import Api, Asked
from benchmarks.cases import SHARES, Effort
from benchmarks.crowd import questions_per_second
from benchmarks.shop import Shop, some_ids
from benchmarks.spread import Spread, percentiles, ratios
from catalog.settings import VectorIndex

CROWDS = (4, 16)
EXACT_EVERY = 3  # of the questions are asked with exact=true too, which on a million products takes its time
STREAMS = 15  # of the physical limit per repeat


@dataclass(frozen=True, slots=True)
class SpeedCell:
    """One filter on one catalogue: milliseconds of the API, one caller; `exact` is the same with exact=true."""

    products: int
    dims: int
    index_type: VectorIndex
    share: float  # percent of the products that pass
    candidates: int
    plan: str  # the one that most questions got
    recall: float
    p50: Spread
    p95: Spread
    p99: Spread
    server_p50: Spread  # Elasticsearch's own `took`
    exact_p50: Spread
    limit_p50: Spread  # streaming the same candidates from memory with numpy
    to_exact: Spread  # API p50 / exact p50
    to_limit: Spread
    rates: dict[str, Spread]  # answers per second by number of callers


@dataclass
class Probe:
    """Asks about one share again and again, and keeps what it saw, one list per repeat."""

    shop: Shop
    host: str
    share: float
    asked: list[list[Asked]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    exact: list[list[float]] = field(default_factory=list)
    streams: list[list[float]] = field(default_factory=list)
    rates: dict[int, list[float]] = field(default_factory=lambda: {callers: [] for callers in CROWDS})

    def __post_init__(self) -> None:
        self.filters = SHARES[self.share]
        self.api, self.exact_api = Api(self.host, self.filters), Api(self.host, self.filters, "exact=true")
        self.rows = self.shop.passing(self.filters)

    def warm_up(self, ids: Sequence[str]) -> None:
        for number, product_id in enumerate(ids):
            (self.exact_api if number % EXACT_EVERY == 0 else self.api).ask(product_id)

    def repeat(self, ids: Sequence[str], crowd_seconds: float) -> None:
        """One round: single questions, then the crowds, then the physical limit, never at the same time."""
        asked, exact = [], []
        for number, product_id in enumerate(ids):
            asked.append(self.api.ask(product_id))
            if number % EXACT_EVERY == 0:
                exact.append(self.exact_api.ask(product_id).wall_ms)
        self.asked.append(asked)
        self.sources += ids
        self.exact.append(exact)
        for callers in CROWDS:
            rate = questions_per_second(self.host, self.filters, ids, callers, crowd_seconds)
            self.rates[callers].append(rate)
        vectors = limit.gathered(self.shop, self.rows)
        questions = [self.shop.vector(product_id) for product_id in ids[:STREAMS]]
        limit.stream_ms(vectors, questions[0])  # reads the copy into the caches that it fits in
        self.streams.append([limit.stream_ms(vectors, question) for question in questions])

    def summed(self, index_type: VectorIndex) -> SpeedCell:
        """What all repeats say; recall is judged here, long after the clock stopped."""
        walls = [[one.wall_ms for one in asked] for asked in self.asked]
        every = [one for asked in self.asked for one in asked]
        answers = [
            (source, [product_id for product_id, _ in one.hits])
            for source, one in zip(self.sources, every, strict=True)
        ]
        self.api.close()
        self.exact_api.close()
        return SpeedCell(
            products=self.shop.size.products,
            dims=self.shop.size.dims,
            index_type=index_type,
            share=self.share,
            candidates=len(self.rows),
            plan=mode(one.plan for one in every),
            recall=round(self.shop.recall(self.filters, answers), 4),
            p50=percentiles(walls, 50),
            p95=percentiles(walls, 95),
            p99=percentiles(walls, 99),
            server_p50=percentiles([[one.took_ms for one in asked] for asked in self.asked], 50),
            exact_p50=percentiles(self.exact, 50),
            limit_p50=percentiles(self.streams, 50),
            to_exact=ratios(walls, self.exact),
            to_limit=ratios(walls, self.streams),
            rates={str(callers): Spread.of(rates) for callers, rates in self.rates.items()},
        )


def measure(
    shop: Shop, host: str, index_type: VectorIndex, shares: Sequence[float], effort: Effort, seed: int
) -> list[SpeedCell]:
    """Every share in every repeat, in turns, so that a bad minute falls on all of them alike."""
    rng, rows = random.Random(seed), shop.silent()
    probes = [Probe(shop, host, share) for share in shares]
    for probe in probes:
        probe.warm_up(some_ids(rows, effort.warm_up, rng))
    for _ in range(effort.repeats):
        for probe in probes:
            probe.repeat(some_ids(rows, effort.questions, rng), effort.crowd_seconds)
    return [probe.summed(index_type) for probe in probes]
