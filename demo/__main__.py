"""`python -m demo start|stop`: what `make demo` and `make demo-stop` call."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from catalog.cli_support import exit_on_error
from demo import api_process, examples, question, steps
from demo.contact_sheet import SheetColumn, make_sheet
from demo.picture import draw
from demo.settings import DemoSettings
from models.bundles.registry import find_bundle
from models.runtime.onnx_embedder import OnnxEmbedder
from models.settings import ModelSettings

app = typer.Typer(add_completion=False, help=__doc__, no_args_is_help=True)
console = Console()


def format_step(name: str, summary: dict[str, Any]) -> str:
    """Returns one line of what a step found or did."""
    if name == "samples":
        return f"{summary.get('products', 0)} products"
    if name == "import":
        return ", ".join(f"{summary.get(key, 0)} {key}" for key in ("created", "updated", "unchanged"))
    if name == "etl":
        done, reused = (sum(model[key] for model in summary["models"]) for key in ("done", "reused"))
        parts = [f"{done} photos embedded"] * bool(done) + [f"{reused} vectors from the store"] * bool(reused)
        return ", ".join(parts) or "nothing to embed: every photo has its embedding already"
    return ""


def run_timed(title: str, work: Callable[[], str]) -> None:
    """Does `work` and prints its title, time and outcome on one line."""
    started = time.monotonic()
    outcome = work()
    took = f"[dim]{time.monotonic() - started:6.1f} s[/]"
    console.print(f"[green]✓[/] {title:<22}{took}  {outcome}", highlight=False, soft_wrap=True)


def _load_settings() -> DemoSettings:
    with exit_on_error("demo"):
        return DemoSettings.load()


@app.command()
def start() -> None:
    """Set everything up, serve it and show one filtered query; what is there already is kept."""
    settings = _load_settings()
    settings.folder.mkdir(parents=True, exist_ok=True)
    state = api_process.read_state(settings)
    try:
        for name, step in steps.list_steps(settings).items():
            run_timed(step.title, lambda name=name, step=step: _run_step(settings, state, name, step))  # type: ignore[misc]
        run_timed("Serve the API", lambda: _serve(settings, state))
        question.ask(settings, console)
    except steps.StepFailed as error:
        Console(stderr=True).print(f"[red]✗[/] {error}", highlight=False)
        raise typer.Exit(2) from error
    console.print("Stop      make demo-stop", highlight=False)


def _run_step(settings: DemoSettings, state: dict[str, Any], name: str, step: steps.Step) -> str:
    summary = steps.run(step, settings)
    if name == "engine":
        # An engine that was up before the demo is somebody else's to stop.
        state["engine"] = bool(state.get("engine")) or summary.get("started") is True
        _save(settings, state)
    return format_step(name, summary)


def _serve(settings: DemoSettings, state: dict[str, Any]) -> str:
    api_process.start_api(settings, state)
    _save(settings, state)
    return settings.api


def _save(settings: DemoSettings, state: dict[str, Any]) -> None:
    settings.state.write_text(json.dumps(state))


@app.command()
def picture(out: Path = Path("docs/similar.jpg")) -> None:
    """Draw what the running demo answers to a few questions."""
    console.print(str(draw(_load_settings(), out)))


@app.command()
def record_examples(out: Path = Path("app/openapi/examples.json")) -> None:
    """Ask the running demo what the API's documentation shows, and keep it; one product of the demo is deleted."""
    console.print(f"{out}: {examples.record(_load_settings(), out)} operations")


@app.command()
def contact_sheet(
    off_the_shelf: Annotated[str, typer.Option(help="bundle of a network as it was published")],
    taxonomy: Annotated[str, typer.Option(help="bundle trained on kinds of garments")],
    hybrid: Annotated[str, typer.Option(help="bundle of `models pack`")],
    color: Annotated[str, typer.Option(help="bundle for colour and pattern")] = "color",
    shop: Annotated[Path | None, typer.Option(help="a drawn shop; by default the demo's")] = None,
    limit: Annotated[int, typer.Option(min=1, help="products to search in at most")] = 400,
    out: Path = Path("docs/contact-sheet.jpg"),
) -> None:
    """Draw eight queries by what four models find, from photos of the drawn shop alone."""
    titles = {
        "off the shelf": off_the_shelf,
        "colour and pattern": color,
        "taxonomy": taxonomy,
        "hybrid": hybrid,
    }
    with exit_on_error("demo"):
        models = ModelSettings.load()
        columns = [SheetColumn(title, OnnxEmbedder(find_bundle(name, models))) for title, name in titles.items()]
        console.print(str(make_sheet(shop or DemoSettings.load().shop, columns, out, limit)))


@app.command()
def stop() -> None:
    """Stop the API and, if the demo started it, Elasticsearch; the catalogue stays on disk."""
    settings = _load_settings()
    state = api_process.read_state(settings)
    if not state:
        console.print("Nothing to stop.")
        return
    if "api_pid" in state:
        console.print("API stopped." if api_process.stop_api(state) else "The API was not running.")
    if state.get("engine"):
        done = subprocess.run([sys.executable, "-m", "engine", "stop"], env=settings.child_environment(), check=False)
        if done.returncode:
            raise typer.Exit(done.returncode)
    settings.state.unlink()


if __name__ == "__main__":
    app()
