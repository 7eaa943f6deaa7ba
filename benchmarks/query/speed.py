"""Speed and recall of the API at one size and index type, beside the exact script and the physical limit.

The limit is one matrix-vector product by numpy over the vectors that pass, from memory, on all cores.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import mode

import numpy as np

from benchmarks.api_client import ApiClient, TimedAnswer
from benchmarks.query.jobs import CatalogueCell
from benchmarks.query.right_answers import RightAnswers, choose_ids
from benchmarks.query.throughput import measure_throughput
from benchmarks.sizes import SHARES, Effort
from benchmarks.timing import Spread, spread_percentiles, spread_ratios, time_call
from catalog.settings import VectorIndex

CROWDS = (4, 16)
EXACT_EVERY = 3  # of the questions are asked with exact=true too, which on a million products takes its time
STREAMS = 15  # of the physical limit per repeat


@dataclass(frozen=True, slots=True)
class SpeedCell(CatalogueCell):
    """One filter on one catalogue: milliseconds of the API, one caller; `exact` is the same with exact=true."""

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
class SpeedProbe:
    """Asks about one share again and again, and keeps what it saw, one list per repeat."""

    right: RightAnswers
    host: str
    share: float
    answers: list[list[TimedAnswer]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    exact: list[list[float]] = field(default_factory=list)
    streams: list[list[float]] = field(default_factory=list)
    rates: dict[int, list[float]] = field(default_factory=lambda: {callers: [] for callers in CROWDS})

    def __post_init__(self) -> None:
        self.filters = SHARES[self.share]
        self.api = ApiClient(self.host, self.filters)
        self.exact_api = ApiClient(self.host, self.filters, "exact=true")
        self.rows = self.right.list_passing(self.filters)

    def warm_up(self, ids: Sequence[str]) -> None:
        for number, product_id in enumerate(ids):
            (self.exact_api if number % EXACT_EVERY == 0 else self.api).ask(product_id)

    def repeat(self, ids: Sequence[str], crowd_seconds: float) -> None:
        """Measures one round: single questions, then the crowds, then the physical limit, never at the same time."""
        answers, exact = [], []
        for number, product_id in enumerate(ids):
            answers.append(self.api.ask(product_id))
            if number % EXACT_EVERY == 0:
                exact.append(self.exact_api.ask(product_id).wall_ms)
        self.answers.append(answers)
        self.sources += ids
        self.exact.append(exact)
        for callers in CROWDS:
            rate = measure_throughput(self.host, self.filters, ids, callers, crowd_seconds)
            self.rates[callers].append(rate)
        vectors = self.right.gather_vectors(self.rows)
        questions = [self.right.get_vector(product_id) for product_id in ids[:STREAMS]]
        vectors @ questions[0]  # reads the copy into the caches that it fits in
        self.streams.append([time_call(partial(np.matmul, vectors, question))[1] for question in questions])

    def summarise(self, index_type: VectorIndex) -> SpeedCell:
        """Sums all repeats up; recall is judged here, long after the clock stopped."""
        walls = [[one.wall_ms for one in repeat] for repeat in self.answers]
        every = [one for repeat in self.answers for one in repeat]
        found = [
            (source, [product_id for product_id, _ in one.hits])
            for source, one in zip(self.sources, every, strict=True)
        ]
        self.api.close()
        self.exact_api.close()
        return SpeedCell(
            products=self.right.size.products,
            dims=self.right.size.dims,
            index_type=index_type,
            share=self.share,
            candidates=len(self.rows),
            plan=mode(one.plan for one in every),
            recall=round(self.right.compute_recall(self.filters, found), 4),
            p50=spread_percentiles(walls, 50),
            p95=spread_percentiles(walls, 95),
            p99=spread_percentiles(walls, 99),
            server_p50=spread_percentiles([[one.took_ms for one in repeat] for repeat in self.answers], 50),
            exact_p50=spread_percentiles(self.exact, 50),
            limit_p50=spread_percentiles(self.streams, 50),
            to_exact=spread_ratios(walls, self.exact),
            to_limit=spread_ratios(walls, self.streams),
            rates={str(callers): Spread.from_values(rates) for callers, rates in self.rates.items()},
        )


def measure_speed(
    right: RightAnswers, host: str, index_type: VectorIndex, shares: Sequence[float], effort: Effort, seed: int
) -> list[SpeedCell]:
    """Measures every share in every repeat, in turns, so that a bad minute falls on all of them alike."""
    rng, rows = random.Random(seed), right.list_silent()
    probes = [SpeedProbe(right, host, share) for share in shares]
    for probe in probes:
        probe.warm_up(choose_ids(rows, effort.warm_up, rng))
    for _ in range(effort.repeats):
        for probe in probes:
            probe.repeat(choose_ids(rows, effort.questions, rng), effort.crowd_seconds)
    return [probe.summarise(index_type) for probe in probes]
