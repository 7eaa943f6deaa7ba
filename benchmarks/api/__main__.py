"""Compares the API with a bare client in one interleaved run: `python -m benchmarks.api [--quick]`."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.api import results
from benchmarks.api.bare_client import BareClient
from benchmarks.api.comparison import compare
from benchmarks.api.results import ApiRun, ComparisonCase
from benchmarks.api_client import ApiClient
from benchmarks.command_line import VAR, choose_folder, console, exit_on_failure, log
from benchmarks.results import describe_run
from benchmarks.sizes import FILTERS, Effort, Size
from benchmarks.stage import create_catalogue, find_elasticsearch, load
from catalog.settings import CatalogSettings
from loadtest.local import run_api

SEED = 7
SIZES = (Size(10_000, 40), Size(10_000, 512), Size(100_000, 40), Size(100_000, 512))
QUICK_SIZES = (Size(2_000, 40),)
QUICK_EFFORT = Effort(questions=30, repeats=3, warm_up=20)
app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    quick: Annotated[bool, typer.Option("--quick", help="2,000 x 40 only, few questions")] = False,
    size: Annotated[list[str] | None, typer.Option(help="PRODUCTSxDIMS instead of the four, repeatable")] = None,
    questions: Annotated[int | None, typer.Option(min=1, help="per repeat and case")] = None,
    repeats: Annotated[int | None, typer.Option(min=1)] = None,
    out: Annotated[
        Path | None, typer.Option(help="folder for api.json and api.md; default benchmarks/results, var with --quick")
    ] = None,
    max_added: Annotated[float | None, typer.Option(help="status 1 where the API adds more ms at p50")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the figures on standard output")] = False,
) -> None:
    """Measure both, print a table, keep the figures; deletes what it made."""
    effort = (QUICK_EFFORT if quick else Effort()).override(questions, repeats)
    sizes = [Size.parse(text) for text in size] if size else QUICK_SIZES if quick else SIZES
    folder = choose_folder(out, quick)
    cases: list[ComparisonCase] = []
    with exit_on_failure("api"), find_elasticsearch() as settings:
        for one in sizes:
            with ExitStack() as stack:
                provenance, measured = measure(stack, settings, one, effort)
                cases += measured
    run = ApiRun(**provenance, effort=effort, cases=tuple(cases))
    results.write(run, folder)
    console.print(results.build_table(run.cases))
    log(f"{run.machine}\nkept in {folder / 'api.md'}")
    if as_json:
        typer.echo((folder / "api.json").read_text())
    if max_added is not None and run.most_added_ms > max_added:
        typer.echo(f"the API adds {run.most_added_ms:.1f} ms at p50, more than {max_added:.1f}", err=True)
        raise typer.Exit(1)


def measure(
    stack: ExitStack, settings: CatalogSettings, size: Size, effort: Effort
) -> tuple[dict[str, str], list[ComparisonCase]]:
    """Measures all filters on one catalogue; returns where the figures come from, and a case per filter."""
    log(f"loading {size.products} x {size.dims}")
    catalogue = stack.enter_context(create_catalogue(settings, "bench", "flat"))
    figures = load(catalogue, size, size.draw_silent(SEED))
    host = stack.enter_context(run_api(catalogue.settings, VAR))
    provenance = describe_run(catalogue, "api")
    ids = [one.document["id"] for one in size.draw_silent(SEED)][:: max(1, size.products // 1000)]
    cases = []
    for name, filters in FILTERS.items():
        result = compare(ApiClient(host, filters), BareClient(catalogue, filters), ids, effort, SEED)
        cases.append(ComparisonCase(size, name, result, figures.seconds, figures.segments))
        log(" | ".join(cases[-1].to_cells()))
    return provenance, cases


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.api")
