"""Scores of two made-up models for the tests of the gate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evaluation.gate.rules import ClassVerdict, GateVerdict
from evaluation.scores import Scores

SIZES = {"dress": 200, "hat": 200, "shirt": 200}


def scores(model: str, changes: dict[str, float] | None = None, sizes: dict[str, int] | None = None) -> Scores:
    """Precision of .5 give or take, moved by `changes` per class; two queries to a cluster."""
    sizes = sizes or SIZES
    rng = np.random.default_rng(5)
    classes = np.repeat(list(sizes), list(sizes.values()))
    shift = np.array([(changes or {}).get(str(name), 0.0) for name in classes])
    count = len(classes)
    precision = rng.uniform(0.4, 0.6, count) + shift + (rng.normal(0, 0.05, count) if changes else 0)
    return Scores(
        model=model,
        data="abc",
        k=10,
        ids=tuple(f"q{number}" for number in range(count)),
        classes=classes,
        clusters=np.array([f"c{number // 2}" for number in range(count)]),
        values={"precision": precision, "within_color": np.where(shift == 0, 0.4, 0.4 + shift)},
    )


def states(verdict: GateVerdict) -> dict[str, str]:
    return {one.name: one.state for one in verdict.classes}


def with_values(given: Scores, **columns: np.ndarray) -> Scores:
    return replace(given, values=given.values | columns)


def noisy(given: Scores, shift: float = 0.0, spread: float = 0.3) -> Scores:
    """Another model's scores, which differ from query to query and by `shift` on the whole."""
    drawn = np.random.default_rng(12).normal(shift, spread, len(given.ids))
    within = given.values["within_color"] + np.random.default_rng(13).normal(shift, spread, len(given.ids))
    return replace(
        given, model="new__1", values={"precision": given.values["precision"] + drawn, "within_color": within}
    )


def of(verdict: GateVerdict, name: str) -> ClassVerdict:
    return next(one for one in verdict.classes if one.name == name)
