"""Bag (tote, handbag, crossbody) and backpack: about 2 wide, bottom at y=1."""

import numpy as np

from samples.drawing.garment import Drawing, Folds, Item, Piece, Stroke, crease, pair, stitch
from samples.drawing.geometry import Points, box, ellipse, mirror, ribbon, spline
from samples.shapes.tops import choose


def _edge_stitch(shape: Points, inset: float) -> Stroke:
    middle = shape.mean(axis=0)
    closed = np.vstack([shape, shape[:1]])
    return stitch(middle + (closed - middle) * inset, 0.28)


def _handle(wide: float, y: float, rise: float) -> Points:
    return spline(
        [
            (-wide, y + 0.1),
            (-wide * 0.95, y - rise * 0.55),
            (-wide * 0.5, y - rise * 0.97),
            (0, y - rise),
            (wide * 0.5, y - rise * 0.97),
            (wide * 0.95, y - rise * 0.55),
            (wide, y + 0.1),
        ]
    )


def _tote(rng: np.random.Generator) -> Drawing:
    top, low, rise = rng.uniform(0.7, 0.82), rng.uniform(0.62, 0.8), rng.uniform(0.7, 0.95)
    body = mirror(
        [(0, 0.03), (top, -0.01)],
        [(top, -0.01), ((top + low) / 2 + 0.03, 0.6), (low + 0.02, 0.95)],
        [(low, 1.0), (0, 1.015)],
    )
    back, strap = _handle(top * 0.46, -0.04, rise * 0.93), _handle(top * 0.46, 0.0, rise)
    cloth = choose(rng, "main", "leather", "trim")
    items: list[Item] = [Piece(ribbon(back, 0.075), cloth, puff=0.5), Piece(body, puff=1.2, lift=0.1)]
    items += [
        Piece(ribbon(strap, 0.08), cloth, puff=0.7, lift=0.35),
        Stroke(spline([(-top, 0.06), (0, 0.1), (top, 0.06)]), 0.01, -0.25),
    ]
    for x in (-top * 0.46, top * 0.46):
        items += [
            Piece(box(x - 0.045, 0.06, x + 0.045, 0.24, 0.01), cloth, puff=0.5, lift=0.3),
            stitch(spline([(x - 0.03, 0.21), (x + 0.03, 0.08)])),
        ]
    items += pair(crease(spline([(0.42, 0.25), (0.46, 0.6), (0.38, 0.92)]), -0.14, 0.06))
    return Drawing(tuple(items), (), Folds(0.12, 0.4), {"cut": "tote"}, (0.0, -rise))


def _handbag(rng: np.random.Generator) -> Drawing:
    top, low, rise = rng.uniform(0.55, 0.72), rng.uniform(0.86, 0.98), rng.uniform(0.5, 0.65)
    body = mirror(
        [(0, 0.1), (top, 0.1)],
        [(top, 0.1), (low * 0.97, 0.6), (low, 0.86)],
        [(low, 0.9), (low * 0.93, 1.0), (low * 0.8, 1.01)],
        [(low * 0.8, 1.01), (0, 1.015)],
    )
    flap = mirror(
        [(0, 0.08), (top * 1.02, 0.08)], [(top * 1.03, 0.1), (top * 1.05, 0.35), (top * 0.7, 0.58), (0, 0.64)]
    )
    items: list[Item] = [Piece(ribbon(_handle(0.36, 0.05, rise), 0.085), puff=0.9), Piece(body, puff=1.7)]
    items += [_edge_stitch(body, 0.95), Piece(flap, puff=0.8, lift=0.4), _edge_stitch(flap, 0.94)]
    items += [
        Piece(box(-0.075, 0.54, 0.075, 0.72, 0.03), "metal", puff=0.8, lift=0.4),
        Piece(box(-0.02, 0.6, 0.02, 0.68), "hole", puff=0),
    ]
    for x in (-0.36, 0.36):
        items += [
            Piece(ellipse(x, 0.1, 0.075, 0.055), "metal", puff=0.8, lift=0.3),
            Piece(ellipse(x, 0.1, 0.04, 0.028), "main", puff=0.3),
        ]
    return Drawing(tuple(items), (), Folds(0.0, 0.2), {"cut": "handbag"}, (0.0, 0.05 - rise))


def _crossbody(rng: np.random.Generator) -> Drawing:
    wide, rise = rng.uniform(0.72, 0.85), rng.uniform(0.95, 1.2)
    body = mirror(
        [(0, 0.15), (wide, 0.15)],
        [(wide, 0.15), (wide * 1.03, 0.55), (wide * 0.86, 0.92), (wide * 0.5, 1.0), (0, 1.01)],
    )
    items: list[Item] = [
        Piece(ribbon(_handle(wide * 0.93, 0.1, rise), 0.05), choose(rng, "main", "leather"), puff=0.6),
        Piece(body, puff=1.7),
    ]
    items += [
        Stroke(spline([(-wide * 0.9, 0.3), (0, 0.33), (wide * 0.9, 0.3)]), 0.03, -0.35),
        Piece(ribbon([(-wide * 0.9, 0.3), (0, 0.33), (wide * 0.9, 0.3)], 0.014), "metal", puff=0),
    ]
    items += [
        Piece(box(wide * 0.72, 0.29, wide * 0.78, 0.48, 0.02), "metal", puff=0.5, lift=0.3),
        _edge_stitch(body, 0.95),
    ]
    for x in (-wide * 0.93, wide * 0.93):
        items.append(Piece(ellipse(x, 0.2, 0.055, 0.055), "metal", puff=0.7, lift=0.3))
    return Drawing(tuple(items), (), Folds(0.0, 0.2), {"cut": "crossbody"}, (0.0, 0.1 - rise))


def draw_bag(rng: np.random.Generator) -> Drawing:
    """Draws a tote, a handbag with a flap, or a small crossbody."""
    return (_tote, _handbag, _crossbody)[int(rng.integers(3))](rng)


def draw_backpack(rng: np.random.Generator) -> Drawing:
    """Draws a backpack: front pocket, zips, side pockets, a loop and two straps looking out."""
    wide, high = rng.uniform(0.62, 0.72), rng.uniform(0.78, 0.95)
    body = mirror(
        [
            (0, -high),
            (wide * 0.55, -high + 0.02),
            (wide * 0.93, -high + 0.25),
            (wide, -0.1),
            (wide * 1.02, 0.6),
            (wide * 0.97, 0.9),
        ],
        [(wide * 0.9, 0.99), (0, 1.01)],
    )
    loop = ribbon([(-0.13, -high + 0.05), (-0.1, -high - 0.15), (0.1, -high - 0.15), (0.13, -high + 0.05)], 0.06)
    strap = ribbon(
        [(wide * 0.5, -high + 0.06), (wide * 1.12, -high + 0.35), (wide * 1.22, 0.1), (wide * 1.05, 0.75)], 0.15, 0.07
    )
    side = mirror([(0, 0.2), (wide * 1.16, 0.2)], [(wide * 1.18, 0.6), (wide * 1.08, 0.93)], [(0, 0.95)])
    pw, top = wide * 0.78, rng.uniform(0.05, 0.18)
    pocket = mirror(
        [(0, top), (pw * 0.85, top), (pw, top + 0.14)],
        [(pw, top + 0.14), (pw * 1.02, 0.8)],
        [(pw * 0.94, 0.91), (0, 0.92)],
    )
    cloth = choose(rng, "main", "trim", "main")
    items: list[Item] = [
        Piece(loop, "cord", puff=0.6),
        *pair(Piece(strap, "main", puff=0.9)),
        Piece(side, "main", puff=0.7),
    ]
    items += [Piece(body, puff=1.9, lift=0.3), Piece(pocket, cloth, puff=1.5, lift=0.4)]
    arch = spline(
        [
            (-wide * 0.86, 0.0),
            (-wide * 0.84, -high * 0.62),
            (0, -high + 0.13),
            (wide * 0.84, -high * 0.62),
            (wide * 0.86, 0.0),
        ]
    )
    items += [Stroke(arch, 0.035, -0.35), Stroke(arch, 0.012, 0.3)]
    items += [Stroke(spline([(-pw * 0.92, top + 0.13), (0, top + 0.1), (pw * 0.92, top + 0.13)]), 0.03, -0.4)]
    items += [Piece(box(pw * 0.5, top + 0.11, pw * 0.55, top + 0.28, 0.02), "metal", puff=0.5, lift=0.3)]
    items += [Piece(box(-0.13, -0.42, 0.13, -0.24, 0.03), "leather", puff=0.4, lift=0.25), _edge_stitch(pocket, 0.95)]
    return Drawing(tuple(items), (), Folds(0.0, 0.3), {"cut": "daypack"}, (0.0, -high - 0.13))
