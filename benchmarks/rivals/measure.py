"""Asks everybody the same questions in turns, then finds out what writes cost."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.rivals.doors import Http, Writer, until_seen
from benchmarks.rivals.figures import QUESTIONS_SHARE, Cell, Effort
from benchmarks.rivals.shop import BRAND_NAMES, Hits, Question, Shop

SAME = 1e-5  # float32, in other orders of summing up


@dataclass(slots=True)
class Asked:
    """What one contestant answered under one filter: recalls, numbers of hits, and milliseconds per round."""

    recalls: list[float] = field(default_factory=list)
    hits: list[int] = field(default_factory=list)
    rounds: list[list[float]] = field(default_factory=list)

    def cell(self) -> Cell:
        """Medians over rounds of each round's percentile."""
        p50, p95 = (float(np.median([np.percentile(times, q) for times in self.rounds])) for q in (50, 95))
        return Cell(round(float(np.mean(self.recalls)), 4), round(p50, 2), round(p95, 2), float(np.mean(self.hits)))


def recall(shop: Shop, question: Question, found: Hits, truth: Hits) -> float:
    """Share of the right answer's places filled as well as numpy fills them; 1 where nothing passes.

    Raises ValueError for a hit that the filter forbids or that comes twice: that is wrong, not less good.
    """
    numbers = [number for number, _ in found]
    if len(set(numbers)) != len(numbers) or not shop.passing(question)[numbers].all():
        raise ValueError(f"{question} was answered with {numbers}")
    if not truth:
        return 1.0
    real = shop.vectors[numbers] @ shop.vectors[question.source]
    return float((real >= truth[-1][1] - SAME).sum()) / len(truth)


def ask_all(doors: dict[str, Http], shop: Shop, effort: Effort, seed: int) -> dict[str, dict[str, Cell]]:
    """Cells by contestant and filter: in every round all are asked the same questions, in another order each time."""
    asked = {name: {share: Asked() for share in QUESTIONS_SHARE} for name in doors}
    rng = random.Random(seed)
    names = list(doors)
    for number in range(effort.repeats + 1):  # the first round warms up
        for share, brand in QUESTIONS_SHARE.items():
            chosen = rng.sample(range(len(shop.prices)), effort.questions)
            code = BRAND_NAMES.index(brand) if brand else None
            questions = [Question(source, code) for source in chosen]
            truths = [shop.truth(question) for question in questions]
            rng.shuffle(names)
            for name in names:
                times, answers = _timed(doors[name], questions)
                if number:
                    _note(asked[name][share], shop, questions, answers, truths, times)
    return {name: {share: one.cell() for share, one in found.items()} for name, found in asked.items()}


def _timed(door: Http, questions: Sequence[Question]) -> tuple[list[float], list[Hits]]:
    times, answers = [], []
    for question in questions:
        started = time.perf_counter()
        answers.append(door.similar(question))
        times.append((time.perf_counter() - started) * 1000)
    return times, answers


def _note(
    asked: Asked,
    shop: Shop,
    questions: Sequence[Question],
    answers: Sequence[Hits],
    truths: Sequence[Hits],
    times: list[float],
) -> None:
    asked.rounds.append(times)
    for question, found, truth in zip(questions, answers, truths, strict=True):
        asked.recalls.append(recall(shop, question, found, truth))
        asked.hits.append(len(found))


@dataclass(frozen=True, slots=True)
class Written:
    """Milliseconds of writes, prices per second at once."""

    price_p50: float
    price_p95: float
    bulk_per_second: float
    visible_p50: float
    visible_forced_p50: float
    vector_p50: float | None


def write_all(door: Http, writer: Writer, shop: Shop, effort: Effort, seed: int) -> Written:
    """Single prices, many at once, how soon a question sees one, and single vectors; other products each time."""
    rng = random.Random(seed)
    numbers = rng.sample(range(1, len(shop.prices)), effort.bulk + effort.writes * 3)
    fresh = iter(numbers)
    prices = [round(rng.uniform(5, 500), 2) for _ in numbers]
    price = iter(prices)
    singles = [_ms(lambda: writer.set_price(next(fresh), next(price))) for _ in range(effort.writes)]
    many = writer.set_prices({next(fresh): next(price) for _ in range(effort.bulk)})
    seconds = _ms(many) / 1000
    odd = iter(range(1, 1000))  # prices that nobody else has

    def seen(force: Callable[[], None]) -> float:
        number, new = next(fresh), 100_000.0 + next(odd)
        (near,) = shop.truth(Question(number, limit=1))  # whoever filters its 100 best will meet it from there
        started = time.perf_counter()
        writer.set_price(number, new)
        force()
        until_seen(door, number, new, near[0])
        return (time.perf_counter() - started) * 1000

    tries = max(3, effort.writes // 10)
    visible = [seen(lambda: None) for _ in range(tries)]
    forced = [seen(writer.make_visible) for _ in range(tries)]
    return Written(
        round(float(np.percentile(singles, 50)), 2),
        round(float(np.percentile(singles, 95)), 2),
        round(effort.bulk / seconds, 1),
        round(float(np.median(visible)), 2),
        round(float(np.median(forced)), 2),
        _vectors(writer, [next(fresh) for _ in range(tries)], shop),
    )


def _vectors(writer: Writer, numbers: Sequence[int], shop: Shop) -> float | None:
    times = []
    for number in numbers:
        mixed = shop.vectors[number] + shop.vectors[0]
        mixed /= np.linalg.norm(mixed)
        started = time.perf_counter()
        if not writer.set_vector(number, mixed):
            return None
        times.append((time.perf_counter() - started) * 1000)
    return round(float(np.median(times)), 2)


def _ms(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
