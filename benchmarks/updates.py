"""Price updates per second on every type of vector index: `python -m benchmarks.updates [--quick]`."""

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from benchmarks import machine, updates_results
from benchmarks.askers import ApiFailed
from benchmarks.cases import Size
from benchmarks.stage import find_elasticsearch
from benchmarks.updates_results import Effort, Run
from benchmarks.updates_run import KINDS, QUICK, QUICK_KINDS, measure
from catalog.elastic import connect
from catalog.errors import VisualSearchError

ROOT = Path(__file__).resolve().parent.parent
SEED = 7
LEAST_DIMS = 64  # bbq types take no fewer
told = Console(stderr=True, width=None if sys.stderr.isatty() else 160)
app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    products: Annotated[int | None, typer.Option(min=1000, max=5_000_000, help="default 100,000")] = None,
    dims: Annotated[int, typer.Option(min=LEAST_DIMS, max=4096, help="bbq types need 64 or more")] = LEAST_DIMS,
    updates: Annotated[int | None, typer.Option(min=1, help="prices that change in each import")] = None,
    only: Annotated[list[str] | None, typer.Option(help="an index type, or `none`; repeatable")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="2,000 products, three index types, kept below var")] = False,
    add: Annotated[
        bool, typer.Option("--add", help="keep what an earlier run of this size found for others")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="folder for updates.json and updates.md")] = None,
) -> None:
    """Write new prices through the importer with and without shoppers asking; deletes what it made."""
    if unknown := set(only or ()) - set(KINDS):
        raise typer.BadParameter(f"'{unknown.pop()}' is no index type: there are {', '.join(KINDS)}")
    size, plain = Size(products or (2000 if quick else 100_000), dims), QUICK if quick else Effort()
    effort = Effort(min(updates or plain.updates, size.products), plain.questions)
    signal.signal(signal.SIGTERM, _leave)
    wanted = only or (QUICK_KINDS if quick else KINDS)
    folder = out or (ROOT / "var" / "benchmarks" if quick else Path(__file__).with_name("results"))
    kept = updates_results.read(folder / "updates.json") if add else None
    earlier = kept if kept and (kept.products, kept.dims) == (size.products, size.dims) else None
    try:
        run = _measure(size, [kind for kind in KINDS if kind in wanted], effort, earlier, folder)
    except (VisualSearchError, ApiFailed) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1 if isinstance(error, ApiFailed) else 2) from error
    told.print(f"{run.verdict}\n{run.machine}\nkept in {folder / 'updates.md'}", highlight=False, soft_wrap=True)


def _leave(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)  # so that what was made is deleted on the way out


def _measure(size: Size, kinds: list[str], effort: Effort, earlier: Run | None, folder: Path) -> Run:
    lines = {line.kind: line for line in earlier.lines} if earlier else {}
    before = f"{earlier.command} (commit {earlier.commit}); then " if earlier else ""
    command = before + " ".join(["python -m benchmarks.updates", *sys.argv[1:]])
    date, commit = datetime.now(UTC).strftime("%Y-%m-%d"), machine.commit(ROOT)
    with find_elasticsearch() as settings:
        catalogue = connect(settings)
        described = machine.line(catalogue)
        catalogue.client.close()
        for kind in kinds:
            lines[kind] = measure(settings, size, kind, effort, SEED, ROOT / "var" / "benchmarks")
            told.print(" | ".join(updates_results.cells(lines[kind])), highlight=False, soft_wrap=True)
            ordered = [lines[one] for one in KINDS if one in lines]
            run = Run(size.products, size.dims, described, command, date, commit, effort, ordered)
            updates_results.keep(run, folder)  # after each, for all of them take minutes
    return run


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.updates")
