"""The gate: is a candidate as good as what serves now, in every class? A paired bootstrap clustered by group."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from catalog.errors import InvalidInput
from evaluation.bootstrap import clustered_class_means
from evaluation.gate.classes import TOLERANCE, counted, judged, vouched
from evaluation.gate.pairs import paired
from evaluation.gate.reasons import class_reasons, macro_reasons, notes_of
from evaluation.gate.rules import MAIN, RULES, WITHIN, MacroVerdict, Pairs, Rules, State, Verdict
from evaluation.gate.statistics import Floats, draws_for, holm, p_of_loss
from evaluation.scores import Scores

REPEATS = 4000  # draws; more where the classes are so many that Holm's correction could find nothing with these


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

    `repeats` are raised to what the number of classes needs; the verdict says how many were drawn. Raises
    InvalidInput when there is nothing to judge or an accepted class is not an unproven one.
    """
    counts, metrics = counted(pairs), _within_metrics(pairs)
    proving = sum(one.proves(rules) for one in counts.values())
    repeats = max(repeats, draws_for(max(proving, len(metrics)), rules.alpha))
    names, means = _resampled(pairs, MAIN, repeats, seed)
    classes = vouched(judged(pairs, names, means, counts, rules), accepted)
    proven = [number for number, one in enumerate(classes) if one.holm_p is not None] or list(range(len(classes)))
    macro = _macro(pairs, MAIN, means, proven, rules)
    within = _within(pairs, metrics, [names[n] for n in proven], rules, seed, repeats)
    reasons = [*class_reasons(classes, rules), *macro_reasons(macro, within, rules)]
    notes = notes_of(classes, macro, rules)
    return Verdict(not reasons, reasons, notes, classes, macro, within, seed, repeats, rules)


def _resampled(pairs: Pairs, metric: str, repeats: int, seed: int) -> tuple[list[str], Floats]:
    difference = pairs.candidate[metric] - pairs.baseline[metric]
    if not np.isfinite(difference).any():
        raise InvalidInput(f"there is no query with a figure of '{metric}': nothing can be judged")
    names, means = clustered_class_means(difference, pairs.clusters, pairs.classes, repeats, seed)
    return [str(name) for name in names], means


def _macro(pairs: Pairs, metric: str, means: Floats, columns: Sequence[int], rules: Rules) -> MacroVerdict:
    """Over the classes `columns`: those with enough queries, or all where none has."""
    chosen = means[:, columns]
    resampled = np.nanmean(chosen[np.isfinite(chosen).any(axis=1)], axis=1)
    lower, upper = np.quantile(resampled, [1 - rules.confidence, rules.confidence])
    names = np.unique(np.asarray(pairs.classes))[list(columns)]
    before, after = (_macro_mean(pairs, metric, values, names) for values in (pairs.baseline, pairs.candidate))
    p = float(p_of_loss(resampled[:, None])[0])
    state: State = "failed" if lower < -rules.macro_margin - TOLERANCE else "ok"
    return MacroVerdict(metric, before, after, after - before, float(lower), float(upper), p, state)


def _macro_mean(pairs: Pairs, metric: str, values: Mapping[str, Floats], names: Iterable[str]) -> float:
    there = np.isfinite(pairs.baseline[metric]) & np.isfinite(pairs.candidate[metric])
    of_class = np.asarray(pairs.classes)
    rows = [there & (of_class == name) for name in names]
    return float(np.mean([values[metric][row].mean() for row in rows if row.any()]))


def _within_metrics(pairs: Pairs) -> list[str]:
    """The within-class figures that both have for some query."""
    both = sorted(name for name in pairs.candidate if name.startswith(WITHIN) and name in pairs.baseline)
    return [name for name in both if np.isfinite(pairs.candidate[name] - pairs.baseline[name]).any()]


def _within(
    pairs: Pairs, metrics: Sequence[str], names: Sequence[str], rules: Rules, seed: int, repeats: int
) -> list[MacroVerdict]:
    """A drop of a figure that is significant and larger than the limit fails."""
    found = []
    for metric in metrics:
        found_names, means = _resampled(pairs, metric, repeats, seed)
        chosen = [n for n, name in enumerate(found_names) if name in names and np.isfinite(means[:, n]).any()]
        found.append(_macro(pairs, metric, means, chosen or range(len(found_names)), rules))
    corrected = holm([one.p for one in found])
    return [
        replace(one, p=float(p), state="failed" if _dropped(one, float(p), rules) else "ok")
        for one, p in zip(found, corrected, strict=True)
    ]


def _dropped(one: MacroVerdict, p: float, rules: Rules) -> bool:
    return one.difference < -rules.within_loss - TOLERANCE and p < rules.alpha
