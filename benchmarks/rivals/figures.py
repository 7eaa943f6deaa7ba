"""What is found out about a contestant."""

from dataclasses import dataclass

QUESTIONS_SHARE = {"100 %": None, "3 %": "Hazel", "0.3 %": "Sorrel"}  # brand that keeps this much
ENOUGH = 0.99  # recall that counts as right


@dataclass(frozen=True, slots=True)
class Cell:
    """Answers under one filter: recall@10 against numpy, milliseconds at the caller, mean number of hits of 10."""

    recall: float
    p50: float
    p95: float
    hits: float


@dataclass(frozen=True, slots=True)
class Costs:
    """`price_*`: milliseconds of one price, `bulk_per_second` of many at once, `visible` until a question sees it.

    `memory_mb` is the proportional set of the serving processes; `vector_p50` is None where only a rebuild helps.
    """

    build_seconds: float
    start_seconds: float
    memory_mb: float
    price_p50: float
    price_p95: float
    bulk_per_second: float
    visible_p50: float
    visible_forced_p50: float | None  # with a refresh asked for, where there is such a thing
    vector_p50: float | None


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    title: str
    family: str
    cells: dict[str, Cell]
    costs: Costs


@dataclass(frozen=True, slots=True)
class Effort:
    """Per filter `questions` in each of `repeats` rounds, `writes` single prices, `bulk` prices at once."""

    questions: int = 30
    repeats: int = 5
    writes: int = 100
    bulk: int = 2000


QUICK = Effort(questions=10, repeats=2, writes=10, bulk=200)


@dataclass(frozen=True, slots=True)
class Run:
    """All contestants at one size."""

    products: int
    dims: int
    machine: str
    command: str
    date: str
    commit: str
    effort: Effort
    versions: str
    index_mb: dict[str, float]
    lines: list[Line]
