"""The figures of a verdict by hand: what counts as a query, what is averaged, and which chance a figure is given."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from catalog.errors import InvalidInput
from evaluation.bootstrap import bootstrap_class_means
from evaluation.gate.classes import count_classes, judge_classes
from evaluation.gate.decision import REPEATS, judge, judge_pairs
from evaluation.gate.pairs import PairedFigures, pair_scores
from evaluation.gate.rules import RULES, Rules
from evaluation.gate.statistics import EQUAL, compute_loss_p, holm
from tests.unit.gate_making import noisy, of, scores, states, with_values


def test_the_whole_is_judged_by_the_tenth_and_ninetieth_hundredth_of_the_draws() -> None:
    before = scores("old__1", None, {"dress": 120, "few": 10, "hat": 60})
    after = noisy(before, -0.03)
    verdict = judge(before, after, seed=3, repeats=600)
    for one, key in ((verdict.macro, "precision"), (verdict.within[0], "within_color")):
        change = after.values[key] - before.values[key]
        names, means = bootstrap_class_means(change, before.clusters, before.classes, 600, 3)
        drawn = means[:, [str(name) != "few" for name in names]].mean(axis=1)
        big = [before.classes == name for name in ("dress", "hat")]
        assert (one.metric, one.difference) == (key, pytest.approx(np.mean([change[rows].mean() for rows in big])))
        assert one.baseline == pytest.approx(np.mean([before.values[key][rows].mean() for rows in big]))
        assert one.candidate == pytest.approx(np.mean([after.values[key][rows].mean() for rows in big]))
        assert (one.lower, one.upper) == (
            pytest.approx(np.quantile(drawn, 0.1)),
            pytest.approx(np.quantile(drawn, 0.9)),
        )
        assert one.p == pytest.approx((1 + (drawn >= 0).sum()) / 601)
    assert (verdict.seed, verdict.repeats) == (3, 600)
    for one in verdict.classes:
        column = [str(name) for name in names].index(one.name)
        _, means = bootstrap_class_means(
            after.values["precision"] - before.values["precision"], before.clusters, before.classes, 600, 3
        )
        assert one.p == pytest.approx((1 + (means[:, column] >= 0).sum()) / (1 + np.isfinite(means[:, column]).sum()))


def test_without_being_told_it_draws_by_seed_7_and_the_usual_rules() -> None:
    before = scores("old__1")
    after = noisy(before)
    for verdict in (judge(before, after), judge_pairs(pair_scores(before, after))):
        assert (verdict.seed, verdict.repeats, verdict.rules) == (7, REPEATS, RULES)
        assert verdict == judge(before, after, (), 7, REPEATS, RULES)


def test_other_rules_are_kept_to_and_kept() -> None:
    before = scores("old__1", None, {"dress": 200, "hat": 30})
    after = with_values(before, precision=before.values["precision"] - np.where(before.classes == "hat", 0.1, 0))
    strict = Rules(min_queries=30, macro_margin=0.2)
    for verdict in (judge(before, after, rules=strict), judge_pairs(pair_scores(before, after), rules=strict)):
        assert states(verdict) == {"dress": "ok", "hat": "failed"} and verdict.macro.state == "ok"
        assert verdict.rules == strict and of(verdict, "hat").queries == 30
    assert states(judge(before, after, rules=Rules(min_queries=30, loss=0.12)))["hat"] == "ok"
    assert states(judge(before, after))["hat"] == "unproven"


def test_a_query_counts_where_both_have_a_figure() -> None:
    before, after = scores("old__1", None, {"dress": 80, "hat": 60}), scores("new__1", None, {"dress": 80, "hat": 60})
    for side, rows in ((before, slice(0, 10)), (after, slice(10, 30))):  # of the dresses
        side.values["precision"][rows] = math.nan
    after.values["precision"][40:] += 0.01
    verdict = judge(before, after, repeats=300)
    dress = of(verdict, "dress")
    assert (dress.queries, dress.clusters) == (50, 25)
    assert dress.baseline == pytest.approx(before.values["precision"][30:80].mean())
    assert dress.candidate == pytest.approx(after.values["precision"][30:80].mean())
    assert verdict.macro.baseline == pytest.approx((dress.baseline + of(verdict, "hat").baseline) / 2)
    assert verdict.macro.candidate == pytest.approx((dress.candidate + of(verdict, "hat").candidate) / 2)


def test_a_class_without_a_figure_is_listed_as_unproven() -> None:
    before, after = scores("old__1", None, {"dress": 80, "hat": 60}), scores("new__1", None, {"dress": 80, "hat": 60})
    after.values["precision"][80:] = math.nan
    hat = of(judge(before, after, repeats=300), "hat")
    assert (hat.queries, hat.clusters, hat.state, hat.p, hat.holm_p) == (0, 0, "unproven", 1, None)
    assert math.isnan(hat.baseline) and math.isnan(hat.candidate) and math.isnan(hat.difference)


def test_nothing_to_judge_is_refused() -> None:
    before = scores("old__1")
    nothing = with_values(before, precision=np.full(len(before.ids), np.nan))
    with pytest.raises(InvalidInput, match="no query with a figure of 'precision'"):
        judge(before, nothing, repeats=200)


@pytest.mark.parametrize(("groups", "state"), [(4, "unproven"), (5, "ok")])
def test_five_groups_are_enough(groups: int, state: str) -> None:
    before = scores("old__1")
    clusters = np.array([f"c{n % groups}" if name == "hat" else f"d{n}" for n, name in enumerate(before.classes)])
    few = replace(before, clusters=clusters)
    hat = of(judge(few, few, repeats=200), "hat")
    assert (hat.clusters, hat.state) == (groups, state)


def test_a_p_of_exactly_alpha_is_no_proof() -> None:
    """With 19 draws that all lost the smallest p there is lies exactly on .05."""
    classes, clusters = ["hat"] * 40, [str(number) for number in range(40)]
    for loss, rules in ((-0.06, Rules()), (-0.2, Rules(loss=0.3))):
        pairs = PairedFigures(classes, clusters, {"precision": np.ones(40)}, {"precision": np.full(40, 1 + loss)})
        for draws, state in ((19, "ok"), (20, "failed")):
            means = np.full((draws, 1), loss)
            (found,) = judge_classes(pairs, ["hat"], means, count_classes(pairs), rules)
            assert (found.p, found.holm_p, found.state) == (1 / (1 + draws), 1 / (1 + draws), state)


def test_where_no_class_proves_anything_the_whole_is_over_all_of_them() -> None:
    before = scores("old__1", None, {"dress": 30, "hat": 10})
    after = noisy(before)
    macro = judge(before, after, repeats=300).macro
    means = [after.values["precision"][before.classes == name].mean() for name in ("dress", "hat")]
    assert macro.candidate == pytest.approx(np.mean(means))


def test_rounding_is_no_loss_and_no_p_is_above_1() -> None:
    assert compute_loss_p(np.array([[-EQUAL, 0.0, EQUAL]]).T).tolist() == [1]
    assert compute_loss_p(np.array([[-1e-9, 0.0, 1e-9]]).T).tolist() == [3 / 4]
    assert holm([0.6, 0.7, 0.2]).tolist() == pytest.approx([1, 1, 0.6])
