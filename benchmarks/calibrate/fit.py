"""Fits prices to samples: for each plan the non-negative prices of the planner's own terms that explain its times."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from statistics import median
from typing import TypeVar

import numpy as np
from sklearn.linear_model import LinearRegression

from benchmarks.calibrate.samples import PlanSample
from catalog.search.planning.plan_cost import (
    GRAPHS,
    Facts,
    Terms,
    breadth_of,
    count_rescored,
    exact_ms,
    graph_terms,
    knn_ms,
    scan_parts,
    scan_terms,
    threads,
)
from catalog.search.planning.planner import choose
from catalog.search.planning.prices import Costs, GraphPrice, SearchPrice

PARALLEL = tuple(step / 10 for step in range(11))
DRAWN = 0.1  # a price that doubles must make one sample's error smaller by this
FEWEST = 6  # samples; fewer say nothing about a price
P = TypeVar("P", SearchPrice, GraphPrice)


def list_facts(sample: PlanSample) -> Facts:
    """Returns what the planner would know of this question."""
    return Facts(sample.index_type, sample.dims, sample.candidates, sample.total, 1, bulk=sample.bulk)


def fit_costs(samples: Sequence[PlanSample], before: Costs, cores: int) -> Costs:
    """Returns `before` with every price that the samples say something about; the others stay as they were."""
    if not any(one.strategy == "exact" for one in samples):
        return before
    tried = [
        _fit_prices(samples, replace(before, cores=cores, parallel=parallel))
        for parallel in _list_parallels(samples, before)
    ]
    return min(tried, key=lambda costs: measure_error(samples, costs))


def _list_parallels(samples: Sequence[PlanSample], before: Costs) -> Sequence[float]:
    """Lists how well threads may share the work; nothing says so where every catalogue was searched by one."""
    known = any(scan_parts(list_facts(one)) > 1 for one in samples)
    return PARALLEL if known else (before.parallel,)


def _fit_prices(samples: Sequence[PlanSample], base: Costs) -> Costs:
    def count_threads(sample: PlanSample) -> float:
        return threads(scan_parts(list_facts(sample)), base.cores, base.parallel)

    def list_scan_terms(sample: PlanSample) -> Terms:
        hits = count_rescored(sample.index_type, breadth_of(sample.index_type)) if sample.strategy == "knn" else 0.0
        return scan_terms(list_facts(sample), count_threads(sample), hits)

    def list_graph_terms(sample: PlanSample) -> Terms:
        return graph_terms(list_facts(sample), 1.0, breadth_of(sample.index_type))

    exact = [one for one in samples if one.strategy == "exact"]
    script = _fit_price(base.script, SearchPrice, [one for one in exact if not one.bulk], list_scan_terms)
    bulk = _fit_price(base.bulk, SearchPrice, [one for one in exact if one.bulk], list_scan_terms)
    found = replace(base, script=script or base.script, bulk=bulk)
    for kind in {one.index_type for one in samples}:
        own = [one for one in samples if one.strategy == "knn" and one.index_type == kind]
        if kind in GRAPHS and (price := _fit_price(base.graphs.get(kind), GraphPrice, own, list_graph_terms)):
            found = replace(found, graphs={**found.graphs, kind: price})
        elif kind not in GRAPHS and (flat := _fit_price(base.flats.get(kind), SearchPrice, own, list_scan_terms)):
            found = replace(found, flats={**found.flats, kind: flat})
    return found


def _fit_price(
    before: P | None, kind: type[P], samples: Sequence[PlanSample], terms: Callable[[PlanSample], Terms]
) -> P | None:
    """Fits by least squares of relative errors, so that a question of 2 ms counts as much as one of 200.

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


def estimate_ms(sample: PlanSample, costs: Costs) -> float:
    """Returns what the planner expects this plan to cost."""
    facts = list_facts(sample)
    return exact_ms(facts, costs) if sample.strategy == "exact" else knn_ms(facts, costs)


def measure_error(samples: Iterable[PlanSample], costs: Costs) -> float:
    """Returns the median of |expected / measured - 1|."""
    return median(abs(estimate_ms(one, costs) / one.ms - 1) for one in samples)


def measure_regret(samples: Sequence[PlanSample], costs: Costs) -> list[tuple[PlanSample, float]]:
    """Returns the exact sample of each question asked by both plans, and: time of the chosen plan / of the better."""
    knn = {(one.index_type, one.dims, one.total, one.candidates): one for one in samples if one.strategy == "knn"}
    found = []
    for one in samples:
        other = knn.get((one.index_type, one.dims, one.total, one.candidates))
        if one.strategy == "exact" and other is not None and math.isfinite(other.ms):
            chosen = one.ms if choose(list_facts(one), costs).strategy == "exact" else other.ms
            found.append((one, chosen / min(one.ms, other.ms)))
    return found
