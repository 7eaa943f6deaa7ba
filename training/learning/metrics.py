"""Measures a held-out fold: macro precision@10 against the other folds, and precision within a class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from catalog.similarity import cosine
from models.making.score_floor import measure_floor
from models.runtime.embedder import Embeddings
from training.data.batches import make_plain_input
from training.data.crops import CropCache
from training.data.photos import TrainingPhoto
from training.data.targets import Targets
from training.learning.networks import Learner, NetworkOutput
from training.recipe import Recipe

AT = 10
BATCH = 128


def macro_precision(
    queries: Embeddings, gallery: Embeddings, asked: NDArray[np.int64], there: NDArray[np.int64], at: int = AT
) -> dict[int, float]:
    """Returns mean precision@`at` by class of the queries; relevant is the same class. Labels below 0 are
    left out, and those that nothing in the gallery has."""
    gallery, there = gallery[there >= 0], there[there >= 0]
    known = np.isin(asked, there)
    queries, asked = queries[known], asked[known]
    if not len(asked) or not len(there):
        return {}
    best = np.argsort(-cosine(queries, gallery), axis=1, kind="stable")[:, :at]
    hits = (there[best] == asked[:, None]).mean(axis=1)
    return {int(one): float(hits[asked == one].mean()) for one in np.unique(asked)}


def within_class_precision(rows: Embeddings, classes: NDArray[np.int64], same: NDArray[np.int64]) -> float:
    """Returns R-precision of photos with the same `same` among those of the same class, macro over classes: of the R
    alike photos that there are, how many are among the R nearest.

    A model that knows its classes and nothing else does no better than chance. NaN where there is nothing to find.
    """
    found = []
    for one in np.unique(classes[classes >= 0]):
        members = np.flatnonzero((classes == one) & (same >= 0))
        alike = same[members][:, None] == same[members][None, :]
        np.fill_diagonal(alike, False)
        if not alike.any():
            continue
        scores = cosine(rows[members], rows[members])
        np.fill_diagonal(scores, -np.inf)
        ranked = np.take_along_axis(alike, np.argsort(-scores, axis=1, kind="stable"), axis=1)
        total = alike.sum(axis=1, keepdims=True)
        first = np.arange(ranked.shape[1])[None, :] < total
        share = (ranked & first).sum(axis=1) / np.maximum(total[:, 0], 1)
        found.append(float(share[total[:, 0] > 0].mean()))
    return float(np.mean(found)) if found else float("nan")


def embed_photos(learner: Learner, cache: CropCache, photos: NDArray[np.int64], recipe: Recipe) -> Embeddings:
    """Returns the embeddings [n,dims] of the plain crops of `photos`."""
    rows = [learner.join_blocks(output).cpu().numpy() for output in run_network(learner, cache, photos, recipe)]
    return np.concatenate([np.empty((0, learner.dims), dtype=np.float32), *rows])


def run_network(
    learner: Learner, cache: CropCache, photos: NDArray[np.int64], recipe: Recipe, crop: int = 0
) -> Iterator[NetworkOutput]:
    """Yields the network's output for one crop of `photos`, batch by batch; crop 0 is the plain one."""
    device = next(learner.parameters()).device
    for start in range(0, len(photos), BATCH):
        with torch.inference_mode():
            inputs = make_plain_input(cache, photos[start : start + BATCH], recipe, crop)
            output: NetworkOutput = learner(inputs.to(device))
        yield output


def measure_fold(
    rows: Embeddings,
    photos: list[TrainingPhoto],
    targets: Targets,
    train: NDArray[np.int64],
    held: NDArray[np.int64],
    recipe: Recipe,
) -> dict[str, float]:
    """Returns figures by source and task: `<source>_<task>_macro_p10` against the photos trained on, and among the
    held-out photos `<source>_same_<what>_within_<classes>` for the groups and every other task."""
    found: dict[str, float] = {}
    groups = np.unique([photo.group for photo in photos], return_inverse=True)[1].astype(np.int64)
    for source in recipe.sources:
        here = np.array([photo.source == source.name for photo in photos])
        asked, there = held[here[held]], train[here[train]]
        if not len(asked) or not len(there):
            continue
        for task, labels in targets.labels.items():
            by_class = macro_precision(rows[asked], rows[there], labels[asked], labels[there])
            if by_class:
                found[f"{source.name}_{task}_macro_p10"] = float(np.mean(list(by_class.values())))
        if recipe.classes:
            classes, others = targets.labels[recipe.classes][asked], targets.labels.items()
            same = {"group": groups} | {task: labels for task, labels in others if task != recipe.classes}
            for what, labels in same.items():
                value = within_class_precision(rows[asked], classes, labels[asked])
                found[f"{source.name}_same_{what}_within_{recipe.classes}"] = value
    return {name: round(value, 4) for name, value in found.items() if np.isfinite(value)}


def compute_ood_cosine(rows: Embeddings, groups: list[str], share: float = 0.01) -> float | None:
    """Returns the cosine to the nearest photo of another group that all but `share` of photos reach; None with one
    group.

    A photo that finds less in a catalogue is unlike anything the model knows.
    """
    numbers = np.unique(groups, return_inverse=True)[1]
    nearest: list[float] = []
    for start in range(0, len(rows), BATCH):
        scores = cosine(rows[start : start + BATCH], rows)
        scores[numbers[start : start + BATCH, None] == numbers[None, :]] = -np.inf
        nearest.extend(scores.max(axis=1).tolist())
    finite = [value for value in nearest if np.isfinite(value)]
    return round(float(np.quantile(finite, share)), 3) if finite else None


def compute_floor_cosine(rows: Embeddings, labels: NDArray[np.int64], groups: list[str]) -> float | None:
    """Returns the floor of the photos that have a label (0 and above), of other groups; None where they are too few.

    The network has seen them and so keeps kinds further apart than it will unseen ones: that floor rather cuts too
    little.
    """
    known = np.flatnonzero(labels >= 0)
    found = measure_floor(rows[known], [str(label) for label in labels[known]], [groups[index] for index in known])
    return found.floor if found else None
