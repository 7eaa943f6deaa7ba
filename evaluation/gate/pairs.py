"""Pairs two files of scores: the same queries, the same data, the same k, or no comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.errors import InvalidScores
from evaluation.gate.rules import MAIN
from evaluation.gate.statistics import Floats
from evaluation.scores import Scores

FEW = 0.05  # share of queries that a candidate may be unable to answer; more of them is another set of queries


@dataclass(frozen=True, slots=True)
class PairedFigures:
    """Holds both models' figures for the same queries [q], by metric; NaN where a query has none."""

    classes: Sequence[str]
    clusters: Sequence[str]
    baseline: Mapping[str, Floats]
    candidate: Mapping[str, Floats]


def pair_scores(baseline: Scores, candidate: Scores) -> PairedFigures:
    """Returns both models' figures in the order of the baseline's queries; raises InvalidScores where they do not
    belong.

    A query whose photo the candidate cannot embed counts as answered wrongly; one that only the candidate can embed
    is left out.
    """
    if (baseline.data, baseline.k) != (candidate.data, candidate.k):
        raise InvalidScores(
            f"{baseline.model} was measured on {baseline.data} at {baseline.k} and {candidate.model} on "
            f"{candidate.data} at {candidate.k}: measure both on the same data"
        )
    if MAIN not in baseline.values or MAIN not in candidate.values:
        raise InvalidScores(f"scores without '{MAIN}' cannot be judged")
    place = {name: number for number, name in enumerate(candidate.ids)}
    order = np.array([place.get(name, -1) for name in baseline.ids], dtype=np.int64)
    twice = len(set(baseline.ids)) < len(baseline.ids) or len(place) < len(candidate.ids)
    if twice or not len(order) or (order < 0).mean() > FEW:
        raise InvalidScores(f"{baseline.model} and {candidate.model} were not asked the same queries, once each")
    both = order >= 0
    labels = ((baseline.classes, candidate.classes), (baseline.clusters, candidate.clusters))
    if any((before[both] != after[order[both]]).any() for before, after in labels):
        raise InvalidScores(f"{baseline.model} and {candidate.model} were measured under other labels")
    values = {name: _reorder(name, column, order) for name, column in candidate.values.items()}
    return PairedFigures(baseline.classes.tolist(), baseline.clusters.tolist(), baseline.values, values)


def _reorder(name: str, column: Floats, order: np.ndarray) -> Floats:
    return np.where(order < 0, 0.0 if name == MAIN else np.nan, column[order])
