"""Rules of the gate: the limits by which a candidate fails, and the verdicts on each class and on the whole."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "failed", "unproven", "accepted"]
MAIN = "precision"
WITHIN = "within"  # what names of within-class figures begin with


@dataclass(frozen=True, slots=True)
class Rules:
    """Says when the gate fails; differences are candidate minus baseline, shares of 1."""

    loss: float = 0.05  # of a class, when it is significant after Holm's correction
    big_loss: float = 0.15  # of a class, when it is significant by itself
    within_loss: float = 0.05  # of a within-class figure, macro average, Holm-corrected
    macro_margin: float = 0.02  # how far below zero the lower bound of the macro difference may reach
    confidence: float = 0.90  # of that bound, one-sided
    alpha: float = 0.05
    min_queries: int = 40  # a class with fewer is unproven ...
    min_clusters: int = 5  # ... and one of fewer groups: a bootstrap of so few says nothing


RULES = Rules()


@dataclass(frozen=True, slots=True)
class ClassVerdict:
    name: str
    queries: int
    clusters: int
    baseline: float
    candidate: float
    difference: float
    p: float
    holm_p: float | None  # None where the class is too small to be one of those corrected for
    state: State


@dataclass(frozen=True, slots=True)
class MacroVerdict:
    """Holds a macro average: the difference and its one-sided bounds, each at the confidence of the rules."""

    metric: str
    baseline: float
    candidate: float
    difference: float
    lower: float
    upper: float
    p: float
    state: State


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Holds the whole verdict: `reasons` is empty when it passed; `notes` are worth knowing all the same."""

    passed: bool
    reasons: list[str]
    notes: list[str]
    classes: list[ClassVerdict]
    macro: MacroVerdict
    within: list[MacroVerdict]
    seed: int
    repeats: int
    rules: Rules = RULES
