"""Sunglasses from the front, about 2 wide."""

import numpy as np

from samples.drawing.garment import Drawing, Folds, Item, Piece, Stroke, pair
from samples.drawing.geometry import ellipse, ribbon, shift, spline
from samples.shapes.tops import choose

_LENSES = {
    "round": [
        (0.14, 0.02),
        (0.2, -0.2),
        (0.45, -0.3),
        (0.7, -0.2),
        (0.78, 0.02),
        (0.7, 0.24),
        (0.45, 0.34),
        (0.2, 0.24),
        (0.14, 0.02),
    ],
    "wayfarer": [
        (0.13, -0.1),
        (0.2, -0.24),
        (0.5, -0.28),
        (0.84, -0.26),
        (0.86, -0.08),
        (0.74, 0.22),
        (0.48, 0.28),
        (0.22, 0.2),
        (0.13, -0.1),
    ],
    "aviator": [
        (0.12, -0.14),
        (0.2, -0.26),
        (0.5, -0.28),
        (0.8, -0.22),
        (0.84, 0.0),
        (0.7, 0.3),
        (0.46, 0.38),
        (0.22, 0.22),
        (0.12, -0.14),
    ],
    "cat eye": [
        (0.12, 0.0),
        (0.2, -0.18),
        (0.5, -0.26),
        (0.96, -0.36),
        (0.88, -0.04),
        (0.72, 0.2),
        (0.46, 0.26),
        (0.2, 0.18),
        (0.12, 0.0),
    ],
}


def draw_sunglasses(rng: np.random.Generator) -> Drawing:
    """Draws a coloured frame with tinted glasses from the front, temples folded back."""
    cut = choose(rng, *_LENSES)
    rim = {"round": 0.06, "wayfarer": 0.1, "aviator": 0.05, "cat eye": 0.1}[cut] * rng.uniform(0.95, 1.25)
    lens = spline(_LENSES[cut])
    middle = lens.mean(axis=0)
    frame = middle + (lens - middle) * (1 + 2.6 * rim)
    top = float(frame[:, 1].min()) * 0.55
    bridge = ribbon([(-0.19, top), (0, top - 0.06), (0.19, top)], rim * 1.1)
    right = float(frame[:, 0].max())
    # Lying open they point away from the eye; on a face they are behind it.
    temple = ribbon(
        [(right - 0.05, -0.12), (right - 0.05, -0.5), (right - 0.12, -0.78), (right - 0.24, -0.95)], 0.06, 0.08
    )
    items: list[Item] = [Piece(bridge, puff=0.5), *pair(Piece(frame, puff=0.55, lift=0.25))]
    if cut == "aviator":
        items.append(Piece(ribbon([(-0.3, -0.29), (0, -0.33), (0.3, -0.29)], rim), puff=0.9))
    items += pair(Piece(lens, "glass", puff=0.4))
    glint = spline([(float(middle[0]) - 0.13, 0.1), (float(middle[0]) + 0.02, -0.14)])
    for x in (0.0, -2 * float(middle[0])):
        items.append(Stroke(shift(glint, x, 0.0), 0.05, 0.3, soft=0.012))
    items += pair(Piece(ellipse(right - 0.06, -0.15, 0.02, 0.02), "metal", puff=0.6))
    return Drawing(tuple(items), pair(Piece(temple, puff=0.6)), Folds(0, 0), {"cut": cut}, (right - 0.05, 0.0))
