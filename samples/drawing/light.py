"""Light on cloth: every part bulges a little and lies in folds; a lamp up to one side shades the height field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samples.drawing.canvas import CELL, SIZE, Patch
from samples.drawing.garment import Folds
from samples.drawing.noise import Field, blur, resize, smooth, turned

_CELLS = SIZE // CELL
_WIDE = _CELLS + 44
"""Folds are made larger than the photo, so that turning them with the garment leaves no empty corner."""


@dataclass(frozen=True)
class Lamp:
    """Direction the light comes from (x, y as in the photo) and how hard it is."""

    x: float
    y: float
    hard: float


def fold_field(folds: Folds, turn: float, rng: np.random.Generator) -> Field:
    """Height of the cloth over the whole photo in cells, shape (100, 100), about -1 to 1."""
    n = _WIDE
    hang = smooth(rng, n, n, n / 55, folds.across * 1.4) + 0.5 * smooth(rng, n, n, n / 40, folds.across * 2.6)
    down = np.linspace(0.25, 1.3, n, dtype=np.float32)[:, None]
    crumple = np.zeros((n, n), dtype=np.float32)
    for lean, amount in ((0.7, 1.0), (-0.6, 0.8), (0.1, 0.5)):
        wave = turned(smooth(rng, n, n, n / 26, n / 11), lean)
        # Ridges, not hills: wrinkled cloth has sharp crests and flat valleys.
        crumple += np.float32(amount) * (np.float32(0.6) - np.sqrt(wave * wave + np.float32(0.02)))
    height = folds.drape * 0.75 * hang * down + folds.crumple * 0.55 * blur(crumple, 0.8)
    edge = (n - _CELLS) // 2
    return turned(np.asarray(height, dtype=np.float32), turn)[edge : edge + _CELLS, edge : edge + _CELLS]


def light_on(patch: Patch, folds: Field, puff: float, lamp: Lamp) -> Field:
    """Gain per pixel, shape of the patch, about 0.5 to 1.35."""
    cover = np.pad(patch.coarse(), 2, mode="edge")
    broad, rim = blur(cover, 5.0), blur(cover, 1.3)
    height = puff * (5.0 * np.sqrt(np.clip(broad * rim, 0, 1)) + 1.6 * rim)
    height[2:-2, 2:-2] += np.minimum(1.0, puff) * 2.0 * folds[patch.cells]
    dy, dx = np.gradient(height)
    light = 1.0 - lamp.hard * 0.23 * (dx * lamp.x + dy * lamp.y)
    hollow = np.clip(1 - rim, 0, 1) * min(1.0, puff) * 0.22
    light = np.clip(light - hollow, 0.5, 1.38)[2:-2, 2:-2]
    h, w = patch.mask.shape
    return resize(np.asarray(light, dtype=np.float32), h, w)


def lit(rgb: NDArray[np.float32], light: Field, shine: float) -> NDArray[np.float32]:
    """Cloth under the light: shadows multiply, highlights also add, so that black cloth shows its folds."""
    bright = np.maximum(light - 1, 0)
    gloss = 0.16 * bright + shine * (1.6 * bright + 5.0 * bright * bright)
    return np.asarray(rgb * light[:, :, None] + gloss[:, :, None] + 0.008, dtype=np.float32)
