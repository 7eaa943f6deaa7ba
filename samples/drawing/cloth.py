"""Cloth: a pattern printed on a surface, evaluated at thread coordinates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samples.drawing.noise import Field
from samples.drawing.patterns import PATTERNS
from samples.drawing.surfaces import SURFACES

Colours = NDArray[np.float32]
"""Shape (n, 3), sRGB 0 to 1."""


@dataclass(frozen=True)
class Cloth:
    """Describes what a piece is made of; `colours[0]` covers more than half of it."""

    colours: Colours
    pattern: str = "solid"
    surface: str = "smooth"
    scale: float = 1.0
    """Size of the pattern's repeat; 1 is usual."""
    shine: float = 0.0
    """0 matt, 1 patent leather."""

    def weave(self, u: Field, v: Field, repeat: float, rng: np.random.Generator) -> NDArray[np.float32]:
        """Returns the colour at thread coordinates in photo widths, before light; shape (3, h, w), sRGB 0 to 1.

        `repeat` is how much smaller than usual the garment is shown, and its print with it; threads stay visible.
        """
        if self.pattern == "solid":
            rgb = np.broadcast_to(self.colours[0][:, None, None], (3, *u.shape))
        else:
            size = np.float32(repeat / self.scale)
            rgb = PATTERNS[self.pattern](u * size, v * size, self.colours, rng)
        gain = SURFACES[self.surface](u, v, rng)
        return np.asarray(rgb * gain, dtype=np.float32)


def mix(a: Colours, b: Colours, share: float) -> Colours:
    """Mixes two colours; `share` is that of b."""
    return np.asarray(a * (1 - share) + b * share, dtype=np.float32)


def plain(rgb: tuple[int, int, int], surface: str = "smooth", shine: float = 0.0) -> Cloth:
    """Returns a cloth of one colour, given as 0 to 255."""
    return Cloth(np.array([rgb], dtype=np.float32) / np.float32(255), "solid", surface, 1.0, shine)
