"""What a verdict says in words, and what somebody may vouch for."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.errors import InvalidInput
from evaluation.gate.classes import accept_classes
from evaluation.gate.decision import judge
from tests.unit.gate_making import of, scores, states, with_values


def test_the_notes_say_what_was_found() -> None:
    sizes = {"dress": 100, "hat": 20, "scarf": 15, "shirt": 100}
    before = scores("old__1", None, sizes)
    change = np.where(before.classes == "hat", 0.1, 0.0) + np.random.default_rng(4).normal(0, 0.3, len(before.ids))
    after = with_values(before, precision=before.values["precision"] + change)
    verdict = judge(before, after, ("hat",), repeats=300)
    hat, macro = of(verdict, "hat"), verdict.macro
    assert verdict.notes == [
        f"hat was accepted without proof: {hat.difference:+.3f} on 20 queries",
        "outside the macro figures, for want of queries: hat, scarf",
        "the data is too small for this gate: chance alone moves the macro average by "
        f"{macro.difference - macro.lower:.3f}, so that even an equal model would fail",
    ]
    assert verdict.reasons[0].startswith("scarf is unproven: 15 queries of 8 groups, 40 of 5 are needed")
    assert states(verdict)["hat"] == "accepted" and not verdict.passed


def test_reasons_name_failed_classes_before_unproven_ones_and_the_whole_last() -> None:
    sizes = {"dress": 100, "bag": 20, "shirt": 100}
    before = scores("old__1", None, sizes)
    after = with_values(
        before, precision=before.values["precision"] - 0.25, within_color=before.values["within_color"] - 0.1
    )
    reasons = judge(before, after, repeats=300).reasons
    assert [reason.split(" is ")[0].split(" may ")[0] for reason in reasons] == [
        "dress",
        "shirt",
        "bag",
        "within_color",
        "the macro average",
    ]
    assert reasons[0].endswith("(-0.250, p 0.0033, Holm 0.0066, 100 queries)")
    assert reasons[3] == "within_color is worse: 0.400 -> 0.300 (-0.100, p 0.0033)"
    assert reasons[4].endswith("(-0.250), lower 90% bound -0.250")


def test_only_what_is_unproven_can_be_accepted() -> None:
    verdict = judge(
        scores("old__1", None, {"dress": 80, "hat": 10}), scores("new__1", None, {"dress": 80, "hat": 10})
    )
    with pytest.raises(InvalidInput, match=r"^dress, other cannot be accepted: only unproven classes can, hat$"):
        accept_classes(verdict.classes, ("other", "hat", "dress"))
    with pytest.raises(InvalidInput, match=r"and there is none$"):
        accept_classes([one for one in verdict.classes if one.name == "dress"], ("dress",))
    assert [one.state for one in accept_classes(verdict.classes, iter(["hat"]))] == ["ok", "accepted"]
