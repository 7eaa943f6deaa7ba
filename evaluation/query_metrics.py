"""Asks every query and turns the answers into figures per query.

Keys of `Scores.values`, all from 0 to 1:
- `precision`, `precision_1`: share of the k (1) best of the query's class; `ap`: average precision by class over
  the `depth` best, which is what the service can page to; `ap_full`: the same over all ranks, by numpy;
- `ndcg_category` (gain: share of the category's levels in common), `ndcg_color_family`, `ndcg_pattern`: nDCG@k;
- `within_color`, `within_pattern`, `within_color_pattern`: precision@k by that attribute among products of the
  query's own class, and of what lies in it, only, which a model that knows nothing but classes finds by chance;
  `within_group`: recall@k of the other pieces of its group, again inside the class. NaN where nothing or everything
  is relevant;
- `chance_<key>` and `best_<key>`: what a random and the best possible order would get of each `within_` key.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation import metrics
from evaluation.data.dataset import ATTRIBUTES, COLOR, PATTERN
from evaluation.data.label_table import GROUP, OVERALL, WITHIN, EvaluationQuery, LabelTable, Mask
from evaluation.rankers import NumpyRanker, Ranker, Ranking, rank_all

K, DEPTH = 10, 100
SHORT = {COLOR: "color", PATTERN: "pattern"}
Progress = Callable[[int, int], None]
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class QuerySelection:
    """Says which queries to ask (rows of the table), how, and how far to look."""

    queries: Sequence[int]
    model: str
    k: int = K
    depth: int = DEPTH
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Measurements:
    """Holds figures [queries] by key, the k best ids per query, and how often which plan answered."""

    values: dict[str, NDArray[np.float64]]
    hits: tuple[tuple[str, ...], ...]
    plans: dict[str, int]


def measure(
    table: LabelTable, ranker: Ranker, selection: QuerySelection, progress: Progress = lambda done, total: None
) -> Measurements:
    """Asks every query in its scopes; raises what the ranker raises, Unavailable above all."""
    rows: list[Figures] = [{} for _ in selection.queries]
    position = {query: number for number, query in enumerate(selection.queries)}
    hits: dict[int, tuple[str, ...]] = {}
    plans: dict[str, int] = {}
    questions = list(_make_queries(table, selection))
    for done, (question, ranked) in enumerate(rank_all(ranker, questions, selection.threads), 1):
        rows[position[question.query]] |= _compute_figures(table, question, ranked, selection.k)
        plans[ranked.strategy] = plans.get(ranked.strategy, 0) + 1
        if question.scope == OVERALL:
            hits[question.query] = ranked.ids[: selection.k]
        progress(done, len(questions))
    keys = sorted({key for row in rows for key in row})
    values = {key: np.array([row.get(key, np.nan) for row in rows], dtype=np.float64) for key in keys}
    return Measurements(values, tuple(hits.get(query, ()) for query in selection.queries), plans)


def measure_full_average_precision(
    table: LabelTable, reference: NumpyRanker, queries: Sequence[int]
) -> NDArray[np.float64]:
    """Returns average precision [queries] by class over every rank, which no service pages to."""
    found = []
    for query in queries:
        same, rows = table.same_class(query), reference.rank_rows(query, OVERALL)
        gains = same[rows].astype(np.float64)
        found.append(metrics.average_precision(gains, int(gains.sum()), len(gains)))
    return np.array(found, dtype=np.float64)


def _make_queries(table: LabelTable, selection: QuerySelection) -> Iterator[EvaluationQuery]:
    for query in selection.queries:
        for scope, limit in ((OVERALL, selection.depth), (WITHIN, selection.k), (GROUP, selection.k)):
            if scope == OVERALL or any(True for _ in _find_targets(table, query, scope)):
                yield table.make_query(query, scope, limit, selection.model)


def _find_targets(table: LabelTable, query: int, scope: str) -> Iterator[tuple[str, Mask, Mask]]:
    """Yields key, relevant items and candidates of what is asked within the class; nothing trivial."""
    candidates = table.select_candidates(query, scope)
    wanted: dict[str, Mask] = {}
    if scope == GROUP:
        wanted["group"] = table.same_group(query)
    else:
        labels = {key: mask for key in ATTRIBUTES if (mask := table.same_label(query, key)) is not None}
        wanted = {SHORT[key]: mask for key, mask in labels.items()}
        if len(labels) == len(ATTRIBUTES):
            wanted["color_pattern"] = np.logical_and.reduce(list(labels.values()))
    for name, mask in wanted.items():
        relevant = mask & candidates
        if 0 < relevant.sum() < candidates.sum():
            yield f"within_{name}", relevant, candidates


def _compute_figures(table: LabelTable, question: EvaluationQuery, ranked: Ranking, k: int) -> Figures:
    rows = np.array([table.row[name] for name in ranked.ids if name in table.row], dtype=np.int64)
    if question.scope == OVERALL:
        return _compute_overall(table, question.query, rows, k, question.request.page.limit)
    found: Figures = {}
    for key, relevant, candidates in _find_targets(table, question.query, question.scope):
        found |= _compute_within(
            key, relevant[rows].astype(np.float64), int(relevant.sum()), int(candidates.sum()), k
        )
    return found


def _compute_overall(table: LabelTable, query: int, rows: NDArray[np.int64], k: int, depth: int) -> Figures:
    candidates = table.select_candidates(query, OVERALL)
    total, same = int(candidates.sum()), table.same_class(query)
    gains, relevant = same[rows].astype(np.float64), int((same & candidates).sum())
    levels = table.shared_levels(query)
    found = {
        "precision": metrics.precision(gains, relevant, total, k),
        "precision_1": metrics.precision(gains, relevant, total, 1),
        "ap": metrics.average_precision(gains, relevant, depth),
        "ndcg_category": metrics.ndcg(levels[rows], _sort_ideal(levels[candidates], k), k),
    }
    for key in ATTRIBUTES:
        if (mask := table.same_label(query, key)) is not None:
            values = mask.astype(np.float64)
            found[f"ndcg_{key}"] = metrics.ndcg(values[rows], _sort_ideal(values[candidates], k), k)
    return found


def _sort_ideal(gains: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    return np.sort(gains)[::-1][:k]


def _compute_within(key: str, gains: NDArray[np.float64], relevant: int, candidates: int, k: int) -> Figures:
    if key == "within_group":
        value, random, best = metrics.recall(gains, relevant, k), metrics.chance_recall(relevant, candidates, k), 1.0
    else:
        value = metrics.precision(gains, relevant, candidates, k)
        random, best = metrics.chance(relevant, candidates), metrics.best_precision(relevant, candidates, k)
    return {key: value, f"chance_{key}": random, f"best_{key}": best}
