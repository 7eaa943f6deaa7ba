"""Constants of the `color` model: colour centres, weight maps and cells, with where they come from.

Tuned on photos of people's own clothes (five folds grouped by sender) for the class of the ten nearest and for the
colour of their middle; `python -m models export color` makes the same bytes from these numbers.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SIDE = 64  # pixels in; more detail did not help and costs time
COARSE = SIDE // 2  # the grid on which colours and gradients are read
COLOR_SHARE = 0.55  # of the squared norm; the rest is shape, so cosine = 0.55 colour + 0.45 shape

# Soft colour histogram: membership = softmax(-|lab - centre|² / 2σ²), lightness counting less, because light varies.
NEUTRALS = (8.0, 30.0, 52.0, 75.0, 97.0)  # L* of the grey centres
RINGS = ((22.0, 7, (35.0, 65.0), 0.5), (55.0, 9, (52.0,), 0.0))  # chroma, hues, L* of each, first hue (in steps)
SIGMA = 11.0  # in ΔE
LIGHTNESS = 0.7

# What fills the border is background, what fills the middle is the garment (histogram back-projection; Swain and
# Ballard, Color indexing, 1991).
BORDER = 0.08  # width of the frame, of the side
SPREAD = (0.45, 0.60)  # σ of the middle's Gaussian across and down, of half the side

# Gradients of lightness and of the garment mask in 5 × 5 overlapping cells × 4 orientations (after HOG; Dalal and
# Triggs, 2005). Square roots before normalising (Arandjelović and Zisserman, 2012).
CELLS = 5
ORIENTATIONS = 4
MIN_GRADIENT = 1e-5  # squared; keeps flat areas from dividing by zero


def compute_centers() -> Array:
    """Returns the colour centres [K,3] in L*a*b*."""
    colors = [(lightness, 0.0, 0.0) for lightness in NEUTRALS]
    for chroma, hues, lightnesses, first in RINGS:
        for lightness in lightnesses:
            angles = 2 * np.pi * (np.arange(hues) + first) / hues
            colors += [(lightness, chroma * np.cos(a), chroma * np.sin(a)) for a in angles]
    # Rounded, so that another platform's cosine cannot change the version.
    return np.round(np.array(colors), 4)


def map_border() -> Array:
    """Returns where the background is expected: 1/n on the frame, [COARSE,COARSE], sum 1."""
    reach = np.abs(_compute_positions(COARSE))
    frame = np.maximum(reach[:, None], reach[None, :]) > 1 - 2 * BORDER
    return np.asarray(frame / frame.sum(), dtype=np.float64)


def map_center() -> Array:
    """Returns where the garment is expected: a Gaussian about the middle, [COARSE,COARSE], maximum about 1."""
    at = _compute_positions(COARSE)
    across, down = np.exp(-0.5 * (at / SPREAD[0]) ** 2), np.exp(-0.5 * (at / SPREAD[1]) ** 2)
    return np.round(down[:, None] * across[None, :], 6)


def weigh_cells(pixels: int) -> Array:
    """Returns each position's weight in each cell: overlapping triangles [CELLS,pixels], rows sum to 1."""
    at = (np.arange(pixels) + 0.5) / pixels * CELLS - 0.5
    triangles = np.maximum(0.0, 1 - np.abs(at[None, :] - np.arange(CELLS)[:, None]))
    return np.asarray(np.round(triangles / triangles.sum(axis=1, keepdims=True), 6), dtype=np.float64)


def _compute_positions(pixels: int) -> Array:
    return np.asarray((np.arange(pixels) + 0.5) / pixels * 2 - 1, dtype=np.float64)
