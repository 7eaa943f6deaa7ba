"""The API beside a bare client, in one interleaved run: `python -m benchmarks.api [--quick]`."""

import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import machine, results
from benchmarks.askers import Api, ApiFailed, BareClient
from benchmarks.cases import FILTERS, FULL, QUICK, QUICK_EFFORT, Effort, Size
from benchmarks.measure import DifferentAnswers, compare
from benchmarks.results import Case, Run
from benchmarks.stage import create_catalogue, find_elasticsearch, load
from catalog.errors import VisualSearchError
from loadtest.local import run_api

ROOT = Path(__file__).resolve().parent.parent
SEED = 7
told = Console(stderr=True, width=None if sys.stderr.isatty() else 160)
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
    plain = QUICK_EFFORT if quick else Effort()
    effort = Effort(questions or plain.questions, repeats or plain.repeats, plain.warm_up)
    sizes = [Size.parse(text) for text in size] if size else list(QUICK if quick else FULL)
    try:
        run = measure(sizes, effort)
    except (VisualSearchError, DifferentAnswers, ApiFailed) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1 if isinstance(error, DifferentAnswers | ApiFailed) else 2) from error
    folder = out or (ROOT / "var" / "benchmarks" if quick else Path(__file__).with_name("results"))
    results.keep(run, folder)
    told.print(results.table(run.cases))
    told.print(f"{run.machine}\nkept in {folder / 'api.md'}", highlight=False, soft_wrap=True)
    if as_json:
        typer.echo((folder / "api.json").read_text())
    if max_added is not None and run.most_added_ms > max_added:
        typer.echo(f"the API adds {run.most_added_ms:.1f} ms at p50, more than {max_added:.1f}", err=True)
        raise typer.Exit(1)


def measure(sizes: list[Size], effort: Effort) -> Run:
    """All cases of all sizes on one Elasticsearch."""
    with find_elasticsearch() as settings:
        cases: list[Case] = []
        described = ""
        for size in sizes:
            told.print(f"loading {size.products} x {size.dims}", highlight=False)
            with ExitStack() as stack:
                catalogue = stack.enter_context(create_catalogue(settings, "bench", "flat"))
                figures = load(catalogue, size, size.drawn(SEED))
                host = stack.enter_context(run_api(catalogue.settings, ROOT / "var" / "benchmarks"))
                described = described or machine.line(catalogue)
                ids = [one.document["id"] for one in size.drawn(SEED)][:: max(1, size.products // 1000)]
                for name, filters in FILTERS.items():
                    bare, api = BareClient(catalogue, filters), Api(host, filters)
                    result = compare(api, bare, ids, effort, SEED)
                    cases.append(Case(size, name, result, figures.seconds, figures.segments))
                    told.print(" | ".join(results.cells(cases[-1])), highlight=False, soft_wrap=True)
    command = " ".join(["python -m benchmarks.api", *sys.argv[1:]])
    return Run(described, command, datetime.now(UTC).strftime("%Y-%m-%d"), machine.commit(ROOT), effort, tuple(cases))


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.api")
