"""Prepares the targets of every crop: teachers' PCA rows, cross-fitted probe logits, labels as numbers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.making.pca import Projection, fit, project
from models.runtime.embedder import Embeddings
from training.data.crops import CropCache
from training.data.folds import assign_fold
from training.data.photos import TrainingPhoto
from training.errors import NoTrainingData
from training.recipe import Recipe

log = logging.getLogger(__name__)

PROBE_DIMS = 256
PROBE_FOLDS = 5
PROBE_CROPS = 3  # of each photo, for fitting
PROBE_STRENGTH = 3.0  # sklearn's C on rows of norm 1 scaled by PROBE_SCALE; probes of 1 to 10 were alike
PROBE_SCALE = 8.0
UNSEEN = -20.0  # logit of a class that a probe was not fitted on


@dataclass(frozen=True, slots=True)
class Targets:
    """Holds `rows` [N,K,d] by block, by task `probes` [N,K,C] (logits or NaN), `labels` [N] (-1: none), `classes`."""

    rows: Mapping[str, NDArray[np.float32]]
    probes: Mapping[str, NDArray[np.float32]]
    labels: Mapping[str, NDArray[np.int64]]
    classes: Mapping[str, tuple[str, ...]]


def number_labels(
    photos: list[TrainingPhoto], tasks: Mapping[str, object]
) -> tuple[dict[str, NDArray[np.int64]], dict[str, tuple[str, ...]]]:
    """Returns labels of all tasks as numbers [N], -1 for none, and their words in alphabetical order."""
    classes = {task: tuple(sorted({one.labels[task] for one in photos if task in one.labels})) for task in tasks}
    number = {task: {word: index for index, word in enumerate(words)} for task, words in classes.items()}
    labels = {
        task: np.array([number[task].get(one.labels.get(task, ""), -1) for one in photos], dtype=np.int64)
        for task in tasks
    }
    return labels, classes


def drop_unlearnable(recipe: Recipe, photos: list[TrainingPhoto]) -> Recipe:
    """Returns the recipe without the tasks that no photo has a label for, and the blocks that have nothing else to
    learn.

    Raises NoTrainingData where nothing is left.
    """
    known = {task for photo in photos for task in photo.labels}
    gone = [name for name in recipe.tasks if name not in known]
    if not gone:
        return recipe
    tasks = {name: task for name, task in recipe.tasks.items() if name in known}
    idle = {recipe.tasks[name].block for name in gone} - {task.block for task in tasks.values()}
    blocks = {name: block for name, block in recipe.blocks.items() if block.teacher or name not in idle}
    if not blocks or not (tasks or any(block.teacher for block in blocks.values())):
        raise NoTrainingData(
            f"no photo has a label for {', '.join(gone)}, and there is no teacher: nothing can be learnt. Name the "
            "fields that hold labels (`labels` of a source), or a teacher"
        )
    log.warning("no photo has a label for %s: the model learns %s", ", ".join(gone), ", ".join([*tasks, *blocks]))
    classes = recipe.classes if recipe.classes in tasks else next(iter(tasks), None)
    part = recipe.class_part if recipe.class_part and recipe.class_part.task in tasks else None
    return recipe.model_copy(update={"tasks": tasks, "blocks": blocks, "classes": classes, "class_part": part})


def fit_projections(cache: CropCache, train: NDArray[np.int64], recipe: Recipe) -> dict[str, Projection]:
    """Fits the PCA of each block's teacher on the plain crops of `train`, where it has more dimensions than the
    block.

    Raises FitFailed.
    """
    wide = {
        name: cache.features[block.teacher]
        for name, block in recipe.blocks.items()
        if block.teacher and cache.features[block.teacher].shape[2] > block.dims
    }
    return {name: fit(rows[train, 0].astype(np.float32), recipe.blocks[name].dims) for name, rows in wide.items()}


def prepare_targets(
    photos: list[TrainingPhoto],
    cache: CropCache,
    train: NDArray[np.int64],
    recipe: Recipe,
    reduced: Mapping[str, Projection],
) -> Targets:
    """Returns the targets of all photos in the projections `reduced`; fits probes on the photos `train` alone."""
    labels, classes = number_labels(photos, recipe.tasks)
    rows = {
        name: _project_crops(cache.features[block.teacher], reduced.get(name))
        for name, block in recipe.blocks.items()
        if block.teacher
    }
    probes = {}
    for name, task in recipe.tasks.items():
        teacher = recipe.blocks[task.block].teacher
        if task.probe and teacher:
            folds = np.array([assign_fold(one.group, PROBE_FOLDS, recipe.seed) for one in photos])
            if len(set(labels[name][train]) - {-1}) < 2:
                raise NoTrainingData(f"task '{name}' has a probe, and that needs photos of two classes at least")
            probes[name] = _cross_fit_probe(cache.features[teacher], labels[name], len(classes[name]), folds, train)
            if mute := int(np.isnan(probes[name][train, 0, 0]).sum()):
                log.warning("task '%s': no probe for %d photos, their class has no other group", name, mute)
    return Targets(rows, probes, labels, classes)


def _project_crops(features: NDArray[np.float16], projection: Projection | None) -> NDArray[np.float32]:
    """Returns all crops [N,K,D] projected, or as they are; zeros where a photo could not be read."""
    flat: Embeddings = features.reshape(-1, features.shape[2]).astype(np.float32)
    if projection is not None:
        flat = np.nan_to_num(project(flat, projection))
    return flat.reshape(*features.shape[:2], -1)


def _cross_fit_probe(
    features: NDArray[np.float16],
    labels: NDArray[np.int64],
    classes: int,
    folds: NDArray[np.int64],
    train: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Returns logits [N,K,C] of linear probes, each photo's by a probe that saw neither it nor its group; NaN where
    no probe can judge it, because no other group has its class.

    A probe judging photos it was fitted on would be sure of everything, and nothing could be learnt from its doubts.
    """
    from sklearn.linear_model import LogisticRegression

    dims = min(PROBE_DIMS, features.shape[2] - 1, len(train) - 1)
    reduced = _project_crops(features, fit(features[train, 0].astype(np.float32), dims)) * PROBE_SCALE
    logits = np.full((*features.shape[:2], classes), np.nan, dtype=np.float32)
    known = train[labels[train] >= 0]
    for fold in range(PROBE_FOLDS):
        used, mine = known[folds[known] != fold], np.flatnonzero(folds == fold)
        if not len(mine) or len(np.unique(labels[used])) < 2:
            continue
        crops = reduced[used, :PROBE_CROPS]
        probe = LogisticRegression(C=PROBE_STRENGTH, max_iter=200)
        probe.fit(crops.reshape(-1, crops.shape[2]), np.repeat(labels[used], crops.shape[1]))
        logits[mine] = UNSEEN
        logits[np.ix_(mine, np.arange(features.shape[1]), probe.classes_)] = _predict_logits(probe, reduced[mine])
        logits[mine[(labels[mine] >= 0) & ~np.isin(labels[mine], probe.classes_)]] = np.nan
    return logits


def _predict_logits(probe: Any, crops: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns logits [n,K,C] of the probe's classes; of two sklearn gives the difference of their logits alone."""
    logits = probe.decision_function(crops.reshape(-1, crops.shape[2]))
    if logits.ndim == 1:
        logits = np.stack([-logits / 2, logits / 2], axis=1)
    return np.asarray(logits.reshape(*crops.shape[:2], -1), dtype=np.float32)
