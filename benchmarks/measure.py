"""Interleaved timing of two askers in one run: medians over repeats, so that one bad moment does not decide."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from statistics import median, mode

import numpy as np

from benchmarks.askers import Asked, Asker
from benchmarks.cases import Effort

SAME = 1e-6  # scores are float32


class DifferentAnswers(Exception):
    """The two that are compared did not answer the same."""


@dataclass(frozen=True, slots=True)
class Result:
    """Milliseconds; each is the median over repeats of that repeat's percentile."""

    api_p50: float
    api_p95: float
    bare_p50: float
    bare_p95: float
    api_took_p50: float
    api_took_p95: float
    bare_took_p50: float
    bare_took_p95: float
    added_p50: float  # median over repeats of API p50 - bare p50
    python_p50: float  # in the API's process, outside its calls of Elasticsearch
    http_p50: float  # between the API's process and its caller
    plan: str  # the one that most questions got


def compare(api: Asker, bare: Asker, ids: Sequence[str], effort: Effort, seed: int = 0) -> Result:
    """Ask both about the same ids, in turns, each first half of the time; raises DifferentAnswers."""
    rng = random.Random(seed)
    first = rng.sample(ids, min(effort.warm_up, len(ids)))
    api.prepare(first)
    bare.prepare(first)
    for product_id in first:
        _require_same(product_id, api.ask(product_id), bare.ask(product_id))
    rounds = [_round(api, bare, rng.sample(ids, min(effort.questions, len(ids)))) for _ in range(effort.repeats)]
    return _summed(rounds)


def _require_same(product_id: str, left: Asked, right: Asked) -> None:
    same = [a == b and abs(x - y) <= SAME for (a, x), (b, y) in zip(left.hits, right.hits, strict=False)]
    if len(left.hits) != len(right.hits) or not all(same):
        raise DifferentAnswers(f"{product_id}: the API answers {left.hits[:3]}, the bare client {right.hits[:3]}")


def _round(api: Asker, bare: Asker, ids: Sequence[str]) -> list[tuple[Asked, Asked]]:
    api.prepare(ids)
    bare.prepare(ids)
    pairs = []
    for product_id, api_first in zip(ids, cycle((True, False)), strict=False):
        if api_first:
            first = api.ask(product_id)
            pairs.append((first, bare.ask(product_id)))
        else:
            second = bare.ask(product_id)
            pairs.append((api.ask(product_id), second))
    return pairs


def _summed(rounds: Sequence[Sequence[tuple[Asked, Asked]]]) -> Result:
    def over(percent: int, of_round: Iterable[Iterable[float]]) -> float:
        return round(median(float(np.percentile(list(values), percent)) for values in of_round), 2)

    api = [[pair[0] for pair in pairs] for pairs in rounds]
    bare = [[pair[1] for pair in pairs] for pairs in rounds]
    added = [
        np.median([one.wall_ms for one in left]) - np.median([one.wall_ms for one in right])
        for left, right in zip(api, bare, strict=True)
    ]
    return Result(
        api_p50=over(50, ([one.wall_ms for one in asked] for asked in api)),
        api_p95=over(95, ([one.wall_ms for one in asked] for asked in api)),
        bare_p50=over(50, ([one.wall_ms for one in asked] for asked in bare)),
        bare_p95=over(95, ([one.wall_ms for one in asked] for asked in bare)),
        api_took_p50=over(50, ([one.took_ms for one in asked] for asked in api)),
        api_took_p95=over(95, ([one.took_ms for one in asked] for asked in api)),
        bare_took_p50=over(50, ([one.took_ms for one in asked] for asked in bare)),
        bare_took_p95=over(95, ([one.took_ms for one in asked] for asked in bare)),
        added_p50=round(float(np.median(added)), 2),
        python_p50=over(50, ([one.total_ms - one.index_ms for one in asked] for asked in api)),
        http_p50=over(50, ([one.wall_ms - one.total_ms for one in asked] for asked in api)),
        plan=mode(one.plan for asked in api for one in asked),
    )
