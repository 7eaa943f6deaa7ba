"""Keeps what was measured: rivals.json, one entry per size, and rivals.md made from it."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import orjson

from benchmarks.rivals.figures import ENOUGH, QUESTIONS_SHARE, Cell, Costs, Effort, Line, Run

COSTS = (
    "contestant", "build s", "ready after s", "memory MB", "one price ms p50 / p95", "prices a second, many at once",
    "seen after ms", "one vector ms",
)  # fmt: skip


def keep(run: Run, folder: Path) -> list[Run]:
    """Add the run to rivals.json, where it replaces an earlier one of its size; all runs by size."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "rivals.json"
    others = [one for one in read(path) if (one.products, one.dims) != (run.products, run.dims)]
    runs = sorted([*others, run], key=lambda one: (one.products, one.dims))
    body = {"runs": [asdict(one) for one in runs]}
    path.write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")
    (folder / "rivals.md").write_text(markdown(runs))
    return runs


def read(path: Path) -> list[Run]:
    """The runs in a rivals.json; none where there is no such file."""
    return [_run(**entry) for entry in orjson.loads(path.read_bytes())["runs"]] if path.exists() else []


def _run(effort: dict[str, int], lines: list[dict[str, object]], **rest: object) -> Run:
    return Run(effort=Effort(**effort), lines=[_line(**line) for line in lines], **rest)  # type: ignore[arg-type]


def _line(cells: dict[str, dict[str, float]], costs: dict[str, float], **rest: str) -> Line:
    return Line(cells={share: Cell(**values) for share, values in cells.items()}, costs=Costs(**costs), **rest)


def markdown(runs: Sequence[Run]) -> str:
    """All runs as a page."""
    return "\n".join([*_INTRODUCTION, *(text for run in runs for text in _size(run)), *_REMARKS]) + "\n"


def cells(line: Line) -> list[str]:
    """A contestant's answers as text: recall@10 (hits, where they are not 10), p50 / p95 in ms."""
    shown = [line.title]
    for share in QUESTIONS_SHARE:
        cell = line.cells[share]
        few = f" ({cell.hits:.1f} hits)" if cell.hits < 9.95 else ""
        shown += [f"{cell.recall:.3f}{few}", f"{cell.p50:.1f} / {cell.p95:.1f}"]
    return shown


def costs(line: Line) -> list[str]:
    """What a contestant's writes, build, start and memory cost as text."""
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


def fastest(run: Run, share: str) -> str:
    """Who answers well and soonest under a filter, and how ours compares; milliseconds at p50."""
    good = [line for line in run.lines if line.cells[share].recall >= ENOUGH]
    best = min(good, key=lambda line: line.cells[share].p50, default=None)
    ours = min((line for line in good if line.family == "ours"), key=lambda line: line.cells[share].p50, default=None)
    if best is None or ours is None:
        return f"{share} nobody" if best is None else f"{share} {best.title}, ours not among the good"
    times = (best.cells[share].p50, ours.cells[share].p50)
    return f"{share} {best.title} {times[0]:.1f} ms, {ours.title} {times[1]:.1f} ms ({times[1] / times[0]:.1f} ×)"


def _size(run: Run) -> list[str]:
    size = f"{run.products:,} × {run.dims}".replace(",", " ")
    heads = [
        "contestant",
        *(f"{what} {share}" for share in QUESTIONS_SHARE for what in ("recall@10", "p50 / p95 ms")),
    ]
    disk = ", ".join(f"{name} {mb:.0f} MB" for name, mb in run.index_mb.items())
    effort = run.effort
    return [
        f"## {size}",
        "",
        f"`{run.command}`, {run.date}, commit {run.commit}; {run.machine}; {run.versions}",
        "",
        f"{effort.questions} questions per filter, {effort.repeats} rounds; medians over rounds.",
        "",
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
        *(f"| {' | '.join(cells(line))} |" for line in run.lines),
        "",
        "Fastest with recall ≥ 0.99 beside ours: "
        + "; ".join(fastest(run, share) for share in QUESTIONS_SHARE)
        + ".",
        "",
        f"| {' | '.join(COSTS)} |",
        f"|{'---|' * len(COSTS)}",
        *(f"| {' | '.join(costs(line))} |" for line in run.lines),
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
