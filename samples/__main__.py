"""Command line: `python -m samples make DIR --products N` and `python -m samples sheet DIR --out sheet.png`."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from samples.catalogue import DrawSummary, Order, make
from samples.contact_sheet import draw_contact_sheet
from samples.errors import SamplesError

cli = typer.Typer(help="A synthetic catalogue that looks like a shop.", no_args_is_help=True, add_completion=False)


@contextmanager
def _exit_on_error() -> Iterator[None]:
    try:
        yield
    except (SamplesError, OSError) as error:
        typer.echo(f"samples: {error}", err=True)
        raise typer.Exit(2) from None


@contextmanager
def _show_progress(total: int) -> Iterator[Callable[[], None]]:
    console = Console(stderr=True)
    if not console.is_terminal:
        done = 0

        def count() -> None:
            nonlocal done
            done += 1
            if done % max(1, total // 10) == 0:
                typer.echo(f"samples: {done} of {total} products done", err=True)

        yield count
        return
    columns = ("drawing", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("photos", total=total)
        yield lambda: progress.advance(task)


def _print_summary(summary: DrawSummary, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({**asdict(summary), "unchanged": summary.is_unchanged}))
    elif summary.is_unchanged:
        typer.echo(f"{summary.folder}: all {summary.products} products are there already, nothing drawn")
    else:
        typer.echo(
            f"{summary.folder}: {summary.drawn} photos drawn, {summary.reused} kept, in {summary.seconds:.1f} s"
        )
    for product_id, reason in summary.failed.items():
        typer.echo(f"samples: {product_id} failed: {reason}", err=True)


@cli.command("make")
def make_command(
    folder: Annotated[Path, typer.Argument(help="New, empty or earlier samples folder.")],
    products: Annotated[int, typer.Option(help="How many products.")],
    seed: Annotated[int, typer.Option(help="Another seed, another shop.")] = 7,
    start: Annotated[int, typer.Option(help="Number of the first product.")] = 0,
    jobs: Annotated[int, typer.Option(help="Processes that draw.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as JSON on stdout.")] = False,
) -> None:
    """Draw a catalogue: photos/, truth.csv and, last, feed.jsonl."""
    with _exit_on_error():
        order = Order(products, seed, start)
        with _show_progress(products) as step:
            summary = make(folder, order, jobs, step)
    _print_summary(summary, as_json)
    if summary.failed:
        raise typer.Exit(1)


@cli.command("sheet")
def sheet_command(
    folder: Annotated[Path, typer.Argument(help="A samples folder.")],
    out: Annotated[Path, typer.Option(help="The picture to write.")],
    columns: Annotated[int, typer.Option(min=1, max=20)] = 10,
    rows: Annotated[int, typer.Option(min=1, max=20)] = 7,
    kind: Annotated[str | None, typer.Option(help="Only this kind, e.g. dress.")] = None,
) -> None:
    """Write a contact sheet of photos and titles."""
    with _exit_on_error():
        shown = draw_contact_sheet(folder, out, columns, rows, kind)
    typer.echo(f"{out}: {shown} photos")


if __name__ == "__main__":
    cli()
