"""Measures the planner's prices on this deployment: `make calibrate`, `python -m benchmarks.calibrate [--quick]`.

Draws products under a prefix of its own, asks both plans over sizes, dimensions and shares, and leaves a file for
PLANNER_COSTS. What it made in Elasticsearch is gone afterwards.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from benchmarks import calibrate_report as report
from benchmarks import machine
from benchmarks.calibrate_fit import fitted
from benchmarks.calibrate_samples import SEED, Load, Sample, samples
from benchmarks.cases import Size
from benchmarks.stage import LoadFigures, create_catalogue, find_elasticsearch, load
from catalog.elastic import Catalogue, connect
from catalog.errors import VisualSearchError
from catalog.search.costs import CostsFile, read_costs
from catalog.settings import CatalogSettings, VectorIndex
from loadtest import draw

ROOT = Path(__file__).resolve().parent.parent
DIMS, QUICK_DIMS = (40, 512), (40,)
PRODUCTS, QUICK_PRODUCTS = 100_000, 3_000
WIDE = 256  # dimensions from which half as many products take as long to load
GRAPH_SHARE = 0.25  # of the products, in a graph: building one takes 26 times as long
TYPES: tuple[VectorIndex, ...] = ("flat", "int8_flat", "bbq_flat", "int8_hnsw")
QUICK_TYPES: tuple[VectorIndex, ...] = ("flat", "int8_hnsw")
MIN_BBQ_DIMS = 64
QUESTIONS, QUICK_QUESTIONS = 25, 5

told = Console(stderr=True, width=None if sys.stderr.isatty() else 160)
app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    products: Annotated[int | None, typer.Option(min=1000, help="in the biggest catalogue; default 100,000")] = None,
    dims: Annotated[list[int] | None, typer.Option(min=2, max=4096, help="repeatable; default 40 and 512")] = None,
    index_type: Annotated[list[str] | None, typer.Option(help="repeatable; default flat ones, int8_hnsw")] = None,
    questions: Annotated[int | None, typer.Option(min=1, help="per plan and share")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="3,000 products of 40 dimensions: whether it works")] = False,
    out: Annotated[Path | None, typer.Option(help="the file to write; default var/calibrate/costs.json")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print prices and samples on standard output")] = False,
) -> None:
    """Measure, fit, print what changes, keep the prices."""
    kinds = _types(index_type or (QUICK_TYPES if quick else TYPES))
    biggest = products or (QUICK_PRODUCTS if quick else PRODUCTS)
    loads = plan(biggest, tuple(dims or (QUICK_DIMS if quick else DIMS)), kinds)
    try:
        with find_elasticsearch() as settings:
            before = read_costs(settings.planner_costs)
            described, cores = _server(settings)
            found = measure(settings, loads, questions or (QUICK_QUESTIONS if quick else QUESTIONS))
    except VisualSearchError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    measured = [one for _, _, got in found for one in got]
    costs = fitted(measured, before, cores)
    path = out or ROOT / "var" / "calibrate" / "costs.json"
    command = " ".join(["python -m benchmarks.calibrate", *sys.argv[1:]])
    kept = CostsFile(costs, described, datetime.now(UTC).strftime("%Y-%m-%d"), command)
    report.keep(path, kept)
    for table in report.tables(measured, [(one, figures) for one, figures, _ in found], before, costs):
        told.print(table)
    told.print(f"{described}\n{report.verdict(measured, before, costs)}", highlight=False, soft_wrap=True)
    told.print(f"kept in {path}: set PLANNER_COSTS={path} for the API", highlight=False, soft_wrap=True)
    if as_json:
        typer.echo(report.as_json(kept, measured))


def _types(names: Sequence[str]) -> list[VectorIndex]:
    known = get_args(VectorIndex)
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"'{name}' is no index type; there are {', '.join(known)}")
    return [kind for kind in known if kind in names]


def plan(biggest: int, dims: Sequence[int], kinds: Sequence[VectorIndex]) -> list[Load]:
    """A small and a big catalogue of every kind, so that what is paid per query and per product can be told apart."""
    found = []
    for kind in kinds:
        for width in dims:
            if kind.startswith("bbq") and width < MIN_BBQ_DIMS:
                continue
            most = biggest * (GRAPH_SHARE if "hnsw" in kind else 1) / (2 if width >= WIDE else 1)
            sizes = [int(most)] if kind != "flat" else [int(most / 10), int(most)]
            found += [Load(Size(size, width), kind) for size in sizes]
    return found


def _server(settings: CatalogSettings) -> tuple[str, int]:
    """The machine in a line, and the cores of all its data nodes."""
    catalogue = connect(settings)
    try:
        return machine.line(catalogue), _cores(catalogue)
    finally:
        catalogue.client.close()


def _cores(catalogue: Catalogue) -> int:
    nodes: Any = catalogue.client.nodes.info(metric=["os"])
    data = [node for node in nodes["nodes"].values() if any(role.startswith("data") for role in node["roles"])]
    return max(1, sum(int(node["os"]["allocated_processors"]) for node in data))


def measure(
    settings: CatalogSettings, loads: Sequence[Load], questions: int
) -> list[tuple[Load, LoadFigures, list[Sample]]]:
    """Load, ask, delete, one catalogue after the other."""
    found = []
    with Progress(console=told, disable=not told.is_terminal) as bar:
        task = bar.add_task("", total=sum(one.size.products for one in loads))
        done = 0
        for one in loads:
            name = f"{one.index_type} {one.size.products} x {one.size.dims}"
            bar.update(task, description=f"loading {name}")
            if not told.is_terminal:
                told.print(f"loading {name}", highlight=False)
            step = partial(_advance, bar, task, done)
            with create_catalogue(settings, "calibrate", one.index_type) as catalogue:
                drawn = draw.products(one.size.products, one.size.dims, SEED)
                figures = load(catalogue, one.size, drawn, step)
                bar.update(task, description=f"asking {name}")
                found.append((one, figures, samples(catalogue, one, questions)))
            done += one.size.products
    return found


def _advance(bar: Progress, task: TaskID, before: int, count: int) -> None:
    bar.update(task, completed=before + count)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.calibrate")
