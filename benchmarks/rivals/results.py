"""Results of the comparison with rivals: rivals.json, one entry per size, and rivals.md made from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import RunDescription, format_table, read_results, write_results
from benchmarks.sizes import Size

QUESTIONS_SHARE = {"100 %": None, "3 %": "Hazel", "0.3 %": "Sorrel"}  # brand that keeps this much
ENOUGH = 0.99  # recall that counts as right
COST_COLUMNS = (
    "contestant", "build s", "ready after s", "memory MB", "one price ms p50 / p95", "prices a second, many at once",
    "seen after ms", "one vector ms",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """Answers under one filter: recall@10 against numpy, milliseconds at the caller, mean number of hits of 10."""

    recall: float
    p50: float
    p95: float
    hits: float


@dataclass(frozen=True, slots=True)
class ContestantCosts:
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
class ContestantFigures:
    """Answers by filter, and costs."""

    name: str
    title: str
    family: str
    cells: dict[str, AnswerFigures]
    costs: ContestantCosts


@dataclass(frozen=True, slots=True)
class RivalEffort:
    """Per filter `questions` in each of `repeats` rounds, `writes` single prices, `bulk` prices at once."""

    questions: int = 30
    repeats: int = 5
    writes: int = 100
    bulk: int = 2000


@dataclass(frozen=True, kw_only=True)
class RivalRun(RunDescription):
    """All contestants at one size."""

    products: int
    dims: int
    effort: RivalEffort
    versions: str
    index_mb: dict[str, float]
    lines: list[ContestantFigures]

    @property
    def size(self) -> Size:
        return Size(self.products, self.dims)


@dataclass(frozen=True, slots=True)
class RivalRuns:
    """Holds the latest run of every size, small ones first."""

    runs: list[RivalRun]


def add_run(run: RivalRun, folder: Path) -> list[RivalRun]:
    """Adds the run to rivals.json and rivals.md, where it replaces an earlier one of its size; returns all runs."""
    others = [one for one in read_runs(folder) if one.size != run.size]
    runs = sorted([*others, run], key=lambda one: (one.products, one.dims))
    write_results(folder, "rivals", RivalRuns(runs), write_page(runs))
    return runs


def read_runs(folder: Path) -> list[RivalRun]:
    """Reads the runs in rivals.json; none where there is no such file."""
    found = read_results(folder / "rivals.json", RivalRuns)
    return found.runs if found else []


def write_page(runs: Sequence[RivalRun]) -> str:
    """Writes all runs as Markdown."""
    return "\n".join([*_INTRODUCTION, *(text for run in runs for text in _write_run(run)), *_REMARKS]) + "\n"


def list_answers(line: ContestantFigures) -> list[str]:
    """Returns a contestant's answers as text: recall@10 (hits, where they are not 10), p50 / p95 in ms."""
    cells = [line.title]
    for share in QUESTIONS_SHARE:
        cell = line.cells[share]
        few = f" ({cell.hits:.1f} hits)" if cell.hits < 9.95 else ""
        cells += [f"{cell.recall:.3f}{few}", f"{cell.p50:.1f} / {cell.p95:.1f}"]
    return cells


def list_costs(line: ContestantFigures) -> list[str]:
    """Returns as text what a contestant's writes, build, start and memory cost."""
    found = line.costs
    forced = found.visible_forced_p50
    return [
        line.title,
        f"{found.build_seconds:.1f}",
        f"{found.start_seconds:.1f}",
        f"{found.memory_mb:,.0f}",
        f"{found.price_p50:.1f} / {found.price_p95:.1f}",
        f"{found.bulk_per_second:,.0f}",
        f"{found.visible_p50:.0f}" + (f" ({forced:.0f} with a refresh)" if forced is not None else ""),
        "rebuild" if found.vector_p50 is None else f"{found.vector_p50:.1f}",
    ]


def compare_fastest(run: RivalRun, share: str) -> str:
    """Says who answers well and soonest under a filter, and how ours compares; milliseconds at p50."""
    good = [line for line in run.lines if line.cells[share].recall >= ENOUGH]
    best = min(good, key=lambda line: line.cells[share].p50, default=None)
    ours = min((line for line in good if line.family == "ours"), key=lambda line: line.cells[share].p50, default=None)
    if best is None or ours is None:
        return f"{share} nobody" if best is None else f"{share} {best.title}, ours not among the good"
    times = (best.cells[share].p50, ours.cells[share].p50)
    return f"{share} {best.title} {times[0]:.1f} ms, {ours.title} {times[1]:.1f} ms ({times[1] / times[0]:.1f} ×)"


def _write_run(run: RivalRun) -> list[str]:
    heads = [f"{what} {share}" for share in QUESTIONS_SHARE for what in ("recall@10", "p50 / p95 ms")]
    disk = ", ".join(f"{name} {mb:.0f} MB" for name, mb in run.index_mb.items())
    fastest = "; ".join(compare_fastest(run, share) for share in QUESTIONS_SHARE)
    return [
        f"## {run.size.text}",
        "",
        f"{run.title}; {run.machine}; {run.versions}",
        "",
        f"{run.effort.questions} questions per filter, {run.effort.repeats} rounds; medians over rounds.",
        "",
        *format_table(["contestant", *heads], [list_answers(line) for line in run.lines]),
        "",
        f"Fastest with recall ≥ 0.99 beside ours: {fastest}.",
        "",
        *format_table(COST_COLUMNS, [list_costs(line) for line in run.lines]),
        "",
        f"On disk, products and vectors: {disk}.",
        "",
    ]


_INTRODUCTION = [
    "# Side by side",
    "",
    "The same vectors, brands and prices, one machine, one run: every contestant is asked the same questions by",
    "`GET /v1/products/{id}/similar?limit=10&brand=…&fields=brand,effective_price` (gunicorn, one process of eight",
    "threads, Flask, orjson), one at a time, in turns, in another order each round. *100 %* is no filter, *3 %* and",
    "*0.3 %* are brands that keep this much. Recall is counted against numpy. Graphs have m = 16,",
    "ef_construction = 200, ef = 100; annoy has 50 trees.",
    "",
    "![recall against latency](rivals.png)",
    "",
]
_REMARKS = [
    "How to read the costs:",
    "",
    "- *Build*: from arrays to an index, on all cores. Ours also indexes the whole product (title, sizes, …), one",
    "  bulk request at a time, and waits until nothing merges any more.",
    "- *Ready after*: from starting the server to its first answer, with the index built; PostgreSQL and",
    "  Elasticsearch keep running meanwhile. An in-process index has lost its new prices by then unless somebody",
    "  wrote them elsewhere; ours and PostgreSQL's are on disk.",
    "- *Memory*: proportional set of the server's processes. Ours includes the whole JVM (heap and mapped files) of",
    "  the Elasticsearch that ran, with all other catalogues on it; PostgreSQL's the touched part of its shared",
    "  buffers (1 GB), with both tables.",
    "- *One price*: rivals over HTTP; ours by `catalog.importing.writes.patch` (reads, decides, writes).",
    "  *Many at once*: one PATCH; ours by the importer, conditions and the last refresh included. A price is one",
    "  number in an array beside an in-process index: seen at once, by that process alone. In Elasticsearch it is a",
    "  new document with its vector, seen after the next refresh (every second). In PostgreSQL it is a new row",
    "  version and, as price is indexed, a new entry in every index of the table, the graph included.",
    "- *One vector*: a changed photo. annoy and faiss HNSW cannot change one: they are built again.",
]
