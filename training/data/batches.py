"""Makes the batch of a step: crops, the teachers' embeddings of them, labels; some of them mixed (mixup)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.data.augmentation import augment_batch
from training.data.crops import CropCache
from training.data.photos import TrainingPhoto
from training.data.sampling import Sampler
from training.data.targets import Targets
from training.learning.networks import get_pixel_scale
from training.recipe import Recipe
from training.recipe_parts import Network


@dataclass(frozen=True, slots=True)
class Batch:
    """Holds `inputs` [B,...]; teachers' `rows` by block; `probes` (softened probabilities), soft `labels` (rows of
    zeros: none, in both) and hard `numbers` (-1: none, all of them in a mixed batch) by task."""

    inputs: Tensor
    rows: dict[str, Tensor]
    probes: dict[str, Tensor]
    labels: dict[str, Tensor]
    numbers: dict[str, Tensor]


class Batches:
    """Makes the batch of any step out of seed and step alone, so that a resumed training sees the same ones."""

    def __init__(
        self,
        photos: list[TrainingPhoto],
        cache: CropCache,
        targets: Targets,
        train: NDArray[np.int64],
        recipe: Recipe,
    ) -> None:
        self._cache, self._targets, self._recipe = cache, targets, recipe
        self._samplers = [(0, Sampler(photos, train, recipe))]
        self._photos = photos

    def widen(self, train: NDArray[np.int64], step: int) -> None:
        """Draws from the photos `train` from `step` on."""
        self._samplers.append((step, Sampler(self._photos, train, self._recipe)))

    def make_batch(self, step: int) -> Batch:
        """Returns the batch of `step`."""
        rng = np.random.default_rng([self._recipe.seed, step])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        photos = next(one for start, one in reversed(self._samplers) if step >= start).draw(step, rng)
        crops = rng.integers(0, self._cache.pixels.shape[1], len(photos))
        batch = self._make_plain(photos, crops, step, generator)
        how = self._recipe.augment
        if rng.random() >= how.mixup:
            return batch
        return mix_up(batch, float(rng.beta(how.alpha, how.alpha)), torch.from_numpy(rng.permutation(len(photos))))

    def _make_plain(
        self, photos: NDArray[np.int64], crops: NDArray[np.int64], step: int, generator: torch.Generator
    ) -> Batch:
        targets, heat = self._targets, self._recipe.schedule.temperature
        numbers = {task: torch.from_numpy(labels[photos]) for task, labels in targets.labels.items()}
        return Batch(
            self._make_input(photos, crops, step, generator),
            {name: torch.from_numpy(rows[photos, crops]) for name, rows in targets.rows.items()},
            {
                # A row of zeros where no probe could judge the photo: KL to nothing is 0.
                name: (torch.from_numpy(rows[photos, crops]) / heat).softmax(1).nan_to_num(0)
                for name, rows in targets.probes.items()
            },
            {task: one_hot(number, len(targets.classes[task])) for task, number in numbers.items()},
            numbers,
        )

    def _make_input(
        self, photos: NDArray[np.int64], crops: NDArray[np.int64], step: int, generator: torch.Generator
    ) -> Tensor:
        if base := self._recipe.frozen_base:
            return torch.from_numpy(self._cache.features[base][photos, crops].astype(np.float32))
        pixels = torch.from_numpy(self._cache.pixels[photos, crops]).permute(0, 3, 1, 2).float() / 255
        schedule = self._recipe.schedule
        small = schedule.small_side is not None and step < schedule.small_until * schedule.steps
        side = schedule.small_side if small and schedule.small_side else self._recipe.side
        return normalize_pixels(augment_batch(pixels, side, self._recipe.augment, generator), self._recipe.network)


def normalize_pixels(pixels: Tensor, network: Network) -> Tensor:
    """Returns pixels [B,3,S,S] of 0..1 as the network wants them."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in get_pixel_scale(network))
    scaled = (pixels - mean) / std
    return scaled.contiguous(memory_format=torch.channels_last)


def one_hot(numbers: Tensor, classes: int) -> Tensor:
    """Returns rows [B,C] float32; a row of zeros for -1."""
    return functional.one_hot(numbers.clamp(min=0), classes).float() * (numbers >= 0)[:, None]


def mix_up(batch: Batch, share: float, other: Tensor) -> Batch:
    """Returns `share` of each picture and the rest of another (Zhang et al. 2018), with their targets and labels."""

    def mix(value: Tensor) -> Tensor:
        return share * value + (1 - share) * value[other]

    def mix_known(value: Tensor) -> Tensor:
        known = (value.sum(dim=1) > 0) & (value[other].sum(dim=1) > 0)
        return mix(value) * known[:, None]

    return replace(
        batch,
        inputs=mix(batch.inputs).contiguous(
            memory_format=torch.channels_last if batch.inputs.dim() == 4 else torch.contiguous_format
        ),
        rows={name: mix(rows) for name, rows in batch.rows.items()},
        probes={name: mix_known(rows) for name, rows in batch.probes.items()},
        labels={name: mix_known(rows) for name, rows in batch.labels.items()},
        numbers={name: torch.full_like(number, -1) for name, number in batch.numbers.items()},
    )


def make_plain_input(cache: CropCache, photos: NDArray[np.int64], recipe: Recipe, crop: int = 0) -> Tensor:
    """Returns the network's input for one crop of `photos`, unchanged; crop 0 is the plain one, as in service."""
    if recipe.frozen_base:
        return torch.from_numpy(cache.features[recipe.frozen_base][photos, crop].astype(np.float32))
    return normalize_pixels(
        torch.from_numpy(cache.pixels[photos, crop]).permute(0, 3, 1, 2).float() / 255, recipe.network
    )
