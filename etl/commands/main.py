"""Command line of the embedding job: `python -m etl run|watch|enrich|status|failures|retry|restore`."""

import logging
from typing import Annotated

import typer

from catalog.cli_support import log_to_stderr, show_progress
from catalog.elastic import Catalogue
from catalog.errors import Unavailable
from etl import wiring
from etl.commands import maintenance
from etl.commands.enrich import enrich
from etl.commands.failures import failures
from etl.commands.shared import Json, Models, Wait, exit_on_error, print_result
from etl.errors import LeaseHeld
from etl.job import RunOptions
from etl.job import run as run_once
from etl.report import format_run
from etl.stop_signal import StopSignal, catch_stop_signals
from etl.summary import RunSummary
from models.runtime.device import Device

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(maintenance.status)
app.command()(enrich)
app.command()(failures)
app.command()(maintenance.retry)
app.command()(maintenance.restore)

Limit = Annotated[int | None, typer.Option(min=1, help="At most so many products per model.")]
DeviceOption = Annotated[Device, typer.Option(help="auto: torch on a GPU if there is one, else ONNX Runtime.")]
BatchSize = Annotated[int, typer.Option(min=1, max=4096, help="Photos per model call.")]
FailAbove = Annotated[
    float,
    typer.Option(min=0, max=1, help="Status 1 when a larger share of the photos of this run, or of all, failed."),
]
Recheck = Annotated[
    bool, typer.Option("--recheck", help="Ask again for photos that have an embedding; embed those replaced since.")
]
Interval = Annotated[float, typer.Option(min=0, help="Seconds from the end of a run to the start of the next.")]
Runs = Annotated[int | None, typer.Option(min=1, help="End after so many runs; without it, never.")]

log = logging.getLogger("etl")


@app.callback()
def main() -> None:
    log_to_stderr(clock=True)


@app.command()
def run(
    model: Models,
    limit: Limit = None,
    device: DeviceOption = "auto",
    batch_size: BatchSize = 32,
    fail_above: FailAbove = 0.05,
    recheck: Recheck = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Embed every photo that has no embedding yet, with one or several models.

    Ends with status 2 where another job embeds with one of them, unless --wait says to go on after it.
    """
    with exit_on_error(as_json), catch_stop_signals() as stop:
        summary = _run(wiring.connect_catalogue(), model, device, RunOptions(limit, batch_size, recheck, wait), stop)
        print_result(as_json, summary.to_dict(), format_run(summary))
        if (share := max(summary.failed_share, summary.lacking_share)) > fail_above:
            log.warning(
                "%.1f %% of the photos have no embedding, --fail-above allows %g %%", 100 * share, 100 * fail_above
            )
            raise typer.Exit(1)


@app.command()
def watch(
    model: Models,
    interval: Interval = 60.0,
    runs: Runs = None,
    limit: Limit = None,
    device: DeviceOption = "auto",
    batch_size: BatchSize = 32,
    as_json: Json = False,
) -> None:
    """Run again and again; an Elasticsearch that is away and another job on the same model are waited for."""
    with exit_on_error(as_json), catch_stop_signals() as stop:
        index = wiring.connect_catalogue()
        wiring.find_models(model, device)  # raises now for a wrong name, not every minute
        number = 0
        while not stop.is_requested:
            number += 1
            try:
                summary = _run(index, model, device, RunOptions(limit, batch_size), stop)
                print_result(as_json, summary.to_dict(), format_run(summary))
            except (Unavailable, LeaseHeld) as error:
                if number == runs:
                    raise
                log.warning("%s; next try in %g s", error.message, interval)
            if number == runs:
                return
            stop.wait(interval)


def _run(index: Catalogue, names: list[str], device: Device, options: RunOptions, stop: StopSignal) -> RunSummary:
    with show_progress(log) as progress:
        return run_once(
            wiring.build_context(index), wiring.find_models(names, device, index), options, stop, progress
        )
