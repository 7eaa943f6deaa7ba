"""Where the gate's limits are: figures that lie exactly on one, and how many draws its corrections need."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.gate.decision import judge
from evaluation.gate.statistics import count_draws, holm
from evaluation.scores import Scores
from tests.unit.gate_making import scores, states


def test_many_classes_and_few_draws_do_not_switch_the_correction_off() -> None:
    """Sixty classes at 300 draws: the smallest p there is, times sixty, would be .2, and no loss would count."""
    sizes = {f"c{number:02d}": 40 for number in range(60)}
    before = scores("old__1", None, sizes)
    lost = np.where(before.classes == "c07", -0.1, 0.05)
    verdict = judge(before, replace(before, values={"precision": before.values["precision"] + lost}), repeats=300)
    assert states(verdict)["c07"] == "failed" and verdict.repeats == 6000
    assert count_draws(60, 0.05) == 6000 and 60 / (1 + count_draws(60, 0.05)) < 0.05 / 4


def test_classes_too_small_to_prove_anything_are_not_corrected_for() -> None:
    rng, sizes = np.random.default_rng(8), {"dress": 60, "hat": 60} | {f"few{n}": 12 for n in range(20)}
    before = scores("old__1", None, sizes)
    noise = rng.normal(-0.02, 0.2, len(before.ids))
    verdict = judge(before, replace(before, values={"precision": before.values["precision"] + noise}), repeats=500)
    proven = [one for one in verdict.classes if not one.name.startswith("few")]
    assert [one.holm_p for one in proven] == holm([one.p for one in proven]).tolist()
    assert {one.holm_p for one in verdict.classes if one.name.startswith("few")} == {None}


def shifted(before: Scores, **by: float) -> Scores:
    """Every query of the named classes moved by exactly that much."""
    change = np.array([by.get(str(name), 0.0) for name in before.classes])
    return replace(before, values={"precision": before.values["precision"] + change})


@pytest.mark.parametrize(("loss", "state"), [(0.05, "failed"), (0.0499, "ok")])
def test_a_sure_loss_of_exactly_the_limit_counts(loss: float, state: str) -> None:
    before = scores("old__1")
    assert states(judge(before, shifted(before, hat=-loss, dress=0.1), repeats=200))["hat"] == state


@pytest.mark.parametrize(("loss", "state"), [(0.15, "failed"), (0.1499, "ok")])
def test_a_big_loss_of_exactly_the_limit_counts(loss: float, state: str) -> None:
    rng, sizes = np.random.default_rng(4), {f"c{number:02d}": 40 for number in range(60)}
    before = scores("old__1", None, sizes)
    drawn = rng.normal(0, 0.45, 40)
    change = np.zeros(len(before.ids))
    change[before.classes == "c07"] = drawn - drawn.mean() - loss
    verdict = judge(before, replace(before, values={"precision": before.values["precision"] + change}))
    found = next(one for one in verdict.classes if one.name == "c07")
    assert found.p < 0.05 < (found.holm_p or 0) and found.state == state


@pytest.mark.parametrize(("loss", "state"), [(0.02, "ok"), (0.0201, "failed")])
def test_the_whole_may_lose_exactly_the_margin(loss: float, state: str) -> None:
    for start in np.linspace(0.3, 0.7, 9):  # so that some of the differences round to more than the margin
        before = replace(scores("old__1"), values={"precision": np.full(600, start)})
        verdict = judge(before, shifted(before, hat=-loss, dress=-loss, shirt=-loss), repeats=200)
        assert verdict.macro.state == state and verdict.macro.lower == pytest.approx(-loss)


@pytest.mark.parametrize(("loss", "state"), [(0.05, "ok"), (0.0501, "failed")])
def test_a_within_class_figure_may_lose_exactly_the_limit(loss: float, state: str) -> None:
    before = scores("old__1")
    for start in np.linspace(0.3, 0.7, 9):
        old, new = (
            replace(before, values=before.values | {"within_color": np.full(600, value)})
            for value in (start, start - loss)
        )
        assert [one.state for one in judge(old, new, repeats=300).within] == [state]
