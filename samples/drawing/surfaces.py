"""How threads and hides look from close by: a gain around 1 per pixel, laid over the print."""

from collections.abc import Callable

import numpy as np

from samples.drawing.noise import Field, lattice, speckle, texture

Surface = Callable[[Field, Field, np.random.Generator], Field]


def _grain(u: Field, rng: np.random.Generator, amount: float) -> Field:
    return np.asarray(1 + np.float32(amount) * speckle(rng, *u.shape), dtype=np.float32)


def _wave(x: Field, period: float) -> Field:
    return np.asarray(np.sin(x * np.float32(2 * np.pi / period)), dtype=np.float32)


def smooth_cloth(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Renders cotton, polyester, viscose: hardly any thread to see."""
    return _grain(u, rng, 0.012)


def linen(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Renders uneven threads both ways."""
    h, w = u.shape
    slubs = texture(rng, h, w, 2.5, 28) + texture(rng, h, w, 28, 2.5)
    return np.asarray(1 + 0.03 * slubs, dtype=np.float32)


def denim(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Renders twill lines, slubs down the warp, and cloudy wear."""
    h, w = u.shape
    wear = texture(rng, h, w, 60, 45) * 0.06 + texture(rng, h, w, 16, 3) * 0.035
    return np.asarray(_grain(u, rng, 0.03) + 0.05 * _wave(u * 0.8 + v, 0.0105) + wear, dtype=np.float32)


def knit(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Renders stocking stitch: rows of little Vs."""
    wale = np.abs((u / 0.0155) % 1.0 - 0.5)
    stitches = _wave(v + 0.011 * wale, 0.0105)
    return np.asarray(_grain(u, rng, 0.02) + 0.07 * stitches - 0.16 * (wale < 0.09), dtype=np.float32)


def rib(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Renders knitted ribs along the threads, as on cuffs."""
    return np.asarray(_grain(u, rng, 0.015) + 0.11 * _wave(u, 0.0135), dtype=np.float32)


def cable(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Cables: two strands winding around each other between ribs."""
    x = (u / 0.075) % 1.0 - 0.5
    strand = 0.16 * np.sin(v * 2 * np.pi / 0.075)
    near = np.minimum(np.abs(x - strand), np.abs(x + strand))
    rope = np.clip(1 - near / 0.12, 0, 1) - 0.8 * np.clip(1 - np.abs(np.abs(x) - 0.36) / 0.07, 0, 1)
    return np.asarray(knit(u, v, rng) + 0.16 * rope - 0.04, dtype=np.float32)


def corduroy(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Renders soft cords."""
    return np.asarray(_grain(u, rng, 0.02) + 0.13 * _wave(u, 0.0165), dtype=np.float32)


def leather(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Renders pebbled grain and a few scuffs."""
    h, w = u.shape
    pebbles = texture(rng, h, w, 3.2, 3.2) * 0.015
    return np.asarray(1 + pebbles + 0.02 * texture(rng, h, w, 40, 40), dtype=np.float32)


def suede(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Renders nap brushed this way and that."""
    h, w = u.shape
    return np.asarray(_grain(u, rng, 0.02) + 0.028 * texture(rng, h, w, 18, 26), dtype=np.float32)


def wool(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Renders felted wool: flecks of light and dark."""
    h, w = u.shape
    return np.asarray(_grain(u, rng, 0.026) + 0.02 * texture(rng, h, w, 3, 5), dtype=np.float32)


def canvas(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Renders a plain weave coarse enough to see."""
    return np.asarray(_grain(u, rng, 0.025) + 0.035 * _wave(u, 0.0078) * _wave(v, 0.0078), dtype=np.float32)


def straw(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Renders plaited straw: a checker of bundles, one way and the other."""
    over = _wave(u, 0.026) * _wave(v, 0.026) > 0
    strands = np.where(over, _wave(u, 0.0066), _wave(v, 0.0066))
    return np.asarray(0.97 + 0.09 * strands + 0.14 * (lattice(u * 70, v * 70, rng) - 0.5), dtype=np.float32)


def quilt(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Renders down chambers: each bulges from seam to seam."""
    y = (v / 0.07 + 0.03 * np.sin(u * 50)) % 1.0
    return np.asarray(_grain(u, rng, 0.008) + 0.20 * np.sin(np.pi * y) ** 0.6 - 0.24 * y + 0.0, dtype=np.float32)


SURFACES: dict[str, Surface] = {
    "smooth": smooth_cloth,
    "linen": linen,
    "denim": denim,
    "knit": knit,
    "rib": rib,
    "cable": cable,
    "corduroy": corduroy,
    "leather": leather,
    "suede": suede,
    "wool": wool,
    "canvas": canvas,
    "straw": straw,
    "quilted": quilt,
}
