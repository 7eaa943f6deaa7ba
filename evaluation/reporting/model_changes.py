"""Computes what changed between two models, query by query, and in the macro figures with paired intervals."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.plain_text import escape_cell
from evaluation.bootstrap import (
    Interval,
    bootstrap_class_means,
    bootstrap_macro_means,
    macro_mean,
    mean_of_known,
    percentile_interval,
)
from evaluation.errors import InvalidScores
from evaluation.scores import Scores

HIDDEN = ("chance_", "best_")


@dataclass(frozen=True, slots=True)
class ScoreComparison:
    """Holds two models' scores of the same queries in the same order."""

    before: Scores
    after: Scores

    @property
    def keys(self) -> list[str]:
        """Figures that both have, the main one first."""
        both = [key for key in self.before.values if key in self.after.values and not key.startswith(HIDDEN)]
        return sorted(both, key=lambda key: (not key.startswith("precision"), key))

    def difference(self, key: str) -> NDArray[np.float64]:
        return self.after.values[key] - self.before.values[key]


def compare_scores(before: Scores, after: Scores) -> ScoreComparison:
    """Returns the queries that both have; raises InvalidScores for other data, another k, or nothing in common."""
    if before.data != after.data or before.k != after.k:
        raise InvalidScores(
            f"{before.model} was measured on data {before.data} at k = {before.k}, {after.model} on {after.data} at "
            f"k = {after.k}: measure both on the same"
        )
    shared = set(before.ids) & set(after.ids)
    if not shared:
        raise InvalidScores("the two files have no query in common")
    return ScoreComparison(_select_queries(before, shared), _select_queries(after, shared))


def _select_queries(scores: Scores, ids: set[str]) -> Scores:
    rows = sorted((name, row) for row, name in enumerate(scores.ids) if name in ids)
    order = np.array([row for _, row in rows])
    return replace(
        scores,
        ids=tuple(name for name, _ in rows),
        classes=scores.classes[order],
        clusters=scores.clusters[order],
        values={key: column[order] for key, column in scores.values.items()},
        hits=tuple(scores.hits[row] for row in order) if scores.hits else (),
    )


def compute_macro_changes(pair: ScoreComparison, repeats: int = 1000) -> list[dict[str, Any]]:
    """Returns per figure the macro means of both and the paired, clustered 95 % interval of their difference."""
    found = []
    for key in pair.keys:
        rows = pair.difference(key), pair.after.clusters, pair.after.classes
        change = percentile_interval(macro_mean(rows[0], rows[2]), bootstrap_macro_means(*rows, repeats))
        means = [macro_mean(scores.values[key], scores.classes) for scores in (pair.before, pair.after)]
        if np.isfinite(change.mean):
            found.append({"name": key, "before": means[0], "after": means[1], "change": change})
    return found


def compute_class_changes(pair: ScoreComparison, key: str = "precision", repeats: int = 1000) -> list[dict[str, Any]]:
    """Returns per class what `compute_macro_changes` gives per figure, the largest loss first."""
    rows = pair.difference(key), pair.after.clusters, pair.after.classes
    names, draws = bootstrap_class_means(*rows, repeats)
    found = []
    for column, name in enumerate(names):
        of = pair.after.classes == name
        before, after = (float(mean_of_known(scores.values[key][of])) for scores in (pair.before, pair.after))
        change: Interval = percentile_interval(float(mean_of_known(rows[0][of])), draws[:, column])
        found.append(
            {"name": str(name), "queries": int(of.sum()), "before": before, "after": after, "change": change}
        )
    return sorted(found, key=lambda one: one["change"].mean)


def find_worst(scores: Scores, count: int, key: str = "precision") -> list[int]:
    """Returns the rows with the least figure, at most a third of `count` from one class; ties by average precision,
    then id."""
    second = scores.values.get("ap", scores.values[key])
    order = sorted(
        _find_known(scores.values[key]), key=lambda row: (scores.values[key][row], second[row], scores.ids[row])
    )
    return _limit_per_class(scores, order, count)


def find_largest(pair: ScoreComparison, count: int, sign: int, key: str = "precision") -> list[int]:
    """Returns the rows that lost (sign -1) or gained (1) most; only those that changed."""
    change = pair.difference(key) * sign
    order = sorted(
        (row for row in _find_known(change) if change[row] > 0), key=lambda row: (-change[row], pair.after.ids[row])
    )
    return _limit_per_class(pair.after, order, count)


def _find_known(values: NDArray[np.float64]) -> list[int]:
    return [int(row) for row in np.flatnonzero(np.isfinite(values))]


def _limit_per_class(scores: Scores, order: Sequence[int], count: int) -> list[int]:
    """Returns the first `count` of `order`, no class more than a third of them."""
    taken: list[int] = []
    seen: dict[str, int] = {}
    for row in order:
        name = str(scores.classes[row])
        if seen.get(name, 0) < max(1, count // 3):
            taken.append(row)
            seen[name] = seen.get(name, 0) + 1
        if len(taken) == count:
            break
    return taken


def write_csv(pair: ScoreComparison, path: Path) -> None:
    """Writes one line per query, the largest loss of precision first: figures of both models and their hits."""
    change = pair.difference("precision")
    order = sorted(range(len(change)), key=lambda row: (np.nan_to_num(change[row], nan=9), pair.after.ids[row]))
    columns = [f"{key}_{side}" for key in pair.keys for side in ("before", "after", "change")]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["id", "class", "cluster", *columns, "hits_before", "hits_after"])
        for row in order:
            table.writerow(map(escape_cell, _make_line(pair, row)))


def _make_line(pair: ScoreComparison, row: int) -> list[str]:
    cells = []
    for key in pair.keys:
        numbers = pair.before.values[key][row], pair.after.values[key][row], pair.difference(key)[row]
        cells += ["" if np.isnan(number) else f"{number:.4f}" for number in numbers]
    hits = [" ".join(scores.hits[row]) if scores.hits else "" for scores in (pair.before, pair.after)]
    return [pair.after.ids[row], str(pair.after.classes[row]), str(pair.after.clusters[row]), *cells, *hits]
