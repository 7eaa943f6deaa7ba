"""Light on cloth: every part bulges a little and lies in folds; a lamp up to one side shades the height field."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samples.drawing.canvas import CELL, SIZE, Patch, coarse
from samples.drawing.garment import Folds
from samples.drawing.noise import Field, blur, resize, rotate, smooth, stretch

_CELLS = SIZE // CELL
_HALF = _CELLS // 2
_WIDE = _HALF + 22
"""Folds are made on half as many cells and larger than the photo: turned with it, they leave no empty corner."""


@dataclass(frozen=True)
class Lamp:
    """Direction the light comes from (x, y as in the photo) and how hard it is."""

    x: float
    y: float
    hard: float


def build_folds(folds: Folds, turn: float, rng: np.random.Generator) -> Field:
    """Returns the height of the cloth over the whole photo in cells, shape (100, 100), about -1 to 1."""
    n = _WIDE
    hang = smooth(rng, n, n, n / 27, folds.across * 1.4) + 0.5 * smooth(rng, n, n, n / 20, folds.across * 2.6)
    down = np.linspace(0.25, 1.3, n, dtype=np.float32)[:, None]
    crumple = np.zeros((n, n), dtype=np.float32)
    for lean, amount in ((0.7, 1.0), (-0.6, 0.8), (0.1, 0.5)):
        wave = rotate(smooth(rng, n, n, n / 13, n / 5.5), lean)
        # Ridges, not hills: wrinkled cloth has sharp crests and flat valleys.
        crumple += np.float32(amount) * (np.float32(0.6) - np.sqrt(wave * wave + np.float32(0.02)))
    height = folds.drape * 0.75 * hang * down + folds.crumple * 0.55 * blur(crumple, 0.5)
    edge = (n - _HALF) // 2
    middle = rotate(np.asarray(height, dtype=np.float32), turn)[edge : edge + _HALF, edge : edge + _HALF]
    return resize(middle, _CELLS, _CELLS)


def compute_light(patch: Patch, beneath: Field | None, folds: Field, puff: float, lamp: Lamp) -> Field:
    """Returns the gain per pixel of the patch, 0.5 to 1.38; a piece with `beneath` does not stand off it."""
    h, w = patch.mask.shape
    cover = patch.coarse() if beneath is None else coarse(np.maximum(patch.mask, beneath))
    rows, columns = cover.shape
    framed = np.empty((rows + 4, columns + 4), dtype=np.float32)
    framed[2:-2, 2:-2] = cover
    framed[:2, 2:-2], framed[-2:, 2:-2] = cover[0], cover[-1]
    framed[:, :2], framed[:, -2:] = framed[:, 2:3], framed[:, -3:-2]
    rim = blur(framed, 1.3)
    broad = stretch(blur(rim[::2, ::2], 2.4), *rim.shape)
    height = np.float32(puff) * (np.float32(5.0) * np.sqrt(np.clip(broad * rim, 0, 1)) + np.float32(1.6) * rim)
    height[2:-2, 2:-2] += np.float32(2.0 * min(1.0, puff)) * folds[patch.cells]
    slope = lamp.x * (height[2:-2, 3:-1] - height[2:-2, 1:-3]) + lamp.y * (height[3:-1, 2:-2] - height[1:-3, 2:-2])
    hollow = np.clip(1 - rim[2:-2, 2:-2], 0, 1) * min(1.0, puff) * 0.22
    return stretch(np.clip(1.0 - lamp.hard * 0.115 * slope - hollow, 0.5, 1.38), h, w)


def apply_light(rgb: NDArray[np.float32], light: Field, shine: float) -> NDArray[np.float32]:
    """Lights cloth: shadows multiply, highlights also add, so that black cloth shows its folds.

    `rgb` (3, h, w) is changed in place.
    """
    bright = np.maximum(light - 1, 0)
    gloss = 0.16 * bright + shine * (1.6 * bright + 5.0 * bright * bright)
    rgb *= light
    rgb += gloss + np.float32(0.008)
    return rgb
