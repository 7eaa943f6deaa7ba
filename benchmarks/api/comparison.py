"""Interleaved timing of the API and the bare client in one run."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from operator import attrgetter
from statistics import median, mode
from typing import Protocol

from benchmarks.api_client import ApiFailed, TimedAnswer
from benchmarks.sizes import Effort
from benchmarks.timing import compute_median_percentile

SAME = 1e-6  # scores are float32
Round = Sequence[tuple[TimedAnswer, TimedAnswer]]  # of the API and of the bare client, question by question


class DifferentAnswers(ApiFailed):
    """Raised where the two that are compared did not answer the same."""


class AnsweringClient(Protocol):
    def ask(self, product_id: str) -> TimedAnswer: ...


class RecordingClient(AnsweringClient, Protocol):
    def record(self, ids: Sequence[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Comparison:
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


def compare(
    api: AnsweringClient, bare: RecordingClient, ids: Sequence[str], effort: Effort, seed: int = 0
) -> Comparison:
    """Asks both about the same ids, in turns, each first half of the time; raises DifferentAnswers."""
    rng = random.Random(seed)
    first = rng.sample(ids, min(effort.warm_up, len(ids)))
    bare.record(first)
    for product_id in first:
        _require_same(product_id, api.ask(product_id), bare.ask(product_id))
    rounds = []
    for _ in range(effort.repeats):
        chosen = rng.sample(ids, min(effort.questions, len(ids)))
        bare.record(chosen)
        rounds.append(list(_ask_in_turns(api, bare, chosen)))
    return _summarise(rounds)


def _require_same(product_id: str, left: TimedAnswer, right: TimedAnswer) -> None:
    same = [a == b and abs(x - y) <= SAME for (a, x), (b, y) in zip(left.hits, right.hits, strict=False)]
    if len(left.hits) != len(right.hits) or not all(same):
        raise DifferentAnswers(f"{product_id}: the API answers {left.hits[:3]}, the bare client {right.hits[:3]}")


def _ask_in_turns(
    api: AnsweringClient, bare: AnsweringClient, ids: Sequence[str]
) -> Iterator[tuple[TimedAnswer, TimedAnswer]]:
    for product_id, api_first in zip(ids, cycle((True, False)), strict=False):
        if api_first:
            answer = api.ask(product_id)
            yield answer, bare.ask(product_id)
        else:
            bare_answer = bare.ask(product_id)
            yield api.ask(product_id), bare_answer


def _summarise(rounds: Sequence[Round]) -> Comparison:
    api, bare = ([[pair[side] for pair in pairs] for pairs in rounds] for side in (0, 1))
    wall, took = attrgetter("wall_ms"), attrgetter("took_ms")

    def reduce(answers: list[list[TimedAnswer]], figure: Callable[[TimedAnswer], float], percent: int = 50) -> float:
        return compute_median_percentile([[figure(one) for one in repeat] for repeat in answers], percent)

    medians = [[median(map(wall, repeat)) for repeat in answers] for answers in (api, bare)]
    return Comparison(
        api_p50=reduce(api, wall),
        api_p95=reduce(api, wall, 95),
        bare_p50=reduce(bare, wall),
        bare_p95=reduce(bare, wall, 95),
        api_took_p50=reduce(api, took),
        api_took_p95=reduce(api, took, 95),
        bare_took_p50=reduce(bare, took),
        bare_took_p95=reduce(bare, took, 95),
        added_p50=round(median(mine - other for mine, other in zip(*medians, strict=True)), 2),
        python_p50=reduce(api, lambda one: one.total_ms - one.index_ms),
        http_p50=reduce(api, lambda one: one.wall_ms - one.total_ms),
        plan=mode(one.plan for repeat in api for one in repeat),
    )
