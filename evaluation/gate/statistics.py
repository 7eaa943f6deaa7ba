"""Tests what a bootstrap of differences proves: one-sided p values, and Holm's correction for several of them."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
EQUAL = 1e-12  # differences of sums that are equal up to rounding
MARGIN = 0.2  # share of alpha that the smallest p may reach once it is corrected


def compute_loss_p(resampled: Floats) -> Floats:
    """Returns the one-sided p per column of `resampled` differences [repeats, c]: the share in which nothing was
    lost.

    Resamples in which a class did not occur say nothing about it and are left out (NaN). At least
    1 / (those that are left + 1), and 1 where nothing differs.
    """
    known = np.isfinite(resampled)
    kept = known & (resampled >= -EQUAL)
    return np.asarray((1 + kept.sum(axis=0)) / (1 + known.sum(axis=0)))


def count_draws(family: int, alpha: float) -> int:
    """Returns the least number of resamples with which Holm's correction of `family` p values can find something.

    No p is below 1 / (draws + 1), and the correction multiplies the smallest by `family`: with these draws that
    product is at most MARGIN of `alpha`.
    """
    return math.ceil(family / (MARGIN * alpha))


def holm(p_values: ArrayLike) -> Floats:
    """Returns p values [m] corrected for there being m of them. Source: Holm 1979."""
    given = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    steps = given[order] * (len(given) - np.arange(len(given)))
    corrected = np.empty_like(given)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected
