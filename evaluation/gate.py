"""The gate: is a candidate as good as what serves now, in every class? A paired bootstrap clustered by group."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from catalog.errors import InvalidInput
from evaluation.bootstrap import clustered_class_means
from evaluation.gate_pairs import paired
from evaluation.gate_proof import Floats, holm, p_of_loss
from evaluation.gate_reasons import class_reasons, macro_reasons, notes_of
from evaluation.scores import Scores
from evaluation.verdict import MAIN, RULES, WITHIN, ClassVerdict, MacroVerdict, Pairs, Rules, State, Verdict

REPEATS = 4000  # so that a p of .05 among a hundred classes can still be told
TOLERANCE = 1e-9  # a difference of exactly the limit is one, whatever the rounding


def judge(
    baseline: Scores,
    candidate: Scores,
    accepted: Iterable[str] = (),
    seed: int = 7,
    repeats: int = REPEATS,
    rules: Rules = RULES,
) -> Verdict:
    """`judge_pairs` on two measurements of the same queries; raises InvalidScores where they are not."""
    return judge_pairs(paired(baseline, candidate), accepted, seed, repeats, rules)


def judge_pairs(
    pairs: Pairs, accepted: Iterable[str] = (), seed: int = 7, repeats: int = REPEATS, rules: Rules = RULES
) -> Verdict:
    """The verdict on `pairs`; `accepted` names unproven classes that somebody vouches for.

    Raises InvalidInput when there is nothing to judge or an accepted class is not an unproven one.
    """
    names, means = _resampled(pairs, MAIN, repeats, seed)
    classes = _classes(pairs, names, means, rules)
    vouched = set(accepted)
    unproven = {one.name for one in classes if one.state == "unproven"}
    if wrong := sorted(vouched - unproven):
        which = ", ".join(sorted(unproven)) or "and there is none"
        raise InvalidInput(f"{', '.join(wrong)} cannot be accepted: only unproven classes can, {which}")
    classes = [replace(one, state="accepted") if one.name in vouched else one for one in classes]
    proven = [number for number, one in enumerate(classes) if one.holm_p is not None] or list(range(len(classes)))
    macro = _macro(pairs, MAIN, means, proven, rules)
    within = _within(pairs, [names[n] for n in proven], rules, seed, repeats)
    reasons = [*class_reasons(classes, rules), *macro_reasons(macro, within, rules)]
    notes = notes_of(classes, macro, rules)
    return Verdict(not reasons, reasons, notes, classes, macro, within, seed, repeats, rules)


def _resampled(pairs: Pairs, metric: str, repeats: int, seed: int) -> tuple[list[str], Floats]:
    difference = pairs.candidate[metric] - pairs.baseline[metric]
    if not np.isfinite(difference).any():
        raise InvalidInput(f"there is no query with a figure of '{metric}': nothing can be judged")
    names, means = clustered_class_means(difference, pairs.clusters, pairs.classes, repeats, seed)
    return [str(name) for name in names], means


def _classes(pairs: Pairs, names: Sequence[str], means: Floats, rules: Rules) -> list[ClassVerdict]:
    p_values, of_class = p_of_loss(means), np.asarray(pairs.classes)
    clusters, before, after = np.asarray(pairs.clusters), pairs.baseline[MAIN], pairs.candidate[MAIN]
    there = np.isfinite(before) & np.isfinite(after)
    rows = [there & (of_class == name) for name in names]
    sizes = [(int(row.sum()), len(set(clusters[row].tolist()))) for row in rows]
    proven = [
        n for n, (many, groups) in enumerate(sizes) if many >= rules.min_queries and groups >= rules.min_clusters
    ]
    corrected = dict(zip(proven, holm(p_values[proven]), strict=True))
    found = []
    for n, (row, (many, groups)) in enumerate(zip(rows, sizes, strict=True)):
        old, new = (float(values[row].mean()) if many else float("nan") for values in (before, after))
        p, holm_p = float(p_values[n]), float(corrected[n]) if n in corrected else None
        state = _state(new - old, p, holm_p, rules)
        found.append(ClassVerdict(names[n], many, groups, old, new, new - old, p, holm_p, state))
    return found


def _state(difference: float, p: float, holm_p: float | None, rules: Rules) -> State:
    if holm_p is None:
        return "unproven"
    small = difference <= -rules.loss + TOLERANCE and holm_p < rules.alpha
    big = difference <= -rules.big_loss + TOLERANCE and p < rules.alpha
    return "failed" if small or big else "ok"


def _macro(pairs: Pairs, metric: str, means: Floats, columns: Sequence[int], rules: Rules) -> MacroVerdict:
    """Over the classes `columns`: those with enough queries, or all where none has."""
    chosen = means[:, columns]
    resampled = np.nanmean(chosen[np.isfinite(chosen).any(axis=1)], axis=1)
    lower, upper = np.quantile(resampled, [1 - rules.confidence, rules.confidence])
    names = np.unique(np.asarray(pairs.classes))[list(columns)]
    before, after = (_macro_mean(pairs, metric, values, names) for values in (pairs.baseline, pairs.candidate))
    p = float(p_of_loss(resampled[:, None])[0])
    state: State = "failed" if lower < -rules.macro_margin else "ok"
    return MacroVerdict(metric, before, after, after - before, float(lower), float(upper), p, state)


def _macro_mean(pairs: Pairs, metric: str, values: Mapping[str, Floats], names: Iterable[str]) -> float:
    there = np.isfinite(pairs.baseline[metric]) & np.isfinite(pairs.candidate[metric])
    of_class = np.asarray(pairs.classes)
    rows = [there & (of_class == name) for name in names]
    return float(np.mean([values[metric][row].mean() for row in rows if row.any()]))


def _within(pairs: Pairs, names: Sequence[str], rules: Rules, seed: int, repeats: int) -> list[MacroVerdict]:
    """Every within-class figure that both have: a drop that is significant and larger than the limit fails."""
    found = []
    for metric in sorted(name for name in pairs.candidate if name.startswith(WITHIN) and name in pairs.baseline):
        if np.isfinite(pairs.candidate[metric] - pairs.baseline[metric]).any():
            found_names, means = _resampled(pairs, metric, repeats, seed)
            chosen = [n for n, name in enumerate(found_names) if name in names and np.isfinite(means[:, n]).any()]
            found.append(_macro(pairs, metric, means, chosen or range(len(found_names)), rules))
    corrected = holm([one.p for one in found])
    return [
        replace(one, p=float(p), state="failed" if one.difference < -rules.within_loss and p < rules.alpha else "ok")
        for one, p in zip(found, corrected, strict=True)
    ]
