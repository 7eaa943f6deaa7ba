"""Command line of the training: `python -m training fit` and `python -m training rerun`."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from catalog import cli_support
from catalog.cli_support import Json, log_to_stderr, print_result, show_progress
from models.settings import ModelSettings
from training.data.training_data import FOLDS
from training.learning.stages import TrainingJob, parse_stage
from training.learning.training_run import TrainingOutcome, TrainingRun
from training.overrides import CATALOGUE, REFINE, SCHEDULE, Learn, RecipeOverrides, apply_overrides
from training.recipe import read_recipe
from training.settings import TrainingSettings

cli = typer.Typer(help="Trains models on a catalogue's own labels.", no_args_is_help=True, add_completion=False)
exit_on_error = partial(cli_support.exit_on_error, "training")

Set = Annotated[list[str] | None, typer.Option("--set", help="change the recipe: lr=0.001, schedule.steps=800 ...")]
Resume = Annotated[bool, typer.Option("--resume", help="continue where the same training was interrupted")]
Hold = Annotated[
    int | None,
    typer.Option(min=0, max=FOLDS - 1, help=f"keep this of {FOLDS} folds apart and measure on it; no bundle"),
]
Refine = Annotated[
    int | None,
    typer.Option(min=0, max=FOLDS - 1, help="start from the training that kept this fold apart, and see all photos"),
]
Threads = Annotated[int | None, typer.Option(min=1, max=256, help="of torch; unset: its own choice")]


@cli.callback()
def start() -> None:
    log_to_stderr(clock=True, noisy=("mlflow", "torch.onnx", "onnxscript", "onnx_ir", "git"))


@cli.command()
def fit(
    recipe: Annotated[Path, typer.Argument(help="a recipe, JSON")] = CATALOGUE,
    source: Annotated[
        list[Path] | None,
        typer.Option(help="photos with labels instead of the recipe's: a feed's folder, or one per class"),
    ] = None,
    learn: Annotated[Learn, typer.Option(help="taxonomy, color (and pattern), or both")] = Learn.both,
    projection: Annotated[str | None, typer.Option(help="only linear heads on this frozen bundle: minutes")] = None,
    teacher: Annotated[str | None, typer.Option(help="distil from this stronger bundle")] = None,
    name: Annotated[str | None, typer.Option(help="of the bundle")] = None,
    threads: Threads = None,
    changes: Set = None,
    resume: Resume = False,
    hold: Hold = None,
    refine: Refine = None,
    as_json: Json = False,
) -> None:
    """Train a model and write it as a bundle."""
    with exit_on_error(as_json):
        overrides = RecipeOverrides(
            tuple(source or ()), learn, projection, teacher, name, tuple(changes or ()), _schedule(refine)
        )
        _train(TrainingJob(apply_overrides(read_recipe(recipe), overrides), resume, hold, refine, threads), as_json)


@cli.command()
def rerun(
    run_id: Annotated[str, typer.Argument(help="id of an earlier run in the tracker")],
    changes: Set = None,
    resume: Resume = False,
    hold: Hold = None,
    refine: Refine = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Train once more as an earlier run did, at its stage unless --hold or --refine name another, with changes."""
    from training.output.tracker import read_run

    with exit_on_error(as_json):
        earlier, stage = read_run(run_id, TrainingSettings.load())
        held, refined = (hold, refine) if (hold, refine) != (None, None) else parse_stage(stage)
        again = apply_overrides(earlier, RecipeOverrides(changes=tuple(changes or ()), schedule=_schedule(refined)))
        _train(TrainingJob(again, resume, held, refined, threads, earlier), as_json)


def _schedule(refined: int | None) -> str:
    return SCHEDULE if refined is None else REFINE


def _train(job: TrainingJob, as_json: bool) -> None:
    with show_progress(logging.getLogger("training")) as progress:
        outcome = TrainingRun(job, TrainingSettings.load(), ModelSettings.load(), progress).run()
    print_result(as_json, _summary(outcome), _text(outcome))


def _summary(outcome: TrainingOutcome) -> dict[str, object]:
    bundle = outcome.written.bundle if outcome.written else None
    return {
        "name": bundle.name if bundle else None,
        "version": bundle.version if bundle else None,
        "path": str(bundle.path) if bundle else None,
        "metrics": bundle.manifest.metrics if bundle else outcome.figures,
        "run_id": outcome.run_id,
        "folder": str(outcome.folder),
        "seconds": outcome.seconds,
    }


def _text(outcome: TrainingOutcome) -> str:
    run = f"run {outcome.run_id}" if outcome.run_id else "not tracked"
    if outcome.written is None:
        figures = "\n".join(f"  {name} {value:.4f}" for name, value in outcome.figures.items())
        return f"measured on the fold kept apart, in {outcome.seconds:.0f} s ({run}):\n{figures}"
    bundle = outcome.written.bundle
    return f"{bundle.name}/{bundle.version} written in {outcome.seconds:.0f} s ({run}): {bundle.path}"
