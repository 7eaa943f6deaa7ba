"""Scores of two made-up models for the tests of the gate."""

from __future__ import annotations

import numpy as np

from evaluation.gate.rules import GateVerdict
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
