"""Two files of scores side by side: the same queries, the same data, the same k, or no comparison."""

from collections.abc import Mapping

import numpy as np

from evaluation.errors import InvalidScores
from evaluation.gate_proof import Floats
from evaluation.scores import Scores
from evaluation.verdict import MAIN, Pairs


def paired(baseline: Scores, candidate: Scores) -> Pairs:
    """Both models' figures in the order of the baseline's queries; raises InvalidScores where they do not belong."""
    if (baseline.data, baseline.k) != (candidate.data, candidate.k):
        raise InvalidScores(
            f"{baseline.model} was measured on {baseline.data} at {baseline.k} and {candidate.model} on "
            f"{candidate.data} at {candidate.k}: measure both on the same data"
        )
    if sorted(baseline.ids) != sorted(candidate.ids) or len(set(baseline.ids)) < len(baseline.ids):
        raise InvalidScores(f"{baseline.model} and {candidate.model} were not asked the same queries, once each")
    if MAIN not in baseline.values or MAIN not in candidate.values:
        raise InvalidScores(f"scores without '{MAIN}' cannot be judged")
    place = {name: number for number, name in enumerate(candidate.ids)}
    order = np.array([place[name] for name in baseline.ids], dtype=np.int64)
    if any((baseline.classes != candidate.classes[order]) | (baseline.clusters != candidate.clusters[order])):
        raise InvalidScores(f"{baseline.model} and {candidate.model} were measured under other labels")
    return Pairs(
        baseline.classes.tolist(),
        baseline.clusters.tolist(),
        baseline.values,
        _ordered(candidate.values, order),
    )


def _ordered(values: Mapping[str, Floats], order: np.ndarray) -> dict[str, Floats]:
    return {name: column[order] for name, column in values.items()}
