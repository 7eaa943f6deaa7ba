"""What a bootstrap of differences proves: one-sided p values, and Holm's correction for there being several."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
EQUAL = 1e-12  # differences of sums that are equal up to rounding


def p_of_loss(resampled: Floats) -> Floats:
    """One-sided p per column of `resampled` differences [repeats, c]: the share in which nothing was lost.

    A resample in which a class did not occur proves no loss. At least 1 / (repeats + 1), and 1 where nothing differs.
    """
    not_lost = ~(resampled < -EQUAL)
    return np.asarray((1 + not_lost.sum(axis=0)) / (1 + len(resampled)))


def holm(p_values: ArrayLike) -> Floats:
    """p values [m] corrected for there being m of them. Source: Holm 1979."""
    given = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    steps = given[order] * (len(given) - np.arange(len(given)))
    corrected = np.empty_like(given)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected
