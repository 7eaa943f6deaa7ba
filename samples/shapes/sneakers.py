"""Sneaker from the side: toe to the right, ground at y=0, about 2 long."""

import numpy as np

from samples.drawing.garment import Drawing, Folds, Item, Piece, Stroke, stitch
from samples.drawing.geometry import ellipse, outline, ribbon, spline
from samples.shapes.tops import choose


def laces(start: tuple[float, float], end: tuple[float, float], count: int) -> list[Item]:
    items: list[Item] = []
    for t in np.linspace(0.06, 0.94, count):
        x, y = start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])
        items.append(
            Piece(
                ribbon([(x - 0.085, y + 0.07), (x - 0.01, y - 0.025), (x + 0.055, y - 0.015)], 0.04),
                "cord",
                puff=0.8,
                lift=0.5,
            )
        )
        items.append(Piece(ellipse(x - 0.085, y + 0.075, 0.017, 0.017), "metal", puff=0.5))
    return items


def _bow(x: float, y: float) -> list[Item]:
    loop = [(x, y), (x + 0.1, y - 0.08), (x + 0.19, y - 0.01), (x + 0.1, y + 0.04), (x, y)]
    tail = [(x, y), (x + 0.02, y + 0.1), (x - 0.03, y + 0.19)]
    return [Piece(ribbon(loop, 0.026), "cord", lift=0.4), Piece(ribbon(tail, 0.024), "cord", lift=0.4)]


def _sneaker_sole(thick: float) -> list[Item]:
    sole = outline(
        [(-0.97, -thick - 0.06), (-0.99, -thick * 0.4), (-0.93, 0.0)],
        [(-0.93, 0.0), (0.2, 0.0), (0.75, -0.005), (0.96, -0.05)],
        [
            (0.96, -0.05),
            (1.02, -thick * 0.75),
            (0.96, -thick - 0.03),
            (0.4, -thick + 0.01),
            (-0.3, -thick + 0.01),
            (-0.97, -thick - 0.06),
        ],
    )
    stripe = spline([(-0.97, -thick * 0.62), (0.2, -thick * 0.52), (0.99, -thick * 0.66)])
    return [Piece(sole, "sole", puff=1.0, lift=0.3), Stroke(stripe, 0.014, -0.3)]


def draw_sneaker(rng: np.random.Generator) -> Drawing:
    """Draws a low or high sneaker with toe cap, laces, tongue, a swoosh of trim and a rubber sole."""
    high, thick = rng.random() < 0.35, rng.uniform(0.15, 0.24)
    top, base = (-1.02 if high else -0.66) + rng.uniform(-0.04, 0.04), -thick
    throat = (-0.02, top + 0.06) if high else (-0.1, top + 0.05)
    vamp = (0.48, -0.40 - thick * 0.3)
    upper = outline(
        [(-0.92, base), (-0.95, base - 0.2), (-0.88, (top + base) * 0.62), (-0.9, top + 0.03)],
        [(-0.9, top + 0.03), (-0.7, top + 0.10), (-0.3, top + 0.09), throat],
        [throat, ((throat[0] + vamp[0]) / 2 + 0.02, (throat[1] + vamp[1]) / 2 + 0.01), vamp],
        [vamp, (0.74, -0.37 - thick * 0.4), (0.93, -0.25 - thick * 0.4), (0.97, base)],
    )
    tongue = ribbon(
        [(0.3, -0.42 - 0.3 * thick), (throat[0] + 0.06, top + 0.04), (throat[0] + 0.01, top - 0.07)], 0.12, 0.24
    )
    inside = outline(
        [(-0.88, top + 0.03), (-0.5, top - 0.015), throat], [throat, (-0.4, top + 0.13), (-0.86, top + 0.07)]
    )
    toe = outline(
        [(0.56, base), (0.6, base - 0.15), (0.72, -0.36 - thick * 0.4)],
        [(0.74, -0.36 - thick * 0.4), (0.93, -0.25 - thick * 0.4), (0.97, base)],
    )
    heel = outline(
        [(-0.92, base), (-0.95, base - 0.2), (-0.9, -0.5)], [(-0.74, -0.48), (-0.68, base - 0.2), (-0.7, base)]
    )
    trim = choose(rng, "trim", "trim", "main")
    items: list[Item] = [
        Piece(tongue, "main", puff=0.9),
        Piece(inside, "lining", puff=0.3),
        Piece(upper, puff=1.7, lift=0.15),
    ]
    items += [
        Piece(toe, choose(rng, "sole", "main", trim), puff=1.3, lift=0.2),
        Piece(heel, trim, puff=1.0, lift=0.15),
    ]
    guard = ribbon(
        [
            (throat[0] - 0.07, throat[1] + 0.05),
            (0.2, (throat[1] + vamp[1]) / 2 + 0.14),
            (vamp[0] - 0.06, vamp[1] + 0.05),
        ],
        0.15,
        0.1,
    )
    items += [
        Piece(guard, "main", puff=0.7, lift=0.25),
        *_sneaker_logo(rng, base),
        *laces(throat, vamp, 6 if high else 5),
    ]
    items += [*_bow(throat[0] + 0.01, throat[1] + 0.02), *_sneaker_sole(thick)]
    return Drawing(tuple(items), (), Folds(0, 0.15), {"cut": "high-top" if high else "low-top"}, (-0.92, -0.45))


def _sneaker_logo(rng: np.random.Generator, base: float) -> list[Item]:
    mark = choose(rng, "bars", "wave", "none")
    if mark == "bars":
        return [
            Piece(ribbon([(x, base), (x + 0.1, -0.5)], 0.06), "trim", puff=0.3, lift=0.15)
            for x in (-0.36, -0.22, -0.08)
        ]
    if mark == "wave":
        return [
            Piece(
                ribbon([(-0.6, -0.42), (-0.3, base - 0.1), (0.1, base - 0.14), (0.36, -0.44)], 0.1, 0.03),
                "trim",
                puff=0.4,
                lift=0.15,
            )
        ]
    return [stitch(spline([(-0.62, -0.45), (-0.2, base - 0.12), (0.4, base - 0.08)]))]
