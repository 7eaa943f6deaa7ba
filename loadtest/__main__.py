"""Command line of the load test: `python -m loadtest local|load|run`."""

import logging
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from catalog.cli_support import Json, exit_on_error, exit_on_sigterm, log_to_stderr, print_result, show_progress
from catalog.domain.embedding_space import Space
from catalog.elastic import connect
from loadtest import loader, target
from loadtest.drawn_products import draw_products
from loadtest.errors import LoadFailed
from loadtest.local import run_local
from loadtest.report import LoadtestSummary
from loadtest.run import ROOT, LoadPlan, run_load
from loadtest.settings import LoadtestSettings, load_catalogue_settings

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
log = logging.getLogger("loadtest")
exit_on_failure = partial(exit_on_error, "loadtest", failures=(LoadFailed,))

Users = Annotated[int | None, typer.Option(min=1, max=1000, help="people at a time; default LOADTEST_USERS, 20")]
Seconds = Annotated[
    int | None, typer.Option("--duration", min=1, max=3600, help="seconds; default LOADTEST_SECONDS, 30")
]
Seed = Annotated[int, typer.Option(help="the same seed gives the same products and questions")]
Remote = Annotated[bool, typer.Option("--allow-remote", help="load another machine than this one")]
Report = Annotated[Path | None, typer.Option(help="folder of the report; default a new one below var/loadtest")]
Products = Annotated[int, typer.Option(min=1, max=5_000_000, help="how many products to draw")]
Dims = Annotated[int, typer.Option(min=1, max=4096, help="dimensions of a vector")]


@app.callback()
def start() -> None:
    """Sets up what all commands share: logs, and an end by SIGTERM that cleans up."""
    log_to_stderr()
    exit_on_sigterm()


@app.command("local")
def local_(
    products: Products = 10_000,
    dims: Dims = 40,
    users: Users = None,
    duration: Seconds = None,
    seed: Seed = 0,
    report: Report = None,
    as_json: Json = False,
) -> None:
    """Engine, drawn catalogue, API and load on this machine; ends everything it started."""
    with exit_on_failure():
        plan = _build_plan(users, duration, seed, report)
        summary = run_local(products, dims, plan)
    _finish(summary, plan.folder, as_json)


@app.command("run")
def run_(
    host: Annotated[str | None, typer.Option(help="address of the API; default this machine's API_PORT")] = None,
    users: Users = None,
    duration: Seconds = None,
    max_requests: Annotated[int, typer.Option(min=1, max=10_000_000, help="stop after so many")] = 1_000_000,
    pause: Annotated[float, typer.Option(min=0, max=60, help="seconds between a user's questions")] = 0.0,
    seed: Seed = 0,
    allow_remote: Remote = False,
    report: Report = None,
    as_json: Json = False,
) -> None:
    """Ask an API that runs; status 1 where one answer was wrong."""
    with exit_on_failure():
        address = target.check_address(host or LoadtestSettings.load().api, allow_remote=allow_remote)
        plan = replace(_build_plan(users, duration, seed, report), max_requests=max_requests, pause=pause)
        summary = run_load(plan, address)
    _finish(summary, plan.folder, as_json)


@app.command("load")
def load_(
    products: Products = 10_000,
    dims: Dims = 40,
    space: Annotated[str | None, typer.Option(help="<model>__<version>; default drawn<DIMS>__v1")] = None,
    seed: Seed = 0,
    allow_remote: Remote = False,
    as_json: Json = False,
) -> None:
    """Put drawn products into the catalogue of INDEX_PREFIX, which `python -m catalog create` has made."""
    with exit_on_failure(), show_progress(log) as progress:
        config = load_catalogue_settings()
        for url in config.elasticsearch_url:
            target.check_address(url, allow_remote=allow_remote)
        catalogue = connect(config)
        done = loader.load(
            catalogue,
            Space.parse(space or f"drawn{dims}__v1", dims),
            draw_products(products, dims, seed),
            lambda number: progress("loading", number, products),
        )
        catalogue.client.close()
    text = f"loaded {done.products} products into {done.index} as {done.space} in {done.seconds} s"
    if as_json:
        print_result(as_json, asdict(done), text)
    log.info(text)


def _build_plan(users: int | None, duration: int | None, seed: int, report: Path | None) -> LoadPlan:
    config = LoadtestSettings.load()
    folder = report or ROOT / "var" / "loadtest" / datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    return LoadPlan(folder, users or config.loadtest_users, duration or config.loadtest_seconds, seed=seed)


def _finish(summary: LoadtestSummary, folder: Path, as_json: bool) -> None:
    if as_json:
        print_result(as_json, {**summary.to_dict(), "report": str(folder)}, "")
    else:
        Console(stderr=True, width=None if sys.stderr.isatty() else 120).print(_build_table(summary))
    for failure in summary.failures:
        log.info("%s x %s: %s", failure.times, failure.name, failure.error)
    log.info("report: %s", folder / "report.html")
    if not summary.is_passed:
        count = f"{summary.total.failures} of {summary.total.requests} answers were wrong"
        typer.echo(count if summary.total.requests else "nothing was asked: is the run too short?", err=True)
        raise typer.Exit(1)


def _build_table(summary: LoadtestSummary) -> Table:
    table = Table(title=f"{summary.users} users, {summary.host}")
    for name in ("request", "number", "failed", "per second", "p50 ms", "p95 ms", "p99 ms", "max ms"):
        table.add_column(name, justify="left" if name == "request" else "right")
    for line in (*summary.lines, summary.total):
        figures = (line.p50_ms, line.p95_ms, line.p99_ms, line.max_ms)
        counts = (str(line.requests), str(line.failures), f"{line.per_second:.1f}")
        table.add_row(line.name, *counts, *(f"{value:.0f}" for value in figures))
    return table


if __name__ == "__main__":
    app(prog_name="python -m loadtest")
