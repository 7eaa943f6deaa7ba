"""From samples to prices: for each plan the non-negative prices of the planner's own terms that explain its times."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from statistics import median
from typing import TypeVar

import numpy as np
from sklearn.linear_model import LinearRegression

from benchmarks.calibrate_samples import Sample
from catalog.search.costs import Costs, GraphPrice, SearchPrice
from catalog.search.planner import (
    GRAPHS,
    Facts,
    Terms,
    breadth_of,
    choose,
    exact_ms,
    graph_terms,
    knn_ms,
    rescored,
    scan_parts,
    scan_terms,
    threads,
)

PARALLEL = tuple(step / 10 for step in range(11))
DRAWN = 0.1  # a price that doubles must make one sample's error smaller by this
FEWEST = 6  # samples; fewer say nothing about a price
P = TypeVar("P", SearchPrice, GraphPrice)


def facts_of(sample: Sample) -> Facts:
    """What the planner would know of this question."""
    return Facts(sample.index_type, sample.dims, sample.candidates, sample.total, 1, bulk=sample.bulk)


def fitted(samples: Sequence[Sample], before: Costs, cores: int) -> Costs:
    """`before` with every price that the samples tell of; what they leave open stays as it was."""
    if not any(one.strategy == "exact" for one in samples):
        return before
    tried = [
        _with(samples, replace(before, cores=cores, parallel=parallel)) for parallel in _parallels(samples, before)
    ]
    return min(tried, key=lambda costs: error(samples, costs))


def _parallels(samples: Sequence[Sample], before: Costs) -> Sequence[float]:
    """Nothing says how well threads share the work where every catalogue was searched by one."""
    told = any(scan_parts(facts_of(one)) > 1 for one in samples)
    return PARALLEL if told else (before.parallel,)


def _with(samples: Sequence[Sample], base: Costs) -> Costs:
    def speed(sample: Sample) -> float:
        return threads(scan_parts(facts_of(sample)), base.cores, base.parallel)

    def scan(sample: Sample) -> Terms:
        hits = rescored(sample.index_type, breadth_of(sample.index_type)) if sample.strategy == "knn" else 0.0
        return scan_terms(facts_of(sample), speed(sample), hits)

    def graph(sample: Sample) -> Terms:
        return graph_terms(facts_of(sample), 1.0, breadth_of(sample.index_type))

    exact = [one for one in samples if one.strategy == "exact"]
    script = _price(base.script, SearchPrice, [one for one in exact if not one.bulk], scan)
    bulk = _price(base.bulk, SearchPrice, [one for one in exact if one.bulk], scan)
    found = replace(base, script=script or base.script, bulk=bulk)
    for kind in {one.index_type for one in samples}:
        own = [one for one in samples if one.strategy == "knn" and one.index_type == kind]
        if kind in GRAPHS and (price := _price(base.graphs.get(kind), GraphPrice, own, graph)):
            found = replace(found, graphs={**found.graphs, kind: price})
        elif kind not in GRAPHS and (flat := _price(base.flats.get(kind), SearchPrice, own, scan)):
            found = replace(found, flats={**found.flats, kind: flat})
    return found


def _price(before: P | None, kind: type[P], samples: Sequence[Sample], terms: Callable[[Sample], Terms]) -> P | None:
    """Least squares of relative errors, so that a question of 2 ms counts as much as one of 200.

    Samples of few sizes cannot tell all prices apart: what they leave open stays near `before`, to which each price
    is drawn a little.
    """
    if len(samples) < FEWEST:
        return before
    names = [one.name for one in fields(kind)]
    rows = [[terms(sample)[name] / sample.ms for name in names] for sample in samples]
    wanted = [1.0] * len(rows)
    for number, name in enumerate(names):
        if before is not None and (known := getattr(before, name)):
            rows.append([DRAWN / known if other == number else 0.0 for other in range(len(names))])
            wanted.append(DRAWN)
    found = LinearRegression(fit_intercept=False, positive=True).fit(np.asarray(rows), np.asarray(wanted))
    return kind(**{name: float(f"{price:.3g}") for name, price in zip(names, found.coef_, strict=True)})


def expected_ms(sample: Sample, costs: Costs) -> float:
    """What the planner thinks this plan costs."""
    facts = facts_of(sample)
    return exact_ms(facts, costs) if sample.strategy == "exact" else knn_ms(facts, costs)


def error(samples: Iterable[Sample], costs: Costs) -> float:
    """Median of |expected / measured - 1|."""
    return median(abs(expected_ms(one, costs) / one.ms - 1) for one in samples)


def regret(samples: Sequence[Sample], costs: Costs) -> list[tuple[Sample, float]]:
    """For each question asked by both plans, the exact one's sample and: time of the chosen plan / of the better."""
    knn = {(one.index_type, one.dims, one.total, one.candidates): one for one in samples if one.strategy == "knn"}
    found = []
    for one in samples:
        other = knn.get((one.index_type, one.dims, one.total, one.candidates))
        if one.strategy == "exact" and other is not None and math.isfinite(other.ms):
            chosen = one.ms if choose(facts_of(one), costs).strategy == "exact" else other.ms
            found.append((one, chosen / min(one.ms, other.ms)))
    return found
