"""Speed, recall and planner quality on big catalogues: `python -m benchmarks.query run|load|page`."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console

from benchmarks import cases, facets, goals, kept, machine, plans, query_page, query_plot, query_results, speed
from benchmarks.askers import ApiFailed
from benchmarks.cases import Effort, Job, Size
from benchmarks.query_results import Measured
from benchmarks.shop import Shop
from benchmarks.stage import find_elasticsearch
from catalog.errors import VisualSearchError
from catalog.settings import CatalogSettings, VectorIndex
from loadtest.local import run_api

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var" / "benchmarks"
RESULTS = Path(__file__).with_name("results")
HEAP = "2g"
PATIENCE = "60"  # seconds the API waits: sixteen callers at a million products must be slow, not refused
told = Console(stderr=True, width=None if sys.stderr.isatty() else 160)
app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Sizes = Annotated[list[str] | None, typer.Option("--size", help="PRODUCTSxDIMS instead of all, repeatable")]
Types = Annotated[list[str] | None, typer.Option("--index-type", help="instead of the usual ones, repeatable")]
Keep = Annotated[bool, typer.Option("--keep", help="leave the catalogues on the server for the next run")]
Big = Annotated[bool, typer.Option("--big", help="1,000,000 x 512 too: 6 GB on disk and a long load")]
Out = Annotated[Path | None, typer.Option(help="folder of the result; default benchmarks/results, var with --quick")]


@contextmanager
def errors_told() -> Iterator[None]:
    """Status 2 and one line where it cannot run, 1 where the API failed under the questions."""
    try:
        yield
    except (VisualSearchError, ApiFailed) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1 if isinstance(error, ApiFailed) else 2) from error


@app.command()
def run(
    size: Sizes = None,
    index_type: Types = None,
    big: Big = False,
    keep: Keep = False,
    add: Annotated[
        bool, typer.Option("--add", help="keep what earlier runs found out about other catalogues")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="4,000 x 40 only, few questions")] = False,
    questions: Annotated[int | None, typer.Option(min=1, help="per repeat and filter")] = None,
    repeats: Annotated[int | None, typer.Option(min=1)] = None,
    out: Out = None,
) -> None:
    """Load what is not there, ask, and write query.json, query.md and query.png."""
    plain = cases.QUERY_QUICK_EFFORT if quick else cases.QUERY_EFFORT
    effort = Effort(questions or plain.questions, repeats or plain.repeats, plain.warm_up, plain.crowd_seconds)
    jobs = chosen_jobs(_sizes(size, big, quick), _types(index_type))
    folder = out or (VAR if quick else RESULTS)
    page = query_results.read(folder) if add else query_results.Page()
    with errors_told(), find_elasticsearch(HEAP) as settings:
        for job in jobs:
            page = page.with_(measured(settings, job, effort, keep=keep))
            write(page, folder)  # after each one: the next may take long
    told.print(f"kept in {folder / 'query.md'}", highlight=False, soft_wrap=True)


@app.command()
def load(size: Sizes = None, index_type: Types = None, big: Big = False) -> None:
    """Load and merge the catalogues of a later `run --keep`, and leave them on the server."""
    with errors_told(), find_elasticsearch(HEAP) as settings:
        for job in chosen_jobs(_sizes(size, big, False), _types(index_type)):
            with kept.catalogue(settings, job.size, job.index_type, keep=True) as (_, loaded):
                told.print(f"{job.size.text} {job.index_type}: {loaded}", highlight=False, soft_wrap=True)


@app.command()
def page(out: Out = None) -> None:
    """Write query.md and query.png again from query.json."""
    write(query_results.read(out or RESULTS), out or RESULTS)


def write(found: query_results.Page, folder: Path) -> None:
    """JSON, page and picture into `folder`."""
    query_results.keep(found, folder)
    (folder / "query.md").write_text(query_page.page(found))
    query_plot.draw(found, folder / "query.png")


def chosen_jobs(sizes: Sequence[Size], types: Sequence[VectorIndex]) -> list[Job]:
    """One job per size and index type; the usual types where none is given."""
    return [cases.job(size, kind) for size in sizes for kind in types or cases.usual_types(size)]


def measured(settings: CatalogSettings, job: Job, effort: Effort, *, keep: bool) -> Measured:
    """Everything asked about one catalogue."""
    told.print(f"{job.size.text} {job.index_type}: loading, where it is not there yet", highlight=False)
    with kept.catalogue(settings, job.size, job.index_type, keep=keep) as (catalogue, loaded):
        described = machine.line(catalogue)
        shop = Shop.of(job.size, kept.SEED)
        fast, panels, choices = [], [], []
        if job.speed:
            with run_api(catalogue.settings, VAR, SEARCH_TIMEOUT=PATIENCE) as host:
                fast = speed.measure(shop, host, job.index_type, job.speed, effort, kept.SEED)
                panels = facets.measure(shop, host, job.index_type, effort, kept.SEED)
            for cell in fast:
                told.print(_line(cell), highlight=False, soft_wrap=True)
            for panel in panels:
                told.print(f"facets, {panel.question}: p50 {panel.p50}, p95 {panel.p95} ms", highlight=False)
        if job.plans:
            choices = plans.measure(catalogue.settings, shop, job.index_type, job.plans, effort, kept.SEED)
            for choice in goals.missed_plans(choices):
                told.print(f"{query_page.passes(choice.share)}: {choice.chosen} chosen, {choice.best} is better")
    return Measured(
        loaded,
        job.size.products,
        job.size.dims,
        job.index_type,
        described,
        " ".join(["python -m benchmarks.query", *sys.argv[1:]]),
        datetime.now(UTC).strftime("%Y-%m-%d"),
        machine.commit(ROOT),
        effort,
        tuple(fast),
        tuple(choices),
        tuple(panels),
    )


def _line(cell: speed.SpeedCell) -> str:
    rates = ", ".join(f"{rate.median:.0f}/s by {callers}" for callers, rate in cell.rates.items())
    return (
        f"{query_page.passes(cell.share)}: {cell.plan}, p50 {cell.p50}, p95 {cell.p95} ms, recall {cell.recall:.4f}, "
        f"{cell.to_exact.median:.2f} x exact, {cell.to_limit.median:.1f} x limit, {rates}"
    )


def _sizes(given: Sequence[str] | None, big: bool, quick: bool) -> list[Size]:
    if given:
        return [Size.parse(text) for text in given]
    return list(cases.QUERY_QUICK) if quick else cases.sizes_asked((cases.BIG,) if big else ())


def _types(given: Sequence[str] | None) -> list[VectorIndex]:
    known = get_args(VectorIndex)
    for name in given or ():
        if name not in known:
            raise typer.BadParameter(f"'{name}' is no index type: {', '.join(known)}")
    return list(given or ())  # type: ignore[arg-type]


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.query")
