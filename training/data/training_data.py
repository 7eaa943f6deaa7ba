"""Gathers what a training learns from: readable photos, their crops, teachers' embeddings and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.bundles.bundle import Bundle
from models.bundles.fingerprint import sha256_bytes, to_canonical_json
from models.bundles.registry import find_bundle
from models.errors import BundleNotFound
from models.making.pca import Projection
from models.settings import ModelSettings
from training.data.crops import CropCache, prepare_crops
from training.data.folds import split_by_fold
from training.data.photos import TrainingPhoto, fingerprint_photos
from training.data.targets import Targets, fit_projections, prepare_targets
from training.data.views import CropSettings
from training.errors import NoTrainingData
from training.recipe import Recipe
from training.settings import TrainingSettings

FOLDS = 5


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Holds photos and targets; `train` and `held` number usable photos, `held` those of a fold kept apart."""

    photos: list[TrainingPhoto]
    cache: CropCache
    targets: Targets
    projections: Mapping[str, Projection]
    train: NDArray[np.int64]
    held: NDArray[np.int64]

    @property
    def usable(self) -> NDArray[np.int64]:
        """Numbers of all photos that could be read."""
        return np.sort(np.concatenate([self.train, self.held]))


def find_bundles(recipe: Recipe, settings: TrainingSettings, model_settings: ModelSettings) -> dict[str, Bundle]:
    """Returns the bundles that a recipe learns from or builds on, by name; raises BundleNotFound.

    A teacher may also lie in the training folder, where no service looks.
    """
    names = (*recipe.teachers, *((recipe.frozen_base,) if recipe.frozen_base else ()))
    own = model_settings.model_copy(update={"bundles": settings.training_folder / "bundles"})
    found = {}
    for name in dict.fromkeys(names):
        try:
            found[name] = find_bundle(name, model_settings)
        except BundleNotFound:
            found[name] = find_bundle(name, own)
    return found


def name_training(recipe: Recipe, photos: list[TrainingPhoto], known: dict[str, Bundle], stage: str) -> str:
    """Returns a name for a training: the same recipe on the same photos with the same teachers, at one `stage`."""
    versions = {name: bundle.version for name, bundle in known.items()}
    parts = [recipe.model_dump(mode="json", exclude_defaults=True), fingerprint_photos(photos), versions, stage]
    return f"{recipe.name}-{sha256_bytes(to_canonical_json(parts))[:12]}"


def gather_training_data(
    recipe: Recipe,
    photos: list[TrainingPhoto],
    known: dict[str, Bundle],
    settings: TrainingSettings,
    held: int | None = None,
    earlier: Mapping[str, Projection] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> TrainingData:
    """Cuts crops and embeds them, or takes what is on disk; `earlier` are the projections of the training that this
    one refines.

    Raises NoTrainingData where hardly a photo can be read, FitFailed.
    """
    cut = CropSettings(recipe.side, recipe.resize, recipe.crops, recipe.crop_scale, recipe.seed)
    cache = prepare_crops(photos, cut, known, settings.training_folder / "crops", progress)
    train, apart = np.arange(len(photos)), np.arange(0)
    if held is not None:
        train, apart = split_by_fold(photos, FOLDS, recipe.seed, held)
    train, apart = train[cache.usable[train]], apart[cache.usable[apart]]
    if len(train) < 2:
        raise NoTrainingData(f"{len(train)} photos could be read and used: there is nothing to learn from")
    reduced = earlier or fit_projections(cache, train, recipe)
    return TrainingData(photos, cache, prepare_targets(photos, cache, train, recipe, reduced), reduced, train, apart)
