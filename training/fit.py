"""One training from recipe to bundle: gather, learn, then measure on a fold or export."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pydantic import JsonValue

from models.bundle_writer import Written
from models.settings import Settings as ModelSettings
from training import export, kept, measure, networks
from training.batches import Batches
from training.curves import History
from training.errors import CannotResume, InvalidRecipe
from training.loop import Trainer
from training.material import FOLDS, Material, bundles, frozen_base, key, material
from training.photos import gather, hashes
from training.provenance import Provenance, collect, hash_table
from training.recipe import Recipe
from training.settings import Settings
from training.tracker import Tracker

FIGURES = "figures.json"
Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """A Progress that tells nobody."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done.

    `held` names a fold to keep apart and measure on (no bundle is made then); `refined` the fold that an earlier
    training of the recipe kept apart, from which this one starts.
    """

    recipe: Recipe
    resume: bool = False
    held: int | None = None
    refined: int | None = None
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training gave; `written` is None where a fold was held out, `run_id` where the tracker failed."""

    written: Written | None
    figures: dict[str, float]
    run_id: str | None
    folder: Path
    seconds: float


class Training:
    """The parts of one training, put together; `run` does it.

    Raises a TrainingError or ModelError that says what to do; nothing of the tracker's.
    """

    def __init__(
        self, job: Job, settings: Settings, model_settings: ModelSettings, progress: Progress = silent
    ) -> None:
        self._job, self._progress = job, progress
        self._recipe = _scheduled(job)
        self._settings, self._model_settings = settings, model_settings
        self._started = time.monotonic()
        self._photos = gather(job.recipe.sources, hashes(settings.gate_data))
        self._known = bundles(job.recipe, settings, model_settings)
        self._key = key(job.recipe, self._photos, self._known, _stage(job))
        self._folder = settings.training_folder / "runs" / self._key
        self._earlier = self._refined_folder()
        self._tracker = Tracker(settings)

    def run(self) -> Outcome:
        """Train, then measure on the held-out fold or write the bundle."""
        provenance = collect(self._photos)
        with self._tracked(provenance):
            gathered = material(
                self._recipe,
                self._photos,
                self._known,
                self._settings,
                self._job.held,
                kept.read(self._earlier) if self._earlier else None,
                lambda done, total: self._progress("crops", done, total),
            )
            kept.write(self._folder, gathered.projections)
            learner = self._learn(gathered)
            if self._job.held is None:
                return self._outcome(self._export(learner, gathered, provenance), {})
            return self._outcome(None, self._measure(learner, gathered))

    @contextmanager
    def _tracked(self, provenance: Provenance) -> Iterator[None]:
        self._tracker.start(self._recipe, provenance, hash_table(self._photos))
        try:
            yield
        except BaseException as error:
            self._tracker.finish("FAILED" if isinstance(error, Exception) else "KILLED")
            raise
        self._tracker.finish()

    def _learn(self, gathered: Material) -> networks.Learner:
        if self._job.threads is not None:
            torch.set_num_threads(self._job.threads)
        torch.manual_seed(self._recipe.seed)
        classes = {task: len(words) for task, words in gathered.targets.classes.items()}
        base = frozen_base(self._recipe)
        features = self._known[base].dims if base else None
        learner = networks.build(self._recipe, classes, self._model_settings.model_weights, features)
        batches = Batches(gathered.photos, gathered.cache, gathered.targets, gathered.train, self._recipe)
        trainer = Trainer(learner, batches, self._recipe, self._folder, self._key)
        history = History(self._folder / "curves.csv")
        if self._job.resume and trainer.resume():
            history.resume(trainer.step)
        elif self._earlier is not None:
            trainer.start_from(self._earlier)
        learner = trainer.run(lambda step, parts: self._report(history, step, parts))
        history.write()
        history.draw(self._folder / "curves.png")
        self._tracker.artifact(self._folder / "curves.png")
        return learner

    def _report(self, history: History, step: int, parts: dict[str, float]) -> None:
        self._progress("training", step, self._recipe.schedule.steps)
        if (point := history.add(step, parts)) is not None:
            self._tracker.metrics(step, point)
            history.write()

    def _measure(self, learner: networks.Learner, gathered: Material) -> dict[str, float]:
        rows = measure.embeddings(learner, gathered.cache, np.arange(len(gathered.photos)), self._recipe)
        figures = measure.figures(
            rows, gathered.photos, gathered.targets, gathered.train, gathered.held, self._recipe
        )
        self._tracker.metrics(self._recipe.schedule.steps, figures)
        (self._folder / FIGURES).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        return figures

    def _export(self, learner: networks.Learner, gathered: Material, provenance: Provenance) -> Written:
        rows = measure.embeddings(learner, gathered.cache, gathered.train, self._recipe)
        groups = [gathered.photos[index].group for index in gathered.train]
        base = frozen_base(self._recipe)
        metrics: dict[str, JsonValue] = {
            "photos": len(gathered.train),
            "training_seconds": round(time.monotonic() - self._started, 1),
        }
        result = export.Result(
            learner,
            self._recipe,
            gathered.targets.classes[self._recipe.classes] if self._recipe.classes else None,
            provenance,
            self._model_settings.model_owner,
            metrics | held_out(self._folds()),
            measure.usual_nearest(rows, groups),
        )
        return export.export(result, self._model_settings.bundles, self._known[base] if base else None)

    def _folds(self) -> list[Path]:
        """Where the trainings of this recipe that kept a fold apart left their figures, if they were made."""
        files = [self._place(f"held {fold}") / FIGURES for fold in range(FOLDS)]
        return [file for file in files if file.is_file()]

    def _place(self, stage: str) -> Path:
        """Where a training of the same recipe on the same photos is kept."""
        return self._settings.training_folder / "runs" / key(self._job.recipe, self._photos, self._known, stage)

    def _refined_folder(self) -> Path | None:
        if self._job.refined is None:
            return None
        folder = self._place(f"held {self._job.refined}")
        if not (folder / FIGURES).is_file():
            raise CannotResume(
                f"there is nothing to refine: first train with --hold {self._job.refined} to the end ({folder})"
            )
        return folder

    def _outcome(self, written: Written | None, figures: dict[str, float]) -> Outcome:
        seconds = round(time.monotonic() - self._started, 1)
        return Outcome(written, figures, self._tracker.run_id or None, self._folder, seconds)


def _stage(job: Job) -> str:
    if job.held is not None:
        return f"held {job.held}"
    return "all" if job.refined is None else f"refined {job.refined}"


def _scheduled(job: Job) -> Recipe:
    """The recipe with the schedule of this stage; raises InvalidRecipe."""
    if job.refined is None:
        return job.recipe
    if job.recipe.refine is None or job.held is not None:
        raise InvalidRecipe("to refine, the recipe needs a `refine` schedule, and no fold can be kept apart")
    sources = tuple(source.model_copy(update={"first": 0.0}) for source in job.recipe.sources)
    return job.recipe.model_copy(update={"schedule": job.recipe.refine, "sources": sources})


def held_out(files: list[Path]) -> dict[str, JsonValue]:
    """Means over the folds that were measured, and how many that were; nothing where none was."""
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    if not found:
        return {}
    names = [name for name in found[0] if all(name in one for one in found)]
    means: dict[str, JsonValue] = {
        f"held_out_{name}": round(float(np.mean([one[name] for one in found])), 4) for name in names
    }
    return means | {"held_out_folds": len(found)}
