"""Goals of `bench-query`, and which index types reach them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.query.facets import FacetCell
from benchmarks.query.plans import PlanCell
from benchmarks.query.speed import SpeedCell
from benchmarks.sizes import Size


@dataclass(frozen=True, slots=True)
class Goal:
    """At one caller, `percentile` of the API takes at most `ms`, with at least `recall` of the ten nearest."""

    size: Size
    share: float
    percentile: int
    ms: float
    recall: float

    def __str__(self) -> str:
        kept = "no filter" if self.share == 100 else f"{self.share:g} %"
        return f"{self.size.text}, {kept}: p{self.percentile} ≤ {self.ms:g} ms"


# Two cores, one caller. (percent that passes, percentile, ms, recall)
MILLION = ((100, 50, 32, 0.99), (100, 95, 60, 0.99), (30, 95, 60, 0.99), (3, 95, 40, 0.99), (0.1, 95, 20, 0.99))
GOALS = (
    *(Goal(Size(1_000_000, dims), *wanted) for dims in (40, 64) for wanted in MILLION),
    *(Goal(Size(200_000, 512), share, 95, 60, recall=0.98) for share in (100, 30, 3, 0.1)),
)


@dataclass(frozen=True, slots=True)
class FacetGoal:
    """At one caller, half of the pages with facets and total take at most `ms`, whichever of the questions it is."""

    size: Size
    ms: float

    def is_reached(self, cell: FacetCell) -> bool:
        """Returns whether a cell of this size does."""
        return cell.p50.median <= self.ms


FACET_GOAL = FacetGoal(Size(1_000_000, 40), 100)


@dataclass(frozen=True, slots=True)
class GoalVerdict:
    """Says how one index type did on a goal."""

    goal: Goal
    index_type: str
    plan: str
    ms: float
    recall: float

    @property
    def is_reached(self) -> bool:
        return self.ms <= self.goal.ms and self.recall >= self.goal.recall


def judge(cells: Iterable[SpeedCell], goals: Sequence[Goal] = GOALS) -> list[GoalVerdict]:
    """Judges every goal that the cells say something about, once per index type, in the order of the goals."""
    found = list(cells)
    return [
        GoalVerdict(goal, cell.index_type, cell.plan, getattr(cell, f"p{goal.percentile}").median, cell.recall)
        for goal in goals
        for cell in found
        if (cell.size, cell.share) == (goal.size, goal.share)
    ]


def find_missed_plans(cells: Iterable[PlanCell]) -> list[PlanCell]:
    """Finds the cells where the planner's choice is not good enough."""
    return [cell for cell in cells if not cell.is_good]
