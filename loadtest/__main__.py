"""Command line of the load test: `python -m loadtest local|load|run`."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from catalog.domain.space import Space
from catalog.elastic import connect
from catalog.errors import VisualSearchError
from loadtest import draw, loader, run, settings, target
from loadtest.errors import LoadFailed
from loadtest.local import LocalRun, run_local
from loadtest.report import LoadtestSummary
from loadtest.settings import LoadtestSettings

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(stderr=True, width=None if sys.stderr.isatty() else 120)

Json = Annotated[bool, typer.Option("--json", help="print a machine-readable summary on standard output")]
Users = Annotated[int | None, typer.Option(min=1, max=1000, help="people at a time; default LOADTEST_USERS, 20")]
Seconds = Annotated[
    int | None, typer.Option("--duration", min=1, max=3600, help="seconds; default LOADTEST_SECONDS, 30")
]
Seed = Annotated[int, typer.Option(help="the same seed gives the same products and questions")]
Remote = Annotated[bool, typer.Option("--allow-remote", help="load another machine than this one")]
Report = Annotated[Path | None, typer.Option(help="folder of the report; default a new one below var/loadtest")]
Products = Annotated[int, typer.Option(min=1, max=5_000_000, help="how many products to draw")]
Dims = Annotated[int, typer.Option(min=1, max=4096, help="dimensions of a vector")]


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Exits with one line on standard error: status 2 where it cannot start, 1 where products were refused."""
    try:
        yield
    except VisualSearchError as error:
        typer.echo(error.advice, err=True)
        raise typer.Exit(1 if isinstance(error, LoadFailed) else 2) from error


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
    signal.signal(signal.SIGTERM, _leave)
    with exit_on_error():
        config = LoadtestSettings.load()
        folder = report or _name_folder()
        asked = (users or config.loadtest_users, duration or config.loadtest_seconds)
        summary = run_local(LocalRun(products, dims, *asked, seed, folder), config, _log)
    _finish(summary, folder, as_json)


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
    with exit_on_error():
        config = LoadtestSettings.load()
        address = target.check_address(host or config.api, allow_remote=allow_remote)
        folder = report or _name_folder()
        asked = (users or config.loadtest_users, duration or config.loadtest_seconds)
        summary = run.run_load(run.LoadPlan(address, folder, *asked, max_requests, seed, pause), _log)
    _finish(summary, folder, as_json)


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
    with exit_on_error():
        config = settings.load_catalogue_settings()
        for url in config.elasticsearch_url:
            target.check_address(url, allow_remote=allow_remote)
        catalogue = connect(config)
        with Progress(console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("loading", total=products)
            done = loader.load(
                catalogue,
                Space.parse(space or f"drawn{dims}__v1", dims),
                draw.products(products, dims, seed),
                lambda number: bar.update(task, completed=number),
            )
        catalogue.client.close()
    _log(f"loaded {done.products} products into {done.index} as {done.space} in {done.seconds} s")
    if as_json:
        _print_json(asdict(done))


def _name_folder() -> Path:
    return run.ROOT / "var" / "loadtest" / datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")


def _leave(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)  # so that what was started is ended on the way out


def _log(line: str) -> None:
    console.print(line, highlight=False, soft_wrap=True)


def _print_json(body: dict[str, Any]) -> None:
    typer.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2))


def _finish(summary: LoadtestSummary, folder: Path, as_json: bool) -> None:
    if as_json:
        _print_json({**summary.to_dict(), "report": str(folder)})
    else:
        console.print(_build_table(summary))
    for failure in summary.failures:
        _log(f"{failure.times} x {failure.name}: {failure.error}")
    _log(f"report: {folder / 'report.html'}")
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
