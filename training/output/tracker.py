"""Records experiments in MLflow; a tracker that breaks is logged once and never stops a training."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from training.errors import RunNotFound
from training.output.provenance import Provenance
from training.overrides import flatten
from training.recipe import Recipe, parse_recipe
from training.settings import TrainingSettings, prepare_tracker

log = logging.getLogger(__name__)

RECIPE = "recipe.json"
STAGE = "stage"  # of the recipe, the tag that `rerun` needs beside it
LONGEST = 500  # characters of a tag or parameter that every MLflow store takes


class Tracker:
    """Records one run in MLflow; `run_id` is None where it could not be started."""

    def __init__(self, settings: TrainingSettings) -> None:
        self.run_id: str | None = None
        self._settings = settings
        self._open_client: Any = None

    def start(self, recipe: Recipe, stage: str, provenance: Provenance, hashes: str) -> None:
        """Opens the run: parameters, tags, recipe, hash per photo, uncommitted changes, environment."""
        self._guard(lambda: self._start(recipe, stage, provenance, hashes))

    def log_metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Records figures of a step."""
        self._guard(lambda: self._log_metrics(step, values))

    def log_artifact(self, path: Path) -> None:
        """Stores a file with the run."""
        self._guard(lambda: self._open_client.log_artifact(self.run_id, str(path)))

    def finish(self, status: str = "FINISHED") -> None:
        """Closes the run: FINISHED, FAILED or KILLED."""
        self._guard(lambda: self._open_client.set_terminated(self.run_id, status))

    def _start(self, recipe: Recipe, stage: str, provenance: Provenance, hashes: str) -> None:
        self._open_client = _open_client(self._settings)
        name = self._settings.training_experiment
        known = self._open_client.get_experiment_by_name(name)
        experiment = known.experiment_id if known else self._open_client.create_experiment(name)
        tags = {
            STAGE: stage,
            "data_fingerprint": provenance.data_fingerprint,
            "commit": provenance.commit or "",
            "diff_sha256": provenance.diff_sha256 or "",
            "command": provenance.command[:LONGEST],
        }
        run = self._open_client.create_run(experiment, tags=tags, run_name=recipe.name)
        self.run_id = run.info.run_id
        for key, value in flatten(recipe.model_dump(mode="json")).items():
            self._open_client.log_param(self.run_id, key, str(value)[:LONGEST])
        self._open_client.log_text(self.run_id, recipe.model_dump_json(indent=1), RECIPE)
        self._open_client.log_text(self.run_id, hashes, "photos.csv")
        self._open_client.log_text(self.run_id, provenance.diff, "uncommitted.diff")
        self._open_client.log_dict(self.run_id, provenance.environment, "environment.json")

    def _log_metrics(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._open_client.log_metric(self.run_id, name.replace("@", "_at_"), value, step=step)

    def _guard(self, work: Callable[[], object]) -> None:
        if self._open_client is None and self.run_id is not None:
            return
        try:
            work()
        except Exception as error:  # whatever breaks there, the training matters more
            log.warning("the tracker at %s failed, the training goes on without: %s", self._settings.tracking, error)
            self._open_client, self.run_id = None, self.run_id or ""


def read_run(run_id: str, settings: TrainingSettings) -> tuple[Recipe, str]:
    """Returns recipe and stage of an earlier run; raises RunNotFound."""
    try:
        client = _open_client(settings)
        path = Path(client.download_artifacts(run_id, RECIPE))
        stage = str(client.get_run(run_id).data.tags.get(STAGE, "all"))
        return parse_recipe(path.read_text(encoding="utf-8"), f"run {run_id}"), stage
    except Exception as error:
        if error.__class__.__module__.startswith("training"):
            raise
        raise RunNotFound(f"there is no recipe of run '{run_id}' at {settings.tracking}: {error}") from error


def _open_client(settings: TrainingSettings) -> Any:
    prepare_tracker()
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=settings.tracking)
