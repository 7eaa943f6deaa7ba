"""Figures within a class: which of them are judged, over which classes, and by which chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.bootstrap import bootstrap_class_means
from evaluation.gate.decision import judge
from evaluation.gate.rules import Rules
from evaluation.gate.statistics import holm
from tests.unit.gate_making import noisy, scores, with_values


def test_a_within_class_loss_of_exactly_alpha_is_no_proof() -> None:
    before = scores("old__1", None, {"dress": 60, "hat": 60})
    after = with_values(before, within_color=noisy(before, -0.1, 0.5).values["within_color"])
    p = judge(before, after, repeats=2000).within[0].p
    assert 0.001 < p < 0.2
    for alpha, state in ((p, "ok"), (p * 1.001, "failed")):
        (found,) = judge(before, after, repeats=2000, rules=Rules(alpha=alpha)).within
        assert (found.p, found.state) == (p, state)


def test_many_within_class_figures_need_more_draws() -> None:
    before = scores("old__1", None, {"dress": 60, "hat": 60})
    names = [f"within_{number:02d}" for number in range(12)]
    many = with_values(before, **{name: np.full(120, 0.5) for name in reversed(names)})
    verdict = judge(many, many, repeats=200)
    assert [one.metric for one in verdict.within] == [*names, "within_color"]
    assert verdict.repeats == 1300, "thirteen figures to correct for, and but two classes"


def test_holm_over_within_class_figures_is_exact() -> None:
    before = scores("old__1", None, {"dress": 60, "hat": 60})
    after = noisy(before, -0.02)
    old = with_values(before, within_other=np.full(120, 0.5))
    new = with_values(after, within_other=0.5 + np.random.default_rng(2).normal(-0.04, 0.3, 120))
    both = {one.metric: one.p for one in judge(old, new, repeats=400).within}
    raw = {}
    for name in both:
        change = new.values[name] - old.values[name]
        _, means = bootstrap_class_means(change, old.clusters, old.classes, 400, 7)
        raw[name] = (1 + (means.mean(axis=1) >= 0).sum()) / 401
    assert list(both.values()) == pytest.approx(holm([raw[name] for name in both]).tolist())


def test_within_class_figures_that_only_one_has_are_left_out() -> None:
    before, after = scores("old__1"), scores("new__1")
    unknown = np.full(len(before.ids), np.nan)
    old = with_values(before, within_old=before.values["within_color"], within_lost=before.values["within_color"])
    new = with_values(after, within_new=after.values["within_color"], within_lost=unknown, ap=unknown)
    assert [one.metric for one in judge(old, new, repeats=200).within] == ["within_color"]
    bare = replace(before, values={"precision": before.values["precision"]})
    assert judge(bare, bare, repeats=200).within == []


def test_within_class_figures_leave_out_the_classes_that_lack_them() -> None:
    """Hats have no colour and the few scarves prove nothing: what is left is the dresses' figure."""
    before = scores("old__1", None, {"dress": 80, "hat": 80, "scarf": 10})
    known = np.where(before.classes == "hat", np.nan, 0.4)
    old = with_values(before, within_color=known)
    new = with_values(before, within_color=np.where(before.classes == "scarf", 0.9, known - 0.01))
    (one,) = judge(old, new, repeats=300).within
    assert (one.baseline, one.candidate) == (pytest.approx(0.4), pytest.approx(0.39))
    assert (one.lower, one.upper) == (pytest.approx(-0.01), pytest.approx(-0.01))


def test_a_within_class_figure_of_small_classes_alone_is_averaged_over_them() -> None:
    before = scores("old__1", None, {"dress": 80, "hat": 80, "scarf": 10})
    known = np.where(before.classes == "scarf", 0.4, np.nan)
    (one,) = judge(with_values(before, within_color=known), with_values(before, within_color=known + 0.1)).within
    assert (one.baseline, one.candidate) == (pytest.approx(0.4), pytest.approx(0.5))
