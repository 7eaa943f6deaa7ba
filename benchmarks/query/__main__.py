"""Speed, recall and planner quality on big catalogues: `python -m benchmarks.query run|load|page`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.command_line import RESULTS, VAR, choose_folder, exit_on_failure, log, parse_index_types
from benchmarks.query import jobs, kept_catalogue, results
from benchmarks.query.facets import FacetCell, measure_facets
from benchmarks.query.goals import find_missed_plans
from benchmarks.query.jobs import QueryJob
from benchmarks.query.page import format_share, write_page
from benchmarks.query.plans import PlanCell, measure_plans
from benchmarks.query.plot import draw_plot
from benchmarks.query.results import CatalogueMeasurement, QueryResults
from benchmarks.query.right_answers import RightAnswers
from benchmarks.query.speed import SpeedCell, measure_speed
from benchmarks.results import describe_run, write_results
from benchmarks.sizes import Effort, Size
from benchmarks.stage import find_elasticsearch
from catalog.elastic import Catalogue
from catalog.settings import CatalogSettings
from loadtest.local import run_api

HEAP = "2g"
PATIENCE = "60"  # seconds the API waits: sixteen callers at a million products must be slow, not refused
app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Sizes = Annotated[list[str] | None, typer.Option("--size", help="PRODUCTSxDIMS instead of all, repeatable")]
Types = Annotated[list[str] | None, typer.Option("--index-type", help="instead of the usual ones, repeatable")]
Keep = Annotated[bool, typer.Option("--keep", help="leave the catalogues on the server for the next run")]
Big = Annotated[bool, typer.Option("--big", help="1,000,000 x 512 too: 6 GB on disk and a long load")]
Out = Annotated[Path | None, typer.Option(help="folder of the result; default benchmarks/results, var with --quick")]


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
    effort = (jobs.QUICK_EFFORT if quick else jobs.EFFORT).override(questions, repeats)
    chosen = jobs.list_jobs(_choose_sizes(size, big, quick), parse_index_types(index_type or ()))
    folder = choose_folder(out, quick)
    found = results.read(folder) if add else QueryResults()
    with exit_on_failure("query"), find_elasticsearch(HEAP) as settings:
        for job in chosen:
            found = found.replace(measure(settings, job, effort, keep=keep))
            write(found, folder)  # after each one: the next may take long
    log(f"kept in {folder / 'query.md'}")


@app.command()
def load(size: Sizes = None, index_type: Types = None, big: Big = False) -> None:
    """Load and merge the catalogues of a later `run --keep`, and leave them on the server."""
    chosen = jobs.list_jobs(_choose_sizes(size, big, quick=False), parse_index_types(index_type or ()))
    with exit_on_failure("query"), find_elasticsearch(HEAP) as settings:
        for job in chosen:
            with kept_catalogue.open_catalogue(settings, job.size, job.index_type, keep=True) as (_, loaded):
                log(f"{job.size.text} {job.index_type}: {loaded}")


@app.command()
def page(out: Out = None) -> None:
    """Write query.md and query.png again from query.json."""
    write(results.read(out or RESULTS), out or RESULTS)


def write(found: QueryResults, folder: Path) -> None:
    """Writes JSON, page and picture into `folder`."""
    write_results(folder, results.NAME, found, write_page(found))
    draw_plot(found, folder / "query.png")


def measure(settings: CatalogSettings, job: QueryJob, effort: Effort, *, keep: bool) -> CatalogueMeasurement:
    """Measures everything that is asked of one catalogue."""
    log(f"{job.size.text} {job.index_type}: loading, where it is not there yet")
    with kept_catalogue.open_catalogue(settings, job.size, job.index_type, keep=keep) as (catalogue, loaded):
        provenance = describe_run(catalogue, "query")
        right = RightAnswers.draw(job.size, kept_catalogue.SEED)
        speed, facets = _measure_api(catalogue, job, right, effort) if job.speed else ([], [])
        plans = _measure_plans(catalogue, job, right, effort) if job.plans else []
    return CatalogueMeasurement(
        **provenance,
        loaded=loaded,
        products=job.size.products,
        dims=job.size.dims,
        index_type=job.index_type,
        effort=effort,
        speed=tuple(speed),
        plans=tuple(plans),
        facets=tuple(facets),
    )


def _measure_api(
    catalogue: Catalogue, job: QueryJob, right: RightAnswers, effort: Effort
) -> tuple[list[SpeedCell], list[FacetCell]]:
    with run_api(catalogue.settings, VAR, SEARCH_TIMEOUT=PATIENCE) as host:
        speed = measure_speed(right, host, job.index_type, job.speed, effort, kept_catalogue.SEED)
        facets = measure_facets(right, host, job.index_type, effort, kept_catalogue.SEED)
    for cell in speed:
        rates = ", ".join(f"{rate.median:.0f}/s by {callers}" for callers, rate in cell.rates.items())
        log(
            f"{format_share(cell.share)}: {cell.plan}, p50 {cell.p50}, p95 {cell.p95} ms, recall {cell.recall:.4f}, "
            f"{cell.to_exact.median:.2f} x exact, {cell.to_limit.median:.1f} x limit, {rates}"
        )
    for panel in facets:
        log(f"facets, {panel.question}: p50 {panel.p50}, p95 {panel.p95} ms")
    return speed, facets


def _measure_plans(catalogue: Catalogue, job: QueryJob, right: RightAnswers, effort: Effort) -> list[PlanCell]:
    cells = measure_plans(catalogue.settings, right, job.index_type, job.plans, effort, kept_catalogue.SEED)
    for cell in find_missed_plans(cells):
        log(f"{format_share(cell.share)}: {cell.chosen} chosen, {cell.best} is better")
    return cells


def _choose_sizes(given: Sequence[str] | None, big: bool, quick: bool) -> list[Size]:
    if given:
        return [Size.parse(text) for text in given]
    return list(jobs.QUICK_SIZES) if quick else jobs.list_sizes(big)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.query")
