"""Stages of a recipe: on all photos at once, with a fold kept apart, or refining that on all photos."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from catalog.atomic_write import write_atomically
from models.bundles.bundle import Bundle
from training.data.photos import TrainingPhoto
from training.data.training_data import FOLDS, name_training
from training.errors import CannotResume, InvalidRecipe
from training.recipe import Recipe

FIGURES = "figures.json"


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """Describes one training to run.

    `held` names a fold to keep apart and measure on (no bundle is made then); `refined` the fold that an earlier
    training of the recipe kept apart, from which this one starts. `origin` is the recipe this one was cloned from.
    """

    recipe: Recipe
    resume: bool = False
    held: int | None = None
    refined: int | None = None
    threads: int | None = None
    origin: Recipe | None = None

    @property
    def stage(self) -> str:
        """Name of this training among those of the recipe."""
        if self.held is not None:
            return f"held {self.held}"
        return "all" if self.refined is None else f"refined {self.refined}"

    @property
    def earlier_recipe(self) -> Recipe:
        """Recipe of the training that is refined: the clone's origin where only the refinement was changed."""
        if self.origin is None or self.refined is None:
            return self.recipe
        clone = self.recipe.model_copy(update={"name": self.origin.name, "refine": self.origin.refine})
        return self.origin if clone == self.origin else self.recipe

    def list_commands(self, recipe: str) -> tuple[str, ...]:
        """Returns the commands that make this training out of the file `recipe`, stage by stage."""
        fit = f"python -m training fit {recipe}"
        if self.refined is not None:
            return f"{fit} --hold {self.refined}", f"{fit} --refine {self.refined}"
        return (fit if self.held is None else f"{fit} --hold {self.held}",)


def parse_stage(stage: str) -> tuple[int | None, int | None]:
    """Returns the folds `held` and `refined` that a TrainingJob's `stage` stands for."""
    kind, _, fold = stage.partition(" ")
    return (int(fold) if kind == "held" else None), (int(fold) if kind == "refined" else None)


def schedule_stage(job: TrainingJob) -> Recipe:
    """Returns the recipe with the schedule of this stage and its weights; raises InvalidRecipe."""
    if job.refined is None:
        return _apply_weights(job.recipe)
    if job.recipe.refine is None or job.held is not None:
        raise InvalidRecipe("to refine, the recipe needs a `refine` schedule, and no fold can be kept apart")
    sources = tuple(source.model_copy(update={"first": 0.0}) for source in job.recipe.sources)
    augment = job.recipe.refine.augment or job.recipe.augment
    changed = {"schedule": job.recipe.refine, "sources": sources, "augment": augment}
    return _apply_weights(job.recipe.model_copy(update=changed))


def _apply_weights(recipe: Recipe) -> Recipe:
    contrast, relations = recipe.schedule.contrast, recipe.schedule.relations
    tasks = {
        name: one.model_copy(update={"contrast": contrast.get(name, one.contrast)})
        for name, one in recipe.tasks.items()
    }
    blocks = {
        name: one.model_copy(update={"relation_weight": relations.get(name, one.relation_weight)})
        for name, one in recipe.blocks.items()
    }
    return recipe.model_copy(update={"tasks": tasks, "blocks": blocks})


class StageFolders:
    """Finds the folders below `runs` of the trainings of a job's recipe on the same photos."""

    def __init__(self, job: TrainingJob, photos: list[TrainingPhoto], known: dict[str, Bundle], runs: Path) -> None:
        self._job, self._photos, self._known, self._runs = job, photos, known, runs

    def locate(self, stage: str) -> Path:
        """Returns the folder of a stage; its name is the training's key."""
        recipe = self._job.earlier_recipe if stage.startswith("held") else self._job.recipe
        return self._runs / name_training(recipe, self._photos, self._known, stage)

    def find_to_refine(self, fold: int | None) -> Path | None:
        """Returns the folder of the finished training that kept `fold` apart; raises CannotResume without one."""
        if fold is None:
            return None
        folder = self.locate(f"held {fold}")
        if not has_figures(folder):
            raise CannotResume(f"there is nothing to refine: first train with --hold {fold} to the end ({folder})")
        return folder

    def average_held_out(self) -> dict[str, JsonValue]:
        """Returns means over the folds that were kept apart and measured, and their number; nothing without any."""
        found = [one for fold in range(FOLDS) if (one := self._figures(fold))]
        if not found:
            return {}
        names = [name for name in found[0] if all(name in one for one in found)]
        means: dict[str, JsonValue] = {
            f"held_out_{name}": round(float(np.mean([one[name] for one in found])), 4) for name in names
        }
        return means | {"held_out_folds": len(found)}

    def _figures(self, fold: int) -> dict[str, float] | None:
        """Returns the figures of a fold by the finished training that kept it apart.

        Figures taken half-way through a refinement are for its record: the rate is high then, and the pictures
        perhaps still small.
        """
        folder = self.locate(f"held {fold}")
        return json.loads((folder / FIGURES).read_text(encoding="utf-8")) if has_figures(folder) else None


def write_figures(folder: Path, figures: dict[str, float]) -> None:
    """Writes the figures of a held-out fold, whole or not at all: they also mark a training as finished."""
    write_atomically(folder / FIGURES, json.dumps(figures, indent=1) + "\n")


def drop_figures(folder: Path) -> None:
    """Removes the figures of an earlier training in `folder`: the one that begins there is not finished."""
    (folder / FIGURES).unlink(missing_ok=True)


def has_figures(folder: Path) -> bool:
    """Returns whether the training in `folder` wrote the figures of its held-out fold."""
    return (folder / FIGURES).is_file()
