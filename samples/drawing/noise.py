"""Smooth random fields, the raw stuff of folds, marble, camouflage and wood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float32]
"""Shape (h, w), float32."""


def resize(field: Field, height: int, width: int) -> Field:
    """Bicubic resampling of one float channel."""
    image = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)


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


def blur(field: Field, radius: float) -> Field:
    """Gaussian blur, sigma in cells, edges repeated; for the small fields of the light (plain sums: same bytes)."""
    reach = max(1, int(np.ceil(2.5 * radius)))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / radius) ** 2).astype(np.float32)
    weights /= weights.sum()
    for axis in (0, 1):
        pad = [(reach, reach) if a == axis else (0, 0) for a in (0, 1)]
        padded, n = np.pad(field, pad, mode="edge"), field.shape[axis]
        parts = (padded[k : k + n] if axis == 0 else padded[:, k : k + n] for k in range(2 * reach + 1))
        field = np.sum([w * part for w, part in zip(weights, parts, strict=True)], axis=0, dtype=np.float32)
    return field


def step(low: float, high: float, x: Field) -> Field:
    """Smooth 0 to 1 between `low` and `high`."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
