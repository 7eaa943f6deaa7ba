"""Measures the planner's prices on this deployment: `make calibrate`, `python -m benchmarks.calibrate [--quick]`.

Draws products under a prefix of its own, asks both plans over sizes, dimensions and shares, and leaves a file for
PLANNER_COSTS. What it made in Elasticsearch is gone afterwards.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, TaskID

from benchmarks.calibrate import report
from benchmarks.calibrate.fit import fit_costs
from benchmarks.calibrate.samples import SEED, CalibrationCatalogue, PlanSample, measure_samples
from benchmarks.command_line import ROOT, console, exit_on_failure, log, parse_index_types
from benchmarks.results import describe_run
from benchmarks.sizes import Size
from benchmarks.stage import LoadFigures, create_catalogue, find_elasticsearch, load
from catalog.elastic import Catalogue, connect
from catalog.search.planning.prices import CostsFile, read_costs
from catalog.settings import CatalogSettings, VectorIndex
from loadtest.drawn_products import draw_products

DIMS, QUICK_DIMS = (40, 512), (40,)
PRODUCTS, QUICK_PRODUCTS = 100_000, 3_000
WIDE = 256  # dimensions from which half as many products take as long to load
GRAPH_SHARE = 0.25  # of the products, in a graph: building one takes 26 times as long
TYPES: tuple[VectorIndex, ...] = ("flat", "int8_flat", "bbq_flat", "int8_hnsw")
QUICK_TYPES: tuple[VectorIndex, ...] = ("flat", "int8_hnsw")
MIN_BBQ_DIMS = 64
QUESTIONS, QUICK_QUESTIONS = 25, 5
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
    kinds = parse_index_types(index_type or (QUICK_TYPES if quick else TYPES))
    biggest = products or (QUICK_PRODUCTS if quick else PRODUCTS)
    catalogues = list_catalogues(biggest, tuple(dims or (QUICK_DIMS if quick else DIMS)), kinds)
    with exit_on_failure("calibrate"), find_elasticsearch() as settings:
        before = read_costs(settings.planner_costs)
        provenance, cores = _describe_server(settings)
        found = measure(settings, catalogues, questions or (QUICK_QUESTIONS if quick else QUESTIONS))
    samples = [sample for _, _, measured in found for sample in measured]
    costs = fit_costs(samples, before, cores)
    path = out or ROOT / "var" / "calibrate" / "costs.json"
    file = CostsFile(costs, provenance["machine"], provenance["date"], provenance["command"])
    report.write_costs(path, file)
    for table in report.build_tables(samples, [(one, figures) for one, figures, _ in found], before, costs):
        console.print(table)
    log(f"{file.machine}\n{report.write_verdict(samples, before, costs)}")
    log(f"kept in {path}: set PLANNER_COSTS={path} for the API")
    if as_json:
        typer.echo(report.to_json(file, samples))


def list_catalogues(biggest: int, dims: Sequence[int], kinds: Sequence[VectorIndex]) -> list[CalibrationCatalogue]:
    """Lists a small and a big catalogue of every kind, so that prices per query and per product can be separated."""
    found = []
    for kind in kinds:
        for width in dims:
            if kind.startswith("bbq") and width < MIN_BBQ_DIMS:
                continue
            most = biggest * (GRAPH_SHARE if "hnsw" in kind else 1) / (2 if width >= WIDE else 1)
            sizes = [int(most)] if kind != "flat" else [int(most / 10), int(most)]
            found += [CalibrationCatalogue(Size(size, width), kind) for size in sizes]
    return found


def _describe_server(settings: CatalogSettings) -> tuple[dict[str, str], int]:
    """Returns where the figures come from, and the cores of all data nodes."""
    catalogue = connect(settings)
    try:
        return describe_run(catalogue, "calibrate"), _count_cores(catalogue)
    finally:
        catalogue.client.close()


def _count_cores(catalogue: Catalogue) -> int:
    nodes: Any = catalogue.client.nodes.info(metric=["os"])
    data = [node for node in nodes["nodes"].values() if any(role.startswith("data") for role in node["roles"])]
    return max(1, sum(int(node["os"]["allocated_processors"]) for node in data))


def measure(
    settings: CatalogSettings, catalogues: Sequence[CalibrationCatalogue], questions: int
) -> list[tuple[CalibrationCatalogue, LoadFigures, list[PlanSample]]]:
    """Loads, asks and deletes one catalogue after the other."""
    found = []
    with Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=sum(one.size.products for one in catalogues))
        done = 0
        for one in catalogues:
            name = f"{one.index_type} {one.size.products} x {one.size.dims}"
            bar.update(task, description=f"loading {name}")
            if not console.is_terminal:
                log(f"loading {name}")
            with create_catalogue(settings, "calibrate", one.index_type) as catalogue:
                drawn = draw_products(one.size.products, one.size.dims, SEED)
                figures = load(catalogue, one.size, drawn, partial(_advance, bar, task, done))
                bar.update(task, description=f"asking {name}")
                found.append((one, figures, measure_samples(catalogue, one, questions)))
            done += one.size.products
    return found


def _advance(bar: Progress, task: TaskID, before: int, count: int) -> None:
    bar.update(task, completed=before + count)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.calibrate")
