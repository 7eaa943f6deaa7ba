"""Judges each class: how much of it was asked, what it lost, and whether that is more than chance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from catalog.errors import InvalidInput
from evaluation.gate.pairs import PairedFigures
from evaluation.gate.rules import MAIN, ClassVerdict, Rules, State
from evaluation.gate.statistics import Floats, compute_loss_p, holm

TOLERANCE = 1e-9  # of a difference that is exactly a limit, whatever the rounding


@dataclass(frozen=True, slots=True)
class ClassCount:
    """Holds the queries [q] of a class as a mask, and of how many clusters they are."""

    rows: NDArray[np.bool_]
    clusters: int

    @property
    def queries(self) -> int:
        return int(self.rows.sum())

    def proves(self, rules: Rules) -> bool:
        return self.queries >= rules.min_queries and self.clusters >= rules.min_clusters


def count_classes(pairs: PairedFigures) -> dict[str, ClassCount]:
    """Returns by class name the queries of which both have a figure."""
    of_class, clusters = np.asarray(pairs.classes), np.asarray(pairs.clusters)
    there = np.isfinite(pairs.baseline[MAIN]) & np.isfinite(pairs.candidate[MAIN])
    rows = {str(name): there & (of_class == name) for name in np.unique(of_class)}
    return {name: ClassCount(mask, len(set(clusters[mask].tolist()))) for name, mask in rows.items()}


def judge_classes(
    pairs: PairedFigures, names: Sequence[str], means: Floats, counts: Mapping[str, ClassCount], rules: Rules
) -> list[ClassVerdict]:
    """Returns the verdicts on `names`, whose resampled differences are the columns of `means` [repeats, classes]."""
    p_values, before, after = compute_loss_p(means), pairs.baseline[MAIN], pairs.candidate[MAIN]
    proven = [n for n, name in enumerate(names) if counts[name].proves(rules)]
    corrected = dict(zip(proven, holm(p_values[proven]), strict=True))
    found = []
    for n, name in enumerate(names):
        one = counts[name]
        old, new = (float(values[one.rows].mean()) if one.queries else float("nan") for values in (before, after))
        p, holm_p = float(p_values[n]), float(corrected[n]) if n in corrected else None
        state = _find_state(new - old, p, holm_p, rules)
        found.append(ClassVerdict(name, one.queries, one.clusters, old, new, new - old, p, holm_p, state))
    return found


def _find_state(difference: float, p: float, holm_p: float | None, rules: Rules) -> State:
    if holm_p is None:
        return "unproven"
    small = difference <= -rules.loss + TOLERANCE and holm_p < rules.alpha
    big = difference <= -rules.big_loss + TOLERANCE and p < rules.alpha
    return "failed" if small or big else "ok"


def accept_classes(classes: Iterable[ClassVerdict], accepted: Iterable[str]) -> list[ClassVerdict]:
    """Marks the classes `accepted` as accepted; raises InvalidInput for one that is not unproven."""
    given, wanted = list(classes), set(accepted)
    unproven = {one.name for one in given if one.state == "unproven"}
    if wrong := sorted(wanted - unproven):
        which = ", ".join(sorted(unproven)) or "and there is none"
        raise InvalidInput(f"{', '.join(wrong)} cannot be accepted: only unproven classes can, {which}")
    return [replace(one, state="accepted") if one.name in wanted else one for one in given]
