"""Our API beside annoy, hnswlib, faiss and pgvector: `python -m benchmarks.rivals [--quick]`."""

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.command_line import choose_folder, exit_on_failure, log
from benchmarks.results import describe_run
from benchmarks.rivals import results
from benchmarks.rivals.results import RivalEffort, RivalRun
from benchmarks.sizes import Size
from benchmarks.stage import find_elasticsearch
from catalog.elastic import connect

SEED = 7
SIZES = (Size(100_000, 40), Size(100_000, 512))
QUICK_EFFORT = RivalEffort(questions=10, repeats=2, writes=10, bulk=200)
PACKAGES = ("annoy", "hnswlib", "faiss-cpu", "pgserver", "psycopg")
app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    products: Annotated[int | None, typer.Option(min=1000, max=5_000_000, help="one size instead of two")] = None,
    dims: Annotated[int, typer.Option(min=2, max=2000, help="with --products; pgvector's hnsw ends at 2,000")] = 40,
    quick: Annotated[bool, typer.Option("--quick", help="2,000 x 40 and few questions, kept below var")] = False,
    out: Annotated[Path | None, typer.Option(help="folder for rivals.json, .md and .png")] = None,
) -> None:
    """Build and serve everybody, ask, write, keep the figures; ends and deletes what it made."""
    versions = _read_versions()
    effort = QUICK_EFFORT if quick else RivalEffort()
    sizes = [Size(products or 2000, dims)] if products or quick else list(SIZES)
    with exit_on_failure("rivals"):
        for size in sizes:
            _measure(size, effort, choose_folder(out, quick), versions)


def _read_versions() -> str:
    try:
        return ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    except PackageNotFoundError as error:
        typer.echo(
            f"{error.name} is not installed: run `make bench-rivals`, or install requirements-bench.txt", err=True
        )
        raise typer.Exit(2) from error


def _measure(size: Size, effort: RivalEffort, folder: Path, versions: str) -> None:
    from benchmarks.rivals import picture, run  # these need what may not be installed

    with find_elasticsearch() as settings:
        catalogue = connect(settings)
        provenance = describe_run(catalogue, "rivals")
        catalogue.client.close()
        lines, disk = run.run_contest(settings, size, effort, SEED, log)
    found = RivalRun(
        **provenance,
        products=size.products,
        dims=size.dims,
        effort=effort,
        versions=versions,
        index_mb=disk,
        lines=lines,
    )
    picture.draw_picture(results.add_run(found, folder), folder / "rivals.png")
    for line in lines:
        log(" | ".join(results.list_answers(line)))
    for line in lines:
        log(" | ".join(results.list_costs(line)))
    log(f"load {os.getloadavg()[0]:.1f}; kept in {folder / 'rivals.md'}")


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.rivals")
