"""Prints and weaves as functions of thread coordinates; colours[0] always keeps more than half of the cloth."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from samples.drawing.noise import Field, lattice, step

RGBField = NDArray[np.float32]
"""Shape (3, h, w), sRGB 0 to 1."""

Pattern = Callable[[Field, Field, NDArray[np.float32], np.random.Generator], RGBField]

_EDGE = 0.0022
"""Half a pixel's softness at 400 pixels, in photo widths, so that no print shows staircases."""


def _over(base: RGBField, colour: NDArray[np.float32], weight: Field) -> RGBField:
    """Changes `base` in place."""
    base += (np.asarray(colour, dtype=np.float32)[:, None, None] - base) * weight
    return base


def _ground(u: Field, colours: NDArray[np.float32]) -> RGBField:
    return np.broadcast_to(colours[0][:, None, None], (3, *u.shape)).astype(np.float32)


def _bands(x: Field, period: float, share: float, edge: float = _EDGE) -> Field:
    """Returns 1 inside bands that take `share` of each period."""
    from_middle = np.abs((x / period) % 1.0 - 0.5) * period
    return step(edge, -edge, from_middle - share * period / 2)


def _table(rng: np.random.Generator, n: int = 32) -> Field:
    return rng.random((n, n), dtype=np.float32)


def stripes(u: Field, v: Field, c: NDArray[np.float32], rng: np.random.Generator) -> RGBField:
    """Draws horizontal stripes, as on a sailor's shirt."""
    return _over(_ground(u, c), c[1], _bands(v, 0.062, 0.4))


def pinstripe(u: Field, v: Field, c: NDArray[np.float32], rng: np.random.Generator) -> RGBField:
    """Draws thin vertical stripes."""
    return _over(_ground(u, c), c[1], 0.9 * _bands(u, 0.034, 0.2))


def checks(u: Field, v: Field, c: NDArray[np.float32], rng: np.random.Generator) -> RGBField:
    """Draws a tartan: two broad half-tone bands crossing, and a thin line of the third colour each way."""
    rgb = _over(_ground(u, c), c[1], 0.5 * _bands(u, 0.105, 0.24))
    rgb = _over(rgb, c[1], 0.5 * _bands(v, 0.105, 0.24))
    line = np.maximum(_bands(u + 0.052, 0.105, 0.045), _bands(v + 0.052, 0.105, 0.045))
    return _over(rgb, c[2], 0.75 * np.asarray(line, dtype=np.float32))


def dots(u: Field, v: Field, c: NDArray[np.float32], rng: np.random.Generator) -> RGBField:
    """Draws polka dots on a staggered grid."""
    row = np.floor(v / 0.036)
    x = ((u / 0.042 + 0.5 * (row % 2)) % 1.0 - 0.5) * 0.042
    y = ((v / 0.036) % 1.0 - 0.5) * 0.036
    return _over(_ground(u, c), c[1], step(_EDGE, -_EDGE, np.hypot(x, y) - 0.0112))


def _blossoms(u: Field, v: Field, size: float, rng: np.random.Generator) -> tuple[Field, Field, Field]:
    """Returns the distance to the flower of each cell, its angle, and a random number per cell."""
    px, py, turn = _table(rng), _table(rng), _table(rng)
    j = np.floor(v / size).astype(np.int32) % 32
    # Each row is shifted by its own amount, or the eye finds the columns.
    u = u + size * turn[j, 0]
    i = np.floor(u / size).astype(np.int32) % 32
    x = ((u / size) % 1.0 - 0.35 - 0.3 * px[j, i]) * size
    y = ((v / size) % 1.0 - 0.35 - 0.3 * py[j, i]) * size
    return np.hypot(x, y), np.asarray(np.arctan2(y, x) + 6.28 * turn[j, i], dtype=np.float32), turn[j, i]


def floral(u: Field, v: Field, c: NDArray[np.float32], rng: np.random.Generator) -> RGBField:
    """Draws flowers of two sizes and colours over leaves, as on a summer dress."""
    rgb = _ground(u, c)
    away, angle, _ = _blossoms(u + 0.02, v + 0.03, 0.034, rng)
    leaf = np.float32(0.0125) * np.maximum(np.cos(angle), 0) ** np.float32(0.6) * np.abs(np.cos(3 * angle))
    leafy = np.array([0.24, 0.38, 0.20], dtype=np.float32) * 0.75 + c[0] * 0.25
    _over(rgb, leafy, step(_EDGE, -_EDGE, away - leaf))
    for size, reach, colour in ((0.052, 0.0125, c[2] * 0.8 + c[1] * 0.2), (0.071, 0.021, c[1])):
        away, angle, chance = _blossoms(u, v, size, rng)
        petal = reach * (0.78 + 0.22 * np.abs(np.cos(2.5 * angle)) ** 0.7) * (0.75 + 0.4 * chance)
        inside = np.clip(away / petal, 0, 1)
        _over(rgb, colour * 0.72, step(_EDGE, -_EDGE, away - petal))
        _over(
            rgb,
            colour,
            step(_EDGE, -_EDGE, away - petal * 0.93) * (0.35 + 0.65 * inside * np.abs(np.cos(2.5 * angle))),
        )
        _over(rgb, np.array([0.93, 0.75, 0.25], dtype=np.float32), step(_EDGE, -_EDGE, away - 0.22 * petal))
    return rgb


def camouflage(u: Field, v: Field, c: NDArray[np.float32], rng: np.random.Generator) -> RGBField:
    """Draws three blotched layers, paler, darker and darkest, over the main colour."""
    rgb = _ground(u, c)
    dark, pale = c[0] * 0.62, c[0] * 0.6 + np.array([0.34, 0.31, 0.25], dtype=np.float32)
    ragged = 0.3 * lattice(u * 46, v * 52, rng)
    for colour, share in ((pale, 0.66), (dark, 0.68), (c[0] * 0.3, 0.78)):
        n = 0.7 * lattice(u * 17, v * 22, rng) + ragged
        _over(rgb, colour, step(share - 0.07, share - 0.05, n))
    return rgb


def marble(u: Field, v: Field, c: NDArray[np.float32], rng: np.random.Generator) -> RGBField:
    """Draws tie-dye: clouds and veins where the dye hardly reached."""
    warp = lattice(u * 7, v * 7, rng) + 0.4 * lattice(u * 19, v * 19, rng)
    bare = np.float32(0.2) * c[0] + np.float32(0.8)
    if c[0].mean() > 0.75:
        bare = c[0] * 0.45 + c[1] * 0.55
    vein = np.abs(np.sin(5 * u + 4 * v + 5.0 * warp))
    return _over(_ground(u, c), bare, 0.9 * step(0.75, 0.0, np.asarray(vein, dtype=np.float32)))


def herringbone(u: Field, v: Field, c: NDArray[np.float32], rng: np.random.Generator) -> RGBField:
    """Draws zigzag twill, tone in tone."""
    column = np.abs((u / 0.05) % 1.0 - 0.5) * 0.05
    tone = c[1] * 0.4 + c[0] * 0.6
    return _over(_ground(u, c), tone, _bands(v + 2 * column, 0.0165, 0.42, 0.0028))


def leopard(u: Field, v: Field, c: NDArray[np.float32], rng: np.random.Generator) -> RGBField:
    """Draws broken dark rings around a warmer middle."""
    bent = np.asarray(u + 0.006 * np.sin(90 * v), dtype=np.float32)
    sheared = np.asarray(v + 0.006 * np.sin(80 * u), dtype=np.float32)
    away, angle, chance = _blossoms(bent, sheared, 0.036, rng)
    radius = 0.0075 + 0.003 * np.sin(2 * angle) + 0.002 * chance
    ring = step(0.0042, 0.0022, np.abs(away - radius)) * step(-0.8, -0.3, np.cos(angle * 1.5))
    rgb = _over(_ground(u, c), c[0] * 0.72, step(_EDGE, -_EDGE, away - radius))
    return _over(rgb, c[0] * 0.18, ring)


def colour_block(u: Field, v: Field, c: NDArray[np.float32], rng: np.random.Generator) -> RGBField:
    """Draws wide panels: a broad and a narrow band of the other colours, once in the photo."""
    rgb = _over(_ground(u, c), c[1], _bands(v - 0.16, 0.5, 0.24))
    return _over(rgb, c[2], _bands(v - 0.24, 0.5, 0.06))


PATTERNS: dict[str, Pattern] = {
    "striped": stripes,
    "pinstripe": pinstripe,
    "checked": checks,
    "dotted": dots,
    "floral": floral,
    "camouflage": camouflage,
    "marble": marble,
    "herringbone": herringbone,
    "leopard": leopard,
    "color block": colour_block,
}
