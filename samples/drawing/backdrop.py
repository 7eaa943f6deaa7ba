"""Draws backdrops, before which the product lies or hangs: studio, gradient, wood, bed linen, wall, concrete."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from samples.drawing.canvas import SIZE
from samples.drawing.noise import Field, resize, smooth, speckle, step

Backdrop = NDArray[np.float32]
"""Shape (3, 400, 400), sRGB 0 to 1."""

_STUDIO = ((246, 246, 246), (236, 236, 234), (250, 250, 249), (228, 230, 233), (240, 235, 228), (243, 238, 238))
_TINTS = ((222, 226, 232), (232, 222, 214), (214, 224, 218), (236, 226, 206), (226, 216, 228), (206, 210, 214))
_WOODS = ((176, 132, 90), (142, 98, 62), (205, 172, 130), (120, 92, 72), (190, 180, 168))
_LINENS = ((232, 230, 226), (206, 212, 220), (220, 206, 192), (150, 160, 176), (196, 204, 190))
_WALLS = ((226, 222, 214), (204, 212, 214), (234, 228, 220), (190, 198, 190), (214, 204, 200))


def _pick(rng: np.random.Generator, colours: tuple[tuple[int, int, int], ...]) -> NDArray[np.float32]:
    return np.array(colours[int(rng.integers(len(colours)))], dtype=np.float32) / np.float32(255)


def _tint(colour: NDArray[np.float32], gain: Field) -> Backdrop:
    return np.asarray(np.broadcast_to(gain, (SIZE, SIZE)) * colour[:, None, None], dtype=np.float32)


def _axes() -> tuple[Field, Field]:
    line = (np.arange(SIZE, dtype=np.float32) + np.float32(0.5)) / np.float32(SIZE)
    return line[None, :], line[:, None]


def draw_studio(rng: np.random.Generator) -> Backdrop:
    """Draws a sheet of paper under even light."""
    x, y = _axes()
    away = np.hypot(x - 0.5, y - 0.45)
    return _tint(_pick(rng, _STUDIO), 1.01 - 0.05 * away * away)


def draw_gradient(rng: np.random.Generator) -> Backdrop:
    """Draws coloured paper, brighter where the lamp points."""
    x, y = _axes()
    spot = np.exp(-((x - rng.uniform(0.3, 0.7)) ** 2 + (y - rng.uniform(0.2, 0.5)) ** 2) / 0.35)
    return _tint(_pick(rng, _TINTS), np.asarray(0.84 + 0.22 * spot, dtype=np.float32))


def draw_cove(rng: np.random.Generator) -> Backdrop:
    """Draws a table before a wall, meeting in a soft curve: what shoes and bags stand on."""
    _, y = _axes()
    horizon = rng.uniform(0.6, 0.7)
    gain = 1.0 - 0.09 * np.exp(-(((y - horizon) / 0.07) ** 2)) - 0.06 * step(horizon, horizon + 0.05, y)
    return _tint(_pick(rng, _STUDIO + _TINTS), np.asarray(gain, dtype=np.float32))


def draw_wood(rng: np.random.Generator) -> Backdrop:
    """Draws floor boards with grain, each of its own tone, running one way or the other."""
    boards, n = int(rng.integers(5, 8)), SIZE
    gain = np.ones((n, n), dtype=np.float32)
    edges = np.linspace(0, n, boards + 1).astype(int)
    for low, high in pairwise(edges):
        h = high - low
        rings = smooth(rng, h, n, 5, 2)
        fine = smooth(rng, h, n, h / 2, 6)
        board = rng.normal(1, 0.06) + 0.05 * np.sin(7 * rings + 0.5 * fine) + 0.03 * fine
        board[:2] *= 0.62
        cut = int(rng.integers(n))
        board[:, cut : cut + 2] *= 0.66
        board[:, cut:] *= rng.normal(1, 0.05)
        gain[low:high] = board
    return _tint(_pick(rng, _WOODS), gain.T if rng.random() < 0.5 else gain)


def draw_linen(rng: np.random.Generator) -> Backdrop:
    """Draws a bed sheet somebody smoothed by hand, not well."""
    coarse = SIZE // 4
    height = np.zeros((coarse, coarse), dtype=np.float32)
    for rows, columns in ((3, 9), (8, 3), (14, 12)):
        wave = smooth(rng, coarse, coarse, rows, columns)
        height += np.float32(9 / (rows + columns)) * (1 - np.sqrt(wave * wave + np.float32(0.03)))
    dy, dx = np.gradient(height)
    gain = resize(np.clip(1 + 0.30 * dx + 0.34 * dy, 0.72, 1.15), SIZE, SIZE)
    thread = 1 + 0.012 * speckle(rng, SIZE, SIZE)
    return _tint(_pick(rng, _LINENS), gain * thread)


def draw_wall(rng: np.random.Generator) -> Backdrop:
    """Draws painted plaster, lit from one side."""
    x, y = _axes()
    slope = rng.uniform(-0.16, 0.16)
    rough = 0.008 * smooth(rng, SIZE, SIZE, 90, 90) + 0.014 * smooth(rng, SIZE, SIZE, 3, 3)
    return _tint(_pick(rng, _WALLS), np.asarray(0.96 + slope * (x - 0.5) - 0.1 * (y - 0.4) + rough, np.float32))


def draw_concrete(rng: np.random.Generator) -> Backdrop:
    """Draws a grey floor with clouds and pores."""
    clouds = 0.018 * smooth(rng, SIZE, SIZE, 4, 4) + 0.012 * smooth(rng, SIZE, SIZE, 60, 60)
    pores = 0.022 * speckle(rng, SIZE, SIZE)
    return _tint(np.array([0.71, 0.71, 0.70], dtype=np.float32), 1 + clouds + pores)


BACKDROPS: dict[str, Callable[[np.random.Generator], Backdrop]] = {
    "studio": draw_studio,
    "gradient": draw_gradient,
    "cove": draw_cove,
    "wood": draw_wood,
    "linen": draw_linen,
    "wall": draw_wall,
    "concrete": draw_concrete,
}
