"""Cap, beanie and hat, in units of their own: about 2 wide."""

import numpy as np

from samples.drawing.garment import Drawing, Folds, Item, Piece, Stroke, crease, pair, stitch
from samples.drawing.geometry import box, ellipse, mirror, outline, ribbon, shift, spline
from samples.shapes.tops import choose


def draw_cap(rng: np.random.Generator) -> Drawing:
    """Draws a baseball cap from the side: panels, button, peak with rows of stitches."""
    high, peak = rng.uniform(0.68, 0.84), rng.uniform(0.62, 0.78)
    dip = rng.uniform(0.06, 0.14)
    crown = outline(
        [
            (-0.66, 0.12),
            (-0.68, -0.18),
            (-0.5, -high * 0.74),
            (-0.06, -high),
            (0.4, -high * 0.78),
            (0.6, -0.3),
            (0.62, 0.1),
        ],
        [(0.62, 0.1), (0.1, 0.14), (-0.66, 0.12)],
    )
    brim = outline(
        [(0.26, 0.07), (0.62, -0.03), (0.62 + peak * 0.7, 0.02 + dip), (0.62 + peak, 0.16 + dip)],
        [(0.62 + peak, 0.16 + dip), (0.62 + peak * 0.72, 0.2 + dip), (0.7, 0.16), (0.24, 0.14)],
    )
    cloth = choose(rng, "main", "main", "trim")
    items: list[Item] = [Piece(crown, puff=1.6)]
    for x, bend in ((-0.42, -0.26), (0.22, 0.2), (0.5, 0.42)):
        seam = spline([(-0.05, -high + 0.02), (bend * 0.75, -high * 0.74), (x, 0.1)])
        items += [Stroke(seam, 0.012, -0.3), stitch(shift(seam, 0.03, 0.0)), stitch(shift(seam, -0.03, 0.0))]
    items += [
        Piece(ellipse(0.34, -0.42, 0.017, 0.022), "hole", puff=0),
        Piece(ellipse(-0.2, -0.5, 0.017, 0.02), "hole", puff=0),
    ]
    items += [
        Piece(ellipse(-0.05, -high - 0.005, 0.06, 0.035), cloth, puff=1),
        Piece(brim, cloth, puff=0.9, lift=0.35),
    ]
    for t in (0.3, 0.55, 0.8):
        items.append(
            stitch(
                spline(
                    [
                        (0.36 + 0.3 * t, 0.075),
                        (0.66 + 0.2 * t, 0.02 + 0.1 * t),
                        (0.62 + peak * (0.35 + 0.62 * t), 0.1 + dip),
                    ]
                )
            )
        )
    items.append(Stroke(spline([(-0.655, 0.06), (0.1, 0.08), (0.4, 0.06)]), 0.01, -0.25))
    if rng.random() < 0.5:
        items.append(Piece(box(0.14, -0.42, 0.36, -0.2, 0.06), "trim", puff=0.4, lift=0.2))
    return Drawing(tuple(items), (), Folds(0.0, 0.25), {"cut": "baseball"}, (1.1, 0.18))


def draw_beanie(rng: np.random.Generator) -> Drawing:
    """Draws a knitted cap with a turned-up edge and sometimes a pompom."""
    high, slouch = rng.uniform(0.75, 1.1), rng.uniform(-0.14, 0.14)
    fold = rng.uniform(0.3, 0.42)
    crown = outline(
        [
            (-0.62, 0.1),
            (-0.65, -0.25),
            (-0.5 + slouch, -high * 0.8),
            (slouch * 1.6, -high),
            (0.5 + slouch, -high * 0.8),
            (0.65, -0.25),
            (0.62, 0.1),
        ]
    )
    edge = mirror(
        [(0, -0.03), (0.4, -0.02), (0.655, -0.06)],
        [(0.69, 0.1), (0.665, fold - 0.06)],
        [(0.4, fold + 0.01), (0, fold + 0.025)],
    )
    items: list[Item] = []
    pompom = rng.random() < 0.45
    if pompom:
        x, y, cloth = slouch * 1.6, -high - 0.12, choose(rng, "fur", "trim", "main")
        a = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        r = 0.21 + 0.022 * np.sin(a * 17) + 0.014 * np.sin(a * 29 + 1)
        items.append(Piece(np.stack([x + r * np.cos(a), y + r * np.sin(a)], axis=1), cloth, puff=1.6))
    items.append(Piece(crown, puff=1.6, lift=0.2))
    for x in (-0.36, -0.12, 0.12, 0.36):
        items.append(
            crease(
                spline(
                    [(x * 1.3, -0.05), (x * 1.1 + slouch * 0.6, -high * 0.55), (x * 0.3 + slouch * 1.5, -high * 0.97)]
                ),
                -0.16,
                0.03,
            )
        )
    items.append(Piece(edge, choose(rng, "rib", "rib", "trim rib"), puff=1.4, lift=0.4))
    if rng.random() < 0.4:
        items.append(Piece(box(0.1, fold * 0.35, 0.27, fold * 0.8, 0.01), "leather", puff=0.3, lift=0.3))
    return Drawing(tuple(items), (), Folds(0.1, 0.2), {"cut": "pompom" if pompom else "cuffed"}, (0.0, fold))


def draw_hat(rng: np.random.Generator) -> Drawing:
    """Draws a brimmed hat with a band: fedora, sun hat or bucket hat."""
    cut = choose(rng, "fedora", "sun hat", "bucket")
    if cut == "bucket":
        return _bucket(rng)
    wide = 1.0 if cut == "fedora" else rng.uniform(1.15, 1.3)
    high, droop = rng.uniform(0.58, 0.7), rng.uniform(0.02, 0.12)
    dent = 0.09 if cut == "fedora" else -0.03
    brim = mirror(
        [(0, -0.1), (wide * 0.6, -0.1), (wide * 0.93, -0.02 + droop * 0.4), (wide, 0.05 + droop)],
        [(wide, 0.05 + droop), (wide * 0.7, 0.2 + 0.3 * droop), (0, 0.24)],
    )
    crown = mirror(
        [(0, -high + dent), (0.2, -high - 0.01), (0.38, -high * 0.9), (0.47, -0.35), (0.53, 0.02)],
        [(0.53, 0.02), (0.3, 0.1), (0, 0.12)],
    )
    band = mirror([(0, -0.07), (0.3, -0.09), (0.505, -0.16)], [(0.535, 0.03), (0.3, 0.11), (0, 0.13)])
    items: list[Item] = [
        Piece(brim, puff=0.9),
        Stroke(spline([(-wide * 0.97, 0.06 + droop), (0, 0.215), (wide * 0.97, 0.06 + droop)]), 0.01, -0.2),
    ]
    items += [
        Piece(crown, puff=1.5, lift=0.4),
        Piece(band, choose(rng, "trim", "leather", "trim"), puff=0.6, lift=0.25),
    ]
    if cut == "fedora":
        items += pair(crease(spline([(0.05, -high + 0.1), (0.2, -high * 0.72), (0.24, -high * 0.5)]), -0.24, 0.08))
    if rng.random() < 0.5:
        items.append(Piece(ellipse(0.44, -0.03, 0.05, 0.085, 0.2), "trim", puff=0.9, lift=0.4))
    return Drawing(tuple(items), (), Folds(0.0, 0.12), {"cut": cut}, (0.0, 0.22))


def _bucket(rng: np.random.Generator) -> Drawing:
    high, flare = rng.uniform(0.6, 0.7), rng.uniform(0.78, 0.9)
    inside = mirror([(0, 0.3), (flare * 0.8, 0.28), (flare, 0.27)], [(flare * 0.7, 0.36), (0, 0.4)])
    crown = mirror(
        [(0, -high), (0.3, -high + 0.01), (0.45, -high + 0.07)],
        [(0.45, -high + 0.07), (0.53, -0.2), (0.57, 0.03)],
        [(0.57, 0.03), (0, 0.09)],
    )
    brim = mirror(
        [(0, 0.03), (0.3, 0.02), (0.575, -0.05)],
        [(0.575, -0.05), (flare * 0.9, 0.15), (flare, 0.28)],
        [(flare, 0.28), (flare * 0.6, 0.35), (0, 0.37)],
    )
    items: list[Item] = [Piece(inside, "lining", puff=0.3), Piece(crown, puff=1.5), Piece(brim, puff=0.9, lift=0.2)]
    for t in (0.25, 0.5, 0.75, 0.93):
        w = 0.575 + (flare - 0.575) * t
        items.append(stitch(spline([(-w, -0.05 + 0.33 * t), (0, 0.06 + 0.3 * t), (w, -0.05 + 0.33 * t)])))
    items.append(
        Stroke(ribbon([(-0.45, -high + 0.075), (0, -high + 0.13), (0.45, -high + 0.075)], 0.004), 0.01, -0.25)
    )
    return Drawing(tuple(items), (), Folds(0.0, 0.35), {"cut": "bucket"}, (0.0, 0.35))
