"""Metrics of one ranked answer, as pure functions of what is relevant in it.

`gains` [r] float64 in rank order, 0 for an irrelevant hit; `ideal` are the gains of all candidates, best first. All
give NaN where there is nothing relevant to find. Sources: Manning, Raghavan, Schuetze, "Introduction to Information
Retrieval", chapter 8 (precision at k, average precision); Jarvelin and Kekalainen 2002 (nDCG, discount log2(rank+1)).
"""

import numpy as np
from numpy.typing import NDArray

Gains = NDArray[np.float64]


def precision(gains: Gains, relevant: int, candidates: int, k: int) -> float:
    """Returns the share of the k best that is relevant; of fewer candidates than k, the share of all of them."""
    if not relevant:
        return np.nan
    return float((gains[:k] > 0).sum() / min(k, candidates))


def best_precision(relevant: int, candidates: int, k: int) -> float:
    """Returns the largest precision at k that an answer can have."""
    return min(k, relevant) / min(k, candidates) if relevant else np.nan


def chance(relevant: int, candidates: int) -> float:
    """Returns the precision at any k that a random order has on average."""
    return relevant / candidates if relevant else np.nan


def recall(gains: Gains, relevant: int, k: int) -> float:
    """Returns the share of what can be found among k that is found: relevant hits / min(k, relevant)."""
    return float((gains[:k] > 0).sum() / min(k, relevant)) if relevant else np.nan


def chance_recall(relevant: int, candidates: int, k: int) -> float:
    """Returns the recall that a random order has on average."""
    return min(k, candidates) * relevant / candidates / min(k, relevant) if relevant else np.nan


def average_precision(gains: Gains, relevant: int, depth: int) -> float:
    """Returns the mean of the precisions at relevant ranks; ranks behind the end of `gains` count as missed.

    `depth` is how many hits were asked for: divided by what could have been among them, min(relevant, depth). An
    answer that is shorter than that, or empty, missed what it lacks.
    """
    if not relevant:
        return np.nan
    hit = gains[:depth] > 0
    at = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    return float(at[hit].sum() / min(relevant, depth))


def ndcg(gains: Gains, ideal: Gains, k: int) -> float:
    """Returns the discounted cumulative gain of the k best over that of the best possible order."""
    best = _dcg(ideal[:k])
    return _dcg(gains[:k]) / best if best > 0 else np.nan


def _dcg(gains: Gains) -> float:
    return float((gains / np.log2(np.arange(2, len(gains) + 2))).sum())
