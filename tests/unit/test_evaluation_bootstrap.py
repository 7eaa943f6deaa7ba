"""Intervals under the cluster bootstrap: the mean they hold, how often they hold the truth, what they leave out."""

import numpy as np
import pytest

from evaluation.bootstrap import (
    bootstrap_class_means,
    bootstrap_macro_means,
    macro_mean,
    percentile_interval,
)
from evaluation.errors import InvalidScores

CLASSES = np.array(["a", "a", "a", "b"])


def test_macro_means_weigh_every_class_the_same_and_leave_out_what_is_unknown() -> None:
    values = np.array([0.0, 0.5, np.nan, 1.0])
    assert macro_mean(values, CLASSES) == pytest.approx((0.25 + 1) / 2)
    assert np.isnan(macro_mean(np.full(4, np.nan), CLASSES))


def test_draws_of_whole_clusters_against_drawing_by_hand() -> None:
    rng = np.random.default_rng(1)
    clusters = rng.integers(0, 6, 40)
    classes = rng.choice(["a", "b"], 40)
    values = rng.random(40)
    fast = bootstrap_macro_means(values, clusters, classes, 4000, seed=2)
    slow = []
    for _ in range(4000):
        rows = np.concatenate([np.flatnonzero(clusters == name) for name in rng.integers(0, 6, 6)])
        slow.append(np.mean([values[rows][classes[rows] == name].mean() for name in np.unique(classes[rows])]))
    quantiles = [0.025, 0.25, 0.5, 0.75, 0.975]
    assert np.quantile(fast, quantiles) == pytest.approx(np.quantile(slow, quantiles), abs=0.012)


def test_intervals_hold_the_truth_as_often_as_they_say_though_clusters_are_alike() -> None:
    """Values of a cluster go up and down together; an interval that forgot it would hold far too seldom."""
    rng = np.random.default_rng(4)
    clustered = alone = 0
    trials = 300
    for trial in range(trials):
        values = np.repeat(rng.normal(0.5, 0.2, 60), 5) + rng.normal(0, 0.05, 300)
        clusters, classes = np.repeat(np.arange(60), 5), np.tile(["a", "b", "a", "b", "b"], 60)
        mean = macro_mean(values, classes)
        found = percentile_interval(mean, bootstrap_macro_means(values, clusters, classes, 400, trial), 0.9)
        naive = percentile_interval(mean, bootstrap_macro_means(values, np.arange(300), classes, 400, trial), 0.9)
        clustered += found.low <= 0.5 <= found.high
        alone += naive.low <= 0.5 <= naive.high
    assert 0.84 <= clustered / trials <= 0.95
    assert alone / trials < 0.7


def test_equal_seeds_draw_equal_samples_so_that_differences_are_paired() -> None:
    rng = np.random.default_rng(6)
    one, other, clusters = rng.random(50), rng.random(50), rng.integers(0, 9, 50)
    classes = rng.choice(["a", "b"], 50)
    of_differences = bootstrap_macro_means(other - one, clusters, classes, 100, 3)
    apart = bootstrap_macro_means(other, clusters, classes, 100, 3) - bootstrap_macro_means(
        one, clusters, classes, 100, 3
    )
    assert of_differences == pytest.approx(apart, abs=1e-12)


def test_a_class_that_a_draw_misses_is_unknown_there() -> None:
    names, means = bootstrap_class_means(np.ones(4), np.array([1, 1, 2, 3]), CLASSES, 200)
    assert names.tolist() == ["a", "b"]
    assert np.isnan(means[:, 1]).any()
    assert np.nanmin(means) == np.nanmax(means) == 1


def test_columns_of_different_lengths_or_none_are_refused() -> None:
    with pytest.raises(InvalidScores, match="one length"):
        bootstrap_macro_means(np.ones(3), np.ones(4), CLASSES)
    with pytest.raises(InvalidScores, match="not empty"):
        macro_mean(np.ones(0), np.ones(0))


def test_an_interval_of_nothing_is_unknown() -> None:
    found = percentile_interval(0.5, np.full(10, np.nan))
    assert np.isnan([found.low, found.high]).all()
