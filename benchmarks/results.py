"""Shows and keeps what was measured: a table on the terminal, JSON and Markdown in a folder."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from rich.table import Table

from benchmarks.cases import Effort, Size
from benchmarks.measure import Result

GOAL_MS = 5.0  # what the API may add at p50
COLUMNS = (
    "vectors", "filter", "plan", "API p50 / p95", "bare p50 / p95", "server p50 / p95 (API)",
    "server p50 / p95 (bare)", "API adds p50", "of it Python", "HTTP",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table; `load_seconds` and `segments` are those of its catalogue."""

    size: Size
    filter: str
    result: Result
    load_seconds: float
    segments: int


@dataclass(frozen=True, slots=True)
class Run:
    machine: str
    command: str
    date: str
    commit: str
    effort: Effort
    cases: tuple[Case, ...]

    @property
    def most_added_ms(self) -> float:
        return max(case.result.added_p50 for case in self.cases)


def cells(case: Case) -> tuple[str, ...]:
    """A case as text, times in milliseconds."""
    found = case.result
    return (
        case.size.text,
        case.filter,
        found.plan,
        f"{found.api_p50:.1f} / {found.api_p95:.1f}",
        f"{found.bare_p50:.1f} / {found.bare_p95:.1f}",
        f"{found.api_took_p50:.0f} / {found.api_took_p95:.0f}",
        f"{found.bare_took_p50:.0f} / {found.bare_took_p95:.0f}",
        f"{found.added_p50:+.1f}",
        f"{found.python_p50:.1f}",
        f"{found.http_p50:.1f}",
    )


def table(cases: Sequence[Case]) -> Table:
    """The cases for a terminal."""
    shown = Table(title="GET /v1/products/{id}/similar, milliseconds")
    for name in COLUMNS:
        shown.add_column(name, justify="left" if name in ("vectors", "filter", "plan") else "right")
    for case in cases:
        shown.add_row(*cells(case))
    return shown


def markdown(run: Run) -> str:
    """The run as a page."""
    lines = [
        "# API beside a bare client",
        "",
        f"`{run.command}`, {run.date}, commit {run.commit}",
        "",
        run.machine,
        "",
        "Milliseconds of `GET /v1/products/{id}/similar?limit=10` (`flat` index, gunicorn on loopback,",
        "one question at a time) and of a bare client that sends Elasticsearch the same get and the same search,",
        f"asked in turns: medians over {run.effort.repeats} repeats of {run.effort.questions} questions. *Server* is",
        "Elasticsearch's own `took` (whole ms) of the search. *Python* is the API's own time outside its calls of",
        "Elasticsearch, *HTTP* what lies between the caller and the API's code (gunicorn, Flask's frame, loopback).",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{'---|' * len(COLUMNS)}",
        *(f"| {' | '.join(cells(case))} |" for case in run.cases),
        "",
        f"Goal: the API adds at most {GOAL_MS:.0f} ms at p50. Most added: {run.most_added_ms:.1f} ms.",
    ]
    return "\n".join(lines) + "\n"


def keep(run: Run, folder: Path) -> None:
    """Write api.json and api.md into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    body = {**asdict(run), "goal_ms": GOAL_MS, "most_added_ms": run.most_added_ms}
    (folder / "api.json").write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")
    (folder / "api.md").write_text(markdown(run))
