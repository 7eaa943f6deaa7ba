"""How far the running service may be from the offline figures before `evaluation qc` says so."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.commands.qc import TOLERANCE, compute_differences, find_largest
from evaluation.query_metrics import Measurements

CLASSES = np.repeat(["coat", "hat"], 50)


def measured(**figures: float) -> Measurements:
    return Measurements({name: np.full(100, value) for name, value in figures.items()}, (), {})


@pytest.mark.parametrize("by", [0.006, -0.006])
def test_a_figure_that_is_further_off_is_reported(by: float) -> None:
    rows = compute_differences(measured(precision=0.5, ap=0.4), measured(precision=0.5, ap=0.4 + by), CLASSES)
    assert rows["precision"]["difference"] == 0 and rows["ap"]["difference"] == pytest.approx(by)
    assert find_largest(rows) > TOLERANCE


@pytest.mark.parametrize("by", [0.004, -0.004])
def test_a_figure_that_is_nearer_is_none(by: float) -> None:
    assert find_largest(compute_differences(measured(ap=0.4), measured(ap=0.4 + by), CLASSES)) <= TOLERANCE


@pytest.mark.parametrize(
    ("offline", "served"),
    [
        (measured(ap=0.4, within_color=0.3), measured(ap=0.4)),
        (measured(ap=0.4), measured(ap=0.4, within_color=0.3)),
        (measured(ap=0.4, within_color=0.3), measured(ap=0.4, within_color=np.nan)),
    ],
)
def test_a_figure_that_only_one_side_has_is_reported(offline: Measurements, served: Measurements) -> None:
    rows = compute_differences(offline, served, CLASSES)
    assert rows["within_color"]["difference"] == 1 and find_largest(rows) > TOLERANCE


def test_what_neither_has_and_what_chance_would_get_is_no_figure() -> None:
    both = measured(ap=0.5, within_color=np.nan, chance_within_color=0.2, best_within_color=1)
    assert compute_differences(both, both, CLASSES) == {"ap": {"offline": 0.5, "served": 0.5, "difference": 0.0}}
    assert find_largest({}) == 0


def test_classes_weigh_alike() -> None:
    """Half of the queries of the smaller class answered otherwise are a quarter of the macro figure."""
    classes = np.repeat(["coat", "hat"], [90, 10])
    one, other = np.zeros(100), np.zeros(100)
    other[95:] = 1
    rows = compute_differences(Measurements({"ap": one}, (), {}), Measurements({"ap": other}, (), {}), classes)
    assert rows["ap"]["difference"] == pytest.approx(0.25)
