"""Computes means with intervals that know that queries of one cluster are alike.

The cluster bootstrap: whole clusters are drawn with replacement, as many as there are, and the statistic is computed
over all their queries. Source: C. A. Field and A. H. Welsh, "Bootstrapping clustered data", Journal of the Royal
Statistical Society B 69(3), 2007 (their "cluster bootstrap"); intervals are percentiles of the draws.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluation.errors import InvalidScores

REPEATS = 1000
BLOCK = 250  # draws at a time: bounds memory to a few MB


@dataclass(frozen=True, slots=True)
class Interval:
    """Holds a mean and the percentile interval around it; all NaN where no query has the figure."""

    mean: float
    low: float
    high: float


def compute_class_means(values: ArrayLike, classes: ArrayLike) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Returns sorted class names [c] and the mean of `values` [n] over each class; NaN values are left out."""
    names, sums, counts = _sum_by_cluster(values, np.zeros(np.shape(classes), dtype=np.int64), classes)
    return names, _divide_known(sums[0], counts[0])


def macro_mean(values: ArrayLike, classes: ArrayLike) -> float:
    """Returns the mean of the class means, every class weighing the same; NaN where no class has a figure."""
    return float(mean_of_known(compute_class_means(values, classes)[1]))


def bootstrap_class_means(
    values: ArrayLike, clusters: ArrayLike, classes: ArrayLike, repeats: int = REPEATS, seed: int = 0
) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Returns class names [c] and their means [repeats, c] under the cluster bootstrap.

    `values` [n] float64 (NaN: left out), `clusters` [n] and `classes` [n] names. A class that a draw has no query of
    is NaN there. For a paired comparison of two models give the differences per query as values. Equal seeds and
    clusters draw equal samples, whatever the values. Raises InvalidScores for arrays of different lengths or none.
    """
    names, sums, counts = _sum_by_cluster(values, clusters, classes)
    rng = np.random.default_rng(seed)
    number = len(sums)
    means = np.empty((repeats, len(names)))
    for start in range(0, repeats, BLOCK):
        size = min(BLOCK, repeats - start)
        drawn = rng.multinomial(number, np.full(number, 1 / number), size=size).astype(np.float64)
        means[start : start + size] = _divide_known(drawn @ sums, drawn @ counts)
    return names, means


def bootstrap_macro_means(
    values: ArrayLike, clusters: ArrayLike, classes: ArrayLike, repeats: int = REPEATS, seed: int = 0
) -> NDArray[np.float64]:
    """Returns macro means [repeats] under the cluster bootstrap; see `bootstrap_class_means`."""
    return mean_of_known(bootstrap_class_means(values, clusters, classes, repeats, seed)[1])


def percentile_interval(mean: float, draws: NDArray[np.float64], level: float = 0.95) -> Interval:
    """Returns the percentile interval of draws [repeats] around `mean`; draws that are NaN are left out."""
    known = draws[np.isfinite(draws)]
    if not len(known):
        return Interval(mean, np.nan, np.nan)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(mean, float(low), float(high))


def _sum_by_cluster(
    values: ArrayLike, clusters: ArrayLike, classes: ArrayLike
) -> tuple[NDArray[np.str_], NDArray[np.float64], NDArray[np.float64]]:
    """Returns class names [c], sums and counts of values [clusters, c]; clusters without a figure count, too."""
    column = np.asarray(values, dtype=np.float64)
    if not column.shape == np.shape(clusters) == np.shape(classes) or column.ndim != 1 or not len(column):
        raise InvalidScores("values, clusters and classes have to be lists of one length, and not empty")
    names, class_of = np.unique(np.asarray(classes, dtype=np.str_), return_inverse=True)
    cluster_names, cluster_of = np.unique(np.asarray(clusters), return_inverse=True)
    known = np.isfinite(column)
    sums, counts = np.zeros((2, len(cluster_names), len(names)))
    np.add.at(sums, (cluster_of[known], class_of[known]), column[known])
    np.add.at(counts, (cluster_of[known], class_of[known]), 1)
    return names, sums, counts


def _divide_known(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return ratio


def mean_of_known(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the mean along the last axis over what is known there, NaN where nothing is."""
    known = np.isfinite(means)
    return _divide_known(np.where(known, means, 0).sum(axis=-1), known.sum(axis=-1).astype(np.float64))
