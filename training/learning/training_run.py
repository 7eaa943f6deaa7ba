"""Runs one training from recipe to bundle: gathers data, trains, then measures on a fold or exports."""

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

from models.bundles.manifest import Limits
from models.bundles.writer import StoredBundle
from models.making.gate_photos import hash_gate_photos
from models.settings import ModelSettings
from training.data.batches import Batches
from training.data.photos import read_photos
from training.data.targets import drop_unlearnable
from training.data.training_data import TrainingData, find_bundles, gather_training_data
from training.learning.class_part import fit_class_part
from training.learning.metrics import compute_floor_cosine, compute_ood_cosine, embed_photos, measure_fold
from training.learning.networks import Learner, build_learner, check_names
from training.learning.stages import (
    StageFolders,
    TrainingJob,
    drop_figures,
    has_figures,
    schedule_stage,
    write_figures,
)
from training.learning.trainer import Trainer
from training.output.export import TrainedModel, export_bundle
from training.output.loss_curves import LossHistory
from training.output.model_card import SECONDS
from training.output.provenance import Provenance, collect_provenance, format_hash_table
from training.output.teacher_projections import read_projections, write_projections
from training.output.tracker import Tracker
from training.settings import TrainingSettings

Progress = Callable[[str, int, int], None]


def ignore_progress(what: str, done: int, total: int) -> None:
    """Stands in as a Progress where nobody wants to know."""


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """Holds what a training made; no `written` where a fold was held out, no `run_id` if the tracker failed."""

    written: StoredBundle | None
    figures: dict[str, float]
    run_id: str | None
    folder: Path
    seconds: float


class TrainingRun:
    """Puts the parts of one training together; `run` trains.

    Raises a TrainingError or ModelError that says what to do; nothing of the tracker's.
    """

    def __init__(
        self,
        job: TrainingJob,
        settings: TrainingSettings,
        model_settings: ModelSettings,
        progress: Progress = ignore_progress,
    ) -> None:
        self._job, self._progress = job, progress
        check_names(job.recipe)
        recipe = schedule_stage(job)
        self._settings, self._model_settings = settings, model_settings
        self._started = time.monotonic()
        self._photos = read_photos(job.recipe.sources, hash_gate_photos(model_settings.gate_data))
        self._recipe = drop_unlearnable(recipe, self._photos)
        self._known = find_bundles(job.recipe, settings, model_settings)
        self._stages = StageFolders(job, self._photos, self._known, settings.training_folder / "runs")
        self._folder = self._stages.locate(job.stage)
        self._earlier = self._stages.find_to_refine(job.refined)
        self._tracker = Tracker(settings)

    def run(self) -> TrainingOutcome:
        """Trains, then measures on the held-out fold or writes the bundle."""
        provenance = collect_provenance(self._photos)
        with self._track(provenance):
            data = gather_training_data(
                self._recipe,
                self._photos,
                self._known,
                self._settings,
                self._job.held if self._job.held is not None else self._job.refined,
                read_projections(self._earlier) if self._earlier else None,
                lambda done, total: self._progress("crops", done, total),
            )
            write_projections(self._folder, data.projections)
            learner = self._train(data)
            if self._job.held is None:
                return self._make_outcome(self._export(learner, data, provenance), {})
            return self._make_outcome(None, self._measure(learner, data))

    @contextmanager
    def _track(self, provenance: Provenance) -> Iterator[None]:
        self._tracker.start(self._job.recipe, self._job.stage, provenance, format_hash_table(self._photos))
        try:
            yield
        except BaseException as error:
            self._tracker.finish("FAILED" if isinstance(error, Exception) else "KILLED")
            raise
        self._tracker.finish()

    def _train(self, data: TrainingData) -> Learner:
        if self._job.threads is not None:
            torch.set_num_threads(self._job.threads)
        torch.manual_seed(self._recipe.seed)
        classes = {task: len(words) for task, words in data.targets.classes.items()}
        base = self._recipe.frozen_base
        features = self._known[base].dims if base else None
        learner = build_learner(self._recipe, classes, self._model_settings.model_weights, features)
        batches = Batches(data.photos, data.cache, data.targets, data.train, self._recipe)
        trainer = Trainer(learner, batches, self._recipe, self._folder, self._folder.name)
        history = LossHistory(self._folder / "curves.csv")
        if self._job.resume and trainer.resume():
            history.resume(trainer.step)
        else:
            drop_figures(self._folder)
            if self._earlier is not None:
                trainer.start_from(self._earlier)
        learner = self._run_trainer(trainer, batches, history, data)
        history.write()
        history.draw(self._folder / "curves.png")
        self._tracker.log_artifact(self._folder / "curves.png")
        return learner

    def _run_trainer(self, trainer: Trainer, batches: Batches, history: LossHistory, data: TrainingData) -> Learner:
        def report(step: int, parts: dict[str, float]) -> None:
            self._report(history, step, parts)

        if self._job.refined is not None:
            # The fold kept apart so far joins late: until then it shows how good the network is.
            join = round(self._recipe.schedule.join * self._recipe.schedule.steps)
            if trainer.step < join:
                trainer.train_until(join, report)
            if 0 < join == trainer.step and not has_figures(self._folder):
                self._measure(self._fit_class_part(trainer.ema_snapshot(), data, data.train), data)
            batches.widen(data.usable, join)
        return self._fit_class_part(trainer.run(report), data, self._list_seen(data))

    def _fit_class_part(self, learner: Learner, data: TrainingData, photos: NDArray[np.int64]) -> Learner:
        return fit_class_part(learner, data.cache, data.targets, photos, self._recipe)

    def _list_seen(self, data: TrainingData) -> NDArray[np.int64]:
        """Returns the photos that the finished network has seen."""
        return data.train if self._job.refined is None else data.usable

    def _report(self, history: LossHistory, step: int, parts: dict[str, float]) -> None:
        self._progress("training", step, self._recipe.schedule.steps)
        if (point := history.add(step, parts)) is not None:
            self._tracker.log_metrics(step, point)
            history.write()

    def _measure(self, learner: Learner, data: TrainingData) -> dict[str, float]:
        rows = embed_photos(learner, data.cache, np.arange(len(data.photos)), self._recipe)
        figures = measure_fold(rows, data.photos, data.targets, data.train, data.held, self._recipe)
        self._tracker.log_metrics(self._recipe.schedule.steps, figures)
        write_figures(self._folder, figures)
        return figures

    def _export(self, learner: Learner, data: TrainingData, provenance: Provenance) -> StoredBundle:
        seen = self._list_seen(data)
        rows = embed_photos(learner, data.cache, seen, self._recipe)
        groups = [data.photos[index].group for index in seen]
        classes, base = self._recipe.classes, self._recipe.frozen_base
        floor = compute_floor_cosine(rows, data.targets.labels[classes][seen], groups) if classes else None
        metrics: dict[str, JsonValue] = {
            "photos": len(seen),
            SECONDS: round(time.monotonic() - self._started, 1),
        }
        result = TrainedModel(
            learner,
            self._recipe,
            self._job,
            self._known,
            data.targets.classes[classes] if classes else None,
            provenance,
            self._model_settings.model_owner,
            metrics | self._stages.average_held_out(),
            Limits(ood_cosine=compute_ood_cosine(rows, groups), floor_cosine=floor),
        )
        return export_bundle(result, self._model_settings.bundles, self._known[base] if base else None)

    def _make_outcome(self, written: StoredBundle | None, figures: dict[str, float]) -> TrainingOutcome:
        seconds = round(time.monotonic() - self._started, 1)
        return TrainingOutcome(written, figures, self._tracker.run_id or None, self._folder, seconds)
