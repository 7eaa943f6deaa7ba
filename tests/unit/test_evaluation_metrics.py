"""Figures of ranked answers against scikit-learn and against counting by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, ndcg_score

from evaluation import metrics

RNG = np.random.default_rng(11)


@pytest.mark.parametrize("trial", range(20))
def test_ndcg_is_scikit_learns(trial: int) -> None:
    gains = RNG.choice([0, 0, 0.25, 0.5, 1], size=40).astype(float)
    gains[RNG.integers(40)] = 1
    falling = np.arange(40, 0, -1, dtype=float)
    expected = ndcg_score([gains], [falling], k=10)
    assert metrics.ndcg(gains, np.sort(gains)[::-1], 10) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("trial", range(20))
def test_average_precision_over_all_ranks_is_scikit_learns(trial: int) -> None:
    gains = (RNG.random(50) < 0.2).astype(float)
    gains[RNG.integers(50)] = 1
    expected = average_precision_score(gains, np.arange(50, 0, -1))
    assert metrics.average_precision(gains, int(gains.sum()), 50) == pytest.approx(expected, abs=1e-12)


def test_average_precision_of_a_cut_answer_counts_what_was_missed() -> None:
    gains = np.array([1.0, 0.0, 1.0])  # two of five relevant ones in the three that were looked at
    assert metrics.average_precision(gains, 5, 3) == pytest.approx((1 + 2 / 3) / 3)
    assert metrics.average_precision(gains, 2, 3) == pytest.approx((1 + 2 / 3) / 2)


def test_an_answer_that_is_too_short_missed_what_it_lacks() -> None:
    assert metrics.average_precision(np.ones(2), 5, 100) == pytest.approx(2 / 5)
    assert metrics.average_precision(np.ones(0), 5, 100) == 0
    assert metrics.average_precision(np.ones(8), 8, 4) == 1


def test_precision_and_recall_by_hand() -> None:
    gains = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    assert metrics.precision(gains, 3, 100, 4) == 0.75
    assert metrics.precision(gains, 3, 5, 10) == pytest.approx(3 / 5)  # only five could be found at all
    assert metrics.recall(gains, 6, 4) == pytest.approx(3 / 4)
    assert metrics.recall(gains, 3, 2) == pytest.approx(1 / 2)
    assert metrics.best_precision(3, 100, 10) == pytest.approx(0.3)


def test_a_random_order_gets_what_chance_says() -> None:
    relevant, candidates, k = 7, 30, 10
    orders = [RNG.permutation(np.arange(candidates) < relevant).astype(float) for _ in range(4000)]
    precision = np.mean([metrics.precision(order, relevant, candidates, k) for order in orders])
    recall = np.mean([metrics.recall(order, relevant, k) for order in orders])
    assert precision == pytest.approx(metrics.chance(relevant, candidates), abs=0.01)
    assert recall == pytest.approx(metrics.chance_recall(relevant, candidates, k), abs=0.015)


def test_nothing_to_find_is_no_figure() -> None:
    nothing = np.zeros(5)
    found = [
        metrics.precision(nothing, 0, 5, 3),
        metrics.recall(nothing, 0, 3),
        metrics.average_precision(nothing, 0, 5),
        metrics.ndcg(nothing, nothing, 3),
        metrics.chance(0, 5),
    ]
    assert np.isnan(found).all()
