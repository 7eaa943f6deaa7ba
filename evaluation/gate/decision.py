"""Decides whether a candidate is as good as what serves now, in every class: a paired bootstrap by group."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from catalog.errors import InvalidInput
from evaluation.bootstrap import bootstrap_class_means
from evaluation.gate.classes import TOLERANCE, accept_classes, count_classes, judge_classes
from evaluation.gate.pairs import PairedFigures, pair_scores
from evaluation.gate.reasons import explain_classes, explain_macro, write_notes
from evaluation.gate.rules import MAIN, RULES, WITHIN, GateVerdict, MacroVerdict, Rules, State
from evaluation.gate.statistics import Floats, compute_loss_p, count_draws, holm
from evaluation.scores import Scores

REPEATS = 4000  # draws; more where the classes are so many that Holm's correction could find nothing with these


def judge(
    baseline: Scores,
    candidate: Scores,
    accepted: Iterable[str] = (),
    seed: int = 7,
    repeats: int = REPEATS,
    rules: Rules = RULES,
) -> GateVerdict:
    """Judges two measurements of the same queries by `judge_pairs`; raises InvalidScores where they are not."""
    return judge_pairs(pair_scores(baseline, candidate), accepted, seed, repeats, rules)


def judge_pairs(
    pairs: PairedFigures, accepted: Iterable[str] = (), seed: int = 7, repeats: int = REPEATS, rules: Rules = RULES
) -> GateVerdict:
    """Returns the verdict on `pairs`; `accepted` names unproven classes that somebody vouches for.

    `repeats` are raised to what the number of classes needs; the verdict says how many were drawn. Raises
    InvalidInput when there is nothing to judge or an accepted class is not an unproven one.
    """
    counts, metrics = count_classes(pairs), _find_within_metrics(pairs)
    proving = sum(one.proves(rules) for one in counts.values())
    repeats = max(repeats, count_draws(max(proving, len(metrics)), rules.alpha))
    names, means = _resample(pairs, MAIN, repeats, seed)
    classes = accept_classes(judge_classes(pairs, names, means, counts, rules), accepted)
    proven = [number for number, one in enumerate(classes) if one.holm_p is not None] or list(range(len(classes)))
    macro = _judge_macro(pairs, MAIN, means, proven, rules)
    within = _judge_within(pairs, metrics, [names[n] for n in proven], rules, seed, repeats)
    reasons = [*explain_classes(classes, rules), *explain_macro(macro, within, rules)]
    notes = write_notes(classes, macro, rules)
    return GateVerdict(not reasons, reasons, notes, classes, macro, within, seed, repeats, rules)


def _resample(pairs: PairedFigures, metric: str, repeats: int, seed: int) -> tuple[list[str], Floats]:
    difference = pairs.candidate[metric] - pairs.baseline[metric]
    if not np.isfinite(difference).any():
        raise InvalidInput(f"there is no query with a figure of '{metric}': nothing can be judged")
    names, means = bootstrap_class_means(difference, pairs.clusters, pairs.classes, repeats, seed)
    return [str(name) for name in names], means


def _judge_macro(
    pairs: PairedFigures, metric: str, means: Floats, columns: Sequence[int], rules: Rules
) -> MacroVerdict:
    """Judges the macro average over the classes `columns`: those with enough queries, or all where none has."""
    chosen = means[:, columns]
    resampled = np.nanmean(chosen[np.isfinite(chosen).any(axis=1)], axis=1)
    lower, upper = np.quantile(resampled, [1 - rules.confidence, rules.confidence])
    names = np.unique(np.asarray(pairs.classes))[list(columns)]
    before, after = (
        _compute_macro_mean(pairs, metric, values, names) for values in (pairs.baseline, pairs.candidate)
    )
    p = float(compute_loss_p(resampled[:, None])[0])
    state: State = "failed" if lower < -rules.macro_margin - TOLERANCE else "ok"
    return MacroVerdict(metric, before, after, after - before, float(lower), float(upper), p, state)


def _compute_macro_mean(
    pairs: PairedFigures, metric: str, values: Mapping[str, Floats], names: Iterable[str]
) -> float:
    there = np.isfinite(pairs.baseline[metric]) & np.isfinite(pairs.candidate[metric])
    of_class = np.asarray(pairs.classes)
    rows = [there & (of_class == name) for name in names]
    return float(np.mean([values[metric][row].mean() for row in rows if row.any()]))


def _find_within_metrics(pairs: PairedFigures) -> list[str]:
    """Returns the within-class figures that both have for some query."""
    both = sorted(name for name in pairs.candidate if name.startswith(WITHIN) and name in pairs.baseline)
    return [name for name in both if np.isfinite(pairs.candidate[name] - pairs.baseline[name]).any()]


def _judge_within(
    pairs: PairedFigures, metrics: Sequence[str], names: Sequence[str], rules: Rules, seed: int, repeats: int
) -> list[MacroVerdict]:
    """Judges within-class figures: a drop that is significant and larger than the limit fails."""
    found = []
    for metric in metrics:
        found_names, means = _resample(pairs, metric, repeats, seed)
        chosen = [n for n, name in enumerate(found_names) if name in names and np.isfinite(means[:, n]).any()]
        found.append(_judge_macro(pairs, metric, means, chosen or range(len(found_names)), rules))
    corrected = holm([one.p for one in found])
    return [
        replace(one, p=float(p), state="failed" if _is_drop(one, float(p), rules) else "ok")
        for one, p in zip(found, corrected, strict=True)
    ]


def _is_drop(one: MacroVerdict, p: float, rules: Rules) -> bool:
    return one.difference < -rules.within_loss - TOLERANCE and p < rules.alpha
