"""Smooth random fields, the raw stuff of folds, marble, camouflage and wood."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float32]
"""Shape (h, w), float32."""


def resize(field: Field, height: int, width: int) -> Field:
    """Resamples one float channel, bicubic."""
    image = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)


def stretch(field: Field, height: int, width: int) -> Field:
    """Enlarges a field that is soft already, bilinear; stays within its range."""
    image = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)


def smooth(rng: np.random.Generator, height: int, width: int, rows: float, columns: float) -> Field:
    """Returns value noise, zero mean and unit spread, with about `rows` × `columns` bumps over the field."""
    # Two cells more than asked, cut off again: bicubic edges are flatter than the middle.
    r, c = max(2, round(rows)) + 2, max(2, round(columns)) + 2
    coarse = rng.standard_normal((r, c), dtype=np.float32)
    up, left = height // (r - 1), width // (c - 1)
    return resize(coarse, height + 2 * up, width + 2 * left)[up : up + height, left : left + width]


def rotate(field: Field, radians: float) -> Field:
    """Rotates a field about its middle, edges repeated from the unrotated field's corners."""
    image = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    return np.asarray(image.rotate(-np.degrees(radians), Image.Resampling.BILINEAR), dtype=np.float32)


_BUMPS, _FINE = 16, 64
"""The table of `lattice`: so many bumps each way, and so fine that a bump of 57 pixels shows no steps."""


@lru_cache(maxsize=1)
def _hills() -> Field:
    coarse = np.random.default_rng(2018).random((_BUMPS, _BUMPS), dtype=np.float32)
    around = np.pad(coarse, 2, mode="wrap")
    side, edge = (_BUMPS + 4) * _FINE, 2 * _FINE
    return np.clip(resize(around, side, side)[edge:-edge, edge:-edge], 0, 1)


def lattice(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Returns value noise at any (u, v), one bump per unit, 0 to 1, from a random place of one table that wraps."""
    last = _BUMPS * _FINE - 1
    column, row = (int(k) for k in rng.integers(0, last + 1, 2))
    i = ((u * _FINE).astype(np.int32) + column) & last
    j = ((v * _FINE).astype(np.int32) + row) & last
    return np.asarray(_hills()[j, i], dtype=np.float32)


def _blur_rows(field: Field, weights: Field) -> Field:
    n, reach = len(field), len(weights) // 2
    padded = np.concatenate([field[:1].repeat(reach, 0), field, field[-1:].repeat(reach, 0)])
    total: Field = padded[reach : reach + n] * weights[reach]
    for k in range(1, reach + 1):
        total += (padded[reach - k : reach - k + n] + padded[reach + k : reach + k + n]) * weights[reach + k]
    return total


def blur(field: Field, radius: float) -> Field:
    """Blurs a field (Gaussian, sigma in cells, edges repeated).

    Plain sums, as a matrix product would start threads that cost more than they save on fields this small.
    """
    if radius >= 3:
        half = np.asarray(Image.fromarray(np.ascontiguousarray(field)).reduce(2), dtype=np.float32)
        return resize(blur(half, radius / 2), *field.shape)
    reach = max(1, int(np.ceil(2.3 * radius)))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / radius) ** 2)
    weights = np.asarray(weights / weights.sum(), dtype=np.float32)
    return _blur_rows(_blur_rows(field, weights).T, weights).T


@lru_cache(maxsize=1)
def _speckles() -> Field:
    return np.random.default_rng(2019).standard_normal((512, 512), dtype=np.float32)


def speckle(rng: np.random.Generator, height: int, width: int) -> Field:
    """Returns white noise, zero mean, unit spread, at most 400 × 400: a window of one table, as new noise is slow."""
    y, x = (int(v) for v in rng.integers(0, 112, 2))
    return _speckles()[y : y + height, x : x + width]


@lru_cache(maxsize=64)
def _sheet(tall: float, wide: float) -> Field:
    return smooth(np.random.default_rng([2020, round(10 * tall), round(10 * wide)]), 512, 512, 512 / tall, 512 / wide)


def texture(rng: np.random.Generator, height: int, width: int, tall: float, wide: float) -> Field:
    """Returns `smooth` with bumps of `tall` by `wide` pixels, at most 400 × 400: again a window of one table."""
    y, x = (int(v) for v in rng.integers(0, 112, 2))
    return _sheet(tall, wide)[y : y + height, x : x + width]


def step(low: float, high: float, x: Field) -> Field:
    """Rises smoothly from 0 to 1 between `low` and `high`."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
