"""One training from recipe to bundle: gather, learn, then measure on a fold or export."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import JsonValue

from models.bundles.writer import Written
from models.making.gate_photos import hashes
from models.settings import ModelSettings
from training.data.batches import Batches
from training.data.material import Material, bundles, frozen_base, material
from training.data.photos import gather
from training.data.targets import learnable
from training.learning import class_part, measure, networks
from training.learning.stages import Job, Stages, drop_figures, keep_figures, measured, scheduled
from training.learning.trainer import Trainer
from training.output import card, export, teacher_projections
from training.output.curves import History
from training.output.provenance import Provenance, collect, hash_table
from training.output.tracker import Tracker
from training.settings import TrainingSettings

Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """A Progress that tells nobody."""


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
        self, job: Job, settings: TrainingSettings, model_settings: ModelSettings, progress: Progress = silent
    ) -> None:
        self._job, self._progress = job, progress
        networks.check_names(job.recipe)
        recipe = scheduled(job)
        self._settings, self._model_settings = settings, model_settings
        self._started = time.monotonic()
        self._photos = gather(job.recipe.sources, hashes(model_settings.gate_data))
        self._recipe = learnable(recipe, self._photos)
        self._known = bundles(job.recipe, settings, model_settings)
        self._stages = Stages(job, self._photos, self._known, settings.training_folder / "runs")
        self._folder = self._stages.folder(job.stage)
        self._earlier = self._stages.to_refine(job.refined)
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
                self._job.held if self._job.held is not None else self._job.refined,
                teacher_projections.read(self._earlier) if self._earlier else None,
                lambda done, total: self._progress("crops", done, total),
            )
            teacher_projections.write(self._folder, gathered.projections)
            learner = self._learn(gathered)
            if self._job.held is None:
                return self._outcome(self._export(learner, gathered, provenance), {})
            return self._outcome(None, self._measure(learner, gathered))

    @contextmanager
    def _tracked(self, provenance: Provenance) -> Iterator[None]:
        self._tracker.start(self._job.recipe, self._job.stage, provenance, hash_table(self._photos))
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
        trainer = Trainer(learner, batches, self._recipe, self._folder, self._folder.name)
        history = History(self._folder / "curves.csv")
        if self._job.resume and trainer.resume():
            history.resume(trainer.step)
        else:
            drop_figures(self._folder)
            if self._earlier is not None:
                trainer.start_from(self._earlier)
        learner = self._run(trainer, batches, history, gathered)
        history.write()
        history.draw(self._folder / "curves.png")
        self._tracker.artifact(self._folder / "curves.png")
        return learner

    def _run(self, trainer: Trainer, batches: Batches, history: History, gathered: Material) -> networks.Learner:
        def report(step: int, parts: dict[str, float]) -> None:
            self._report(history, step, parts)

        if self._job.refined is not None:
            # The fold kept apart so far joins late: until then it tells how good the network is.
            join = round(self._recipe.schedule.join * self._recipe.schedule.steps)
            if trainer.step < join:
                trainer.train_until(join, report)
            if 0 < join == trainer.step and not measured(self._folder):
                self._measure(self._settled(trainer.ema_snapshot(), gathered, gathered.train), gathered)
            batches.widen(gathered.usable, join)
        return self._settled(trainer.run(report), gathered, self._seen(gathered))

    def _settled(self, learner: networks.Learner, gathered: Material, photos: NDArray[np.int64]) -> networks.Learner:
        return class_part.settled(learner, gathered.cache, gathered.targets, photos, self._recipe)

    def _seen(self, gathered: Material) -> NDArray[np.int64]:
        """The photos that the finished network has seen."""
        return gathered.train if self._job.refined is None else gathered.usable

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
        keep_figures(self._folder, figures)
        return figures

    def _export(self, learner: networks.Learner, gathered: Material, provenance: Provenance) -> Written:
        seen = self._seen(gathered)
        rows = measure.embeddings(learner, gathered.cache, seen, self._recipe)
        groups = [gathered.photos[index].group for index in seen]
        base = frozen_base(self._recipe)
        metrics: dict[str, JsonValue] = {
            "photos": len(seen),
            card.SECONDS: round(time.monotonic() - self._started, 1),
        }
        result = export.Result(
            learner,
            self._recipe,
            self._job,
            self._known,
            gathered.targets.classes[self._recipe.classes] if self._recipe.classes else None,
            provenance,
            self._model_settings.model_owner,
            metrics | self._stages.held_out(),
            measure.usual_nearest(rows, groups),
        )
        return export.export(result, self._model_settings.bundles, self._known[base] if base else None)

    def _outcome(self, written: Written | None, figures: dict[str, float]) -> Outcome:
        seconds = round(time.monotonic() - self._started, 1)
        return Outcome(written, figures, self._tracker.run_id or None, self._folder, seconds)
