"""Markdown page of what `bench-query` found."""

from collections.abc import Sequence

from benchmarks.query.facets import NAMES, FacetCell
from benchmarks.query.goals import FACET_GOAL, GOALS, GoalVerdict, judge
from benchmarks.query.jobs import advise_type
from benchmarks.query.plans import MOST, RECALL, PlanCell
from benchmarks.query.results import QueryResults
from benchmarks.query.speed import CROWDS, SpeedCell
from benchmarks.results import format_table
from benchmarks.timing import format_figure

HEAD = """\
# Questions to a big catalogue

`GET /v1/products/{id}/similar?limit=10` through gunicorn on loopback, drawn vectors and brands (clusters
stretched like real embeddings), the filter by brand, about products that state no gender and so ask for no
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


def write_page(results: QueryResults) -> str:
    """Writes the whole page."""
    sections = [
        HEAD,
        _write_goals(results.speed),
        _write_speed(results.speed),
        _write_facets(results.facets),
        _write_plans(results.plans),
        _write_runs(results),
    ]
    return "\n".join(section for section in sections if section)


def format_share(share: float) -> str:
    """Writes a share of products as text."""
    return "all" if share == 100 else f"{share:g} %"


def _write_goals(cells: Sequence[SpeedCell]) -> str:
    verdicts = judge(cells)
    known = {verdict.goal for verdict in verdicts}
    rest = "; ".join(str(goal) for goal in GOALS if goal not in known)
    head = ("goal", "recall at least", "index type", "plan", "measured", "recall", "")
    table = [*format_table(head, [_write_verdict(verdict) for verdict in verdicts]), ""] if verdicts else []
    return "\n".join(["## Goals", "", *table, *([f"Not measured: {rest}.", ""] if rest else [])])


def _write_verdict(one: GoalVerdict) -> tuple[str, ...]:
    goal = one.goal
    kind = one.index_type + (" (advised)" if one.index_type == advise_type(goal.size) else "")
    figures = (one.plan, f"{one.ms:.1f} ms", f"{one.recall:.4f}", _write_reached(one.is_reached))
    return (str(goal), f"{goal.recall:g}", kind, *figures)


def _write_reached(is_reached: bool) -> str:
    return "reached" if is_reached else "**missed**"


def _write_speed(cells: Sequence[SpeedCell]) -> str:
    if not cells:
        return ""
    crowd = tuple(f"answers/s, {callers} callers" for callers in CROWDS)
    head = ("vectors", "index", "passes", "plan", "p50", "p95", "p99", "recall@10", "exact p50", "× exact",
            "limit", "× limit", *crowd)  # fmt: skip
    rows = [
        (
            cell.size.text,
            cell.index_type,
            format_share(cell.share),
            cell.plan,
            *(str(spread) for spread in (cell.p50, cell.p95, cell.p99)),
            f"{cell.recall:.4f}",
            format_figure(cell.exact_p50.median),
            f"{cell.to_exact.median:.2f}",
            format_figure(cell.limit_p50.median),
            format_figure(cell.to_limit.median),
            *(str(cell.rates[str(callers)]) for callers in CROWDS),
        )
        for cell in cells
    ]
    return "\n".join(["## Speed", "", *format_table(head, rows), ""])


def _write_facets(cells: Sequence[FacetCell]) -> str:
    if not cells:
        return ""
    goal = FACET_GOAL
    head = ("vectors", "index", "gender", "p50", "p95", "in Elasticsearch", f"p50 ≤ {goal.ms:g} ms")
    rows = [
        (
            cell.size.text,
            cell.index_type,
            cell.question,
            *(str(spread) for spread in (cell.p50, cell.p95, cell.server_p50)),
            _write_reached(goal.is_reached(cell)) if cell.size == goal.size else "",
        )
        for cell in cells
    ]
    return "\n".join(["## Facets", "", FACET_NOTE, *format_table(head, rows), ""])


def _write_plans(cells: Sequence[PlanCell]) -> str:
    if not cells:
        return ""
    names = sorted({name for cell in cells for name in cell.times})
    head = ("vectors", "index", "passes", *names, "chosen", "best", "chosen / best", "own / best", "")
    rows = [
        (
            cell.size.text,
            cell.index_type,
            format_share(cell.share),
            *(_write_time(cell, name) for name in names),
            cell.chosen,
            cell.best,
            f"{cell.chosen_to_best:.2f}",
            str(cell.own_to_best),
            _write_reached(cell.is_good),
        )
        for cell in cells
    ]
    good = sum(cell.is_good for cell in cells)
    summary = f"{good} of {len(cells)} cells reach the goal."
    return "\n".join(["## The planner", "", PLAN_NOTE, *format_table(head, rows), "", summary, ""])


def _write_time(cell: PlanCell, name: str) -> str:
    if name not in cell.times:
        return "–"
    recall = "" if cell.recalls[name] >= 0.9995 else f" (recall {cell.recalls[name]:.3f})"
    return f"{cell.times[name]}{recall}"


def _write_runs(results: QueryResults) -> str:
    head = ("vectors", "index", "loaded in", "merged in", "segments", "on disk", "repeats × questions", "date",
            "commit")  # fmt: skip
    rows = [
        (
            one.size.text,
            one.index_type,
            f"{one.loaded.load_seconds:.0f} s",
            f"{one.loaded.merge_seconds:.0f} s",
            str(one.loaded.segments),
            f"{one.loaded.megabytes:.0f} MB",
            f"{one.effort.repeats} × {one.effort.questions}",
            one.date,
            one.commit,
        )
        for one in results.catalogues
    ]
    machines = dict.fromkeys(f"{one.machine}; `{one.command}`" for one in results.catalogues)
    note = "Merged by force: a graph to one segment, flat vectors to two (one per core)."
    return "\n".join(
        ["## Runs", "", note, "", *format_table(head, rows), "", *(f"- {line}" for line in machines), ""]
    )
