"""The gate's verdict on each class: how much of it was asked, what it lost, and whether that is more than chance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from catalog.errors import InvalidInput
from evaluation.gate.rules import MAIN, ClassVerdict, Pairs, Rules, State
from evaluation.gate.statistics import Floats, holm, p_of_loss

TOLERANCE = 1e-9  # of a difference that is exactly a limit, whatever the rounding


@dataclass(frozen=True, slots=True)
class Count:
    """Queries [q] of a class as a mask, and of how many clusters they are."""

    rows: NDArray[np.bool_]
    clusters: int

    @property
    def queries(self) -> int:
        return int(self.rows.sum())

    def proves(self, rules: Rules) -> bool:
        return self.queries >= rules.min_queries and self.clusters >= rules.min_clusters


def counted(pairs: Pairs) -> dict[str, Count]:
    """Per class, by name, the queries of which both have a figure."""
    of_class, clusters = np.asarray(pairs.classes), np.asarray(pairs.clusters)
    there = np.isfinite(pairs.baseline[MAIN]) & np.isfinite(pairs.candidate[MAIN])
    rows = {str(name): there & (of_class == name) for name in np.unique(of_class)}
    return {name: Count(mask, len(set(clusters[mask].tolist()))) for name, mask in rows.items()}


def judged(
    pairs: Pairs, names: Sequence[str], means: Floats, counts: Mapping[str, Count], rules: Rules
) -> list[ClassVerdict]:
    """Per class of `names`, whose resampled differences are the columns of `means` [repeats, classes]."""
    p_values, before, after = p_of_loss(means), pairs.baseline[MAIN], pairs.candidate[MAIN]
    proven = [n for n, name in enumerate(names) if counts[name].proves(rules)]
    corrected = dict(zip(proven, holm(p_values[proven]), strict=True))
    found = []
    for n, name in enumerate(names):
        one = counts[name]
        old, new = (float(values[one.rows].mean()) if one.queries else float("nan") for values in (before, after))
        p, holm_p = float(p_values[n]), float(corrected[n]) if n in corrected else None
        state = _state(new - old, p, holm_p, rules)
        found.append(ClassVerdict(name, one.queries, one.clusters, old, new, new - old, p, holm_p, state))
    return found


def _state(difference: float, p: float, holm_p: float | None, rules: Rules) -> State:
    if holm_p is None:
        return "unproven"
    small = difference <= -rules.loss + TOLERANCE and holm_p < rules.alpha
    big = difference <= -rules.big_loss + TOLERANCE and p < rules.alpha
    return "failed" if small or big else "ok"


def vouched(classes: Iterable[ClassVerdict], accepted: Iterable[str]) -> list[ClassVerdict]:
    """The same verdicts with the classes `accepted` as that; raises InvalidInput for one that is not unproven."""
    given, wanted = list(classes), set(accepted)
    unproven = {one.name for one in given if one.state == "unproven"}
    if wrong := sorted(wanted - unproven):
        which = ", ".join(sorted(unproven)) or "and there is none"
        raise InvalidInput(f"{', '.join(wrong)} cannot be accepted: only unproven classes can, {which}")
    return [replace(one, state="accepted") if one.name in wanted else one for one in given]
