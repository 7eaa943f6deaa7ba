"""Measures everybody: the same questions in turns, then what writes cost."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from benchmarks.drawn_shop import BRAND_NAMES, DrawnShop
from benchmarks.rivals.connections import PriceWriter, RivalConnection, wait_until_seen
from benchmarks.rivals.questions import NumberedHits, RivalQuestion, compute_recall
from benchmarks.rivals.results import QUESTIONS_SHARE, AnswerFigures, RivalEffort
from benchmarks.timing import compute_median_percentile, time_call


@dataclass(slots=True)
class ContestantAnswers:
    """Answers of one contestant under one filter: recalls, numbers of hits, and milliseconds per round."""

    recalls: list[float] = field(default_factory=list)
    hits: list[int] = field(default_factory=list)
    rounds: list[list[float]] = field(default_factory=list)

    def summarise(self) -> AnswerFigures:
        """Returns medians over rounds of each round's percentile."""
        p50, p95 = (compute_median_percentile(self.rounds, percent) for percent in (50, 95))
        return AnswerFigures(round(float(np.mean(self.recalls)), 4), p50, p95, float(np.mean(self.hits)))


def ask_all(
    connections: dict[str, RivalConnection], shop: DrawnShop, effort: RivalEffort, seed: int
) -> dict[str, dict[str, AnswerFigures]]:
    """Asks all the same questions in every round, in another order each time; returns figures by name and filter."""
    answers = {name: {share: ContestantAnswers() for share in QUESTIONS_SHARE} for name in connections}
    rng = random.Random(seed)
    names = list(connections)
    for number in range(effort.repeats + 1):  # the first round warms up
        for share, brand in QUESTIONS_SHARE.items():
            chosen = rng.sample(range(len(shop.prices)), effort.questions)
            code = BRAND_NAMES.index(brand) if brand else None
            questions = [RivalQuestion(source, code) for source in chosen]
            right = [question.compute_answer(shop) for question in questions]
            rng.shuffle(names)
            for name in names:
                timed = [time_call(partial(connections[name].find_similar, question)) for question in questions]
                if number:
                    _record(answers[name][share], shop, questions, timed, right)
    return {name: {share: one.summarise() for share, one in found.items()} for name, found in answers.items()}


def _record(
    answers: ContestantAnswers,
    shop: DrawnShop,
    questions: Sequence[RivalQuestion],
    timed: Sequence[tuple[NumberedHits, float]],
    right: Sequence[NumberedHits],
) -> None:
    answers.rounds.append([milliseconds for _, milliseconds in timed])
    for question, (found, _), wanted in zip(questions, timed, right, strict=True):
        answers.recalls.append(compute_recall(shop, question, found, wanted))
        answers.hits.append(len(found))


@dataclass(frozen=True, slots=True)
class WriteFigures:
    """Milliseconds of writes, prices per second at once."""

    price_p50: float
    price_p95: float
    bulk_per_second: float
    visible_p50: float
    visible_forced_p50: float | None
    vector_p50: float | None


def write_all(
    connection: RivalConnection, writer: PriceWriter, shop: DrawnShop, effort: RivalEffort, seed: int
) -> WriteFigures:
    """Measures single prices, many at once, when a question sees one, single vectors; other products each time."""
    rng = random.Random(seed)
    numbers = rng.sample(range(1, len(shop.prices)), effort.bulk + effort.writes * 3)
    fresh = iter(numbers)
    prices = [round(rng.uniform(5, 500), 2) for _ in numbers]
    price = iter(prices)
    singles = [time_call(lambda: writer.set_price(next(fresh), next(price)))[1] for _ in range(effort.writes)]
    many = writer.set_prices({next(fresh): next(price) for _ in range(effort.bulk)})
    seconds = time_call(many)[1] / 1000
    odd = iter(range(1, 1000))  # prices that nobody else has

    def measure_visibility(force: Callable[[], None]) -> float:
        number, new = next(fresh), 100_000.0 + next(odd)
        # Whoever filters its 100 best will meet it from the product that is nearest to it.
        (near,) = RivalQuestion(number, limit=1).compute_answer(shop)
        started = time.perf_counter()
        writer.set_price(number, new)
        force()
        wait_until_seen(connection, number, new, near[0])
        return (time.perf_counter() - started) * 1000

    tries = max(3, effort.writes // 10)
    visible = [measure_visibility(lambda: None) for _ in range(tries)]
    forced = [measure_visibility(writer.make_visible) for _ in range(tries)]
    return WriteFigures(
        round(float(np.percentile(singles, 50)), 2),
        round(float(np.percentile(singles, 95)), 2),
        round(effort.bulk / seconds, 1),
        round(float(np.median(visible)), 2),
        round(float(np.median(forced)), 2),
        _measure_vectors(writer, [next(fresh) for _ in range(tries)], shop),
    )


def _measure_vectors(writer: PriceWriter, numbers: Sequence[int], shop: DrawnShop) -> float | None:
    times = []
    for number in numbers:
        mixed = shop.vectors[number] + shop.vectors[0]
        mixed /= np.linalg.norm(mixed)
        changed, milliseconds = time_call(partial(writer.set_vector, number, mixed))
        if not changed:
            return None
        times.append(milliseconds)
    return round(float(np.median(times)), 2)
