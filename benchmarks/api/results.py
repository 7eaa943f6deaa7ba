"""Results of comparing the API with a bare client: api.json, api.md, a table for the terminal."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from benchmarks.api.comparison import Comparison
from benchmarks.results import RunDescription, format_table, write_results
from benchmarks.sizes import Effort, Size

GOAL_MS = 5.0  # what the API may add at p50
COLUMNS = (
    "vectors", "filter", "plan", "API p50 / p95", "bare p50 / p95", "server p50 / p95 (API)",
    "server p50 / p95 (bare)", "API adds p50", "of it Python", "HTTP",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ComparisonCase:
    """One line of the table; `load_seconds` and `segments` are those of its catalogue."""

    size: Size
    filter: str
    result: Comparison
    load_seconds: float
    segments: int

    def to_cells(self) -> tuple[str, ...]:
        """Returns the case as text, times in milliseconds."""
        found = self.result
        return (
            self.size.text,
            self.filter,
            found.plan,
            f"{found.api_p50:.1f} / {found.api_p95:.1f}",
            f"{found.bare_p50:.1f} / {found.bare_p95:.1f}",
            f"{found.api_took_p50:.0f} / {found.api_took_p95:.0f}",
            f"{found.bare_took_p50:.0f} / {found.bare_took_p95:.0f}",
            f"{found.added_p50:+.1f}",
            f"{found.python_p50:.1f}",
            f"{found.http_p50:.1f}",
        )


@dataclass(frozen=True, kw_only=True)
class ApiRun(RunDescription):
    """All cases of one run."""

    effort: Effort
    cases: tuple[ComparisonCase, ...]

    @property
    def most_added_ms(self) -> float:
        return max(case.result.added_p50 for case in self.cases)


def build_table(cases: Sequence[ComparisonCase]) -> Table:
    """Builds the table for a terminal."""
    table = Table(title="GET /v1/products/{id}/similar, milliseconds")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in ("vectors", "filter", "plan") else "right")
    for case in cases:
        table.add_row(*case.to_cells())
    return table


def write(run: ApiRun, folder: Path) -> None:
    """Writes api.json and api.md into `folder`."""
    body = {**asdict(run), "goal_ms": GOAL_MS, "most_added_ms": run.most_added_ms}
    write_results(folder, "api", body, write_page(run))


def write_page(run: ApiRun) -> str:
    """Writes the run as Markdown."""
    lines = [
        "# API beside a bare client",
        "",
        run.title,
        "",
        run.machine,
        "",
        "Milliseconds of `GET /v1/products/{id}/similar?limit=10` (`flat` index, gunicorn on loopback,",
        "one question at a time) and of a bare client that sends Elasticsearch the same get and the same search,",
        f"asked in turns: medians over {run.effort.repeats} repeats of {run.effort.questions} questions. *Server* is",
        "Elasticsearch's own `took` (whole ms) of the search. *Python* is the API's own time outside its calls of",
        "Elasticsearch, *HTTP* what lies between the caller and the API's code (gunicorn, Flask's frame, loopback).",
        "",
        *format_table(COLUMNS, [case.to_cells() for case in run.cases]),
        "",
        f"Goal: the API adds at most {GOAL_MS:.0f} ms at p50. Most added: {run.most_added_ms:.1f} ms.",
    ]
    return "\n".join(lines) + "\n"
