"""Smooth random fields, the raw stuff of folds, marble, camouflage and wood."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float32]
"""Shape (h, w), float32."""


def resize(field: Field, height: int, width: int) -> Field:
    """Bicubic resampling of one float channel."""
    image = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)


def stretch(field: Field, height: int, width: int) -> Field:
    """Bilinear enlargement of a field that is soft already; stays within its range."""
    image = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)


def smooth(rng: np.random.Generator, height: int, width: int, rows: float, columns: float) -> Field:
    """Value noise, zero mean and unit spread, with about `rows` × `columns` bumps over the field."""
    # Two cells more than asked, cut off again: bicubic edges are flatter than the middle.
    r, c = max(2, round(rows)) + 2, max(2, round(columns)) + 2
    coarse = rng.standard_normal((r, c), dtype=np.float32)
    up, left = height // (r - 1), width // (c - 1)
    return resize(coarse, height + 2 * up, width + 2 * left)[up : up + height, left : left + width]


def turned(field: Field, radians: float) -> Field:
    """The field rotated about its middle, edges repeated from the unrotated field's corners."""
    image = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    return np.asarray(image.rotate(-np.degrees(radians), Image.Resampling.BILINEAR), dtype=np.float32)


def lattice(u: Field, v: Field, table: Field) -> Field:
    """Value noise at any (u, v), one bump per unit, repeating with the square `table`; range that of the table."""
    n = table.shape[0]
    iu, iv = np.floor(u).astype(np.int32), np.floor(v).astype(np.int32)
    fu, fv = u - iu, v - iv
    fu, fv = fu * fu * (3 - 2 * fu), fv * fv * (3 - 2 * fv)
    i0, i1, j0, j1 = iu % n, (iu + 1) % n, iv % n, (iv + 1) % n
    top = table[j0, i0] * (1 - fu) + table[j0, i1] * fu
    low = table[j1, i0] * (1 - fu) + table[j1, i1] * fu
    return np.asarray(top * (1 - fv) + low * fv, dtype=np.float32)


def _blur_rows(field: Field, weights: Field) -> Field:
    n, reach = len(field), len(weights) // 2
    padded = np.concatenate([field[:1].repeat(reach, 0), field, field[-1:].repeat(reach, 0)])
    total: Field = padded[reach : reach + n] * weights[reach]
    for k in range(1, reach + 1):
        total += (padded[reach - k : reach - k + n] + padded[reach + k : reach + k + n]) * weights[reach + k]
    return total


def blur(field: Field, radius: float) -> Field:
    """Gaussian blur, sigma in cells, edges repeated.

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
    """White noise, zero mean and unit spread, at most 400 × 400: a random window of one table, as fresh is dear."""
    y, x = (int(v) for v in rng.integers(0, 112, 2))
    return _speckles()[y : y + height, x : x + width]


def step(low: float, high: float, x: Field) -> Field:
    """Smooth 0 to 1 between `low` and `high`."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
