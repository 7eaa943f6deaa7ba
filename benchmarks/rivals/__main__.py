"""Our API beside annoy, hnswlib, faiss and pgvector: `python -m benchmarks.rivals [--quick]`."""

import os
import signal
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from benchmarks import machine
from benchmarks.askers import ApiFailed
from benchmarks.cases import Size
from benchmarks.rivals.figures import QUICK, Effort, Run
from benchmarks.stage import find_elasticsearch
from catalog.elastic import connect
from catalog.errors import VisualSearchError

ROOT = Path(__file__).resolve().parent.parent.parent
SEED = 7
SIZES = (Size(100_000, 40), Size(100_000, 512))
PACKAGES = ("annoy", "hnswlib", "faiss-cpu", "pgserver", "psycopg")
told = Console(stderr=True, width=None if sys.stderr.isatty() else 160)
app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    products: Annotated[int | None, typer.Option(min=1000, max=5_000_000, help="one size instead of two")] = None,
    dims: Annotated[int, typer.Option(min=2, max=2000, help="with --products; pgvector's hnsw ends at 2,000")] = 40,
    quick: Annotated[bool, typer.Option("--quick", help="2,000 x 40 and few questions, kept below var")] = False,
    out: Annotated[Path | None, typer.Option(help="folder for rivals.json, .md and .png")] = None,
) -> None:
    """Build and serve everybody, ask, write, keep the figures; ends and deletes what it made."""
    signal.signal(signal.SIGTERM, _leave)
    versions = _versions()
    effort = QUICK if quick else Effort()
    sizes = [Size(products or 2000, dims)] if products or quick else list(SIZES)
    folder = out or (ROOT / "var" / "benchmarks" if quick else Path(__file__).parent.with_name("results"))
    try:
        for size in sizes:
            _measure(size, effort, folder, versions)
    except (VisualSearchError, ApiFailed) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1 if isinstance(error, ApiFailed) else 2) from error


def _leave(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)  # so that what was started is ended on the way out


def _versions() -> str:
    try:
        return ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    except PackageNotFoundError as error:
        typer.echo(
            f"{error.name} is not installed: run `make bench-rivals`, or install requirements-bench.txt", err=True
        )
        raise typer.Exit(2) from error


def _measure(size: Size, effort: Effort, folder: Path, versions: str) -> None:
    from benchmarks.rivals import picture, results, run  # these need what may not be installed

    with find_elasticsearch() as settings:
        catalogue = connect(settings)
        described = machine.line(catalogue)
        catalogue.client.close()
        lines, disk = run.run(settings, size, effort, SEED, _say)
    command = " ".join(["python -m benchmarks.rivals", *sys.argv[1:]])
    date, commit = datetime.now(UTC).strftime("%Y-%m-%d"), machine.commit(ROOT)
    found = Run(size.products, size.dims, described, command, date, commit, effort, versions, disk, lines)
    kept = results.keep(found, folder)
    picture.draw(kept, folder / "rivals.png")
    for line in lines:
        _say(" | ".join(results.cells(line)))
    for line in lines:
        _say(" | ".join(results.costs(line)))
    _say(f"load {os.getloadavg()[0]:.1f}; kept in {folder / 'rivals.md'}")


def _say(text: str) -> None:
    told.print(text, highlight=False, soft_wrap=True, markup=False)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.rivals")
