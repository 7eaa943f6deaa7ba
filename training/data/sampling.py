"""Draws the photos of a step: by share of their source, and within it by the root of how common their class is."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from training.data.photos import TrainingPhoto
from training.recipe import Recipe


class Sampler:
    """Draws the photos of a step out of `train`; the same step of the same seed is the same draw."""

    def __init__(self, photos: list[TrainingPhoto], train: NDArray[np.int64], recipe: Recipe) -> None:
        self._recipe = recipe
        self._members: dict[str, NDArray[np.int64]] = {}
        self._chances: dict[str, NDArray[np.float64]] = {}
        for source in recipe.sources:
            members = np.array([index for index in train if photos[index].source == source.name], dtype=np.int64)
            if len(members):
                self._members[source.name] = members
                self._chances[source.name] = compute_root_chances(
                    [_find_class(photos[index], recipe) for index in members]
                )

    def draw(self, step: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Photo numbers [batch] of a step, in random order."""
        counts = self._count_by_source(step, rng)
        parts = [
            rng.choice(self._members[name], many, replace=many > len(self._members[name]), p=self._chances[name])
            for name, many in counts.items()
            if many
        ]
        return rng.permutation(np.concatenate(parts))

    def _count_by_source(self, step: int, rng: np.random.Generator) -> dict[str, int]:
        batch, done = self._recipe.schedule.batch, step / self._recipe.schedule.steps
        alone = [one.name for one in self._recipe.sources if done < one.first and one.name in self._members]
        if alone:
            return {alone[0]: batch}
        shares = {one.name: one.share for one in self._recipe.sources if one.name in self._members}
        whole = np.array(list(shares.values())) / sum(shares.values()) * batch
        counts = np.floor(whole).astype(int)
        for extra in rng.choice(len(counts), batch - counts.sum(), p=_normalize_rest(whole - counts)):
            counts[extra] += 1
        return dict(zip(shares, counts.tolist(), strict=True))


def compute_root_chances(classes: list[str]) -> NDArray[np.float64]:
    """Returns chances [N] in which a class of n photos weighs √n: between as they come and all classes alike."""
    count = Counter(classes)
    weights = np.array([1 / np.sqrt(count[one]) for one in classes])
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _find_class(photo: TrainingPhoto, recipe: Recipe) -> str:
    task = recipe.classes or next(iter(recipe.tasks), "")
    return photo.labels.get(task, "")


def _normalize_rest(rest: NDArray[np.float64]) -> NDArray[np.float64] | None:
    return np.asarray(rest / rest.sum(), dtype=np.float64) if rest.sum() > 0 else None
