"""The result of `bench-query` as a Markdown page."""

from collections.abc import Iterable, Sequence

from benchmarks.cases import Size, advised
from benchmarks.facets import NAMES, FacetCell
from benchmarks.goals import FACET_GOAL, GOALS, Verdict, judged
from benchmarks.plans import MOST, RECALL, PlanCell
from benchmarks.query_results import Page
from benchmarks.speed import CROWDS, SpeedCell
from benchmarks.spread import short

HEAD = """\
# Questions to a big catalogue

`GET /v1/products/{id}/similar?limit=10` through gunicorn on loopback, drawn vectors and brands (`loadtest/draw.py`,
clusters stretched like real embeddings), the filter by brand, about products that state no gender and so ask for no
more. Milliseconds: the median over repeats of the repeat's
percentile, in brackets the lowest and the highest repeat. Caller, API and Elasticsearch share the cores.
*Recall* is the share of the ten nearest, found by numpy, that the answer holds. *Exact* is the same question with
`exact=true`, asked in between. *Limit* is the time numpy's BLAS takes to stream the vectors of all candidates from
memory, in the same run. Both ratios compare medians repeat by repeat.
"""
FACET_NOTE = f"""\
The same with `total=true` and the facets {", ".join(NAMES)}, about products that state a gender and an age group:
*default* keeps the source's own as filters, *all genders* names every gender.
"""
PLAN_NOTE = f"""\
The gateway without HTTP: every plan forced, and the planner left alone, on the same questions in turns; median
milliseconds. *Chosen / best* compares the plan that the planner takes with the fastest one whose recall is at least
{RECALL:g}; the goal is {MOST:g} in every cell. *Own / best* has the planner's thinking and counting in it.
"""


def page(measured: Page) -> str:
    """The whole page."""
    sections = [
        HEAD,
        _goals(measured.speed),
        _speed(measured.speed),
        _facets(measured.facets),
        _plans(measured.plans),
        _runs(measured),
    ]
    return "\n".join(section for section in sections if section)


def _goals(cells: Sequence[SpeedCell]) -> str:
    verdicts = judged(cells)
    told = {verdict.goal for verdict in verdicts}
    rest = "; ".join(str(goal) for goal in GOALS if goal not in told)
    head = ("goal", "recall at least", "index type", "plan", "measured", "recall", "")
    rows = [_verdict(verdict) for verdict in verdicts]
    table = [*_table(head, rows), ""] if rows else []
    return "\n".join(["## Goals", "", *table, *([f"Not measured: {rest}.", ""] if rest else [])])


def _verdict(one: Verdict) -> tuple[str, ...]:
    said = "reached" if one.reached else "**missed**"
    goal = one.goal
    kind = one.index_type + (" (advised)" if one.index_type == advised(goal.size) else "")
    return (str(goal), f"{goal.recall:g}", kind, one.plan, f"{one.ms:.1f} ms", f"{one.recall:.4f}", said)


def _speed(cells: Sequence[SpeedCell]) -> str:
    if not cells:
        return ""
    crowd = tuple(f"answers/s, {callers} callers" for callers in CROWDS)
    head = ("vectors", "index", "passes", "plan", "p50", "p95", "p99", "recall@10", "exact p50", "× exact",
            "limit", "× limit", *crowd)  # fmt: skip
    rows = [
        (
            Size(cell.products, cell.dims).text,
            cell.index_type,
            passes(cell.share),
            cell.plan,
            *(str(spread) for spread in (cell.p50, cell.p95, cell.p99)),
            f"{cell.recall:.4f}",
            short(cell.exact_p50.median),
            f"{cell.to_exact.median:.2f}",
            short(cell.limit_p50.median),
            short(cell.to_limit.median),
            *(str(cell.rates[str(callers)]) for callers in CROWDS),
        )
        for cell in cells
    ]
    return "\n".join(["## Speed", "", *_table(head, rows), ""])


def _facets(cells: Sequence[FacetCell]) -> str:
    if not cells:
        return ""
    goal = FACET_GOAL
    head = ("vectors", "index", "gender", "p50", "p95", "in Elasticsearch", f"p50 ≤ {goal.ms:g} ms")
    rows = [
        (
            Size(cell.products, cell.dims).text,
            cell.index_type,
            cell.question,
            *(str(spread) for spread in (cell.p50, cell.p95, cell.server_p50)),
            ("reached" if goal.reached(cell) else "**missed**")
            if Size(cell.products, cell.dims) == goal.size
            else "",
        )
        for cell in cells
    ]
    return "\n".join(["## Facets", "", FACET_NOTE, *_table(head, rows), ""])


def _plans(cells: Sequence[PlanCell]) -> str:
    if not cells:
        return ""
    names = sorted({name for cell in cells for name in cell.times})
    head = ("vectors", "index", "passes", *names, "chosen", "best", "chosen / best", "own / best", "")
    rows = [
        (
            Size(cell.products, cell.dims).text,
            cell.index_type,
            passes(cell.share),
            *(_time(cell, name) for name in names),
            cell.chosen,
            cell.best,
            f"{cell.chosen_to_best:.2f}",
            str(cell.own_to_best),
            "reached" if cell.reached else "**missed**",
        )
        for cell in cells
    ]
    good = sum(cell.reached for cell in cells)
    summary = f"{good} of {len(cells)} cells reach the goal."
    return "\n".join(["## The planner", "", PLAN_NOTE, *_table(head, rows), "", summary, ""])


def _time(cell: PlanCell, name: str) -> str:
    if name not in cell.times:
        return "–"
    recall = "" if cell.recalls[name] >= 0.9995 else f" (recall {cell.recalls[name]:.3f})"
    return f"{cell.times[name]}{recall}"


def _runs(measured: Page) -> str:
    head = (
        "vectors",
        "index",
        "loaded in",
        "merged in",
        "segments",
        "on disk",
        "repeats × questions",
        "date",
        "commit",
    )
    rows = [
        (
            Size(one.products, one.dims).text,
            one.index_type,
            f"{one.loaded.load_seconds:.0f} s",
            f"{one.loaded.merge_seconds:.0f} s",
            str(one.loaded.segments),
            f"{one.loaded.megabytes:.0f} MB",
            f"{one.effort.repeats} × {one.effort.questions}",
            one.date,
            one.commit,
        )
        for one in measured.catalogues
    ]
    machines = _distinct(f"{one.machine}; `{one.command}`" for one in measured.catalogues)
    note = "Merged by force: a graph to one segment, flat vectors to two (one per core)."
    return "\n".join(["## Runs", "", note, "", *_table(head, rows), "", *(f"- {line}" for line in machines), ""])


def passes(share: float) -> str:
    """A share as text."""
    return "all" if share == 100 else f"{share:g} %"


def _distinct(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
