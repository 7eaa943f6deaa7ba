"""Price updates per second on every type of vector index: `python -m benchmarks.updates [--quick]`."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.command_line import VAR, choose_folder, exit_on_failure, log
from benchmarks.results import describe_run, read_results
from benchmarks.sizes import Size
from benchmarks.stage import find_elasticsearch
from benchmarks.updates import results
from benchmarks.updates.measurement import KINDS, QUICK_EFFORT, QUICK_KINDS, measure
from benchmarks.updates.results import UpdateEffort, UpdateRun
from catalog.elastic import connect
from catalog.settings import CatalogSettings

SEED = 7
LEAST_DIMS = 64  # bbq types take no fewer
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
    size, plain = Size(products or (2000 if quick else 100_000), dims), QUICK_EFFORT if quick else UpdateEffort()
    effort = UpdateEffort(min(updates or plain.updates, size.products), plain.questions)
    wanted = only or (QUICK_KINDS if quick else KINDS)
    folder = choose_folder(out, quick)
    earlier = read_results(folder / "updates.json", UpdateRun) if add else None
    if earlier and (earlier.products, earlier.dims) != (size.products, size.dims):
        earlier = None
    with exit_on_failure("updates"), find_elasticsearch() as settings:
        run = _measure(settings, size, [kind for kind in KINDS if kind in wanted], effort, earlier, folder)
    log(f"{run.verdict}\n{run.machine}\nkept in {folder / 'updates.md'}")


def _measure(
    settings: CatalogSettings,
    size: Size,
    kinds: list[str],
    effort: UpdateEffort,
    earlier: UpdateRun | None,
    folder: Path,
) -> UpdateRun:
    lines = {line.kind: line for line in earlier.lines} if earlier else {}
    catalogue = connect(settings)
    provenance = describe_run(catalogue, "updates")
    catalogue.client.close()
    if earlier:
        provenance["command"] = f"{earlier.command} (commit {earlier.commit}); then {provenance['command']}"
    for kind in kinds:
        lines[kind] = measure(settings, size, kind, effort, SEED, VAR)
        log(" | ".join(results.to_cells(lines[kind])))
        ordered = [lines[one] for one in KINDS if one in lines]
        run = UpdateRun(**provenance, products=size.products, dims=size.dims, effort=effort, lines=ordered)
        results.write(run, folder)  # after each, for all of them take minutes
    return run


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.updates")
