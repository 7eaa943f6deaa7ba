"""Hands that hold a product."""

import numpy as np

from samples.drawing.garment import Item, Piece, Stroke
from samples.drawing.geometry import ellipse, outline, ribbon, spline
from samples.drawing.props import Props


def draw_fist(x: float, y: float, size: float) -> tuple[Item, ...]:
    """Draws a hand from above, its four fingers closed around something at (x, y)."""
    s = size
    arm = Piece(
        ribbon(
            [(x + 0.5 * s, y - 9 * s), (x + 0.16 * s, y - 2.2 * s), (x + 0.02 * s, y - 0.5 * s)], 1.15 * s, 0.86 * s
        ),
        "skin",
        puff=2.2,
    )
    back = Piece(
        outline(
            [
                (x - 0.42 * s, y - 0.95 * s),
                (x + 0.44 * s, y - 0.95 * s),
                (x + 0.56 * s, y - 0.3 * s),
                (x + 0.52 * s, y + 0.12 * s),
            ],
            [(x - 0.5 * s, y + 0.12 * s), (x - 0.56 * s, y - 0.4 * s), (x - 0.42 * s, y - 0.95 * s)],
        ),
        "skin",
        puff=1.4,
    )
    items: list[Item] = [arm, back]
    for k, drop in enumerate((0.16, 0.26, 0.24, 0.12)):
        fx = x + (-0.4 + 0.265 * k) * s
        finger = outline(
            [
                (fx - 0.125 * s, y - 0.2 * s),
                (fx - 0.14 * s, y + 0.05 * s),
                (fx - 0.1 * s, y + drop * s + 0.08 * s),
                (fx, y + drop * s + 0.14 * s),
                (fx + 0.1 * s, y + drop * s + 0.08 * s),
                (fx + 0.14 * s, y + 0.05 * s),
                (fx + 0.125 * s, y - 0.2 * s),
            ]
        )
        items += [
            Piece(finger, "skin", puff=1.3, lift=0.3),
            Stroke(
                spline([(fx - 0.08 * s, y - 0.02 * s), (fx, y + 0.01 * s), (fx + 0.08 * s, y - 0.02 * s)]),
                0.03 * s,
                -0.15,
            ),
        ]
    thumb = ribbon(
        [
            (x + 0.5 * s, y - 0.5 * s),
            (x + 0.5 * s, y - 0.02 * s),
            (x + 0.22 * s, y + 0.24 * s),
            (x + 0.06 * s, y + 0.24 * s),
        ],
        0.34 * s,
        0.2 * s,
    )
    return (*items, Piece(thumb, "skin", puff=1.3, lift=0.4))


def draw_pinch(x: float, y: float, size: float, lean: float) -> Props:
    """Draws a hand from below whose thumb lies on the product at (x, y) and whose fingers are behind it."""
    s, out = size, np.array([np.sin(lean), np.cos(lean)])
    side = np.array([out[1], -out[0]])

    def at(along: float, across: float) -> tuple[float, float]:
        p = np.array([x, y]) + s * (along * out + across * side)
        return float(p[0]), float(p[1])

    arm = Piece(ribbon([at(9, 0.5), at(2.4, 0.1), at(0.9, 0.0)], 1.3 * s, 0.8 * s), "skin", puff=2.2)
    palm = Piece(
        outline(
            [
                at(1.5, -0.4),
                at(0.8, -0.55),
                at(0.1, -0.5),
                at(-0.3, -0.3),
                at(-0.4, 0.1),
                at(-0.1, 0.42),
                at(0.8, 0.52),
                at(1.5, 0.4),
            ]
        ),
        "skin",
        puff=1.8,
    )
    fingers = [
        Piece(ribbon([at(0.3, c), at(-0.35 - d, c * 1.15)], 0.26 * s, 0.2 * s), "skin", puff=1.2, lift=0.3)
        for c, d in ((-0.38, 0.05), (-0.12, 0.25), (0.14, 0.2), (0.36, 0.0))
    ]
    thumb = Piece(
        outline(
            [
                at(1.25, 0.5),
                at(0.6, 0.42),
                at(0.0, 0.16),
                at(-0.3, 0.02),
                at(-0.36, -0.12),
                at(-0.24, -0.22),
                at(0.1, -0.14),
                at(0.7, 0.02),
                at(1.3, 0.1),
            ]
        ),
        "skin",
        puff=1.5,
        lift=0.5,
    )
    nail = Piece(ellipse(*at(-0.22, -0.08), 0.085 * s, 0.11 * s, -lean), "nail", puff=0.5)
    return Props((), (arm, palm, *fingers), (thumb, nail), None)
