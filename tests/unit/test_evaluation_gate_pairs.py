"""Which queries of two files of scores belong together, and which files do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.errors import InvalidScores
from evaluation.gate.pairs import pair_scores
from evaluation.scores import Scores
from tests.unit.gate_making import scores


def only(given: Scores, rows: list[int]) -> Scores:
    return replace(
        given,
        ids=tuple(given.ids[row] for row in rows),
        classes=given.classes[rows],
        clusters=given.clusters[rows],
        values={name: column[rows] for name, column in given.values.items()},
    )


def test_a_candidate_may_fail_to_answer_one_in_twenty_and_no_more() -> None:
    before = scores("old__1", None, {"dress": 50, "hat": 50})
    pairs = pair_scores(before, only(before, [*range(40), *range(45, 100)]))
    assert np.flatnonzero(pairs.candidate["precision"] == 0).tolist() == [40, 41, 42, 43, 44]
    kept = pairs.candidate["precision"] > 0
    assert (pairs.candidate["precision"][kept] == before.values["precision"][kept]).all()
    with pytest.raises(InvalidScores, match=r"old__1 and old__1 were not asked the same queries"):
        pair_scores(before, only(before, [*range(40), *range(46, 100)]))
    missing_first = pair_scores(before, only(before, list(range(1, 100))))
    assert missing_first.candidate["precision"][0] == 0


def test_what_only_the_candidate_answers_is_left_out() -> None:
    before = scores("old__1", None, {"dress": 50, "hat": 50})
    fewer = only(before, list(range(30, 100)))
    pairs = pair_scores(fewer, before)
    assert pairs.classes == fewer.classes.tolist() and pairs.clusters == fewer.clusters.tolist()
    assert (pairs.candidate["precision"] == fewer.values["precision"]).all()
    assert pairs.baseline is fewer.values


def test_queries_asked_twice_or_not_at_all_are_refused() -> None:
    before = scores("old__1", None, {"dress": 50, "hat": 50})
    twice, none = only(before, [*range(100), 3]), only(before, [])
    for one, other in ((twice, before), (before, twice), (none, none)):
        with pytest.raises(InvalidScores, match="not asked the same queries"):
            pair_scores(one, other)


def test_another_grouping_of_the_same_queries_is_refused() -> None:
    before = scores("old__1")
    with pytest.raises(InvalidScores, match="old__1 and new__1 were measured under other labels"):
        pair_scores(before, replace(before, model="new__1", clusters=np.roll(before.clusters, 1)))
    for row in (0, 17):
        labels = before.classes.copy()
        labels[row] = "scarf"
        with pytest.raises(InvalidScores, match="under other labels"):
            pair_scores(before, replace(before, classes=labels))


def test_scores_without_the_main_figure_on_either_side_are_refused() -> None:
    before = scores("old__1")
    for one, other in ((before, replace(before, values={})), (replace(before, values={}), before)):
        with pytest.raises(InvalidScores, match="without 'precision'"):
            pair_scores(one, other)
    with pytest.raises(InvalidScores, match="old__1 was measured on abc at 10 and old__1 on xyz at 5"):
        pair_scores(before, replace(before, data="xyz", k=5))
