"""Boot and pump from the side: toe to the right, about 2 long."""

import numpy as np

from samples.drawing.garment import Drawing, Folds, Item, Piece, Stroke, stitch
from samples.drawing.geometry import Points, box, outline, ribbon, spline
from samples.shapes.sneakers import laces
from samples.shapes.tops import choose


def _boot_upper(top: float, base: float, slim: float) -> Points:
    return outline(
        [(-0.8, base), (-0.86, base - 0.2), (-0.72 + slim, -0.62), (-0.76 + slim * 0.3, top)],
        [(-0.76 + slim * 0.3, top), (-0.4, top + 0.035), (0.0 - slim * 0.3, top - 0.01)],
        [
            (0.0 - slim * 0.3, top - 0.01),
            (-0.05 - slim, -0.75),
            (0.12, -0.5),
            (0.5, -0.37 + base * 0.4),
            (0.84, -0.26 + base * 0.6),
            (0.93, base),
        ],
    )


def draw_boot(rng: np.random.Generator) -> Drawing:
    """Draws a Chelsea, laced or knee-high boot on a block heel."""
    cut = choose(rng, "chelsea", "lace-up", "knee-high")
    heel, sole = rng.uniform(0.06, 0.13), rng.uniform(0.05, 0.09)
    top = {"chelsea": -1.12, "lace-up": -1.28, "knee-high": -1.95}[cut] + rng.uniform(-0.06, 0.06)
    base = -sole - 0.02
    # The sole is one piece from heel to toe, arched between the block heel and the ball of the foot.
    foot = outline(
        [(-0.87, base), (0.95, base)],
        [(0.95, base), (0.99, base + 0.04), (0.93, heel * 0.8)],
        [(0.93, heel * 0.8), (0.7, heel), (0.4, heel * 0.98), (0.12, heel * 0.6), (-0.08, 0.02), (-0.33, 0.0)],
        [(-0.33, 0.0), (-0.36, heel), (-0.83, heel), (-0.87, base)],
    )
    slim = 0.1 if cut == "knee-high" else 0.04
    shaft = outline(
        [(-0.72, top + 0.03), (-0.4, top - 0.025), (-0.04, top + 0.02)], [(-0.4, top + 0.07), (-0.72, top + 0.05)]
    )
    items: list[Item] = [Piece(shaft, "lining", puff=0.3), Piece(_boot_upper(top, base, slim), puff=1.8)]
    items += [Piece(foot, "heel", puff=0.7, lift=0.25)]
    if cut == "chelsea":
        items.append(
            Piece(
                outline([(-0.5, top + 0.04), (-0.2, top + 0.03)], [(-0.24, -0.7), (-0.36, -0.52), (-0.46, -0.7)]),
                "elastic",
                puff=0.5,
                lift=0.2,
            )
        )
        items.append(
            Piece(
                ribbon([(-0.73, top + 0.06), (-0.77, top - 0.08), (-0.68, top - 0.06), (-0.69, top + 0.06)], 0.03),
                "main",
                puff=0.6,
            )
        )
    elif cut == "lace-up":
        items += [Piece(ribbon([(-0.1, top + 0.02), (-0.14, -0.78), (0.2, -0.5)], 0.12), puff=0.6, lift=0.25)]
        items += [*laces((-0.06, top + 0.08), (-0.06, -0.82), 4), *laces((-0.02, -0.74), (0.22, -0.5), 3)]
    else:
        items += [Stroke(spline([(-0.44, top + 0.05), (-0.42, -0.8), (-0.4, base)]), 0.018, -0.35)]
    items += [
        Stroke(spline([(0.3, base), (0.28, -0.3), (0.42, -0.41)]), 0.012, -0.3),
        stitch(spline([(-0.84, base - 0.03), (0, base - 0.035), (0.9, base - 0.03)]), 0.3),
    ]
    return Drawing(tuple(items), (), Folds(0, 0.4), {"cut": cut}, (-0.74, -0.9))


def draw_pump(rng: np.random.Generator) -> Drawing:
    """Draws a heeled shoe, open or with an ankle strap."""
    heel, strap = rng.uniform(0.42, 0.78), rng.random() < 0.4
    h = -heel
    upper = outline(
        [(-0.86, h - 0.06), (-0.9, h - 0.3), (-0.82, h - 0.5)],
        [(-0.82, h - 0.5), (-0.6, h - 0.22), (-0.2, h * 0.52 - 0.2), (0.2, -0.24), (0.42, -0.3)],
        [(0.42, -0.3), (0.66, -0.25), (0.86, -0.13), (0.99, -0.02)],
        [(0.99, -0.02), (0.5, -0.02), (0.15, -0.05), (-0.3, h * 0.58), (-0.62, h - 0.02), (-0.86, h - 0.06)],
    )
    inside = outline(
        [(-0.82, h - 0.49), (-0.5, h - 0.34), (0.0, h * 0.4 - 0.3), (0.42, -0.3)],
        [(0.42, -0.28), (0.1, -0.2), (-0.3, h * 0.55 - 0.12), (-0.78, h - 0.3)],
    )
    tip = rng.uniform(0.03, 0.1)
    stem = outline(
        [(-0.88, h - 0.12), (-0.86, h * 0.55), (-0.80, 0.0)],
        [(-0.80 + tip, 0.0), (-0.80 + 1.4 * tip, h * 0.55), (-0.6, h + 0.02)],
    )
    sole = ribbon([(-0.62, h + 0.01), (-0.3, h * 0.56), (0.14, -0.035), (0.5, -0.008), (0.97, -0.008)], 0.06, 0.03)
    items: list[Item] = [
        Piece(stem, choose(rng, "main", "heel"), puff=1.0),
        Piece(inside, "lining", puff=0.3),
        Piece(sole, "heel", puff=0.2),
    ]
    items += [Piece(upper, puff=1.7, lift=0.15)]
    if strap:
        around = spline([(-0.86, h - 0.5), (-0.8, h - 0.43), (-0.6, h - 0.4), (-0.4, h - 0.44), (-0.36, h - 0.52)])
        items.insert(
            0,
            Piece(ribbon([(-0.86, h - 0.5), (-0.7, h - 0.58), (-0.48, h - 0.58), (-0.36, h - 0.52)], 0.05), "lining"),
        )
        items.append(Piece(ribbon(around, 0.055), puff=0.7, lift=0.2))
        items.append(Piece(box(-0.63, h - 0.45, -0.54, h - 0.36, 0.02), "metal", puff=0.7, lift=0.4))
    return Drawing(tuple(items), (), Folds(0, 0.05), {"cut": "ankle strap" if strap else "court"}, (-0.85, h - 0.3))
